//! Reads dialogues and their turns from a file.

use jiff::civil::DateTime;

use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::author::dialogue::{
    Dialogue, DialogueMove, DialogueTurn, ExpectedState, ExpectedTexts, FAIL, ShopAnswer,
};
use crate::flow::load::reader::{Mistake, Place, Reader, Section};

const FILE_KEYS: [&str; 2] = ["customer", "dialogue"];

const DIALOGUE_KEYS: [&str; 10] = [
    "name", "customer", "at", "turns", "outcome", "saved", "step", "note", "team", "priority",
];
const TURN_KEYS: [&str; 15] = [
    "says", "sends", "caption", "wait", "phone", "answers", "hears", "contains", "calls",
    "outcome", "saved", "step", "note", "team", "priority",
];

/// What `sends` can be.
const KINDS: [(&str, SaidKind); 9] = [
    ("image", SaidKind::Image),
    ("video", SaidKind::Video),
    ("voice", SaidKind::Voice),
    ("file", SaidKind::File),
    ("location", SaidKind::Location),
    ("contact", SaidKind::Contact),
    ("order", SaidKind::Order),
    ("product", SaidKind::Product),
    ("other", SaidKind::Other),
];

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
            "{} has no `name`; write in it what the dialogue shows",
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
    let turns: Vec<DialogueTurn> = sections
        .unwrap_or_default()
        .iter()
        .filter_map(|turn| read_turn(reader, turn))
        .collect();
    let last = read_expected(reader, section);
    let expects = |turn: &DialogueTurn| {
        turn.replies.is_some() || turn.calls.is_some() || !turn.then.is_nothing()
    };
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

/// `at = "2026-12-25 10:00"`, in the time zone of the flow.
fn read_at(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<DateTime> {
    let written = reader.text(section, "at")?;
    let at = written.text.trim().replacen(' ', "T", 1).parse().ok();
    if at.is_none() {
        let message = format!(
            "`at` in {} is not a date and time; write it like \"2026-12-25 10:00\"",
            section.name
        );
        reader.note(&written.place, message);
    }
    at
}

fn after(said: &[Said]) -> String {
    let words: Vec<String> = said
        .iter()
        .map(|one| format!("\"{}\"", one.text_or_kind()))
        .collect();
    format!("after {}", words.join(", "))
}

fn read_turn(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<DialogueTurn> {
    reader.only(section, &TURN_KEYS);
    let does: Vec<&str> = ["says", "sends", "wait", "phone"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    let only_answers = does.is_empty() && section.has("answers");
    if does.len() != 1 && !only_answers {
        let message = match does[..] {
            [] => format!(
                "in {} nothing happens; add `says`, `sends`, `wait`, `phone` or `answers`",
                section.name
            ),
            _ => format!(
                "{} has {}; keep one, and give the other a separate turn",
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
        DialogueMove::Says(said.collect())
    });
    let sends = read_sends(reader, section);
    let wait = reader.duration(section, "wait");
    let waits = wait.map(|(time, _)| DialogueMove::Waits(time));
    let (answers, calls) = read_calls(reader, section);
    let mut replies = None;
    for (key, parts) in [("hears", false), ("contains", true)] {
        if let Some(texts) = reader.texts(section, key) {
            let texts = texts.iter().map(|written| written.text.to_owned());
            replies = Some(ExpectedTexts {
                line: reader.position(&section.place_of(key)).0,
                texts: texts.collect(),
                parts,
            });
        }
    }
    let then = read_expected(reader, section);
    let phone = owned(reader, section, "phone").map(DialogueMove::Phone);
    let nothing = only_answers.then_some(DialogueMove::Nothing);
    let does = says.or(sends).or(waits).or(phone).or(nothing)?;
    let when = match &does {
        DialogueMove::Says(said) => after(said),
        DialogueMove::Nothing => "after the answer of the shop".to_owned(),
        DialogueMove::Waits(_) => {
            let written = owned(reader, section, "wait").unwrap_or_default();
            format!("after {written} of silence")
        }
        DialogueMove::Phone(text) => format!("after the owner wrote \"{text}\""),
    };
    Some(DialogueTurn {
        line: reader.position(&section.place).0,
        when,
        does,
        answers,
        replies,
        calls,
        then,
    })
}

/// Reads `answers` and `calls`.
fn read_calls(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
) -> (Vec<ShopAnswer>, Option<ExpectedTexts>) {
    let written = reader.texts(section, "answers").unwrap_or_default();
    let answers = written.iter().map(|written| ShopAnswer {
        line: reader.position(&written.place).0,
        body: (written.text != FAIL).then(|| written.text.to_owned()),
    });
    let answers = answers.collect();
    let calls = reader.texts(section, "calls").map(|steps| ExpectedTexts {
        line: reader.position(&section.place_of("calls")).0,
        texts: steps.iter().map(|step| step.text.to_owned()).collect(),
        parts: false,
    });
    (answers, calls)
}

fn read_sends(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<DialogueMove> {
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
    Some(DialogueMove::Says(vec![Said {
        text: caption,
        kind,
    }]))
}

fn read_expected(reader: &mut Reader<'_>, section: &Section<'_>) -> ExpectedState {
    let line = |reader: &Reader<'_>, place: &Place| reader.position(place).0;
    let outcome = reader.text(section, "outcome");
    let step = reader.text(section, "step");
    let note = reader.text(section, "note");
    let team = reader.text(section, "team");
    let priority = reader.text(section, "priority");
    let mut saved = Vec::new();
    if let Some(table) = reader.section(section, "saved") {
        for key in table.keys() {
            if let Some(value) = reader.text(&table, key.text) {
                let at = line(reader, &key.place);
                saved.push((at, key.text.to_owned(), value.text.to_owned()));
            }
        }
    }
    ExpectedState {
        outcome: outcome.map(|one| (line(reader, &one.place), one.text.to_owned())),
        step: step.map(|one| (line(reader, &one.place), one.text.to_owned())),
        note: note.map(|one| (line(reader, &one.place), one.text.trim().to_owned())),
        team: team.map(|one| (line(reader, &one.place), one.text.to_owned())),
        priority: priority.map(|one| (line(reader, &one.place), one.text.to_owned())),
        saved,
    }
}

fn owned(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Option<String> {
    reader
        .text(section, key)
        .map(|written| written.text.to_owned())
}
