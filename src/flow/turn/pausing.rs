//! Pauses the flow at a `wait`. Meanwhile only a word to leave has an effect.

use std::time::Duration;

use crate::clock::Millis;
use crate::flow::script::step::Step;
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, FlowTurn};
use crate::flow::turn::state::FlowStage;

impl<'s> FlowTurn<'s> {
    /// Begins a pause.
    pub(crate) fn begin_pause(&mut self, name: &str, time: Duration) -> At<'s> {
        let until = self.now + time;
        self.state.stage = FlowStage::Paused {
            step: name.to_owned(),
            until,
            opening: self.opening,
        };
        At::Done(Next::Wait { wake_at: until })
    }

    /// Continues once the pause is over. Until then messages stay unread, except that the customer can leave at any time.
    pub(crate) fn pause(&mut self, step: String, until: Millis, opening: bool) -> At<'s> {
        let script = self.script;
        if let Some(left) = self.leave(&step, 0) {
            return left;
        }
        let at = match script.steps.get(&step) {
            Some(Step::Wait { time, then }) => {
                // The flow file may have changed, or the clock was set back: never pause for longer than the step says.
                let until = until.min(self.now + *time);
                if self.now < until {
                    self.state.stage = FlowStage::Paused {
                        step,
                        until,
                        opening,
                    };
                    return At::Done(Next::Wait { wake_at: until });
                }
                self.follow(&step, then)
            }
            _ => At::Enter(self.find(&step)),
        };
        if opening {
            self.extend_opening();
        }
        at
    }
}
