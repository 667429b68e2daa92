//! Dialogues: what customers of a flow say, what must come back and what must be saved, written beside the flow.

mod calls;
mod read;
mod side_by_side;

use std::time::Duration;

use jiff::civil::DateTime;

use crate::flow::author::dialogue::calls::Answer;
use crate::flow::author::dialogue::read::{owned, read_dialogue};
use crate::flow::author::dialogue::side_by_side::side_by_side;
use crate::flow::author::rehearsal::{Event, Rehearsal};
use crate::flow::load::reader::{Mistake, Reader, Section};
use crate::flow::script::definition::{Said, Script};

const FILE_KEYS: [&str; 2] = ["customer", "dialogue"];

/// What stands in place of an outcome while the customer waits for a person.
const HANDED_OFF: &str = "handoff";

/// Where the clock of a dialogue stands at first: 2026-01-05T09:00:00Z, a Monday. Always the same, so that a dialogue is.
const BEGIN: u64 = 1_767_603_600_000;

/// One dialogue, as its author wrote it.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// What it shows.
    pub name: String,
    /// The line where it begins, counted from 1.
    pub line: usize,
    customer: Option<String>,
    /// The day and the time at which it begins.
    at: Option<DateTime>,
    turns: Vec<Turn>,
    /// What must hold after the last turn.
    last: Expected,
}

/// Where a dialogue went another way than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of what was expected, counted from 1.
    pub line: usize,
    /// When: after what was said.
    pub when: String,
    /// What differs.
    pub what: &'static str,
    /// Both sides, in order.
    pub shown: Vec<Shown>,
}

/// A text of one side or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It came as expected.
    Same(String),
    /// It should have come.
    Expected(String),
    /// It came.
    Got(String),
}

#[derive(Debug, Clone)]
struct Turn {
    line: usize,
    /// The moment after it, for messages.
    when: String,
    does: Does,
    /// What the shop answers to calls, in order; none where it does not answer.
    answers: Vec<Answer>,
    replies: Option<Replies>,
    /// The steps that call, in order.
    calls: Option<Replies>,
    then: Expected,
}

#[derive(Debug, Clone)]
enum Does {
    Says(Vec<Said>),
    Waits(Duration),
    /// Only the shop does something.
    Nothing,
    /// The owner writes, from their own phone.
    Phone(String),
}

#[derive(Debug, Clone)]
struct Replies {
    line: usize,
    texts: Vec<String>,
    /// Each is a part of some reply, rather than the replies themselves.
    parts: bool,
}

#[derive(Debug, Clone, Default)]
struct Expected {
    outcome: Option<(usize, String)>,
    step: Option<(usize, String)>,
    saved: Vec<(usize, String, String)>,
}

impl Expected {
    fn is_nothing(&self) -> bool {
        self.outcome.is_none() && self.step.is_none() && self.saved.is_empty()
    }
}

impl Dialogue {
    /// Reads a file of dialogues.
    ///
    /// # Errors
    /// Every mistake in the file at once, in the order of its lines.
    pub fn load(source: &str) -> Result<Vec<Dialogue>, Vec<Mistake>> {
        let (mut reader, table) = Reader::open(source)?;
        let file = Section::root(table.get_ref());
        reader.only(&file, &FILE_KEYS);
        let customer = owned(&mut reader, &file, "customer");
        let sections = reader.sections(&file, "dialogue", "[[dialogue]]", |number| {
            format!("dialogue {number}")
        });
        if !file.has("dialogue") || sections.as_ref().is_some_and(Vec::is_empty) {
            let message = "there are no dialogues: write at least one, under [[dialogue]]";
            reader.note(&(0..0), message);
        }
        let dialogues = sections
            .unwrap_or_default()
            .iter()
            .map(|section| read_dialogue(&mut reader, section, customer.as_deref()))
            .collect();
        match reader.finish() {
            mistakes if mistakes.is_empty() => Ok(dialogues),
            mistakes => Err(mistakes),
        }
    }

