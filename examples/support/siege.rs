//! A load test by somebody hostile: forged and strange webhooks, and slow connections. Beside them, honest customers are
//! still served.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use super::crowd::{Client, Crowd};
use super::daemon::Daemon;
use super::hostile::{Hostile, HostileWebhook};
use super::sink::Sink;
use super::traffic::Traffic;
use super::usage::{Redis, Usage};
use super::volley::Volley;
use super::{FLOW, Result, SECRET};

/// Clients that post hostile webhooks at once.
const CLIENTS: usize = 8;
/// How many they post in a second, if nothing else is wanted. As fast as they are answered would leave the machine no time for
/// anything else.
pub(crate) const HOSTILE_RATE: f64 = 2_000.0;
/// Memory is compared with what it was after so many.
const SETTLED_AFTER: usize = 100_000;
/// How much more than then it may become.
const GROWTH_MAX: f64 = 1.2;
/// The time between two fresh customers, and how long one may wait for an answer.
const CUSTOMER_EVERY: Duration = Duration::from_secs(1);
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// A fresh customer is waited for so long, and no longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// An hour of fresh customers.
const CUSTOMERS_MAX: usize = 3_600;
/// Enough for every chat of the hostile ones, and for every fresh customer.
const WORKERS: &str = "10000";
/// The slow connections, and where they come from.
const SLOW: usize = 9_000;
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Files that this program needs besides the slow connections.
const FILES_SPARE: usize = 200;
/// The webhooks beside the slow connections, per second and in total, and how long most of them may take.
const RATE: f64 = 200.0;
const WEBHOOKS: usize = 3_000;
const P99_MAX: Duration = Duration::from_millis(50);
/// How these webhooks are posted.
const OVER: [&str; 2] = ["kept connections", "new connections"];

/// What came of it.
pub(crate) struct SiegeReport {
    sent: Sent,
    seconds: f64,
    memory: Memory,
    /// How long each fresh customer waited; `None`: got no answer.
    customers: Vec<Option<Duration>>,
    slow: usize,
    /// The latencies of webhooks beside the slow connections, sorted; `None`: not accepted. Over kept connections, and each
    /// over a new one.
    webhooks: [Latencies; 2],
    closed: f64,
}

type Latencies = Vec<Option<Duration>>;

#[derive(Clone, Copy, Default)]
struct Sent {
    forged: u64,
    /// Forged, and not refused with 403.
    let_in: u64,
    taken: u64,
    refused: u64,
    /// Answered with 500 or more.
    failed: u64,
    /// Not answered.
    broken: u64,
}

/// In MiB.
#[derive(Default)]
struct Memory {
    settled: f64,
    most_after: f64,
    end: f64,
    redis_settled: f64,
    redis_most: f64,
    redis_end: f64,
}

#[derive(Default)]
struct Counts {
    forged: AtomicU64,
    let_in: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    broken: AtomicU64,
    begun: AtomicUsize,
}

/// Starts a daemon, besieges it, and stops it.
pub(crate) fn besiege(
    count: usize,
    rate: f64,
    seed: u64,
    daemon_args: Vec<String>,
) -> Result<SiegeReport> {
    // Each message is one fresh customer's; the last ones are those beside the slow connections.
    let traffic = Arc::new(Traffic::new(CUSTOMERS_MAX, CUSTOMERS_MAX));
    let sink = Sink::start(traffic.clone(), Duration::ZERO)?;
    let settings = [
        ("WAHA_URL", sink.url().to_owned()),
        ("WAHA_API_KEY", "load".to_owned()),
        ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
        ("WORKERS", WORKERS.to_owned()),
        ("PACING", "off".to_owned()),
    ];
    let mut daemon = Daemon::new(settings, daemon_args)?;
    let flow = daemon.write("echo.toml", FLOW)?;
    daemon.set("FLOW_FILE", flow.display().to_string());
    daemon.start()?;
    println!("{count} hostile webhooks, seed {seed}");
    let report = run(count, rate, seed, &traffic, &sink, &daemon).map_err(|error| {
        let words = daemon.last_words();
        format!("{error}\n\nThe end of the daemon's log:\n{words}")
    })?;
    if !report.faults().is_empty() {
        println!(
            "The daemon's last warnings and errors:\n{}\n",
            daemon.warnings()
        );
    }
    daemon.stop()?;
    Ok(report)
}

