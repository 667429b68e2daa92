//! The flow: decides what to say to a customer, as a pure function.
//!
//! A [`Script`] is a flow file that was loaded and checked; a [`State`] is where one customer is in it.
//! [`Script::advance`] takes the state, the customer's messages and the time, and returns the next state, the replies and
//! what comes next. Nothing here does I/O, reads a clock, waits or logs, so nothing outside can make it fail. If a flow fails
//! while it runs, it apologises to the customer, closes, and says in [`Advance::fault`] what was wrong.
//!
//! The waiting line is pure too: [`decide`] says which notice a waiting customer gets.
//!
//! # Rooms, and who may know whom
//!
//! | room | is | knows |
//! |---|---|---|
//! | `words` | how people write | nothing of ours |
//! | `answer` | what a message means as an answer | words |
//! | `line` | when customers in line get a notice, the estimate of their wait, and what the owner reads | words |
//! | `script` | a checked flow, and the built-in texts | words, answer, line |
//! | `load` | from a flow file to a script | words, answer, line, script |
//! | `turn` | one turn of a conversation | words, answer, script |
//! | `author` | tools for people who write flows | words, answer, script, load, turn |
//!
//! Files in here import each name from the file that defines it. The list below is for other rooms.

mod words;

mod answer;
mod line;

mod script;

mod load;
mod turn;

mod author;

pub use crate::flow::answer::said::{Said, SaidKind};
pub use crate::flow::author::dialogue::Dialogue;
pub use crate::flow::author::dialogue::difference::{Difference, Shown};
pub use crate::flow::author::outline::{Outline, OutlinePath, OutlineStep, Target};
pub use crate::flow::author::rehearsal::{Rehearsal, RehearsalEvent};
pub use crate::flow::line::estimate::{LinePace, estimate, rounded, smoothed};
pub use crate::flow::line::notice_rules::{
    AnnouncedPosition, Decision, Notice, NoticeRules, WaitingCustomer, decide,
};
pub use crate::flow::line::owner_text::OwnerText;
pub use crate::flow::line::person_wait::{
    AgentDesk, OtherLine, PersonCustomer, PersonLine, Serves, wait_for_person,
};
pub use crate::flow::load::encoding::utf8_text;
pub use crate::flow::load::reader::Mistake;
pub use crate::flow::load::schema::schema;
pub use crate::flow::load::timezone::{misleading_rule, time_zone_hint};
pub use crate::flow::script::checked_flow::Script;
pub use crate::flow::script::commands::Command;
pub use crate::flow::script::limits::Limits;
pub use crate::flow::script::queue_text::QueueText;
pub use crate::flow::script::reply::{FlowMedia, FlowReply, MediaKind, MediaSource};
pub use crate::flow::script::say::LocalFile;
pub use crate::flow::turn::advance::{Advance, Next};
pub use crate::flow::turn::burst::{Quiet, Ready};
pub use crate::flow::turn::call::Call;
pub use crate::flow::turn::call_answer::CallAnswer;
pub use crate::flow::turn::state::State;
pub use crate::flow::words::locale::{Locale, UnknownLocale};
