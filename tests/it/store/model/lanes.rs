//! The model of lanes: which process holds which, what is in doubt, and which of our messages are replies.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::flow::MediaKind;
use waha_sm::ids::MessageId;
use waha_sm::store::{Attempt, EchoContent, Recorded, Reply};

use super::session::{CLOCKS_APART, Chat, Checked, Hand, Queued, Session, ensure, is_hidden, of};
use super::takeover::ByOwner;
use super::unread::note;

/// How many notices that nobody asked for a session may send in a minute.
pub(super) const PER_MINUTE: u32 = 3;
const MINUTE: Duration = Duration::from_secs(60);
/// A notice that waits for longer is only sent if the place in it is still true.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// The content of a reply or of one of our messages, for comparing both. Spaces don't count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The kind of its file, if it has one.
    pub(super) kind: Option<String>,
    pub(super) wording: String,
}

impl Said {
    fn by(reply: &Reply) -> Self {
        let kind = reply.media.as_ref().map(|media| match media.kind {
            MediaKind::Image => "image",
            MediaKind::File => "file",
            MediaKind::Voice => "voice",
            MediaKind::Video => "video",
        });
        Self {
            kind: kind.map(str::to_owned),
            wording: without_spaces(&reply.text),
        }
    }
}

pub(super) fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// An attempt, as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) since: Millis,
    /// `None`: a process has the reply in hand, but did not say yet that it sends it.
    pub(super) begun: Option<MarkId>,
    pub(super) echo: Option<String>,
    pub(super) address: String,
}

/// The message id of an attempt, if it is known in advance.
pub(super) type MarkId = Option<String>;

impl Mark {
    /// As it is stored in Redis.
    pub(super) fn noted(&self) -> String {
        let id = match &self.begun {
            None => "-",
            Some(id) => id.as_deref().unwrap_or("+"),
        };
        let echo = self.echo.as_deref().unwrap_or("-");
        format!("{} {id} {echo} {}", self.since, self.address)
    }

    fn id(&self) -> Option<&str> {
        self.begun.as_ref()?.as_deref()
    }

    /// Whether the sender received the same.
    pub(super) fn is(&self, attempt: &Attempt) -> bool {
        (
            self.since,
            self.begun.is_some(),
            self.id(),
            self.echo.as_deref(),
            self.address.as_str(),
        ) == (
            attempt.since,
            attempt.send_begun,
            attempt.id.as_ref().map(MessageId::as_str),
            attempt.echo.as_ref().map(MessageId::as_str),
            attempt.address.as_str(),
        )
    }
}

/// The outcome of an attempt.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// With the message id, if it is known.
    Sent(Option<String>),
    Dead,
    Retry {
        doubt: bool,
    },
    Release {
        doubt: bool,
    },
}

impl Fate {
    fn is_final(&self) -> bool {
        matches!(self, Self::Sent(_) | Self::Dead)
    }
}

/// An outbound message that WAHA reports.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) from: String,
    pub(super) other: Option<String>,
    pub(super) message_id: String,
    /// The kinds of reply that arrive as such a message; `None` is text.
    pub(super) sent_as: &'static [Option<MediaKind>],
    pub(super) wording: String,
    /// What it means if the owner wrote it.
    pub(super) by_owner: Option<ByOwner>,
    pub(super) sent_at: Millis,
    pub(super) data: String,
}

impl Own {
    pub(super) fn content(&self) -> EchoContent {
        EchoContent::new(self.sent_as, &self.wording)
    }

    fn says(&self, said: &Said) -> bool {
        let sent_as = |kind: &Option<MediaKind>| match kind {
            None => said.kind.is_none(),
            Some(MediaKind::Image) => said.kind.as_deref() == Some("image"),
            Some(MediaKind::File) => said.kind.as_deref() == Some("file"),
            Some(MediaKind::Voice) => said.kind.as_deref() == Some("voice"),
            Some(MediaKind::Video) => said.kind.as_deref() == Some("video"),
        };
        self.sent_as.iter().any(sent_as) && without_spaces(&self.wording) == said.wording
    }
}

impl Chat {
    /// The echo of this reply may still come, and must not be taken for the owner's words.
    pub(super) fn expect_echo(&mut self, reply: &Queued) {
        self.unclaimed.push(reply.says.clone());
    }
}

