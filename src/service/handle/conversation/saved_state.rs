//! Where a conversation stands when it is claimed or read again: the flow's state, and when the customer last wrote.

use std::time::{Duration, Instant};

use tracing::warn;

use crate::clock;
use crate::flow::State;
use crate::store::Claimed;

/// Longer than any flow waits for quiet.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// The flow's state at a claim: as it was saved, or of the conversation before, or a new one.
pub(crate) fn state(held: &Claimed) -> State {
    let name = Some(held.name.as_str()).filter(|name| !name.is_empty());
    if held.state.is_empty() {
        return State::new(name);
    }
    match serde_json::from_str::<State>(&held.state) {
        Ok(state) if held.rev == 0 => state.resume(name),
        Ok(mut state) => {
            // Nobody listened for a while: the silence begins anew.
            state.heard(clock::now().unsigned_abs());
            state
        }
        Err(error) => {
            warn!(chat = %held.chat, %error, "the saved state can't be read; the conversation begins anew");
            State::new(name)
        }
    }
}

/// When the customer last wrote, by our own clock: those of other processes may be wrong.
pub(crate) fn last_heard_at(held: &Claimed) -> Instant {
    let now = Instant::now();
    // Not known: long ago. A machine that was just started can't say so, and waits a moment in vain.
    let quiet_for = held
        .quiet_for
        .map_or(QUIET_MAX, |quiet| quiet.min(QUIET_MAX));
    now.checked_sub(quiet_for).unwrap_or(now)
}
