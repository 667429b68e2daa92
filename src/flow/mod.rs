//! The flow: what a worker says to a customer, as a pure function.
//!
//! A [`Script`] is a flow file that was loaded and checked; a [`State`] is where one customer is in it.
//! [`Script::advance`] takes the state, what the customer wrote and the present, and returns the next
//! state, the replies and what comes next. Nothing in here does I/O, reads a clock, waits or logs, so
//! nothing in here can fail for reasons of the outside world: a flow that is broken at run time
//! apologises to the customer, closes, and says in [`Advance::fault`] what was wrong.
//!
//! The same holds for the waiting line: [`decide`] says which notice is due to somebody who waits.

mod answer;
mod author;
mod line;
mod load;
mod script;
mod turn;
mod words;

#[cfg(test)]
mod tests;

pub use crate::flow::author::dialogue::{Dialogue, Difference, Shown};
pub use crate::flow::author::outline::{Outline, OutlineStep, Target, Way};
pub use crate::flow::author::rehearsal::{Event, Rehearsal};
pub use crate::flow::line::estimate::{Pace, estimate, rounded, smoothed};
pub use crate::flow::line::notice::{Decision, Notice, NoticeRules, Told, Waiting, decide};
pub use crate::flow::line::owner_text::OwnerText;
pub use crate::flow::load::reader::{Mistake, duration};
pub use crate::flow::load::schema::schema;
pub use crate::flow::script::call::{Answer, Call};
pub use crate::flow::script::definition::{Command, QueueText, Said, SaidKind, Script};
pub use crate::flow::script::media::{Media, MediaKind, MediaSource, Reply};
pub use crate::flow::script::say::LocalFile;
pub use crate::flow::turn::burst::{Quiet, Ready};
pub use crate::flow::turn::engine::{Advance, Next};
pub use crate::flow::turn::state::State;
pub use crate::flow::words::locale::{Locale, UnknownLocale};
