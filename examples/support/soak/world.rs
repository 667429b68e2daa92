//! Everything that takes part in one soak: a WAHA, a Redis, the daemons and the customers.

use std::collections::HashSet;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use waha_sm::health::AskedDaemon;

use super::agents;
use super::agents::{Agents, TEAMS};
use super::customers::{Customers, Plan, SESSIONS, number};
use super::processes::Process;
use super::redis::{Redis, RedisKind};
use crate::daemon;
use crate::fake_waha::{Behaviour, Echo, Engine, FakeWaha};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SECRET: &str = "a secret that only WAHA and waha-sm know";
const API_KEY: &str = "soak";
/// Every message gets one reply with the same words, from the bot or from an agent, so that each reply shows which message it
/// answers.
const FLOW: &str = include_str!("../../flows/echo.toml");
/// How long a healthy WAHA takes for a text.
const WAHA_TAKES: Duration = Duration::from_millis(20);
const START_PATIENCE: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Which processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `all`, with a Redis that it does not start itself.
    All,
    /// `serve` and two `work`.
    Split,
}

/// How WAHA behaves without a fault.
#[derive(Clone, Copy)]
pub(crate) struct WahaSetup {
    pub(crate) engine: Engine,
    /// Whether and when our own messages come back as events.
    pub(crate) echo: Option<Echo>,
}

/// Which Redis it runs on.
#[derive(Clone, Copy)]
pub(crate) struct RedisSetup {
    pub(crate) kind: RedisKind,
    /// How many replicas a primary needs to take writes. With 0 it takes some that no replica has; they are lost if it fails.
    pub(crate) min_replicas: u8,
    /// The setting of that name.
    pub(crate) ack_replicas: u8,
}

/// See the module. The daemons are dropped first, and then what they talk to.
pub(crate) struct World {
    pub(crate) processes: Vec<Process>,
    pub(crate) redis: Redis,
    pub(crate) waha: Arc<FakeWaha>,
    address: SocketAddr,
}

