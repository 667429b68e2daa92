//! The model of a session: plain lists in memory, changed by the rules that the store promises.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::flow::Limits;
use waha_sm::store::{Handoff, Hearing, HeldBy, Ingest, Ingested};

use super::agents::Held;
use super::lanes::{Mark, Said};
use super::operation::{AGENTS, TEAMS};
use super::unread::{ChangeAhead, Seen, edited};
use super::view::{Chat as ChatView, View};

/// How long a takeover lasts after the last message: longer than two clocks may differ.
pub(super) const QUIET: Duration = Duration::from_secs(40);
/// How much two clocks may differ. Only a time that is earlier by more than this is surely earlier.
pub(super) const CLOCKS_APART: Duration = Duration::from_secs(10);

/// How late a message may be and still open a conversation, although what the customer wrote after it was handled.
pub(super) const LATE_AFTER: Duration = Duration::from_secs(600);

/// An error message if the store and the model differ.
pub(super) type Checked = Result<(), String>;

macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}
pub(super) use ensure;

#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub(super) chats: BTreeMap<String, Chat>,
    pub(super) paused: bool,
    /// The last ticket.
    pub(super) tickets: i64,
    /// The teams whose lines are paused; empty: the whole session.
    pub(super) pauses: BTreeSet<String>,
    /// Id and ticket of every conversation, in the order in which they opened. `None` until they are read from Redis.
    opened: Vec<Option<(String, i64)>>,
    /// The token of every taking of a lane. `None` until it is read from Redis.
    pub(super) takings: Vec<Option<String>>,
    pub(super) epochs: HashSet<String>,
    /// Redis lost its last writes: an unknown message of ours, sent before, does not count as the owner's.
    pub(super) is_in_doubt: bool,
    /// The messages that had their turn. An id says which message it is only within a chat.
    pub(super) heard: Seen,
    /// The messages that were only recorded.
    pub(super) recorded: Seen,
    /// Changes of messages that have not come yet, by chat and message id.
    pub(super) ahead: BTreeMap<(String, String), ChangeAhead>,
    /// The entries that this step must add to the history, with their conversations.
    pub(super) expected: Vec<(String, Option<usize>)>,
    /// Ids of the replies whose outcome is in the history.
    pub(super) settled: HashSet<String>,
    /// Hidden ids, with the chats they belong to.
    pub(super) aliases: BTreeMap<String, String>,
    /// Hidden ids without a number, and when WAHA is asked about them next.
    pub(super) unmapped: BTreeMap<String, Millis>,
    /// Where a chat's replies go, if not to the chat.
    pub(super) addresses: BTreeMap<String, String>,
    pub(super) known: BTreeSet<String>,
    /// The known message ids of our replies, and in which chat each was sent last.
    pub(super) ours: HashMap<String, String>,
    /// The outbound messages that WAHA reported.
    pub(super) reported: Seen,
    /// When each notice that counts against what may be sent in a minute was last on its way; and all notices that there were.
    pub(super) notices: BTreeMap<String, Millis>,
    pub(super) all_notices: HashSet<String>,
    /// What may be sent in the next minute is spread over it.
    pub(super) spread: bool,
    /// Takeovers, by the id of the message that began them: when it was sent, and the chat.
    pub(super) began: HashMap<String, (Millis, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    /// Each message is here from its ingest until it is consumed, removed as a command, or ends with a leave.
    pub(super) inbox: Vec<String>,
    pub(super) lane: Vec<Queued>,
    /// The process that holds the lane.
    pub(super) hand: Option<Hand>,
    pub(super) conversation: Option<Conversation>,
    /// State and number of a closed conversation that can be resumed.
    pub(super) kept: Option<(String, usize)>,
    /// Until when the owner answers it from their own phone.
    pub(super) phone: Option<Millis>,
    /// When the owner wrote last, during a takeover.
    pub(super) said: Option<Millis>,
    /// When the owner wrote last, also without a takeover.
    pub(super) owner_wrote: Option<Millis>,
    /// When the newest message was sent that was heard: in this conversation, and before it.
    pub(super) newest: Option<Millis>,
    pub(super) heard_until: Option<Millis>,
    /// When the owner wrote the closing word.
    pub(super) hung_up: Option<Millis>,
    /// A message came in while it was active and is not consumed yet.
    pub(super) unread: bool,
    /// The attempt on the first reply that is not settled.
    pub(super) attempt: Option<Mark>,
    /// How many conversations it opened, and how often it was replied to, since it was last left alone.
    pub(super) opened: u32,
    pub(super) replies: u32,
    /// Since and until when the bot leaves it alone.
    pub(super) left_alone: Option<(Millis, Millis)>,
    /// Replies that were sent, or perhaps, and whose message ids are not known.
    pub(super) unclaimed: Vec<Said>,
}

