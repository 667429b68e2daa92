//! Every word that people read in the console, in the languages of its users: one file for each page. A text that lacks a
//! language does not compile.

mod chat;
mod common;
mod dead;
mod health;
mod language;
mod line;
mod log;
mod login;
mod me;
mod media;
mod sessions;
mod settings;

pub(super) use chat::ChatTexts;
pub(super) use common::CommonTexts;
pub(super) use dead::DeadTexts;
pub(super) use health::HealthTexts;
pub(super) use language::{accepted_locale, own_name};
pub(super) use line::LineTexts;
pub(super) use log::LogTexts;
pub(super) use login::LoginTexts;
pub(super) use me::MeTexts;
pub(super) use media::MediaTexts;
pub(super) use sessions::SessionTexts;
pub(super) use settings::SettingsTexts;

/// Defines the texts of a page: each in English, Brazilian Portuguese and Spanish.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $( $field:ident: [$en:literal, $pt_br:literal, $es:literal], )* }) => {
        $(#[$about])*
        pub(in crate::console) struct $name {
            $( pub(in crate::console) $field: &'static str, )*
        }

        impl $name {
            pub(in crate::console) fn of(language: $crate::flow::Locale) -> &'static Self {
                const EN: $name = $name { $( $field: $en, )* };
                const PT_BR: $name = $name { $( $field: $pt_br, )* };
                const ES: $name = $name { $( $field: $es, )* };
                match language {
                    $crate::flow::Locale::En => &EN,
                    $crate::flow::Locale::PtBr => &PT_BR,
                    $crate::flow::Locale::Es => &ES,
                }
            }
        }

        #[test]
        fn each_text_says_the_same_in_every_language() {
            for (name, texts) in [$( (stringify!($field), [$en, $pt_br, $es]), )*] {
                let places = texts.map(|text| text.matches("{}").count());
                assert!(places[0] == places[1] && places[1] == places[2], "{name}: {places:?}");
                assert!(texts.iter().all(|text| !text.trim().is_empty()), "{name}");
            }
        }
    };
}
use texts;

/// Puts values in the place of each `{}`, in order.
pub(super) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut values = values.iter();
    for (number, part) in text.split("{}").enumerate() {
        if number > 0 {
            filled.push_str(values.next().copied().unwrap_or_default());
        }
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_into_a_text_in_order_and_as_they_are() {
        assert_eq!(fill("{} has {}", &["ana", "{}"]), "ana has {}");
        assert_eq!(fill("nothing", &["x"]), "nothing");
    }
}
