//! A load test with a long line: what a webhook and a claim cost while a million wait, beside a thousand; also while all of them
//! are due for a look, and while the session stops and works again.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::figures::{Latency, latency};
use super::sink::Sink;
use super::traffic::{BYSTANDER, Traffic, chat_id};
use super::volley::Volley;
use super::{Result, SECRET};
use crate::webhook::{self, Poster};

/// The line that the long one is compared with.
const SHORT: usize = 1_000;
/// How much more everything may cost.
const FACTOR_MAX: f64 = 2.0;
/// Webhooks per second, of customers in line and of newcomers, and for how long in each phase.
const RATE: f64 = 200.0;
const SECONDS: u64 = 10;
/// How many customers are served in turn.
const CLAIMS: usize = 200;
/// How many customers one script puts in line.
const FILL_AT_ONCE: usize = 2_000;
/// When the session stops within its phase, and works again.
const STOPS_AFTER: Duration = Duration::from_secs(3);
const WORKS_AFTER: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take until everybody was looked at once.
const LOOKED_AT_WITHIN: Duration = Duration::from_secs(600);
/// How many notices the session may send in a minute.
const PER_MINUTE: u64 = 20;

/// One worker, who has one customer after the other: each is greeted with their own words, and leaves with the next.
const FLOW: &str = r#"
name = "line"
locale = "en"
start = "listen"
[timeouts]
burst = "0s"
remind_after = "7d"
close_after = "8d"
[texts]
position = "notice: place {{ position }}"
next = "notice: next"
still_waiting = "notice: place {{ position }}"
[step.listen]
ask = ""
save = "said"
next = "greet"
[step.greet]
ask = "{{ said }}"
save = "thanks"
next = "bye"
[step.bye]
say = "bye"
end = "done"
"#;

