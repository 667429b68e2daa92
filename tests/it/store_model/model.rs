//! A session as it should be: plain lists in memory, changed by the rules that the store promises.

use std::collections::{BTreeMap, HashSet};

use waha_sm::store::{Ingested, Millis, Recorded};

use super::view::{Chat as Seen, View};

/// For so long the owner answers a chat after the last word.
pub(super) const QUIET: Millis = 8_000;

/// What is wrong, in words.
pub(super) type Checked = Result<(), String>;

macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}
pub(super) use ensure;

#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) chats: BTreeMap<String, Chat>,
    pub(super) paused: bool,
    /// Id and ticket of every conversation there ever was, in the order in which they opened; unknown until looked at.
    opened: Vec<Option<(String, i64)>>,
    /// The token of every taking of a lane, likewise.
    takings: Vec<Option<String>>,
    epochs: HashSet<String>,
    stanzas: HashSet<String>,
    /// What the history must hold of this step: what, and of which conversation.
    expected: Vec<(String, Option<usize>)>,
    /// Ids of the replies of which the history says what became of them.
    settled: HashSet<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    /// Each message is here from its ingest until it is consumed, taken out as a word, or ends with a leave.
    pub(super) inbox: Vec<String>,
    pub(super) lane: Vec<Queued>,
    /// Whose hands the lane is in.
    pub(super) hand: Option<Hand>,
    pub(super) conversation: Option<Conversation>,
    /// The state of a conversation that was closed to be resumed, and which it was.
    kept: Option<(String, usize)>,
    /// Until when the owner answers it from their own phone.
    pub(super) phone: Option<Millis>,
    received: u64,
    /// Something came in while it was attended that is not consumed.
    unread: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) id: String,
    pub(super) attempts: u32,
    pub(super) notice: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Hand {
    process: String,
    pub(super) taking: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Conversation {
    /// In the order of opening: the smaller, the earlier it is served.
    number: usize,
    pub(super) owner: Option<Owner>,
    /// It waits for a person, perhaps not for longer than until then.
    pub(super) person: Option<Option<Millis>>,
    /// It is the phone's.
    phone: bool,
    pub(super) rev: u64,
    pub(super) state: String,
    pub(super) examined: usize,
    told: bool,
    /// How often it went back to the line.
    pub(super) requeued: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) process: String,
    pub(super) epoch: String,
}

/// What a step or a look brings, apart from whose it is.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) outcome: String,
    pub(super) resumable: bool,
}

impl Conversation {
    /// It is nobody's any more; whoever knew its wait knows another.
    fn leave_all_lists(&mut self) {
        self.owner = None;
        self.person = None;
        self.examined = 0;
        self.told = false;
        self.requeued += 1;
    }

    pub(super) fn waits(&self) -> bool {
        self.owner.is_none() && !self.phone
    }
}

