//! Writes in a chat: texts, "seen" and "typing".

use serde::Serialize;

use super::http::Client;
use super::outcome::{SendError, SentMessage};
use crate::ids::{ChatId, MessageId, SessionName};

#[derive(Serialize)]
struct ChatCall<'a> {
    session: &'a SessionName,
    #[serde(rename = "chatId")]
    chat: &'a ChatId,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a MessageId>,
    #[serde(rename = "messageIds", skip_serializing_if = "<[_]>::is_empty")]
    messages: &'a [String],
    /// WAHA 2024 knows only this.
    #[serde(rename = "messageId", skip_serializing_if = "Option::is_none")]
    last_message: Option<&'a String>,
}

impl Client {
    /// Sends a text message, with `id` if there is one. It comes from [`new_message_id`](Self::new_message_id), so that we
    /// know it before the message is sent.
    ///
    /// # Errors
    ///
    /// [`SendError`] says whether it may have been sent, and what to do.
    pub fn send_text(
        &self,
        session: &SessionName,
        chat: &ChatId,
        text: &str,
        id: Option<&MessageId>,
    ) -> Result<SentMessage, SendError> {
        let answer = self.post(
            "/api/sendText",
            &ChatCall {
                session,
                chat,
                text: Some(text),
                id,
                messages: &[],
                last_message: None,
            },
            Some(text),
            None,
        )?;
        Ok(SentMessage {
            message: answer.message_id(),
        })
    }

    /// Marks `messages` of the chat as read, as a person does before answering: their serialised ids, oldest first. NOWEB
    /// without its store needs them, and WEBJS and WPP mark the whole chat anyway.
    ///
    /// # Errors
    ///
    /// [`SendError`]; the reply that follows can still be sent.
    pub fn send_seen(
        &self,
        session: &SessionName,
        chat: &ChatId,
        messages: &[String],
    ) -> Result<(), SendError> {
        self.cosmetic_request("/api/sendSeen", session, chat, messages)
    }

    /// Shows "typing" in the chat until [`stop_typing`](Self::stop_typing).
    ///
    /// # Errors
    ///
    /// [`SendError`]; the reply that follows can still be sent.
    pub fn start_typing(&self, session: &SessionName, chat: &ChatId) -> Result<(), SendError> {
        self.cosmetic_request("/api/startTyping", session, chat, &[])
    }

    /// Stops "typing".
    ///
    /// # Errors
    ///
    /// [`SendError`]; the reply that follows can still be sent.
    pub fn stop_typing(&self, session: &SessionName, chat: &ChatId) -> Result<(), SendError> {
        self.cosmetic_request("/api/stopTyping", session, chat, &[])
    }

    fn cosmetic_request(
        &self,
        path: &str,
        session: &SessionName,
        chat: &ChatId,
        messages: &[String],
    ) -> Result<(), SendError> {
        let call = ChatCall {
            session,
            chat,
            text: None,
            id: None,
            messages,
            last_message: messages.last(),
        };
        self.post(path, &call, None, None).map(drop)
    }
}
