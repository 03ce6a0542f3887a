//! Programs: the steps that threads do with a cache, and the steps that keys and values do meanwhile.
//!
//! As text a program is `get 1 10; get 1 @eq { get 12; remove 10 }; get 20..60`. The second `get 1` runs the two steps of
//! its block when a key is next compared. A block may end with `panic`. A block of `@drop+2` runs at the third drop.

mod text;

use std::sync::Arc;
use text::Words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub settings: Settings,
    /// The steps of each thread.
    pub threads: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    pub thread_scope: bool,
    pub maxsize: Option<usize>,
    /// The number of different hashes of keys; `None` if all differ.
    pub hashes: Option<u8>,
    pub ttl: bool,
    pub single_flight: bool,
    /// Whether user code hears of what leaves the cache.
    pub listener: bool,
}

impl Settings {
    pub const PLAIN: Self = Self {
        thread_scope: false,
        maxsize: Some(8),
        hashes: None,
        ttl: false,
        single_flight: true,
        listener: false,
    };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub op: Op,
    pub key: u8,
    pub arms: Vec<Arm>,
}

/// A block that user code runs once during a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    pub hook: Hook,
    /// The number of calls of the hook before the block runs.
    pub skip: u8,
    pub steps: Arc<Vec<Step>>,
    /// Whether it panics in the end.
    pub panics: bool,
}

macro_rules! words {
    ($(#[$attribute:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$note])* $variant,)* }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn of(word: &str) -> Self {
                let named = Self::ALL.iter().find(|it| it.word() == word);
                *named.unwrap_or_else(|| panic!("a program has no word {word:?}"))
            }
        }
    };
}

words! {
    /// The operation of a step.
    Op {
        Get = "get",
        GetByRef = "get_by_ref",
        /// A fallible computation that succeeds.
        Try = "try",
        /// A fallible computation that fails.
        Fail = "fail",
        /// An async call, driven to its end.
        Async = "async",
        /// An async call that is dropped after its first poll.
        Cancel = "cancel",
        Insert = "insert",
        Remove = "remove",
        Peek = "peek",
        /// The key is a mask of eight keys, which are kept.
        Retain = "retain",
        Clear = "clear",
        Iterate = "iterate",
        Len = "len",
        /// Clones the handle of the cache and drops the clone.
        Handle = "handle",
        /// Moves the clock forward by as many seconds as the key says.
        Advance = "advance",
    }
}

words! {
    /// A place where user code runs during a step.
    Hook {
        Eq = "eq",
        Hash = "hash",
        Clone = "clone",
        Drop = "drop",
        /// In the listener of the cache, if it has one.
        Evict = "evict",
        /// In the computation, in the closure given to `retain`, or after the first entry of an iteration.
        Body = "body",
    }
}

/// The greatest depth of nested steps. It is more than a thread has hazard pointers.
const DEPTH: usize = 7;

impl Program {
    /// Makes a program of any bytes.
    pub fn decode(bytes: &[u8]) -> Self {
        let [a, b, rest @ ..] = bytes else { return Self::one(Settings::PLAIN, Vec::new()) };
        let maxsize = match a % 8 {
            0 => Some(0),
            1 => Some(1),
            2 => Some(2),
            3 => None,
            _ => Some(8),
        };
        let hashes = match a >> 3 & 7 {
            0 => Some(1),
            1 => Some(2),
            2 => Some(4),
            _ => None,
        };
        let settings = Settings {
            thread_scope: a >> 6 == 0,
            maxsize,
            hashes,
            ttl: b % 4 == 0,
            single_flight: b >> 2 & 7 != 0,
            listener: (a ^ b).count_ones() % 2 == 0,
        };
        let keys = [4, 10, 20, 20][usize::from(b >> 5 & 3)];
        let threads = if b >> 7 == 1 { 3 } else { 1 };
        let threads = rest.chunks(rest.len().div_ceil(threads).max(1));
        let threads: Vec<_> = threads.map(|bytes| Bytes { bytes, keys }.steps(0)).collect();
        let thread_scope = settings.thread_scope && threads.len() == 1;
        Self { settings: Settings { thread_scope, ..settings }, threads }
    }

    /// Makes bytes of a seed.
    pub fn bytes(seed: u64, most: usize) -> Vec<u8> {
        let mut state = seed;
        let mut random = || {
            // SplitMix64.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut it = state;
            it = (it ^ it >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            it = (it ^ it >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            it ^ it >> 31
        };
        let len = 12 + usize::try_from(random() % most as u64).expect("it is less than `most`");
        (0..len).map(|_| random().to_le_bytes()[0]).collect()
    }

    pub fn one(settings: Settings, steps: Vec<Step>) -> Self {
        Self { settings, threads: vec![steps] }
    }

    /// Reads the format that `Display` writes. Settings that are not named are [plain](Settings::PLAIN).
    pub fn parse(text: &str) -> Self {
        let (mut settings, mut threads) = (Settings::PLAIN, Vec::new());
        let (head, body) = text.split_once(':').unwrap_or(("", text));
        for word in head.split_whitespace() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("thread", _) => settings.thread_scope = true,
                ("ttl", _) => settings.ttl = true,
                ("side_by_side", _) => settings.single_flight = false,
                ("listener", _) => settings.listener = true,
                ("maxsize", number) => settings.maxsize = Some(number.parse().expect("a number")),
                ("unbounded", _) => settings.maxsize = None,
                ("hashes", number) => settings.hashes = Some(number.parse().expect("a number")),
                _ => panic!("a program has no setting {word:?}"),
            }
        }
        for thread in body.split('|') {
            let spaced = ["{", "}", ";"]
                .iter()
                .fold(thread.to_owned(), |text, mark| text.replace(mark, &format!(" {mark} ")));
            let words: Vec<_> = spaced.split_whitespace().collect();
            threads.push(Words { words: &words }.steps().0);
        }
        Self { settings, threads }
    }

