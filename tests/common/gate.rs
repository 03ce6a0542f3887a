//! A body that stops until a test lets it go on.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Stops a body: it reports that it runs, and goes on when it is told to.
#[derive(Debug)]
pub(crate) struct Gate {
    runs: Sender<()>,
    go_on: Receiver<()>,
}

/// The other side of a [`Gate`].
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) runs: Receiver<()>,
    pub(crate) go_on: Sender<()>,
}

pub(crate) fn gate() -> (Gate, Held) {
    let ((runs, is_running), (let_go, go_on)) = (channel(), channel());
    (Gate { runs, go_on }, Held { runs: is_running, go_on: let_go })
}

impl Gate {
    pub(crate) fn pass(&self) {
        self.runs.send(()).expect("somebody waits");
        self.go_on.recv().expect("somebody lets it go");
    }
}

/// Runs `call` with a gate, and `meanwhile` while the body waits at the gate.
pub(crate) fn during<R: Send>(call: impl FnOnce(Gate) -> R + Send, meanwhile: impl FnOnce()) -> R {
    let (gate, held) = gate();
    thread::scope(|scope| {
        let call = scope.spawn(|| call(gate));
        held.runs.recv().expect("the body runs");
        meanwhile();
        held.go_on.send(()).expect("the body is held up");
        call.join().expect("no panic")
    })
}
