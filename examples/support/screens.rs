//! A load test beside open consoles: how long an event takes until it is on every screen, what the page of a long line costs,
//! and what the consoles cost the webhooks.
//!
//! There are two daemons, with the same long line. One has consoles open, the other has none. They get the same webhooks in
//! turns of some seconds, so that whatever else the machine does slows both down.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::console_door::ConsoleDoor;
use super::consoles::{Consoles, load_page, mark};
use super::daemon::Daemon;
use super::figures::{Latency, latency};
use super::sink::Sink;
use super::traffic::{BYSTANDER, Traffic};
use super::usage::Usage;
use super::volley::Volley;
use super::{FLOW, QUIET, Result, SECRET};
use crate::webhook::{self, Poster};

/// Webhooks per second, if nothing else is wanted.
pub(crate) const RATE: f64 = 200.0;
/// How long each of the two is under load before it is the other's turn.
const TURN: Duration = Duration::from_secs(10);
/// Customers who wait at the head of the line for a person, so that they are on every screen, and write now and then.
const WATCHED: usize = 10;
/// The time between two marked messages. Each watched customer writes once a second.
const MARK_INTERVAL: Duration = Duration::from_millis(100);
/// How fast the line fills.
const FILL_RATE: f64 = 1_000.0;
/// How long a mark may take to be on a screen, so that it is late and not missed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the page is loaded, quietly and under load.
const PAGES: usize = 40;
const PAGE_INTERVAL: Duration = Duration::from_millis(200);
/// How long the daemons rest before their memory is compared.
const REST: Duration = Duration::from_secs(3);

/// Customers who write these words wait for a person.
const WAITS: &str = "A person, please";
/// What becomes of the step in the echo's flow that answers.
const SORTING: &str = r#"
[step.sort]
when      = [{ if = "'A person, please' in said", next = "person" }]
otherwise = "echo"

[step.person]
handoff = "One of us will write to you here."
"#;

/// What is wanted.
pub(crate) struct Wanted {
    pub(crate) consoles: usize,
    pub(crate) waiting: usize,
    pub(crate) messages: usize,
    pub(crate) chats: usize,
    pub(crate) connections: usize,
    pub(crate) rate: f64,
}

/// What came of it.
pub(crate) struct ScreensReport {
    wanted: Wanted,
    page_bytes: usize,
    page: Latency,
    page_under_load: Latency,
    event: Latency,
    marks: usize,
    missed: usize,
    resyncs: usize,
    events: usize,
    event_bytes: usize,
    ended: Vec<String>,
    /// Without consoles, and with them.
    webhook: [Latency; 2],
    lost: [usize; 2],
    memory_mb: [f64; 2],
    cpu_s_per_1000: [f64; 2],
}

/// Starts both, loads them in turns, and stops them.
pub(crate) fn beside_consoles(wanted: Wanted, daemon_args: &[String]) -> Result<ScreensReport> {
    let mut without = Shop::start(&wanted, daemon_args, None)?;
    let door = ConsoleDoor::new()?;
    let mut with = Shop::start(&wanted, daemon_args, Some(&door))?;
    let measured = measure(wanted, [&mut without, &mut with], &door);
    let report = measured.map_err(|error| {
        let words = with.daemon.last_words();
        format!("{error}\n\nThe end of the daemon's log:\n{words}")
    })?;
    without.daemon.stop()?;
    with.daemon.stop()?;
    Ok(report)
}

