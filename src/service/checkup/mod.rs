//! The checkup: what works, and what does not, as far as this process knows. Each finding has a level; the words for it, and what to
//! do about it, are said by the room that shows it. The command `doctor`, the console's page and its API show the same findings.
//!
//! | file | what it does |
//! |---|---|
//! | [`finding`] | what can be found |
//! | [`look`] | looks at all parts at once |
//! | `of_daemon` | a signed webhook to our own port |
//! | `of_disk` | the data directory, the disk, the history |
//! | `of_heard` | sessions that hear nothing |
//! | [`of_hooks`] | the webhooks that WAHA has configured |
//! | [`of_redis`] | Redis, and what is in it |
//! | `of_waha` | WAHA itself |

pub mod finding;
pub mod look;
mod of_daemon;
mod of_disk;
mod of_heard;
pub mod of_hooks;
pub mod of_redis;
mod of_waha;
