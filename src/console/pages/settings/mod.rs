//! The settings: each part is a page of its own, so that none is long.

mod agents;
mod health;
mod log;
mod part;
mod replies;
mod tokens;

pub(in crate::console) use agents::{StaffMember, settings_agents};
pub(in crate::console) use health::settings_health;
pub(in crate::console) use log::settings_log;
pub(in crate::console) use part::{SettingsPart, settings_page};
pub(in crate::console) use replies::settings_replies;
pub(in crate::console) use tokens::settings_tokens;
