//! One turn of a flow: what the customer wrote goes in, replies and the next state come out.

mod answering;
mod calling;

use std::ops::Range;
use std::time::Duration;

use crate::flow::script::definition::{Command, Said, Script, Step, Then};
use crate::flow::script::media::Reply;
use crate::flow::script::text_key::TextKey;
use crate::flow::script::texts::TextId;
use crate::flow::turn::evaluate;
use crate::flow::turn::state::{Stage, State};

/// So many steps may follow each other without a word of the customer. Loading refuses circles without
/// an `ask`, so more than this is a flow that nobody could have meant.
const STEPS_MAX: usize = 100;

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Where the customer is now.
    pub state: State,
    /// What to send, in order.
    pub replies: Vec<Reply>,
    /// What comes next.
    pub next: Next,
    /// How many of the unread messages were used up.
    pub consumed: usize,
    /// Which of the unread messages the flow has heard last, if it has heard any: what opened the conversation, or one
    /// answer.
    pub heard: Option<Range<usize>>,
    /// What was wrong with the flow, for the log and the history. Where a step broke, the conversation
    /// was closed; where only a text broke or a step was gone, it went on.
    pub fault: Option<String>,
}

/// What comes after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The customer has the word.
    ///
    /// A turn that used up nothing of what was unread pauses: it wants to be asked again at `wake_at`, with
    /// what was left and what came since, and gains nothing from being asked before.
    Wait {
        /// When to advance again if they say nothing, in milliseconds since the epoch.
        wake_at: u64,
    },
    /// The shop's own system has the word: [`Script::call`] tells what to ask it, and [`Script::answered`] goes on.
    ///
    /// Until then the flow can be advanced with what is unread, which only a word to leave changes.
    Call,
    /// The conversation waits for a person.
    HandOff {
        /// When to advance again if nobody comes, counted from now; none where it waits for as long as it takes.
        within: Option<Duration>,
    },
    /// The conversation is over.
    Close {
        /// How it ended: the flow's own word, or `left`, `silence`, `invalid`, `trouble`.
        outcome: String,
        /// The customer may come back to the same step.
        resumable: bool,
    },
}

impl Script {
    /// Goes on with one customer: takes all they wrote that was not yet used (nothing, when only the clock
    /// moved) and the present in milliseconds since the epoch.
    ///
    /// What a customer wrote before the flow's first word opens the conversation: it becomes `{{ opening }}`,
    /// and only a step with an empty `ask` takes it as an answer. All that comes later is answers, in order:
    /// all that is there is one, or with a `burst` of zero each message. [`Script::ready`] tells what to give.
    pub fn advance(&self, state: State, unread: &[Said], now: u64) -> Advance {
        let mut turn = Turn::new(self, state, unread, now);
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
        let mut turn = Turn::new(self, state, &[], 0);
        let next = turn.give_way(broken);
        turn.finish(next)
    }
}

/// A step that cannot be done, and why.
pub(crate) struct Broken {
    step: String,
    why: String,
}

/// Where a turn is.
pub(crate) enum At<'s> {
    Enter(&'s str),
    Asked(&'s str, u32),
    Done(Next),
}

pub(crate) struct Turn<'s> {
    pub(crate) script: &'s Script,
    pub(crate) unread: &'s [Said],
    now: u64,
    pub(crate) state: State,
    replies: Vec<Reply>,
    pub(crate) used: usize,
    heard: Option<Range<usize>>,
    /// The unread messages open the conversation: they answer no question.
    pub(crate) opening: bool,
    steps: usize,
    faults: Vec<String>,
}

