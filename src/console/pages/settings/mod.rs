//! The settings: each part is a page of its own, so that none is long.

mod agents;
mod health;
mod log;
mod replies;

pub(in crate::console) use agents::{StaffMember, settings_agents};
pub(in crate::console) use health::{finding_words, settings_health};
pub(in crate::console) use log::settings_log;
pub(in crate::console) use replies::settings_replies;

use maud::{Markup, html};

use super::tokens::{new_token_form, tokens_list};
use crate::console::texts::{MeTexts, SettingsTexts};
use crate::console::who::Who;
use crate::flow::{Locale, Script};
use crate::ids::AgentName;
use crate::service::accounts::tokens::ApiToken;

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

/// The API tokens of all agents. `names`: who can get one.
pub(in crate::console) fn settings_tokens(
    who: &Who,
    names: &[AgentName],
    tokens: &[(AgentName, ApiToken)],
    script: &Script,
) -> Markup {
    let tokens: Vec<_> = tokens.iter().map(|(name, token)| (name, token)).collect();
    html! {
        div.bar { h1 { (SettingsTexts::of(who.language).tokens) } }
        section.sheet {
            p.quiet { (MeTexts::of(who.language).tokens_about) }
            (tokens_list(who.language, &tokens, true, script))
            (new_token_form(who, names))
        }
    }
}
