//! What a load came to: figures out of what was posted and what came back, for people and for programs.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::sink::Log;
use super::traffic::Traffic;
use super::usage::Usage;
use super::volley::Shot;

/// Doubled replies that are told one by one.
const DOUBLED_SHOWN: usize = 10;

/// In milliseconds.
#[derive(Serialize)]
pub(crate) struct Latency {
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Webhooks and replies.
#[derive(Serialize)]
pub(crate) struct Figures {
    taken: usize,
    repeated: usize,
    /// Never taken, however often they were repeated.
    refused: usize,
    webhooks_per_second: f64,
    answered_per_second: f64,
    lost: usize,
    doubled: usize,
    out_of_order: usize,
    /// Replies to nothing, or to another chat.
    astray: usize,
    webhook: Latency,
    webhook_to_reply: Latency,
    /// For each doubled reply, how long before the kill it was taken first, in milliseconds; negative: after it.
    doubled_before_kill_ms: Vec<f64>,
}

/// What it took, per 1,000 messages where it adds up.
#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) start_to_ready_s: f64,
    pub(crate) daemon: Usage,
    pub(crate) daemon_cpu_s_per_1000: f64,
    pub(crate) redis_cpu_s_per_1000: Option<f64>,
    pub(crate) redis_memory_mb: Option<f64>,
    pub(crate) load_cpu_s_per_1000: f64,
}

/// All of it.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) load: String,
    pub(crate) figures: Figures,
    pub(crate) cost: Cost,
}

impl Figures {
    pub(crate) fn new(
        traffic: &Traffic,
        started: Instant,
        shots: &[Shot],
        log: &Log,
        killed: Option<Instant>,
    ) -> Self {
        let taken: Vec<_> = shots
            .iter()
            .filter_map(|shot| Some((shot, shot.taken?)))
            .collect();
        let replies = taken
            .iter()
            .filter_map(|(shot, _)| Some((shot, log.answered_at[shot.message]?)));
        let webhooks_end = taken.iter().map(|(_, taken)| *taken).max();
        let replies_end = log.answers.last().map(|(_, at)| *at);
        let doubled_before_kill_ms = killed.map_or_else(Vec::new, |killed| {
            let first = log
                .doubled
                .iter()
                .filter_map(|(message, _)| log.answered_at[*message]);
            first.map(|first| signed_ms(first, killed)).collect()
        });
        Self {
            taken: taken.len(),
            repeated: shots.iter().filter(|shot| shot.failures > 0).count(),
            refused: shots.len() - taken.len(),
            webhooks_per_second: per_second(taken.len(), started, webhooks_end),
            answered_per_second: per_second(log.answers.len(), started, replies_end),
            lost: taken.len() - replies.clone().count(),
            doubled: log.doubled.len(),
            out_of_order: out_of_order(traffic, shots, log),
            astray: log.astray,
            webhook: latency(
                taken
                    .iter()
                    .map(|(shot, taken)| taken.duration_since(shot.intended)),
            ),
            webhook_to_reply: latency(
                replies.map(|(shot, at)| at.saturating_duration_since(shot.intended)),
            ),
            doubled_before_kill_ms,
        }
    }

    /// Every message was taken, and answered once, in order.
    pub(crate) fn clean(&self) -> bool {
        self.refused + self.lost + self.doubled + self.out_of_order + self.astray == 0
    }
}

/// Replies that came after the reply to a later message of their chat; later is what was first sent after the
/// other was taken (what is on its way at the same time has no order).
fn out_of_order(traffic: &Traffic, shots: &[Shot], log: &Log) -> usize {
    let shots: HashMap<_, _> = shots.iter().map(|shot| (shot.message, shot)).collect();
    let mut last_sent: HashMap<usize, Instant> = HashMap::new();
    let answered = log
        .answers
        .iter()
        .filter_map(|(message, _)| shots.get(message));
    answered
        .filter(|shot| {
            let last_sent = last_sent
                .entry(traffic.chat(shot.message))
                .or_insert(shot.sent);
            let overtaken = shot.taken.is_some_and(|taken| taken < *last_sent);
            *last_sent = shot.sent.max(*last_sent);
            overtaken
        })
        .count()
}

fn latency(all: impl Iterator<Item = Duration>) -> Latency {
    let mut histogram = Histogram::<u64>::new(3).ok();
    for one in all {
        if let Some(histogram) = &mut histogram {
            histogram.saturating_record(u64::try_from(one.as_micros()).unwrap_or(u64::MAX));
        }
    }
    let at = |quantile| {
        histogram.as_ref().map_or(0.0, |histogram| {
            histogram.value_at_quantile(quantile) as f64 / 1_000.0
        })
    };
    Latency {
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: at(1.0),
    }
}

fn per_second(count: usize, started: Instant, end: Option<Instant>) -> f64 {
    let seconds = end.map_or(0.0, |end| {
        end.saturating_duration_since(started).as_secs_f64()
    });
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}

/// How long before `then` this was.
fn signed_ms(at: Instant, then: Instant) -> f64 {
    let before = then.saturating_duration_since(at).as_secs_f64();
    let after = at.saturating_duration_since(then).as_secs_f64();
    (before - after) * 1_000.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            load,
            figures,
            cost,
        } = self;
        writeln!(f, "{load}; ready after {:.2} s\n", cost.start_to_ready_s)?;
        write!(
            f,
            "webhooks  {:>8.0}/s  {} taken",
            figures.webhooks_per_second, figures.taken
        )?;
        writeln!(
            f,
            ", {} of them after repeats; {} never",
            figures.repeated.saturating_sub(figures.refused),
            figures.refused
        )?;
        write!(
            f,
            "answered  {:>8.0}/s  {} lost, {} doubled",
            figures.answered_per_second, figures.lost, figures.doubled
        )?;
        writeln!(
            f,
            ", {} out of order, {} astray\n",
            figures.out_of_order, figures.astray
        )?;
        for before in figures.doubled_before_kill_ms.iter().take(DOUBLED_SHOWN) {
            writeln!(
                f,
                "          doubled: WAHA took it first {before:.1} ms before the kill"
            )?;
        }
        writeln!(f, "latency, ms            p50       p99       max")?;
        for (name, latency) in [
            ("webhook", &figures.webhook),
            ("webhook to reply", &figures.webhook_to_reply),
        ] {
            let Latency {
                p50_ms,
                p99_ms,
                max_ms,
            } = latency;
            writeln!(f, "{name:16} {p50_ms:>9.2} {p99_ms:>9.2} {max_ms:>9.2}")?;
        }
        let Usage {
            user_s,
            system_s,
            resident_mb,
            peak_mb,
        } = cost.daemon;
        write!(
            f,
            "\ndaemon    CPU {:.2} s per 1,000 messages ",
            cost.daemon_cpu_s_per_1000
        )?;
        writeln!(
            f,
            "({user_s:.2} user + {system_s:.2} system in all); memory {resident_mb:.0} MiB, peak {peak_mb:.0} MiB"
        )?;
        if let (Some(cpu), Some(memory)) = (cost.redis_cpu_s_per_1000, cost.redis_memory_mb) {
            writeln!(
                f,
                "redis     CPU {cpu:.2} s per 1,000 messages; memory {memory:.0} MiB"
            )?;
        }
        write!(
            f,
            "this load CPU {:.2} s per 1,000 messages, on the same cores",
            cost.load_cpu_s_per_1000
        )
    }
}
