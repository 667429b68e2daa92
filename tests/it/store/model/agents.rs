//! The model of people at work: agents take conversations, speak, give them away and close them, the owner moves customers in
//! line and pauses lines.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::ids::{AgentName, ChatId};
use waha_sm::store::{Acted, HeldBy, MoveTo, Reply};

use super::operation::{AGENTS, GiveTo, TEAMS};
use super::session::{CLOCKS_APART, Conversation, Ending, Line, Session};

/// How many conversations an agent may hold.
pub(super) const MAX_CHATS: u32 = 2;
/// How long a customer may wait for an answer of the agent.
pub(super) const AGENT_QUIET: Duration = Duration::from_secs(20);

pub(super) fn agent(number: usize) -> AgentName {
    AgentName::stored(AGENTS[number])
}

/// An agent holds a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) agent: usize,
    pub(super) taken: Millis,
    /// Since when the customer waits for an answer.
    pub(super) unanswered: Option<Millis>,
}

/// What an action came to: its result, in the words of the scripts, and who has the conversation now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    result: &'static str,
    holder: Option<HeldBy>,
}

impl Outcome {
    fn new(result: &'static str) -> Self {
        Self {
            result,
            holder: None,
        }
    }

    /// As the store answered.
    pub(super) fn of(acted: &Acted) -> Self {
        let (result, holder) = match acted {
            Acted::Done(now) => ("done", Some(now.holder.clone())),
            Acted::Yours(now) => ("yours", Some(now.holder.clone())),
            Acted::Held(now) => ("held", Some(now.holder.clone())),
            Acted::Changed(now) => ("changed", Some(now.holder.clone())),
            Acted::NobodyWaits => ("nobody", None),
            Acted::NotOpen(_) => ("closed", None),
            Acted::TooMany => ("many", None),
            Acted::Paused(_) => ("paused", None),
        };
        Self { result, holder }
    }
}

impl Session {
    /// Who has the open conversation of a chat; `None` if none is open.
    pub(super) fn holder(&self, chat: &str) -> Option<HeldBy> {
        let one = self.chat(chat).conversation.as_ref()?;
        Some(match (&one.held, &one.owner) {
            (Some(held), _) => HeldBy::Agent(agent(held.agent)),
            (None, Some(_)) => HeldBy::Bot,
            (None, None) if one.phone => HeldBy::Phone,
            (None, None) => HeldBy::Nobody,
        })
    }

    fn outcome(&self, result: &'static str, chat: &str) -> Outcome {
        Outcome {
            result,
            holder: self.holder(chat),
        }
    }

    fn count_held(&self, agent: usize) -> u32 {
        let held = |agent: usize| {
            let chats = self.chats.values();
            chats.filter(move |it| {
                let one = it.conversation.as_ref().and_then(|one| one.held.as_ref());
                one.is_some_and(|held| held.agent == agent)
            })
        };
        u32::try_from(held(agent).count()).unwrap()
    }

    fn is_paused(&self, team: usize) -> bool {
        self.pauses.contains("") || self.pauses.contains(TEAMS[team])
    }

    /// An agent takes a conversation, or the next; `from`: the colleague who has it.
    pub(super) fn take_by_hand(
        &mut self,
        by: usize,
        chat: Option<&str>,
        only: Option<usize>,
        from: Option<usize>,
        now: Millis,
    ) -> Outcome {
        let chat = match chat {
            Some(chat) => self.chat_of(chat),
            None => {
                let teams = only.map_or(0..TEAMS.len(), |team| team..team + 1);
                let heads: Vec<_> = teams
                    .filter_map(|team| {
                        Some((team, self.waiting(Line::People(team)).into_iter().next()?))
                    })
                    .collect();
                let paused = heads.iter().any(|(team, _)| self.is_paused(*team));
                let open = heads.into_iter().filter(|(team, _)| !self.is_paused(*team));
                let first = open
                    .min_by_key(|(_, chat)| self.chat(chat).conversation.as_ref().unwrap().place());
                match first {
                    Some((_, chat)) => chat,
                    None => return Outcome::new(if paused { "paused" } else { "nobody" }),
                }
            }
        };
        // A takeover may be over, even if nothing has ended it yet.
        let opens = from.is_none()
            && self.holder(&chat).is_none()
            && !self.phone_may_end(&chat, now)
            && self.chat(&chat).phone.is_some();
        let holder = match self.holder(&chat) {
            Some(holder) => holder,
            None if opens => HeldBy::Phone,
            None => return Outcome::new("closed"),
        };
        let conversation = self.chat(&chat).conversation.clone().unwrap_or_default();
        let held = conversation.held.clone();
        if held.as_ref().is_some_and(|held| held.agent == by) {
            return self.outcome("yours", &chat);
        }
        if held.as_ref().map(|held| held.agent) != from {
            return self.outcome("held", &chat);
        }
        let team = match conversation.person {
            Some(_) => conversation.team,
            None => 0,
        };
        if self.is_paused(team) {
            return Outcome::new("paused");
        }
        if self.count_held(by) >= MAX_CHATS {
            return Outcome::new("many");
        }
        let (what, before) = match &holder {
            HeldBy::Nobody => ("line", ""),
            HeldBy::Bot => ("bot", ""),
            HeldBy::Phone => ("phone", ""),
            HeldBy::Agent(name) => ("agent", name.as_str()),
        };
        let entry = format!("taken {chat} {} {what} {before}", AGENTS[by]);
        if opens {
            self.open(&chat, now);
        }
        self.leave_lane_to_owner(&chat);
        self.leave_everything(&chat, now);
        let unanswered = match held {
            Some(held) => held.unanswered,
            None => Some(now),
        };
        self.forget_move_for_the_bot(&chat, &conversation);
        self.hold(&chat, by, unanswered, now);
        self.entry(entry, &chat);
        self.outcome("done", &chat)
    }