impl Session {
    pub(super) fn reply(&mut self, chat: &str, reply: &Reply) {
        self.chat_mut(chat).lane.push(Queued {
            id: reply.id.clone(),
            attempts: 0,
            notice: reply.notice,
            by_agent: reply.by.is_some(),
            says: Said::by(reply),
            queued_at: reply.queued_at,
        });
    }

    /// The process takes the lane. Returns the number of this taking.
    pub(super) fn take(&mut self, chat: &str, process: &str) -> usize {
        let taking = self.takings.len();
        self.takings.push(None);
        self.chat_mut(chat).hand = Some(Hand {
            process: process.to_owned(),
            taking,
        });
        taking
    }

    /// How many notices may be sent now.
    pub(super) fn free_notices(&mut self, now: Millis) -> usize {
        self.notices
            .retain(|_, at| now.since(*at) < MINUTE && at.since(now) < MINUTE);
        (PER_MINUTE as usize).saturating_sub(self.notices.len())
    }

    /// A notice is on its way.
    pub(super) fn count_notice(&mut self, reply: &Reply, now: Millis) {
        if reply.notice {
            self.all_notices.insert(reply.id.clone());
            self.notices.insert(reply.id.clone(), now);
        }
    }

    /// The notices of the next minute are spread over it: one may leave at once.
    pub(super) fn spread_notices(&mut self, now: Millis) {
        if std::mem::take(&mut self.spread) {
            for number in 1..PER_MINUTE {
                let at = now - MINUTE + MINUTE / PER_MINUTE * number;
                self.notices.insert(format!("after-pause:{number}"), at);
            }
        }
    }

    /// The place of a chat in its line; 1 is next.
    fn place_of(&self, chat: &str) -> Option<u64> {
        let line = self.chat(chat).conversation.as_ref()?.line()?;
        let line = self.waiting(line);
        let before = line.iter().position(|one| one == chat)?;
        Some(before as u64 + 1)
    }

    /// A sender is about to get the first reply of a lane: notices that are out of date are dropped before.
    pub(super) fn drop_outdated(&mut self, chat: &str, now: Millis) {
        loop {
            let it = self.chat(chat);
            let Some(first) = it.lane.first().filter(|first| first.notice) else {
                return;
            };
            let told = it.conversation.as_ref().and_then(|one| one.announced);
            let place = self.place_of(chat);
            let age = now.since(first.queued_at);
            let is_true = place.is_some() && (told.is_none() || told == place);
            if it.attempt.is_some() || age < FRESH_FOR || age < MINUTE && is_true {
                return;
            }
            let it = self.chat_mut(chat);
            let dropped = it.lane.remove(0);
            if let Some(conversation) = &mut it.conversation {
                conversation.announced = None;
            }
            self.notices.remove(&dropped.id);
        }
    }

    /// A process has the first reply of a lane in hand and may send it. Returns the attempt in doubt, and the address.
    pub(super) fn hand_out(&mut self, chat: &str, now: Millis) -> (Option<Mark>, String) {
        let address = self.addresses.get(chat).map_or(chat, String::as_str);
        let address = address.to_owned();
        let it = self.chat(chat);
        if let Some(notice) = it.lane.first().filter(|first| first.notice) {
            self.notices.insert(notice.id.clone(), now);
        }
        let it = self.chat_mut(chat);
        let doubt = it.attempt.clone();
        it.attempt.get_or_insert(Mark {
            since: now,
            begun: None,
            echo: None,
            address: address.clone(),
        });
        (doubt, address)
    }

    /// A reply is about to be sent. Returns whether it may be.
    pub(super) fn record_attempt(
        &mut self,
        (id, taking, reply): (&str, usize, &str),
        message_id: MarkId,
        address: &str,
        now: Millis,
    ) -> bool {
        let chat = self.chat_of(id);
        let it = self.chat_mut(&chat);
        let held = it.hand.as_ref().is_some_and(|hand| hand.taking == taking);
        let first = it.lane.first().is_some_and(|first| first.id == reply);
        let expired = |one: &Queued| one.notice && now.since(one.queued_at) >= MINUTE;
        let goes =
            held && first && (it.phone.is_none() || it.lane[0].by_agent) && !expired(&it.lane[0]);
        if goes {
            it.attempt = Some(Mark {
                since: now,
                begun: Some(message_id),
                echo: None,
                address: address.to_owned(),
            });
        }
        goes
    }

