//! Commands to the server, and what it sends. Nothing that it sends is trusted.

use crate::base::catch_panic::caught;
use redis_protocol::resp3::decode::complete::decode;
use redis_protocol::resp3::types::OwnedFrame;

/// The most bytes of one reply. It is what Redis admits for a value.
const LONGEST: usize = 512 << 20;
const LONGEST_LINE: usize = 64 << 10;
const MOST_PARTS: usize = 1 << 16;
const DEEPEST: usize = 8;

/// These bytes are no reply, or one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Garbage;

/// A reply of the server, as far as it matters here.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Text(Vec<u8>),
    Number(i64),
    Null,
    Error(String),
    /// The keys and values of a map follow each other.
    List(Vec<Reply>),
    Push(Vec<Reply>),
    Other,
}

/// Writes a command.
pub(crate) fn command(to: &mut Vec<u8>, parts: &[&[u8]]) {
    to.extend(format!("*{}\r\n", parts.len()).as_bytes());
    for part in parts {
        to.extend(format!("${}\r\n", part.len()).as_bytes());
        to.extend(*part);
        to.extend(b"\r\n");
    }
}

/// The reply at the beginning of these bytes and its length, once it is whole.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Reply, usize)>, Garbage> {
    let Some(len) = measure(bytes)? else { return Ok(None) };
    match caught(|| decode(&bytes[..len])) {
        Some(Ok(Some((frame, read)))) if read == len => Ok(Some((reply(frame), len))),
        _ => Err(Garbage),
    }
}

fn reply(frame: OwnedFrame) -> Reply {
    let all = |frames: Vec<OwnedFrame>| frames.into_iter().map(reply).collect();
    match frame {
        OwnedFrame::BlobString { data, .. }
        | OwnedFrame::SimpleString { data, .. }
        | OwnedFrame::VerbatimString { data, .. } => Reply::Text(data),
        OwnedFrame::Number { data, .. } => Reply::Number(data),
        OwnedFrame::Null => Reply::Null,
        OwnedFrame::SimpleError { data, .. } => Reply::Error(data),
        OwnedFrame::BlobError { data, .. } => {
            Reply::Error(String::from_utf8_lossy(&data).into_owned())
        }
        OwnedFrame::Array { data, .. } => Reply::List(all(data)),
        OwnedFrame::Push { data, .. } => Reply::Push(all(data)),
        OwnedFrame::Map { data, .. } => {
            Reply::List(data.into_iter().flat_map(|(key, value)| [key, value]).map(reply).collect())
        }
        _ => Reply::Other,
    }
}

/// The length of the reply at the beginning, once it is whole.
///
/// The decoder is given whole replies only, because it recurses as deep as the bytes say.
fn measure(bytes: &[u8]) -> Result<Option<usize>, Garbage> {
    // How many parts are still to come, of each list that is open.
    let mut open = vec![1_usize];
    let mut parts = 0;
    let mut at = 0;
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        parts += 1;
        if parts > MOST_PARTS || open.len() > DEEPEST || at > LONGEST {
            return Err(Garbage);
        }
        let Some((kind, rest)) = bytes[at..].split_first() else { return Ok(None) };
        if !b"+-:_,#($!=*~>%|".contains(kind) {
            return Err(Garbage);
        }
        let Some(line) = line(rest)? else { return Ok(None) };
        at += 1 + line.len() + 2;
        match kind {
            b'$' | b'!' | b'=' => {
                let len = number(line)?;
                let Some(text) = bytes[at..].get(..len + 2) else { return Ok(None) };
                if !text.ends_with(b"\r\n") {
                    return Err(Garbage);
                }
                at += text.len();
            }
            b'*' | b'~' | b'>' => open.push(number(line)?),
            b'%' => open.push(2 * number(line)?),
            // Attributes come before what they belong to.
            b'|' => open.push(2 * number(line)? + 1),
            _ => {}
        }
    }
    Ok(Some(at))
}

/// The line at the beginning, without its end, once it is whole.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Garbage> {
    let looked_at = &bytes[..bytes.len().min(LONGEST_LINE)];
    match looked_at.windows(2).position(|pair| pair == b"\r\n") {
        Some(len) => Ok(Some(&bytes[..len])),
        None if looked_at.len() == LONGEST_LINE => Err(Garbage),
        None => Ok(None),
    }
}

fn number(line: &[u8]) -> Result<usize, Garbage> {
    let is_number = (1..=9).contains(&line.len()) && line.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(line).ok().filter(|_| is_number).ok_or(Garbage)?;
    text.parse().ok().filter(|number| *number <= LONGEST).ok_or(Garbage)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: &[u8] = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";

    #[test]
    fn replies_are_read_once_they_are_whole() {
        let text = |text: &str| Reply::Text(text.as_bytes().to_vec());
        let push = Reply::Push(vec![text("invalidate"), Reply::List(vec![text("k")])]);
        let replies: [(&[u8], Reply); 7] = [
            (b"+OK\r\n", text("OK")),
            (b":-7\r\n", Reply::Number(-7)),
            (b"_\r\n", Reply::Null),
            (b"-ERR no\r\n", Reply::Error("ERR no".into())),
            (b"$4\r\n\r\n\r\n\r\n", text("\r\n\r\n")),
            (b"%1\r\n+proto\r\n:3\r\n", Reply::List(vec![text("proto"), Reply::Number(3)])),
            (PUSH, push),
        ];
        for (bytes, reply) in replies {
            for len in 0..bytes.len() {
                assert_eq!(read(&bytes[..len]), Ok(None), "{len} bytes of {bytes:?}");
            }
            let more = [bytes, b"+more"].concat();
            assert_eq!(read(&more), Ok(Some((reply, bytes.len()))));
        }
    }

    #[test]
    fn garbage_is_refused() {
        let deep = b"*1\r\n".repeat(100_000);
        let long_line = [b"+".as_slice(), &b"x".repeat(LONGEST_LINE)].concat();
        let garbage: [&[u8]; 9] = [
            b"HTTP/1.1 400 Bad Request\r\n",
            b"$-1\r\n",
            b"$?\r\n",
            b"$999999999\r\n",
            b"*99999999999999999999\r\n",
            b"$1\r\nxyz",
            b"%+1\r\n",
            &deep,
            &long_line,
        ];
        for bytes in garbage {
            assert_eq!(read(bytes), Err(Garbage), "{:?}", &bytes[..bytes.len().min(40)]);
        }
    }

    #[test]
    fn no_bytes_cause_a_panic() {
        // Numbers that follow from a seed: xorshift.
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed >> 33).unwrap_or(0)
        };
        let alphabet = b"+-:_,#($!=*~>%|?0123456789\r\n\r\n\r\ntxt:mkdinf\xffH";
        for _ in 0..if cfg!(miri) { 100 } else { 200_000 } {
            let mut bytes: Vec<u8> =
                (0..next() % 24).map(|_| alphabet[next() % alphabet.len()]).collect();
            let _ = read(&bytes);
            bytes.splice(0..0, PUSH.iter().copied());
            let place = next() % bytes.len();
            bytes[place] = alphabet[next() % alphabet.len()];
            let _ = read(&bytes);
        }
    }
}