    /// Plays it, up to the first turn after which something differs.
    pub fn play(&self, script: &Script) -> Vec<Difference> {
        let begin = self.at.and_then(|at| script.moment(at)).unwrap_or(BEGIN);
        let mut rehearsal = Rehearsal::new(script, self.customer.as_deref(), begin);
        let mut closed = None;
        for turn in &self.turns {
            let events = match &turn.does {
                Does::Says(said) => rehearsal.say(said.iter().cloned()),
                Does::Waits(time) => rehearsal.wait(*time),
                Does::Phone(text) => rehearsal.phone(text),
                Does::Nothing => Vec::new(),
            };
            let (events, mut differences) = turn.answer(&mut rehearsal, events);
            if rehearsal.step().is_some() || rehearsal.is_with_phone() {
                closed = None;
            }
            let (mut replies, mut calls) = (Vec::new(), Vec::new());
            for event in events {
                match event {
                    Event::Reply(text) => replies.push(text),
                    Event::Called { step, .. } => calls.push(step),
                    Event::HandedOff | Event::Phone => {}
                    Event::Closed { outcome, .. } => closed = Some(outcome),
                    Event::Fault(fault) => differences.push(Difference {
                        line: turn.line,
                        when: turn.when.clone(),
                        what: "the flow is broken",
                        shown: vec![Shown::Got(fault)],
                    }),
                }
            }
            if let Some(expected) = &turn.replies {
                let what = "the replies differ";
                differences.extend(compare_replies(expected, &replies, &turn.when, what));
            }
            if let Some(expected) = &turn.calls {
                let what = "the calls differ";
                differences.extend(compare_replies(expected, &calls, &turn.when, what));
            }
            let now = Now {
                rehearsal: &rehearsal,
                outcome: closed.as_deref(),
            };
            differences.extend(now.compare(&turn.then, &turn.when));
            if !differences.is_empty() && rehearsal.is_calling() {
                let step = rehearsal.step().unwrap_or_default();
                differences.push(turn.differs(
                    turn.line,
                    "a call still waits for its answer; give the turn one more in `answers`",
                    Shown::Got(format!("(waits at step {step})")),
                ));
            }
            if !differences.is_empty() {
                return differences;
            }
        }
        let now = Now {
            rehearsal: &rehearsal,
            outcome: closed.as_deref(),
        };
        now.compare(&self.last, "at the end")
    }
}

fn after(said: &[Said]) -> String {
    let words: Vec<String> = said
        .iter()
        .map(|one| format!("\"{}\"", one.text_or_kind()))
        .collect();
    format!("after {}", words.join(", "))
}

fn compare_replies(
    expected: &Replies,
    got: &[String],
    when: &str,
    differ: &'static str,
) -> Option<Difference> {
    let (what, shown) = if expected.parts {
        let missing: Vec<&String> = expected
            .texts
            .iter()
            .filter(|part| !got.iter().any(|reply| reply.contains(part.as_str())))
            .collect();
        if missing.is_empty() {
            return None;
        }
        let missing = missing.into_iter().cloned().map(Shown::Expected);
        let got = got.iter().cloned().map(Shown::Got);
        ("no reply contains this", missing.chain(got).collect())
    } else {
        if expected.texts == got {
            return None;
        }
        (differ, side_by_side(&expected.texts, got))
    };
    Some(Difference {
        line: expected.line,
        when: when.to_owned(),
        what,
        shown,
    })
}

/// How it stands after a turn.
struct Now<'r> {
    rehearsal: &'r Rehearsal<'r>,
    /// That of the conversation that was closed last, if none is open.
    outcome: Option<&'r str>,
}

