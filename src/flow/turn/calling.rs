//! Starts a `call`, and waits for the answer of the shop's own system.

use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn, broken};
use crate::flow::turn::state::FlowStage;

/// At most this many calls in a row without a message from the customer. It is enough to ask the shop every few seconds
/// whether it is done, and it stops two steps that lead to each other.
const CALLS_MAX: u32 = 100;

impl<'s> FlowTurn<'s> {
    /// Begins to wait for the shop.
    pub(crate) fn call(&mut self, name: &str) -> Result<At<'s>, BrokenStep> {
        if self.state.calls >= CALLS_MAX {
            return Err(broken(
                name,
                format!("more than {CALLS_MAX} calls without a question"),
            ));
        }
        self.state.calls += 1;
        self.state.stage = FlowStage::Calling {
            step: name.to_owned(),
            key: String::new(),
            opening: self.opening && self.used == 0,
        };
        Ok(At::Done(Next::Call))
    }

    /// Keeps waiting for the shop. Messages stay unread, except that the customer can leave at any time.
    pub(crate) fn keep_calling(&mut self, step: String, key: String, opening: bool) -> At<'s> {
        if let Some(at) = self.leave(&step, 0) {
            return at;
        }
        if self.script.calling(&step).is_some() {
            self.state.stage = FlowStage::Calling { step, key, opening };
            return At::Done(Next::Call);
        }
        // The flow file changed meanwhile.
        let at = At::Enter(self.find(&step));
        if opening {
            self.extend_opening();
        }
        at
    }
}
