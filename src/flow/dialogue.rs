//! Dialogues: what customers of a flow say, what must come back and what must be saved, written beside the flow.

use std::time::Duration;

use jiff::civil::DateTime;
use toml::de::DeTable;

use super::reader::{Mistake, Place, Reader, Section};
use super::rehearsal::{Event, Rehearsal};
use super::script::{Said, SaidKind, Script};

const FILE_KEYS: [&str; 2] = ["customer", "dialogue"];
const DIALOGUE_KEYS: [&str; 7] = [
    "name", "customer", "at", "turns", "outcome", "saved", "step",
];
const TURN_KEYS: [&str; 9] = [
    "says", "sends", "caption", "wait", "hears", "contains", "outcome", "saved", "step",
];

/// What `sends` can be.
const KINDS: [(&str, SaidKind); 7] = [
    ("image", SaidKind::Image),
    ("video", SaidKind::Video),
    ("voice", SaidKind::Voice),
    ("file", SaidKind::File),
    ("location", SaidKind::Location),
    ("contact", SaidKind::Contact),
    ("other", SaidKind::Other),
];

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
    replies: Option<Replies>,
    then: Expected,
}

#[derive(Debug, Clone)]
enum Does {
    Says(Vec<Said>),
    Waits(Duration),
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
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut reader = Reader::new(source);
        let (table, errors) = DeTable::parse_recoverable(source);
        if !errors.is_empty() {
            for error in errors {
                let message = format!("this is not TOML: {}", error.message().trim());
                reader.note(&error.span().unwrap_or(0..0), message);
            }
            let mut mistakes = reader.finish();
            // One slip makes several errors in its line; the first says what it was.
            mistakes.dedup_by_key(|mistake| mistake.line);
            return Err(mistakes);
        }
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
            };
            if rehearsal.step().is_some() {
                closed = None;
            }
            let mut replies = Vec::new();
            let mut differences = Vec::new();
            for event in events {
                match event {
                    Event::Reply(text) => replies.push(text),
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
                differences.extend(compare_replies(expected, &replies, &turn.when));
            }
            let now = Now {
                rehearsal: &rehearsal,
                outcome: closed.as_deref(),
            };
            differences.extend(now.compare(&turn.then, &turn.when));
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

fn read_dialogue(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    customer: Option<&str>,
) -> Dialogue {
    reader.only(section, &DIALOGUE_KEYS);
    let name = owned(reader, section, "name").filter(|name| !name.trim().is_empty());
    if name.is_none() && !section.has("name") {
        let message = format!(
            "{} has no `name`; say in it what the dialogue shows",
            section.name
        );
        reader.note(&section.place, message);
    }
    let own = owned(reader, section, "customer");
    let at = read_at(reader, section);
    let sections = reader.sections(section, "turns", "[{ says = \"hello\" }]", |number| {
        format!("turn {number}")
    });
    if !section.has("turns") || sections.as_ref().is_some_and(Vec::is_empty) {
        let message = format!(
            "{} has no `turns`; write them like turns = [{{ says = \"hello\", hears = \"Hello!\" }}]",
            section.name
        );
        reader.note(&section.place, message);
    }
    let turns: Vec<Turn> = sections
        .unwrap_or_default()
        .iter()
        .filter_map(|turn| read_turn(reader, turn))
        .collect();
    let last = read_expected(reader, section);
    let expects = |turn: &Turn| turn.replies.is_some() || !turn.then.is_nothing();
    if !turns.is_empty() && last.is_nothing() && !turns.iter().any(expects) {
        let message = format!(
            "{} expects nothing; add what must come back (`hears`, `contains`), an `outcome`, or what must be `saved`",
            section.name
        );
        reader.note(&section.place, message);
    }
    Dialogue {
        name: name.unwrap_or_else(|| section.name.clone()),
        line: reader.position(&section.place).0,
        customer: own.or_else(|| customer.map(str::to_owned)),
        at,
        turns,
        last,
    }
}

/// `at = "2026-12-25 10:00"`, on the clock of the flow's customers.
fn read_at(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<DateTime> {
    let written = reader.text(section, "at")?;
    let at = written.text.trim().replacen(' ', "T", 1).parse().ok();
    if at.is_none() {
        let message = format!(
            "`at` in {} is no day and time; write it like \"2026-12-25 10:00\"",
            section.name
        );
        reader.note(&written.place, message);
    }
    at
}

fn read_turn(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Turn> {
    reader.only(section, &TURN_KEYS);
    let does: Vec<&str> = ["says", "sends", "wait"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    if does.len() != 1 {
        let message = match does[..] {
            [] => format!(
                "in {} nothing happens; add `says`, `sends` or `wait`",
                section.name
            ),
            _ => format!(
                "{} has {}; keep one, and give the other a turn of its own",
                section.name,
                does.iter()
                    .map(|key| format!("`{key}`"))
                    .collect::<Vec<_>>()
                    .join(" and "),
            ),
        };
        reader.note(&section.place, message);
    }
    if section.has("caption") && !section.has("sends") {
        let message = format!("`caption` in {} needs `sends`", section.name);
        reader.note(&section.place_of("caption"), message);
    }
    if section.has("hears") && section.has("contains") {
        let message = format!(
            "{} has both `hears` and `contains`; keep `hears` for whole replies, `contains` for parts of them",
            section.name
        );
        reader.note(&section.place_of("contains"), message);
    }
    let says = reader.texts(section, "says").map(|texts| {
        let said = texts.iter().map(|written| Said::text(written.text));
        Does::Says(said.collect())
    });
    let sends = read_sends(reader, section);
    let wait = reader.duration(section, "wait");
    let waits = wait.map(|(time, _)| Does::Waits(time));
    let mut replies = None;
    for (key, parts) in [("hears", false), ("contains", true)] {
        if let Some(texts) = reader.texts(section, key) {
            let texts = texts.iter().map(|written| written.text.to_owned());
            replies = Some(Replies {
                line: reader.position(&section.place_of(key)).0,
                texts: texts.collect(),
                parts,
            });
        }
    }
    let then = read_expected(reader, section);
    let does = says.or(sends).or(waits)?;
    let when = match &does {
        Does::Says(said) => after(said),
        Does::Waits(_) => {
            let written = owned(reader, section, "wait").unwrap_or_default();
            format!("after {written} of silence")
        }
    };
    Some(Turn {
        line: reader.position(&section.place).0,
        when,
        does,
        replies,
        then,
    })
}

fn read_sends(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Does> {
    let caption = owned(reader, section, "caption").unwrap_or_default();
    let written = reader.text(section, "sends")?;
    let Some((_, kind)) = KINDS.into_iter().find(|(word, _)| *word == written.text) else {
        let words = KINDS.map(|(word, _)| word).join(", ");
        let message = format!(
            "`sends` in {} is `{}`; write one of {words}",
            section.name, written.text
        );
        reader.note(&written.place, message);
        return None;
    };
    Some(Does::Says(vec![Said {
        text: caption,
        kind,
    }]))
}

fn read_expected(reader: &mut Reader<'_>, section: &Section<'_>) -> Expected {
    let line = |reader: &Reader<'_>, place: &Place| reader.position(place).0;
    let outcome = reader.text(section, "outcome");
    let step = reader.text(section, "step");
    let mut saved = Vec::new();
    if let Some(table) = reader.section(section, "saved") {
        for key in table.keys() {
            if let Some(value) = reader.text(&table, key.text) {
                let at = line(reader, &key.place);
                saved.push((at, key.text.to_owned(), value.text.to_owned()));
            }
        }
    }
    Expected {
        outcome: outcome.map(|one| (line(reader, &one.place), one.text.to_owned())),
        step: step.map(|one| (line(reader, &one.place), one.text.to_owned())),
        saved,
    }
}

fn owned(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Option<String> {
    reader
        .text(section, key)
        .map(|written| written.text.to_owned())
}

fn after(said: &[Said]) -> String {
    let words: Vec<String> = said
        .iter()
        .map(|one| format!("\"{}\"", one.text_or_kind()))
        .collect();
    format!("after {}", words.join(", "))
}

fn compare_replies(expected: &Replies, got: &[String], when: &str) -> Option<Difference> {
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
        ("the replies differ", side_by_side(&expected.texts, got))
    };
    Some(Difference {
        line: expected.line,
        when: when.to_owned(),
        what,
        shown,
    })
}

/// What both begin and end with once, and between it both sides.
fn side_by_side(expected: &[String], got: &[String]) -> Vec<Shown> {
    let same = |(a, b): &(&String, &String)| a == b;
    let head = expected.iter().zip(got).take_while(same).count();
    let (expected_rest, got_rest) = (&expected[head..], &got[head..]);
    let tail = expected_rest
        .iter()
        .rev()
        .zip(got_rest.iter().rev())
        .take_while(same)
        .count();
    let (expected_rest, end) = expected_rest.split_at(expected_rest.len() - tail);
    let got_rest = &got_rest[..got_rest.len() - tail];
    let shown = |texts: &[String], as_what: fn(String) -> Shown| -> Vec<Shown> {
        texts.iter().cloned().map(as_what).collect()
    };
    [
        shown(&expected[..head], Shown::Same),
        shown(expected_rest, Shown::Expected),
        shown(got_rest, Shown::Got),
        shown(end, Shown::Same),
    ]
    .concat()
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
            Some(step) => format!("(open, at step {step})"),
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
    use super::super::locale::Locale;
    use super::*;

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
