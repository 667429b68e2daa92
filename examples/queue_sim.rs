//! Days of a line in simulated time: how far the estimated waits were off, and how many notices each customer got.
//!
//!     cargo run --release --example queue_sim
//!     cargo run --release --example queue_sim -- --seeds 100 --first-seed 7
//!
//! Customers arrive, are served by workers or attended by people, and give up at random. Their notices follow the announcer's rules and its formula for
//! estimates. Exit code 1 if, on a kind of day, fewer than 80 % of the customers with an estimate got a right one (within
//! 30 % or 2 minutes), or the median of notices is above four, or two notices came within a minute (except "you are
//! next").

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

use clap::Parser as _;

use queue_day::{Account, Kind, Wait, pass, people};

#[path = "support/queue_day.rs"]
#[allow(unreachable_pub, reason = "for the tests too")]
mod queue_day;

/// Simulates days of a line, and checks the estimates and notices
#[derive(clap::Parser)]
#[command(
    name = "queue_sim",
    after_help = "Example: cargo run --release --example queue_sim -- --seeds 100\n\
                  Exit code 1 if a kind of day misses a goal: 80 % right, no two notices within a minute, median of four."
)]
struct Args {
    /// The number of days of each kind
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The seed of the first day
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    println!(
        "{:<14} {:>6} {:>9} {:>6} {:>6} {:>10} {:>8} {:>14} {:>6}",
        "day", "waits", "estimated", "right", "all", "median off", "longest", "notices", "hasty"
    );
    let mut good = true;
    for kind in Kind::ALL {
        good &= show(kind.name(), &args, |seed| pass(kind, seed));
    }
    for kind in people::Kind::ALL {
        good &= show(kind.name(), &args, |seed| people::pass(kind, seed));
    }
    println!(
        "right: the first estimate was right within 30 % or 2 minutes; all: the same for every estimate"
    );
    ExitCode::from(u8::from(!good))
}

/// Simulates days of one kind, and prints their line of the table. Returns whether they meet the goals.
fn show(name: &str, args: &Args, day: impl Fn(u64) -> Vec<Wait>) -> bool {
    let mut waits: Vec<Wait> = Vec::new();
    let mut worst = 1.0_f64;
    for seed in 0..args.seeds.max(1) {
        let day = day(args.first_seed.wrapping_add(seed));
        worst = worst.min(Account::of(&day).right);
        waits.extend(day);
    }
    let account = Account::of(&waits);
    let (middle, most) = account.notices;
    println!(
        "{name:<14} {:>6} {:>9} {:>5.1}% {:>5.1}% {:>6.1} min {:>4.0} min {:>14} {:>6}  worst day {:.1}%{}",
        account.waits,
        account.estimated,
        100.0 * account.right,
        100.0 * account.right_of_all,
        account.median_off,
        account.longest,
        format!("{middle}, at most {most}"),
        account.hasty,
        100.0 * worst,
        if account.is_good() { "" } else { "  MISSED" },
    );
    account.is_good()
}
