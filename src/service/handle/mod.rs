//! Handles conversations, from claim to close.
//!
//! | file | what it does |
//! |---|---|
//! | [`dispatcher`] | claims conversations for idle workers, and starts a task for each |
//! | [`conversation`] | the task of one conversation: its inbox, its steps, its commits |
//! | `conversation/inbox` | the messages that the flow has not read yet, each parsed once |
//! | `conversation/saved_state` | restores the flow's state when a conversation is claimed |
//! | `conversation/calling` | steps of the flow that call the shop's own system |
//! | [`calls`] | makes these calls: signed, limited, retried |
//! | `doorbell` | wakes the task of a conversation |
//! | `panic_count` | counts panics per conversation; the dispatcher closes one that keeps panicking, with an apology |

pub mod calls;
pub mod conversation;
pub mod dispatcher;
mod doorbell;
mod panic_count;
