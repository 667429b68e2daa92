//! The messages of a load test: which chat writes which, their requests, and which message a reply answers.

use std::net::SocketAddr;

use super::webhook;

const SESSION: &str = "default";
/// How the chats of customers begin who are only there, and whose replies nobody counts.
pub(crate) const BYSTANDER: &str = "5522";

/// See the module. Messages are numbered from 0, and the chats write them in turn.
pub(crate) struct Traffic {
    messages: usize,
    chats: usize,
    sessions: usize,
}

impl Traffic {
    pub(crate) fn new(messages: usize, chats: usize) -> Self {
        Self {
            messages,
            chats: chats.max(1),
            sessions: 1,
        }
    }

    /// The chats are spread over this many sessions.
    pub(crate) fn over(self, sessions: usize) -> Self {
        Self {
            sessions: sessions.max(1),
            ..self
        }
    }

    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// The number of the chat that writes a message.
    pub(crate) fn chat(&self, message: usize) -> usize {
        message % self.chats
    }

    /// Every request as bytes, signed, so that posting them costs nothing but the writing.
    pub(crate) fn requests(&self, address: SocketAddr, secret: &str) -> Vec<Vec<u8>> {
        (0..self.messages)
            .map(|message| self.request(message, address, secret))
            .collect()
    }

    fn request(&self, message: usize, address: SocketAddr, secret: &str) -> Vec<u8> {
        let text =
            format!("Good morning, could you tell me when my parcel will arrive? [{message}]");
        let chat = self.chat(message);
        let session = match chat % self.sessions {
            0 => SESSION.to_owned(),
            number => format!("shop-{number}"),
        };
        let event = webhook::message(&session, &chat_id(chat), "Ana Lima", &text);
        webhook::request(address, secret, &event)
    }

    /// The message that a text echoes, if it is one of ours and the text went to the chat that wrote it.
    pub(crate) fn answered(&self, chat: &str, text: &str) -> Option<usize> {
        let message: usize = text.strip_suffix(']')?.rsplit('[').next()?.parse().ok()?;
        (message < self.messages && chat == chat_id(self.chat(message))).then_some(message)
    }
}

/// Not 5511900000000, which is the number that they write to.
pub(crate) fn chat_id(number: usize) -> String {
    format!("5511{:09}@c.us", 990_000_000 + number)
}
