//! What a message means as an answer: a number, a day, a phone number, a photo.

// One message of the customer.
pub(crate) mod said;
// The language, the time zone and the moment that an answer depends on.
pub(crate) mod present;

// The kinds of answer that a step can expect, and reading each of them.
pub(crate) mod kind;

// Days and times of day.
pub(crate) mod day;
pub(crate) mod email;
pub(crate) mod number;
pub(crate) mod phone;
// CPF and CNPJ.
pub(crate) mod taxpayer;
// What people put between digits.
pub(crate) mod separators;
