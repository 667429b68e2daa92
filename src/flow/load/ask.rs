//! Reads `ask`: a question, its options, and what follows other answers.

use std::collections::HashMap;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::commands::Commands;
use crate::flow::script::step::{Choice, OtherAnswers, Question, Then};
use crate::flow::script::templates::TextId;
use crate::flow::words::fold::fold;

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

const ATTEMPTS: u32 = 3;

impl Loader<'_> {
    pub(crate) fn read_ask(
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
                "`{key}` in {} is never used, because every answer is one of the options; remove it, or add expect = \"text\" to accept other answers too",
                body.name,
            );
            self.reader.note(&body.place_of(key), message);
        }
        let any_answer = !body.has("options") && !body.has("expect") && !body.has("pattern");
        for key in ["invalid", "attempts", "otherwise"] {
            if any_answer && body.has(key) {
                let message = format!(
                    "`{key}` in {} is never used, because any answer is accepted; remove it, or add `options`, `expect` or `pattern`",
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
            self.add_path(step, otherwise, format!("`otherwise` in {}", body.name));
        }
        Some(Question {
            text,
            options,
            other_answers: then.map(|then| OtherAnswers { expect, then }),
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
            self.add_path(
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
                    "option `{}` in {} can never be chosen, because it is a `{command}` word; use another word, or set your own `{command}` words in [commands]",
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
            // "Sim" and "sim" may both be options, as long as they lead to the same step.
            if let Some(other) = options.get(&word)
                && other.then != choice.then
            {
                let message = format!(
                    "options `{}` and `{}` in {} are the same word to a customer, but lead to different steps; keep one",
                    other.written, choice.written, body.name,
                );
                self.reader.note(&key.place, message);
            }
            options.entry(word).or_insert(choice);
        }
        options
    }
}