#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) id: String,
    pub(super) attempts: u32,
    pub(super) notice: bool,
    pub(super) by_agent: bool,
    pub(super) says: Said,
    pub(super) queued_at: Millis,
}

#[derive(Clone, Debug)]
pub(super) struct Hand {
    pub(super) process: String,
    pub(super) taking: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Conversation {
    /// In the order of opening: the smaller, the earlier it is served.
    pub(super) number: usize,
    pub(super) opened: Millis,
    pub(super) owner: Option<Owner>,
    /// By which it stands in line, if it was not moved.
    pub(super) ticket: i64,
    /// The place that it was moved to.
    pub(super) place: Option<i64>,
    /// For which team's person it waits, or waited, and whether it is urgent.
    pub(super) team: usize,
    pub(super) urgent: bool,
    /// How long it waited for a person when it was handed off last; zero: without a limit.
    pub(super) within: Duration,
    /// An agent holds it.
    pub(super) held: Option<Held>,
    /// It waits for a person, perhaps with a deadline.
    pub(super) person: Option<Option<Millis>>,
    /// The owner answers it.
    pub(super) phone: bool,
    /// The value of `person` before the owner took it over.
    pub(super) before: Option<Option<Millis>>,
    pub(super) rev: u64,
    pub(super) state: String,
    pub(super) examined: usize,
    /// The place that was told.
    pub(super) announced: Option<u64>,
    /// How often it returned to the line.
    pub(super) requeued: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) process: String,
    pub(super) epoch: String,
}

/// How a step or an announcement closes a conversation.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) outcome: String,
    pub(super) resumable: bool,
}

impl Chat {
    /// Since when the bot leaves it alone, if it does.
    pub(super) fn is_left_alone(&self, now: Millis) -> Option<Millis> {
        let (since, until) = self.left_alone?;
        (until > now).then_some(since)
    }
}

impl Conversation {
    /// Nobody holds it any more, and earlier looks at it no longer count.
    pub(super) fn leave_all_lists(&mut self) {
        self.owner = None;
        self.person = None;
        self.examined = 0;
        self.announced = None;
        self.requeued += 1;
    }

    pub(super) fn waits(&self) -> bool {
        self.owner.is_none() && !self.phone && self.held.is_none()
    }

    /// The line in which it waits.
    pub(super) fn line(&self) -> Option<Line> {
        self.waits().then_some(match self.person {
            Some(_) => Line::People(self.team),
            None => Line::Workers,
        })
    }

    /// Where it stands in that line.
    pub(super) fn place(&self) -> i64 {
        let first = if self.urgent && self.person.is_some() {
            URGENT
        } else {
            0
        };
        self.place.unwrap_or(self.ticket - first)
    }
}

/// A line of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Workers,
    /// Of this team.
    People(usize),
}

/// The place of the first urgent ticket is this much before that of the first ticket.
pub(super) const URGENT: i64 = 1_000_000_000_000_000;

impl Session {
    pub(super) fn of(chats: &[String]) -> Self {
        let chats = chats.iter().map(|chat| (chat.clone(), Chat::default()));
        Self {
            chats: chats.collect(),
            ..Self::default()
        }
    }

    pub(super) fn chat(&self, chat: &str) -> &Chat {
        &self.chats[chat]
    }

    /// The chat whose lane now has the replies to this id.
    pub(super) fn lane(&self, id: &str) -> &Chat {
        &self.chats[&self.chat_of(id)]
    }

    pub(super) fn chat_mut(&mut self, chat: &str) -> &mut Chat {
        self.chats.get_mut(chat).unwrap()
    }

    /// The id of an open conversation, once known.
    pub(super) fn id(&self, chat: &str) -> Option<&str> {
        let number = self.chat(chat).conversation.as_ref()?.number;
        self.opened[number].as_ref().map(|(id, _)| id.as_str())
    }

    /// The chats that wait for a worker, in order.
    pub(super) fn line(&self) -> Vec<String> {
        self.waiting(Line::Workers)
    }

