//! A step that asks the shop's own system: the task keeps reading what the customer writes meanwhile.
//!
//! The call and its key are committed before it is made. So a process that takes the conversation over repeats the call with
//! the same key and the same body, and the shop can tell that it is the same call. The answer is one more commit, which is
//! refused if another process has the conversation by then.

use std::time::Instant;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::flow::{Advance, Command};
use crate::ids::{ConversationId, SessionName};
use crate::service::handle::calls::CallRequest;
use crate::service::handle::conversation::ConversationTask;
use crate::service::kit::said::TEXT_MAX;
use crate::waha::message::Message;

/// The key of a call is a header: it has only letters, digits and these marks.
const NOT_IN_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// What the shop answered, or why it did not.
type CallResult = Result<Vec<u8>, String>;

/// A call under way; it ends when this is dropped, except for the request that is being made.
pub(crate) struct CallInProgress {
    key: String,
    task: AbortOnDropHandle<CallResult>,
    /// Kept until the flow's reaction to it is committed.
    outcome: Option<CallResult>,
}

impl CallInProgress {
    /// Waits for the result; forever, if there is none to wait for.
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

/// Where a step stands that may wait for a call.
pub(crate) enum CallProgress {
    /// The flow waits for none.
    Nothing,
    /// Its answer is still to come.
    Waits,
    /// The flow continues; if the call ended, also whether its answer was of use.
    Goes(Box<Advance>, Option<bool>),
}

impl ConversationTask {
    /// If the flow waits for a call: what it says to the call's result, or to what the customer wrote meanwhile.
    pub(crate) fn continue_call(&mut self, now: i64) -> CallProgress {
        self.start_call();
        let Some(pending) = &self.call else {
            return CallProgress::Nothing;
        };
        let (script, now) = (self.script(), now.unsigned_abs());
        let unread = self.inbox.said();
        if unread
            .iter()
            .any(|said| script.command(said) == Some(Command::Leave))
        {
            let advance = script.advance(self.state.clone(), unread, now);
            return CallProgress::Goes(Box::new(advance), None);
        }
        let Some(outcome) = &pending.outcome else {
            return CallProgress::Waits;
        };
        let ready = script.ready(&self.state, unread, self.quiet());
        self.quiet_at = ready.rest_in.map(|time| Instant::now() + time);
        if self.quiet_at.is_some() && self.state.opens() {
            // They still write what opens the conversation: that answers no question.
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
        // What the customer is still writing is for the question that follows.
        let unread = &unread[..ready.count];
        let well = answer.is_ok();
        let advance = script.answered(self.state.clone(), answer.ok(), unread, now);
        CallProgress::Goes(Box::new(advance), Some(well))
    }

    /// Begins the call that the state waits for, if it does and that was not begun here yet.
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

    /// Notes in a state that is about to be committed what calls need to know of this step.
    pub(crate) fn prepare_calls(&self, advance: &mut Advance) {
        if self.script().calls()
            && let Some(heard) = advance.heard.clone()
            && let Some(heard) = self.inbox.messages(heard)
        {
            advance.state.hear(message_for_shop(&heard));
        }
        // Whatever the flow is by now, which may have been exchanged since it was asked: no call goes without a key.
        advance
            .state
            .begin_call(|| call_key(&self.session, &self.held.id, self.held.rev));
    }
}

/// What a call goes under: the commit that begins it, of all conversations of all sessions. As a header it has only
/// characters that fit in one.
fn call_key(session: &SessionName, conversation: &ConversationId, rev: u64) -> String {
    let session = utf8_percent_encode(session.as_str(), NOT_IN_KEY);
    format!("{session}:{conversation}:{rev}")
}

/// The messages that a step read at once, as the shop gets them: the words of all, and of the rest what the last one has.
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
    let mut told = json!({ "id": last.id, "kind": last.kind, "text": text });
    if let Some(media) = &last.media {
        told["media"] = json!(media);
    }
    if let Some(location) = &last.location {
        told["location"] = json!(location);
    }
    if !last.contacts.is_empty() {
        told["contacts"] = json!(last.contacts);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::call_key;
    use crate::ids::{ConversationId, SessionName};

    #[test]
    fn a_key_fits_into_a_header_whatever_the_session_is_called() {
        for (session, expected) in [
            ("my-shop_2.b", "my-shop_2.b:c7:3"),
            ("a b/é%:", "a%20b%2F%C3%A9%25%3A:c7:3"),
        ] {
            let conversation = ConversationId::stored("c7");
            let key = call_key(&SessionName::stored(session), &conversation, 3);
            assert_eq!(key, expected);
        }
    }
}
