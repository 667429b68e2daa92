//! What comes in: webhooks, messages whose webhooks were lost, and who a hidden id belongs to.

mod catch_up;
mod hostile;
mod lid_merge;
mod listener;
mod waha_events;
