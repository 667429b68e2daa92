//! The API tokens of all agents.

use maud::{Markup, html};

use crate::console::pages::tokens::{new_token_form, tokens_list};
use crate::console::texts::{MeTexts, SettingsTexts};
use crate::console::who::Who;
use crate::flow::Script;
use crate::ids::AgentName;
use crate::service::accounts::tokens::ApiToken;

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