    /// The chats that wait in a line, in order.
    pub(super) fn waiting(&self, line: Line) -> Vec<String> {
        let mut line: Vec<_> = self
            .chats
            .iter()
            .filter_map(|(chat, it)| Some((it.conversation.as_ref()?, chat)))
            .filter(|(one, _)| one.line() == Some(line))
            .map(|(conversation, chat)| (conversation.place(), chat.clone()))
            .collect();
        line.sort();
        line.into_iter().map(|(_, chat)| chat).collect()
    }

    pub(super) fn entry(&mut self, what: String, chat: &str) {
        let number = self.chat(chat).conversation.as_ref().map(|c| c.number);
        self.expected.push((what, number));
    }

    /// If no conversation is open, the entry belongs to the closed one that can be resumed.
    pub(super) fn entry_of_the_last(&mut self, what: String, chat: &str) {
        let it = self.chat(chat);
        let kept = || it.kept.as_ref().map(|(_, number)| *number);
        let number = it.conversation.as_ref().map(|c| c.number).or_else(kept);
        self.expected.push((what, number));
    }

    pub(super) fn open(&mut self, chat: &str, now: Millis) {
        self.known.insert(chat.to_owned());
        let number = self.opened.len();
        self.opened.push(None);
        self.tickets += 1;
        let ticket = self.tickets;
        let it = self.chat_mut(chat);
        it.conversation = Some(Conversation {
            number,
            ticket,
            place: None,
            team: 0,
            urgent: false,
            within: Duration::ZERO,
            held: None,
            opened: now,
            owner: None,
            person: None,
            phone: false,
            before: None,
            rev: 0,
            state: it.kept.take().unwrap_or_default().0,
            examined: 0,
            announced: None,
            requeued: 0,
        });
        it.opened += 1;
        self.entry(format!("opened {chat}"), chat);
    }

    pub(super) fn close(&mut self, chat: &str, ending: &Ending, state: &str, now: Millis) {
        self.entry(format!("closed {chat} {}", ending.outcome), chat);
        let it = self.chat_mut(chat);
        let number = it.conversation.take().unwrap().number;
        it.unread = false;
        it.heard_until = it.heard_until.max(it.newest);
        if ending.resumable {
            it.kept = Some((state.to_owned(), number));
        } else {
            it.newest = None;
        }
        if it.has_unread() {
            self.open(chat, now);
        } else {
            it.inbox.clear();
        }
    }

    /// Returns how many takeovers ended, and for how many conversations no person came.
    pub(super) fn overdue(&mut self, now: Millis) -> (u64, u64) {
        let (mut left, mut alone) = (0, 0);
        if self.paused {
            return (0, 0);
        }
        for chat in self.chats.keys().cloned().collect::<Vec<_>>() {
            left += u64::from(self.phone_may_end(&chat, now));
            let conversation = self.chat_mut(&chat).conversation.as_mut();
            let due = |one: &&mut Conversation| {
                let until = one.person.flatten();
                until.is_some_and(|until| until <= now)
            };
            if let Some(conversation) = conversation.filter(due) {
                conversation.leave_all_lists();
                conversation.place = None;
                conversation.urgent = false;
                conversation.within = Duration::ZERO;
                alone += 1;
                self.entry(format!("nobody_came {chat}"), &chat);
            }
        }
        (left, alone)
    }

    /// An active conversation waits for a person from now on.
    pub(super) fn hand_off(&mut self, chat: &str, handoff: &Handoff, now: Millis) {
        let it = self.chat_mut(chat);
        it.unread = false;
        let conversation = it.conversation.as_mut().unwrap();
        conversation.leave_all_lists();
        conversation.person = Some((!handoff.within.is_zero()).then_some(now + handoff.within));
        conversation.team = TEAMS.iter().position(|team| *team == handoff.team).unwrap();
        conversation.urgent = handoff.urgent;
        conversation.within = handoff.within;
        conversation.place = None;
        self.entry(format!("handoff {chat}"), chat);
    }

    /// A person is answered under the id that they wrote from.
    pub(super) fn came_from(&mut self, chat: &str, from: &str, now: Millis) {
        if chat == from {
            self.addresses.remove(chat);
            if is_hidden(chat) {
                self.unmapped.entry(chat.to_owned()).or_insert(now);
            }
        } else {
            self.addresses.insert(chat.to_owned(), from.to_owned());
        }
    }

