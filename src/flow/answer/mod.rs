//! What an answer means: a number, a day, a phone number, an option.

pub(crate) mod day;
pub(crate) mod expect;
pub(crate) mod phone;
