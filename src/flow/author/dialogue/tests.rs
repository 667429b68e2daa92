//! The mistakes in a file of dialogues, and the differences between a dialogue and its flow.

use crate::flow::author::dialogue::Dialogue;
use crate::flow::author::dialogue::difference::{Difference, Shown};
use crate::flow::script::checked_flow::Script;
use crate::flow::words::locale::Locale;

#[test]
fn every_mistake_in_a_file_of_dialogues_is_reported_with_its_line() {
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
            "one of image, video, voice, file, location, contact, order, product, other",
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
        (
            "hears = 'b'",
            "hears = 'b",
            3,
            "the ' at the end of this text is missing",
        ),
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

#[test]
fn a_dialogue_can_expect_the_team_and_the_priority_of_a_handoff() {
    let flow = "start = 'a'\n[team.sales]\n[team.support]\n[step.a]\nask = '?'\n\
        options = { 1 = 'b', 2 = 'c', 3 = 'd' }\n[step.b]\nhandoff = 'x'\nteam = 'sales'\n\
        [step.c]\nhandoff = 'x'\nteam = 'support'\npriority = 'urgent'\n[step.d]\nhandoff = 'x'";
    let script = Script::load(flow, Locale::En).unwrap();
    let shown = |says: &str, expected: &str| -> Vec<Shown> {
        let source = format!(
            "[[dialogue]]\nname = 'x'\nturns = [{{ says = 'hi' }}, {{ says = '{says}' }}]\n{expected}"
        );
        let found = Dialogue::load(&source).unwrap()[0].play(&script);
        found.into_iter().flat_map(|one| one.shown).collect()
    };
    for (says, right) in [
        ("1", "team = 'sales'\npriority = 'normal'"),
        ("2", "team = 'support'\npriority = 'urgent'"),
        ("3", "team = ''\npriority = 'normal'"),
    ] {
        assert_eq!(shown(says, right), [], "{right}");
    }
    let text = str::to_owned;
    assert_eq!(
        shown("1", "team = 'support'\npriority = 'urgent'"),
        [
            Shown::Expected(text("support")),
            Shown::Got(text("sales")),
            Shown::Expected(text("urgent")),
            Shown::Got(text("normal")),
        ]
    );
    assert_eq!(
        shown("x", "team = 'sales'"),
        [
            Shown::Expected(text("sales")),
            Shown::Got(text("(open, at step a)"))
        ]
    );
}
