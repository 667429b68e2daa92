//! Collects what a flow file contains while it is read, and checks what all kinds of steps share: templates, paths, variables.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::flow::load::check::{StepGraph, StepPath};
use crate::flow::load::reader::{Place, Reader, Section, Written};
use crate::flow::script::day_filters::CLOCK_VARIABLES;
use crate::flow::script::say::LocalFile;
use crate::flow::script::step::Then;
use crate::flow::script::templates::{Templates, TextId};
use crate::flow::script::variables::{KNOWN, LAST, RESERVED, is_variable};
use crate::flow::words::fold::closest;
use crate::flow::words::locale::Locale;

/// The file as far as it has been read.
pub(crate) struct Loader<'s> {
    pub(crate) reader: Reader<'s>,
    pub(crate) templates: Templates,
    pub(crate) graph: StepGraph,
    /// The variables that something saves: the templates of the steps may use them.
    pub(crate) saved: BTreeSet<String>,
    /// The variables that some step remembers for later conversations.
    pub(crate) remembered: Vec<(String, Place)>,
    /// The files that the steps send.
    pub(crate) files: Vec<LocalFile>,
    /// The opening times of all weekdays, in minutes since midnight; `None`: not known.
    pub(crate) open_times: Option<Vec<(i64, i64)>>,
    /// The language of the flow.
    pub(crate) locale: Locale,
    /// The answer to some call may set any variable.
    pub(crate) saves_any: bool,
    /// Templates that still need a check of their variables, once all saved variables are known.
    to_check: Vec<(TextId, Place, Option<&'static [&'static str]>)>,
}

impl<'s> Loader<'s> {
    pub(crate) fn new(reader: Reader<'s>, locale: Locale) -> Self {
        Loader {
            reader,
            templates: Templates::new(locale),
            graph: StepGraph::default(),
            open_times: None,
            locale,
            saves_any: false,
            saved: ["name", "opening", "answer", KNOWN, LAST]
                .into_iter()
                .chain(CLOCK_VARIABLES)
                .map(str::to_owned)
                .collect(),
            to_check: Vec::new(),
            remembered: Vec::new(),
            files: Vec::new(),
        }
    }

    pub(crate) fn note_zero(&mut self, key: &str, time: Duration, place: &Place) {
        if time.is_zero() {
            self.reader.note(
                place,
                format!("`{key}` must be more than zero, like \"5m\""),
            );
        }
    }

    /// Compiles a text. `variables` are the ones that it may use; with `None`, it may use those of the steps.
    pub(crate) fn compile(
        &mut self,
        id: TextId,
        written: &Written<'_>,
        variables: Option<&'static [&'static str]>,
        section: &str,
        key: &str,
    ) {
        if written.text.trim().is_empty() {
            self.reader.note(
                &written.place,
                format!("`{key}` in {section} is empty; write what to say"),
            );
        } else if let Err(problem) = self.templates.add(&id, written.text) {
            let message = format!(
                "`{key}` in {section} is not a valid template: {}",
                problem.message
            );
            self.reader.note_in(written, problem.line, message);
        } else {
            self.to_check.push((id, written.place.clone(), variables));
        }
    }

    /// Compiles an expression over the variables of the steps.
    pub(crate) fn compile_expression(
        &mut self,
        id: TextId,
        written: &Written<'_>,
        section: &str,
        key: &str,
    ) {
        if written.text.trim().is_empty() {
            let message =
                format!("`{key}` in {section} is empty; write an expression, like \"age >= 18\"");
            self.reader.note(&written.place, message);
        } else if let Err(problem) = self.templates.add_expression(&id, written.text) {
            let message = format!(
                "`{key}` in {section} is not a valid expression: {}; write it like \"age >= 18\"; a text in it needs its own quotes, like \"city == 'Rio'\"",
                problem.message
            );
            self.reader.note_in(written, problem.line, message);
        } else {
            self.to_check.push((id, written.place.clone(), None));
        }
    }

    /// A variable that nothing saves would render to an empty text without any error. Nearly always its name is misspelt.
    pub(crate) fn check_variables(&mut self) {
        let to_check = std::mem::take(&mut self.to_check);
        for (id, place, _) in to_check
            .iter()
            .filter(|(.., variables)| variables.is_none())
        {
            for written in self.templates.members(id) {
                self.check_member(&written, place);
            }
        }
        let saved: Vec<&str> = self.saved.iter().map(String::as_str).collect();
        for (id, place, variables) in &to_check {
            let known = variables.unwrap_or(&saved);
            for name in self.templates.variables(id) {
                let is_set = variables.is_none() && self.saves_any;
                if is_set || known.contains(&name.as_str()) {
                    continue;
                }
                let hint = match closest(&name, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                let message = format!("nothing is saved as `{name}`; {hint}");
                self.reader.note(place, message);
            }
        }
    }

    /// Reads `next` or `end`. If `optional` is set, a step may have neither.
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
                    "{} leads nowhere; add next = \"a_step\" to continue, or end = \"an_outcome\" to close",
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
            self.add_path(step, &next, format!("`next` in {}", body.name));
            return Some(Then::Next(next.text.to_owned()));
        }
        end.map(|end| Then::End(end.text.to_owned()))
    }

    pub(crate) fn add_path(&mut self, from: &str, to: &Written<'_>, by: String) {
        self.graph.paths.push(StepPath {
            from: from.to_owned(),
            to: to.text.to_owned(),
            by,
            place: to.place.clone(),
        });
    }

    /// Checks the name of a variable that a step saves.
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