impl World {
    /// Everything runs and is ready when this returns; nobody writes yet.
    pub(crate) fn new(
        layout: Layout,
        waha_setup: WahaSetup,
        redis: RedisSetup,
        chats: usize,
        place: &Path,
    ) -> Result<Self> {
        let waha = Arc::new(FakeWaha::start(0, API_KEY)?);
        waha.imitate(waha_setup.engine);
        let directory = place.join("redis");
        let ack_replicas = redis.ack_replicas;
        let redis = Redis::start(redis.kind, &directory, redis.min_replicas)?;
        // Free now; the daemon takes it in a moment.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        if let Some(when) = waha_setup.echo {
            waha.echo_to(&format!("http://{address}"), SECRET, when);
        }
        let flow = place.join("echo.toml");
        let timeouts = FLOW.replacen("[timeouts]\n", agents::TIMEOUTS, 1);
        std::fs::write(&flow, format!("{timeouts}\n{}", agents::flow()))?;
        let settings = vec![
            ("WAHA_URL", waha.url()),
            ("WAHA_API_KEY", API_KEY.to_owned()),
            ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
            ("REDIS_URL", redis.url()),
            ("ACK_REPLICAS", ack_replicas.to_string()),
            ("LISTEN", address.to_string()),
            // Each process can serve all chats alone, because the echo flow never closes a conversation.
            ("WORKERS", chats.to_string()),
            ("PACING", "off".to_owned()),
            ("FLOW_FILE", flow.display().to_string()),
            ("RUST_LOG", "info,waha_sm=debug".to_owned()),
        ];
        let process = |name, role| Process::new(name, role, place, settings.clone());
        let processes = match layout {
            Layout::All => vec![process("all", "all")],
            Layout::Split => vec![
                process("serve", "serve"),
                process("work-1", "work"),
                process("work-2", "work"),
            ],
        };
        let mut world = Self {
            processes,
            redis,
            waha,
            address,
        };
        for process in &mut world.processes {
            process.start()?;
        }
        world.calm();
        world.until_ready()?;
        Ok(world)
    }

    /// WAHA waits before or after it takes a text, so that a kill may come at either moment.
    pub(crate) fn calm(&self) {
        self.waha.behave_well();
        self.waha.behave(Behaviour::Sometimes(vec![
            (0.5, Behaviour::Hesitates(WAHA_TAKES)),
            (0.5, Behaviour::TakesAndHangs(WAHA_TAKES)),
        ]));
    }

    fn until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let refusals = waha_sm::health::ask(&[AskedDaemon::At(self.address)]).refusals;
            if refusals.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                let reasons = refusals.join("; ");
                return Err(format!("not ready within {START_PATIENCE:?}: {reasons}").into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Customers begin to write.
    pub(crate) fn customers(&self, chats: usize, rate: f64, seed: u64) -> Result<Customers> {
        let plan = Plan {
            chats,
            rate,
            seed,
            address: self.address,
            secret: SECRET,
        };
        Ok(Customers::start(plan, self.waha.clone())?)
    }

    /// Agents begin to work.
    pub(crate) fn agents(&self, chats: usize, seed: u64) -> Result<Agents> {
        Ok(Agents::start(&self.redis.url(), chats, seed)?)
    }

    /// The key of a part of a session.
    pub(crate) fn key(session: &str, part: &str) -> String {
        format!("waha-sm:{{{session}}}:{part}")
    }

    /// The numbers of the messages that are in inboxes, or whose replies are in lanes.
    pub(crate) fn waiting(&self) -> HashSet<usize> {
        let lists = ["inbox:", "lane:"].map(|part| self.lists(part));
        let elements = lists
            .iter()
            .flatten()
            .flat_map(|list| self.redis.texts(&["LRANGE", list, "0", "-1"]));
        elements.filter_map(|element| number_in(&element)).collect()
    }

    /// The numbers of the messages whose replies are dead letters.
    pub(crate) fn dead(&self) -> HashSet<usize> {
        let mut dead = HashSet::new();
        for session in SESSIONS {
            let entries = self
                .redis
                .ask(&["XRANGE", &Self::key(session, "dead"), "-", "+"]);
            for entry in entries.unwrap_or_default().as_array().into_iter().flatten() {
                let fields = entry[1].as_array().into_iter().flatten();
                dead.extend(fields.filter_map(|field| number_in(field.as_str()?)));
            }
        }
        dead
    }

    /// The lists of all sessions whose names begin with `part`.
    pub(crate) fn lists(&self, part: &str) -> Vec<String> {
        let lists = SESSIONS.iter().flat_map(|session| {
            // Braces have no meaning in Redis' patterns.
            let pattern = format!("{}*", Self::key(session, part));
            self.redis.keys(session, &pattern)
        });
        lists.collect()
    }

    /// The sum of a command's numbers in all sessions.
    pub(crate) fn counted(&self, command: &str, part: &str) -> u64 {
        let count = |session: &&str| self.redis.number(&[command, &Self::key(session, part)]);
        SESSIONS.iter().map(count).sum()
    }

    /// Whether nothing is left to do: nobody waits for a person or is held by one, no message unread, no reply unsent, nothing to
    /// archive.
    pub(crate) fn is_idle(&self) -> bool {
        self.redis.is_up()
            && TEAMS
                .iter()
                .all(|team| self.counted("ZCARD", &format!("handoff:{team}")) == 0)
            && self.counted("ZCARD", "handoff") == 0
            && self.counted("HLEN", "held") == 0
            && self.counted("ZCARD", "queue") == 0
            && self.counted("ZCARD", "lanes") == 0
            && self.counted("HLEN", "sending") == 0
            && self.counted("SCARD", "unread") == 0
            && self.counted("XLEN", "history") == 0
            && self.lists("inbox:").is_empty()
    }

    /// The history as `waha-sm history` prints it.
    pub(crate) fn history(&self) -> Result<Vec<Value>> {
        let data = self.processes.first().ok_or("no process")?.data();
        let output = daemon::program("history")
            .args(["--format", "jsonl"])
            .env("DATA_DIR", data)
            .output()?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("the history can't be read: {reason}").into());
        }
        let text = String::from_utf8(output.stdout)?;
        let lines = text.lines().map(serde_json::from_str);
        Ok(lines.collect::<std::result::Result<_, _>>()?)
    }
}

/// The number of a message, from the stored message or its reply: JSON, perhaps after a letter.
fn number_in(element: &str) -> Option<usize> {
    let json = element.strip_prefix(['r', 'n', 'a']).unwrap_or(element);
    let stored: Value = serde_json::from_str(json).ok()?;
    number(stored["text"].as_str()?)
}