    /// A message that was not heard before. Returns the expected answer.
    pub(super) fn hear_in(&mut self, chat: &str, one: &Ingest, now: Millis) -> Ingested {
        let (sent_at, message) = (one.sent_at, &one.message);
        let what = format!("message {message} {}", of(chat, one.from.as_str()));
        let key = (chat.to_owned(), one.id.to_string());
        let unread = match self.ahead.get(&key).cloned() {
            Some((_, None)) => {
                self.entry_of_the_last(what, chat);
                return Ingested::Recorded { first: false };
            }
            Some((at, Some(text))) => edited(message, at, &text),
            None => message.clone(),
        };
        let with_agent = matches!(self.holder(chat), Some(HeldBy::Agent(_)));
        if !with_agent {
            self.phone_may_end(chat, now);
        }
        let it = self.chat_mut(chat);
        if let Some(until) = &mut it.phone {
            *until = (*until).max(now + QUIET);
            it.inbox.push(unread);
            self.entry_of_the_last(what, chat);
            return Ingested::Phone;
        }
        // Reported after the closing word, but written before it: it was for the owner. If it is late, the owner's other
        // words count, too.
        let before = |at: Option<Millis>| at.is_some_and(|at| sent_at + CLOCKS_APART < at);
        let late = now.since(sent_at);
        if !with_agent && (before(it.hung_up) || late > CLOCKS_APART && before(it.owner_wrote)) {
            self.entry_of_the_last(what, chat);
            return Ingested::Phone;
        }
        if it.conversation.is_none() {
            let superseded = late > LATE_AFTER && it.heard_until.is_some_and(|at| sent_at < at);
            if one.hearing == Hearing::Continues || superseded {
                self.expected.push((what, None));
                return Ingested::Recorded { first: false };
            }
        }
        if self.leaves_alone(chat, one.limits, now) {
            self.entry_of_the_last(what, chat);
            self.close_at_limit(chat, now);
            return Ingested::Limit;
        }
        if self.chat(chat).conversation.is_none() {
            self.open(chat, now);
        }
        self.entry(what, chat);
        let it = self.chat_mut(chat);
        it.inbox.push(unread);
        it.newest = it.newest.max(Some(sent_at.min(now)));
        if let Some(held) = it.conversation.as_mut().and_then(|one| one.held.as_mut()) {
            held.unanswered.get_or_insert(now);
            return Ingested::Agent;
        }
        let active = it.conversation.as_ref().is_some_and(|c| c.owner.is_some());
        it.unread |= active;
        if active {
            return Ingested::Active;
        }
        let line = self.chat(chat).conversation.as_ref().unwrap().line();
        let line = self.waiting(line.unwrap());
        let place = line.iter().position(|one| one == chat).unwrap();
        Ingested::Queued {
            position: place as u64 + 1,
        }
    }

    /// Whether the bot leaves the chat alone, perhaps from now on.
    fn leaves_alone(&mut self, chat: &str, limits: Limits, now: Millis) -> bool {
        let it = self.chat_mut(chat);
        let for_person = |one: &Conversation| one.person.is_some() || one.held.is_some();
        let for_person = it.conversation.as_ref().map(for_person);
        if limits.is_off() || for_person == Some(true) {
            return false;
        }
        if it.is_left_alone(now).is_some() {
            return true;
        }
        let another = u32::from(it.conversation.is_none());
        if it.opened + another <= limits.conversations_per_hour
            && it.replies < limits.replies_per_hour
        {
            return false;
        }
        it.left_alone = Some((now, now + limits.leave_alone_for));
        (it.opened, it.replies) = (0, 0);
        true
    }

    fn close_at_limit(&mut self, chat: &str, now: Millis) {
        let it = self.chat_mut(chat);
        if it.conversation.is_none() {
            return;
        }
        it.inbox.clear();
        self.drop_notices(chat);
        let ending = Ending {
            outcome: "limit".to_owned(),
            resumable: false,
        };
        self.close(chat, &ending, "", now);
    }

    /// `chat` is now active; `claimed` is the store's answer.
    pub(super) fn claim(
        &mut self,
        process: &str,
        claimed: &waha_sm::store::HeldConversation,
    ) -> Checked {
        let chat = claimed.chat.as_str();
        ensure!(
            self.epochs.insert(claimed.epoch.clone()),
            "epoch {} was given out before",
            claimed.epoch
        );
        let id = self.id(chat).map(str::to_owned);
        let it = self.chat_mut(chat);
        let conversation = it.conversation.as_mut().unwrap();
        conversation.owner = Some(Owner {
            process: process.to_owned(),
            epoch: claimed.epoch.clone(),
        });
        if conversation.announced.is_some() {
            self.drop_notices(chat);
        }
        self.entry(format!("claimed {chat} {process}"), chat);
        ensure!(
            id.as_deref() == Some(claimed.id.as_str()),
            "{chat}: claimed as {}, is {id:?}",
            claimed.id
        );
        self.same(claimed)
    }

