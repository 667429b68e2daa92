//! How much memory and disk a daemon takes: idle, with many open conversations, with many customers in line, and for
//! each message in the history.
//!
//!     cargo run --release --example sizing
//!
//! Each figure comes from a new daemon with its private Redis. The flow says one text and asks one question. WAHA is
//! imitated, and acknowledges each reply twice, as WhatsApp does.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use daemon::Daemon;
use sink::Sink;
use traffic::Traffic;
use usage::{Redis, Usage};
use volley::Volley;

#[allow(dead_code, reason = "for demo.rs too")]
#[path = "support/daemon.rs"]
mod daemon;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/sink.rs"]
mod sink;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/traffic.rs"]
mod traffic;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/usage.rs"]
mod usage;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/volley.rs"]
mod volley;
#[allow(dead_code, unreachable_pub, reason = "for the tests and demo.rs too")]
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/wire.rs"]
mod wire;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SECRET: &str = "a secret that only WAHA and waha-sm know";
const CONNECTIONS: usize = 32;
/// Webhooks per second: a busy hour, not a flood, so that memory for requests in flight does not count.
const RATE: f64 = 500.0;
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it takes until freed memory is returned.
const REST: Duration = Duration::from_secs(3);
/// The timeouts are too long to happen here. The question repeats the message, so that each reply shows what it answers.
const FLOW: &str = r#"
name  = "sizing"
start = "hello"
[timeouts]
burst        = "0s"
remind_after = "7d"
close_after  = "8d"
[step.hello]
say  = "Hello, {{ name }}! Thanks for getting in touch."
next = "subject"
[step.subject]
ask  = "How can we help? You wrote: {{ opening }}"
save = "subject"
end  = "noted"
"#;

fn main() -> ExitCode {
    if let Some(code) = daemon::be_the_daemon() {
        return code;
    }
    match sizing() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The measurement failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sizing() -> Result<()> {
    println!("{:<34} {:>12} {:>12}", "", "waha-sm", "its Redis");
    for workers in [1, 10_000] {
        let stage = Stage::new(workers, 0)?;
        stage.show(&format!("idle, {workers} workers"))?;
    }
    for chats in [1_000, 10_000] {
        let mut stage = Stage::new(chats, chats)?;
        let before = stage.redis_bytes()?;
        stage.write()?;
        stage.sink.wait_for(chats, PATIENCE);
        let answered = stage.sink.log().answers.len();
        if answered < chats {
            return Err(format!("only {answered} of {chats} customers were asked").into());
        }
        stage.until_archived()?;
        stage.show(&format!("{chats} open conversations"))?;
        let each = (stage.redis_bytes()? - before) / chats as f64;
        println!("  Redis holds {each:.0} bytes for each");
        stage.history(chats)?;
    }
    let waiting = 10_000;
    let stage = Stage::new(1, waiting)?;
    let before = stage.redis_bytes()?;
    stage.write()?;
    stage.until_archived()?;
    stage.show(&format!("1 open, {} waiting in line", waiting - 1))?;
    let each = (stage.redis_bytes()? - before) / waiting as f64;
    println!("  Redis holds {each:.0} bytes for each");
    Ok(())
}

/// A daemon, its WAHA, and customers who write once each.
struct Stage {
    sink: Sink,
    daemon: Daemon,
    traffic: Arc<Traffic>,
}

impl Stage {
    fn new(workers: usize, chats: usize) -> Result<Self> {
        let traffic = Arc::new(Traffic::new(chats, chats));
        let sink = Sink::start(traffic.clone(), Duration::ZERO)?;
        let settings = [
            ("WAHA_URL", sink.url().to_owned()),
            ("WAHA_API_KEY", "sizing".to_owned()),
            ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
            ("WORKERS", workers.to_string()),
            ("PACING", "off".to_owned()),
        ];
        let mut daemon = Daemon::new(settings, Vec::new())?;
        let flow = daemon.write("flow.toml", FLOW)?;
        daemon.set("FLOW_FILE", flow.display().to_string());
        daemon.start()?;
        Ok(Self {
            sink,
            daemon,
            traffic,
        })
    }

    /// Each customer writes, and every webhook is accepted.
    fn write(&self) -> Result<()> {
        self.post(self.traffic.requests(self.daemon.address(), SECRET))
    }

    fn post(&self, requests: Vec<Vec<u8>>) -> Result<()> {
        let volley = Volley {
            address: self.daemon.address(),
            requests,
            connections: CONNECTIONS,
            rate: Some(RATE),
        };
        match volley.fire()?.iter().all(|shot| shot.taken.is_some()) {
            true => Ok(()),
            false => Err("a webhook was not accepted".into()),
        }
    }

    fn redis(&self) -> Result<Redis> {
        Ok(Redis::at_socket(&self.daemon.redis_socket())?)
    }

    fn redis_bytes(&self) -> Result<f64> {
        Ok(self.redis()?.usage()?.0 * f64::from(1 << 20))
    }

    fn until_archived(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = ureq::get(format!("{}/metrics", self.daemon.url()))
                .call()?
                .body_mut()
                .read_to_string()?;
            let waiting = metrics
                .lines()
                .any(|line| line.starts_with("waha_sm_archiver_entries{") && !line.ends_with(" 0"));
            if !waiting {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err("the history does not catch up".into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Prints the memory of both processes, once they are idle.
    fn show(&self, what: &str) -> Result<()> {
        std::thread::sleep(REST);
        let pid = self.daemon.pid().ok_or("the daemon is gone")?;
        let own = Usage::of(&pid.to_string()).resident_mb;
        let of_redis = Usage::of(&self.redis()?.process()?.to_string()).resident_mb;
        println!("{what:<34} {own:>8.0} MiB {of_redis:>8.0} MiB");
        Ok(())
    }

    /// Acknowledges all replies, stops the daemon and prints the space that a message takes on the disk.
    fn history(&mut self, chats: usize) -> Result<()> {
        let printed = self
            .daemon
            .command("history")
            .args(["--format", "jsonl"])
            .output()?;
        let mut messages = 0;
        let mut acks = Vec::new();
        for line in String::from_utf8(printed.stdout)?.lines() {
            let message: Value = serde_json::from_str(line)?;
            messages += 1;
            if message["direction"] == "outbound" {
                for level in [2, 3] {
                    acks.push(self.ack(&message, level));
                }
            }
        }
        if messages != 3 * chats {
            return Err(format!("{messages} messages of {chats} chats are in the history").into());
        }
        self.post(acks)?;
        self.until_archived()?;
        self.daemon.stop()?;
        let bytes = self.daemon.size_of("history.sqlite")? / messages as f64;
        println!("  the history holds {bytes:.0} bytes for each of {messages} messages");
        let redis = self.daemon.size_of("redis")? / f64::from(1 << 20);
        println!("  files of Redis: {redis:.0} MiB");
        Ok(())
    }

    /// A signed request with an ack of a reply.
    fn ack(&self, message: &Value, level: i8) -> Vec<u8> {
        let (chat, id) = (&message["chat"], &message["stanza"]);
        let (chat, id) = (
            chat.as_str().unwrap_or_default(),
            id.as_str().unwrap_or_default(),
        );
        let event = json!({
            "id": format!("evt_{id}_{level}"), "event": "message.ack", "session": "default", "timestamp": webhook::now_ms(),
            "payload": {"id": format!("true_{chat}_{id}"), "from": chat, "fromMe": true, "ack": level},
        });
        webhook::request(self.daemon.address(), SECRET, &event)
    }
}
