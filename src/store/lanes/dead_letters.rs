//! Dead letters: replies that we gave up on, kept until somebody sends them again or deletes them.

use std::collections::HashMap;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// A reply that we gave up on.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// `ms-seq`, from Redis; unique within the session, ascending.
    pub id: String,
    /// The chat.
    pub chat: ChatId,
    /// Why we gave up on it.
    pub reason: String,
    /// The reply, or the stored text if it can't be read.
    pub reply: Result<Reply, String>,
}

impl DeadLetter {
    fn read(id: String, mut fields: HashMap<String, String>) -> Self {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let (chat, element) = (ChatId::stored(take("chat")), take("reply"));
        Self {
            id,
            chat,
            reason: take("reason"),
            reply: Reply::from_element(&element).ok_or(element),
        }
    }

    /// When we gave up on it.
    pub fn at(&self) -> Option<Millis> {
        self.id.split('-').next()?.parse().ok().map(Millis::new)
    }
}

impl Store {
    /// Up to `count` dead letters of a session after `position`, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dead_letters(
        &self,
        session: &SessionName,
        position: Option<&str>,
        count: u64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let start = position.map_or_else(|| "-".to_owned(), |position| format!("({position}"));
        let entries = self
            .inner
            .client
            .xrange(self.inner.keys.dead(session), &start, count)
            .await?;
        Ok(entries
            .into_iter()
            .map(|(id, fields)| DeadLetter::read(id, fields))
            .collect())
    }

    /// How many dead letters of a session are kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn dead_count(&self, session: &SessionName) -> Result<u64, StoreError> {
        self.inner.client.xlen(self.inner.keys.dead(session)).await
    }

    /// Puts dead letters back at the end of their chats' lanes, in the given order, as if they were queued now. Returns how
    /// many: those that can't be read, or that somebody else has sent again or deleted meanwhile, don't count.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe: no letter is put back twice.
    pub async fn retry_dead(
        &self,
        session: &SessionName,
        letters: &[DeadLetter],
        now: Millis,
    ) -> Result<usize, StoreError> {
        let mut arguments = Arguments::new();
        let readable = letters
            .iter()
            .filter_map(|letter| Some((letter, letter.reply.as_ref().ok()?)));
        for (letter, reply) in readable {
            // Otherwise we would give up on it again at once, because of its age.
            let again = Reply {
                queued_at: now,
                attempts: 0,
                ..reply.clone()
            };
            arguments.push_text(&letter.id);
            arguments.push_text(again.element());
        }
        let retried = Box::pin(self.inner.scripts.retry_dead.run(session, now, arguments));
        let mut answer = ScriptAnswer::of(self.change_session(session, now, retried).await?)?;
        let mut requeued = 0;
        while answer.more() {
            requeued += usize::from(answer.number()? > 0);
        }
        Ok(requeued)
    }

    /// Deletes dead letters. Returns how many were still there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_dead(
        &self,
        session: &SessionName,
        letters: &[DeadLetter],
    ) -> Result<usize, StoreError> {
        let ids: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        self.inner
            .client
            .xdel(self.inner.keys.dead(session), ids)
            .await
    }
}