    /// It is in no list any more, and no longer on the owner's phone.
    fn leave_everything(&mut self, chat: &str, now: Millis) {
        let it = self.chat_mut(chat);
        if it.phone.is_some() {
            // Words that the owner wrote before, and that come later, take nothing over.
            it.hung_up = Some(now);
        }
        it.left_alone = None;
        it.unread = false;
        it.phone = None;
        it.said = None;
        let conversation = it.conversation.as_mut().unwrap();
        conversation.leave_all_lists();
        conversation.phone = false;
        conversation.held = None;
    }

    /// A move in the line for the bot counts there.
    fn forget_move_for_the_bot(&mut self, chat: &str, before: &Conversation) {
        if before.person.is_none() && before.held.is_none() {
            self.chat_mut(chat).conversation.as_mut().unwrap().place = None;
        }
    }

    fn hold(&mut self, chat: &str, by: usize, unanswered: Option<Millis>, now: Millis) {
        let conversation = self.chat_mut(chat).conversation.as_mut().unwrap();
        conversation.rev += 1;
        conversation.held = Some(Held {
            agent: by,
            taken: now,
            unanswered,
        });
    }

    /// Why an action on a conversation that `holder` should have is refused.
    fn refused(&self, chat: &str, holder: &HeldBy) -> Option<Outcome> {
        match self.holder(chat) {
            None => Some(Outcome::new("closed")),
            Some(has) if has != *holder => Some(self.outcome("held", chat)),
            Some(_) => None,
        }
    }

    fn drop_seen(&mut self, chat: &str, seen: Option<u64>) {
        let it = self.chat_mut(chat);
        let seen = seen.map_or(it.inbox.len(), |seen| it.inbox.len().min(seen as usize));
        it.inbox.drain(..seen);
        if !it.has_unread() {
            it.inbox.clear();
        }
    }

    pub(super) fn say_by_hand(
        &mut self,
        by: usize,
        chat: &str,
        seen: Option<u64>,
        reply: &Reply,
        now: Millis,
    ) -> Outcome {
        let chat = &self.chat_of(chat);
        if let Some(refused) = self.refused(chat, &HeldBy::Agent(agent(by))) {
            return refused;
        }
        self.drop_seen(chat, seen);
        let it = self.chat_mut(chat);
        let unanswered = it.has_unread().then_some(now);
        let conversation = it.conversation.as_mut().unwrap();
        conversation.rev += 1;
        conversation.held.as_mut().unwrap().unanswered = unanswered;
        self.reply(chat, reply);
        self.outcome("done", chat)
    }

    /// `holder`: who has it, as the person saw it.
    pub(super) fn give_by_hand(
        &mut self,
        (by, holder): (usize, &HeldBy),
        chat: &str,
        seen: Option<u64>,
        to: &GiveTo,
        (state, now): (&str, Millis),
    ) -> Outcome {
        let chat = &self.chat_of(chat);
        if let Some(refused) = self.refused(chat, holder) {
            return refused;
        }
        let before = self.chat(chat).conversation.clone().unwrap();
        let to_name = match to {
            GiveTo::Bot => "bot".to_owned(),
            GiveTo::Team(team) => format!("team:{}", TEAMS[*team]),
            GiveTo::Agent(other) => {
                if *holder == HeldBy::Agent(agent(*other)) {
                    return self.outcome("held", chat);
                }
                if self.count_held(*other) >= MAX_CHATS {
                    return Outcome::new("many");
                }
                format!("agent:{}", AGENTS[*other])
            }
        };
        self.drop_notices(chat);
        self.leave_everything(chat, now);
        self.entry(format!("given {chat} {} {to_name}", AGENTS[by]), chat);
        match to {
            GiveTo::Bot => {
                // Who waits for the bot has written to the bot.
                if before.line() != Some(Line::Workers) {
                    self.drop_seen(chat, seen);
                }
                let conversation = self.chat_mut(chat).conversation.as_mut().unwrap();
                conversation.rev += 1;
                conversation.place = None;
                conversation.urgent = false;
                conversation.within = Duration::ZERO;
                state.clone_into(&mut conversation.state);
            }
            GiveTo::Team(team) => {
                let conversation = self.chat_mut(chat).conversation.as_mut().unwrap();
                conversation.rev += 1;
                conversation.place = None;
                conversation.team = *team;
                let within = conversation.within;
                conversation.person = Some((!within.is_zero()).then_some(now + within));
            }
            GiveTo::Agent(other) => {
                let unanswered = match &before.held {
                    Some(held) => held.unanswered,
                    None => Some(now),
                };
                self.forget_move_for_the_bot(chat, &before);
                self.hold(chat, *other, unanswered, now);
            }
        }
        self.outcome("done", chat)
    }

