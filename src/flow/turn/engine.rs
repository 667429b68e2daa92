//! One turn of a flow: what the customer wrote goes in, replies and the next state come out.

use crate::flow::answer::said::Said;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::{Step, Then};
use crate::flow::turn::advance::{Advance, Next};
use crate::flow::turn::call_answer::{CallAnswer, SetValue};
use crate::flow::turn::evaluate;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn, broken};
use crate::flow::turn::state::{FlowStage, State};

/// So many steps may follow each other without a word of the customer. Loading refuses circles without
/// an `ask`, so more than this is a flow that nobody could have meant.
const STEPS_MAX: usize = 100;

impl Script {
    /// Goes on with one customer: takes all they wrote that was not yet used (nothing, when only the clock
    /// moved) and the present in milliseconds since the epoch.
    ///
    /// What a customer wrote before the flow's first word opens the conversation: it becomes `{{ opening }}`,
    /// and only a step with an empty `ask` takes it as an answer. All that comes later is answers, in order:
    /// all that is there is one, or with a `burst` of zero each message. [`Script::ready`] tells what to give.
    pub fn advance(&self, state: State, unread: &[Said], now: u64) -> Advance {
        let mut turn = FlowTurn::new(self, state, unread, now);
        let next = match turn.run() {
            Ok(next) => next,
            Err(broken) => turn.give_way(broken),
        };
        turn.finish(next)
    }

    /// Lets a customer go whom the program can't attend, as it lets go one at whom a step broke: with an apology.
    pub fn give_up(&self, state: State) -> Advance {
        let step = state.step().unwrap_or(&self.start);
        let broken = broken(step, "the program itself failed");
        let mut turn = FlowTurn::new(self, state, &[], 0);
        let next = turn.give_way(broken);
        turn.finish(next)
    }

    /// Goes on with a customer for whom the shop was asked ([`Script::call`]): with its answer, or without one where
    /// there is none to go by. `unread` and `now` as in [`Script::advance`].
    pub fn answered(
        &self,
        state: State,
        answer: Option<CallAnswer>,
        unread: &[Said],
        now: u64,
    ) -> Advance {
        let mut turn = FlowTurn::new(self, state, unread, now);
        let next = match turn.take(answer) {
            Ok(next) => next,
            Err(broken) => turn.give_way(broken),
        };
        turn.finish(next)
    }
}

impl<'s> FlowTurn<'s> {
    fn run(&mut self) -> Result<Next, BrokenStep> {
        let script = self.script;
        let stage = std::mem::replace(&mut self.state.stage, FlowStage::Fresh);
        let at = match stage {
            FlowStage::Asked { step, attempts } if self.unread.is_empty() => {
                self.state.stage = FlowStage::Asked { step, attempts };
                return Ok(self.look_at_the_clock());
            }
            FlowStage::Fresh | FlowStage::Closed { .. } => self.open(&script.start),
            FlowStage::Resuming { step } => self.open(&step),
            FlowStage::Paused {
                step,
                until,
                opening,
            } => match self.pause(step, until, opening) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            FlowStage::Calling { step, key, opening } => {
                match self.keep_calling(step, key, opening) {
                    At::Done(next) => return Ok(next),
                    at => at,
                }
            }
            FlowStage::HandedOff { step } => match self.nobody_came(&step) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            FlowStage::Asked { step, attempts } => match script.steps.get_key_value(&step) {
                Some((name, Step::Ask(_))) => At::Asked(name, attempts),
                // The file was changed meanwhile: what they wrote answers a question that is gone.
                _ => match self.leave(&step, 0) {
                    Some(left) => left,
                    None => {
                        self.opening = true;
                        At::Enter(self.find(&step))
                    }
                },
            },
        };
        self.go(at)
    }

    /// Takes step after step, until somebody else has the word.
    fn go(&mut self, mut at: At<'s>) -> Result<Next, BrokenStep> {
        self.state.heard(self.now);
        self.state.reminded = false;
        loop {
            at = match at {
                At::Enter(step) => self.enter(step)?,
                At::Asked(step, attempts) => self.hear(step, attempts)?,
                At::Done(next) => return Ok(next),
            }
        }
    }

