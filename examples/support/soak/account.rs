//! The account of a soak: the outcome of every message, and the fault behind each problem.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;

use super::agents::PAUSED;
use super::customers::{Written, number};
use super::faults::{
    BELLS_CUT, FROZEN, FaultPeriod, LATE_MAX, REDIS_CUT_OFF, REDIS_FAILED_OVER, REDIS_FROZEN,
    REDIS_KILLED, SLOT_MOVED, WAHA_GONE,
};
use crate::fake_waha::Sent;

/// How exactly we know when a fault began.
const JUST_BEFORE: Duration = Duration::from_millis(50);
/// WAHA's answer is stored within this time if Redis is up.
const NOTED_WITHIN: Duration = Duration::from_millis(500);
/// WAHA's answer is stored within this time after Redis is back: retries are up to 2 s apart.
const NOTED_AFTER_OUTAGE: Duration = Duration::from_secs(3);
/// How far a replica may be behind. The documents name this time.
const REPLICATION_LAG: Duration = Duration::from_secs(1);
/// While one of these lasts, WAHA's answer can't be stored.
const REDIS_AWAY: [&str; 5] = [
    REDIS_KILLED,
    REDIS_FROZEN,
    REDIS_CUT_OFF,
    REDIS_FAILED_OVER,
    SLOT_MOVED,
];
/// Behaviours that cause no doubled reply by themselves, by the names in [`Sent::behaviour`].
const WELL: [&str; 3] = ["well", "sent late", LATE];
const LATE: &str = "answer late after sending";

/// The state at the end. Messages are given by their numbers.
pub(crate) struct Rest {
    /// Messages in inboxes, and those whose replies are in lanes.
    pub(crate) waiting: HashSet<usize>,
    /// Messages whose replies are dead letters.
    pub(crate) dead: HashSet<usize>,
    /// Lines of `waha-sm history`.
    pub(crate) history: Vec<Value>,
}

/// Counts, and a few words on each problem.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) written: usize,
    pub(crate) received: usize,
    pub(crate) posts: u32,
    pub(crate) failures: u32,
    /// Messages that were answered.
    pub(crate) handled: usize,
    /// Not answered, and in an inbox or a lane.
    pub(crate) waiting: usize,
    /// Not answered: the reply is a dead letter.
    pub(crate) dead: usize,
    /// Not answered: an agent took over before the bot's reply was sent. The history says so.
    pub(crate) dropped: usize,
    /// Messages that a failover may have rolled back.
    in_a_window: HashSet<usize>,
    /// Messages left in inboxes, lanes and dead letters, answered or not.
    left: usize,
    /// From a message's first post to its reply.
    pub(crate) slowest: Duration,
    /// Received, and neither answered nor waiting nor dead.
    pub(crate) lost: usize,
    /// At least one delivery was never accepted.
    pub(crate) refused: usize,
    pub(crate) doubled: usize,
    /// Those of them that have the message id of the first one.
    pub(crate) doubled_under_one_id: usize,
    pub(crate) doubled_by_cause: BTreeMap<String, usize>,
    pub(crate) out_of_order: usize,
    /// Texts that are no echo of a message of their chat, and not about a pause.
    pub(crate) wrong: usize,
    pub(crate) history_missing: usize,
    pub(crate) history_doubled: usize,
    /// What happened to messages around a failover in which Redis may have lost its last writes. It is not counted above.
    pub(crate) rolled_back: BTreeMap<&'static str, usize>,
    /// Everything that is wrong, one by one.
    pub(crate) troubles: Vec<String>,
}

impl Account {
    pub(crate) fn new(
        written: &[Written],
        sent: &[Sent],
        periods: &[FaultPeriod],
        rest: &Rest,
        unsafe_replication: bool,
    ) -> Self {
        let mut account = Self {
            written: written.len(),
            posts: written.iter().map(|one| one.posts).sum(),
            failures: written.iter().map(|one| one.failures).sum(),
            received: written.iter().filter(|one| one.received.is_some()).count(),
            refused: written.iter().filter(|one| !one.is_settled()).count(),
            left: rest.waiting.len() + rest.dead.len(),
            ..Self::default()
        };
        let mut replies: Vec<Vec<&Sent>> = vec![Vec::new(); written.len()];
        for one in sent {
            match number(&one.text).filter(|number| belongs(written, *number, one)) {
                Some(number) => replies[number].push(one),
                None if one.text == PAUSED => {}
                None => account.wrong_text(one),
            }
        }
        let dropped = dropped(&rest.history);
        if unsafe_replication {
            account.in_a_window = in_a_window(written, &replies, periods);
        }
        account.answers(written, &replies, periods, rest, &dropped);
        account.order(written, &replies);
        account.history(written, &replies, &rest.history, &dropped);
        account
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0
            && self.refused == 0
            && self.doubled == 0
            && self.out_of_order == 0
            && self.wrong == 0
            && self.left == 0
            && self.history_missing == 0
            && self.history_doubled == 0
    }

