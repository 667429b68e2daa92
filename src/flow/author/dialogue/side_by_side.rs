//! Two lists beside each other, so that one sees where they part.

use crate::flow::author::dialogue::Shown;

/// What both begin and end with once, and between it both sides.
pub(crate) fn side_by_side(expected: &[String], got: &[String]) -> Vec<Shown> {
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