impl<'s> Turn<'s> {
    fn new(script: &'s Script, state: State, unread: &'s [Said], now: u64) -> Self {
        Turn {
            script,
            unread,
            now,
            state,
            replies: Vec::new(),
            used: 0,
            heard: None,
            opening: false,
            steps: 0,
            faults: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<Next, Broken> {
        let script = self.script;
        let stage = std::mem::replace(&mut self.state.stage, Stage::Fresh);
        let at = match stage {
            Stage::Asked { step, attempts } if self.unread.is_empty() => {
                self.state.stage = Stage::Asked { step, attempts };
                return Ok(self.look_at_the_clock());
            }
            Stage::Fresh | Stage::Closed { .. } => self.open(&script.start),
            Stage::Resuming { step } => self.open(&step),
            Stage::Paused {
                step,
                until,
                opening,
            } => match self.pause(step, until, opening) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            Stage::Calling { step, key, opening } => match self.keep_calling(step, key, opening) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            Stage::HandedOff { step } => match self.nobody_came(&step) {
                At::Done(next) => return Ok(next),
                at => at,
            },
            Stage::Asked { step, attempts } => match script.steps.get_key_value(&step) {
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
    fn go(&mut self, mut at: At<'s>) -> Result<Next, Broken> {
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

    /// Lets the customer go, if a word to leave is among what they wrote from that message on.
    fn leave(&mut self, step: &str, from: usize) -> Option<At<'s>> {
        let leaves = |said: &Said| self.script.command(said) == Some(Command::Leave);
        let place = self.unread.iter().skip(from).position(leaves)?;
        self.used = from + place + 1;
        self.say_built_in(TextKey::Left);
        Some(self.close(step, "left"))
    }

    /// Goes on after a pause that is over. Until then what the customer writes is left unread, except that
    /// they can leave at any time.
    fn pause(&mut self, step: String, until: u64, opening: bool) -> At<'s> {
        let script = self.script;
        if let Some(left) = self.leave(&step, 0) {
            return left;
        }
        let at = match script.steps.get(&step) {
            Some(Step::Wait { time, then }) => {
                // The file may have been changed, and a clock set back: no pause is longer than it says.
                let until = until.min(self.now.saturating_add(milliseconds(*time)));
                if self.now < until {
                    self.state.stage = Stage::Paused {
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
            self.open_further();
        }
        at
    }

    /// The step that a saved state names; the start, where the file has it no more.
    pub(crate) fn find(&mut self, step: &str) -> &'s str {
        let script = self.script;
        match script.steps.get_key_value(step) {
            Some((name, _)) => name,
            None => {
                self.faults.push(format!(
                    "step `{step}` is gone; began again at `{}`",
                    script.start
                ));
                &script.start
            }
        }
    }

    fn enter(&mut self, name: &'s str) -> Result<At<'s>, Broken> {
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
                    let reply = message.fill_in(&script.texts, &script.directory, &words);
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
                    evaluate::set(&script.texts, &mut self.state, assignment)
                        .map_err(|error| broken(name, error.to_string()))?;
                }
                Ok(self.follow(name, then))
            }
            Some(Step::When { cases, otherwise }) => {
                let way = evaluate::way(&script.texts, &self.state, cases)
                    .map_err(|error| broken(name, error.to_string()))?;
                Ok(match way {
                    Some(then) => self.follow(name, then),
                    None => At::Enter(otherwise),
                })
            }
            Some(Step::HandOff(handoff)) => self.hand_off(name, handoff),
            Some(Step::Wait { time, .. }) => {
                let until = self.now.saturating_add(milliseconds(*time));
                self.state.stage = Stage::Paused {
                    step: name.to_owned(),
                    until,
                    opening: self.opening,
                };
                Ok(At::Done(Next::Wait { wake_at: until }))
            }
            Some(Step::Call(_)) => self.call(name),
            None => Err(broken(name, "there is no such step")),
        }
    }

    fn look_at_the_clock(&mut self) -> Next {
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

    /// The moment at which the silence has lasted so long.
    fn after(&self, time: Duration) -> u64 {
        self.state.quiet_since.saturating_add(milliseconds(time))
    }

    fn follow(&mut self, from: &str, then: &'s Then) -> At<'s> {
        match then {
            Then::Next(step) => At::Enter(step),
            Then::End(outcome) => self.close(from, outcome),
        }
    }

    pub(crate) fn close(&mut self, step: &str, outcome: &str) -> At<'s> {
        self.state.stage = Stage::Closed {
            step: step.to_owned(),
        };
        At::Done(Next::Close {
            outcome: outcome.to_owned(),
            resumable: false,
        })
    }

    pub(crate) fn say(&mut self, step: &str, text: &TextId) -> Result<(), Broken> {
        match self.script.texts.render(text, self.state.words()) {
            Ok(text) => {
                self.send(text);
                Ok(())
            }
            Err(error) => Err(broken(step, error.to_string())),
        }
    }

    pub(crate) fn say_built_in(&mut self, key: TextKey) {
        let (text, fault) = self.script.texts.built_in(key, self.state.words());
        self.faults.extend(fault);
        self.send(text);
    }

    fn send(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.replies.push(Reply::text(text));
        }
    }

    /// Lets the customer go when a step is broken: nobody is left waiting for an answer.
    fn give_way(&mut self, broken: Broken) -> Next {
        self.faults
            .push(format!("step `{}`: {}", broken.step, broken.why));
        self.state.stage = Stage::Closed { step: broken.step };
        self.say_built_in(TextKey::Trouble);
        Next::Close {
            outcome: "trouble".to_owned(),
            resumable: false,
        }
    }

    fn finish(mut self, next: Next) -> Advance {
        // A flow that closes without having listened has answered all that opened the conversation. Left
        // unused, it would open the next one, and so on for ever.
        if self.opening && self.used == 0 {
            self.used = self.unread.len();
        }
        Advance {
            state: self.state,
            replies: self.replies,
            next,
            consumed: self.used,
            heard: self.heard,
            fault: (!self.faults.is_empty()).then(|| self.faults.join("; ")),
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn broken(step: &str, why: impl Into<String>) -> Broken {
    Broken {
        step: step.to_owned(),
        why: why.into(),
    }
}
