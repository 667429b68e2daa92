//! A customer who does not answer gets a reminder, and later the conversation closes.

use crate::flow::script::built_in_texts::TextKey;
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::FlowTurn;

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
