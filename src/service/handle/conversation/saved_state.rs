//! Restores a conversation that is claimed or read again: the flow's state, and the time of the customer's last message.

use std::time::{Duration, Instant};

use tracing::warn;

use crate::clock::Millis;
use crate::describe::describe_json;
use crate::flow::State;
use crate::store::HeldConversation;

/// Longer than any flow waits for a customer to pause.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// The flow's state: the saved state; for a new conversation, that of the last one if it may be resumed; else a new state. When a
/// conversation begins, it learns what is known of the customer.
pub(crate) fn state(held: &HeldConversation) -> State {
    let mut state = restored(held);
    if held.rev == 0 || !state.has_begun() {
        state.meet(&held.known, held.last.clone());
    }
    state
}

fn restored(held: &HeldConversation) -> State {
    let name = Some(held.name.as_str()).filter(|name| !name.is_empty());
    if held.state.is_empty() {
        return State::new(name);
    }
    match serde_json::from_str::<State>(&held.state) {
        Ok(state) if held.rev == 0 => state.resume(name),
        Ok(mut state) => {
            // Nobody read the customer's messages for a while, so the silence counts from now.
            state.restart_silence(Millis::now());
            state
        }
        Err(error) => {
            let error = describe_json(&error);
            warn!(chat = %held.chat, error, "the saved state of this conversation can't be read (written by a newer \
            version?); the conversation starts from the beginning");
            State::new(name)
        }
    }
}

/// When the customer last wrote, by this process' clock, because other processes' clocks may be wrong.
pub(crate) fn last_message_at(held: &HeldConversation) -> Instant {
    let now = Instant::now();
    // If it is unknown, it was long ago. Just after boot an `Instant` can't go back that far; then the flow waits a little
    // longer than needed.
    let silent_for = held
        .silent_for
        .map_or(QUIET_MAX, |quiet| quiet.min(QUIET_MAX));
    now.checked_sub(silent_for).unwrap_or(now)
}
