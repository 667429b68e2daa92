//! One turn of a flow: messages go in, replies and the next state come out.

use crate::clock::Millis;
use crate::flow::answer::said::Said;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::{Step, Then};
use crate::flow::turn::advance::{Advance, Next};
use crate::flow::turn::call_answer::{CallAnswer, SetValue};
use crate::flow::turn::evaluate;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn, broken, broken_template};
use crate::flow::turn::state::{FlowStage, State};

/// At most this many steps in a row without a message from the customer. Loading refuses loops without an `ask`, so a flow
/// that takes more is surely a mistake.
const STEPS_MAX: usize = 100;

impl Script {
    /// Continues with one customer. `unread` is everything they wrote that is not used yet (empty if only time passed).
    ///
    /// Messages before the flow's first text open the conversation: they become `{{ opening }}`, and only a step with
    /// an empty `ask` takes them as an answer. Later messages are answers: all unread ones together are one answer, or,
    /// with a `burst` of zero, each one is. [`Script::ready`] says how many to pass.
    pub fn advance(&self, state: State, unread: &[Said], now: Millis) -> Advance {
        let mut turn = FlowTurn::new(self, state, unread, now);
        let next = match turn.run() {
            Ok(next) => next,
            Err(broken) => turn.close_after_fault(broken),
        };
        turn.finish(next)
    }

    /// Closes a conversation that the program can't handle, with an apology, as if a step had failed.
    pub fn give_up(&self, state: State) -> Advance {
        let step = state.step().unwrap_or(&self.start);
        let broken = broken(step, "the program itself failed");
        let mut turn = FlowTurn::new(self, state, &[], Millis::default());
        let next = turn.close_after_fault(broken);
        turn.finish(next)
    }

    /// Continues after a call to the shop ([`Script::call`]), with its answer, or with `None` if the call failed. `unread`
    /// and `now` are as in [`Script::advance`].
    pub fn answered(
        &self,
        state: State,
        answer: Option<CallAnswer>,
        unread: &[Said],
        now: Millis,
    ) -> Advance {
        let mut turn = FlowTurn::new(self, state, unread, now);
        let next = match turn.take(answer) {
            Ok(next) => next,
            Err(broken) => turn.close_after_fault(broken),
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
                return Ok(self.check_silence());
            }
            FlowStage::Fresh | FlowStage::Closed { .. } => self.open(&script.start),
            FlowStage::Resuming { step, given: false } => self.open(&step),
            FlowStage::Resuming { step, given: true } => self.take_back(&step),
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
            FlowStage::HandedOff { step, .. } => match self.nobody_came(&step) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            FlowStage::Asked { step, attempts } => match script.steps.get_key_value(&step) {
                Some((name, Step::Ask(_))) => At::Asked(name, attempts),
                // The flow file changed meanwhile: the question that the messages answer no longer exists.
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

    /// Runs step after step, until the flow waits or closes.
    fn go(&mut self, mut at: At<'s>) -> Result<Next, BrokenStep> {
        self.state.restart_silence(self.now);
        self.state.reminded = false;
        loop {
            at = match at {
                At::Enter(step) => self.enter(step)?,
                At::Asked(step, attempts) => self.take_answer(step, attempts)?,
                At::Done(next) => return Ok(next),
            }
        }
    }

    /// Opens the conversation at this step with the unread messages. In a burst, any message but the first may be a word to
    /// leave.
    fn open(&mut self, step: &str) -> At<'s> {
        if !self.script.timeouts.burst.is_zero()
            && let Some(left) = self.leave(step, 1)
        {
            return left;
        }
        self.opening = true;
        let closed = std::mem::take(&mut self.state.closed);
        let outside = closed.then(|| self.script.closed_step(self.now)).flatten();
        if let Some((_, opens)) = &outside {
            self.state.save("opens", opens);
        }
        if !self.unread.is_empty() {
            let said: Vec<String> = self.unread.iter().map(Said::text_or_kind).collect();
            self.state.save("opening", &said.join("\n"));
            self.last_used = Some(0..self.unread.len());
        }
        At::Enter(match outside {
            Some((closed, _)) => closed,
            None => self.find(step),
        })
    }

    /// Continues at this step after a person gave the conversation back. What the customer wrote to that person is not an
    /// answer, but they can leave.
    fn take_back(&mut self, step: &str) -> At<'s> {
        if let Some(left) = self.leave(step, 0) {
            return left;
        }
        self.opening = true;
        At::Enter(self.find(step))
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
                    let words = self.words();
                    let reply = message.fill_in(&script.templates, &script.directory, &words);
                    let reply = reply.map_err(|error| broken_template(name, &error))?;
                    self.replies.extend(reply);
                }
                Ok(self.follow(name, then))
            }
            Some(Step::Ask(question)) => {
                self.state.either_time = None;
                self.state.note_asked(name);
                if let Some(text) = &question.text {
                    self.say(name, text)?;
                    if self.opening {
                        self.used = self.unread.len();
                    }
                }
                Ok(At::Asked(name, 0))
            }
            Some(Step::Set {
                values,
                remember,
                then,
            }) => {
                let program = script.program_words(&self.state, self.now);
                for assignment in values {
                    evaluate::set(&script.templates, &mut self.state, assignment, &program)
                        .map_err(|error| broken_template(name, &error))?;
                }
                self.remember(remember);
                Ok(self.follow(name, then))
            }
            Some(Step::When { cases, otherwise }) => {
                let program = script.program_words(&self.state, self.now);
                let path = evaluate::path(&script.templates, &self.state, cases, &program)
                    .map_err(|error| broken_template(name, &error))?;
                Ok(match path {
                    Some(then) => self.follow(name, then),
                    None => At::Enter(otherwise),
                })
            }
            Some(Step::HandOff(handoff)) => self.hand_off(name, handoff),
            Some(Step::Rating(question)) => self.ask_rating(name, question),
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
        // Also if the answer says something: the customer wrote the unread messages before that.
        if opening {
            self.extend_opening();
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
        self.remember(&calling.remember);
        let at = match answer.then {
            None => self.follow(name, &calling.then),
            Some(Then::End(outcome)) => self.close(name, &outcome),
            Some(Then::Next(next)) => match script.steps.get_key_value(&next) {
                Some((next, _)) => At::Enter(next),
                None => return Err(broken(name, "the answer chose a step that does not exist")),
            },
        };
        self.go(at)
    }
}
