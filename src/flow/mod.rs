//! The flow: what a worker says to a customer, as a pure function.
//!
//! A [`Script`] is a flow file that was loaded and checked; a [`State`] is where one customer is in it.
//! [`Script::advance`] takes the state, what the customer wrote and the present, and returns the next
//! state, the replies and what comes next. Nothing in here does I/O, reads a clock, waits or logs, so
//! nothing in here can fail for reasons of the outside world: a flow that is broken at run time
//! apologises to the customer, closes, and says in [`Advance::fault`] what was wrong.
//!
//! The same holds for the waiting line: [`decide`] says which notice is due to somebody who waits.

mod burst;
mod call;
mod check;
mod choose;
mod dialogue;
mod engine;
mod estimate;
mod expect;
mod expectation;
mod handoff;
mod hours;
mod hours_reader;
mod load;
mod locale;
mod media;
mod outline;
mod owner_text;
mod position;
mod reader;
mod reckon;
mod rehearsal;
mod say;
mod schema;
mod script;
mod shop;
mod silent;
mod state;
mod steps;
mod text_key;
mod texts;
mod words;

#[cfg(test)]
mod tests;

pub use burst::{Quiet, Ready};
pub use call::{Answer, Call};
pub use dialogue::{Dialogue, Difference, Shown};
pub use engine::{Advance, Next};
pub use estimate::{Pace, estimate, rounded, smoothed};
pub use locale::{Locale, UnknownLocale};
pub use media::{Media, MediaKind, MediaSource, Reply};
pub use outline::{Outline, OutlineStep, Target, Way};
pub use owner_text::OwnerText;
pub use position::{Decision, Notice, NoticeRules, Told, Waiting, decide};
pub use reader::{Mistake, duration};
pub use rehearsal::{Event, Rehearsal};
pub use say::LocalFile;
pub use schema::schema;
pub use script::{Command, QueueText, Said, SaidKind, Script};
pub use state::State;
