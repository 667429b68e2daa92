//! The account of a soak: what became of every message, and under which fault.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::customers::{Written, number};
use super::faults::Struck;
use crate::fake_waha::Sent;

/// A fault may have begun so long before the first of two replies that it brought about.
const JUST_BEFORE: Duration = Duration::from_millis(300);
/// Of each kind of trouble, so many are told one by one.
const SHOWN: usize = 5;

/// What was there at the end, beside what was written and sent.
pub(crate) struct Rest {
    /// Messages in inboxes.
    pub(crate) inboxes: u64,
    /// Replies in lanes.
    pub(crate) lanes: u64,
    /// Replies given up on.
    pub(crate) dead: u64,
    /// Lines of `waha-sm history`.
    pub(crate) history: Vec<Value>,
}

/// Counts, and a few words on what should be zero.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) written: usize,
    pub(crate) received: usize,
    pub(crate) posts: u32,
    pub(crate) failures: u32,
    /// Messages that were answered.
    pub(crate) handled: usize,
    pub(crate) waiting: u64,
    pub(crate) dead: u64,
    /// From a message's first post to its reply.
    pub(crate) slowest: Duration,
    /// Received, and neither answered nor waiting nor dead.
    pub(crate) lost: usize,
    /// Never received, however often they were posted.
    pub(crate) refused: usize,
    pub(crate) doubled: usize,
    /// Of which so many have the first one's message id.
    pub(crate) doubled_under_one_id: usize,
    pub(crate) doubled_by_cause: BTreeMap<String, usize>,
    pub(crate) out_of_order: usize,
    /// Texts that echo nothing that their chat wrote.
    pub(crate) astray: usize,
    pub(crate) history_missing: usize,
    pub(crate) history_doubled: usize,
    pub(crate) examples: Vec<String>,
}

impl Account {
    pub(crate) fn new(written: &[Written], sent: &[Sent], struck: &[Struck], rest: &Rest) -> Self {
        let mut account = Self {
            written: written.len(),
            posts: written.iter().map(|one| one.posts).sum(),
            failures: written.iter().map(|one| one.failures).sum(),
            received: written.iter().filter(|one| one.received.is_some()).count(),
            refused: written.iter().filter(|one| !one.is_settled()).count(),
            waiting: rest.inboxes + rest.lanes,
            dead: rest.dead,
            ..Self::default()
        };
        let mut replies: Vec<Vec<&Sent>> = vec![Vec::new(); written.len()];
        for one in sent {
            match number(&one.text).filter(|number| belongs(written, *number, one)) {
                Some(number) => replies[number].push(one),
                None => account.stray(one),
            }
        }
        account.answers(written, &replies, struck);
        account.order(written, &replies);
        account.history(written, &replies, &rest.history);
        account
    }

    /// Whether there is nothing to find out.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost == 0
            && self.refused == 0
            && self.doubled == 0
            && self.out_of_order == 0
            && self.astray == 0
            && self.waiting == 0
            && self.dead == 0
            && self.history_missing == 0
            && self.history_doubled == 0
    }

    fn tell(&mut self, kind: &str, what: &str) {
        let kind = format!("{kind}: ");
        let told = self.examples.iter().filter(|one| one.starts_with(&kind));
        if told.count() < SHOWN {
            self.examples.push(kind + what);
        }
    }

    fn stray(&mut self, sent: &Sent) {
        self.astray += 1;
        let what = format!("{} was told {:?}", sent.chat, sent.text);
        self.tell("astray", &what);
    }

    fn answers(&mut self, written: &[Written], replies: &[Vec<&Sent>], struck: &[Struck]) {
        let mut missing = Vec::new();
        for (one, replies) in written.iter().zip(replies) {
            let Some((first, others)) = replies.split_first() else {
                missing.extend(one.received.map(|_| one));
                continue;
            };
            self.handled += 1;
            self.slowest = self.slowest.max(first.at.duration_since(one.posted));
            for other in others {
                self.doubled += 1;
                self.doubled_under_one_id += usize::from(other.stanza == first.stanza);
                let cause = cause(first, other, struck);
                let what = format!(
                    "{} was told {:?} again {:.2} s later; {cause}",
                    one.chat,
                    one.text,
                    other.at.duration_since(first.at).as_secs_f64()
                );
                self.tell("doubled", &what);
                *self.doubled_by_cause.entry(cause).or_default() += 1;
            }
        }
        self.lost = missing
            .len()
            .saturating_sub((self.waiting + self.dead) as usize);
        for one in missing {
            let what = format!(
                "{} {} {:?} ({})",
                one.session, one.chat, one.text, one.stanza
            );
            self.tell("unanswered", &what);
        }
    }

    /// Replies that came after the reply to a later message of their chat; later is what was first posted after the
    /// other was received (what is on its way at the same time has no order).
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
                self.tell("out of order", &what);
            }
            if one.posted > before.posted {
                latest.insert(&one.chat, one);
            }
        }
    }

    /// Each received message is there once, and each reply: once, or as often as the customer got it.
    fn history(&mut self, written: &[Written], replies: &[Vec<&Sent>], history: &[Value]) {
        let mut inbound: HashMap<&str, usize> = HashMap::new();
        let mut outbound: HashMap<usize, usize> = HashMap::new();
        for line in history {
            if line["direction"] == "inbound" {
                let stanza = line["stanza"].as_str().unwrap_or_default();
                *inbound.entry(stanza).or_default() += 1;
            } else if let Some(number) = line["text"].as_str().and_then(number) {
                *outbound.entry(number).or_default() += 1;
            }
        }
        for (number, (one, replies)) in written.iter().zip(replies).enumerate() {
            let message = inbound.get(one.stanza.as_str()).copied().unwrap_or(0);
            let reply = outbound.get(&number).copied().unwrap_or(0);
            let wanted = usize::from(one.received.is_some());
            let (least, most) = (replies.len().min(1), replies.len());
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
                    self.tell("history", &what);
                }
            }
        }
    }
}

fn belongs(written: &[Written], number: usize, sent: &Sent) -> bool {
    written.get(number).is_some_and(|one| {
        (one.session, &one.chat, &one.text) == (sent.session.as_str(), &sent.chat, &sent.text)
    })
}

/// Under which fault a reply came twice: what WAHA did with the first, or what struck between the two.
fn cause(first: &Sent, second: &Sent, struck: &[Struck]) -> String {
    if first.mood != "well"
        && first.mood != "sent late"
        && first.mood != "answer late after sending"
    {
        return format!("WAHA: {}", first.mood);
    }
    let between = |one: &&Struck| {
        one.from <= second.at
            && one.to.max(one.from + JUST_BEFORE) >= first.at
            && !one.name.starts_with("WAHA")
    };
    let near = struck.iter().filter(between);
    match near.min_by_key(|one| distance(one.from, first.at)) {
        Some(one) => one.name.clone(),
        None => format!("no fault (WAHA: {})", first.mood),
    }
}

fn distance(one: Instant, other: Instant) -> Duration {
    one.max(other) - one.min(other)
}
