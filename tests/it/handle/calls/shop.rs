//! A fake shop system that answers as the test says and remembers its requests.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

use crate::harness::eventually;

/// A request that the shop got.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The names are in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) bytes: Vec<u8>,
    pub(super) body: Value,
}

/// How the shop answers.
pub(super) enum ShopAnswer {
    /// Answers with this status and body.
    Answers(u16, String),
    /// Answers with a header as well.
    Says(u16, &'static str, String),
    /// Hangs until [`Shop::let_go`], and then answers this.
    Hangs(String),
    /// Closes the connection without an answer.
    BreaksOff,
}

/// Answers 200 with this JSON.
pub(super) fn well(answer: &Value) -> ShopAnswer {
    ShopAnswer::Answers(200, answer.to_string())
}

type Respond = dyn Fn(usize, &Asked) -> ShopAnswer + Send + Sync;

struct Shared {
    respond: Box<Respond>,
    asked: Mutex<Vec<Asked>>,
    free: Mutex<bool>,
    let_go: Condvar,
}

/// Lives as long as its test.
pub(super) struct Shop {
    pub(super) url: String,
    shared: Arc<Shared>,
}

impl Shop {
    /// `respond` gets the request and its number, from 0, and decides the answer.
    pub(super) fn open(
        respond: impl Fn(usize, &Asked) -> ShopAnswer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/bot", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            respond: Box::new(respond),
            asked: Mutex::default(),
            free: Mutex::new(false),
            let_go: Condvar::new(),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { url, shared }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Waits until it got this many requests.
    #[track_caller]
    pub(super) fn wait_for(&self, count: usize) -> Vec<Asked> {
        eventually("the shop is asked", || {
            Some(self.asked()).filter(|asked| asked.len() >= count)
        })
    }

    /// From now on, [`ShopAnswer::Hangs`] hangs again.
    pub(super) fn hold(&self) {
        *self.shared.free.lock().unwrap() = false;
    }

    /// Answers all hanging requests. From now on, none hangs.
    pub(super) fn let_go(&self) {
        *self.shared.free.lock().unwrap() = true;
        self.shared.let_go.notify_all();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let mut bytes = vec![0; headers.get("content-length")?.parse().ok()?];
        reader.read_exact(&mut bytes).ok()?;
        let asked = Asked {
            body: serde_json::from_slice(&bytes).ok()?,
            headers,
            bytes,
        };
        let number = {
            let mut all = self.asked.lock().unwrap();
            all.push(asked.clone());
            all.len() - 1
        };
        let (status, header, body) = match (self.respond)(number, &asked) {
            ShopAnswer::Answers(status, body) => (status, "X-Nothing: at all", body),
            ShopAnswer::Says(status, header, body) => (status, header, body),
            ShopAnswer::Hangs(body) => {
                let free = self.free.lock().unwrap();
                drop(self.let_go.wait_while(free, |free| !*free).unwrap());
                (200, "X-Late: yes", body)
            }
            ShopAnswer::BreaksOff => return None,
        };
        let answer = format!(
            "HTTP/1.1 {status} So\r\n{header}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        reader.get_mut().write_all(answer.as_bytes()).ok()
    }
}
