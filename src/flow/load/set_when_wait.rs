//! Reads the steps that say nothing: `set`, `when` and `wait`.

use std::time::Duration;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::step::{Assignment, Case, Formula, Step};
use crate::flow::script::templates::TextId;

const SET_KEYS: [&str; 4] = ["set", "remember", "next", "end"];
const WHEN_KEYS: [&str; 2] = ["when", "otherwise"];
const WAIT_KEYS: [&str; 3] = ["wait", "next", "end"];
/// A pause occupies a worker, and after more than this the customer has forgotten the conversation.
const WAIT_MAX: Duration = Duration::from_secs(3600);
const CASE_KEYS: [&str; 3] = ["if", "next", "end"];
/// An example of `when`, for messages.
const WHEN_LIKE: &str = "[{ if = \"age >= 18\", next = \"a_step\" }]";

impl Loader<'_> {
    /// Reads `set = { total = "price * 2", greeting = "Hello {{ name }}" }`. A value with `{{` or `{%` is a template; any
    /// other is an expression.
    pub(crate) fn read_set(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &SET_KEYS);
        let then = self.read_then(body, step, false);
        let section = self.reader.section(body, "set")?;
        if section.keys().is_empty() {
            let message = format!(
                "`set` in {} is empty; write {{ total = \"price * 2\" }}",
                body.name
            );
            self.reader.note(&section.place, message);
        }
        let mut values = Vec::new();
        for key in section.keys() {
            let variable = self.variable(&key, "set", body);
            let Some(written) = self.reader.text(&section, key.text) else {
                continue;
            };
            let id = TextId::of_step(step, &format!("set.{variable}"));
            let formula = if written.text.contains("{{") || written.text.contains("{%") {
                self.compile(id.clone(), &written, None, &section.name, &variable);
                Formula::Template(id)
            } else {
                self.compile_expression(id.clone(), &written, &section.name, &variable);
                Formula::Expression(id)
            };
            values.push(Assignment { variable, formula });
        }
        let remember = self.read_remember(body);
        then.map(|then| Step::Set {
            values,
            remember,
            then,
        })
    }

    /// Reads `when = [{ if = "age >= 18", next = "adult" }]` and `otherwise`.
    pub(crate) fn read_when(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &WHEN_KEYS);
        let otherwise = self.reader.text(body, "otherwise");
        match &otherwise {
            Some(otherwise) => {
                self.add_path(step, otherwise, format!("`otherwise` in {}", body.name));
            }
            None if body.has("otherwise") => {}
            None => {
                let message = format!(
                    "{} leads nowhere when no condition holds; add otherwise = \"a_step\"",
                    body.name
                );
                self.reader.note(&body.place, message);
            }
        }
        let sections = self
            .reader
            .sections(body, "when", WHEN_LIKE, |_| body.path_to("when"))?;
        if sections.is_empty() {
            let message = format!("`when` in {} is empty; write {WHEN_LIKE}", body.name);
            self.reader.note(&body.place_of("when"), message);
        }
        let mut cases = Vec::new();
        for (number, section) in sections.iter().enumerate() {
            self.reader.only(section, &CASE_KEYS);
            let then = self.read_then(section, step, false);
            let condition = TextId::of_step(step, &format!("when.{}", number + 1));
            let written = self.reader.text(section, "if");
            match &written {
                Some(written) => {
                    self.compile_expression(condition.clone(), written, &section.name, "if");
                }
                None if section.has("if") => {}
                None => {
                    let message = format!(
                        "a condition in {} is missing; add if = \"age >= 18\"",
                        section.name
                    );
                    self.reader.note(&section.place, message);
                }
            }
            if let (Some(written), Some(then)) = (written, then) {
                cases.push(Case {
                    condition,
                    written: written.text.to_owned(),
                    then,
                });
            }
        }
        Some(Step::When {
            cases,
            otherwise: otherwise?.text.to_owned(),
        })
    }

    /// Reads `wait = "10s"`.
    pub(crate) fn read_wait(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &WAIT_KEYS);
        let then = self.read_then(body, step, false);
        let (time, place) = self.reader.duration(body, "wait")?;
        if time.is_zero() || time > WAIT_MAX {
            let message = format!(
                "`wait` in {} must be more than zero and at most an hour, like \"10s\"",
                body.name
            );
            self.reader.note(&place, message);
        }
        then.map(|then| Step::Wait { time, then })
    }
}
