//! The checkup: what works, and what does not, as far as this process knows. Each finding has a level; the words for it, and what to
//! do about it, are said by the room that shows it.
//!
//! | file | what it does |
//! |---|---|
//! | [`finding`] | what can be found |
//! | [`look`] | looks |

pub mod finding;
pub mod look;
