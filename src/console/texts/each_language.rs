//! The definition of texts in every language.

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
pub(super) use texts;
