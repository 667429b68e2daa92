//! The pages: HTML, written by maud, which escapes every text. `PreEscaped` is used in `shell` alone, for HTML that another
//! page has written.

mod chat;
mod customer;
mod head;
mod line;
mod login;
mod shell;
mod transcript;
mod view;

pub(super) use chat::{Choices, chat_page, items_fragment};
pub(super) use customer::{clock_time, number};
pub(super) use line::{RenderedLine, line_page, render_line};
pub(super) use login::{log_in_page, problem_page, welcome_page};
pub(super) use shell::{Shell, section_html};
pub(super) use view::{PeopleAt, ROWS, View, ViewPage, sections};

use maud::{Markup, html};

use super::live::ShownSection;

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
