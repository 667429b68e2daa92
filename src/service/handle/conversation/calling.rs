//! Steps that call the shop's own system. Meanwhile the task keeps reading the customer's messages.
//!
//! The call and its key are committed before the call is made. A process that takes over the conversation repeats the call
//! with the same key and body, so the shop sees that it is the same call. The answer is another commit; it is refused if
//! another process has the conversation by then.

use std::time::Instant;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Millis;
use crate::flow::{Advance, Command};
use crate::ids::{ConversationId, SessionName};
use crate::service::handle::calls::CallRequest;
use crate::service::handle::conversation::ConversationTask;
use crate::service::kit::heard_form::TEXT_MAX;
use crate::waha::message::Message;

/// The key of a call is a header value: only letters, digits and these characters.
const NOT_IN_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The shop's answer, or why there is none.
type CallResult = Result<Vec<u8>, String>;

/// A call in progress. Dropping it cancels the call, except for a request that is already being sent.
pub(crate) struct CallInProgress {
    key: String,
    task: AbortOnDropHandle<CallResult>,
    /// Kept until the flow's reaction is committed.
    outcome: Option<CallResult>,
}

impl CallInProgress {
    /// Waits for the result. It never returns if there is no call, or if the result is already here.
    pub(crate) async fn finished(pending: &mut Option<CallInProgress>) {
        match pending {
            Some(pending) if pending.outcome.is_none() => {
                let outcome = (&mut pending.task).await;
                pending.outcome =
                    Some(outcome.unwrap_or_else(|_| Err("the call ended early".to_owned())));
            }
            _ => std::future::pending().await,
        }
    }
}

/// What to do about the call that the flow may be waiting for.
pub(crate) enum CallProgress {
    /// The flow doesn't wait for a call.
    NoCall,
    /// Nothing yet: the answer is not here, or the customer is still writing.
    Waits,
    /// The flow continues. If the call ended, also whether its answer could be used.
    Continues(Box<Advance>, Option<bool>),
}

impl ConversationTask {
    /// If the flow waits for a call: its reaction to the result, or to the customer's words to leave.
    pub(crate) fn continue_call(&mut self, now: Millis) -> CallProgress {
        self.start_call();
        let Some(pending) = &self.call else {
            return CallProgress::NoCall;
        };
        let script = self.script();
        let unread = self.inbox.said();
        if unread
            .iter()
            .any(|said| script.command(said) == Some(Command::Leave))
        {
            let advance = script.advance(self.state.clone(), unread, now);
            return CallProgress::Continues(Box::new(advance), None);
        }
        let Some(outcome) = &pending.outcome else {
            return CallProgress::Waits;
        };
        let ready = script.ready(&self.state, unread, self.quiet());
        self.quiet_at = ready.rest_ready_in.map(|time| Instant::now() + time);
        if self.quiet_at.is_some() && self.state.opens() {
            // The customer is still writing the messages that open the conversation. They don't answer a question.
            return CallProgress::Waits;
        }
        let answer = match outcome {
            Ok(body) => script
                .read_answer(&self.state, body)
                .map_err(|mistake| format!("the answer can't be used: {mistake}")),
            Err(reason) => Err(reason.clone()),
        };
        if let Err(reason) = &answer {
            let step = self.state.step().unwrap_or_default();
            let (session, chat) = (&self.session, &self.held.chat);
            self.context.calls.log_failure(session, chat, step, reason);
        }
        // Messages that the customer is still writing answer the next question.
        let unread = &unread[..ready.count];
        let usable = answer.is_ok();
        let advance = script.answered(self.state.clone(), answer.ok(), unread, now);
        CallProgress::Continues(Box::new(advance), Some(usable))
    }

    /// Starts the call that the state waits for, if there is one and it is not already in progress.
    pub(crate) fn start_call(&mut self) {
        let script = self.script();
        let Some(call) = script.call(&self.state) else {
            self.call = None;
            return;
        };
        if self
            .call
            .as_ref()
            .is_some_and(|pending| pending.key == call.key)
        {
            return;
        }
        let request = CallRequest {
            session: self.session.clone(),
            chat: self.held.chat.clone(),
            step: call.step.to_owned(),
            url: call.url.to_owned(),
            timeout: call.timeout,
            attempts: call.attempts,
            body: call.body(&self.session, &self.held.chat, &self.held.id),
            key: call.key,
        };
        let (calls, key) = (self.context.calls.clone(), request.key.clone());
        let task = tokio::spawn(async move { calls.make(&request).await });
        self.call = Some(CallInProgress {
            key,
            task: AbortOnDropHandle::new(task),
            outcome: None,
        });
    }

    /// Adds to the state that is about to be committed what a call needs: the messages that were read, and a key with the nonce
    /// of the step.
    pub(crate) fn prepare_calls(&self, advance: &mut Advance, nonce: &str) {
        if self.script().calls()
            && let Some(last_used) = advance.last_used.clone()
            && let Some(messages) = self.inbox.messages(last_used)
        {
            advance.state.set_last_message(message_for_shop(&messages));
        }
        // The flow may have been reloaded since it decided, but every call needs a key.
        advance
            .state
            .begin_call(|| call_key(&self.session, &self.held.id, self.held.rev, nonce));
    }
}

/// The key of a call. It is unique across all sessions, because it names the commit that starts the call, and it has only
/// characters that a header allows.
fn call_key(session: &SessionName, conversation: &ConversationId, rev: u64, nonce: &str) -> String {
    let session = utf8_percent_encode(session.as_str(), NOT_IN_KEY);
    format!("{session}:{conversation}:{rev}:{nonce}")
}

/// The messages that a step read together, as sent to the shop: the texts of all of them, everything else from the last.
fn message_for_shop(messages: &[&Message]) -> Value {
    let Some(last) = messages.last() else {
        return Value::Null;
    };
    let texts: Vec<&str> = messages
        .iter()
        .map(|message| message.text.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    let text: String = texts.join("\n").chars().take(TEXT_MAX).collect();
    let mut for_shop = json!({ "id": last.id, "kind": last.kind, "text": text });
    if let Some(media) = &last.media {
        for_shop["media"] = json!(media);
    }
    if let Some(location) = &last.location {
        for_shop["location"] = json!(location);
    }
    if !last.contacts.is_empty() {
        for_shop["contacts"] = json!(last.contacts);
    }
    for_shop
}

#[cfg(test)]
mod tests {
    use super::call_key;
    use crate::ids::{ConversationId, SessionName};

    #[test]
    fn the_key_of_a_call_is_a_valid_header_value_for_any_session_name() {
        for (session, expected) in [
            ("my-shop_2.b", "my-shop_2.b:c7:3:f00"),
            ("a b/é%:", "a%20b%2F%C3%A9%25%3A:c7:3:f00"),
        ] {
            let conversation = ConversationId::stored("c7");
            let key = call_key(&SessionName::stored(session), &conversation, 3, "f00");
            assert_eq!(key, expected);
        }
    }
}
