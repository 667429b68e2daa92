//! Every word that people read in the console, in the languages of its users: one file for each page. A text that lacks a
//! language does not compile.

mod chat;
mod common;
mod dead;
mod each_language;
mod filled;
mod health;
mod history;
mod language;
mod line;
mod log;
mod login;
mod me;
mod media;
mod person;
mod reports;
mod sessions;
mod settings;

pub(super) use chat::ChatTexts;
pub(super) use common::CommonTexts;
pub(super) use dead::DeadTexts;
use each_language::texts;
pub(super) use filled::fill;
pub(super) use health::HealthTexts;
pub(super) use history::HistoryTexts;
pub(super) use language::{accepted_locale, own_name};
pub(super) use line::LineTexts;
pub(super) use log::LogTexts;
pub(super) use login::LoginTexts;
pub(super) use me::MeTexts;
pub(super) use media::MediaTexts;
pub(super) use person::PersonTexts;
pub(super) use reports::ReportTexts;
pub(super) use sessions::SessionTexts;
pub(super) use settings::SettingsTexts;
