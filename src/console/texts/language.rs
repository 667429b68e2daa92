//! The languages of the console, and which of them a person reads.

use hyper::header::ACCEPT_LANGUAGE;

use crate::console::request::Request;
use crate::flow::Locale;

/// What a language calls itself.
pub(in crate::console) fn own_name(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "English",
        Locale::PtBr => "Português (Brasil)",
        Locale::Es => "Español",
    }
}

/// The first language that the browser accepts and that we have.
pub(in crate::console) fn accepted_locale(request: &Request) -> Locale {
    of_list(request.header(ACCEPT_LANGUAGE).unwrap_or_default())
}

/// Reads `Accept-Language`. Browsers send the best language first.
fn of_list(accepted: &str) -> Locale {
    let tags = accepted.split(',').filter_map(|tag| {
        let tag = tag.split(';').next()?.trim();
        tag.split('-').next()
    });
    tags.filter_map(|language| match language {
        "pt" => Some(Locale::PtBr),
        "es" => Some(Locale::Es),
        "en" => Some(Locale::En),
        _ => None,
    })
    .next()
    .unwrap_or(Locale::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language_before_anybody_else_does() {
        for (accepted, wanted) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", Locale::PtBr),
            ("pt-PT", Locale::PtBr),
            ("de-DE, es-AR;q=0.7", Locale::Es),
            ("fr", Locale::En),
            ("", Locale::En),
        ] {
            assert_eq!(of_list(accepted), wanted, "{accepted}");
        }
    }
}
