//! The load: a child process that runs the visitors.

use crate::Failure;
use std::env;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The first argument of the child process.
pub(crate) const VISIT: &str = "--visit";

/// The child process. Its drop ends the process.
pub(crate) struct Load {
    tasks: ChildStdin,
    results: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// A task for the visitors: a number of requests, and the number of visitors that share them.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) path: &'static str,
    pub(crate) requests: usize,
    pub(crate) at_once: usize,
}

/// The time that visitors waited for an answer.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Load {
    /// Starts the process. Returns when all visitors have connected.
    pub(crate) async fn start(service: SocketAddr, visitors: usize) -> Result<Self, Failure> {
        let mut process = Command::new(env::current_exe()?)
            .args([VISIT, &service.to_string(), &visitors.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let tasks = process.stdin.take().ok_or("no input")?;
        let results = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let mut load = Self { tasks, results, _process: process };
        load.result().await?;
        Ok(load)
    }

    /// Runs a task. Each visitor sends its next request as soon as it has its answer.
    pub(crate) async fn run(&mut self, task: Task) -> Result<Latency, Failure> {
        let Task { path, requests, at_once } = task;
        self.tasks.write_all(format!("{path} {requests} {at_once}\n").as_bytes()).await?;
        let result = self.result().await?;
        let times = result.split(' ').map(|time| time.parse().map(Duration::from_micros));
        match times.collect::<Result<Vec<_>, _>>()?[..] {
            [p50, p99, max] => Ok(Latency { p50, p99, max }),
            _ => Err(format!("three times were expected: {result}").into()),
        }
    }

    async fn result(&mut self) -> Result<String, Failure> {
        Ok(self.results.next_line().await?.ok_or("the visitors have left")?)
    }
}
