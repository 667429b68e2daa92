//! Operations around outbound messages: about to be sent, reported by WAHA, or written by the owner.

use std::time::Duration;

use waha_sm::flow::MediaKind;
use waha_sm::ids::{ChatId, MessageId};
use waha_sm::store::{ByPhone, Record, Recorded};

use super::lanes::Own;
use super::operation::{self, CHATS, Which};
use super::session::{Checked, ensure};
use super::takeover::ByOwner;
use super::{QUIET, Run, session_name};
use crate::harness::ms;

/// One of the texts, in one of two spellings that count as the same.
pub(super) fn words(number: usize, way: usize) -> &'static str {
    let ways = [
        ["Good day", " Good  day\n"],
        ["Goodbye", "Good bye"],
        ["by hand", "byhand"],
    ];
    ways[number][way / 2 % 2]
}

/// A file, as replies store it.
pub(super) const PICTURE: &str =
    r#"{"kind":"image","url":"https://shop.example/a.jpg","mimetype":"image/jpeg"}"#;

impl Run<'_> {
    pub(super) fn new_message_id(&mut self) -> String {
        let id = self.next("own");
        self.own.push(id.clone());
        id
    }

    pub(super) async fn own(&mut self, one: &operation::Own) -> Checked {
        let known = one.message.and_then(|which| which.of(&self.own, &self.own));
        let message_id = known.unwrap_or_else(|| self.new_message_id());
        let (now, sent_at) = (self.now, self.now - one.late);
        let other = self.other(one.from, one.both);
        let wording = words(one.words, self.made as usize).to_owned();
        let unique = self.next("t");
        let mut data = serde_json::json!({"text": wording, "sent_at": sent_at, "told": unique});
        if let Some(other) = &other {
            data["other_id"] = other.as_str().into();
        }
        let own = Own {
            from: self.chats[one.from].clone(),
            other,
            message_id: message_id.clone(),
            sent_as: if one.picture {
                &[Some(MediaKind::Image), Some(MediaKind::File)]
            } else {
                &[None]
            },
            wording,
            by_owner: one.ends.map(|ends| ByOwner {
                ends,
                sent_at,
                // 0 if nothing followed.
                last_activity_at: (now - one.followed).max(ms(0)),
            }),
            sent_at,
            data: data.to_string(),
        };
        let record = Record {
            heard: None,
            dedup_key: format!("out:{message_id}"),
            kind: "message",
            from: ChatId::stored(own.from.as_str()),
            other_id: own.other.clone().map(ChatId::stored),
            message: true,
            parts: String::new(),
            echo: Some(MessageId::stored(message_id)),
            content: Some(own.content()),
            if_by_phone: own.by_owner.map(|words| ByPhone {
                quiet: QUIET,
                is_end_word: words.ends,
                last_activity_at: words.last_activity_at,
            }),
            data: own.data.clone(),
        };
        let recorded = self.record(one.session, &record).await?;
        let due = self.models[one.session].own(&own, now);
        ensure!(
            recorded == due,
            "{own:?} was answered {recorded:?}, should be {due:?}"
        );
        Ok(())
    }

    async fn record(&self, session: usize, record: &Record) -> Result<Recorded, String> {
        let name = session_name(session);
        let recorded = self.listener.record(&name, record, self.now).await;
        recorded.map_err(|error| error.to_string())
    }

    pub(super) async fn ack(&mut self, session: usize, from: usize, message: Which) -> Checked {
        let Some(message_id) = message.of(&self.own, &self.own) else {
            return Ok(());
        };
        let from = ChatId::stored(self.chats[from].as_str());
        let record = Record {
            echo: Some(MessageId::stored(message_id.as_str())),
            ..Record::event("ack", from, self.next("ack"))
        };
        let recorded = self.record(session, &record).await?;
        let due = self.models[session].ack(record.from.as_str(), &message_id, &record.data);
        ensure!(
            recorded == due,
            "an ack was answered {recorded:?}, should be {due:?}"
        );
        Ok(())
    }

    pub(super) async fn record_attempt(&mut self, lane: Which, with_id: bool) -> Checked {
        let Some(one) = lane.of(&self.lanes_in_hand(), &self.lanes) else {
            return Ok(());
        };
        let id = with_id.then(|| MessageId::stored(self.new_message_id()));
        let lane = &one.lane;
        let address = lane.address.as_ref().unwrap_or(&lane.chat).clone();
        let name = session_name(one.session);
        let recorded = self
            .store
            .record_attempt(&name, lane, id.as_ref(), &address, self.now)
            .await
            .map_err(|error| error.to_string())?;
        let model = &mut self.models[one.session];
        let first = model.lane(lane.chat.as_str()).lane.first();
        // The reply was retried meanwhile: the lane has a newer attempt.
        let is_late = first.is_some_and(|first| first.attempts != one.attempts);
        let handed = (lane.chat.as_str(), one.taking, one.reply.id.as_str());
        let due = !is_late
            && model.record_attempt(
                handed,
                id.map(|id| id.to_string()),
                address.as_str(),
                self.now,
            );
        ensure!(
            recorded == due,
            "{handed:?} may be sent: {recorded}, should be: {due}"
        );
        Ok(())
    }

    pub(super) async fn link_ids(&mut self, session: usize, hidden: usize, known: bool) -> Checked {
        const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3_600);
        let (lid, chat) = (
            self.chats[CHATS + hidden].clone(),
            self.chats[hidden].clone(),
        );
        let (lid_id, chat_id) = (ChatId::stored(lid.as_str()), ChatId::stored(chat.as_str()));
        let number = known.then_some(&chat_id);
        let linked = self
            .store
            .link_ids(&session_name(session), &lid_id, number, self.now)
            .await
            .map_err(|error| error.to_string())?;
        let model = &mut self.models[session];
        let due = known && model.merge(&lid, &chat, self.now);
        if !known {
            model.nobody_knows(&lid, self.now + ASK_AGAIN_AFTER);
        }
        ensure!(
            linked == due,
            "{lid} was linked: {linked}, should be: {due}"
        );
        Ok(())
    }
}
