//! Reads days and times of day as people write them.

// A text as numbers, words and marks.
pub(crate) mod tokens;
// Numbers in words: "vinte e um", "first".
pub(crate) mod numerals;
// What each language calls days and times, and the words around them.
pub(crate) mod day_words;
// Finds a time of day at one place of a text.
pub(crate) mod clock;
// Finds a day at one place of a text.
pub(crate) mod day_piece;

// A whole answer as a day, and as a time of day.
pub(crate) mod date;
pub(crate) mod time;

// `min` and `max` of days and times, and the opening times.
pub(crate) mod limits;
