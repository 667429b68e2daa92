//! A call to the shop's own system: its address and its body.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::flow::script::checked_flow::Script;
use crate::flow::turn::state::{FlowStage, State};
use crate::ids::{ChatId, ConversationId, SessionName};

/// A call that a conversation waits for.
#[derive(Debug)]
pub struct Call<'s> {
    /// The step that calls.
    pub step: &'s str,
    /// The address.
    pub url: &'s str,
    /// How long one try may take.
    pub timeout: Duration,
    /// The number of tries in total.
    pub attempts: u32,
    /// The same for every try of this call, by any process; different for each call.
    pub key: String,
    state: &'s State,
}

/// The body of a call. Every try sends the same bytes: the order is fixed, and it contains no time.
#[derive(Serialize)]
struct CallBody<'a> {
    session: &'a SessionName,
    chat: &'a ChatId,
    name: Option<&'a str>,
    conversation: &'a ConversationId,
    step: &'a str,
    idempotency_key: &'a str,
    message: Option<&'a Value>,
    variables: BTreeMap<&'a str, Value>,
}

impl Call<'_> {
    /// The JSON to post, for a conversation of this session and chat.
    #[must_use]
    pub fn body(
        &self,
        session: &SessionName,
        chat: &ChatId,
        conversation: &ConversationId,
    ) -> String {
        let variables = self.state.variables().iter().map(|(name, text)| {
            let number = match self.state.is_number(name) {
                true => serde_json::from_str(text).ok(),
                false => None,
            };
            (name.as_str(), number.unwrap_or_else(|| text.clone().into()))
        });
        let body = CallBody {
            session,
            chat,
            name: self.state.variables().get("name").map(String::as_str),
            conversation,
            step: self.step,
            idempotency_key: &self.key,
            message: self.state.last_message.as_ref(),
            variables: variables.collect(),
        };
        // Texts and numbers always are valid JSON.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl Script {
    /// The call that a conversation waits for, if it waits for one: its answer goes to [`Script::answered`].
    #[must_use]
    pub fn call<'s>(&'s self, state: &'s State) -> Option<Call<'s>> {
        let FlowStage::Calling { step, key, .. } = &state.stage else {
            return None;
        };
        let calling = self.calling(step)?;
        Some(Call {
            step,
            url: &calling.url,
            timeout: calling.timeout,
            attempts: calling.attempts,
            key: key.clone(),
            state,
        })
    }
}
