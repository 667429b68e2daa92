//! The conversations that wait for a person, for the agent that notifies the owner.

use crate::ids::{ChatId, ConversationId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How many are read at once.
const AT_ONCE: u32 = 100;

/// A conversation that waits for a person.
#[derive(Clone, Debug)]
pub struct HandedOff {
    /// The chat.
    pub chat: ChatId,
    /// The conversation.
    pub id: ConversationId,
    /// How many steps it had at that time: it may be handed off more than once.
    pub rev: u64,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The flow's state, JSON.
    pub state: String,
    /// The customer's last message that is not consumed yet, JSON.
    pub last: Option<String>,
    /// The team for whose people it waits; empty: any person.
    pub team: String,
    /// It stands before those that are not urgent.
    pub urgent: bool,
    /// Its place in that line; 1 is next.
    pub position: u64,
    /// How many conversations wait in that line.
    pub waiting: u64,
}

impl Store {
    /// The conversations that wait for a person and have not been reported to the owner yet, in the order of their tickets; some
    /// of them if they are very many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unnotified_handoffs(
        &self,
        session: &SessionName,
    ) -> Result<Vec<HandedOff>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let unnotified = keys.handoff_unnotified(session);
        let chats: Vec<ChatId> = client.some_members(unnotified, AT_ONCE).await?;
        let mut found = Vec::new();
        for chat in chats {
            let fields: Vec<Option<String>> = client
                .hmget(
                    keys.chat(session, &chat),
                    vec!["id", "rev", "name", "state", "ticket", "team", "priority"],
                )
                .await?;
            let [Some(id), rev, name, state, ticket, team, priority] = &fields[..] else {
                // It has been closed meanwhile.
                continue;
            };
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let ticket: u64 = text(ticket).parse().unwrap_or(0);
            let line = keys.handoff(session, &text(team));
            let one = HandedOff {
                id: ConversationId::stored(id.as_str()),
                rev: text(rev).parse().unwrap_or(0),
                name: text(name),
                state: text(state),
                last: client.lindex(keys.inbox(session, &chat), -1).await?,
                position: client
                    .zrank(&line, chat.as_str())
                    .await?
                    .map_or(1, |before| before + 1),
                waiting: client.zcard(&line).await?,
                team: text(team),
                urgent: text(priority) == "urgent",
                chat,
            };
            found.push((ticket, one));
        }
        found.sort_by_key(|(ticket, _)| *ticket);
        Ok(found.into_iter().map(|(_, one)| one).collect())
    }

    /// Notes that the owner was notified of a chat that waits for a person.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn mark_handoff_notified(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.handoff_unnotified(session);
        let _: i64 = self.inner.client.srem(key, chat.as_str()).await?;
        Ok(())
    }
}
