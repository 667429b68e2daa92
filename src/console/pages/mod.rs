//! The pages: HTML, written by maud, which escapes every text. `PreEscaped` is used in `shell` alone, for HTML that another
//! page has written.

mod chat;
mod customer;
mod dead;
mod head;
mod line;
mod login;
mod me;
mod sessions;
mod settings;
mod shell;
mod tokens;
mod transcript;

pub(super) use chat::{Choices, chat_page, items_fragment};
pub(super) use customer::{clock_time, number};
pub(super) use dead::dead_page;
pub(super) use line::LineCache;
pub(super) use line::line_page;
pub(super) use login::{log_in_page, problem_page, welcome_page};
pub(super) use me::me_page;
pub(super) use sessions::sessions_page;
pub(super) use settings::{
    SettingsPart, StaffMember, finding_words, settings_agents, settings_health, settings_log,
    settings_page, settings_replies, settings_tokens,
};
pub(super) use shell::{Shell, section_html};

use maud::{Markup, html};

use super::live::ShownSection;
use super::look::Look;
use super::view::{View, ViewPage};
use crate::clock::Millis;
use crate::ids::AgentName;

/// The sections of a page, without its head.
pub(super) struct PageParts {
    /// The agent's own chats, beside a chat.
    own: Markup,
    main: Markup,
}

pub(super) fn parts(sections: &[ShownSection], beside: bool) -> PageParts {
    let is_own = |section: &&ShownSection| beside && section.id == "mine";
    let all = || sections.iter().filter(|section| section.id != head::HEAD);
    PageParts {
        own: html! { @for section in all().filter(is_own) { (section_html(section)) } },
        main: html! { @for section in all().filter(|section| !is_own(section)) { (section_html(section)) } },
    }
}

/// Who else is at a chat.
#[derive(Clone, Debug, Default)]
pub(super) struct PeopleAt {
    pub(super) looking: Vec<AgentName>,
    pub(super) typing: Vec<AgentName>,
}

/// What a page shows now. Nothing if the agent is gone: their stream ends.
pub(super) fn sections(
    view: &View,
    (look, cache): (&Look, &mut LineCache),
    people: &PeopleAt,
    now: Millis,
) -> Vec<ShownSection> {
    let Some(agent) = look.agent(&view.agent).filter(|agent| !agent.off) else {
        return Vec::new();
    };
    let mut sections = vec![head::section(view, agent, look, now)];
    match &view.page {
        ViewPage::Other => {}
        ViewPage::Line {
            session,
            team,
            rows,
        } => {
            let filter = line::LineFilter {
                session: session.as_ref(),
                team: team.as_deref(),
                rows: *rows,
            };
            sections.extend(line::sections(view.language, agent, (look, cache), &filter));
        }
        ViewPage::Chat(place) => {
            sections.extend(line::own_chats(view.language, agent, (look, cache)));
            if let Some(place) = place {
                sections.extend(chat::sections(view.language, agent, look, place, people));
            }
        }
    }
    sections
}
