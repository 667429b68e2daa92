//! The account of a soak: the outcome of every message, and the fault behind each problem.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;

use super::agents::PAUSED;
use super::customers::{Written, number};
use super::faults::{BELLS_CUT, FROZEN, FaultPeriod, LATE_MAX, REDIS_KILLED, WAHA_GONE};
use crate::fake_waha::Sent;

/// How exactly we know when a fault began.
const JUST_BEFORE: Duration = Duration::from_millis(50);
/// WAHA's answer is stored within this time if Redis is up.
const NOTED_WITHIN: Duration = Duration::from_millis(500);
/// WAHA's answer is stored within this time after Redis is back: retries are up to 2 s apart.
const NOTED_AFTER_OUTAGE: Duration = Duration::from_secs(3);
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
    /// Everything that is wrong, one by one.
    pub(crate) troubles: Vec<String>,
}

impl Account {
    pub(crate) fn new(
        written: &[Written],
        sent: &[Sent],
        periods: &[FaultPeriod],
        rest: &Rest,
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
        let mut firsts: Vec<(&Written, &Sent)> = written
            .iter()
            .zip(replies)
            .filter_map(|(one, replies)| Some((one, *replies.first()?)))
            .collect();
        firsts.sort_by_key(|(_, sent)| sent.at);
        let mut latest: HashMap<&str, &Written> = HashMap::new();
        for (one, _) in firsts {
            let before = *latest.entry(&one.chat).or_insert(one);
            if one
                .received
                .is_some_and(|received| received < before.posted)
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
    // While Redis is down, WAHA's answer can't be stored.
    let answered = first.at + if late { LATE_MAX } else { Duration::ZERO };
    let away = |one: &FaultPeriod| {
        one.name == REDIS_KILLED && one.from <= answered + NOTED_WITHIN && one.to >= first.at
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
