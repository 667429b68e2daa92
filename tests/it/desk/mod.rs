//! People at work while things go wrong: two who act at once, crashes, agents who leave, pauses, and the owner's phone. Each test
//! runs the real commands against a real daemon.

mod absence;
mod closing_time;
mod crashes;
mod giving;
mod one_person;
mod phone;
mod races;
pub(crate) mod shop;
mod words;
