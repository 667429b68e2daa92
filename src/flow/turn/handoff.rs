//! Hands a customer to a person at a `handoff`, and continues if nobody comes.

use crate::flow::script::step::{HandOff, Step};
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn};
use crate::flow::turn::state::FlowStage;

impl<'s> FlowTurn<'s> {
    /// Says that a person will come, and waits for that person.
    pub(crate) fn hand_off(
        &mut self,
        name: &'s str,
        step: &'s HandOff,
    ) -> Result<At<'s>, BrokenStep> {
        for text in &step.texts {
            self.say(name, text)?;
        }
        Ok(self.wait_for_person(name, step))
    }

    fn wait_for_person(&mut self, name: &str, step: &HandOff) -> At<'s> {
        self.state.stage = FlowStage::HandedOff {
            step: name.to_owned(),
        };
        At::Done(Next::HandOff {
            within: step.nobody.as_ref().map(|(time, _)| *time),
        })
    }

    /// Nobody came: continues without a person. Messages written meanwhile were for that person and are not an answer, but
    /// the customer can leave.
    pub(crate) fn nobody_came(&mut self, step: &str) -> At<'s> {
        let script = self.script;
        if let Some(left) = self.leave(step, 0) {
            return left;
        }
        match script.steps.get(step) {
            // The flow file changed meanwhile, and the step now waits without a limit.
            Some(Step::HandOff(handoff)) if handoff.nobody.is_none() => {
                self.wait_for_person(step, handoff)
            }
            Some(Step::HandOff(handoff)) => {
                self.opening = true;
                let otherwise = handoff.nobody.as_ref().map(|(_, step)| step.as_str());
                At::Enter(otherwise.unwrap_or(&script.start))
            }
            _ => {
                self.opening = true;
                At::Enter(self.find(step))
            }
        }
    }
}
