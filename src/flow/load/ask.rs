//! Reads `ask`: a question, its options, and what follows other answers.

use std::collections::{HashMap, HashSet};

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Item, Section, Written};
use crate::flow::script::commands::Commands;
use crate::flow::script::step::{Choice, OtherAnswers, Question, Then};
use crate::flow::script::templates::TextId;
use crate::flow::words::fold::fold;

const ASK_KEYS: [&str; 15] = [
    "ask",
    "options",
    "expect",
    "min",
    "max",
    "country",
    "kinds",
    "pattern",
    "save",
    "remember",
    "invalid",
    "attempts",
    "otherwise",
    "next",
    "end",
];

/// The keys of an option that is a table.
const OPTION_KEYS: [&str; 3] = ["next", "end", "label"];

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
        let labels = labels(&options);
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
            labels,
            other_answers: then.map(|then| OtherAnswers { expect, then }),
            save,
            remember: self.read_remember(body),
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
            let Some((then, label)) = self.read_option(&section, &key, step, &body.name) else {
                continue;
            };
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
                label,
                then,
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

    /// The short form `"1" = "a_step"`, or a table with `next` or `end`, and a `label`.
    fn read_option(
        &mut self,
        options: &Section<'_>,
        key: &Written<'_>,
        step: &str,
        asked_in: &str,
    ) -> Option<(Then, Option<String>)> {
        let named = format!("option `{}` in {asked_in}", key.text);
        let wanted =
            "a step in quotes, or a table like { next = \"a_step\", label = \"Words to save\" }";
        match self.reader.text_or_table(options, key.text, wanted)? {
            Item::Text(target) => {
                self.add_path(step, &target, named);
                Some((Then::Next(target.text.to_owned()), None))
            }
            Item::Table(mut table) => {
                table.name = named;
                self.reader.only(&table, &OPTION_KEYS);
                let then = self.read_then(&table, step, false);
                let label = self.reader.text(&table, "label");
                if let Some(label) = &label
                    && fold(label.text).is_empty()
                {
                    let message = format!(
                        "`label` of {} is empty; write what to save, or remove it",
                        table.name
                    );
                    self.reader.note(&label.place, message);
                }
                Some((then?, label.map(|label| label.text.trim().to_owned())))
            }
        }
    }
}

/// The labels that choose an option too. One that is the word of another option, or the label of options that lead to different
/// steps, is only saved.
fn labels(options: &HashMap<String, Choice>) -> HashMap<String, String> {
    let mut labels: HashMap<String, String> = HashMap::new();
    let mut unclear: HashSet<String> = HashSet::new();
    let mut sorted: Vec<(&String, &Choice)> = options.iter().collect();
    sorted.sort_by_key(|(word, _)| *word);
    for (word, choice) in sorted {
        let Some(label) = choice.label.as_deref().map(fold) else {
            continue;
        };
        let other = labels.get(&label).and_then(|word| options.get(word));
        if options.contains_key(&label) || other.is_some_and(|other| other.then != choice.then) {
            unclear.insert(label);
        } else {
            labels.entry(label).or_insert_with(|| word.clone());
        }
    }
    labels.retain(|label, _| !unclear.contains(label));
    labels
}
