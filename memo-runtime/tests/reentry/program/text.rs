//! Reads and writes programs as text.

use super::{Arm, Hook, Op, Program, Settings, Step};
use std::fmt;
use std::sync::Arc;

/// The words of a program that are still to be read.
pub(super) struct Words<'w> {
    pub(super) words: &'w [&'w str],
}

impl<'w> Words<'w> {
    fn next_if(&mut self, wanted: impl Fn(&str) -> bool) -> Option<&'w str> {
        let (first, rest) = self.words.split_first()?;
        wanted(first).then(|| {
            self.words = rest;
            *first
        })
    }

    /// Reads steps, and whether `panic` follows.
    pub(super) fn steps(&mut self) -> (Vec<Step>, bool) {
        let mut steps = Vec::new();
        while let Some(word) = self.next_if(|word| word != "}") {
            match word {
                ";" => continue,
                "panic" => return (steps, true),
                _ => {}
            }
            let (op, mut keys) = (Op::of(word), Vec::new());
            let is_number = |word: &str| word.starts_with(|it: char| it.is_ascii_digit());
            while let Some(word) = self.next_if(is_number) {
                let number = |text: &str| text.parse::<u8>().expect("a small number");
                match word.split_once("..") {
                    Some((first, end)) => keys.extend(number(first)..number(end)),
                    None => keys.push(number(word)),
                }
            }
            if keys.is_empty() {
                keys.push(0);
            }
            steps.extend(keys.into_iter().map(|key| Step { op, key, arms: Vec::new() }));
            while let Some(word) = self.next_if(|word| word.starts_with('@')) {
                let (hook, skip) = word[1..].split_once('+').unwrap_or((&word[1..], "0"));
                let (hook, skip) = (Hook::of(hook), skip.parse().expect("a number"));
                self.next_if(|word| word == "{").expect("a block");
                let (nested, panics) = self.steps();
                self.next_if(|word| word == "}").expect("the end of a block");
                let arm = Arm { hook, skip, steps: Arc::new(nested), panics };
                steps.last_mut().expect("there is a step").arms.push(arm);
            }
        }
        (steps, false)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { thread_scope, maxsize, hashes, ttl, single_flight, listener } =
            self.settings;
        if thread_scope {
            f.write_str("thread ")?;
        }
        match maxsize {
            Some(maxsize) => write!(f, "maxsize={maxsize}")?,
            None => f.write_str("unbounded")?,
        }
        if let Some(hashes) = hashes {
            write!(f, " hashes={hashes}")?;
        }
        if ttl {
            f.write_str(" ttl")?;
        }
        if !single_flight {
            f.write_str(" side_by_side")?;
        }
        if listener {
            f.write_str(" listener")?;
        }
        f.write_str(":")?;
        for (number, steps) in self.threads.iter().enumerate() {
            f.write_str(if number > 0 { " | " } else { " " })?;
            write_steps(f, steps)?;
        }
        Ok(())
    }
}

fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    let mut before: Option<&Step> = None;
    for step in steps {
        match before {
            Some(before) if before.op == step.op && before.arms.is_empty() => {}
            Some(_) => write!(f, "; {}", step.op.word())?,
            None => f.write_str(step.op.word())?,
        }
        before = Some(step);
        write!(f, " {}", step.key)?;
        for Arm { hook, skip, steps, panics } in &step.arms {
            write!(f, " @{}", hook.word())?;
            if *skip > 0 {
                write!(f, "+{skip}")?;
            }
            f.write_str(" { ")?;
            write_steps(f, steps)?;
            if *panics {
                f.write_str(if steps.is_empty() { "panic" } else { "; panic" })?;
            }
            f.write_str(" }")?;
        }
    }
    Ok(())
}