    /// Checks the store's answer about an active chat.
    pub(super) fn same(&self, claimed: &waha_sm::store::HeldConversation) -> Checked {
        let chat = claimed.chat.as_str();
        let it = self.chat(chat);
        let Some(conversation) = &it.conversation else {
            return Err(format!("{chat} is claimed and has no conversation"));
        };
        ensure!(
            claimed.inbox == it.inbox,
            "{chat}: its owner reads {:?}, there is {:?}",
            claimed.inbox,
            it.inbox
        );
        ensure!(
            (claimed.rev, claimed.state.as_str())
                == (conversation.rev, conversation.state.as_str()),
            "{chat}: {claimed:?} is not {it:?}"
        );
        Ok(())
    }

    /// Whether a step with this epoch and revision is valid.
    pub(super) fn takes(&self, chat: &str, epoch: &str, rev: u64) -> bool {
        let conversation = self.chat(chat).conversation.as_ref();
        conversation.is_some_and(|c| {
            c.rev == rev && c.owner.as_ref().is_some_and(|owner| owner.epoch == epoch)
        })
    }

    /// Commits a valid step. Returns how many messages are unread.
    pub(super) fn commit(
        &mut self,
        chat: &str,
        consumed: usize,
        state: &str,
        ending: Option<&Ending>,
        now: Millis,
    ) -> u64 {
        let it = self.chat_mut(chat);
        it.inbox.drain(..consumed.min(it.inbox.len()));
        if let Some(ending) = ending {
            self.close(chat, ending, state, now);
            return 0;
        }
        it.unread &= it.has_unread();
        let conversation = it.conversation.as_mut().unwrap();
        conversation.rev += 1;
        state.clone_into(&mut conversation.state);
        it.inbox.len() as u64
    }

    /// Takes back what the process holds. Returns the numbers of conversations and lanes.
    pub(super) fn release(&mut self, process: &str) -> (u64, u64) {
        let (mut conversations, mut lanes) = (0, 0);
        for chat in self.chats.keys().cloned().collect::<Vec<_>>() {
            let it = self.chat_mut(&chat);
            if it.hand.as_ref().is_some_and(|hand| hand.process == process) {
                it.hand = None;
                lanes += 1;
                if it.attempt.is_some()
                    && let Some(first) = it.lane.first().cloned()
                {
                    // It may be sent twice, and then there are two echoes.
                    it.expect_echo(&first);
                }
            }
            let Some(conversation) = &mut it.conversation else {
                continue;
            };
            if conversation
                .owner
                .as_ref()
                .is_some_and(|owner| owner.process == process)
            {
                // It keeps its number, and so its place in line.
                conversation.leave_all_lists();
                it.unread = false;
                conversations += 1;
                self.entry(format!("requeued {chat}"), &chat);
            }
        }
        (conversations, lanes)
    }

    /// Returns whether the announcement is valid. If it is, its command words leave the inbox.
    pub(super) fn announce(
        &mut self,
        one: &waha_sm::store::Announcement,
        requeued: u64,
        ending: Option<&Ending>,
        now: Millis,
    ) -> bool {
        let chat = one.chat.as_str();
        let same = self.id(chat) == Some(one.id.as_str());
        let it = self.chat_mut(chat);
        let waits = it.conversation.as_ref().is_some_and(|conversation| {
            conversation.waits()
                && conversation.requeued == requeued
                && conversation.examined as u64 == one.examined_before
        });
        if !same || !waits {
            return false;
        }
        let before = it.inbox.len();
        for word in &one.words {
            if let Some(place) = it.inbox.iter().position(|message| message == word) {
                it.inbox.remove(place);
            }
        }
        if !one.words.is_empty() && it.inbox.len() == before {
            return false;
        }
        let is_notice = one.reply.as_ref().is_some_and(|reply| reply.notice);
        let must_wait = is_notice && !(one.turn && self.free_notices(now) > 0);
        if let Some(reply) = one.reply.as_ref().filter(|_| !must_wait) {
            self.drop_notices(chat);
            self.reply(chat, reply);
            self.count_notice(reply, now);
            // A notice that nobody asked for does not count.
            self.chat_mut(chat).replies += u32::from(!one.words.is_empty());
        }
        let it = self.chat_mut(chat);
        if let Some(ending) = ending {
            it.inbox
                .drain(..(one.examined as usize).min(it.inbox.len()));
            self.close(chat, ending, "", now);
        } else if let Some(conversation) = &mut it.conversation {
            conversation.examined = one.examined as usize;
            if !must_wait && one.announced.is_some() {
                conversation.announced = one.announced;
            }
        }
        true
    }

