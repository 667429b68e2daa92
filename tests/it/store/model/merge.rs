//! The model of a merge: a hidden id (`@lid`) turns out to belong to a number, and two chats become one.

use std::time::Duration;

use waha_sm::clock::Millis;

use super::session::{Chat, Session, is_hidden};
use crate::harness::ms;

fn received_at(message: &str) -> Millis {
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    ms(message["received_at"].as_i64().unwrap())
}

fn latest(inbox: &[String]) -> Millis {
    inbox.last().map_or(ms(0), |message| received_at(message))
}

/// In order of arrival, which a single inbox has already. Of two with the same time, that of `first` comes first.
fn merged(first: Vec<String>, second: Vec<String>) -> Vec<String> {
    let is_one = first.is_empty() || second.is_empty();
    let mut all = [first, second].concat();
    if !is_one {
        all.sort_by_key(|message| received_at(message));
    }
    all
}

impl Session {
    pub(super) fn chat_of(&self, id: &str) -> String {
        self.aliases.get(id).map_or(id, String::as_str).to_owned()
    }

    /// The chat of a person, if an event names one or both of their ids.
    pub(super) fn chat_of_person(
        &mut self,
        from: &str,
        other: Option<&str>,
        now: Millis,
    ) -> String {
        let Some(other) = other else {
            return self.chat_of(from);
        };
        let (lid, chat) = if is_hidden(from) {
            (from, other)
        } else {
            (other, from)
        };
        if self.merge(lid, chat, now) {
            chat.to_owned()
        } else {
            from.to_owned()
        }
    }

    /// WAHA does not know the number. It is asked again later if the chat is still needed.
    pub(super) fn nobody_knows(&mut self, lid: &str, again_at: Millis) {
        let it = self.chat(lid);
        if it.conversation.is_some() || it.kept.is_some() {
            self.unmapped.insert(lid.to_owned(), again_at);
        } else {
            self.unmapped.remove(lid);
        }
    }

    /// Both ids are one person. Returns whether they are merged now: not while replies to both are in flight.
    pub(super) fn merge(&mut self, lid: &str, chat: &str, now: Millis) -> bool {
        if self.aliases.contains_key(lid) {
            return true;
        }
        let under_way = |it: &Chat| it.hand.is_some() || it.attempt.is_some();
        if under_way(self.chat(lid)) && under_way(self.chat(chat)) {
            self.unmapped
                .insert(lid.to_owned(), now + Duration::from_secs(1));
            return false;
        }
        // A takeover may be over, even if nothing has ended it yet.
        self.phone_may_end(lid, now);
        self.phone_may_end(chat, now);
        self.aliases.insert(lid.to_owned(), chat.to_owned());
        self.unmapped.remove(lid);
        self.expected.push((format!("alias {lid} {chat}"), None));
        if self.known.remove(lid) && self.known.insert(chat.to_owned()) {
            self.addresses.insert(chat.to_owned(), lid.to_owned());
        }
        let mut hidden = std::mem::take(self.chat_mut(lid));
        self.merge_lanes(chat, &mut hidden);
        let (phone, said, hung_up) = (hidden.phone, hidden.said, hidden.hung_up);
        let (counted, left_alone) = ((hidden.opened, hidden.replies), hidden.left_alone);
        let (owner_wrote, newest, heard_until) =
            (hidden.owner_wrote, hidden.newest, hidden.heard_until);
        self.merge_conversations(lid, chat, hidden, now);
        let it = self.chat_mut(chat);
        it.opened += counted.0;
        it.replies += counted.1;
        let until = |left_alone: Option<(Millis, Millis)>| left_alone.map(|(_, until)| until);
        if until(left_alone) > until(it.left_alone) {
            it.left_alone = left_alone;
        }
        it.hung_up = it.hung_up.max(hung_up);
        it.phone = it.phone.max(phone);
        it.owner_wrote = it.owner_wrote.max(owner_wrote);
        it.newest = it.newest.max(newest);
        it.heard_until = it.heard_until.max(heard_until);
        it.said = it.said.max(said);
        if it.phone.is_some() {
            self.owner_takes_over(chat);
        }
        self.merge_changes(lid, chat, now);
        true
    }

