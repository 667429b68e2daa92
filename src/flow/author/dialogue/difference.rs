//! A difference between a dialogue and its flow, with both sides.

use crate::flow::author::dialogue::ExpectedTexts;

/// A place where the flow did not do what the dialogue expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of the expectation, counted from 1.
    pub line: usize,
    /// The moment, such as `after "hello"`.
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

/// The difference between the expected and the actual texts, if any.
pub(crate) fn compare_texts(
    expected: &ExpectedTexts,
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

/// The common texts at the beginning and the end once, and between them both sides.
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
