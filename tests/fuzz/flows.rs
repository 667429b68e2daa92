//! Flow files and dialogues: a mistake has a place, and a flow that loads can be followed to its end.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::flow::{Dialogue, Locale, Mistake, Rehearsal, Said, SaidKind, Script, utf8_text};

use crate::corpus;
use crate::run::{Taken, Target};

const WORDS: &[&str] = &[
    "[step.a]\n",
    "ask = ",
    "say = ",
    "next = ",
    "end = ",
    "otherwise = ",
    "save = ",
    "expect = ",
    "'date'",
    "'time'",
    "'number'",
    "min = ",
    "max = ",
    "attempts = ",
    "[timeouts]\n",
    "burst = ",
    "'9999999d'",
    "'1ns'",
    "'99999999999h'",
    "remind_after = ",
    "close_after = ",
    "wait = ",
    "call = ",
    "timeout = ",
    "tries = ",
    "when = ",
    "set = ",
    "handoff = ",
    "within = ",
    "[hours]\n",
    "mon-sun = ",
    "'09:00-18:00'",
    "'22:00-06:00'",
    "[limits]\n",
    "timezone = ",
    "'America/Sao_Paulo'",
    "'UTC+3'",
    "locale = ",
    "options = ",
    "pattern = ",
    "'+9999d'",
    "'-9999 years'",
    "= [",
    "\"\"\"",
    "'''",
    "start = ",
    "notify = ",
    "[team.a]\n",
    "[team.a.hours]\n",
    "team = 'a'\n",
    "priority = 'urgent'\n",
    "[commands.go]\n",
    "x = 'back'\n",
    "remember = ",
    "{{ known.a }}",
    "{{ last.days }}",
    "rating = ",
    "thanks = ",
    "image = ",
];

fn are_placed(source: &str, mistakes: &[Mistake]) {
    let lines = source.matches('\n').count() + 1;
    assert!(!mistakes.is_empty());
    for mistake in mistakes {
        let is_placed = (1..=lines).contains(&mistake.line) && mistake.column > 0;
        assert!(is_placed && mistake.message.len() > 10, "{mistake:?}");
    }
}

/// Follows the flow as a customer who answers anything, and waits for a very long time.
fn follow(script: &Script) {
    for now in [1_796_000_000_000, 0, i64::MAX, i64::MIN] {
        let mut rehearsal = Rehearsal::new(script, Some("Ana"), Millis::new(now));
        let mut replies = 0;
        for words in [
            "oi",
            "1",
            "2026-12-25",
            "sim",
            "10:00",
            "9999999",
            "fila",
            "+5511999990000",
            "x@example.com",
            "sair",
        ] {
            replies += rehearsal.say([Said::text(words)]).len();
            let (events, _) = rehearsal.answer(Some(br#"{"say":"x","set":{"a":1}}"#));
            replies += events.len() + rehearsal.answer(None).0.len();
            replies += rehearsal.wait(Duration::from_secs(400)).len();
            replies += rehearsal.phone("x").len();
        }
        replies += rehearsal.wait(Duration::MAX).len();
        let kind = SaidKind::Image;
        let photo = Said {
            text: String::new(),
            kind,
        };
        replies += rehearsal.say([photo]).len();
        assert!(replies < 5_000, "{replies} replies");
    }
}

#[test]
fn no_flow_file_breaks_the_loader() {
    let target = Target {
        name: "flows",
        seeds: corpus::files(&["examples/flows", "tests/fixtures/answers"], ".toml"),
        words: WORDS,
    };
    let echo = Script::load(include_str!("../../examples/flows/echo.toml"), Locale::En).unwrap();
    target.run(|bytes, _| {
        let source = match utf8_text(bytes.to_vec()) {
            Ok(source) => source,
            Err(mistake) => {
                assert!(mistake.line > 0 && mistake.column > 0);
                return Taken::Refused;
            }
        };
        let mut taken = Taken::Refused;
        match Dialogue::load(&source) {
            Ok(dialogues) => dialogues.iter().for_each(|one| drop(one.play(&echo))),
            Err(mistakes) => are_placed(&source, &mistakes),
        }
        match Script::load(&source, Locale::PtBr) {
            Ok(script) => {
                assert!(!script.outline().steps.is_empty());
                script.warnings(&source);
                follow(&script);
                taken = Taken::Accepted;
            }
            Err(mistakes) => are_placed(&source, &mistakes),
        }
        taken
    });
}
