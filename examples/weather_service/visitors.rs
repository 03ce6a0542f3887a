//! The visitors of the service. Each has its own connection.
//!
//! They run in a process of their own, because the number of open files of a process is limited. The
//! process reads tasks from its input, one per line. It writes the times of the answers to its output.

use crate::Failure;
use crate::cities::CITIES;
use crate::connection::Connection;
use axum::http::StatusCode;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

/// The number of visitors that connect at once. All visitors together would overrun the queue of the
/// listening socket. A refused connection is tried again only after a second.
const AT_THE_DOOR: usize = 64;

/// Connects the visitors and runs tasks until the end of the input.
pub(crate) async fn visit(service: SocketAddr, visitors: usize) -> Result<(), Failure> {
    let mut idle = arrive(service, visitors).await?;
    println!("ready");
    let mut tasks = BufReader::new(stdin()).lines();
    while let Some(task) = tasks.next_line().await? {
        let [path, requests, at_once] = task.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("a path and two numbers were expected: {task}").into());
        };
        let busy = idle.split_off(idle.len().saturating_sub(at_once.parse()?));
        let (back, mut times) = send(busy, path, requests.parse()?).await?;
        idle.extend(back);
        times.sort_unstable();
        let time = |percent: usize| {
            let nth = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(nth).map_or(0, Duration::as_micros)
        };
        println!("{} {} {}", time(50), time(99), time(100));
    }
    Ok(())
}

async fn arrive(service: SocketAddr, visitors: usize) -> Result<Vec<Visitor>, Failure> {
    let door = Arc::new(Semaphore::new(AT_THE_DOOR));
    let mut arriving = JoinSet::new();
    for _ in 0..visitors {
        arriving.spawn(Visitor::arrive(service, door.clone()));
    }
    let mut arrived = Vec::with_capacity(visitors);
    while let Some(visitor) = arriving.join_next().await {
        arrived.push(visitor??);
    }
    Ok(arrived)
}

/// Sends the requests, shared by `visitors`, who all start at the same moment. Returns the visitors
/// and the time of each answer.
async fn send(
    visitors: Vec<Visitor>,
    path: &str,
    requests: usize,
) -> Result<(Vec<Visitor>, Vec<Duration>), Failure> {
    let path: Arc<str> = path.into();
    let (at_once, start) = (visitors.len(), Arc::new(Barrier::new(visitors.len())));
    let mut running = JoinSet::new();
    for (first, mut visitor) in visitors.into_iter().enumerate() {
        let (path, start) = (path.clone(), start.clone());
        running.spawn(async move {
            let mut times = Vec::new();
            start.wait().await;
            for nth in (first..requests).step_by(at_once) {
                times.push(visitor.ask(&path, CITIES[nth % CITIES.len()]).await?);
            }
            Ok::<_, Failure>((visitor, times))
        });
    }
    let (mut back, mut all) = (Vec::with_capacity(at_once), Vec::with_capacity(requests));
    while let Some(visitor) = running.join_next().await {
        let (visitor, times) = visitor??;
        back.push(visitor);
        all.extend(times);
    }
    Ok((back, all))
}

struct Visitor(Connection);

impl Visitor {
    async fn arrive(service: SocketAddr, door: Arc<Semaphore>) -> Result<Self, Failure> {
        let _turn = door.acquire().await?;
        Connection::open(service).await.map(Self)
    }

    /// Asks for one city. Returns the time of the answer, or an error if the answer is wrong.
    async fn ask(&mut self, path: &str, (city, celsius): (&str, f64)) -> Result<Duration, Failure> {
        let path = format!("{path}/{city}");
        let asked = Instant::now();
        let (status, answer) = self.0.get(&path).await?;
        let time = asked.elapsed();
        if status == StatusCode::OK && answer == celsius.to_string() {
            Ok(time)
        } else {
            Err(format!("{path}: {status}, {answer}, where {celsius} was expected").into())
        }
    }
}