fn measure(
    wanted: Wanted,
    [without, with]: [&mut Shop; 2],
    door: &ConsoleDoor,
) -> Result<ScreensReport> {
    let tokens = (1..=wanted.consoles).map(|number| {
        let name = format!("agent{number}");
        door.invite(&with.daemon, &name, "owner")?;
        ConsoleDoor::token(&with.daemon, &name)
    });
    let tokens = tokens.collect::<Result<Vec<_>>>()?;
    let reader = tokens.first().ok_or("no consoles")?.clone();
    for shop in [&*without, &*with] {
        shop.fill(wanted.waiting)?;
    }
    let (page_bytes, page) = pages(door.socket(), &reader, PAGES)?;
    let consoles = Consoles::open(door.socket(), tokens).map_err(|error| error.to_string())?;

    let turn = ((wanted.rate * TURN.as_secs_f64()) as usize).clamp(1, wanted.messages.max(1));
    let pages_wanted = Arc::new(AtomicBool::new(true));
    let loading = load_pages_until(door.socket(), reader, pages_wanted.clone());
    let mut posted = Vec::new();
    let mut latencies = [Vec::new(), Vec::new()];
    let mut taken = [0, 0];
    let mut cpu_s = [0.0, 0.0];
    let mut begin = 0;
    while begin < wanted.messages {
        let turn = begin..(begin + turn).min(wanted.messages);
        begin = turn.end;
        for (which, shop) in [&mut *without, &mut *with].into_iter().enumerate() {
            let before = shop.usage();
            // Both have the same customers, so both get the same webhooks; only one is watched.
            let marking = Marking::start(shop.daemon.url(), posted.len());
            for (latency, was_taken) in shop.fire(&wanted, turn.clone())? {
                latencies[which].push(latency);
                taken[which] += usize::from(was_taken);
            }
            let marks = marking.stop()?;
            if which == 1 {
                posted.extend(marks);
            }
            cpu_s[which] += shop.usage().since(before).cpu_s();
        }
    }
    pages_wanted.store(false, Ordering::Relaxed);
    let page_under_load = loading.join().map_err(|_| "loading pages panicked")??;
    for (shop, taken) in [&*without, &*with].into_iter().zip(taken) {
        shop.sink.wait_for(taken, QUIET);
    }
    let (events, missed) = until_seen(&consoles, &posted);
    std::thread::sleep(REST);
    let memory_mb = [without.usage().resident_mb, with.usage().resident_mb];
    let lost = [
        taken[0] - without.sink.log().answers.len(),
        taken[1] - with.sink.log().answers.len(),
    ];
    let seen = consoles.seen();
    Ok(ScreensReport {
        page_bytes,
        page,
        page_under_load,
        event: latency(events.into_iter()),
        marks: posted.len(),
        missed,
        resyncs: seen.resyncs,
        events: seen.events,
        event_bytes: seen.bytes,
        ended: seen.ended.clone(),
        webhook: latencies.map(|all| latency(all.into_iter())),
        lost,
        memory_mb,
        cpu_s_per_1000: cpu_s.map(|seconds| seconds * 1_000.0 / wanted.messages.max(1) as f64),
        wanted,
    })
}

/// A daemon, its WAHA and its customers.
struct Shop {
    daemon: Daemon,
    sink: Sink,
    requests: Vec<Vec<u8>>,
}

impl Shop {
    fn start(wanted: &Wanted, arguments: &[String], door: Option<&ConsoleDoor>) -> Result<Self> {
        let traffic = Arc::new(Traffic::new(wanted.messages, wanted.chats));
        let sink = Sink::start(traffic.clone(), Duration::ZERO)?;
        // A worker for each customer who is served, and some for those who are only handed over.
        let workers = wanted.chats + 50;
        let settings = [
            ("WAHA_URL", sink.url().to_owned()),
            ("WAHA_API_KEY", "load".to_owned()),
            ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
            ("WORKERS", workers.to_string()),
            ("PACING", "off".to_owned()),
        ];
        let mut daemon = Daemon::new(settings, arguments.to_vec())?;
        let sorted = FLOW.replacen("next = \"echo\"", "next = \"sort\"", 1);
        let flow = daemon.write("flow.toml", &format!("{sorted}{SORTING}"))?;
        daemon.set("FLOW_FILE", flow.display().to_string());
        if let Some(door) = door {
            daemon.set("CONSOLE_LISTEN", door.address());
        }
        daemon.start()?;
        let requests = traffic.requests(daemon.address(), SECRET);
        Ok(Self {
            daemon,
            sink,
            requests,
        })
    }

