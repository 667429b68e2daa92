//! Dead replies: those that we gave up sending. People look at them, and send them again or delete them, on the command line and
//! in the console.
//!
//! | file | what it does |
//! |---|---|
//! | [`dead_replies`] | finds them, sends them again, deletes them |
//! | [`cause`] | why we gave up, in a form that can be said in any language |
//! | [`json`] | the same as JSON |

pub mod cause;
pub mod dead_replies;
pub mod json;
