//! The load: a process full of visitors, as the program sees it.

use crate::Failure;
use std::env;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The first argument of that process.
pub(crate) const VISIT: &str = "--visit";

/// It ends when this is dropped.
pub(crate) struct Load {
    tasks: ChildStdin,
    results: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// What visitors are to do: so many requests, so many of them at once.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) path: &'static str,
    pub(crate) requests: usize,
    pub(crate) at_once: usize,
}

/// How long they waited for an answer.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Load {
    /// Starts the process, and returns when all visitors have connected.
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

    /// Sends visitors, each with the next request as soon as the last one was answered.
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