    /// Checks that Redis holds exactly what the model has.
    pub(super) fn check(&mut self, view: &View) -> Checked {
        ensure!(self.paused == view.paused, "paused: {}", view.paused);
        self.note_opened(view);
        ensure!(
            self.line() == view.queue,
            "the line is {:?}, should be {:?}",
            view.queue,
            self.line()
        );
        let is_active = |chat: &Chat| {
            chat.conversation
                .as_ref()
                .is_some_and(|c| c.owner.is_some())
        };
        let active = self.chats.values().filter(|chat| is_active(chat)).count();
        let looked_at = view.announce.keys().chain(&view.put_off);
        let looked_at: BTreeSet<_> = looked_at.collect();
        ensure!(
            view.put_off.is_empty() || view.next_turn.is_some(),
            "nobody looks at those who are put off: {:?}",
            view.put_off
        );
        ensure!(
            (view.active.len(), looked_at.len())
                == (
                    active,
                    view.queue.len() + view.handoff.iter().map(Vec::len).sum::<usize>()
                ),
            "active {:?}, to be looked at {looked_at:?}",
            view.active
        );
        self.check_persons(view)?;
        self.check_bytes(view)?;
        self.check_ids(view)?;
        for (chat, seen) in &view.chats {
            let it = self.chats[chat].clone();
            ensure!(
                seen.inbox == it.inbox,
                "{chat}: the inbox is {:?}, should be {:?}",
                seen.inbox,
                it.inbox
            );
            self.check_place(chat, &it, seen, view)?;
            self.check_lane(chat, &it, seen, view)?;
        }
        let tickets: Vec<_> = self.opened.iter().flatten().map(|(_, t)| *t).collect();
        ensure!(
            tickets.is_sorted_by(|a, b| a < b),
            "tickets in the order of opening: {tickets:?}"
        );
        self.check_history(view)
    }

    /// Conversations get their ids and tickets in the order in which they open, also one that closes in the same step.
    fn note_opened(&mut self, view: &View) {
        let opened = view.history.iter().filter(|one| one["kind"] == "opened");
        let unknown = self.opened.iter_mut().filter(|one| one.is_none());
        for (one, entry) in unknown.zip(opened) {
            let ticket = entry["ticket"].parse().unwrap();
            *one = Some((entry["conversation"].clone(), ticket));
        }
    }

    /// Checks the lists of those who wait for a person, and of those whom the owner answers.
    fn check_persons(&self, view: &View) -> Checked {
        let persons: [_; TEAMS.len()] =
            std::array::from_fn(|team| self.waiting(Line::People(team)));
        let of = |time: fn(&Chat) -> Option<Millis>| -> BTreeMap<_, _> {
            let chats = self.chats.iter();
            chats
                .filter_map(|(chat, it)| Some((chat.clone(), time(it)?)))
                .collect()
        };
        let due = of(|it| it.conversation.as_ref()?.person.flatten());
        ensure!(
            view.handoff == persons
                && view.handoff_due == due
                && view.handoff_unnotified.len() == persons.iter().map(Vec::len).sum::<usize>(),
            "for a person wait {:?} until {:?}, untold {:?}, should be {persons:?} until {due:?}",
            view.handoff,
            view.handoff_due,
            view.handoff_unnotified
        );
        let held: BTreeMap<_, _> = self
            .chats
            .iter()
            .filter_map(|(chat, it)| {
                let one = it.conversation.as_ref()?;
                let agent = AGENTS[one.held.as_ref()?.agent];
                let held = match TEAMS[one.team] {
                    "" => agent.to_owned(),
                    team => format!("{agent} {team}"),
                };
                Some((chat.clone(), held))
            })
            .collect();
        let unanswered = of(|it| it.conversation.as_ref()?.held.as_ref()?.unanswered);
        ensure!(
            view.held == held && view.held_since == unanswered,
            "agents hold {:?}, unanswered since {:?}, should be {held:?} since {unanswered:?}",
            view.held,
            view.held_since
        );
        ensure!(
            view.line_paused.iter().eq(&self.pauses),
            "paused are {:?}, should be {:?}",
            view.line_paused,
            self.pauses
        );
        let (phone, said) = (of(|it| it.phone), of(|it| it.said));
        ensure!(
            view.phone == phone && view.phone_said == said,
            "the owner answers {:?}, and wrote at {:?}, should be {phone:?} and {said:?}",
            view.phone,
            view.phone_said
        );
        Ok(())
    }

