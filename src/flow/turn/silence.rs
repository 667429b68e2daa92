//! A customer who does not answer gets a reminder, and later the conversation closes.

use crate::clock::Millis;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::FlowTurn;
use crate::flow::turn::state::State;

impl Script {
    /// The last text reached the customer at `at`. No silence counts before they had the question. If that text was the
    /// reminder, the time until the close counts from it.
    pub fn delivered(&self, state: &mut State, at: Millis) {
        state.no_silence_before(if state.reminded {
            at - self.timeouts.remind_after
        } else {
            at
        });
    }

    /// We gave up on the last text at `at`, so the customer does not have the question: there is no reminder of it. The
    /// conversation still closes, because the next message then continues it and asks the question again.
    pub fn not_delivered(&self, state: &mut State, at: Millis) {
        self.delivered(state, at);
        state.reminded = true;
    }
}

impl FlowTurn<'_> {
    /// Does what is due now, and says when to check again.
    pub(crate) fn check_silence(&mut self) -> Next {
        let timeouts = &self.script.timeouts;
        let close_at = self.after(timeouts.close_after);
        let remind_at = self.after(timeouts.remind_after);
        if self.now >= close_at {
            self.say_built_in(TextKey::Silence);
            return Next::Close {
                outcome: "silence".to_owned(),
                resumable: true,
                asks_rating: false,
            };
        }
        if !self.state.reminded && self.now >= remind_at {
            self.say_built_in(TextKey::Reminder);
            self.state.reminded = true;
        }
        Next::Wait {
            wake_at: if self.state.reminded {
                close_at
            } else {
                remind_at
            },
        }
    }
}
