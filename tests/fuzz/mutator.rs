//! Changes an input a little: bytes, whole pieces, figures, and words that mean something to the reader.

use fastrand::Rng;

/// An input is not made longer than this.
const LENGTH_MAX: usize = 16_384;

/// Figures at which arithmetic ends.
const FIGURES: &[&str] = &[
    "0",
    "1",
    "-1",
    "127",
    "128",
    "255",
    "256",
    "32767",
    "32768",
    "65535",
    "65536",
    "99999",
    "9999999",
    "7304484",
    "7304485",
    "1043497",
    "239976",
    "19998",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999999",
    "0.0000000000000000000000001",
    "1e308",
    "1e999",
    "-0",
    "NaN",
    "00000000000001",
];

/// Characters that readers often get wrong.
const CHARACTERS: &[&str] = &[
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{a0}",
    "\u{200d}",
    "\u{200f}",
    "\u{202e}",
    "\u{feff}",
    "\u{fe0f}",
    "\u{20e3}",
    "\u{1f51f}",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "ﬁ",
    "１",
    "٣",
    "²",
    "½",
    "🏴",
    "👨\u{200d}👩\u{200d}👧",
    "\u{e0067}",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "/",
    ":",
    ",",
    ".",
    "-",
    "+",
    "@",
    "º",
    "ª",
    "$",
    "%",
];

/// The input after one to eight changes. `others` are inputs to take pieces from, and `words` mean something to the reader.
pub(crate) fn mutate(dice: &mut Rng, input: &[u8], others: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..1 << dice.u32(0..4) {
        change(dice, &mut bytes, others, words);
    }
    bytes.truncate(LENGTH_MAX);
    bytes
}

fn change(dice: &mut Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str]) {
    let at = place(dice, bytes.len());
    match dice.u32(0..12) {
        0 if !bytes.is_empty() => {
            let at = dice.usize(0..bytes.len());
            bytes[at] ^= 1 << dice.u32(0..8);
        }
        1 => insert(bytes, at, &[dice.u8(..)]),
        // A piece is left out, or is there twice.
        2 | 3 => {
            let end = (at + dice.usize(0..24)).min(bytes.len());
            drop(bytes.drain(at..end));
        }
        4 => {
            let end = (at + dice.usize(0..64)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = place(dice, bytes.len());
            insert(bytes, to, &piece);
        }
        5 if !others.is_empty() => {
            let other = &others[dice.usize(0..others.len())];
            let from = place(dice, other.len());
            let end = (from + dice.usize(0..200)).min(other.len());
            let piece = other[from..end].to_vec();
            insert(bytes, at, &piece);
        }
        6 | 7 => figure(dice, bytes),
        8 => insert(
            bytes,
            at,
            CHARACTERS[dice.usize(0..CHARACTERS.len())].as_bytes(),
        ),
        9 => {
            let times = dice.usize(1..64);
            let one = CHARACTERS[dice.usize(0..CHARACTERS.len())];
            insert(bytes, at, one.repeat(times).as_bytes());
        }
        _ if !words.is_empty() => {
            let word = words[dice.usize(0..words.len())];
            insert(bytes, at, word.as_bytes());
        }
        _ => {}
    }
}

fn place(dice: &mut Rng, length: usize) -> usize {
    dice.usize(0..=length)
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let tail = bytes.split_off(at.min(bytes.len()));
    bytes.extend_from_slice(piece);
    bytes.extend(tail);
}

/// Writes another figure in the place of one, or digits behind it.
fn figure(dice: &mut Rng, bytes: &mut Vec<u8>) {
    let digits: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit())
        .collect();
    let Some(at) = dice.choice(&digits).copied() else {
        return;
    };
    let end = (at..bytes.len()).find(|at| !bytes[*at].is_ascii_digit());
    let end = end.unwrap_or(bytes.len());
    let tail = bytes.split_off(end);
    match dice.bool() {
        true => {
            bytes.truncate(at);
            bytes.extend_from_slice(FIGURES[dice.usize(0..FIGURES.len())].as_bytes());
        }
        false => bytes.extend((0..dice.usize(1..40)).map(|_| dice.u8(b'0'..=b'9'))),
    }
    bytes.extend(tail);
}