    /// Settles the reply that a process has in hand, or had. Returns whether the process continues with the next one.
    pub(super) fn settle(
        &mut self,
        (id, taking, reply): (&str, usize, &str),
        fate: &Fate,
        now: Millis,
    ) -> Result<bool, String> {
        let chat = &self.chat_of(id);
        if let Fate::Sent(Some(message_id)) = fate {
            self.ours.insert(message_id.clone(), chat.clone());
            self.was_ours(chat, message_id, now);
        }
        if matches!(fate, Fate::Sent(_)) && self.all_notices.contains(reply) {
            self.notices.insert(reply.to_owned(), now);
        }
        let it = self.chat_mut(chat);
        let held = it.hand.as_ref().is_some_and(|hand| hand.taking == taking);
        let first = it.lane.first().is_some_and(|first| first.id == reply);
        let mut settled = fate.is_final();
        if settled && first {
            let (verdict, message_id) = match fate {
                Fate::Sent(message_id) => ("sent ", message_id.as_ref()),
                _ => ("failed no", None),
            };
            let echo = it.attempt.take().and_then(|mark| mark.echo);
            let reply = it.lane.remove(0);
            if message_id.is_none() && echo.is_none() {
                it.expect_echo(&reply);
            }
            self.became(&reply.id, verdict, of(chat, id))?;
        }
        if !held {
            return Ok(false);
        }
        let it = self.chat_mut(chat);
        let doubt = matches!(
            fate,
            Fate::Retry { doubt: true } | Fate::Release { doubt: true }
        );
        let held = it
            .conversation
            .as_ref()
            .is_some_and(|one| one.held.is_some());
        if !settled && first && (it.phone.is_some() || held) && !it.lane[0].by_agent {
            // Not tried again in a chat that the owner answers.
            let reply = it.lane.remove(0);
            it.attempt = None;
            if doubt {
                it.expect_echo(&reply);
            }
            self.left_to_owner(&reply, doubt)?;
            settled = true;
        } else if first && matches!(fate, Fate::Retry { doubt: true }) {
            // It may be sent twice, and then there are two echoes.
            let reply = it.lane[0].clone();
            it.expect_echo(&reply);
        }
        let it = self.chat_mut(chat);
        if !first && !matches!(fate, Fate::Release { .. }) {
            it.attempt = None;
        }
        if !settled && first {
            if !doubt {
                it.attempt = None;
            }
            it.lane[0].attempts += u32::from(matches!(fate, Fate::Retry { .. }));
        }
        if settled && !self.paused {
            self.drop_outdated(chat, now);
        }
        let goes_on = settled && !self.paused && !self.chat(chat).lane.is_empty();
        if !goes_on {
            self.chat_mut(chat).hand = None;
        }
        Ok(goes_on)
    }

    /// The history has the outcome of a reply once.
    fn became(&mut self, reply: &str, what: &str, chat: &str) -> Checked {
        ensure!(
            self.settled.insert(reply.to_owned()),
            "{reply} was settled before"
        );
        self.expected
            .push((format!("reply {reply} {what}{chat}"), None));
        Ok(())
    }

    fn left_to_owner(&mut self, reply: &Queued, perhaps: bool) -> Checked {
        if reply.notice {
            return Ok(());
        }
        let why = if perhaps { "perhaps sent" } else { "not sent" };
        self.became(&reply.id, &format!("failed {why}"), "")
    }

    /// The owner answers: replies that are not in hand are dropped.
    pub(super) fn leave_lane_to_owner(&mut self, chat: &str) {
        let it = self.chat_mut(chat);
        let under_way = usize::from(it.hand.is_some());
        let unsent = it.lane.split_off(under_way.min(it.lane.len()));
        let first_goes = unsent.first().is_some_and(|first| !first.by_agent);
        let in_doubt = under_way == 0 && first_goes && it.attempt.take().is_some();
        if in_doubt {
            it.expect_echo(&unsent[0]);
        }
        // What an agent said is still sent.
        let (stays, dropped): (Vec<_>, Vec<_>) = unsent.into_iter().partition(|one| one.by_agent);
        it.lane.extend(stays);
        for (place, reply) in dropped.iter().enumerate() {
            // A reply that is in a lane was not settled before: this was checked when it was put there.
            let _ = self.left_to_owner(reply, in_doubt && place == 0);
        }
    }

