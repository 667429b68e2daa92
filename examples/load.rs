//! A load test of a daemon that it starts: signed webhooks in, echoes out. It prints latencies, throughput, cost, and the
//! number of replies that were lost, doubled or out of order.
//!
//!     cargo run --release --example load                              as fast as possible
//!     cargo run --release --example load -- --rate 200 --messages 6000
//!     cargo run --release --example load -- --rate 200 --messages 6000 --kill-after 10
//!     cargo run --release --example load -- --rate 200 --messages 6000 --idle 2000 --slow 500
//!     cargo run --release --example load -- --sessions 100 --round-trip 2ms  many sessions, and a network before Redis
//!     cargo run --release --example load -- --consoles 50             beside open consoles and a line of 10,000
//!     cargo run --release --example load -- --line                    beside a million customers who wait
//!     cargo run --release --example load -- --hostile                 a million forged and strange webhooks, then slow ones
//!
//! With a rate, a latency counts from when a webhook should have been sent, so that waiting for a slow daemon
//! counts too. Without a rate, each connection posts its next webhook as soon as the last one was answered: this measures
//! the throughput, and replies then mostly wait in the backlog. Exit code 1 if a webhook or a reply went wrong.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use clap::Parser as _;

use crowd::Crowd;
use daemon::Daemon;
use figures::{Cost, Figures, Report};
use redis_nodes::{Link, Node};
use screens::Wanted;
use sink::Sink;
use traffic::Traffic;
use usage::{Redis, Usage};
use volley::{Shot, Volley};

#[allow(dead_code, reason = "for demo.rs too")]
#[path = "support/console_door.rs"]
mod console_door;
#[path = "support/consoles.rs"]
mod consoles;
#[path = "support/crowd.rs"]
mod crowd;
#[allow(dead_code, reason = "for demo.rs too")]
#[path = "support/daemon.rs"]
mod daemon;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/long_line.rs"]
mod long_line;
#[allow(dead_code, unused_imports, reason = "for the tests and soak.rs too")]
#[path = "support/redis_nodes.rs"]
mod redis_nodes;
#[path = "support/screens.rs"]
mod screens;
#[path = "support/siege.rs"]
mod siege;
#[path = "support/sink.rs"]
mod sink;
#[path = "support/traffic.rs"]
mod traffic;
#[allow(dead_code, reason = "for sizing.rs too")]
#[path = "support/usage.rs"]
mod usage;
#[path = "support/volley.rs"]
mod volley;
#[allow(dead_code, unreachable_pub, reason = "for the tests and demo.rs too")]
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/wire.rs"]
mod wire;

/// How many PINGs measure the network.
const PINGS: usize = 101;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Every message gets one reply with the same words, so that each reply shows which message it answers.
const FLOW: &str = include_str!("flows/echo.toml");
const SECRET: &str = "a secret that only WAHA and waha-sm know";
/// If nothing came in for this long, missing replies are lost.
const QUIET: Duration = Duration::from_secs(10);
/// How long to wait for doubled replies. After a kill it is longer, because replies in flight are retried then.
const LINGER: Duration = Duration::from_millis(300);
const LINGER_AFTER_KILL: Duration = Duration::from_secs(2);

