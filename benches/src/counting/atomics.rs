//! Counts what calls do that other processors notice: atomic operations, locks, fences and system calls.
//!
//! Callgrind says how often each instruction was executed, and `objdump` what each instruction is. So all code counts, that
//! of libraries too. It knows the instructions of x86-64 alone.

use super::callgrind::executions;
use std::collections::HashMap;
use std::error::Error;
use std::process::Command;
use std::rc::Rc;

/// A kind of instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A mutex is unlocked. The standard library does that by a swap of 32 bits, and nothing else in the runtime swaps 32
    /// bits.
    Lock,
    /// A read-modify-write operation, those that lock and unlock a mutex included.
    Atomic,
    Fence,
    /// Without those that read a clock: outside of callgrind, that is no system call.
    SystemCall,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Lock, Self::Atomic, Self::Fence, Self::SystemCall];

    /// The kinds of an instruction, as `objdump` writes it.
    fn of(instruction: &str, function: &str) -> &'static [Self] {
        let (name, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
        // With an address, it is atomic. Without one, it swaps registers, or does nothing.
        let in_memory = operands.contains('(');
        match name {
            "xchg" if in_memory && operands.trim_start().starts_with("%e") => {
                &[Self::Lock, Self::Atomic]
            }
            "xchg" if in_memory => &[Self::Atomic],
            // A locked operation on the stack is a fence: no other thread knows the place.
            "lock" if operands.contains("(%rsp)") && operands.contains("$0x0") => &[Self::Fence],
            "lock" => &[Self::Atomic],
            "mfence" => &[Self::Fence],
            "syscall" if !function.contains("clock_gettime") => &[Self::SystemCall],
            _ => &[],
        }
    }
}

/// How often instructions of a kind were executed, and in which function.
pub(crate) type Counts<N> = HashMap<(Kind, Rc<str>), N>;

/// The instructions that have a kind, by address, in the files that were looked at.
#[derive(Default)]
pub(crate) struct Disassembly(HashMap<String, HashMap<u64, Instruction>>);

struct Instruction {
    kinds: &'static [Kind],
    function: Rc<str>,
}

impl Disassembly {
    /// Counts in a run of so many calls, and of everything around them.
    pub(crate) fn counted(
        &mut self,
        scenario: &str,
        calls: u64,
    ) -> Result<Counts<u64>, Box<dyn Error>> {
        let mut counts = Counts::new();
        for ((object, address), executed) in executions(scenario, calls)? {
            if !self.0.contains_key(&object) {
                self.0.insert(object.clone(), disassembled(&object)?);
            }
            if let Some(Instruction { kinds, function }) = self.0[&object].get(&address) {
                for kind in *kinds {
                    *counts.entry((*kind, Rc::clone(function))).or_default() += executed;
                }
            }
        }
        Ok(counts)
    }
}

fn disassembled(object: &str) -> Result<HashMap<u64, Instruction>, Box<dyn Error>> {
    let output = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn", object])
        .output()
        .map_err(|error| format!("objdump cannot be run: {error}"))?;
    let mut instructions = HashMap::new();
    let mut function: Rc<str> = "".into();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((_, name)) = line.strip_suffix(">:").and_then(|line| line.split_once(" <")) {
            function = name.into();
        } else if let Some((address, text)) = line.trim_start().split_once(":\t") {
            let kinds = Kind::of(text.trim(), &function);
            if !kinds.is_empty() {
                let function = Rc::clone(&function);
                let address = u64::from_str_radix(address, 16)?;
                instructions.insert(address, Instruction { kinds, function });
            }
        }
    }
    Ok(instructions)
}
