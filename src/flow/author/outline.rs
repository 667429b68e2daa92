//! The steps of a checked flow and the paths between them, for drawings.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::Display;
use std::mem::discriminant;

use crate::flow::answer::calendar::time::saved;
use crate::flow::answer::kind::{AnswerKind, Bounds, MEDIA_KINDS};
use crate::flow::script::checked_flow::Script;
use crate::flow::script::commands::GoTo;
use crate::flow::script::step::{Calling, Case, Choice, HandOff, Question, Step, Then};
use crate::time_span;

/// The label of a path that the answer to a call chooses.
const CHOSEN: &str = "the answer chooses";

/// The steps of a flow, and where each leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// From the first step on; nearer steps come first.
    pub steps: Vec<OutlineStep>,
    /// The first step outside opening hours, if the flow has any.
    pub closed: Option<String>,
    /// Words that lead to a step from every question, and those steps.
    pub words: Vec<(String, String)>,
}

/// A step, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineStep {
    /// The step's name.
    pub name: String,
    /// It waits for the customer's answer.
    pub asks: bool,
    /// It asks the shop's own system. The answer may also close the conversation, with any outcome.
    pub calls: bool,
    /// It waits for a person.
    pub hands_off: bool,
    /// The paths to the next steps.
    pub paths: Vec<OutlinePath>,
}

/// One path from a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlinePath {
    /// When the flow takes it: options, a kind of answer, a condition; empty for the only path of a step.
    pub label: String,
    /// Where it leads.
    pub to: Target,
    /// The file does not write this path: the program adds it.
    pub implied: bool,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// To the step with this name.
    Step(String),
    /// The conversation closes with this outcome.
    End(String),
}

impl Outline {
    /// The outcomes that the file names, sorted.
    pub fn outcomes(&self) -> BTreeSet<&str> {
        self.paths()
            .filter(|(_, path)| !path.implied)
            .filter_map(|(_, path)| match &path.to {
                Target::End(outcome) => Some(outcome.as_str()),
                Target::Step(_) => None,
            })
            .collect()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = (&OutlineStep, &OutlinePath)> {
        self.steps
            .iter()
            .flat_map(|step| step.paths.iter().map(move |path| (step, path)))
    }

    /// The steps from which an `end` of the file can be reached.
    pub(crate) fn ending(&self) -> HashSet<&str> {
        let mut before: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut ending = HashSet::new();
        let mut open = Vec::new();
        for (step, path) in self.paths().filter(|(_, path)| !path.implied) {
            match &path.to {
                Target::Step(to) => before.entry(to).or_default().push(&step.name),
                Target::End(_) if ending.insert(step.name.as_str()) => open.push(&*step.name),
                Target::End(_) => {}
            }
        }
        for step in self.steps.iter().filter(|step| step.calls) {
            if ending.insert(step.name.as_str()) {
                open.push(&step.name);
            }
        }
        while let Some(step) = open.pop() {
            for from in before.get(step).into_iter().flatten() {
                if ending.insert(from) {
                    open.push(from);
                }
            }
        }
        ending
    }
}

impl Script {
    /// The steps and the paths between them.
    pub fn outline(&self) -> Outline {
        let mut steps = Vec::new();
        let closed = self.closed.clone();
        let words: Vec<(String, String)> = self
            .commands
            .go
            .values()
            .filter_map(|word| match &word.to {
                GoTo::Step(step) => Some((word.written.clone(), step.clone())),
                GoTo::Back => None,
            })
            .collect();
        let mut seen: HashSet<String> = HashSet::new();
        let mut open: VecDeque<String> = std::iter::once(self.start.clone())
            .chain(closed.clone())
            .chain(words.iter().map(|(_, step)| step.clone()))
            .filter(|step| seen.insert(step.clone()))
            .collect();
        while let Some(name) = open
            .pop_front()
            .or_else(|| self.unseen_rating(&mut seen))
            .or_else(|| self.choose_unseen(&mut steps, &mut seen))
        {
            let Some(step) = self.steps.get(&name) else {
                continue;
            };
            let (asks, paths) = paths(step);
            let calls = matches!(step, Step::Call(_));
            for path in &paths {
                if let Target::Step(to) = &path.to
                    && seen.insert(to.clone())
                {
                    open.push_back(to.clone());
                }
            }
            let hands_off = matches!(step, Step::HandOff(_));
            steps.push(OutlineStep {
                name,
                asks,
                calls,
                hands_off,
                paths,
            });
        }
        Outline {
            steps,
            closed,
            words,
        }
    }

    /// The step that asks for a rating, if no path leads there: people who close a conversation ask it.
    fn unseen_rating(&self, seen: &mut HashSet<String>) -> Option<String> {
        let (name, _) = self.rating_step()?;
        seen.insert(name.to_owned()).then(|| name.to_owned())
    }

