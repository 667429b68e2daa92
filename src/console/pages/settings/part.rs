//! The parts of the settings, and the way from one to another.

use maud::{Markup, html};

use crate::console::texts::SettingsTexts;
use crate::flow::Locale;

/// A part of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum SettingsPart {
    Agents,
    Replies,
    Tokens,
    Health,
    Log,
}

/// A page of the settings, with the way to the others.
pub(in crate::console) fn settings_page(
    prefix: &str,
    language: Locale,
    part: SettingsPart,
    main: &Markup,
) -> Markup {
    let texts = SettingsTexts::of(language);
    let parts = [
        (SettingsPart::Agents, "", texts.agents),
        (SettingsPart::Replies, "/replies", texts.replies),
        (SettingsPart::Tokens, "/tokens", texts.tokens),
        (SettingsPart::Health, "/health", texts.health),
        (SettingsPart::Log, "/log", texts.log),
    ];
    html! {
        nav.tabs aria-label=(texts.parts) {
            @for (one, path, text) in parts {
                a href={ (prefix) "/settings" (path) } aria-current=[(one == part).then_some("page")] { (text) }
            }
        }
        (main)
    }
}
