//! A page of what a search finds, with all that a reader needs to recognize each.

use std::collections::HashMap;

use super::asked::{AskedSearch, SearchKind};
use crate::console::readers::{NoHistory, Readers};
use crate::history::{Conversation, Cursor, History, HistoryError, StoredMessage};
use crate::ids::{ChatId, ConversationId, SessionName};

/// See the file.
pub(in crate::console) struct SearchFound {
    pub(in crate::console) hits: FoundHits,
    /// The WhatsApp names of the customers.
    names: HashMap<(SessionName, ChatId), String>,
    /// Where the next page begins.
    pub(in crate::console) next: Option<Cursor>,
}

/// What was found, newest first.
pub(in crate::console) enum FoundHits {
    Messages(Vec<StoredMessage>),
    /// With the row of the first message of each.
    Conversations(Vec<Conversation>, HashMap<ConversationId, i64>),
}

impl SearchFound {
    /// Searches.
    ///
    /// # Errors
    /// If the history can't be read.
    pub(in crate::console) async fn search(
        readers: &Readers,
        asked: &AskedSearch,
        kind: SearchKind,
        limit: u32,
    ) -> Result<Self, NoHistory> {
        let AskedSearch { query, from, .. } = asked.clone();
        let read = move |history: &History| {
            let (hits, next) = match kind {
                SearchKind::Messages => {
                    let page = history.found(&query, from.as_ref(), limit)?;
                    (FoundHits::Messages(page.hits), page.next)
                }
                SearchKind::Conversations => {
                    let page = history.conversation_page(&query, from.as_ref(), limit)?;
                    let first = history.first_messages(&page.conversations)?;
                    (
                        FoundHits::Conversations(page.conversations, first),
                        page.next,
                    )
                }
            };
            Ok(Self {
                names: names(history, &hits)?,
                hits,
                next,
            })
        };
        readers.read(read).await
    }

    /// The customer's WhatsApp name; empty if it is not known.
    pub(in crate::console) fn name(&self, session: &SessionName, chat: &ChatId) -> &str {
        let found = self.names.get(&(session.clone(), chat.clone()));
        found.map(String::as_str).unwrap_or_default()
    }

    /// Whether nothing was found.
    pub(in crate::console) fn is_empty(&self) -> bool {
        match &self.hits {
            FoundHits::Messages(messages) => messages.is_empty(),
            FoundHits::Conversations(conversations, _) => conversations.is_empty(),
        }
    }
}

/// The names of the customers of these, as they last wrote.
fn names(
    history: &History,
    hits: &FoundHits,
) -> Result<HashMap<(SessionName, ChatId), String>, HistoryError> {
    let mut chats: HashMap<SessionName, Vec<ChatId>> = HashMap::new();
    let mut note = |session: &SessionName, chat: &ChatId| {
        let of_session = chats.entry(session.clone()).or_default();
        if !of_session.contains(chat) {
            of_session.push(chat.clone());
        }
    };
    match hits {
        FoundHits::Messages(all) => all.iter().for_each(|one| note(&one.session, &one.chat)),
        FoundHits::Conversations(all, _) => {
            all.iter().for_each(|one| note(&one.session, &one.chat))
        }
    }
    let mut names = HashMap::new();
    for (session, chats) in chats {
        for (chat, words) in history.last_words(&session, &chats)? {
            if let Some(name) = words.said.and_then(|said| said.name) {
                names.insert((session.clone(), chat), name);
            }
        }
    }
    Ok(names)
}
