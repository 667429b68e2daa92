//! One conversation at a time, from claim to close.
//!
//! | file | what it does |
//! |---|---|
//! | [`dispatcher`] | claims conversations for idle workers, and starts a task for each |
//! | [`conversation`] | the task of one conversation: its inbox, its steps, its commits |
//! | `conversation/inbox` | the messages that the flow has not consumed, each parsed once |
//! | `conversation/saved_state` | the flow's state at a claim |
//! | `conversation/calling` | a step that waits for the shop's own system |
//! | [`calls`] | the requests to that system: signed, limited, tried again |
//! | `doorbell` | wakes the task of a conversation |
//! | `panics` | closes a conversation whose task panics again and again |

pub mod calls;
pub mod conversation;
pub mod dispatcher;
mod doorbell;
mod panics;
