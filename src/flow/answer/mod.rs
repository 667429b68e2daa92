//! Reads a message as an answer: a number, a day, a phone number, a photo.

// One message of the customer.
pub(crate) mod said;
// The language, the time zone and the time that an answer depends on.
pub(crate) mod context;

// The kinds of answer that a step can expect, and how to read them.
pub(crate) mod kind;

// Days and times of day.
pub(crate) mod calendar;
pub(crate) mod email;
pub(crate) mod number;
pub(crate) mod number_words;
pub(crate) mod order;
pub(crate) mod phone;
pub(crate) mod rating;
// CPF and CNPJ.
pub(crate) mod taxpayer;
// The countries that phone numbers belong to.
pub(crate) mod country;
// The marks that people put between digits, and the words around them.
pub(crate) mod filler;
pub(crate) mod separators;
