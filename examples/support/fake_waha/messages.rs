//! The fake WAHA's memory: every message of every chat, and the numbers behind hidden ids.

use std::collections::HashMap;

use super::media::Media;

/// One message. Two messages may have the same message id; the second is kept too.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) session: String,
    pub(super) chat: String,
    pub(super) message_id: String,
    pub(super) from_me: bool,
    /// The author's name on WhatsApp.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) media: Option<Media>,
    /// WAHA could not download the media from WhatsApp.
    pub(super) download_failed: bool,
    /// Since 1970; WAHA reports only seconds.
    pub(super) at_ms: u64,
}

impl Said {
    /// The serialised id, as WAHA mostly writes it.
    pub(super) fn id(&self) -> String {
        format!("{}_{}_{}", self.from_me, self.chat, self.message_id)
    }

    /// The name of its file, which has the message's bare id.
    pub(super) fn file_name(&self) -> String {
        let extension = self.media.as_ref().map_or("", Media::extension);
        format!("{}{extension}", self.message_id)
    }

    pub(super) fn at_s(&self) -> u64 {
        self.at_ms / 1_000
    }
}

/// Which messages are asked for.
pub(super) struct Wanted<'a> {
    pub(super) session: &'a str,
    /// `None`: of all chats.
    pub(super) chat: Option<&'a str>,
    /// In seconds, inclusive.
    pub(super) from_s: Option<u64>,
    pub(super) to_s: Option<u64>,
    pub(super) from_me: Option<bool>,
}

/// See the module documentation.
#[derive(Default)]
pub(super) struct Messages {
    /// In the order in which they were said.
    said: Vec<Said>,
    /// `@c.us` by `@lid`.
    lids: HashMap<String, String>,
}

impl Messages {
    pub(super) fn add(&mut self, said: Said) {
        self.said.push(said);
    }

    /// Moves all messages into the past.
    pub(super) fn time_goes_by(&mut self, time_ms: u64) {
        for said in &mut self.said {
            said.at_ms = said.at_ms.saturating_sub(time_ms);
        }
    }

    /// Oldest first.
    pub(super) fn list<'a>(&'a self, wanted: &'a Wanted<'a>) -> impl Iterator<Item = &'a Said> {
        self.said.iter().filter(|said| {
            said.session == wanted.session
                && wanted.chat.is_none_or(|chat| said.chat == chat)
                && wanted.from_s.is_none_or(|from| said.at_s() >= from)
                && wanted.to_s.is_none_or(|to| said.at_s() <= to)
                && wanted.from_me.is_none_or(|from_me| said.from_me == from_me)
        })
    }

    /// A message by its id, serialised or bare.
    pub(super) fn find(&self, session: &str, chat: &str, id: &str) -> Option<&Said> {
        let here = |said: &&Said| said.session == session && said.chat == chat;
        self.said
            .iter()
            .filter(here)
            .find(|said| said.message_id == id || said.id() == id)
    }

    /// Replaces the text of a message.
    pub(super) fn edit(&mut self, edited: &Said) {
        for said in &mut self.said {
            if said.id() == edited.id() && said.session == edited.session {
                said.text.clone_from(&edited.text);
            }
        }
    }

    /// The serialised ids of the customer's messages in a chat, oldest first.
    pub(super) fn ids_of_customer(&self, session: &str, chat: &str) -> Vec<String> {
        let theirs = |said: &&Said| said.session == session && said.chat == chat && !said.from_me;
        self.said.iter().filter(theirs).map(Said::id).collect()
    }

    /// The last message of each chat, newest first.
    pub(super) fn chats(&self, session: &str) -> Vec<&Said> {
        let mut chats: Vec<&Said> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for said in self
            .said
            .iter()
            .rev()
            .filter(|said| said.session == session)
        {
            if seen.insert(&said.chat) {
                chats.push(said);
            }
        }
        chats
    }

    /// The name of the other person in a chat, if they wrote.
    pub(super) fn name(&self, session: &str, chat: &str) -> Option<&str> {
        let theirs = |said: &&Said| said.session == session && said.chat == chat && !said.from_me;
        Some(self.said.iter().rev().find(theirs)?.name.as_str())
    }

    pub(super) fn teach_lid(&mut self, lid: &str, chat: &str) {
        self.lids.insert(lid.to_owned(), chat.to_owned());
    }

    pub(super) fn phone(&self, lid: &str) -> Option<&str> {
        self.lids.get(lid).map(String::as_str)
    }
}
