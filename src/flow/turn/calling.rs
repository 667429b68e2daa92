//! The turns around a `call`: what happens while the shop's own system is asked.

use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn, broken};
use crate::flow::turn::state::FlowStage;

/// So many calls may follow each other without a word of the customer: enough for a shop that is asked every few
/// seconds whether it is done, and an end to two steps that send each other round.
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

    /// Whether something else goes on while the shop is asked: what the customer writes is left unread, except that they
    /// can leave at any time.
    pub(crate) fn keep_calling(&mut self, step: String, key: String, opening: bool) -> At<'s> {
        if let Some(at) = self.leave(&step, 0) {
            return at;
        }
        if self.script.calling(&step).is_some() {
            self.state.stage = FlowStage::Calling { step, key, opening };
            return At::Done(Next::Call);
        }
        // The file was changed meanwhile.
        let at = At::Enter(self.find(&step));
        if opening {
            self.open_further();
        }
        at
    }
}
