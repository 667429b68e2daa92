//! What comes in: webhooks, messages whose webhooks were lost, and the numbers behind hidden ids.

mod age;
mod catch_up;
mod content;
mod copies;
mod crowded;
mod flood;
pub(crate) mod hostile;
mod lid_merge;
mod listener;
mod unsigned;
mod waha_events;
mod webhooks;