    /// Finds a step that only answers to calls can reach, and adds it to the paths of every call that may choose it.
    fn choose_unseen(
        &self,
        seen_steps: &mut [OutlineStep],
        seen: &mut HashSet<String>,
    ) -> Option<String> {
        let chooses = |name: &str| {
            self.calling(name)
                .is_some_and(|calling| calling.may.is_none())
        };
        let unseen: BTreeSet<&String> = self
            .steps
            .keys()
            .filter(|name| !seen.contains(*name))
            .collect();
        let led_to: HashSet<Target> = unseen
            .iter()
            .filter_map(|name| self.steps.get(*name))
            .flat_map(|step| paths(step).1)
            .map(|path| path.to)
            .collect();
        // If they lead to each other in a loop, any of them can be the first.
        let first = unseen
            .iter()
            .find(|name| !led_to.contains(&Target::Step((***name).clone())))
            .or_else(|| unseen.first())?;
        let name = (*first).clone();
        for step in seen_steps.iter_mut().filter(|step| chooses(&step.name)) {
            step.paths.push(OutlinePath {
                label: CHOSEN.to_owned(),
                to: Target::Step(name.clone()),
                implied: true,
            });
        }
        seen.insert(name.clone());
        Some(name)
    }
}

/// Whether a step waits for the customer, and where it leads.
fn paths(step: &Step) -> (bool, Vec<OutlinePath>) {
    match step {
        Step::Say { then, .. } | Step::Set { then, .. } | Step::Wait { then, .. } => {
            (false, vec![path("", then)])
        }
        Step::Ask(question) => (true, paths_of_question(question)),
        Step::HandOff(handoff) => (false, paths_from_person(handoff)),
        Step::Rating(question) => {
            let close = OutlinePath {
                label: "asks for a rating".to_owned(),
                to: Target::End(question.outcome.clone()),
                implied: false,
            };
            (false, vec![close])
        }
        Step::When { cases, otherwise } => (false, paths_by_condition(cases, otherwise)),
        Step::Call(calling) => (false, paths_of_call(calling)),
    }
}

fn paths_of_call(calling: &Calling) -> Vec<OutlinePath> {
    let to = |label: &str, step: &String| OutlinePath {
        label: label.to_owned(),
        to: Target::Step(step.clone()),
        implied: false,
    };
    let chosen = calling.may.iter().flatten();
    [path("answered", &calling.then)]
        .into_iter()
        .chain(chosen.map(|step| to(CHOSEN, step)))
        .chain([to("no answer", &calling.otherwise)])
        .collect()
}

/// If a person comes, they end the conversation: from their own phone, or with an outcome that only they know.
fn paths_from_person(handoff: &HandOff) -> Vec<OutlinePath> {
    let whose = match handoff.team.as_str() {
        "" => String::new(),
        team => format!(" of {team}"),
    };
    let how = if handoff.urgent { ", urgent" } else { "" };
    let person = OutlinePath {
        label: format!("a person{whose} answers{how}"),
        to: Target::End("phone".to_owned()),
        implied: false,
    };
    let nobody = handoff.nobody.iter().map(|(time, step)| OutlinePath {
        label: format!("nobody within {}", time_span::shown(*time)),
        to: Target::Step(step.clone()),
        implied: false,
    });
    std::iter::once(person).chain(nobody).collect()
}

/// In the order in which the flow tries them.
fn paths_by_condition(cases: &[Case], otherwise: &str) -> Vec<OutlinePath> {
    let by_case = |case: &Case| path(&format!("if {}", case.written), &case.then);
    let otherwise = OutlinePath {
        label: "otherwise".to_owned(),
        to: Target::Step(otherwise.to_owned()),
        implied: false,
    };
    cases.iter().map(by_case).chain([otherwise]).collect()
}

fn paths_of_question(question: &Question) -> Vec<OutlinePath> {
    let mut options: Vec<&Choice> = question.options.values().collect();
    options.sort_by_key(|choice| choice.written.as_str());
    let mut paths: Vec<OutlinePath> = Vec::new();
    for choice in options {
        let shown = match &choice.label {
            Some(label) => format!("{} ({label})", choice.written),
            None => choice.written.clone(),
        };
        let one = path(&shown, &choice.then);
        // Options that lead to the same step share one path.
        match paths.iter_mut().find(|path| path.to == one.to) {
            Some(path) => path.label = format!("{}, {shown}", path.label),
            None => paths.push(one),
        }
    }
    if let Some(other) = &question.other_answers {
        let label = match &other.expect {
            Some(expect) => expected(expect),
            None if paths.is_empty() => "any answer".to_owned(),
            None => "any other answer".to_owned(),
        };
        paths.push(path(&label, &other.then));
        if other.expect.is_none() {
            // Every answer is accepted, so none is invalid.
            return paths;
        }
    }
    let (to, implied) = match &question.otherwise {
        Some(step) => (Target::Step(step.clone()), false),
        None => (Target::End("invalid".to_owned()), true),
    };
    let label = match question.attempts {
        1 => "1 invalid answer".to_owned(),
        attempts => format!("{attempts} invalid answers"),
    };
    paths.push(OutlinePath { label, to, implied });
    paths
}

fn path(label: &str, then: &Then) -> OutlinePath {
    OutlinePath {
        label: label.to_owned(),
        to: match then {
            Then::Next(step) => Target::Step(step.clone()),
            Then::End(outcome) => Target::End(outcome.clone()),
        },
        implied: false,
    }
}

/// A kind of answer with its limits: "number 1 to 60".
fn expected(kind: &AnswerKind) -> String {
    let name = kind_name(kind);
    match kind {
        AnswerKind::Text(bounds) => match bounded(*bounds) {
            Some(range) => format!("{name} of {range} characters"),
            None => name.to_owned(),
        },
        AnswerKind::Number(bounds) => match bounded(*bounds) {
            Some(range) => format!("{name} {range}"),
            None => name.to_owned(),
        },
        AnswerKind::Date(limits) => match between(limits.min, limits.max) {
            Some(range) => format!("{name} {range}"),
            None => name.to_owned(),
        },
        AnswerKind::Time(limits) => match between(limits.min.map(saved), limits.max.map(saved)) {
            Some(range) => format!("{name} {range}"),
            None => name.to_owned(),
        },
        AnswerKind::Phone(Some(country)) => format!("{name} {}", country.code),
        AnswerKind::Media(kinds) if !kinds.is_empty() => {
            let names = MEDIA_KINDS.iter().filter(|(_, kind)| kinds.contains(kind));
            let names: Vec<&str> = names.map(|(name, _)| *name).collect();
            names.join(" or ")
        }
        _ => name.to_owned(),
    }
}

fn bounded<T: Display>(bounds: Bounds<T>) -> Option<String> {
    between(bounds.min, bounds.max)
}

fn between<T: Display>(min: Option<T>, max: Option<T>) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    }
}

