//! The report of a soak, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::account::{Account, clock};
use super::agents::Counts;
use super::customers::SESSIONS;
use super::faults::FaultPeriod;
use super::processes::Process;
use super::redis::RedisKind;
use super::world::{Layout, RedisSetup, WahaSetup, World};
use crate::fake_waha::Echo;

/// The number of problems of each kind that are listed one by one.
const SHOWN: usize = 5;

/// The results of one layout.
pub(crate) struct Outcome {
    pub(crate) layout: Layout,
    pub(crate) waha_setup: WahaSetup,
    pub(crate) redis: RedisSetup,
    pub(crate) fault_time: Duration,
    /// How long recovery took after the last fault, or how long we waited for it.
    pub(crate) became_well: Duration,
    pub(crate) account: Account,
    /// What the agents did.
    pub(crate) agents: Counts,
    /// How often two requests to send to one chat were in flight at once.
    pub(crate) overlaps: usize,
    pub(crate) periods: Vec<FaultPeriod>,
    /// Work that was not finished.
    pub(crate) stuck: Vec<String>,
    /// Processes that did not stop cleanly.
    pub(crate) not_stopped: Vec<String>,
    pub(crate) processes: Vec<Process>,
}

impl Outcome {
    /// Everything that is wrong, one per line.
    pub(crate) fn troubles(&self) -> String {
        let lines = self.account.troubles.iter().chain(&self.stuck);
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// Each fault, when it began and how long it lasted, one per line.
    pub(crate) fn faults(&self) -> String {
        let line = |period: &FaultPeriod| {
            let lasted = period.to.duration_since(period.from).as_secs_f64();
            format!(
                "{} for {lasted:.3} s: {}\n",
                clock(period.from),
                period.name
            )
        };
        self.periods.iter().map(line).collect()
    }

    /// Whether nothing is lost, doubled, out of order or stuck, the history is complete, and no process ended by itself.
    pub(crate) fn is_clean(&self) -> bool {
        self.account.is_clean()
            && self.stuck.is_empty()
            && self.not_stopped.is_empty()
            && self
                .processes
                .iter()
                .all(|process| process.ended_by_itself.is_empty())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account {
            written,
            received,
            posts,
            failures,
            handled,
            waiting,
            dead,
            dropped,
            slowest,
            lost,
            refused,
            doubled,
            doubled_under_one_id,
            doubled_by_cause,
            out_of_order,
            wrong,
            history_missing,
            history_doubled,
            rolled_back,
            troubles,
            ..
        } = &self.account;
        let processes = match self.layout {
            Layout::All => "all",
            Layout::Split => "serve, work, work",
        };
        let echo = match self.waha_setup.echo {
            None => "no echoes",
            Some(Echo::Before) => "echoes before the answer",
            Some(Echo::After) => "echoes after the answer",
        };
        let engine = self.waha_setup.engine.name();
        let redis = match self.redis.kind {
            RedisKind::Single => "",
            RedisKind::Cluster => "Redis Cluster; ",
            RedisKind::Sentinel => "Redis with Sentinel; ",
        };
        let (faults, well) = (
            self.fault_time.as_secs_f64(),
            self.became_well.as_secs_f64(),
        );
        writeln!(
            f,
            "{processes}; {redis}{engine}, {echo}; faults for {faults:.0} s, idle {well:.1} s later"
        )?;
        writeln!(
            f,
            "  written {written}, received {received} = handled {handled} + dropped as an agent took over {dropped} + waiting {waiting} \
             + dead {dead} + lost {lost}"
        )?;
        writeln!(
            f,
            "  posts {posts}, of which {failures} failed; slowest reply {:.1} s; overlapping requests {}",
            slowest.as_secs_f64(),
            self.overlaps
        )?;
        let done: Vec<_> = self
            .agents
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        writeln!(f, "  agents: {}", done.join(", "))?;
        writeln!(
            f,
            "  lost {lost}, refused {refused}, doubled {doubled}, out of order {out_of_order}, wrong {wrong}, stuck {}, \
             in the history {history_missing} missing and {history_doubled} doubled",
            self.stuck.len()
        )?;
        if self.redis.min_replicas == 0 {
            let counts: Vec<_> = rolled_back
                .iter()
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            let counts = match counts.is_empty() {
                true => "nothing".to_owned(),
                false => counts.join(", "),
            };
            writeln!(
                f,
                "  while a failover without safe replication was not over: {counts}"
            )?;
        }
        if *doubled_under_one_id > 0 {
            writeln!(
                f,
                "  {doubled_under_one_id} of the doubled replies had the id of the first one"
            )?;
        }
        for (cause, count) in doubled_by_cause {
            writeln!(f, "    {count:>4} doubled: {cause}")?;
        }
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for line in troubles.iter().chain(&self.stuck) {
            let kind = line.split(':').next().unwrap_or_default();
            let count = shown.entry(kind).or_default();
            *count += 1;
            if *count <= SHOWN {
                writeln!(f, "    {line}")?;
            }
        }
        let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
        for period in &self.periods {
            *faults.entry(&period.name).or_default() += 1;
        }
        let faults: Vec<_> = faults
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(f, "  faults: {}", faults.join(", "))?;
        for name in &self.not_stopped {
            writeln!(f, "  {name} did not stop cleanly")?;
        }
        self.processes
            .iter()
            .try_for_each(|process| write_process(process, f))
    }
}

fn write_process(process: &Process, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = &process.name;
    for status in &process.ended_by_itself {
        writeln!(
            f,
            "  {name} ended by itself ({status}): see {}",
            process.log().display()
        )?;
    }
    let Some(memory) = process.memory() else {
        return writeln!(f, "  memory of {name}: it never ran long enough");
    };
    let growth = (memory.last_mb / memory.warm_mb - 1.0) * 100.0;
    writeln!(
        f,
        "  memory of {name}: {:.1} MiB after {:.0} s without a kill, {growth:+.0} % since a third of that time",
        memory.last_mb,
        memory.life.as_secs_f64()
    )
}

/// Messages and replies that are still in Redis, by conversation.
pub(crate) fn stuck(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for session in SESSIONS {
        let key = |part: &str| World::key(session, part);
        for (command, part) in [
            (&["ZRANGE", "0", "-1"][..], "queue"),
            (&["ZRANGE", "0", "-1"], "handoff"),
            (&["ZRANGE", "0", "-1"], "handoff:sales"),
            (&["ZRANGE", "0", "-1"], "handoff:support"),
            (&["HGETALL"], "held"),
            (&["ZRANGE", "0", "-1", "WITHSCORES"], "lanes"),
            (&["HGETALL"], "sending"),
            (&["SMEMBERS"], "unread"),
            (&["GET"], "paused"),
            (&["XLEN"], "history"),
        ] {
            let key = key(part);
            let mut words = vec![command[0], key.as_str()];
            words.extend(&command[1..]);
            let answer = world.redis.ask(&words).unwrap_or_default().to_string();
            if !matches!(answer.as_str(), "[]" | "null" | "0") {
                let answer: String = answer.chars().take(300).collect();
                lines.push(format!("stuck: {session} {part} {answer}"));
            }
        }
    }
    for part in ["inbox:", "lane:"] {
        for list in world.lists(part).iter().take(SHOWN) {
            let first = world.redis.texts(&["LRANGE", list, "0", "0"]);
            let conversation = list.replacen(part, "chat:", 1);
            let conversation = world.redis.texts(&["HGETALL", &conversation]);
            lines.push(format!(
                "stuck: {list} {first:?}; conversation {conversation:?}"
            ));
        }
    }
    if lines.is_empty() {
        lines.push("stuck: nothing in Redis, but a delivery was not accepted".to_owned());
    }
    lines
}