/// Puts customers in line, as `store/lua/shared/conversations` does. All are due for a look at once.
const FILL: &str = r#"
local ns = 'waha-sm:{default}:'
for k = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local ticket = redis.call('INCR', ns .. 'ticket')
  local chat = string.format('5511%09d@c.us', 990000000 + k)
  local message = '{"chat":"' .. chat .. '","text":"Hello [' .. k .. ']"}'
  redis.call('RPUSH', ns .. 'inbox:' .. chat, message)
  redis.call('HSET', ns .. 'inbox-bytes', chat, #message)
  redis.call('HSET', ns .. 'chat:' .. chat, 'id', ARGV[3] .. '-' .. ticket, 'status', 'waiting', 'ticket', ticket, 'opened', ARGV[3],
    'rev', 0, 'name', 'Ana')
  redis.call('ZADD', ns .. 'queue', ticket, chat)
  redis.call('ZADD', ns .. 'announce', ARGV[3], chat)
  redis.call('SADD', ns .. 'known', chat)
end
redis.call('PUBLISH', 'waha-sm:bell:queue', 'default')
redis.call('PUBLISH', 'waha-sm:bell:announce', 'default')
return 1
"#;

/// What one line costs.
struct Cost {
    waiting: usize,
    filled: Duration,
    /// While everybody is due for a look.
    webhook_at_first: Latency,
    webhook: Latency,
    /// While the session stops and works again.
    webhook_at_pause: Latency,
    /// From the last words of a customer to the greeting of the next.
    claim: Latency,
    notices: usize,
    minutes: u64,
}

/// The costs of both lines.
pub(crate) struct LineReport {
    short: Cost,
    long: Cost,
}

/// Measures a short line, then one of this length.
pub(crate) fn measure(waiting: usize, daemon_args: &[String]) -> Result<LineReport> {
    Ok(LineReport {
        short: Shop::open(SHORT, daemon_args)?.measure()?,
        long: Shop::open(waiting, daemon_args)?.measure()?,
    })
}

struct Shop {
    waiting: usize,
    daemon: Daemon,
    sink: Sink,
    opened: Instant,
}

impl Shop {
    fn open(waiting: usize, daemon_args: &[String]) -> Result<Self> {
        let sink = Sink::start(Arc::new(Traffic::new(waiting, waiting)), Duration::ZERO)?;
        let settings = [
            ("WAHA_URL", sink.url().to_owned()),
            ("WAHA_API_KEY", "load".to_owned()),
            ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
            ("WORKERS", "1".to_owned()),
            ("PACING", "off".to_owned()),
            ("PRIVATE_REDIS_MAXMEMORY", "0".to_owned()),
        ];
        let mut daemon = Daemon::new(settings, daemon_args.to_vec())?;
        let flow = daemon.write("flow.toml", FLOW)?;
        daemon.set("FLOW_FILE", flow.display().to_string());
        daemon.start()?;
        Ok(Self {
            waiting,
            daemon,
            sink,
            opened: Instant::now(),
        })
    }

    fn measure(mut self) -> Result<Cost> {
        // So that the session is known before the line is there.
        self.poster().post(&status("WORKING"))?;
        let begun = Instant::now();
        fill(&self.daemon.redis_socket(), self.waiting)?;
        let filled = begun.elapsed();
        let webhook_at_first = self.volley()?;
        self.greeted(0)?;
        until_looked_at(&self.daemon.redis_socket())?;
        let claim = self.claims()?;
        let webhook = self.volley()?;
        let webhook_at_pause = self.volley_at_pause()?;
        let wrong = self.sink.log().wrong;
        let cost = Cost {
            waiting: self.waiting,
            filled,
            webhook_at_first,
            webhook,
            webhook_at_pause,
            claim,
            notices: wrong
                .iter()
                .filter(|text| text.contains(": notice: "))
                .count(),
            minutes: self.opened.elapsed().as_secs() / 60 + 1,
        };
        self.daemon.stop()?;
        Ok(cost)
    }

    fn poster(&self) -> Poster {
        Poster::new(&self.daemon.url(), SECRET)
    }

    /// Waits until this customer is greeted. Returns when that was.
    fn greeted(&self, customer: usize) -> Result<Instant> {
        let greeted = self.sink.answered_at(customer, PATIENCE);
        greeted.ok_or_else(|| {
            let words = self.daemon.last_words();
            format!("customer {customer} was not greeted\n\nThe end of the daemon's log:\n{words}")
                .into()
        })
    }

    /// One customer after the other is served.
    fn claims(&self) -> Result<Latency> {
        let poster = self.poster();
        let mut all = Vec::new();
        for customer in 0..CLAIMS {
            let thanks = webhook::message("default", &chat_id(customer), "Ana", "Thanks");
            let begun = Instant::now();
            poster.post(&thanks)?;
            all.push(self.greeted(customer + 1)?.duration_since(begun));
        }
        Ok(latency(all.into_iter()))
    }

    /// Half of the webhooks are from customers in line, half from newcomers.
    fn volley(&self) -> Result<Latency> {
        let address = self.daemon.address();
        let requests = (0..RATE as u64 * SECONDS).map(|number| {
            let chat = match number % 2 {
                0 => chat_id(fastrand::usize(self.waiting / 2..self.waiting)),
                _ => format!("{BYSTANDER}{:09}@c.us", fastrand::u32(900_000_000..)),
            };
            let event = webhook::message("default", &chat, "Ana", "Is anybody there?");
            webhook::request(address, SECRET, &event)
        });
        let volley = Volley {
            address,
            requests: requests.collect(),
            connections: 16,
            rate: Some(RATE),
        };
        let shots = volley.fire()?;
        if shots
            .iter()
            .any(|shot| shot.taken.is_none() || shot.failures > 0)
        {
            return Err("a webhook was not accepted".into());
        }
        let took = |shot: &super::volley::Shot| Some(shot.taken?.duration_since(shot.intended));
        Ok(latency(shots.iter().filter_map(took)))
    }

    fn volley_at_pause(&self) -> Result<Latency> {
        std::thread::scope(|scope| {
            let pausing = scope.spawn(|| {
                let poster = self.poster();
                std::thread::sleep(STOPS_AFTER);
                let stopped = poster.post(&status("STOPPED")).map_err(|e| e.to_string())?;
                std::thread::sleep(WORKS_AFTER.saturating_sub(STOPS_AFTER));
                let works = poster.post(&status("WORKING")).map_err(|e| e.to_string())?;
                Ok::<_, String>([stopped.0, works.0])
            });
            let latency = self.volley()?;
            match pausing.join() {
                Ok(Ok([200, 200])) => Ok(latency),
                other => Err(format!("the session did not stop and work again: {other:?}").into()),
            }
        })
    }
}

fn status(word: &str) -> Value {
    json!({
        "id": format!("evt_{}", webhook::new_message_id().to_lowercase()),
        "timestamp": webhook::now_ms(), "event": "session.status", "session": "default", "me": null,
        "payload": {"name": "default", "status": word, "statuses": [], "data": null},
        "environment": {"version": "2026.9.1", "engine": "GOWS", "tier": "CORE", "browser": null},
    })
}

/// Waits until everybody was looked at who is due.
fn until_looked_at(redis: &Path) -> Result<()> {
    let mut redis = BufReader::new(UnixStream::connect(redis)?);
    let deadline = Instant::now() + LOOKED_AT_WITHIN;
    loop {
        let second_ago = webhook::now_ms() - 1_000;
        let ask = format!("ZCOUNT waha-sm:{{default}}:announce -inf {second_ago}\r\n");
        redis.get_mut().write_all(ask.as_bytes())?;
        let mut answer = String::new();
        redis.read_line(&mut answer)?;
        if answer.trim_end() == ":0" {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("some are due for a look and are not looked at: {answer}").into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn fill(redis: &Path, waiting: usize) -> Result<()> {
    let mut redis = BufReader::new(UnixStream::connect(redis)?);
    let now = webhook::now_ms().to_string();
    for from in (0..waiting).step_by(FILL_AT_ONCE) {
        let to = waiting.min(from + FILL_AT_ONCE);
        let parts = ["EVAL", FILL, "0", &from.to_string(), &to.to_string(), &now];
        let mut command = format!("*{}\r\n", parts.len());
        for part in parts {
            command += &format!("${}\r\n{part}\r\n", part.len());
        }
        redis.get_mut().write_all(command.as_bytes())?;
        let mut answer = String::new();
        redis.read_line(&mut answer)?;
        if answer.trim_end() != ":1" {
            return Err(format!("the line could not be filled: {answer}").into());
        }
    }
    Ok(())
}

impl LineReport {
    /// Whether nothing costs more than twice as much in the long line, and no more notices left than may.
    pub(crate) fn holds(&self) -> bool {
        let few = |cost: &Cost| cost.notices as u64 <= cost.minutes * PER_MINUTE;
        self.rows()
            .iter()
            .all(|(_, short, long)| long.p50_ms <= short.p50_ms * FACTOR_MAX)
            && few(&self.short)
            && few(&self.long)
    }

    fn rows(&self) -> [(&'static str, &Latency, &Latency); 4] {
        let Self { short, long } = self;
        [
            (
                "webhook, all are due for a look",
                &short.webhook_at_first,
                &long.webhook_at_first,
            ),
            ("webhook", &short.webhook, &long.webhook),
            (
                "webhook, session stops and works",
                &short.webhook_at_pause,
                &long.webhook_at_pause,
            ),
            ("from one customer to the next", &short.claim, &long.claim),
        ]
    }
}

impl fmt::Display for LineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { short, long } = self;
        writeln!(
            f,
            "{} and {} customers in line; {RATE} webhooks/s. p50 / p99 / max in ms:",
            short.waiting, long.waiting
        )?;
        for (what, short, long) in self.rows() {
            let of = |one: &Latency| {
                format!("{:.2} / {:.2} / {:.1}", one.p50_ms, one.p99_ms, one.max_ms)
            };
            writeln!(
                f,
                "{what:<34}{:>24}{:>24}  x {:.2}",
                of(short),
                of(long),
                long.p50_ms / short.p50_ms
            )?;
        }
        writeln!(
            f,
            "notices{:>47} in {} min{:>16} in {} min",
            short.notices, short.minutes, long.notices, long.minutes
        )?;
        write!(
            f,
            "the line was filled in {:.1} s and {:.1} s",
            short.filled.as_secs_f64(),
            long.filled.as_secs_f64()
        )
    }
}