fn run(
    count: usize,
    rate: f64,
    seed: u64,
    traffic: &Traffic,
    sink: &Sink,
    daemon: &Daemon,
) -> Result<SiegeReport> {
    let (address, started) = (daemon.address(), Instant::now());
    let requests = traffic.requests(address, SECRET);
    let (counts, over) = (Counts::default(), AtomicBool::new(false));
    let (customers, memory) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS as u64)
            .map(|n| {
                let hostile = Hostile::new(seed.wrapping_mul(1_000).wrapping_add(n), SECRET);
                let counts = &counts;
                scope.spawn(move || post_all(hostile, count, rate, address, counts))
            })
            .collect();
        let customers = scope.spawn(|| fresh_customers(&requests, address, sink, &over));
        let watching = scope.spawn(|| watch_memory(count, daemon, &counts, &over));
        for client in clients {
            let _ = client.join();
        }
        over.store(true, Ordering::Relaxed);
        (customers.join(), watching.join())
    });
    let memory = memory.map_err(|_| "watching the memory panicked")?;
    let customers = customers.map_err(|_| "the fresh customers panicked")?;
    let seconds = started.elapsed().as_secs_f64();

    let slow = slow_connections();
    println!("{slow} slow connections from {STRANGER}");
    let client = Client::Body {
        length: 5_000,
        at_once: 10,
    };
    let crowd = Crowd::from(STRANGER, address, std::iter::repeat_n(client, slow))?;
    let beside = Traffic::new(2 * WEBHOOKS, WEBHOOKS).requests(address, SECRET);
    let (over_kept, over_new) = beside.split_at(WEBHOOKS);
    let volley = Volley {
        address,
        requests: over_kept.to_vec(),
        connections: 32,
        rate: Some(RATE),
    };
    let (kept, new) = std::thread::scope(|scope| {
        let new = scope.spawn(|| over_new_connections(over_new, address));
        (volley.fire(), new.join())
    });
    drop(crowd);
    let kept = kept?.into_iter();
    let kept = kept.map(|shot| Some(shot.taken?.duration_since(shot.intended)));
    let mut webhooks = [kept.collect(), new.map_err(|_| "posting panicked")?];
    for latencies in &mut webhooks {
        latencies.sort_by_key(|latency| latency.unwrap_or(Duration::MAX));
    }
    Ok(SiegeReport {
        sent: counts.sent(),
        seconds,
        memory,
        customers,
        slow,
        webhooks,
        closed: metric(address, "waha_sm_connections_closed_total").unwrap_or(0.0),
    })
}

/// Posts one after the other, as often as [`Volley`] does if answers are fast.
fn over_new_connections(requests: &[Vec<u8>], address: SocketAddr) -> Latencies {
    let start = Instant::now();
    let post = |(n, request): (usize, &Vec<u8>)| {
        let due = start + Duration::from_secs_f64(n as f64 / RATE);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let began = Instant::now();
        let posted = HttpClient::new(address).post(request);
        (posted.ok() == Some(200)).then(|| began.elapsed())
    };
    requests.iter().enumerate().map(post).collect()
}

fn slow_connections() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let allowed = maximum.and_then(|maximum| usize::try_from(maximum).ok());
    allowed.map_or(SLOW, |allowed| {
        SLOW.min(allowed.saturating_sub(FILES_SPARE))
    })
}