/// Posts signed webhooks to a daemon that it starts, and measures the replies.
#[derive(clap::Parser)]
#[command(name = "load")]
struct Args {
    /// Webhooks per second; without it, as fast as they are answered (hostile ones: 2,000; with consoles: 200)
    #[arg(long, value_parser = positive)]
    rate: Option<f64>,
    /// Connections that webhooks are posted over
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Chats that write, in turn
    #[arg(long, default_value_t = 1_000)]
    chats: usize,
    /// Sessions that the chats are spread over
    #[arg(long, default_value_t = 1)]
    sessions: usize,
    /// How long a round trip to Redis takes, e.g. `2ms`: a Redis of its own behind a link that delays each byte by half of
    /// it, without limiting how much is on its way
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "redis_url")]
    round_trip: Option<Duration>,
    /// Webhooks in total; they are signed beforehand and kept in memory (1.5 KB each)
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// The daemon's workers [default: as many as chats]
    #[arg(long)]
    workers: Option<usize>,
    /// How long WAHA takes for each reply
    #[arg(long, default_value_t = 0)]
    waha_delay_ms: u64,
    /// A Redis to use, with its own key prefix; without it the daemon runs a private one
    #[arg(long)]
    redis_url: Option<String>,
    /// Kill the daemon (-9) after this many seconds, and start it again at once
    #[arg(long, value_parser = positive)]
    kill_after: Option<f64>,
    /// Connections that stay open and send nothing
    #[arg(long, default_value_t = 0)]
    idle: usize,
    /// Connections that stay open and send one byte a second
    #[arg(long, default_value_t = 0)]
    slow: usize,
    /// Instead of all this: hostile webhooks, a third of them forged; then thousands of slow connections. Checks that nobody
    /// gets in, that memory stays flat, and that honest customers are served beside them
    #[arg(
        long,
        value_name = "NUMBER",
        num_args = 0..=1,
        default_missing_value = "1000000",
        conflicts_with_all = ["messages", "kill_after", "idle", "slow", "redis_url", "json", "sessions", "round_trip"]
    )]
    hostile: Option<usize>,
    /// Instead of all this: open consoles, and a long line. Measures how long a message takes to be on every screen, what the
    /// page of the line costs, and webhooks with and without consoles, in turns on two daemons (default rate: 200)
    #[arg(
        long,
        value_name = "NUMBER",
        num_args = 0..=1,
        default_missing_value = "50",
        value_parser = clap::value_parser!(u16).range(1..=400),
        conflicts_with_all = ["hostile", "kill_after", "idle", "slow", "redis_url", "json", "workers", "sessions", "round_trip"]
    )]
    consoles: Option<u16>,
    /// With consoles: how many customers wait for a person
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "consoles",
        default_value_t = 10_000
    )]
    waiting: usize,
    /// Instead of all this: a line of this many customers, and a short one. Measures webhooks and claims in both, also while the
    /// session stops and works again. A million need 2 GB of memory
    #[arg(
        long,
        value_name = "NUMBER",
        num_args = 0..=1,
        default_missing_value = "1000000",
        value_parser = clap::value_parser!(u32).range(1_000..=5_000_000),
        conflicts_with_all = ["hostile", "consoles", "kill_after", "idle", "slow", "redis_url", "json", "workers", "sessions", "round_trip"]
    )]
    line: Option<u32>,
    /// The seed of the hostile webhooks [default: a new one, which is printed]
    #[arg(long, requires = "hostile")]
    seed: Option<u64>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Further arguments for the daemon, as `waha-sm all` takes them
    #[arg(last = true)]
    daemon_args: Vec<String>,
}

fn positive(text: &str) -> std::result::Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "write a number".to_owned())?;
    if number > 0.0 && number.is_finite() {
        Ok(number)
    } else {
        Err("write a number above 0".to_owned())
    }
}

/// `2ms`, `0.5ms` or `1s`.
fn time(text: &str) -> std::result::Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|_| text.ends_with('s'))
        .ok_or_else(|| "write a time like 2ms".to_owned())
}

/// A Redis at the other end of a slow network.
struct FarRedis {
    node: Node,
    link: Link,
    /// Its files. After `node`: removed last.
    _place: tempfile::TempDir,
}

impl FarRedis {
    fn start(round_trip: Duration) -> Result<Self> {
        let place = tempfile::Builder::new().prefix("waha-sm-far-").tempdir()?;
        // As the private Redis has it.
        let arguments = ["--save", "", "--appendonly", "yes"];
        let node = redis_nodes::single(place.path(), &arguments)?;
        Ok(Self {
            link: Link::new(node.port(), round_trip)?,
            node,
            _place: place,
        })
    }