    /// Checks that the counters have the bytes of the inboxes. One that has a single small message need not be counted.
    fn check_bytes(&self, view: &View) -> Checked {
        let of = |chat: &Chat| chat.inbox.iter().map(String::len).sum::<usize>();
        let counted = |chat: &str| view.inbox_bytes.get(chat).map(String::as_str);
        let mut total = 0;
        for (name, chat) in &self.chats {
            let due = of(chat).to_string();
            let is_right = match counted(name) {
                Some(counted) => !chat.inbox.is_empty() && counted == due,
                None => chat.inbox.len() <= 1,
            };
            ensure!(
                is_right,
                "{name}: {:?} bytes are counted, should be {due}",
                counted(name)
            );
            total += counted(name).map_or(0, |_| of(chat));
        }
        let counted = counted("total").unwrap_or("0");
        ensure!(
            counted == total.to_string(),
            "{counted} bytes are counted in the session, should be {total}"
        );
        Ok(())
    }

    /// Checks which ids are one person, and where their replies go.
    fn check_ids(&self, view: &View) -> Checked {
        let found = (&view.aliases, &view.unmapped, &view.addresses, &view.known);
        let due = (&self.aliases, &self.unmapped, &self.addresses, &self.known);
        ensure!(
            found == due,
            "aliases, ids to ask about, addresses and known chats are {found:?}, should be {due:?}"
        );
        Ok(())
    }

    /// A chat is in line, or active, or neither, and all keys agree.
    fn check_place(&mut self, chat: &str, it: &Chat, seen: &ChatView, view: &View) -> Checked {
        let owner = it.conversation.as_ref().map(|c| c.owner.as_ref());
        let status = match &it.conversation {
            None => it.kept.as_ref().map(|_| "closed"),
            Some(one) if one.held.is_some() => Some("agent"),
            Some(one) if one.phone => Some("phone"),
            Some(one) if one.person.is_some() => Some("handoff"),
            Some(one) => Some(one.owner.as_ref().map_or("waiting", |_| "active")),
        };
        ensure!(
            seen.field("status") == status,
            "{chat}: status {:?}, should be {status:?}",
            seen.field("status")
        );
        let owner = owner.flatten();
        ensure!(
            view.active.get(chat) == owner.map(|owner| &owner.process)
                && (view.announce.contains_key(chat) || view.put_off.contains(chat))
                    == matches!(status, Some("waiting" | "handoff"))
                && view.unread.contains(chat) == it.unread,
            "{chat} is {status:?}; active {:?}, to be looked at {:?}, put off {:?}, unread {:?}, should be {}",
            view.active,
            view.announce,
            view.put_off,
            view.unread,
            it.unread
        );
        let Some(conversation) = &it.conversation else {
            return Ok(());
        };
        ensure!(
            seen.field("owner") == owner.map(|owner| owner.process.as_str())
                && seen.field("epoch") == owner.map(|owner| owner.epoch.as_str()),
            "{chat}: {:?}, should be {owner:?}'s",
            seen.fields
        );
        let number = |name: &str| seen.field(name).map_or(Ok(0), str::parse::<u64>);
        ensure!(
            number("rev") == Ok(conversation.rev)
                && number("examined") == Ok(conversation.examined as u64)
                && seen.field("state").unwrap_or_default() == conversation.state,
            "{chat}: {:?}, should be {conversation:?}",
            seen.fields
        );
        ensure!(
            owner.is_some() || conversation.examined <= it.inbox.len(),
            "{chat}: more messages were examined than there are"
        );
        let known = (
            seen.field("id").unwrap_or_default().to_owned(),
            number("ticket").unwrap_or(0).cast_signed(),
        );
        ensure!(
            known.1 == conversation.ticket,
            "{chat}: the ticket is {}, should be {}",
            known.1,
            conversation.ticket
        );
        match &self.opened[conversation.number] {
            Some((before, _)) => ensure!(
                *before == known.0,
                "{chat}: the id is {known:?}, was {before:?}"
            ),
            None => self.opened[conversation.number] = Some(known),
        }
        Ok(())
    }

