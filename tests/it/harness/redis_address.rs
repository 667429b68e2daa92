//! A way to a Redis that a test can lead elsewhere, and close for a moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use super::Redis;

/// How what Redis says begins if it is a bell, and no answer (RESP2).
const BELL: &[u8] = b"*3\r\n$7\r\nmessage\r\n";

/// A TCP address that leads to one Redis, and after a failover to another. Open connections stay with the old one.
pub(crate) struct RedisAddress {
    port: u16,
    target: Arc<Mutex<PathBuf>>,
    gates: Arc<Gates>,
}

impl RedisAddress {
    pub(crate) fn of(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Self {
            port: listener.local_addr().unwrap().port(),
            target: Arc::new(Mutex::new(redis.socket())),
            gates: Arc::default(),
        };
        let (target, gates) = (address.target.clone(), address.gates.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let socket = target.lock().unwrap().clone();
                let Ok(redis) = UnixStream::connect(socket) else {
                    continue;
                };
                stream.set_nodelay(true).unwrap();
                let (mut from, mut to) = (stream.try_clone().unwrap(), redis.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let gates = gates.clone();
                std::thread::spawn(move || pass_back(redis, stream, &gates));
            }
        });
        address
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn lead_to(&self, redis: &Redis) {
        *self.target.lock().unwrap() = redis.socket();
    }

    /// As long as this is held, commands reach Redis, and bells come back, but no answers.
    pub(crate) fn holds_answers(&self) -> MutexGuard<'_, ()> {
        self.gates.answers.lock().unwrap()
    }

    /// As long as this is held, answers come back, but no bells.
    pub(crate) fn holds_bells(&self) -> MutexGuard<'_, ()> {
        self.gates.bells.lock().unwrap()
    }
}

/// Locked while nothing of that kind may pass.
#[derive(Default)]
struct Gates {
    answers: Mutex<()>,
    bells: Mutex<()>,
}

fn pass_back(mut redis: UnixStream, mut client: TcpStream, gates: &Gates) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = redis.read(&mut bytes) {
        let said = &bytes[..read];
        let gate = if said.starts_with(BELL) {
            &gates.bells
        } else {
            &gates.answers
        };
        drop(gate.lock());
        if client.write_all(said).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
