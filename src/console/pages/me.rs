//! An agent's own page: language, light or dark, password, API tokens, and logging out everywhere.

use maud::{Markup, html};

use super::tokens::{new_token_form, tokens_list};
use crate::console::texts::{CommonTexts, LoginTexts, MeTexts, fill, own_name};
use crate::console::who::Who;
use crate::flow::{Locale, Script};
use crate::service::accounts::passwords::PASSWORD_LENGTH_MIN;
use crate::service::accounts::preferences::Preferences;
use crate::service::accounts::tokens::ApiToken;

pub(in crate::console) fn me_page(
    who: &Who,
    preferences: Preferences,
    tokens: &[ApiToken],
    script: &Script,
) -> Markup {
    let texts = MeTexts::of(who.language);
    let common = CommonTexts::of(who.language);
    let login = LoginTexts::of(who.language);
    let least = PASSWORD_LENGTH_MIN;
    let tokens: Vec<_> = tokens
        .iter()
        .map(|token| (&who.agent.name, token))
        .collect();
    html! {
        div.bar {
            h1 { (texts.title) }
            span.quiet { bdi { (who.agent.name) } ", " (if who.is_owner() { texts.owner } else { texts.attendant }) }
        }
        div.parts {
            div {
            section.sheet {
                h2 #language { (texts.language) }
                form.inline data-act="me/language" {
                    select name="language" aria-labelledby="language" {
                        option value="" selected[preferences.language.is_none()] { (texts.as_browser) }
                        @for locale in [Locale::En, Locale::PtBr, Locale::Es] {
                            option value=(locale.as_str()) lang=(locale.as_str()) selected[preferences.language == Some(locale)] { (own_name(locale)) }
                        }
                    }
                    button.plain { (common.save) }
                }
            }
            section.sheet {
                fieldset {
                    legend { h2 { (texts.look) } }
                    p.quiet { (texts.look_about) }
                    @for (value, text) in [("", texts.as_system), ("light", texts.light), ("dark", texts.dark)] {
                        label.choice { input type="radio" name="theme" value=(value) checked[value.is_empty()]; (text) }
                    }
                }
            }
            section.sheet {
                h2 { (texts.everywhere) }
                p.quiet { (texts.everywhere_about) }
                form data-act="me/logout-all" data-confirm=(texts.everywhere_confirm) { button.danger { (texts.everywhere) } }
            }
            }
            section.sheet {
                h2 { (texts.password) }
                p.quiet { (texts.password_about) }
                form.fields data-act="me/password" {
                    input type="hidden" name="name" value=(who.agent.name) autocomplete="username";
                    label { (texts.old) input type="password" name="old" autocomplete="current-password" required; }
                    label { (texts.new)
                        input type="password" name="new" autocomplete="new-password" minlength=(least) required aria-describedby="length"; }
                    p.quiet #length { (fill(login.length, &[&least.to_string()])) }
                    div.do { button.main { (texts.change) } }
                }
            }
        }
        section.sheet {
            h2 { (texts.tokens) }
            p.quiet { (texts.tokens_about) }
            (tokens_list(who.language, &tokens, false, script))
            (new_token_form(who, &[]))
        }
    }
}