/// The word for a kind of answer in a flow file.
fn kind_name(kind: &AnswerKind) -> &'static str {
    AnswerKind::NAMES
        .into_iter()
        .find(|name| {
            AnswerKind::named(name).is_some_and(|named| discriminant(&named) == discriminant(kind))
        })
        .unwrap_or("pattern")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::locale::Locale;

    fn load(source: &str) -> Script {
        Script::load(source, Locale::En).unwrap()
    }

    #[test]
    fn the_outline_has_every_path_with_its_label() {
        let shop = load(include_str!("../../../examples/flows/shop.toml")).outline();
        let paths = |name: &str| -> Vec<(String, Target)> {
            let step = shop.steps.iter().find(|step| step.name == name).unwrap();
            let paths = step.paths.iter();
            paths
                .map(|path| (path.label.clone(), path.to.clone()))
                .collect()
        };
        let step = |name: &str| Target::Step(name.to_owned());
        assert_eq!(shop.steps[0].name, "hello");
        assert_eq!(paths("hello"), [(String::new(), step("menu"))]);
        assert_eq!(
            paths("email"),
            [
                ("no, none".to_owned(), step("confirm")),
                ("email".to_owned(), step("confirm")),
                ("3 invalid answers".to_owned(), step("people")),
            ]
        );
        assert_eq!(paths("item"), [("any answer".to_owned(), step("quantity"))]);
        assert_eq!(paths("order_number")[0].0, "pattern");
        assert_eq!(paths("people")[0].1, Target::End("people".to_owned()));
        assert_eq!(
            shop.outcomes().into_iter().collect::<Vec<_>>(),
            ["ordered", "people", "status_asked"]
        );
    }

    #[test]
    fn labels_show_conditions_and_the_limits_of_answers() {
        let labels = |source: &str, name: &str| -> Vec<String> {
            let outline = load(source).outline();
            let step = outline.steps.into_iter().find(|step| step.name == name);
            let paths = step.unwrap().paths.into_iter();
            paths.map(|path| path.label).collect()
        };
        let tickets = include_str!("../../../examples/flows/tickets.toml");
        assert_eq!(
            labels(tickets, "size"),
            ["if quantity >= 15", "if quantity == 1", "otherwise"]
        );
        assert_eq!(labels(tickets, "quantity")[0], "number 1 to 60");
        assert_eq!(labels(tickets, "price"), [""]);
        assert_eq!(labels(tickets, "pause"), [""]);
        let reception = include_str!("../../../examples/flows/reception.toml");
        assert_eq!(
            labels(reception, "person"),
            ["a person answers", "nobody within 2h"]
        );
        let delivery = include_str!("../../../examples/flows/delivery.toml");
        assert_eq!(
            labels(delivery, "size")[..2],
            ["1 (envelope), 2 (caixa pequena)", "3"]
        );
        let visit = include_str!("../../../examples/flows/visit.toml");
        for (step, path, label) in [
            ("problem", 0, "text of 5 to 500 characters"),
            ("photo", 1, "image or video"),
            ("day", 0, "date today to +60d"),
            ("phone", 0, "phone BR"),
        ] {
            assert_eq!(labels(visit, step)[path], label);
        }
        for (bounds, label) in [
            ("", "number"),
            ("min = 1", "number at least 1"),
            ("max = 2.5", "number at most 2.5"),
        ] {
            let source =
                format!("start = 'a'\n[step.a]\nask = '?'\nexpect = 'number'\n{bounds}\nend = 'x'");
            assert_eq!(labels(&source, "a")[0], label);
        }
    }
}
