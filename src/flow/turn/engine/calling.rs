//! The turns around a `call`: what happens while the shop is asked, and how the flow goes on with its answer.

use crate::flow::script::call::{Answer, Set};
use crate::flow::script::definition::{Said, Script, Step, Then};
use crate::flow::turn::engine::{Advance, At, Broken, Next, Turn, broken};
use crate::flow::turn::state::{Stage, State};

/// So many calls may follow each other without a word of the customer: enough for a shop that is asked every few
/// seconds whether it is done, and an end to two steps that send each other round.
const CALLS_MAX: u32 = 100;

impl Script {
    /// Goes on with a customer for whom the shop was asked ([`Script::call`]): with its answer, or without one where
    /// there is none to go by. `unread` and `now` as in [`Script::advance`].
    pub fn answered(
        &self,
        state: State,
        answer: Option<Answer>,
        unread: &[Said],
        now: u64,
    ) -> Advance {
        let mut turn = Turn::new(self, state, unread, now);
        let next = match turn.take(answer) {
            Ok(next) => next,
            Err(broken) => turn.give_way(broken),
        };
        turn.finish(next)
    }
}

impl<'s> Turn<'s> {
    /// Begins to wait for the shop.
    pub(crate) fn call(&mut self, name: &str) -> Result<At<'s>, Broken> {
        if self.state.calls >= CALLS_MAX {
            return Err(broken(
                name,
                format!("more than {CALLS_MAX} calls without a question"),
            ));
        }
        self.state.calls += 1;
        self.state.stage = Stage::Calling {
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
            self.state.stage = Stage::Calling { step, key, opening };
            return At::Done(Next::Call);
        }
        // The file was changed meanwhile.
        let at = At::Enter(self.find(&step));
        if opening {
            self.open_further();
        }
        at
    }

    fn take(&mut self, answer: Option<Answer>) -> Result<Next, Broken> {
        let script = self.script;
        let Stage::Calling { step, opening, .. } = &self.state.stage else {
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
                Set::Text(text) => self.state.save(&variable, &text),
                Set::Number(number) => self.state.save_number(&variable, &number),
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

    /// Takes what is unread as more of what opened the conversation.
    pub(crate) fn open_further(&mut self) {
        self.opening = true;
        if self.unread.is_empty() {
            return;
        }
        let before = self.state.variables().get("opening").cloned();
        let said = self.unread.iter().map(Said::text_or_kind);
        let said: Vec<String> = before.into_iter().chain(said).collect();
        self.state.save("opening", &said.join("\n"));
        self.heard = Some(0..self.unread.len());
    }
}
