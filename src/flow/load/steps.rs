//! Reading the steps of a flow file: what each says or asks, and where it leads.

use std::collections::HashMap;

use crate::flow::load::check::{Node, Way};
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Section, Written};
use crate::flow::script::call::is_variable;
use crate::flow::script::definition::{Choice, Commands, Free, Question, Step, Then};
use crate::flow::script::texts::TextId;
use crate::flow::words::fold::fold;

/// The keys that say what a step does; each step has one.
const KINDS: [&str; 7] = ["say", "ask", "set", "when", "wait", "call", "handoff"];
const ASK_KEYS: [&str; 14] = [
    "ask",
    "options",
    "expect",
    "min",
    "max",
    "country",
    "kinds",
    "pattern",
    "save",
    "invalid",
    "attempts",
    "otherwise",
    "next",
    "end",
];

/// The engine's own words in templates. `name` is not among them: a flow may ask for the name, and what
/// the customer answers is what they want to be called.
pub(crate) const RESERVED: [&str; 5] = ["opening", "answer", "opens", "position", "wait"];

const ATTEMPTS: u32 = 3;

impl Loader<'_> {
    /// Reads every step, and notes the ways between them.
    pub(crate) fn read_steps(
        &mut self,
        file: &Section<'_>,
        commands: &Commands,
    ) -> HashMap<String, Step> {
        let mut steps = HashMap::new();
        let Some(section) = self.reader.section(file, "step") else {
            if !file.has("step") {
                let message = "there are no steps: write at least one, like [step.hello]";
                self.reader.note(&(0..0), message);
            }
            return steps;
        };
        if section.keys().is_empty() {
            let message = "there are no steps: write at least one, like [step.hello]";
            self.reader.note(&section.place, message);
        }
        for key in section.keys() {
            if key.text.trim().is_empty() {
                self.reader
                    .note(&key.place, "a step needs a name, like [step.hello]");
            }
            let Some(body) = self.reader.section(&section, key.text) else {
                continue;
            };
            self.graph.steps.push(Node {
                name: key.text.to_owned(),
                place: key.place.clone(),
                waits: body.has("ask") || body.has("handoff"),
            });
            let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| body.has(kind)).collect();
            let step = match kinds[..] {
                ["say"] => self.read_say(&body, key.text),
                ["ask"] => self.read_ask(&body, key.text, commands).map(Step::Ask),
                ["set"] => self.read_set(&body, key.text),
                ["when"] => self.read_when(&body, key.text),
                ["wait"] => self.read_wait(&body, key.text),
                ["call"] => self.read_call(&body, key.text),
                ["handoff"] => self.read_handoff(&body, key.text),
                _ => {
                    let message = match kinds[..] {
                        [first, second, ..] => format!(
                            "has both `{first}` and `{second}`; keep one, and put the other into a step of its own"
                        ),
                        _ => {
                            let kinds = KINDS.map(|kind| format!("`{kind}`")).join(", ");
                            format!("does nothing; give it one of {kinds}")
                        }
                    };
                    self.reader
                        .note(&key.place, format!("{} {message}", body.name));
                    // The ways on are still read, so that the steps behind are not called unreachable.
                    self.read_then(&body, key.text, true);
                    None
                }
            };
            if let Some(step) = step {
                steps.insert(key.text.to_owned(), step);
            }
        }
        steps
    }

    fn read_ask(
        &mut self,
        body: &Section<'_>,
        step: &str,
        commands: &Commands,
    ) -> Option<Question> {
        self.reader.only(body, &ASK_KEYS);
        let text = self
            .reader
            .text(body, "ask")
            .filter(|text| !text.text.is_empty())
            .map(|written| {
                let id = TextId::of_step(step, "ask");
                self.compile(id.clone(), &written, None, &body.name, "ask");
                id
            });
        let options = self.read_options(body, step, commands);
        let expect = self.read_expect(body);
        let only_options = body.has("options") && !body.has("expect") && !body.has("pattern");
        let then = self.read_then(body, step, only_options);
        if only_options && then.is_some() {
            let key = if body.has("next") { "next" } else { "end" };
            let message = format!(
                "`{key}` in {} is never used, because every answer is one of the options; remove it, or add expect = \"text\" to take other answers too",
                body.name,
            );
            self.reader.note(&body.place_of(key), message);
        }
        let any_answer = !body.has("options") && !body.has("expect") && !body.has("pattern");
        for key in ["invalid", "attempts", "otherwise"] {
            if any_answer && body.has(key) {
                let message = format!(
                    "`{key}` in {} is never used, because any answer is taken; remove it, or add `options`, `expect` or `pattern`",
                    body.name,
                );
                self.reader.note(&body.place_of(key), message);
            }
        }
        let save = self
            .reader
            .text(body, "save")
            .map(|written| self.variable(&written, "save", body));
        let invalid = self.reader.text(body, "invalid").map(|written| {
            let id = TextId::of_step(step, "invalid");
            self.compile(id.clone(), &written, None, &body.name, "invalid");
            id
        });
        let attempts = match self.reader.count(body, "attempts") {
            Some((0, place)) => {
                self.reader.note(
                    &place,
                    format!("`attempts` in {} must be at least 1", body.name),
                );
                ATTEMPTS
            }
            Some((attempts, _)) => attempts,
            None => ATTEMPTS,
        };
        let otherwise = self.reader.text(body, "otherwise");
        if let Some(otherwise) = &otherwise {
            self.way(step, otherwise, format!("`otherwise` in {}", body.name));
        }
        Some(Question {
            text,
            options,
            free: then.map(|then| Free { expect, then }),
            save,
            invalid,
            attempts,
            otherwise: otherwise.map(|written| written.text.to_owned()),
        })
    }

    fn read_options(
        &mut self,
        body: &Section<'_>,
        step: &str,
        commands: &Commands,
    ) -> HashMap<String, Choice> {
        let mut options: HashMap<String, Choice> = HashMap::new();
        let Some(section) = self.reader.section(body, "options") else {
            return options;
        };
        if section.keys().is_empty() {
            self.reader.note(
                &section.place,
                format!(
                    "`options` in {} is empty; write {{ \"1\" = \"a_step\" }}",
                    body.name
                ),
            );
        }
        for key in section.keys() {
            let Some(target) = self.reader.text(&section, key.text) else {
                continue;
            };
            self.way(
                step,
                &target,
                format!("option `{}` in {}", key.text, body.name),
            );
            let word = fold(key.text);
            let command = match () {
                () if commands.leave.contains(&word) => Some("leave"),
                () if commands.position.contains(&word) => Some("position"),
                () => None,
            };
            if let Some(command) = command {
                let message = format!(
                    "option `{}` in {} can never be chosen, because it is a `{command}` word; take another word, or set your own `{command}` words in [commands]",
                    key.text, body.name,
                );
                self.reader.note(&key.place, message);
            }
            if word.is_empty() {
                self.reader.note(
                    &key.place,
                    format!(
                        "an option in {} is empty; write what the customer answers",
                        body.name
                    ),
                );
            }
            let choice = Choice {
                written: key.text.to_owned(),
                then: Then::Next(target.text.to_owned()),
            };
            // "Sim" and "sim" may stand side by side as long as they mean the same.
            if let Some(other) = options.get(&word)
                && other.then != choice.then
            {
                let message = format!(
                    "options `{}` and `{}` in {} are the same word to a customer, and lead to different steps",
                    other.written, choice.written, body.name,
                );
                self.reader.note(&key.place, message);
            }
            options.entry(word).or_insert(choice);
        }
        options
    }

    /// Reads `next` or `end`; with `optional` a step may have neither.
    pub(crate) fn read_then(
        &mut self,
        body: &Section<'_>,
        step: &str,
        optional: bool,
    ) -> Option<Then> {
        match (body.has("next"), body.has("end")) {
            (true, true) => {
                let message = format!("{} has both `next` and `end`; keep one", body.name);
                self.reader.note(&body.place_of("end"), message);
            }
            (false, false) if !optional => {
                let message = format!(
                    "{} leads nowhere; add next = \"a_step\" to go on, or end = \"an_outcome\" to close",
                    body.name,
                );
                self.reader.note(&body.place, message);
            }
            _ => {}
        }
        let end = self.reader.text(body, "end");
        if let Some(end) = &end
            && end.text.trim().is_empty()
        {
            self.reader.note(
                &end.place,
                format!(
                    "`end` in {} is empty; write the outcome, like \"done\"",
                    body.name
                ),
            );
        }
        if let Some(next) = self.reader.text(body, "next") {
            self.way(step, &next, format!("`next` in {}", body.name));
            return Some(Then::Next(next.text.to_owned()));
        }
        end.map(|end| Then::End(end.text.to_owned()))
    }

    pub(crate) fn way(&mut self, from: &str, to: &Written<'_>, by: String) {
        self.graph.ways.push(Way {
            from: from.to_owned(),
            to: to.text.to_owned(),
            by,
            place: to.place.clone(),
        });
    }

    /// Checks the name of a variable that something is saved as.
    pub(crate) fn variable(
        &mut self,
        written: &Written<'_>,
        key: &str,
        body: &Section<'_>,
    ) -> String {
        let name = written.text;
        if !is_variable(name) {
            let message = format!(
                "`{key}` in {} must be a name of letters, digits and _, like \"birth_date\"",
                body.name
            );
            self.reader.note(&written.place, message);
        } else if RESERVED.contains(&name) {
            let message = format!(
                "`{name}` in {} is set by the program; save the answer under another name",
                body.name
            );
            self.reader.note(&written.place, message);
        }
        self.saved.insert(name.to_owned());
        name.to_owned()
    }
}
