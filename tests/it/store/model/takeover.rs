//! The model of a takeover: the owner answers a chat from their own phone, or one of our messages was taken for theirs.

use waha_sm::clock::Millis;
use waha_sm::store::HeldBy;

use super::session::{CLOCKS_APART, Ending, QUIET, Session, is_hidden};
use super::unread::{self, is_withdrawn};

/// What a message means if the owner wrote it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByOwner {
    pub(super) ends: bool,
    pub(super) sent_at: Millis,
    /// When the latest known message after it was sent, or 0.
    pub(super) last_activity_at: Millis,
}

impl Session {
    /// The owner writes. Returns whether that begins (`false`) or ends (`true`) a takeover.
    pub(super) fn owner_says(&mut self, chat: &str, words: ByOwner, now: Millis) -> Option<bool> {
        let ByOwner {
            ends,
            sent_at,
            last_activity_at,
        } = words;
        let it = self.chat_mut(chat);
        it.owner_wrote = it.owner_wrote.max(Some(sent_at));
        if matches!(self.holder(chat), Some(HeldBy::Agent(_))) {
            return self.owner_says_to_agent(chat, (ends, sent_at), now);
        }
        self.phone_may_end(chat, now);
        let it = self.chat_mut(chat);
        // The closing word is enough for the bot to answer again in a chat that it leaves alone.
        let since = it.is_left_alone(now).filter(|_| ends);
        let answers_again = since
            .filter(|since| sent_at + CLOCKS_APART >= *since)
            .map(|_| true);
        if answers_again.is_some() {
            it.left_alone = None;
        }
        if it.hung_up.is_some_and(|at| sent_at < at) {
            return answers_again;
        }
        // A late message acts only as long as it would have acted if it came on time.
        let said_at = if ends {
            sent_at
        } else {
            sent_at.max(last_activity_at)
        };
        let counts_from = if now.since(said_at) < CLOCKS_APART {
            now
        } else {
            said_at
        };
        let still_acts = counts_from + QUIET > now;
        let before = it.phone;
        if !ends {
            if !still_acts {
                self.close_answered(chat, sent_at, now);
                return None;
            }
            it.said = it.said.max(Some(sent_at));
            it.phone = before.max(Some(counts_from + QUIET));
            self.owner_takes_over(chat);
            return before.is_none().then_some(false);
        }
        it.hung_up = Some(sent_at.min(now));
        if before.is_some() {
            if it.said.is_some_and(|said| sent_at < said) {
                return answers_again;
            }
        } else {
            let opened = it.conversation.as_ref().map(|one| one.opened);
            let was_there = opened.is_some_and(|at| at <= counts_from + CLOCKS_APART);
            if !still_acts || !was_there {
                return answers_again;
            }
            self.owner_takes_over(chat);
        }
        self.phone_ends(chat, now);
        Some(true)
    }

    /// The owner's late answer to all that the customer wrote comes before the bot's.
    fn close_answered(&mut self, chat: &str, sent_at: Millis, now: Millis) {
        let it = self.chat(chat);
        let untouched = it
            .conversation
            .as_ref()
            .is_some_and(|one| !one.phone && one.person.is_none() && one.rev == 0);
        let mut unread = it.inbox.iter().filter(|message| !is_withdrawn(message));
        if untouched && unread.all(|message| unread::sent_at(message) + CLOCKS_APART < sent_at) {
            self.owner_takes_over(chat);
            self.phone_ends(chat, now);
        }
    }

    /// Unsent replies are dropped, except those in flight.
    pub(super) fn owner_takes_over(&mut self, chat: &str) {
        if matches!(self.holder(chat), Some(HeldBy::Agent(_))) {
            let it = self.chat_mut(chat);
            (it.phone, it.said) = (None, None);
            return;
        }
        self.leave_lane_to_owner(chat);
        let it = self.chat_mut(chat);
        it.left_alone = None;
        it.unread = false;
        let Some(conversation) = it.conversation.as_mut().filter(|one| !one.phone) else {
            return;
        };
        let before = conversation.person;
        conversation.leave_all_lists();
        conversation.before = before;
        conversation.phone = true;
        self.entry(format!("claimed {chat} phone"), chat);
    }

    fn phone_ends(&mut self, chat: &str, now: Millis) {
        let it = self.chat_mut(chat);
        it.phone = None;
        it.said = None;
        it.inbox.clear();
        if it.conversation.as_ref().is_some_and(|one| one.phone) {
            let ending = Ending {
                outcome: "phone".to_owned(),
                resumable: false,
            };
            self.close(chat, &ending, "", now);
        }
    }

    pub(super) fn phone_may_end(&mut self, chat: &str, now: Millis) -> bool {
        let over = self.chat(chat).phone.is_some_and(|until| until <= now);
        if over {
            self.phone_ends(chat, now);
        }
        over
    }

    /// A message turns out to be ours. If it began a takeover and the owner wrote nothing since, the takeover is undone:
    /// the customer keeps their place, and their messages are read.
    pub(super) fn was_ours(&mut self, sent_in: &str, message_id: &str, now: Millis) {
        let Some((sent_at, chat)) = self.began.get(message_id).cloned() else {
            return;
        };
        let chat = &self.chat_of(&chat);
        let may_be_here = chat == sent_in || is_hidden(chat) != is_hidden(sent_in);
        let it = self.chat_mut(chat);
        if !may_be_here || it.said != Some(sent_at) {
            return;
        }
        it.phone = None;
        it.said = None;
        if it.owner_wrote == Some(sent_at) {
            it.owner_wrote = None;
        }
        let has_unread = it.has_unread();
        match it.conversation.as_mut() {
            Some(conversation) => {
                let before = conversation.before;
                conversation.leave_all_lists();
                conversation.phone = false;
                conversation.person = before;
                let what = if before.is_some() {
                    "handoff"
                } else {
                    "requeued"
                };
                self.entry(format!("{what} {chat}"), chat);
            }
            None if has_unread => self.open(chat, now),
            None => it.inbox.clear(),
        }
    }
}
