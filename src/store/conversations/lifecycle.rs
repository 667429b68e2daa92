//! The life of a conversation: its messages are taken in; it is claimed, read, committed step by step, and given back.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};
use crate::store::conversations::held_conversation::{HeldConversation, held_conversation};
use crate::store::conversations::ingest::{Ingest, Ingested};
use crate::store::conversations::record::{Record, Recorded};
use crate::store::conversations::step_commit::{Committed, StepCommit};
use crate::store::error::StoreError;
use crate::store::lanes::echo_content::EchoContent;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::store::Store;

/// How often a message of ours is recorded while the server of its session changes in between.
const RECORD_ATTEMPTS: u32 = 3;

impl Store {
    /// Takes in an inbound message. It is stored when this returns.
    ///
    /// # Errors
    /// See [`StoreError`]. The message may or may not have been stored, and can be given again.
    pub async fn ingest(
        &self,
        session: &SessionName,
        message: Ingest,
    ) -> Result<Ingested, StoreError> {
        let now = message.now;
        let ingested = Box::pin(self.inner.ingest.call(session, message));
        self.change_session(session, now, ingested).await
    }

    /// Puts something into the history.
    ///
    /// # Errors
    /// See [`Store::ingest`].
    pub async fn record(
        &self,
        session: &SessionName,
        record: &Record,
        now: Millis,
    ) -> Result<Recorded, StoreError> {
        for _ in 0..RECORD_ATTEMPTS {
            match self.record_once(session, record, now).await?.as_str() {
                "recorded" => return Ok(Recorded::Recorded),
                "duplicate" => return Ok(Recorded::Duplicate),
                "begins" => return Ok(Recorded::ByPhone { ends: false }),
                "ends" => return Ok(Recorded::ByPhone { ends: true }),
                "ignored" => return Ok(Recorded::Ignored),
                "unsure" => Box::pin(self.write_back_now(session)).await?,
                _ => return Err(StoreError::UnexpectedAnswer("a known result")),
            }
        }
        // The server changed again and again.
        Err(StoreError::Disconnected)
    }

    async fn record_once(
        &self,
        session: &SessionName,
        record: &Record,
        now: Millis,
    ) -> Result<String, StoreError> {
        let ours = record
            .echo
            .as_ref()
            .is_some_and(|echo| self.inner.sent.knows(session, &record.from, echo));
        let sent_as = record.content.as_ref().map(EchoContent::sent_as_names);
        let arguments = Arguments::new()
            .length(SEEN_TTL)
            .text(&record.dedup_key)
            .text(record.kind)
            .text(&record.from)
            .text(record.other_id.as_ref().map_or("", ChatId::as_str))
            .text(if record.message { "1" } else { "" })
            .text(&record.parts)
            .text(record.echo.as_ref().map_or("", MessageId::as_str))
            .text(
                record
                    .content
                    .as_ref()
                    .map_or("", EchoContent::visible_text),
            )
            .text(sent_as.unwrap_or_default())
            .text(&record.data)
            .text(record.heard.as_deref().unwrap_or_default())
            .length(
                record
                    .if_by_phone
                    .map_or(Duration::ZERO, |phone| phone.quiet),
            )
            .text(match record.if_by_phone {
                _ if ours => "ours",
                Some(phone) if phone.is_end_word => "ends",
                Some(_) => "says",
                None => "",
            })
            .time(
                record
                    .if_by_phone
                    .map_or(Millis::default(), |phone| phone.last_activity_at),
            );
        let recorded = Box::pin(self.inner.scripts.record.run(session, now, arguments));
        ScriptAnswer::of(self.change_session(session, now, recorded).await?)?.text()
    }

    /// Claims up to `count` conversations, those that have waited longest first.
    ///
    /// # Errors
    /// See [`StoreError`]. Conversations that were claimed all the same are found by [`Store::conversations_of_process`].
    pub async fn claim(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
    ) -> Result<Vec<HeldConversation>, StoreError> {
        self.claim_some(session, process, count, now, "").await
    }

    /// Claims up to `count` of the conversations that were opened at `closed_since` or later, even if others have waited
    /// longer.
    ///
    /// # Errors
    /// See [`Store::claim`].
    pub async fn claim_closed(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
        closed_since: Millis,
    ) -> Result<Vec<HeldConversation>, StoreError> {
        let since = closed_since.to_string();
        self.claim_some(session, process, count, now, &since).await
    }

    async fn claim_some(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
        closed_since: &str,
    ) -> Result<Vec<HeldConversation>, StoreError> {
        let arguments = Arguments::new()
            .text(process)
            .number(count as i64)
            .text(closed_since);
        let answer = ScriptAnswer::of(
            self.inner
                .scripts
                .claim
                .run(session, now, arguments)
                .await?,
        )?;
        answer.arrays().map(|one| held_conversation(one?)).collect()
    }

    /// Commits one step of a conversation.
    ///
    /// # Errors
    /// See [`StoreError`]. The step may or may not have been committed: [`Store::read`] shows it.
    pub async fn commit(
        &self,
        session: &SessionName,
        mut step: StepCommit,
    ) -> Result<Committed, StoreError> {
        if !self.has_written_back(session) {
            // Whoever takes the lane does that first.
            step.sender = None;
        }
        self.inner.commit.call(session, step).await
    }

    /// A conversation as it is in Redis, if `process` holds it: to see its inbox, or after an answer of Redis was lost.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn read(
        &self,
        session: &SessionName,
        chat: &ChatId,
        process: &ProcessId,
    ) -> Result<Option<HeldConversation>, StoreError> {
        let arguments = Arguments::new().text(chat).text(process);
        let script = &self.inner.scripts.read;
        let answer = ScriptAnswer::of(script.run(session, Millis::now(), arguments).await?)?;
        if answer.more() {
            held_conversation(answer).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The chats of a session whose conversation is active and whose inbox has messages, whichever process holds them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unread(&self, session: &SessionName) -> Result<Vec<ChatId>, StoreError> {
        self.inner
            .client
            .smembers(self.inner.keys.unread(session))
            .await
    }

    /// The chats of a session that `process` holds according to Redis.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn conversations_of_process(
        &self,
        session: &SessionName,
        process: &ProcessId,
    ) -> Result<Vec<ChatId>, StoreError> {
        let active: Vec<(ChatId, ProcessId)> = self
            .inner
            .client
            .hgetall(self.inner.keys.active(session))
            .await?;
        Ok(active
            .into_iter()
            .filter(|(_, owner)| owner == process)
            .map(|(chat, _)| chat)
            .collect())
    }

    /// Whether a conversation is open, whoever has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_open(
        &self,
        session: &SessionName,
        chat: &ChatId,
        conversation: &ConversationId,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.chat(session, chat);
        let (id, status): (Option<ConversationId>, Option<String>) =
            self.inner.client.hmget(key, ["id", "status"]).await?;
        Ok(id.as_ref() == Some(conversation) && status.as_deref() != Some("closed"))
    }

    /// Takes back everything that `process` holds in a session: conversations return to the line under their old tickets,
    /// and lanes become due. Returns how many of each.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release(
        &self,
        session: &SessionName,
        process: &ProcessId,
        now: Millis,
    ) -> Result<(u64, u64), StoreError> {
        let arguments = Arguments::new().text(process);
        let script = &self.inner.scripts.release;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        Ok((
            answer.number()?.unsigned_abs(),
            answer.number()?.unsigned_abs(),
        ))
    }
}
