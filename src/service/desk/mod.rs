//! The desk: what people do with conversations, as the command line and the console offer it.
//!
//! | file | what it does |
//! |---|---|
//! | [`desk`] | who may do what, and what is needed for it: the state of the flow, the reply, the colleague's free places |
//! | [`json`] | what programs read of lines, conversations and actions |
//! | [`refusal`] | why something is not done, in words |

#[expect(clippy::module_inception, reason = "what the room is about")]
pub mod desk;
pub mod json;
pub mod refusal;