    /// The watched customers come first, then all the others who wait.
    fn fill(&self, waiting: usize) -> Result<()> {
        let poster = Poster::new(&self.daemon.url(), SECRET);
        for customer in 0..WATCHED {
            poster.post(&watched(customer, WAITS))?;
        }
        self.until_waiting(WATCHED)?;
        let others = (WATCHED..waiting).map(|number| {
            let event = webhook::message(
                "default",
                &bystander(number),
                &format!("Customer {number}"),
                WAITS,
            );
            webhook::request(self.daemon.address(), SECRET, &event)
        });
        let volley = Volley {
            address: self.daemon.address(),
            requests: others.collect(),
            connections: 16,
            rate: Some(FILL_RATE),
        };
        if volley.fire()?.iter().any(|shot| shot.taken.is_none()) {
            return Err("a webhook was not accepted while the line filled".into());
        }
        self.until_waiting(waiting.max(WATCHED))
    }

    /// Until this many wait for a person, and all is in the history.
    fn until_waiting(&self, waiting: usize) -> Result<()> {
        let deadline = Instant::now() + 6 * PATIENCE;
        let all = format!("waha_sm_waiting_for_person{{session=\"default\"}} {waiting}");
        loop {
            let metrics = ureq::get(format!("{}/metrics", self.daemon.url()))
                .call()?
                .body_mut()
                .read_to_string()?;
            let mut lines = metrics.lines();
            let archived = !metrics
                .lines()
                .any(|line| line.starts_with("waha_sm_archiver_entries{") && !line.ends_with(" 0"));
            if archived && lines.any(|line| line == all) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("the line did not fill to {waiting}:\n{metrics}").into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Posts these messages. Returns how long each took, and whether it was accepted.
    fn fire(&self, wanted: &Wanted, messages: Range<usize>) -> Result<Vec<(Duration, bool)>> {
        let volley = Volley {
            address: self.daemon.address(),
            requests: self.requests[messages].to_vec(),
            connections: wanted.connections,
            rate: Some(wanted.rate),
        };
        let shots = volley.fire()?;
        Ok(shots
            .iter()
            .map(|shot| {
                let end = shot.taken.unwrap_or_else(Instant::now);
                (end.duration_since(shot.intended), shot.taken.is_some())
            })
            .collect())
    }

    fn usage(&self) -> Usage {
        self.daemon
            .pid()
            .map_or_else(Usage::default, |pid| Usage::of(&pid.to_string()))
    }
}

/// The chat of somebody whom the sink does not follow.
fn bystander(number: usize) -> String {
    format!("{BYSTANDER}{:09}@c.us", 990_000_000 + number)
}

fn watched(customer: usize, text: &str) -> serde_json::Value {
    let name = format!("Watched {customer}");
    webhook::message("default", &bystander(customer), &name, text)
}

/// Posts marked messages, one by one, and notes when each was accepted.
struct Marking {
    over: Arc<AtomicBool>,
    posting: JoinHandle<std::result::Result<Vec<Instant>, String>>,
}

impl Marking {
    fn start(url: String, first: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let flag = over.clone();
        let posting = std::thread::spawn(move || {
            let poster = Poster::new(&url, SECRET);
            let mut accepted = Vec::new();
            let mut next = Instant::now();
            while !flag.load(Ordering::Relaxed) {
                let message = first + accepted.len();
                let text = format!("Is somebody there? {}", mark(message));
                match poster.post(&watched(message % WATCHED, &text)) {
                    Ok((200, _)) => accepted.push(Instant::now()),
                    Ok((status, answer)) => return Err(format!("{status}: {answer}")),
                    Err(error) => return Err(error.to_string()),
                }
                next += MARK_INTERVAL;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            Ok(accepted)
        });
        Self { over, posting }
    }

    fn stop(self) -> Result<Vec<Instant>> {
        self.over.store(true, Ordering::Relaxed);
        let accepted = self.posting.join().map_err(|_| "posting panicked")?;
        Ok(accepted?)
    }
}

/// Waits until each mark is on each screen. Returns how long each took, and how many never came.
fn until_seen(consoles: &Consoles, posted: &[Instant]) -> (Vec<Duration>, usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (took, missed) = seen(consoles, posted);
        if missed == 0 || Instant::now() > deadline {
            return (took, missed);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn seen(consoles: &Consoles, posted: &[Instant]) -> (Vec<Duration>, usize) {
    let (mut took, mut missed) = (Vec::new(), 0);
    for at in &consoles.seen().at {
        // A row shows only the last words: who sees a later message of this customer has seen the earlier ones too.
        let mut soonest = [None::<Instant>; WATCHED];
        for (message, accepted) in posted.iter().enumerate().rev() {
            let soonest = &mut soonest[message % WATCHED];
            *soonest = match (*soonest, at.get(&message)) {
                (Some(later), Some(this)) => Some(later.min(*this)),
                (one, other) => one.or(other.copied()),
            };
            match *soonest {
                Some(at) => took.push(at.saturating_duration_since(*accepted)),
                None => missed += 1,
            }
        }
    }
    (took, missed)
}

/// Loads the page of the line so often. Returns its bytes and how long it took.
fn pages(address: SocketAddr, token: &str, count: usize) -> Result<(usize, Latency)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut bytes, mut took) = (0, Vec::new());
    for _ in 0..count {
        let began = Instant::now();
        let page = runtime.block_on(load_page(address, token, "/line"));
        let page = page.map_err(|error| error.to_string())?;
        took.push(began.elapsed());
        bytes = page.bytes.max(bytes);
    }
    Ok((bytes, latency(took.into_iter())))
}

/// Loads it now and then while there is load.
fn load_pages_until(
    address: SocketAddr,
    token: String,
    wanted: Arc<AtomicBool>,
) -> JoinHandle<std::result::Result<Latency, String>> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let mut took = Vec::new();
        while wanted.load(Ordering::Relaxed) {
            let began = Instant::now();
            runtime
                .block_on(load_page(address, &token, "/line"))
                .map_err(|error| error.to_string())?;
            took.push(began.elapsed());
            std::thread::sleep(PAGE_INTERVAL);
        }
        Ok(latency(took.into_iter()))
    })
}