impl Now<'_> {
    fn compare(&self, expected: &Expected, when: &str) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut note = |line: usize, what: &'static str, expected: String, got: String| {
            if expected != got {
                differences.push(Difference {
                    line,
                    when: when.to_owned(),
                    what,
                    shown: vec![Shown::Expected(expected), Shown::Got(got)],
                });
            }
        };
        let open = match self.rehearsal.step() {
            Some(_) if self.rehearsal.waits_for_person() => HANDED_OFF.to_owned(),
            Some(step) => format!("(open, at step {step})"),
            None if self.rehearsal.is_with_phone() => "(the owner answers)".to_owned(),
            None => "(no conversation is open)".to_owned(),
        };
        if let Some((line, outcome)) = &expected.outcome {
            let got = self.outcome.map_or_else(|| open.clone(), str::to_owned);
            note(*line, "the outcome differs", outcome.clone(), got);
        }
        if let Some((line, step)) = &expected.step {
            let got = match (self.rehearsal.step(), self.outcome) {
                (Some(step), _) => step.to_owned(),
                (None, Some(outcome)) => format!("(closed: {outcome})"),
                (None, None) => open.clone(),
            };
            note(*line, "the step differs", step.clone(), got);
        }
        for (line, name, value) in &expected.saved {
            let got = match self.rehearsal.variables().get(name) {
                Some(got) => format!("{name} = {got}"),
                None => format!("(nothing is saved as {name})"),
            };
            note(
                *line,
                "what is saved differs",
                format!("{name} = {value}"),
                got,
            );
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::locale::Locale;

    #[test]
    fn every_mistake_in_a_file_of_dialogues_is_told_with_its_line() {
        let good = "[[dialogue]]\nname = 'x'\nturns = [{ says = 'a', hears = 'b' }]";
        for (right, wrong, line, words) in [
            ("[[dialogue]]", "[[dialog]]", 1, "did you mean `dialogue`?"),
            (
                "[[dialogue]]",
                "[dialogue]",
                1,
                "`dialogue` in the file must be a list of tables",
            ),
            ("name = 'x'", "", 1, "dialogue 1 has no `name`"),
            ("name = 'x'", "nmae = 'x'", 2, "did you mean `name`?"),
            ("turns = ", "# turns = ", 1, "dialogue 1 has no `turns`"),
            ("says = 'a', ", "", 3, "in turn 1 nothing happens"),
            (
                "says = 'a'",
                "says = 'a', wait = '5m'",
                3,
                "has `says` and `wait`",
            ),
            ("says = 'a'", "say = 'a'", 3, "did you mean `says`?"),
            (
                "says = 'a'",
                "sends = 'smile'",
                3,
                "one of image, video, voice, file, location, contact, other",
            ),
            (
                "says = 'a'",
                "says = 'a', caption = 'x'",
                3,
                "`caption` in turn 1 needs `sends`",
            ),
            ("says = 'a'", "wait = 5", 3, "needs a unit"),
            (
                "hears = 'b'",
                "hears = 'b', contains = 'c'",
                3,
                "both `hears` and `contains`",
            ),
            (", hears = 'b'", "", 1, "dialogue 1 expects nothing"),
            ("hears = 'b'", "hears = 1", 3, "must be a text in quotes"),
            ("hears = 'b'", "hears = 'b", 3, "not TOML"),
        ] {
            let mistakes = Dialogue::load(&good.replacen(right, wrong, 1)).unwrap_err();
            assert!(
                mistakes
                    .iter()
                    .any(|one| one.line == line && one.message.contains(words)),
                "{wrong}: {mistakes:?}"
            );
        }
        assert_eq!(Dialogue::load("").unwrap_err().len(), 1);
        assert_eq!(Dialogue::load(good).unwrap().len(), 1);
    }

    #[test]
    fn a_dialogue_stops_at_the_first_turn_that_differs_and_shows_both_sides() {
        let flow = "start = 'a'\n[step.a]\nask = 'Name?'\nsave = 'name'\nnext = 'b'\n\
            [step.b]\nsay = ['Hi', '{{ name }}', 'Bye']\nend = 'done'";
        let script = Script::load(flow, Locale::En).unwrap();
        let differences = |turns: &str| {
            let source = format!("[[dialogue]]\nname = 'x'\nturns = [\n{turns}\n]");
            Dialogue::load(&source).unwrap()[0].play(&script)
        };
        assert_eq!(
            differences(
                "{ says = 'x', hears = 'Name?', step = 'a' },\n{ says = 'Zoe', contains = ['Zo', 'By'], outcome = 'done', saved.name = 'Zoe' }"
            ),
            []
        );
        let found = differences(
            "{ says = 'x', hears = 'Name?' },\n{ says = 'Zoe', hears = ['Hi', 'Ann', 'Bye'], outcome = 'over' },\n{ says = 'x', hears = 'never played' }",
        );
        let text = str::to_owned;
        assert_eq!(
            found,
            [
                Difference {
                    line: 5,
                    when: text("after \"Zoe\""),
                    what: "the replies differ",
                    shown: vec![
                        Shown::Same(text("Hi")),
                        Shown::Expected(text("Ann")),
                        Shown::Got(text("Zoe")),
                        Shown::Same(text("Bye")),
                    ],
                },
                Difference {
                    line: 5,
                    when: text("after \"Zoe\""),
                    what: "the outcome differs",
                    shown: vec![Shown::Expected(text("over")), Shown::Got(text("done"))],
                },
            ]
        );
        let both = |turns: &str| -> Vec<Shown> {
            let found = differences(turns).into_iter();
            found.flat_map(|one| one.shown).collect()
        };
        assert_eq!(
            both("{ says = ['x', 'y'], step = 'a', hears = [] }"),
            [Shown::Got(text("Name?"))]
        );
        assert_eq!(
            both("{ says = 'x', outcome = 'done', saved = { age = '7' }, step = 'b' }"),
            [
                Shown::Expected(text("done")),
                Shown::Got(text("(open, at step a)")),
                Shown::Expected(text("b")),
                Shown::Got(text("a")),
                Shown::Expected(text("age = 7")),
                Shown::Got(text("(nothing is saved as age)")),
            ]
        );
        assert_eq!(
            both("{ sends = 'image', contains = 'age' }"),
            [Shown::Expected(text("age")), Shown::Got(text("Name?"))]
        );
        assert_eq!(
            both("{ says = 'x' }, { wait = '15m', outcome = 'silence' }"),
            []
        );
    }
}