    /// The number of its blocks.
    pub fn blocks(&self) -> usize {
        self.threads.iter().map(|steps| blocks(steps)).sum()
    }

    /// Programs that are a little simpler than this one, the simplest first.
    pub fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for thread in 0..self.threads.len() {
            if self.threads.len() > 1 {
                let mut less = self.clone();
                less.threads.remove(thread);
                all.push(less);
            }
            for steps in simpler(&self.threads[thread]) {
                let mut less = self.clone();
                less.threads[thread] = steps;
                all.push(less);
            }
        }
        let Settings { thread_scope, hashes, ttl, single_flight, listener, .. } = self.settings;
        for settings in [
            thread_scope.then_some(Settings { thread_scope: false, ..self.settings }),
            hashes.map(|_| Settings { hashes: None, ..self.settings }),
            ttl.then_some(Settings { ttl: false, ..self.settings }),
            (!single_flight).then_some(Settings { single_flight: true, ..self.settings }),
            listener.then_some(Settings { listener: false, ..self.settings }),
        ] {
            all.extend(settings.map(|settings| Self { settings, ..self.clone() }));
        }
        all
    }
}

fn blocks(steps: &[Step]) -> usize {
    let arms = steps.iter().flat_map(|step| &step.arms);
    arms.map(|arm| 1 + blocks(&arm.steps)).sum()
}

fn simpler(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    // Fewer steps: long runs of steps are removed first.
    let mut run = steps.len();
    while run > 0 {
        for at in (0..steps.len()).step_by(run) {
            let end = (at + run).min(steps.len());
            all.push([&steps[..at], &steps[end..]].concat());
        }
        run /= 2;
    }
    for (at, step) in steps.iter().enumerate() {
        let mut with = |step: Step| {
            let mut steps = steps.to_vec();
            steps[at] = step;
            all.push(steps);
        };
        if !matches!(step.op, Op::Get | Op::Remove) {
            with(Step { op: Op::Get, ..step.clone() });
        }
        for (number, arm) in step.arms.iter().enumerate() {
            let mut with_arm = |arm: Option<Arm>| {
                let mut step = step.clone();
                step.arms.splice(number..=number, arm);
                with(step);
            };
            with_arm(None);
            if arm.panics {
                with_arm(Some(Arm { panics: false, ..arm.clone() }));
            }
            if arm.skip > 0 {
                with_arm(Some(Arm { skip: 0, ..arm.clone() }));
            }
            for steps in simpler(&arm.steps) {
                with_arm(Some(Arm { steps: Arc::new(steps), ..arm.clone() }));
            }
        }
        for arm in &step.arms {
            // The steps of the block run after the step.
            let plain = Step { arms: Vec::new(), ..step.clone() };
            all.push([&steps[..at], &[plain], &arm.steps[..], &steps[at + 1..]].concat());
        }
    }
    all
}

struct Bytes<'b> {
    bytes: &'b [u8],
    keys: u8,
}

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn steps(&mut self, depth: usize) -> Vec<Step> {
        std::iter::from_fn(|| self.step(depth)).collect()
    }

    fn step(&mut self, depth: usize) -> Option<Step> {
        let (what, key) = (self.next()?, self.next()?);
        let op = match what & 31 {
            0..12 => Op::Get,
            12..14 => Op::GetByRef,
            14 => Op::Try,
            15 => Op::Fail,
            16 => Op::Async,
            17 => Op::Cancel,
            18..22 => Op::Insert,
            22..25 => Op::Remove,
            25 => Op::Peek,
            26 => Op::Retain,
            27 => [Op::Clear, Op::Get][usize::from(key >> 7)],
            28 => Op::Iterate,
            29 => Op::Len,
            30 => Op::Handle,
            _ => Op::Advance,
        };
        let arms = match (op, what >> 5) {
            (Op::Len | Op::Handle | Op::Advance, _) | (_, 0..3) => 0,
            _ if depth == DEPTH => 0,
            (_, 3..7) => 1,
            _ => 2,
        };
        let arms = (0..arms).map_while(|_| self.arm(depth)).collect();
        let key = match op {
            Op::Retain => key,
            Op::Advance => key % 8,
            _ => key % self.keys,
        };
        Some(Step { op, key, arms })
    }

    fn arm(&mut self, depth: usize) -> Option<Arm> {
        let (what, how) = (self.next()?, self.next()?);
        let hook = match what & 7 {
            0..3 => Hook::Eq,
            3 => Hook::Hash,
            4 => Hook::Clone,
            5 => Hook::Body,
            6 => Hook::Drop,
            _ => Hook::Evict,
        };
        let skip = [0, 0, 0, 0, 0, 1, 1, 2][usize::from(what >> 3 & 7)];
        let len = [0, 2, 4, 8, 12, 20, 40, 80][usize::from(how & 7)].min(self.bytes.len());
        let (block, rest) = self.bytes.split_at(len);
        self.bytes = rest;
        let steps = Arc::new(Bytes { bytes: block, keys: self.keys }.steps(depth + 1));
        Some(Arm { hook, skip, steps, panics: (how >> 3) % 8 == 0 })
    }
}
