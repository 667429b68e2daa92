//! Minutes of load while everything fails: daemons and Redis are killed, connections cut, bells lost, and
//! WAHA fails in every way it can, while agents take customers, answer them, give them away and leave. In the end every message
//! is accounted for.
//!
//!     cargo run --release --example soak
//!     cargo run --release --example soak -- --seconds 600 --seed 42
//!     cargo run --release --example soak -- --redis cluster --seconds 600   or sentinel: nodes fail, too, and slots move
//!
//! First with `all`, then with `serve` and two `work`; each with its own Redis (`redis-server` on PATH) and a fake WAHA.
//! The seed decides what fails and when, as far as a busy machine allows. Exit code 1 if a message was lost, answered
//! twice, answered in the wrong order, is stuck, or is missing or doubled in the history.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser as _, ValueEnum};

use fake_waha::{Echo, Engine};
use soak::account::{Account, Rest};
use soak::faults::{Choice, FaultRun, supervise};
use soak::redis::RedisKind;
use soak::report::{self, Outcome};
use soak::world::{Layout, RedisSetup, WahaSetup, World};

#[allow(dead_code, reason = "for demo.rs and load.rs too")]
#[path = "support/daemon.rs"]
mod daemon;
#[allow(dead_code, unreachable_pub, reason = "for the tests and demo.rs too")]
#[path = "support/fake_waha.rs"]
mod fake_waha;
#[allow(dead_code, unused_imports, reason = "for the tests and load.rs too")]
#[path = "support/redis_nodes.rs"]
mod redis_nodes;
#[path = "support/soak/mod.rs"]
mod soak;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/usage.rs"]
mod usage;
#[allow(dead_code, unreachable_pub, reason = "for the tests and demo.rs too")]
#[path = "support/webhook.rs"]
mod webhook;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/wire.rs"]
mod wire;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The part of the time with faults; the rest is for recovery.
const FAULT_SHARE: f64 = 0.75;
/// How long recovery may take after the last fault: the longest wait between two tries (30 s, varied by half), the
/// silence after which a process counts as dead, and a repeat by WAHA, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(75);
/// If nothing was left to do for this long, missing answers are lost.
const QUIET: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs a daemon under load while everything around it fails, and checks every message.
#[derive(clap::Parser)]
#[command(name = "soak")]
struct Args {
    /// Length in seconds; recovery may take longer
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages per second
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Customers that write, in two sessions
    #[arg(long, default_value_t = 200)]
    chats: usize,
    /// The seed for what fails and when [default: a new one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Which processes run
    #[arg(long, value_enum, default_value = "both")]
    layout: Layouts,
    /// The Redis that it runs on. A Cluster has three masters with a replica each, a Sentinel group a primary and two
    /// replicas; masters are killed, frozen and cut off, replicas take over, and slots move
    #[arg(long, value_enum, default_value = "single")]
    redis: RedisKind,
    /// With a Cluster or Sentinel: without `min-replicas-to-write 1`, so that a failover may lose the last writes. What that does
    /// is counted; it is wrong only outside of the second around a failover
    #[arg(long)]
    unsafe_replication: bool,
    /// With a Cluster or Sentinel: how many replicas must have a write before it counts (`min-replicas-to-write`, and
    /// `ACK_REPLICAS` if it is given). With Sentinel only 2, all of them, keeps what a failover could lose
    #[arg(long, value_name = "NUMBER", conflicts_with = "unsafe_replication")]
    ack_replicas: Option<u8>,
    /// The WAHA engine that is imitated [default: chosen by the seed]
    #[arg(long, value_enum)]
    engine: Option<EngineName>,
    /// Leave out faults whose names contain this, e.g. "redis", "kill", "after sending"; may be repeated
    #[arg(long)]
    without: Vec<String>,
    /// Also freeze processes until they count as dead, and resume them. A reply that such a process was sending may
    /// come twice; nothing can prevent that
    #[arg(long)]
    freeze: bool,
    /// Keep the directory with logs, data and Redis' files; by default it is kept only if something went wrong
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layouts {
    All,
    Split,
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    Webjs,
    Noweb,
    Gows,
}

fn main() -> ExitCode {
    if let Some(code) = daemon::be_the_daemon() {
        return code;
    }
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("The soak failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all runs were clean.
fn run(args: &Args) -> Result<bool> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!(
        "soak --seed {seed}: {} s, {} messages/s of {} customers\n",
        args.seconds, args.rate, args.chats
    );
    let mut place = tempfile::Builder::new().prefix("waha-sm-soak-").tempdir()?;
    place.disable_cleanup(true);
    let layouts = match args.layout {
        Layouts::All => vec![Layout::All],
        Layouts::Split => vec![Layout::Split],
        Layouts::Both => vec![Layout::All, Layout::Split],
    };
    let time = Duration::from_secs(args.seconds) / layouts.len() as u32;
    let mut clean = true;
    for layout in layouts {
        let directory = place.path().join(format!("{layout:?}").to_lowercase());
        std::fs::create_dir(&directory)?;
        let outcome = run_layout(args, layout, seed, time, &directory)?;
        println!("{outcome}");
        std::fs::write(directory.join("troubles.txt"), outcome.troubles())?;
        std::fs::write(directory.join("faults.txt"), outcome.faults())?;
        clean &= outcome.is_clean();
    }
    if args.keep || !clean {
        println!("Logs and data: {}", place.path().display());
    } else {
        place.disable_cleanup(false);
    }
    Ok(clean)
}

/// Runs one layout with faults, and then waits for recovery.
fn run_layout(
    args: &Args,
    layout: Layout,
    seed: u64,
    time: Duration,
    place: &Path,
) -> Result<Outcome> {
    let mut chance = fastrand::Rng::with_seed(seed ^ layout as u64);
    let drawn = [EngineName::Webjs, EngineName::Noweb, EngineName::Gows][chance.usize(..3)];
    let waha_setup = WahaSetup {
        engine: match args.engine.unwrap_or(drawn) {
            EngineName::Webjs => Engine::Webjs,
            EngineName::Noweb => Engine::Noweb,
            EngineName::Gows => Engine::Gows,
        },
        echo: [None, Some(Echo::Before), Some(Echo::After)][chance.usize(..3)],
    };
    let choice = Choice {
        without: args.without.clone(),
        freeze: args.freeze,
    };
    let redis = RedisSetup {
        kind: args.redis,
        min_replicas: match args.unsafe_replication {
            true => 0,
            false => args.ack_replicas.unwrap_or(1),
        },
        ack_replicas: args.ack_replicas.unwrap_or(0),
    };
    let mut world = World::new(layout, waha_setup, redis, args.chats, place)?;
    let customers = world.customers(args.chats, args.rate, chance.u64(..))?;
    let agents = world.agents(args.chats, chance.u64(..))?;
    let fault_run = FaultRun::new(chance.u64(..), choice, time.mul_f64(FAULT_SHARE));
    let periods = fault_run.run(&mut world)?;

    customers.fall_silent();
    agents.give_back();
    let calm = Instant::now();
    let answered = |world: &World| {
        let received = customers.written().len();
        let answered = |sent: &[fake_waha::Sent], _: &[_]| {
            let mut texts: Vec<_> = sent.iter().map(|sent| &sent.text).collect();
            texts.sort();
            texts.dedup();
            (texts.len() >= received).then_some(())
        };
        world.waha.wait_for(Duration::ZERO, answered).is_some()
    };
    let (mut well, mut idle_since) = (false, None);
    while !well && calm.elapsed() < PATIENCE {
        supervise(&mut world)?;
        std::thread::sleep(POLL_INTERVAL);
        idle_since = (customers.all_settled() && world.is_idle())
            .then(|| idle_since.unwrap_or_else(Instant::now));
        // If nothing is left to do, a missing answer will never come.
        well = idle_since.is_some_and(|since| answered(&world) || since.elapsed() > QUIET);
    }
    let became_well = calm.elapsed();
    let stuck = if well {
        Vec::new()
    } else {
        report::stuck(&world)
    };
    let written = customers.end();
    let agents = agents.end();
    let rest = Rest {
        waiting: world.waiting(),
        dead: world.dead(),
        history: world.history()?,
    };
    let mut not_stopped = Vec::new();
    for process in world.processes.iter_mut().rev() {
        if !process.stop()? {
            not_stopped.push(process.name.clone());
        }
    }
    Ok(Outcome {
        layout,
        waha_setup,
        redis,
        fault_time: time.mul_f64(FAULT_SHARE),
        became_well,
        account: Account::new(
            &written,
            &world.waha.sent(),
            &periods,
            &rest,
            args.unsafe_replication,
        ),
        agents,
        overlaps: world.waha.overlaps(),
        periods,
        stuck,
        not_stopped,
        processes: world.processes,
    })
}