impl Chat {
    fn drop_notices(&mut self) {
        let first = usize::from(self.hand.is_some());
        let mut place = 0;
        self.lane.retain(|reply| {
            place += 1;
            place <= first || !reply.notice
        });
    }
}

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

    pub(super) fn chat_mut(&mut self, chat: &str) -> &mut Chat {
        self.chats.get_mut(chat).unwrap()
    }

    /// The id of an open conversation, once known.
    pub(super) fn id(&self, chat: &str) -> Option<&str> {
        let number = self.chat(chat).conversation.as_ref()?.number;
        self.opened[number].as_ref().map(|(id, _)| id.as_str())
    }

    /// Those who wait in line, in order.
    pub(super) fn line(&self) -> Vec<String> {
        self.waiting(false)
    }

    /// Those who wait for a person, in order.
    pub(super) fn persons(&self) -> Vec<String> {
        self.waiting(true)
    }

    fn waiting(&self, for_person: bool) -> Vec<String> {
        let mut line: Vec<_> = self
            .chats
            .iter()
            .filter_map(|(chat, it)| Some((it.conversation.as_ref()?, chat)))
            .filter(|(one, _)| one.waits() && one.person.is_some() == for_person)
            .map(|(conversation, chat)| (conversation.number, chat.clone()))
            .collect();
        line.sort();
        line.into_iter().map(|(_, chat)| chat).collect()
    }

    fn entry(&mut self, what: String, chat: &str) {
        let number = self.chat(chat).conversation.as_ref().map(|c| c.number);
        self.expected.push((what, number));
    }

    /// What does not open one belongs to the conversation that was closed to be resumed.
    fn entry_of_the_last(&mut self, what: String, chat: &str) {
        let it = self.chat(chat);
        let kept = || it.kept.as_ref().map(|(_, number)| *number);
        let number = it.conversation.as_ref().map(|c| c.number).or_else(kept);
        self.expected.push((what, number));
    }

    fn open(&mut self, chat: &str) {
        let number = self.opened.len();
        self.opened.push(None);
        let it = self.chat_mut(chat);
        it.conversation = Some(Conversation {
            number,
            owner: None,
            person: None,
            phone: false,
            rev: 0,
            state: it.kept.take().unwrap_or_default().0,
            examined: 0,
            told: false,
            requeued: 0,
        });
        self.entry(format!("opened {chat}"), chat);
    }

    fn close(&mut self, chat: &str, ending: &Ending, state: &str) {
        self.entry(format!("closed {chat} {}", ending.outcome), chat);
        let it = self.chat_mut(chat);
        let number = it.conversation.take().unwrap().number;
        it.unread = false;
        if ending.resumable {
            it.kept = Some((state.to_owned(), number));
        } else {
            it.received = 0;
        }
        if !it.inbox.is_empty() {
            self.open(chat);
        }
    }

    /// The owner writes. The answer that is due.
    pub(super) fn owner(&mut self, chat: &str, message: &str, ends: bool, now: Millis) -> Recorded {
        self.entry_of_the_last(format!("message {message}"), chat);
        self.phone_may_end(chat, now);
        let it = self.chat_mut(chat);
        let before = it.phone;
        if !ends {
            it.phone = Some(before.unwrap_or(0).max(now + QUIET));
            self.phone_attends(chat);
            return match before {
                None => Recorded::ByPhone { ends: false },
                Some(_) => Recorded::Recorded,
            };
        }
        if before.is_none() && it.conversation.is_none() {
            return Recorded::Recorded;
        }
        self.phone_attends(chat);
        self.phone_ends(chat);
        Recorded::ByPhone { ends: true }
    }

    /// Nothing is said over the owner but what is under way.
    fn phone_attends(&mut self, chat: &str) {
        let it = self.chat_mut(chat);
        let under_way = usize::from(it.hand.is_some()).min(it.lane.len());
        for reply in it.lane.split_off(under_way) {
            if !reply.notice {
                self.left_to_owner(&reply.id);
            }
        }
        let it = self.chat_mut(chat);
        it.unread = false;
        let Some(conversation) = it.conversation.as_mut().filter(|one| !one.phone) else {
            return;
        };
        conversation.leave_all_lists();
        conversation.phone = true;
        self.entry(format!("claimed {chat} phone"), chat);
    }

    /// The reply is not sent, because the owner answers.
    fn left_to_owner(&mut self, id: &str) {
        self.settled.insert(id.to_owned());
        self.expected.push((format!("reply {id} failed"), None));
    }

    /// The first reply of a lane, likewise.
    pub(super) fn first_left_to_owner(&mut self, chat: &str) {
        let reply = self.chat_mut(chat).lane.remove(0);
        if !reply.notice {
            self.left_to_owner(&reply.id);
        }
    }

    fn phone_ends(&mut self, chat: &str) {
        let it = self.chat_mut(chat);
        it.phone = None;
        it.inbox.clear();
        if it.conversation.as_ref().is_some_and(|one| one.phone) {
            let ending = Ending {
                outcome: "phone".to_owned(),
                resumable: false,
            };
            self.close(chat, &ending, "");
        }
    }

    fn phone_may_end(&mut self, chat: &str, now: Millis) -> bool {
        let over = self.chat(chat).phone.is_some_and(|until| until <= now);
        if over {
            self.phone_ends(chat);
        }
        over
    }

    /// How many chats the owner left, and for how many conversations nobody came.
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
                alone += 1;
                self.entry(format!("requeued {chat}"), &chat);
            }
        }
        (left, alone)
    }

    /// An attended conversation waits for a person from now on.
    pub(super) fn hand_off(&mut self, chat: &str, within: Millis, now: Millis) {
        let it = self.chat_mut(chat);
        it.unread = false;
        let conversation = it.conversation.as_mut().unwrap();
        conversation.leave_all_lists();
        conversation.person = Some((within > 0).then_some(now + within));
        self.entry(format!("handoff {chat}"), chat);
    }

    /// The answer that is due.
    pub(super) fn ingest(
        &mut self,
        chat: &str,
        stanza: &str,
        message: &str,
        now: Millis,
    ) -> Ingested {
        if !self.stanzas.insert(stanza.to_owned()) {
            return Ingested::Duplicate;
        }
        self.phone_may_end(chat, now);
        let it = self.chat_mut(chat);
        if let Some(until) = &mut it.phone {
            *until = (*until).max(now + QUIET);
            it.inbox.push(message.to_owned());
            self.entry_of_the_last(format!("message {message}"), chat);
            return Ingested::Phone;
        }
        if self.chat(chat).conversation.is_none() {
            self.open(chat);
        }
        self.entry(format!("message {message}"), chat);
        let it = self.chat_mut(chat);
        it.inbox.push(message.to_owned());
        it.received += 1;
        let active = it.conversation.as_ref().is_some_and(|c| c.owner.is_some());
        it.unread |= active;
        if active {
            return Ingested::Active;
        }
        let mut lines = [self.line(), self.persons()].into_iter();
        let place = lines.find_map(|line| line.iter().position(|one| one == chat));
        let place = place.unwrap();
        Ingested::Queued {
            position: place as u64 + 1,
        }
    }

    /// `chat` is now attended; `claimed` is what the store says of it.
    pub(super) fn claim(&mut self, process: &str, claimed: &waha_sm::store::Claimed) -> Checked {
        let chat = &claimed.chat;
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
        if conversation.told {
            it.drop_notices();
        }
        self.entry(format!("claimed {chat} {process}"), chat);
        ensure!(
            id.as_deref() == Some(claimed.id.as_str()),
            "{chat}: claimed as {}, is {id:?}",
            claimed.id
        );
        self.same(claimed)
    }

    /// What the store says of an attended chat is so.
    pub(super) fn same(&self, claimed: &waha_sm::store::Claimed) -> Checked {
        let chat = &claimed.chat;
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
            (claimed.rev, claimed.received, claimed.state.as_str())
                == (conversation.rev, it.received, conversation.state.as_str()),
            "{chat}: {claimed:?} is not {it:?}"
        );
        Ok(())
    }

    /// Whether the step of this owner is to be taken.
    pub(super) fn takes(&self, chat: &str, epoch: &str, rev: u64) -> bool {
        let conversation = self.chat(chat).conversation.as_ref();
        conversation.is_some_and(|c| {
            c.rev == rev && c.owner.as_ref().is_some_and(|owner| owner.epoch == epoch)
        })
    }

    /// A step that is to be taken. How many messages are left to read; a reply follows with [`Self::hand_over`].
    pub(super) fn commit(
        &mut self,
        chat: &str,
        consumed: usize,
        state: &str,
        ending: Option<&Ending>,
    ) -> u64 {
        let it = self.chat_mut(chat);
        it.inbox.drain(..consumed.min(it.inbox.len()));
        if let Some(ending) = ending {
            self.close(chat, ending, state);
            return 0;
        }
        it.unread &= !it.inbox.is_empty();
        let conversation = it.conversation.as_mut().unwrap();
        conversation.rev += 1;
        state.clone_into(&mut conversation.state);
        it.inbox.len() as u64
    }

    pub(super) fn reply(&mut self, chat: &str, id: &str, notice: bool) {
        self.chat_mut(chat).lane.push(Queued {
            id: id.to_owned(),
            attempts: 0,
            notice,
        });
    }

    /// The lane is this process' from now on; the number of this taking.
    pub(super) fn take(&mut self, chat: &str, process: &str) -> usize {
        let taking = self.takings.len();
        self.takings.push(None);
        self.chat_mut(chat).hand = Some(Hand {
            process: process.to_owned(),
            taking,
        });
        taking
    }

    /// Conversations and lanes that were taken back.
    pub(super) fn release(&mut self, process: &str) -> (u64, u64) {
        let (mut conversations, mut lanes) = (0, 0);
        for chat in self.chats.keys().cloned().collect::<Vec<_>>() {
            let it = self.chat_mut(&chat);
            if it.hand.as_ref().is_some_and(|hand| hand.process == process) {
                it.hand = None;
                lanes += 1;
            }
            let Some(conversation) = &mut it.conversation else {
                continue;
            };
            if conversation
                .owner
                .as_ref()
                .is_some_and(|owner| owner.process == process)
            {
                // The number stays: it goes back to its old place.
                conversation.leave_all_lists();
                it.unread = false;
                conversations += 1;
                self.entry(format!("requeued {chat}"), &chat);
            }
        }
        (conversations, lanes)
    }

    /// The first reply of the lane leaves it, for good.
    pub(super) fn settled(&mut self, chat: &str, verdict: &str) -> Checked {
        let reply = self.chat_mut(chat).lane.remove(0);
        ensure!(
            self.settled.insert(reply.id.clone()),
            "{} was settled before",
            reply.id
        );
        self.expected
            .push((format!("reply {} {verdict}", reply.id), None));
        Ok(())
    }

    /// Whether what came of this look is to be taken; the words are out of the inbox then.
    pub(super) fn announce(
        &mut self,
        one: &waha_sm::store::Announcement,
        requeued: u64,
        ending: Option<&Ending>,
    ) -> bool {
        let chat = &one.chat;
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
        if let Some(reply) = &one.reply {
            it.drop_notices();
            self.reply(chat, &reply.id, reply.notice);
        }
        let it = self.chat_mut(chat);
        if let Some(ending) = ending {
            it.inbox
                .drain(..(one.examined as usize).min(it.inbox.len()));
            self.close(chat, ending, "");
        } else if let Some(conversation) = &mut it.conversation {
            conversation.examined = one.examined as usize;
            conversation.told |= one.told.is_some();
        }
        true
    }

    /// Redis holds what it should, and nothing else.
    pub(super) fn check(&mut self, view: &View) -> Checked {
        ensure!(self.paused == view.paused, "paused: {}", view.paused);
        ensure!(
            self.line() == view.queue,
            "the line is {:?}, should be {:?}",
            view.queue,
            self.line()
        );
        let attended = |chat: &Chat| {
            chat.conversation
                .as_ref()
                .is_some_and(|c| c.owner.is_some())
        };
        let active = self.chats.values().filter(|chat| attended(chat)).count();
        ensure!(
            (view.active.len(), view.announce.len())
                == (active, view.queue.len() + view.handoff.len()),
            "active {:?}, to be looked at {:?}",
            view.active,
            view.announce
        );
        self.check_persons(view)?;
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

    /// Who waits for a person, and whom the owner answers; nobody else is on any of their lists.
    fn check_persons(&self, view: &View) -> Checked {
        let persons = self.persons();
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
                && view.handoff_untold.len() == persons.len(),
            "for a person wait {:?} until {:?}, untold {:?}, should be {persons:?} until {due:?}",
            view.handoff,
            view.handoff_due,
            view.handoff_untold
        );
        let phone = of(|it| it.phone);
        ensure!(
            view.phone == phone && view.phone_said.iter().eq(phone.keys()),
            "the owner answers {:?}, of whom {:?} have a time, should be {phone:?}",
            view.phone,
            view.phone_said
        );
        Ok(())
    }

    /// In the line, or attended, or neither; and everything about it says the same.
    fn check_place(&mut self, chat: &str, it: &Chat, seen: &Seen, view: &View) -> Checked {
        let owner = it.conversation.as_ref().map(|c| c.owner.as_ref());
        let status = match &it.conversation {
            None => it.kept.as_ref().map(|_| "closed"),
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
                && view.announce.contains_key(chat)
                    == matches!(status, Some("waiting" | "handoff"))
                && view.unread.contains(chat) == it.unread,
            "{chat} is {status:?}; active {:?}, to be looked at {:?}, unread {:?}, should be {}",
            view.active,
            view.announce,
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
            "{chat}: more was looked at than there is"
        );
        let known = (
            seen.field("id").unwrap_or_default().to_owned(),
            number("ticket").unwrap_or(0).cast_signed(),
        );
        match &self.opened[conversation.number] {
            Some(before) => ensure!(
                *before == known,
                "{chat}: id and ticket are {known:?}, were {before:?}"
            ),
            None => self.opened[conversation.number] = Some(known),
        }
        Ok(())
    }

    /// Due, or in one hand, or empty; in order.
    fn check_lane(&mut self, chat: &str, it: &Chat, seen: &Seen, view: &View) -> Checked {
        let ids: Vec<_> = it.lane.iter().map(|reply| reply.id.clone()).collect();
        ensure!(
            seen.lane == ids,
            "{chat}: the lane is {:?}, should be {ids:?}",
            seen.lane
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
                    "opened" | "requeued" | "handoff" => of("chat"),
                    "claimed" => format!("{} {}", of("chat"), of("process")),
                    "closed" => format!("{} {}", of("chat"), of("outcome")),
                    "message" => of("data"),
                    "reply" => format!("{} {}", reply_id(of("data")), of("state")),
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

/// The history says of a reply that was left to the owner all that was to be said; of others this test says only the id.
fn reply_id(data: String) -> String {
    match serde_json::from_str::<serde_json::Value>(&data) {
        Ok(said) => said["reply_id"].as_str().unwrap_or_default().to_owned(),
        Err(_) => data,
    }
}
