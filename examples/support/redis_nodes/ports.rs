//! Free ports for servers that stay on their port when they are killed and started again.

use std::collections::HashSet;
use std::io::{Error, ErrorKind, Result};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below the ports that the system gives out by itself, so that nobody takes the port of a node that is down for a moment.
const PORTS: Range<u16> = 10_500..20_500;
/// The port of the cluster's bus is this much higher, and below those, too.
pub(crate) const BUS: u16 = 10_000;
const TRIES: usize = 1_000;

/// The ports that were given out in this process.
static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// So many ports; nobody listens on them, nor on the ports of their buses.
pub(crate) fn free(count: usize) -> Result<Vec<u16>> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = taken.get_or_insert_default();
    let mut found = Vec::new();
    for _ in 0..TRIES {
        if found.len() == count {
            return Ok(found);
        }
        let port = fastrand::u16(PORTS);
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free(port) && is_free(port + BUS) && taken.insert(port) {
            found.push(port);
        }
    }
    Err(Error::new(ErrorKind::AddrInUse, "no free ports"))
}
