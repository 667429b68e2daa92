//! The pages: HTML, written by maud, which escapes every text. `PreEscaped` is used in `shell` alone, for HTML that another
//! page has written.

mod chart;
mod chat;
mod customer;
mod dead;
mod head;
mod history;
mod lengths;
mod line;
mod login;
mod me;
mod page_parts;
mod page_sections;
mod reports;
mod sessions;
mod settings;
mod shell;
mod tokens;
mod transcript;

pub(super) use chat::{Choices, chat_page, chat_path, items_fragment, past_section};
pub(super) use customer::{clock_time, day_time, number};
pub(super) use dead::dead_page;
pub(super) use history::HistoryPage;
pub(super) use line::{LineCache, line_page};
pub(super) use login::{log_in_page, problem_page, welcome_page};
pub(super) use me::me_page;
pub(super) use page_parts::{PageParts, PeopleAt};
pub(super) use page_sections::{parts, sections};
pub(super) use reports::ReportsPage;
pub(super) use sessions::sessions_page;
pub(super) use settings::{
    SettingsPart, StaffMember, settings_agents, settings_health, settings_log, settings_page,
    settings_replies, settings_tokens,
};
pub(super) use shell::Shell;
