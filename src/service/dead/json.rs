//! A dead reply as JSON, as the command line and the console write it.

use serde_json::{Value, json};

use crate::ids::SessionName;
use crate::service::dead::dead_replies::cause;
use crate::store::DeadLetter;

/// The dead reply with all its fields; times are in Unix milliseconds.
#[must_use]
pub fn dead_reply(session: &SessionName, letter: &DeadLetter) -> Value {
    let mut object = json!({
        "id": letter.id,
        "at": letter.at(),
        "session": session,
        "chat": letter.chat,
        "reason": letter.reason,
        "cause": cause(letter).name(),
    });
    match &letter.reply {
        Ok(reply) => {
            object["text"] = json!(reply.text);
            object["reply_id"] = json!(reply.id);
            object["conversation"] = json!(reply.conversation);
            object["queued_at"] = json!(reply.queued_at);
            object["attempts"] = json!(reply.attempts);
            object["notice"] = json!(reply.notice);
            object["by"] = json!(reply.by);
        }
        Err(element) => object["unreadable"] = json!(element),
    }
    object
}