    pub(super) fn close_by_hand(
        &mut self,
        holder: &HeldBy,
        chat: &str,
        seen: Option<u64>,
        now: Millis,
    ) -> Outcome {
        let chat = &self.chat_of(chat);
        if let Some(refused) = self.refused(chat, holder) {
            return refused;
        }
        self.drop_notices(chat);
        self.leave_everything(chat, now);
        self.drop_seen(chat, seen);
        let ending = Ending {
            outcome: "solved".to_owned(),
            resumable: false,
        };
        self.close(chat, &ending, "", now);
        Outcome {
            result: "done",
            holder: Some(HeldBy::Nobody),
        }
    }

    pub(super) fn move_in_line(&mut self, by: usize, chat: &str, to: MoveTo) -> Outcome {
        let chat = &self.chat_of(chat);
        if let Some(refused) = self.refused(chat, &HeldBy::Nobody) {
            return refused;
        }
        let conversation = self.chat(chat).conversation.as_ref().unwrap();
        let line = self.waiting(conversation.line().unwrap());
        let head = self.chat(&line[0]).conversation.as_ref().unwrap().place();
        let is_first = line[0] == *chat;
        let (place, urgent) = match to {
            MoveTo::First if is_first => (conversation.place, conversation.urgent),
            MoveTo::First => (
                Some(head.min(-2 * super::session::URGENT) - 1),
                conversation.urgent,
            ),
            MoveTo::Urgent => (Some(conversation.ticket - super::session::URGENT), true),
            MoveTo::Last => {
                self.tickets += 1;
                (Some(self.tickets), false)
            }
        };
        let conversation = self.chat_mut(chat).conversation.as_mut().unwrap();
        conversation.place = place;
        conversation.urgent = urgent;
        self.entry(format!("moved {chat} {} {}", AGENTS[by], to.name()), chat);
        self.outcome("done", chat)
    }

    /// Returns whether that changed anything.
    pub(super) fn pause_line(&mut self, team: usize, pauses: bool) -> bool {
        let (what, changed) = match pauses {
            true => ("line_paused", self.pauses.insert(TEAMS[team].to_owned())),
            false => ("line_resumed", self.pauses.remove(TEAMS[team])),
        };
        self.spread |= changed && !pauses;
        if changed || pauses {
            self.expected
                .push((format!("{what} {}", TEAMS[team]), None));
        }
        changed
    }

    /// Agents who are gone, or left a customer without an answer, lose conversations. Returns whose.
    pub(super) fn return_held(
        &mut self,
        gone: &[usize],
        now: Millis,
    ) -> Vec<(ChatId, &'static str)> {
        let mut returned = Vec::new();
        if self.paused {
            return returned;
        }
        for chat in self.chats.keys().cloned().collect::<Vec<_>>() {
            let Some(conversation) = self.chat_mut(&chat).conversation.as_mut() else {
                continue;
            };
            let Some(held) = conversation.held.clone() else {
                continue;
            };
            let is_quiet = held
                .unanswered
                .is_some_and(|since| since + AGENT_QUIET <= now);
            let why = match (gone.contains(&held.agent), is_quiet) {
                (true, _) => "gone",
                (false, true) => "quiet",
                (false, false) => continue,
            };
            conversation.leave_all_lists();
            conversation.held = None;
            conversation.rev += 1;
            let within = conversation.within;
            conversation.person = Some((!within.is_zero()).then_some(now + within));
            let entry = format!("returned {chat} {} {why}", AGENTS[held.agent]);
            self.entry(entry, &chat);
            returned.push((ChatId::stored(chat), AGENTS[held.agent]));
        }
        returned.sort_by(|one, other| one.0.as_str().cmp(other.0.as_str()));
        returned
    }

    /// The owner writes from their phone in a chat that an agent has: only the closing word counts.
    pub(super) fn owner_says_to_agent(
        &mut self,
        chat: &str,
        (ends, sent_at): (bool, Millis),
        now: Millis,
    ) -> Option<bool> {
        let it = self.chat_mut(chat);
        let held = it.conversation.as_ref()?.held.as_ref()?;
        if !ends || sent_at + CLOCKS_APART < held.taken {
            return None;
        }
        it.hung_up = Some(sent_at.min(now));
        it.inbox.clear();
        let ending = Ending {
            outcome: "phone".to_owned(),
            resumable: false,
        };
        self.close(chat, &ending, "", now);
        Some(true)
    }
}