    fn report(&mut self, kind: &str, what: &str) {
        self.troubles.push(format!("{kind}: {what}"));
    }

    /// Whether a failover may have done this to a message; then it is counted as that.
    fn is_rolled_back(&mut self, number: usize, what: &'static str) -> bool {
        let is_rolled_back = self.in_a_window.contains(&number);
        if is_rolled_back {
            *self.rolled_back.entry(what).or_default() += 1;
        }
        is_rolled_back
    }

    fn wrong_text(&mut self, sent: &Sent) {
        self.wrong += 1;
        let what = format!("{} got {:?}", sent.chat, sent.text);
        self.report("wrong", &what);
    }

    fn answers(
        &mut self,
        written: &[Written],
        replies: &[Vec<&Sent>],
        periods: &[FaultPeriod],
        rest: &Rest,
        dropped: &HashSet<usize>,
    ) {
        for (number, (one, replies)) in written.iter().zip(replies).enumerate() {
            let Some((first, others)) = replies.split_first() else {
                let waits = rest.waiting.contains(&number) || rest.dead.contains(&number);
                if dropped.contains(&number) && !waits {
                    self.dropped += 1;
                } else if one.received.is_some() {
                    self.unanswered(number, one, rest);
                }
                continue;
            };
            self.handled += 1;
            self.slowest = self.slowest.max(first.at.duration_since(one.posted));
            for other in others {
                if self.is_rolled_back(number, "doubled") {
                    continue;
                }
                self.doubled += 1;
                self.doubled_under_one_id += usize::from(other.message_id == first.message_id);
                let cause = cause(first, other, periods);
                let what = format!(
                    "{cause}: {} {} got {:?} at {}, and again {:.2} s later",
                    one.session,
                    one.chat,
                    one.text,
                    clock(first.at),
                    other.at.duration_since(first.at).as_secs_f64()
                );
                self.report("doubled", &what);
                *self.doubled_by_cause.entry(cause).or_default() += 1;
            }
        }
    }

    fn unanswered(&mut self, number: usize, one: &Written, rest: &Rest) {
        let (kind, count) = if rest.waiting.contains(&number) {
            ("waiting", &mut self.waiting)
        } else if rest.dead.contains(&number) {
            ("dead", &mut self.dead)
        } else if self.is_rolled_back(number, "lost") {
            return;
        } else {
            ("lost", &mut self.lost)
        };
        *count += 1;
        let what = format!(
            "{} {} {:?} ({}), posted at {}",
            one.session,
            one.chat,
            one.text,
            one.message_id,
            clock(one.posted)
        );
        self.report(kind, &what);
    }

    /// Counts replies that came after the reply to a later message of their chat. A message is later if it was first posted
    /// after the other was received; messages in flight at the same time have no order.
    fn order(&mut self, written: &[Written], replies: &[Vec<&Sent>]) {
        let mut firsts: Vec<(usize, &Written, &Sent)> = written
            .iter()
            .zip(replies)
            .enumerate()
            .filter_map(|(number, (one, replies))| Some((number, one, *replies.first()?)))
            .collect();
        firsts.sort_by_key(|(_, _, sent)| sent.at);
        let mut latest: HashMap<&str, &Written> = HashMap::new();
        for (number, one, _) in firsts {
            let before = *latest.entry(&one.chat).or_insert(one);
            if one
                .received
                .is_some_and(|received| received < before.posted)
                && !self.is_rolled_back(number, "out of order")
            {
                self.out_of_order += 1;
                let what = format!("{} {:?} after {:?}", one.chat, one.text, before.text);
                self.report("out of order", &what);
            }
            if one.posted > before.posted {
                latest.insert(&one.chat, one);
            }
        }
    }

    /// Each received message must be there once, and each reply at least once and at most as often as the customer got it, or once
    /// if it was dropped.
    fn history(
        &mut self,
        written: &[Written],
        replies: &[Vec<&Sent>],
        history: &[Value],
        dropped: &HashSet<usize>,
    ) {
        let mut inbound: HashMap<&str, usize> = HashMap::new();
        let mut outbound: HashMap<usize, usize> = HashMap::new();
        for line in history {
            if line["direction"] == "inbound" {
                let message_id = line["stanza"].as_str().unwrap_or_default();
                *inbound.entry(message_id).or_default() += 1;
            } else if let Some(number) = line["text"].as_str().and_then(number) {
                *outbound.entry(number).or_default() += 1;
            }
        }
        for (number, (one, replies)) in written.iter().zip(replies).enumerate() {
            let message = inbound.get(one.message_id.as_str()).copied().unwrap_or(0);
            let reply = outbound.get(&number).copied().unwrap_or(0);
            let wanted = usize::from(one.received.is_some());
            let most = replies.len().max(usize::from(dropped.contains(&number)));
            let least = most.min(1);
            for (kind, there, least, most) in [
                ("message", message, wanted, 1),
                ("reply", reply, least, most),
            ] {
                let missing = least.saturating_sub(there);
                let doubled = there.saturating_sub(most);
                if missing > 0 && self.is_rolled_back(number, "missing in the history")
                    || doubled > 0 && self.is_rolled_back(number, "doubled in the history")
                {
                    continue;
                }
                self.history_missing += missing;
                self.history_doubled += doubled;
                if missing + doubled > 0 {
                    let what = format!(
                        "{kind} {:?} of {} is there {there} times",
                        one.text, one.chat
                    );
                    self.report("history", &what);
                }
            }
        }
    }
}

