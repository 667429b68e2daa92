//! Which sections a page has, and what is in them now.

use maud::html;

use super::line::LineCache;
use super::page_parts::{PageParts, PeopleAt};
use super::shell::section_html;
use super::{chat, head, line};
use crate::clock::Millis;
use crate::console::live::ShownSection;
use crate::console::look::Look;
use crate::console::view::{View, ViewPage};

/// The sections of a page, without its head. `beside`: the agent's own chats stand beside the others.
pub(in crate::console) fn parts(sections: &[ShownSection], beside: bool) -> PageParts {
    let is_own = |section: &&ShownSection| beside && section.id == "mine";
    let all = || sections.iter().filter(|section| section.id != head::HEAD);
    PageParts {
        own: html! { @for section in all().filter(is_own) { (section_html(section)) } },
        main: html! { @for section in all().filter(|section| !is_own(section)) { (section_html(section)) } },
    }
}

/// What a page shows now. Nothing if the agent is gone: their stream ends.
pub(in crate::console) fn sections(
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
        ViewPage::PastChat(place) => {
            sections.extend(line::own_chats(view.language, agent, (look, cache)));
            let of_chat = chat::sections(view.language, agent, look, place, people);
            sections.extend(
                of_chat
                    .into_iter()
                    .filter(|section| !chat::is_newest(section)),
            );
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