    /// All replies are in one lane, and each lane's replies keep their order. One sender continues, with what it has in hand.
    fn merge_lanes(&mut self, chat: &str, hidden: &mut Chat) {
        let it = self.chat_mut(chat);
        it.unclaimed.append(&mut hidden.unclaimed);
        let waits_since = |it: &Chat| it.lane.first().map(|reply| reply.queued_at);
        let number_first = match (&hidden.attempt, &it.attempt) {
            (_, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => waits_since(it) <= waits_since(hidden) && !it.lane.is_empty(),
        };
        if number_first {
            it.lane.append(&mut hidden.lane);
        } else {
            it.lane.splice(..0, hidden.lane.drain(..));
        }
        it.attempt = it.attempt.take().or(hidden.attempt.take());
        it.hand = it.hand.take().or(hidden.hand.take());
    }

    /// One conversation continues, under the better ticket, with all messages in order of arrival.
    fn merge_conversations(&mut self, lid: &str, chat: &str, hidden: Chat, now: Millis) {
        let it = self.chat_mut(chat);
        let there = std::mem::take(&mut it.inbox);
        if hidden.conversation.is_some()
            && (it.conversation.is_none() || latest(&hidden.inbox) >= latest(&there))
        {
            self.addresses.insert(chat.to_owned(), lid.to_owned());
        }
        let it = self.chat_mut(chat);
        // The older one stays, or the one that an agent holds; under the better ticket.
        let ended = match (&hidden.conversation, &it.conversation) {
            (Some(one), Some(other)) if one.held.is_some() != other.held.is_some() => {
                Some(if one.held.is_some() { other } else { one }.number)
            }
            (Some(one), Some(other)) if one.ticket < other.ticket => Some(other.number),
            (Some(one), Some(_)) => Some(one.number),
            _ => None,
        };
        let tickets =
            [&hidden.conversation, &it.conversation].map(|one| Some(one.as_ref()?.ticket));
        let ticket = tickets.into_iter().flatten().min();
        let number = hidden.conversation.as_ref().map(|one| one.number);
        if ended.is_some() {
            self.expected.push((format!("closed {chat} merged"), ended));
        }
        let it = self.chat_mut(chat);
        match hidden.conversation {
            Some(mut conversation) if it.conversation.is_none() || ended != number => {
                it.kept = None;
                if let Some(held) = conversation.held.as_mut().filter(|_| !there.is_empty()) {
                    held.unanswered.get_or_insert(now);
                }
                it.inbox = match &conversation.held {
                    // The agent has seen the first messages, so they stay first.
                    Some(_) => [hidden.inbox, there].concat(),
                    None => merged(hidden.inbox, there),
                };
                it.unread = false;
                conversation.examined = 0;
                let active = conversation.owner.is_some();
                if active {
                    conversation.leave_all_lists();
                }
                it.conversation = Some(conversation);
                if active {
                    self.entry(format!("requeued {chat}"), chat);
                }
            }
            // The number's conversation continues.
            Some(_) => {
                if let Some(conversation) = &mut it.conversation {
                    if let Some(held) = &mut conversation.held {
                        if !hidden.inbox.is_empty() {
                            held.unanswered.get_or_insert(now);
                        }
                        it.inbox = [there, hidden.inbox].concat();
                    } else if conversation.owner.is_some() {
                        // Its process may be about to consume the first messages, so they stay first.
                        it.unread |= !hidden.inbox.is_empty();
                        it.inbox = [there, hidden.inbox].concat();
                    } else {
                        conversation.examined = 0;
                        conversation.requeued += 1;
                        it.inbox = merged(there, hidden.inbox);
                    }
                }
            }
            // Messages to the owner are kept until the takeover ends.
            None => {
                it.inbox = merged(there, hidden.inbox);
                if it.conversation.is_none() && it.kept.is_none() {
                    it.kept = hidden.kept;
                }
            }
        }
        if let Some(conversation) = &mut self.chat_mut(chat).conversation {
            conversation.ticket = ticket.unwrap_or(conversation.ticket);
        }
    }
}