    /// Where it is, behind the link.
    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.link.port())
    }

    /// How long a PING takes: the median.
    fn round_trip_ms(&self) -> Result<f64> {
        let mut redis = Redis::at_url(&self.url())?;
        let mut times = Vec::new();
        for _ in 0..PINGS {
            let begun = Instant::now();
            redis.ping()?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        Ok(times[PINGS / 2].as_secs_f64() * 1_000.0)
    }
}

fn main() -> ExitCode {
    if let Some(code) = daemon::be_the_daemon() {
        return code;
    }
    let args = Args::parse();
    match load(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("The load failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every webhook was accepted and answered once, in order; or whether everything held against the hostile.
fn load(args: &Args) -> Result<bool> {
    if let Some(count) = args.hostile {
        let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        let rate = args.rate.unwrap_or(siege::HOSTILE_RATE);
        let report = siege::besiege(count, rate, seed, args.daemon_args.clone())?;
        println!("{report}");
        return Ok(report.faults().is_empty());
    }
    if let Some(consoles) = args.consoles {
        let wanted = Wanted {
            consoles: consoles.into(),
            waiting: args.waiting,
            messages: args.messages,
            chats: args.chats,
            connections: args.connections,
            rate: args.rate.unwrap_or(screens::RATE),
        };
        let report = screens::beside_consoles(wanted, &args.daemon_args)?;
        println!("{report}");
        return Ok(report.clean());
    }
    if let Some(waiting) = args.line {
        let report = long_line::measure(waiting as usize, &args.daemon_args)?;
        println!("{report}");
        return Ok(report.holds());
    }
    let traffic = Arc::new(Traffic::new(args.messages, args.chats).over(args.sessions));
    let far = args.round_trip.map(FarRedis::start).transpose()?;
    let url = match &far {
        Some(far) => far.url(),
        None => args.redis_url.clone().unwrap_or_default(),
    };
    let sink = Sink::start(traffic.clone(), Duration::from_millis(args.waha_delay_ms))?;
    let prefix = format!("waha-sm-load-{}:", std::process::id());
    let settings = [
        ("WAHA_URL", sink.url().to_owned()),
        ("WAHA_API_KEY", "load".to_owned()),
        ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
        ("WORKERS", args.workers.unwrap_or(args.chats).to_string()),
        ("PACING", "off".to_owned()),
        ("REDIS_URL", url),
        ("REDIS_PREFIX", prefix.clone()),
    ];
    let mut daemon = Daemon::new(settings, args.daemon_args.clone())?;
    let flow = daemon.write("echo.toml", FLOW)?;
    daemon.set("FLOW_FILE", flow.display().to_string());
    let report =
        run(args, &traffic, &sink, &mut daemon, far.as_ref()).map_err(|error| {
            match daemon.last_words() {
                words if words.is_empty() => error,
                words => format!("{error}\n\nThe end of the daemon's log:\n{words}").into(),
            }
        })?;
    daemon.stop()?;
    if let Some(url) = &args.redis_url
        && Redis::at_url(url)
            .and_then(|mut redis| redis.forget(&prefix))
            .is_err()
    {
        eprintln!("The keys that begin with {prefix} could not be removed from the Redis.");
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    let clean = report.figures.clean();
    let warnings = daemon.warnings();
    if !clean && !warnings.is_empty() {
        eprintln!("\nThe daemon's last warnings and errors:\n{warnings}");
    }
    Ok(clean)
}

fn run(
    args: &Args,
    traffic: &Traffic,
    sink: &Sink,
    daemon: &mut Daemon,
    far: Option<&FarRedis>,
) -> Result<Report> {
    let ready = daemon.start()?;
    let _crowd = Crowd::gather(daemon.address(), args.idle, args.slow)?;
    let volley = Volley {
        address: daemon.address(),
        requests: traffic.requests(daemon.address(), SECRET),
        connections: args.connections,
        rate: args.rate,
    };
    let mut redis = match (far, &args.redis_url) {
        // Not over the slow network: this is only for us.
        (Some(far), _) => Redis::at_url(&format!("redis://{}", far.node.address())),
        (None, Some(url)) => Redis::at_url(url),
        (None, None) => Redis::at_socket(&daemon.redis_socket()),
    }
    .ok();
    let round_trip_ms = far.map(FarRedis::round_trip_ms).transpose()?;
    let redis_before = redis.as_mut().and_then(|redis| redis.usage().ok());
    let (before, own_before) = (usage(daemon), Usage::of("self"));
    let started = Instant::now();
    let (shots, killed) = fire(volley, args, daemon, before)?;
    let expected = shots.iter().filter(|shot| shot.taken.is_some()).count();
    sink.wait_for(expected, QUIET);
    // Only waiting shows that nothing more comes.
    std::thread::sleep(if killed.is_some() {
        LINGER_AFTER_KILL
    } else {
        LINGER
    });

    let used = match &killed {
        Some(Killed { until_then, .. }) => usage(daemon).and(*until_then),
        None => usage(daemon).since(before),
    };
    let per_1000 = |seconds: f64| seconds * 1_000.0 / args.messages.max(1) as f64;
    let redis_after = redis.as_mut().and_then(|redis| redis.usage().ok());
    let redis_cpu = redis_before
        .zip(redis_after)
        .map(|(before, after)| after.1 - before.1);
    let killed = killed.map(|killed| killed.at);
    Ok(Report {
        load: describe(args),
        round_trip_ms,
        figures: Figures::new(traffic, started, &shots, &sink.log(), killed),
        cost: Cost {
            start_to_ready_s: ready.as_secs_f64(),
            daemon: used,
            daemon_cpu_s_per_1000: per_1000(used.cpu_s()),
            redis_cpu_s_per_1000: redis_cpu.map(per_1000),
            redis_memory_mb: redis_after.map(|after| after.0),
            load_cpu_s_per_1000: per_1000(Usage::of("self").since(own_before).cpu_s()),
        },
    })
}

/// The daemon that was killed, and its usage until then.
struct Killed {
    at: Instant,
    until_then: Usage,
}

/// Posts all webhooks, and kills the daemon meanwhile if the user wants that.
fn fire(
    volley: Volley,
    args: &Args,
    daemon: &mut Daemon,
    before: Usage,
) -> Result<(Vec<Shot>, Option<Killed>)> {
    let (to_us, posted) = mpsc::channel();
    let posting = std::thread::Builder::new()
        .name("volley".into())
        .spawn(move || {
            let shots = volley.fire();
            let _ = to_us.send(());
            shots
        })?;
    let mut killed = None;
    if let Some(after) = args.kill_after
        && posted.recv_timeout(Duration::from_secs_f64(after))
            == Err(mpsc::RecvTimeoutError::Timeout)
    {
        killed = Some(Killed {
            until_then: usage(daemon).since(before),
            at: Instant::now(),
        });
        daemon.kill()?;
        daemon.start()?;
    }
    let shots = posting.join().map_err(|_| "the posting panicked")??;
    if args.kill_after.is_some() && killed.is_none() {
        return Err("all webhooks were posted before the kill: kill earlier, or post more".into());
    }
    Ok((shots, killed))
}

fn usage(daemon: &Daemon) -> Usage {
    daemon
        .pid()
        .map_or_else(Usage::default, |pid| Usage::of(&pid.to_string()))
}

fn describe(args: &Args) -> String {
    let pace = args.rate.map_or_else(
        || "as fast as possible".to_owned(),
        |rate| format!("{rate}/s"),
    );
    let kill = args
        .kill_after
        .map_or_else(String::new, |after| format!(", killed after {after} s"));
    let workers = args.workers.unwrap_or(args.chats);
    let Args {
        messages,
        chats,
        sessions,
        connections,
        idle,
        slow,
        ..
    } = args;
    let sessions = match sessions {
        0 | 1 => String::new(),
        sessions => format!(" in {sessions} sessions"),
    };
    let crowd = if idle + slow == 0 {
        String::new()
    } else {
        format!(", beside {idle} idle and {slow} slow connections")
    };
    format!(
        "{messages} webhooks of {chats} chats{sessions} over {connections} connections, {pace}{kill}{crowd}; {workers} workers"
    )
}