    /// Drops notices that no process has in hand: they are out of date.
    pub(super) fn drop_notices(&mut self, chat: &str) {
        let it = self.chat_mut(chat);
        let first = usize::from(it.hand.is_some());
        if first == 0
            && let Some(reply) = it.lane.first().filter(|reply| reply.notice).cloned()
            && it.attempt.take().is_some()
        {
            it.expect_echo(&reply);
        }
        let mut place = 0;
        it.lane.retain(|reply| {
            place += 1;
            place <= first || !reply.notice
        });
    }

    /// WAHA reports an outbound message. Returns the expected answer.
    pub(super) fn own(&mut self, own: &Own, now: Millis) -> Recorded {
        let chat = &self.chat_of_person(&own.from, own.other.as_deref(), now);
        let (known, perhaps) = self.seen(&self.reported, &own.message_id, chat);
        if known.or(perhaps).is_some() {
            return Recorded::Duplicate;
        }
        note(&mut self.reported, &own.message_id, chat, "");
        self.known.insert(chat.clone());
        let other = own.other.as_deref().map(|other| self.chat_of(other));
        let ours = self.is_sent_by_us(chat, own)
            || other.is_some_and(|other| self.is_sent_by_us(&other, own));
        self.note_echo(chat, &own.message_id, Some(own));
        let may_be_forgotten = self.is_in_doubt && own.by_owner.is_some_and(|words| !words.ends);
        let ours = ours || may_be_forgotten;
        let author = if ours { "bot" } else { "phone" };
        let what = format!("message {} {author}{}", own.data, of(chat, &own.from));
        self.entry_of_the_last(what, chat);
        let Some(words) = own.by_owner.filter(|_| !ours) else {
            return Recorded::Recorded;
        };
        let Some(ends) = self.owner_says(chat, words, now) else {
            return Recorded::Recorded;
        };
        if !ends {
            let began = (words.sent_at, chat.clone());
            self.began.insert(own.message_id.clone(), began);
        }
        Recorded::ByPhone { ends }
    }

    /// WAHA reports an ack of one of our messages. Returns the expected answer.
    pub(super) fn ack(&mut self, from: &str, message_id: &str, data: &str) -> Recorded {
        let chat = &self.chat_of(from);
        if !self.known.contains(chat) {
            return Recorded::Ignored;
        }
        self.note_echo(chat, message_id, None);
        self.entry_of_the_last(format!("ack {data} {}", of(chat, from)), chat);
        Recorded::Recorded
    }

    /// Whether a reply in this chat, or in one that may be the same person's, became this message.
    fn is_ours(&self, chat: &str, message_id: &str) -> bool {
        self.ours.get(message_id).is_some_and(|sent_in| {
            let sent_in = self.chat_of(sent_in);
            sent_in == chat || is_hidden(&sent_in) != is_hidden(chat)
        })
    }

    /// By its id, or by its content while the id is not known. One echo counts for one reply.
    fn is_sent_by_us(&mut self, chat: &str, own: &Own) -> bool {
        if self.is_ours(chat, &own.message_id) {
            return true;
        }
        let it = self.chat_mut(chat);
        if let Some(mark) = &it.attempt {
            let ids = [mark.id(), mark.echo.as_deref()];
            if ids.contains(&Some(own.message_id.as_str())) {
                return true;
            }
        }
        let under_way = it.attempt.is_some() || it.hand.is_some();
        if under_way && it.lane.first().is_some_and(|first| own.says(&first.says)) {
            return true;
        }
        let place = it.unclaimed.iter().position(|said| own.says(said));
        place.map(|place| it.unclaimed.remove(place)).is_some()
    }

    /// A doubt is settled by a message with the id of the attempt. If the attempt has no id, a new message since then with
    /// the same content settles it.
    fn note_echo(&mut self, chat: &str, message_id: &str, own: Option<&Own>) {
        let new = !self.is_ours(chat, message_id);
        let it = self.chat_mut(chat);
        let (Some(mark), first) = (&mut it.attempt, it.lane.first()) else {
            return;
        };
        let same = match (mark.id(), own) {
            (Some(id), _) => id == message_id,
            (None, Some(own)) => {
                new && own.sent_at >= mark.since - CLOCKS_APART
                    && first.is_some_and(|first| own.says(&first.says))
            }
            (None, None) => false,
        };
        if same {
            mark.echo = Some(message_id.to_owned());
        }
    }
}