    /// Takes the unread messages as what opens the conversation at this step. Of a burst, all but the first may be a word
    /// to leave.
    fn open(&mut self, step: &str) -> At<'s> {
        if !self.script.timeouts.burst.is_zero()
            && let Some(left) = self.leave(step, 1)
        {
            return left;
        }
        self.opening = true;
        let closed = std::mem::take(&mut self.state.closed);
        let door = closed.then(|| self.script.closed_step(self.now)).flatten();
        if let Some((_, opens)) = &door {
            self.state.save("opens", opens);
        }
        if !self.unread.is_empty() {
            let said: Vec<String> = self.unread.iter().map(Said::text_or_kind).collect();
            self.state.save("opening", &said.join("\n"));
            self.heard = Some(0..self.unread.len());
        }
        At::Enter(match door {
            Some((closed, _)) => closed,
            None => self.find(step),
        })
    }

    fn enter(&mut self, name: &'s str) -> Result<At<'s>, BrokenStep> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(broken(
                name,
                format!("more than {STEPS_MAX} steps without a question"),
            ));
        }
        let script = self.script;
        match script.steps.get(name) {
            Some(Step::Say { messages, then }) => {
                for message in messages {
                    let words = self.state.words();
                    let reply = message.fill_in(&script.templates, &script.directory, &words);
                    let reply = reply.map_err(|error| broken(name, error.to_string()))?;
                    self.replies.extend(reply);
                }
                Ok(self.follow(name, then))
            }
            Some(Step::Ask(question)) => {
                if let Some(text) = &question.text {
                    self.say(name, text)?;
                    if self.opening {
                        self.used = self.unread.len();
                    }
                }
                Ok(At::Asked(name, 0))
            }
            Some(Step::Set { values, then }) => {
                for assignment in values {
                    evaluate::set(&script.templates, &mut self.state, assignment)
                        .map_err(|error| broken(name, error.to_string()))?;
                }
                Ok(self.follow(name, then))
            }
            Some(Step::When { cases, otherwise }) => {
                let way = evaluate::way(&script.templates, &self.state, cases)
                    .map_err(|error| broken(name, error.to_string()))?;
                Ok(match way {
                    Some(then) => self.follow(name, then),
                    None => At::Enter(otherwise),
                })
            }
            Some(Step::HandOff(handoff)) => self.hand_off(name, handoff),
            Some(Step::Wait { time, .. }) => Ok(self.begin_pause(name, *time)),
            Some(Step::Call(_)) => self.call(name),
            None => Err(broken(name, "there is no such step")),
        }
    }

    fn take(&mut self, answer: Option<CallAnswer>) -> Result<Next, BrokenStep> {
        let script = self.script;
        let FlowStage::Calling { step, opening, .. } = &self.state.stage else {
            return self.run();
        };
        let (step, opening) = (step.clone(), *opening);
        let Some((name, Step::Call(calling))) = script.steps.get_key_value(&step) else {
            return self.run();
        };
        // Also where the answer says something: what is unread was written before that.
        if opening {
            self.open_further();
        }
        let Some(answer) = answer else {
            return self.go(At::Enter(&calling.otherwise));
        };
        answer.say.into_iter().for_each(|text| self.send(text));
        for (variable, value) in answer.set {
            match value {
                SetValue::Text(text) => self.state.save(&variable, &text),
                SetValue::Number(number) => self.state.save_number(&variable, &number),
            }
        }
        let at = match answer.then {
            None => self.follow(name, &calling.then),
            Some(Then::End(outcome)) => self.close(name, &outcome),
            Some(Then::Next(next)) => match script.steps.get_key_value(&next) {
                Some((next, _)) => At::Enter(next),
                None => return Err(broken(name, "the answer chose a step that there is not")),
            },
        };
        self.go(at)
    }
}
