//! The saved replies: each can be changed in place.

use maud::{Markup, html};

use crate::console::request::encoded;
use crate::console::texts::{CommonTexts, SettingsTexts, fill};
use crate::flow::Locale;
use crate::store::Canned;

pub(in crate::console) fn settings_replies(language: Locale, canned: &[Canned]) -> Markup {
    let texts = SettingsTexts::of(language);
    html! {
        div.bar { h1 { (texts.replies) } }
        p.quiet { (texts.replies_about) }
        @if canned.is_empty() {
            p.empty { (texts.no_replies) }
        } @else {
            ul.entries.sheet {
                @for one in canned {
                    li { details {
                        summary { b dir="auto" { "/" (one.name) } span.quiet.cut dir="auto" { (one.text) } }
                        (reply_form(language, Some(one)))
                        form data-act={ "canned/" (encoded(&one.name)) } data-method="DELETE"
                            data-confirm=(fill(texts.delete_reply_confirm, &[&one.name])) {
                            button.danger { (CommonTexts::of(language).delete) }
                        }
                    } }
                }
            }
        }
        details.sheet open[canned.is_empty()] {
            summary { h2 { (texts.add_reply) } }
            (reply_form(language, None))
        }
    }
}

fn reply_form(language: Locale, one: Option<&Canned>) -> Markup {
    let texts = SettingsTexts::of(language);
    let (name, text) = one.map_or(("", ""), |one| (one.name.as_str(), one.text.as_str()));
    html! {
        form.fields data-act="canned" {
            input type="hidden" name="was" value=(name);
            label { (texts.name) input name="name" value=(name) maxlength="40" required autocomplete="off" dir="auto"; }
            label { (texts.reply_text) textarea name="text" rows="4" maxlength="4096" required dir="auto" { (text) } }
            div.do { button.main { (CommonTexts::of(language).save) } }
        }
    }
}
