//! Takes a message as a command or as the answer to a question, or rejects it.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

use crate::flow::answer::calendar::time::saved;
use crate::flow::answer::context::AnswerContext;
use crate::flow::answer::kind::Doubt;
use crate::flow::answer::said::Said;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::commands::Command;
use crate::flow::script::day_text::{both_halves, time_of_day, whole_day};
use crate::flow::script::step::{Question, Step};
use crate::flow::script::variables::cut;
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn, broken};
use crate::flow::turn::question::whole;
use crate::flow::turn::state::FlowStage;

impl<'s> FlowTurn<'s> {
    /// Takes the next unread message as the answer; without one, waits for the customer.
    pub(crate) fn take_answer(
        &mut self,
        name: &'s str,
        attempts: u32,
    ) -> Result<At<'s>, BrokenStep> {
        let script = self.script;
        let Some(Step::Ask(question)) = script.steps.get(name) else {
            return Err(broken(name, "it asks nothing"));
        };
        let unread = &self.unread[self.used..];
        let Some(said) = unread.first() else {
            self.state.stage = FlowStage::Asked {
                step: name.to_owned(),
                attempts,
            };
            let wake_at = self.after(script.timeouts.remind_after);
            return Ok(At::Done(Next::Wait { wake_at }));
        };
        self.steps = 0;
        self.state.calls = 0;
        let command = if self.opening {
            None
        } else {
            script.command(said)
        };
        let go = match command {
            None if !self.opening => self.goes(question, said),
            _ => None,
        };
        let count = match (command, go) {
            (None, None) => script.next_answer(unread, self.opening, |said| {
                self.goes(question, said).is_some()
            }),
            _ => 1,
        };
        self.last_used = Some(self.used..self.used + count);
        self.used += count;
        match command {
            Some(Command::Leave) => {
                self.say_built_in(TextKey::Left);
                return Ok(self.close(name, "left"));
            }
            Some(Command::Position) => {
                self.say_built_in(TextKey::NotInLine);
                return Ok(At::Asked(name, attempts));
            }
            None => {}
        }
        if let Some(go) = go {
            return Ok(At::Enter(self.led_by(go, name)));
        }
        let context = AnswerContext {
            locale: script.locale,
            timezone: &script.timezone,
            now: self.now,
        };
        let said = &unread[..count];
        let asked = self.asked(question);
        let open_time = self.state.either_time.take();
        let chosen = open_time
            .as_ref()
            .and_then(|early| question.chosen_time(said, early, script.locale));
        match chosen.or_else(|| question.answer_of(said, &asked, context)) {
            Some(answer) => {
                let text = &answer.text;
                match &question.save {
                    Some(variable) if question.is_number(text) => {
                        self.state.save_number(variable, text);
                    }
                    Some(variable) => self.state.save(variable, text),
                    None => {}
                }
                self.state.answer = cut(text);
                self.remember(&question.remember);
                Ok(self.follow(name, answer.then))
            }
            None => {
                let doubt = question.doubt(said, context);
                // The first "3" is no invalid answer.
                if let (Some(Doubt::EitherTime(early)), None) = (doubt, &open_time) {
                    self.state.answer = whole(said);
                    self.ask_which_time(early);
                    return Ok(At::Asked(name, attempts));
                }
                let doubt = doubt.or_else(|| Some(Doubt::EitherTime(open_time?.parse().ok()?)));
                self.reject(name, question, said, attempts.saturating_add(1), doubt)
            }
        }
    }

    /// What the customer sees as the question: its text, and the one after a wrong answer. Only the lines that name options
    /// matter, so a variable that has changed since does no harm.
    pub(crate) fn asked(&self, question: &Question) -> String {
        if question.options.is_empty() {
            return String::new();
        }
        let texts = [&question.text, &question.invalid].into_iter().flatten();
        let texts: Vec<String> = texts
            .filter_map(|text| self.script.templates.render(text, self.words()).ok())
            .collect();
        texts.join("\n")
    }

    fn ask_which_time(&mut self, early: Time) {
        self.state.either_time = Some(saved(early));
        let [early, late] = both_halves(early, self.script.locale);
        let own = BTreeMap::from([("early", early), ("late", late)]);
        self.say_built_in_with(TextKey::WhichTime, own);
    }

    fn reject(
        &mut self,
        name: &'s str,
        question: &'s Question,
        said: &[Said],
        attempts: u32,
        doubt: Option<Doubt>,
    ) -> Result<At<'s>, BrokenStep> {
        self.state.answer = whole(said);
        let locale = self.script.locale;
        if attempts < question.attempts {
            match (&question.invalid, doubt) {
                (_, Some(Doubt::EitherTime(early))) => self.ask_which_time(early),
                (Some(text), _) => self.say(name, text)?,
                (None, Some(Doubt::DayOutOfRange(min, max))) => {
                    let text = |day: Date| whole_day(day, locale);
                    self.say_range(TextKey::DayRange, min.map(text), max.map(text));
                }
                (None, Some(Doubt::TimeOutOfRange(min, max))) => {
                    let text = |time: Time| time_of_day(time, locale);
                    self.say_range(TextKey::TimeRange, min.map(text), max.map(text));
                }
                (None, None) => self.say_built_in(TextKey::Invalid),
            }
            return Ok(At::Asked(name, attempts));
        }
        match &question.otherwise {
            Some(step) => Ok(At::Enter(step)),
            None => {
                self.say_built_in(TextKey::GaveUp);
                Ok(self.close(name, "invalid"))
            }
        }
    }

    fn say_range(&mut self, key: TextKey, min: Option<String>, max: Option<String>) {
        let limits = [("min", min), ("max", max)];
        let own = limits
            .into_iter()
            .filter_map(|(name, limit)| Some((name, limit?)));
        self.say_built_in_with(key, own.collect());
    }
}