/// The messages whose replies were not sent, as the history says it. Dead letters are among them; the others were dropped because
/// an agent took over.
fn dropped(history: &[Value]) -> HashSet<usize> {
    let not_sent = history.iter().filter(|line| line["state"] == "failed");
    not_sent
        .filter_map(|line| number(line["text"].as_str()?))
        .collect()
}

/// The messages that were on their way when a failover may have lost the last writes: just before a primary failed, and when it
/// came back before it knew that another had taken over.
fn in_a_window(
    written: &[Written],
    replies: &[Vec<&Sent>],
    periods: &[FaultPeriod],
) -> HashSet<usize> {
    let rolls_back = |one: &&FaultPeriod| {
        let name = one.name.as_str();
        [REDIS_KILLED, REDIS_FROZEN, REDIS_CUT_OFF, REDIS_FAILED_OVER].contains(&name)
    };
    let windows = periods.iter().filter(rolls_back).flat_map(|one| {
        let before = one.from.checked_sub(REPLICATION_LAG).unwrap_or(one.from);
        [
            (before, one.from + REPLICATION_LAG),
            (one.mended, one.to + REPLICATION_LAG),
        ]
    });
    let windows: Vec<_> = windows.collect();
    let is_in = |from: Instant, to: Instant| {
        let mut windows = windows.iter();
        windows.any(|(begin, end)| from <= *end && to >= *begin)
    };
    let messages = written.iter().zip(replies).enumerate();
    let of_them = messages.filter(|(_, (one, replies))| {
        is_in(one.posted, one.received.unwrap_or(one.posted))
            || replies
                .iter()
                .any(|sent| is_in(sent.at, sent.at + NOTED_WITHIN))
    });
    of_them.map(|(number, _)| number).collect()
}

/// The time as the logs write it.
pub(crate) fn clock(at: Instant) -> String {
    let time = SystemTime::now().checked_sub(at.elapsed());
    let time = time.and_then(|time| Timestamp::try_from(time).ok());
    time.map_or_else(String::new, |time| format!("{time:.6}"))
}

fn belongs(written: &[Written], number: usize, sent: &Sent) -> bool {
    written.get(number).is_some_and(|one| {
        (one.session, &one.chat, &one.text) == (sent.session.as_str(), &sent.chat, &sent.text)
    })
}

/// The fault that doubled a reply: what WAHA did with the first one, or the fault before its outcome was stored.
fn cause(first: &Sent, second: &Sent, periods: &[FaultPeriod]) -> String {
    if !WELL.contains(&first.behaviour) {
        return format!("WAHA: {}", first.behaviour);
    }
    let late = first.behaviour == LATE;
    if late && second.at.duration_since(first.at) >= waha_sm::waha::client::TIMEOUT {
        return "WAHA: no answer in time".to_owned();
    }
    let answered = first.at + if late { LATE_MAX } else { Duration::ZERO };
    let away = |one: &FaultPeriod| {
        REDIS_AWAY.contains(&one.name.as_str())
            && one.from <= answered + NOTED_WITHIN
            && one.to >= first.at
    };
    let back = periods
        .iter()
        .filter(|one| away(one))
        .map(|one| one.to)
        .max();
    let until = match back {
        Some(back) => back.max(first.at) + NOTED_AFTER_OUTAGE,
        None => answered + NOTED_WITHIN,
    };
    let to_blame = |one: &&FaultPeriod| {
        let here = first.at <= one.from + JUST_BEFORE && one.from <= until.min(second.at);
        // A `serve` sends nothing, and other behaviours were for other texts.
        let possible = !one.name.ends_with("serve")
            && (one.name == WAHA_GONE || !one.name.starts_with("WAHA"))
            && one.name != BELLS_CUT;
        // A process that froze continues with its reply, which may belong to another process by now.
        let thawed = one.name.ends_with(FROZEN)
            && one.from <= second.at
            && one.to + Duration::from_secs(1) >= first.at;
        away(one) || thawed || (here && possible)
    };
    let mut names: Vec<&str> = periods
        .iter()
        .filter(to_blame)
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        format!("no fault (WAHA: {})", first.behaviour)
    } else {
        names.join(" + ")
    }
}