impl ScreensReport {
    /// Whether everything was accepted and answered, and seen on every screen.
    pub(crate) fn clean(&self) -> bool {
        self.missed + self.lost[0] + self.lost[1] + self.ended.len() == 0
    }
}

impl fmt::Display for ScreensReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted {
            consoles,
            waiting,
            messages,
            rate,
            ..
        } = self.wanted;
        writeln!(
            f,
            "{consoles} consoles, {waiting} waiting for a person; {messages} webhooks at {rate}/s, with and without consoles in turns\n"
        )?;
        let Self { marks, missed, .. } = self;
        writeln!(
            f,
            "{marks} messages followed to {consoles} screens: {missed} missed; {} reloads, {} events, {} KB",
            self.resyncs,
            self.events,
            self.event_bytes / 1_000
        )?;
        for ended in &self.ended {
            writeln!(f, "  {ended}")?;
        }
        let [lost_without, lost_with] = self.lost;
        writeln!(
            f,
            "replies lost: {lost_without} without consoles, {lost_with} with\n"
        )?;
        writeln!(f, "latency, ms                    p50       p99       max")?;
        writeln!(f, "message to screen        {}", self.event)?;
        writeln!(f, "webhook without consoles {}", self.webhook[0])?;
        writeln!(f, "webhook with consoles    {}", self.webhook[1])?;
        writeln!(f, "page of the line         {}", self.page)?;
        writeln!(f, "  the same under load    {}\n", self.page_under_load)?;
        writeln!(f, "page of the line: {} bytes", self.page_bytes)?;
        let [without, with] = self.memory_mb;
        writeln!(
            f,
            "memory of the daemon: {without:.0} MiB without consoles, {with:.0} MiB with"
        )?;
        let [without, with] = self.cpu_s_per_1000;
        write!(
            f,
            "its CPU: {without:.2} s per 1,000 messages without consoles, {with:.2} with"
        )
    }
}
