//! API tokens: the list of them, and the form that makes one.

use maud::{Markup, html};

use super::customer::day_time;
use crate::clock::Millis;
use crate::console::texts::{MeTexts, SettingsTexts};
use crate::console::who::Who;
use crate::flow::{Locale, Script};
use crate::ids::AgentName;
use crate::service::accounts::tokens::ApiToken;

/// The tokens. `of_all`: of several agents.
pub(super) fn tokens_list(
    language: Locale,
    tokens: &[(&AgentName, &ApiToken)],
    of_all: bool,
    script: &Script,
) -> Markup {
    let texts = MeTexts::of(language);
    let now = Millis::now();
    if tokens.is_empty() {
        return html! { p { (texts.no_tokens) } };
    }
    html! {
        ul.entries.pairs {
            @for (agent, token) in tokens {
                li {
                    p.m {
                        b dir="auto" { (token.label) }
                        @if of_all { span { (agent) } }
                        span { (texts.ends_with) " " code { "…" (token.ending) } }
                        span { (texts.made) " " (day_time(token.created_at, script, now)) }
                    }
                    form data-act={ "tokens/" (token.id) } data-method="DELETE" data-confirm=(texts.revoke_confirm) {
                        input type="hidden" name="agent" value=(agent);
                        button.danger { (texts.revoke) }
                    }
                }
            }
        }
    }
}

/// The form that makes a token. `names`: for whom it can be; empty: only for oneself.
pub(super) fn new_token_form(who: &Who, names: &[AgentName]) -> Markup {
    let texts = MeTexts::of(who.language);
    html! {
        form.inline data-act="tokens" {
            @if !names.is_empty() {
                label { (SettingsTexts::of(who.language).of_agent)
                    select name="agent" {
                        @for name in names { option selected[*name == who.agent.name] { (name) } }
                    } }
            }
            label { (texts.label) input name="label" maxlength="60" required autocomplete="off"; }
            button.plain { (texts.new_token) }
        }
    }
}
