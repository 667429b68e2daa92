//! What all pages have in common: the head with the navigation, and the script and style.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::head::HEAD;
use crate::clock::Millis;
use crate::console::assets;
use crate::console::live::{Shown, ShownSection};
use crate::console::texts::CommonTexts;
use crate::console::view::View;
use crate::console::who::Who;
use crate::flow::Locale;

/// Where a page belongs to.
pub(in crate::console) struct Shell<'a> {
    pub(in crate::console) prefix: &'a str,
    /// The page's place in the navigation, such as `line`.
    pub(in crate::console) place: &'static str,
    pub(in crate::console) title: &'a str,
}

impl Shell<'_> {
    /// A whole page of an agent. `live`: where its stream continues. `sections` has the head.
    pub(in crate::console) fn page(
        &self,
        who: &Who,
        view: &View,
        (sections, live): (&[ShownSection], &str),
        main: &Markup,
    ) -> String {
        let texts = CommonTexts::of(who.language);
        let head = sections.iter().find(|section| section.id == HEAD);
        let body = html! {
            a.skip href="#main" { (texts.skip) }
            header.top {
                nav aria-label=(texts.pages) {
                    (self.link("line", "line", texts.line))
                    (self.link("chats", "chats", texts.chats))
                    (self.link("history", "history", texts.history))
                    @if who.is_owner() {
                        (self.link("dead", "dead", texts.dead))
                        (self.link("sessions", "sessions", texts.sessions))
                        (self.link("reports", "reports", texts.reports))
                        (self.link("settings", "settings", texts.settings))
                    }
                }
                div.me {
                    button.plain data-do="sound" aria-pressed="false" data-on=(texts.sound_on) data-off=(texts.sound_off)
                        data-blocked=(texts.sound_blocked) { (texts.sound_off) }
                    a href={ (self.prefix) "/me" } aria-current=[(self.place == "me").then_some("page")] { (who.agent.name) }
                    form method="post" action={ (self.prefix) "/logout" } { button.plain { (texts.log_out) } }
                }
            }
            div.state data-sections="top" aria-live="polite" {
                @if let Some(head) = head { (section_html(head)) }
            }
            p.offline role="status" hidden { (texts.offline) }
            main #main tabindex="-1" { (main) }
            div.toasts role="status" aria-live="polite" data-failed=(texts.try_again) {}
            dialog data-cancel=(texts.cancel) data-yes=(texts.yes) data-copy=(texts.copy) data-copied=(texts.copied) data-close=(texts.close) {}
        };
        let attributes = (self.place, view.query(), live);
        self.document(who.language, Some((who, attributes)), &body)
    }

    /// A page for somebody who is not logged in.
    pub(in crate::console) fn bare(&self, language: Locale, body: &Markup) -> String {
        self.document(language, None, body)
    }

    fn document(
        &self,
        language: Locale,
        page: Option<(&Who, (&str, String, &str))>,
        body: &Markup,
    ) -> String {
        let asset = |name| format!("{}{}", self.prefix, assets::path(name));
        let document = html! {
            (DOCTYPE)
            html lang=(language.as_str()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="same-origin";
                    title { (self.title) }
                    link rel="icon" href=(asset("icon.svg")) type="image/svg+xml";
                    // It waits for this one: the theme is chosen before anything is painted.
                    script src=(asset("theme.js")) {}
                    link rel="stylesheet" href=(asset("console.css"));
                    @if page.is_some() { script type="module" src=(asset("console.js")) {} }
                }
                @match page {
                    Some((who, (place, view, live))) => body data-prefix=(self.prefix) data-page=(place) data-title=(self.title)
                        data-view=(view) data-live=(live) data-now=(Millis::now()) data-agent=(who.agent.name) data-owner[who.is_owner()] { (body) },
                    None => body.bare { (body) },
                }
            }
        };
        document.into_string()
    }

    fn link(&self, place: &str, path: &str, text: &str) -> Markup {
        let current = (self.place == place).then_some("page");
        html! {
            a href={ (self.prefix) "/" (path) } data-place=(place) aria-current=[current] { (text) }
        }
    }
}

/// A section with its rows.
pub(in crate::console) fn section_html(section: &ShownSection) -> Markup {
    html! {
        section data-section=(section.id) {
            div data-head { (PreEscaped(&*section.head)) }
            ol data-rows { (rows_html(&section.rows)) }
        }
    }
}

/// Rows, as they were written.
pub(in crate::console) fn rows_html(rows: &[Shown]) -> Markup {
    html! {
        @for row in rows { (PreEscaped(&*row.html)) }
    }
}
