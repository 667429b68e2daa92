//! The results of a load test: figures from the posted webhooks and the replies, for people and for programs.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::sink::Log;
use super::traffic::Traffic;
use super::usage::Usage;
use super::volley::Shot;

/// How many replies of each kind are listed one by one.
const SHOWN: usize = 10;

/// In milliseconds.
#[derive(Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

/// Webhooks and replies.
#[derive(Serialize)]
pub(crate) struct Figures {
    taken: usize,
    repeated: usize,
    /// Never accepted, even after all repeats.
    refused: usize,
    webhooks_per_second: f64,
    answered_per_second: f64,
    lost: usize,
    doubled: usize,
    out_of_order: usize,
    /// Texts that are no echo of a message of their chat.
    wrong: Vec<String>,
    webhook: Latency,
    webhook_to_reply: Latency,
    /// For each doubled reply, how long before the kill WAHA took it first, in milliseconds; negative: after it.
    doubled_before_kill_ms: Vec<f64>,
}

/// The cost. What grows with the messages is given per 1,000.
#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) start_to_ready_s: f64,
    pub(crate) daemon: Usage,
    pub(crate) daemon_cpu_s_per_1000: f64,
    pub(crate) redis_cpu_s_per_1000: Option<f64>,
    pub(crate) redis_memory_mb: Option<f64>,
    pub(crate) load_cpu_s_per_1000: f64,
}

/// The whole report.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) load: String,
    /// How long a PING took over the slowed network to Redis, before the load: the median.
    pub(crate) round_trip_ms: Option<f64>,
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
            wrong: log.wrong.clone(),
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

    /// Whether every message was accepted, and answered once, in order.
    pub(crate) fn clean(&self) -> bool {
        self.refused + self.lost + self.doubled + self.out_of_order + self.wrong.len() == 0
    }
}

/// The number of replies that came after the reply to a later message of their chat. A message is later if it was first
/// sent after the other was accepted; messages in flight at the same time have no order.
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

pub(crate) fn latency(all: impl Iterator<Item = Duration>) -> Latency {
    // Cannot fail: from a microsecond to an hour, to three digits.
    let Ok(mut histogram) = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3) else {
        return Latency {
            p50_ms: 0.0,
            p99_ms: 0.0,
            max_ms: 0.0,
        };
    };
    for one in all {
        histogram.saturating_record(u64::try_from(one.as_micros()).unwrap_or(u64::MAX));
    }
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    Latency {
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        max_ms: histogram.max() as f64 / 1_000.0,
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

/// How many milliseconds before `then` this was; negative: after it.
fn signed_ms(at: Instant, then: Instant) -> f64 {
    let before = then.saturating_duration_since(at).as_secs_f64();
    let after = at.saturating_duration_since(then).as_secs_f64();
    (before - after) * 1_000.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            load,
            round_trip_ms,
            figures,
            cost,
        } = self;
        let Figures {
            taken,
            repeated,
            refused,
            lost,
            doubled,
            out_of_order,
            ..
        } = figures;
        let (webhooks, answers) = (figures.webhooks_per_second, figures.answered_per_second);
        let wrong = figures.wrong.len();
        writeln!(f, "{load}; ready after {:.2} s", cost.start_to_ready_s)?;
        match round_trip_ms {
            Some(ms) => writeln!(f, "network   a PING to Redis takes {ms:.2} ms\n")?,
            None => writeln!(f)?,
        }
        let after_repeats = repeated.saturating_sub(*refused);
        let counts =
            format!("{taken} accepted, {after_repeats} of them after repeats; {refused} never");
        writeln!(f, "webhooks  {webhooks:>8.0}/s  {counts}")?;
        let counts =
            format!("{lost} lost, {doubled} doubled, {out_of_order} out of order, {wrong} wrong");
        writeln!(f, "answered  {answers:>8.0}/s  {counts}")?;
        for before in figures.doubled_before_kill_ms.iter().take(SHOWN) {
            writeln!(
                f,
                "          doubled: WAHA took it first {before:.1} ms before the kill"
            )?;
        }
        for text in figures.wrong.iter().take(SHOWN) {
            writeln!(f, "          wrong: {text}")?;
        }
        writeln!(f, "\nlatency, ms            p50       p99       max")?;
        writeln!(f, "webhook          {}", figures.webhook)?;
        writeln!(f, "webhook to reply {}\n", figures.webhook_to_reply)?;
        let (cpu, per) = (cost.daemon_cpu_s_per_1000, "s per 1,000 messages");
        let memory = format!(
            "{:.0} MiB, peak {:.0} MiB",
            cost.daemon.resident_mb, cost.daemon.peak_mb
        );
        writeln!(f, "daemon    CPU {cpu:.2} {per}; memory {memory}")?;
        if let (Some(cpu), Some(memory)) = (cost.redis_cpu_s_per_1000, cost.redis_memory_mb) {
            writeln!(f, "redis     CPU {cpu:.2} {per}; memory {memory:.0} MiB")?;
        }
        let cpu = cost.load_cpu_s_per_1000;
        write!(f, "load test CPU {cpu:.2} {per}, on the same cores")
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            p50_ms,
            p99_ms,
            max_ms,
        } = self;
        write!(f, "{p50_ms:>9.2} {p99_ms:>9.2} {max_ms:>9.2}")
    }
}
