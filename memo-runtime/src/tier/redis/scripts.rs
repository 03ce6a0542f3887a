//! The scripts: the server does each of them at once.
//!
//! The keys that a script names are tracked for the connection that called, if the script reads at all. Redis 7.2 and later
//! track what it really reads, instead. So the scripts name and read all that matters; only the tags of a value that is
//! found cannot be named before, and are read once more.
//!
//! Times are microseconds of the server, and each is later than the one before, also if its clock was set back: the last one is in
//! a key. That one is not named, and is written without being read, so that nobody is told of it. A value begins with the time at
//! which its run began. A lease is the token of its holder and the time at which it was given.

/// One of the scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Ask,
    Keep,
    Release,
    Renew,
    Take,
    Mark,
}

/// The scripts that the server is given to keep. The others are always sent in full: they must not be late because the server
/// has lost them.
pub(crate) const KEPT: [Script; 4] = [Script::Ask, Script::Keep, Script::Release, Script::Renew];

/// The hashes by which the server knows the scripts, in the order of [`KEPT`].
pub(crate) type Hashes = [Option<String>; KEPT.len()];

/// The time, and whether a function or a tag was cleared when a run had begun. The last time is kept for 31 days.
macro_rules! with_time {
    ($script:literal) => {
        concat!(
            r"
local function tick(last)
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local next = redis.call('INCR', last)
  if next < now then
    redis.call('SET', last, string.format('%.0f', now), 'PX', 2678400000)
    return now
  end
  return next
end
local function is_later(key, born)
  local at = tonumber(redis.call('GET', key) or 0)
  return not at or at >= born
end
",
            $script
        )
    };
}

impl Script {
    pub(crate) fn source(self) -> &'static str {
        match self {
            // KEYS: value, lease, function. ARGV: prefix of tags, token, length of the lease, the end of a value that does not do,
            // last time.
            // Gives the value, or 1 if the lease is the caller's, or the rest of another's lease as a list.
            Self::Ask => with_time!(
                r"
local value = redis.call('GET', KEYS[1])
if value and (ARGV[4] == '' or string.sub(value, -#ARGV[4]) ~= ARGV[4]) then
  local born = tonumber(string.sub(value, 1, 16))
  local count = tonumber(string.sub(value, 17, 20))
  local is_cleared = not born or not count or is_later(KEYS[3], born)
  for i = 0, (count or 0) - 1 do
    is_cleared = is_cleared or is_later(ARGV[1] .. string.sub(value, 21 + i * 32, 52 + i * 32), born)
  end
  if not is_cleared then
    return value
  end
  redis.call('DEL', KEYS[1])
end
if redis.call('GET', KEYS[2]) then
  return {redis.call('PTTL', KEYS[2])}
end
redis.call('SET', KEYS[2], ARGV[2] .. string.format('%.0f', tick(ARGV[5])), 'PX', ARGV[3])
redis.call('GET', KEYS[2])
return 1
"
            ),
            // KEYS: value, lease, function, tags. ARGV: token or nothing, life, count of tags and tags, record, last time.
            // The last GET has the key tracked: after one's own SET it is not.
            Self::Keep => with_time!(
                r"
local born
if ARGV[1] == '' then
  born = tick(ARGV[5])
else
  local lease = redis.call('GET', KEYS[2])
  if not lease or string.sub(lease, 1, 32) ~= ARGV[1] then
    return 0
  end
  born = tonumber(string.sub(lease, 33))
end
local is_refused = false
for i = 3, #KEYS do
  is_refused = is_later(KEYS[i], born) or is_refused
end
if not is_refused then
  redis.call('SET', KEYS[1], string.format('%016.0f', born) .. ARGV[3] .. ARGV[4], 'PX', ARGV[2])
end
redis.call('DEL', KEYS[2])
redis.call('GET', KEYS[1])
return is_refused and 0 or 1
"
            ),
            // KEYS: lease. ARGV: token.
            Self::Release => {
                r"
local lease = redis.call('GET', KEYS[1])
if lease and string.sub(lease, 1, 32) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
return 0
"
            }
            // KEYS: lease. ARGV: token, length of the lease.
            Self::Renew => {
                r"
local lease = redis.call('GET', KEYS[1])
if lease and string.sub(lease, 1, 32) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('GET', KEYS[1])
  return 1
end
return 0
"
            }
            // KEYS: lease. ARGV: token, length of the lease, last time. Another's lease has ended by this.
            Self::Take => with_time!(
                r"
redis.call('SET', KEYS[1], ARGV[1] .. string.format('%.0f', tick(ARGV[3])), 'PX', ARGV[2])
redis.call('GET', KEYS[1])
return 1
"
            ),
            // KEYS: a function or a tag. ARGV: life, last time. The time of a mark never goes back.
            Self::Mark => with_time!(
                r"
local before = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
redis.call('SET', KEYS[1], string.format('%.0f', math.max(tick(ARGV[2]), before)), 'PX', ARGV[1])
redis.call('GET', KEYS[1])
return 1
"
            ),
        }
    }

    /// The beginning of a command that calls it.
    pub(crate) fn call(self, hashes: &Hashes) -> [&[u8]; 2] {
        match hashes.get(self as usize) {
            Some(Some(hash)) => [b"EVALSHA", hash.as_bytes()],
            _ => [b"EVAL", self.source().as_bytes()],
        }
    }
}