/// Posts until all clients together have begun `count`.
fn post_all(mut hostile: Hostile, count: usize, rate: f64, address: SocketAddr, counts: &Counts) {
    let (mut client, start) = (HttpClient::new(address), Instant::now());
    loop {
        let n = counts.begun.fetch_add(1, Ordering::Relaxed);
        if n >= count {
            return;
        }
        let due = start + Duration::from_secs_f64(n as f64 / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let webhook = hostile.webhook();
        let status = client.post(&request(&webhook, address));
        counts.add(&webhook, status.ok());
    }
}

fn request(webhook: &HostileWebhook, address: SocketAddr) -> Vec<u8> {
    let mut request = format!(
        "POST /webhook HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        webhook.body.len()
    );
    for (name, value) in &webhook.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    [request.as_bytes(), &webhook.body].concat()
}

/// A new customer in each second, as long as the hostile ones post.
fn fresh_customers(
    requests: &[Vec<u8>],
    address: SocketAddr,
    sink: &Sink,
    over: &AtomicBool,
) -> Vec<Option<Duration>> {
    let mut waited = Vec::new();
    for (message, request) in requests.iter().enumerate() {
        let began = Instant::now();
        let posted = HttpClient::new(address).post(request);
        let answered = posted
            .is_ok_and(|status| status == 200)
            .then(|| sink.answered_at(message, PATIENCE))
            .flatten();
        waited.push(answered.map(|at| at.duration_since(began)));
        if over.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(CUSTOMER_EVERY.saturating_sub(began.elapsed()));
    }
    waited
}

fn watch_memory(count: usize, daemon: &Daemon, counts: &Counts, over: &AtomicBool) -> Memory {
    let mut redis = Redis::at_socket(&daemon.redis_socket()).ok();
    let settled_after = SETTLED_AFTER.min(count / 2);
    let mut memory = Memory::default();
    let mut told = Instant::now();
    loop {
        let is_over = over.load(Ordering::Relaxed);
        let begun = counts.begun.load(Ordering::Relaxed).min(count);
        let of_daemon = daemon.pid().map(|pid| Usage::of(&pid.to_string()));
        let now = of_daemon.unwrap_or_default().resident_mb;
        let of_redis = redis.as_mut().and_then(|redis| redis.usage().ok());
        let redis_now = of_redis.map_or(0.0, |(memory, _)| memory);
        memory.redis_most = memory.redis_most.max(redis_now);
        if begun >= settled_after {
            if memory.settled == 0.0 {
                (memory.settled, memory.redis_settled) = (now, redis_now);
            }
            memory.most_after = memory.most_after.max(now);
        }
        if told.elapsed() > Duration::from_secs(10) || is_over {
            told = Instant::now();
            println!("{begun:>9} sent; waha-sm {now:.0} MiB, redis {redis_now:.0} MiB");
        }
        if is_over {
            (memory.end, memory.redis_end) = (now, redis_now);
            return memory;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Counts {
    fn add(&self, webhook: &HostileWebhook, status: Option<u16>) {
        let add = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        if webhook.is_forged {
            add(&self.forged);
        }
        match status {
            None => add(&self.broken),
            Some(500..) => add(&self.failed),
            Some(403) if webhook.is_forged => 0,
            Some(_) if webhook.is_forged => add(&self.let_in),
            Some(200) => add(&self.taken),
            Some(_) => add(&self.refused),
        };
    }

    fn sent(&self) -> Sent {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Sent {
            forged: of(&self.forged),
            let_in: of(&self.let_in),
            taken: of(&self.taken),
            refused: of(&self.refused),
            failed: of(&self.failed),
            broken: of(&self.broken),
        }
    }
}

/// Posts over one connection, and connects again when it was closed.
struct HttpClient {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl HttpClient {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Returns the status of the answer. If a kept connection turns out to be closed, a new one is used.
    fn post(&mut self, request: &[u8]) -> std::io::Result<u16> {
        let kept = self.stream.is_some();
        match self.exchange(request) {
            Err(_) if kept => self.exchange(request),
            outcome => outcome,
        }
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        // An answer may come before all is written.
        let _ = stream.get_mut().write_all(request);
        let (mut status, mut length, mut last) = (0, 0, false);
        for n in 0.. {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if n == 0 {
                let word = line.split(' ').nth(1);
                status = word.and_then(|word| word.parse().ok()).unwrap_or(0);
            } else if line.is_empty() {
                break;
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            } else if line == "connection: close" {
                last = true;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        if !last {
            self.stream = Some(stream);
        }
        Ok(status)
    }
}

fn metric(address: SocketAddr, name: &str) -> Option<f64> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

impl SiegeReport {
    /// What went wrong, a line for each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let Self { sent, memory, .. } = self;
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        must(
            sent.let_in == 0,
            format!("{} forged webhooks were let in", sent.let_in),
        );
        must(
            sent.failed == 0,
            format!("{} webhooks were answered with 5xx", sent.failed),
        );
        must(
            sent.broken == 0,
            format!("{} webhooks were not answered", sent.broken),
        );
        must(
            memory.most_after <= memory.settled * GROWTH_MAX,
            format!(
                "the memory of waha-sm grew from {:.0} to {:.0} MiB",
                memory.settled, memory.most_after
            ),
        );
        let slowest = self.slowest_customer();
        must(
            slowest.is_some_and(|slowest| slowest <= ANSWER_MAX),
            format!(
                "a fresh customer waited longer than {} s",
                ANSWER_MAX.as_secs()
            ),
        );
        for (webhooks, over) in self.webhooks.iter().zip(OVER) {
            let p99 = quantile(webhooks, 0.99);
            must(
                p99.is_some_and(|p99| p99 < P99_MAX),
                format!(
                    "beside slow connections, the p99 of webhooks over {over} is not under {P99_MAX:?}"
                ),
            );
        }
        faults
    }

    /// `None` if one got no answer, or there was none.
    fn slowest_customer(&self) -> Option<Duration> {
        let waited: Option<Vec<Duration>> = self.customers.iter().copied().collect();
        waited?.into_iter().max()
    }
}

/// Of sorted latencies.
fn quantile(latencies: &Latencies, quantile: f64) -> Option<Duration> {
    let at = (latencies.len() as f64 * quantile) as usize;
    *latencies.get(at.min(latencies.len().saturating_sub(1)))?
}

impl fmt::Display for SiegeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            seconds,
            memory,
            customers,
            slow,
            closed,
            ..
        } = self;
        let total = sent.forged + sent.taken + sent.refused + sent.failed + sent.broken;
        let ms = |time: Option<Duration>| match time {
            Some(time) => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
            None => "never".to_owned(),
        };
        let rate = total as f64 / seconds;
        writeln!(
            f,
            "\nforged    {:>9}, of which {} were let in",
            sent.forged, sent.let_in
        )?;
        writeln!(
            f,
            "signed    {:>9} accepted, {} refused",
            sent.taken, sent.refused
        )?;
        writeln!(
            f,
            "failed    {:>9} with 5xx, {} not answered",
            sent.failed, sent.broken
        )?;
        writeln!(f, "in        {seconds:>9.0} s, {rate:.0} a second\n")?;
        writeln!(
            f,
            "waha-sm   {:.0} MiB when settled, {:.0} at most after that, {:.0} at the end",
            memory.settled, memory.most_after, memory.end
        )?;
        writeln!(
            f,
            "redis     {:.0} MiB when settled, {:.0} at most, {:.0} at the end\n",
            memory.redis_settled, memory.redis_most, memory.redis_end
        )?;
        let mut waited = customers.clone();
        waited.sort_by_key(|waited| waited.unwrap_or(Duration::MAX));
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|part| ms(quantile(&waited, part)));
        let count = customers.len();
        writeln!(
            f,
            "{count} fresh customers were answered: p50 {p50}, p99 {p99}, slowest {max}"
        )?;
        for (webhooks, over) in self.webhooks.iter().zip(OVER) {
            let [p50, p99, max] = [0.5, 0.99, 1.0].map(|part| ms(quantile(webhooks, part)));
            let count = webhooks.len();
            writeln!(
                f,
                "{count} webhooks over {over} beside {slow} slow ones: p50 {p50}, p99 {p99}, max {max}"
            )?;
        }
        writeln!(f, "{closed} connections were closed to make room\n")?;
        let faults = self.faults();
        if faults.is_empty() {
            return write!(f, "everything held");
        }
        for fault in faults {
            writeln!(f, "FAILED: {fault}")?;
        }
        Ok(())
    }
}
