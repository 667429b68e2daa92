//! Redis on several nodes, from `redis-server` alone: a Cluster of three masters with a replica each, and a primary with
//! two replicas under three Sentinels. Nodes can be killed, frozen and started again, and slots moved.
//!
//! All of it runs on 127.0.0.1 and ends when it is dropped, or when this process ends for any reason.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) use cluster::Cluster;
pub(crate) use link::Link;
pub(crate) use migration::Migration;
pub(crate) use node::Node;
pub(crate) use sentinel::SentinelGroup;

#[path = "redis_nodes/cluster.rs"]
mod cluster;
#[path = "redis_nodes/link.rs"]
mod link;
#[path = "redis_nodes/migration.rs"]
mod migration;
#[path = "redis_nodes/node.rs"]
mod node;
#[path = "redis_nodes/ports.rs"]
mod ports;
#[path = "redis_nodes/resp.rs"]
mod resp;
#[path = "redis_nodes/sentinel.rs"]
mod sentinel;
#[path = "redis_nodes/slot.rs"]
pub(crate) mod slot;

/// How long nodes may take to agree on something, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const TRIES: usize = 3;
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Starts many servers. If one of them did not start, another server was faster with its port: all are started again, with a
/// new number and other ports.
fn again<T>(start: impl Fn(String) -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        match start(tries.to_string()) {
            Err(error) if error.kind() == ErrorKind::TimedOut && tries < TRIES => {}
            done => return done,
        }
    }
}

/// A port on which nobody listens, and that the system gives to no connection.
pub(crate) fn free_port() -> Result<u16> {
    Ok(ports::free(1)?[0])
}

/// A single server on a free port.
pub(crate) fn single(directory: &Path, arguments: &[&str]) -> Result<Node> {
    let port = free_port()?;
    let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
    let mut node = Node::new(port, directory, arguments)?;
    node.spawn(&[])?;
    node.wait_until_ready()?;
    Ok(node)
}

/// Waits until `condition` returns something. An error of Redis in between is not the end: nodes are busy changing.
fn until<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = match condition() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => String::new(),
            Err(error) => format!(": {error}"),
        };
        if Instant::now() > deadline {
            let text = format!("not true after {PATIENCE:?}: {what}{last}");
            return Err(Error::new(ErrorKind::TimedOut, text));
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}