    /// A lane is due, or held by one process, or empty; and its replies are in order.
    fn check_lane(&mut self, chat: &str, it: &Chat, seen: &ChatView, view: &View) -> Checked {
        let ids: Vec<_> = it.lane.iter().map(|reply| reply.id.clone()).collect();
        ensure!(
            seen.lane == ids,
            "{chat}: the lane is {:?}, should be {ids:?}",
            seen.lane
        );
        let attempt = it.attempt.as_ref().map(Mark::noted);
        ensure!(
            view.attempts.get(chat) == attempt.as_ref(),
            "{chat}: the attempt is {:?}, should be {attempt:?}",
            view.attempts.get(chat)
        );
        ensure!(
            seen.unclaimed == it.unclaimed,
            "{chat}: echoes are expected of {:?}, should be of {:?}",
            seen.unclaimed,
            it.unclaimed
        );
        let (due, token) = (view.lanes.contains_key(chat), view.sending.get(chat));
        ensure!(
            token.is_some() == it.hand.is_some() && !(due && token.is_some()),
            "{chat}: due {due}, in the hand {token:?}, should be {:?}",
            it.hand
        );
        ensure!(
            due || token.is_some() || ids.is_empty(),
            "{chat}: nobody will send {ids:?}"
        );
        if let (Some(hand), Some(token)) = (&it.hand, token) {
            ensure!(
                token.split(' ').next() == Some(&hand.process),
                "{chat}: in the hand {token}, should be {}'s",
                hand.process
            );
            let known = self.takings.iter().flatten().any(|known| known == token);
            match &self.takings[hand.taking] {
                Some(before) => ensure!(before == token, "{chat}: {token}, was {before}"),
                None => {
                    ensure!(!known, "{chat}: the token {token} was given out before");
                    self.takings[hand.taking] = Some(token.clone());
                }
            }
        }
        Ok(())
    }

    fn check_history(&mut self, view: &View) -> Checked {
        let field = |entry: &BTreeMap<String, String>, name: &str| {
            entry.get(name).cloned().unwrap_or_default()
        };
        let mut found: Vec<_> = view
            .history
            .iter()
            .filter_map(|entry| {
                let of = |name| field(entry, name);
                let kind = of("kind");
                let what = match kind.as_str() {
                    "opened" | "requeued" | "handoff" | "nobody_came" => of("chat"),
                    "claimed" => format!("{} {}", of("chat"), of("process")),
                    "closed" => format!("{} {}", of("chat"), of("outcome")),
                    "taken" => format!(
                        "{} {} {} {}",
                        of("chat"),
                        of("by"),
                        of("from"),
                        of("before")
                    ),
                    "given" | "moved" => format!("{} {} {}", of("chat"), of("by"), of("to")),
                    "returned" => format!("{} {} {}", of("chat"), of("by"), of("why")),
                    "line_paused" | "line_resumed" => of("team"),
                    "message" => format!("{} {}{}", of("data"), of("author"), of("chat")),
                    "ack" | "edited" | "revoked" => format!("{} {}", of("data"), of("chat")),
                    "alias" => format!("{} {}", of("lid"), of("chat")),
                    "reply" => {
                        let (id, why) = (reply_id(of("data")), of("reason"));
                        let why = why.split(':').next().unwrap_or_default();
                        format!("{id} {} {why}{}", of("state"), of("chat"))
                    }
                    _ => return None,
                };
                let conversation = match kind.as_str() {
                    "reply" => String::new(),
                    _ => of("conversation"),
                };
                Some((format!("{kind} {what}"), conversation))
            })
            .collect();
        let conversation = |number: Option<usize>| {
            let known = number.and_then(|number| self.opened[number].as_ref());
            known.map(|(id, _)| id.clone()).unwrap_or_default()
        };
        let mut expected: Vec<_> = self
            .expected
            .iter()
            .map(|(what, number)| (what.clone(), conversation(*number)))
            .collect();
        self.expected.clear();
        found.sort();
        expected.sort();
        ensure!(
            found == expected,
            "the history got {found:?}, should have got {expected:?}"
        );
        Ok(())
    }
}

/// The reply's id, from a history entry. For a reply that was left to the owner, the store writes JSON; for the others,
/// this test gave only the id.
fn reply_id(data: String) -> String {
    match serde_json::from_str::<serde_json::Value>(&data) {
        Ok(said) => said["reply_id"].as_str().unwrap_or_default().to_owned(),
        Err(_) => data,
    }
}

pub(super) fn is_hidden(id: &str) -> bool {
    id.ends_with("@lid")
}

/// The chat, if it differs from the sender's id: only then the history entry names it.
pub(super) fn of<'a>(chat: &'a str, from: &str) -> &'a str {
    if chat == from { "" } else { chat }
}
