//! Email addresses.

use crate::flow::answer::filler::is_filler;
use crate::flow::words::locale::Locale;

/// Names of an address, and what people say around it.
const WORDS: &str = "
    address correo direccion electronico eletronico email emails endereco gmail hotmail mail mailto outlook personal
    pessoal trabajo trabalho work";

/// An address that could exist. Only sending a mail would show whether it does. The domain is saved in lower case.
///
/// We ask again if there are two addresses, or a probable mistake: a comma for a dot, an accent before the @, a domain
/// without an ending.
pub(crate) fn email(text: &str, locale: Locale) -> Option<String> {
    // "ana @ gmail.com"
    let text = match text.split_once('@') {
        Some((local, domain)) => format!("{}@{}", local.trim_end(), domain.trim_start()),
        None => return None,
    };
    let at = text.find('@')?;
    let is_edge = |c: char| c.is_whitespace() || ":;<>()[]{}\"“”«»|".contains(c);
    let from = text[..at]
        .char_indices()
        .rfind(|(_, c)| is_edge(*c))
        .map_or(0, |(edge, c)| edge + c.len_utf8());
    let to = text[at..]
        .find(is_edge)
        .map_or(text.len(), |edge| at + edge);
    let (before, written, after) = (&text[..from], &text[from..to], &text[to..]);
    // "Ana Souza <ana@example.com>", as mail programs write it.
    let is_behind_a_name = before.ends_with('<') && after.starts_with('>');
    // "a souza@example.com" is an address in two pieces.
    let is_letter =
        before.trim().len() == 1 && before.trim_start().starts_with(char::is_alphabetic);
    if is_letter
        || !is_behind_a_name && !is_filler(before, locale, WORDS)
        || !is_filler(after, locale, WORDS)
    {
        return None;
    }
    let written = match written.split_once('?') {
        Some((address, _)) if before.to_ascii_lowercase().ends_with("mailto:") => address,
        _ => written,
    };
    let address = written
        .trim_start_matches(['\'', '‘', '’', ','])
        .trim_end_matches(['.', ',', '!', '?', '\'', '‘', '’', '…']);
    let (local, domain) = address.split_once('@')?;
    (is_local(local) && is_domain(domain)).then(|| format!("{local}@{}", domain.to_lowercase()))
}

/// Whether this can stand before the @. Letters with accents are allowed since 2012, but hardly any provider has them: a
/// phone's keyboard put them there.
fn is_local(local: &str) -> bool {
    local.len() <= 64
        && local
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+=?^_`{|}~.-".contains(c))
        && local.split('.').all(|part| !part.is_empty())
        // The beginning of a web site's address.
        && !local.to_ascii_lowercase().starts_with("www.")
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let ending = labels.last().copied().unwrap_or_default();
    domain.len() <= 253
        && labels.len() > 1
        && ending.chars().count() >= 2
        && !ending.bytes().all(|b| b.is_ascii_digit())
        && labels.iter().all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_read_however_it_is_written() {
        for (text, read) in [
            ("ana@example.com", "ana@example.com"),
            ("Ana@Example.COM", "Ana@example.com"),
            ("ANA@GMAIL.COM", "ANA@gmail.com"),
            (
                "ana.souza+loja@example.com.br",
                "ana.souza+loja@example.com.br",
            ),
            ("ana_maria_souza@example.com", "ana_maria_souza@example.com"),
            ("_ana@example.com", "_ana@example.com"),
            ("ana-1@ex-ample.com", "ana-1@ex-ample.com"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("123@example.com", "123@example.com"),
            ("ana@example.com.", "ana@example.com"),
            ("ana@example.com,", "ana@example.com"),
            ("ana@example.com!", "ana@example.com"),
            ("ana@example.com...", "ana@example.com"),
            ("ana@example.com 🙂", "ana@example.com"),
            ("<ana@example.com>", "ana@example.com"),
            ("(ana@example.com)", "ana@example.com"),
            ("\"ana@example.com\"", "ana@example.com"),
            ("'ana@example.com'", "ana@example.com"),
            ("“ana@example.com”", "ana@example.com"),
            ("[ana@example.com]", "ana@example.com"),
            ("ana @ example.com", "ana@example.com"),
            ("ana@ example.com", "ana@example.com"),
            ("ana @example.com", "ana@example.com"),
            ("mailto:ana@example.com", "ana@example.com"),
            ("MAILTO:ana@example.com", "ana@example.com"),
            ("mailto:ana@example.com?subject=Oi", "ana@example.com"),
            ("<mailto:ana@example.com>", "ana@example.com"),
            ("Ana Souza <ana@example.com>", "ana@example.com"),
            ("email: ana@example.com", "ana@example.com"),
            ("e-mail:ana@example.com", "ana@example.com"),
            ("E-mail - ana@example.com", "ana@example.com"),
            ("meu email é ana@example.com", "ana@example.com"),
            (
                "Meu e-mail é: ana@example.com, obrigada!",
                "ana@example.com",
            ),
            ("o meu é ana @ example.com", "ana@example.com"),
            ("Oi, bom dia! ana@example.com", "ana@example.com"),
            ("é ana@example.com.", "ana@example.com"),
            ("segue: ana@example.com por favor", "ana@example.com"),
            ("meu gmail é ana@gmail.com", "ana@gmail.com"),
            ("mi correo es ana@example.mx", "ana@example.mx"),
            (
                "mi correo electrónico es ana@example.es, gracias",
                "ana@example.es",
            ),
            ("my email is ana@example.com", "ana@example.com"),
            ("It's ana@example.com, thanks!", "ana@example.com"),
            ("ana@example.com\n", "ana@example.com"),
            ("oi\nana@example.com", "ana@example.com"),
            ("ana@café.com.br", "ana@café.com.br"),
        ] {
            assert_eq!(email(text, Locale::PtBr).as_deref(), Some(read), "{text:?}");
        }
    }

    #[test]
    fn what_may_not_be_the_address_is_asked_again() {
        for text in [
            "",
            "@",
            "ana",
            "ana@",
            "@example.com",
            "@ana",
            "ana@localhost",
            "ana@gmail",
            "ana@gmail.c",
            "ana@gmail,com",
            "ana@gmail,com.br",
            "ana@gmail.com,br",
            "ana,souza@example.com",
            "ana souza@example.com",
            "a b@example.com",
            "ana@gmail .com",
            "ana@gmail. com",
            "ana.@example.com",
            ".ana@example.com",
            "ana..souza@example.com",
            "ana@example..com",
            "ana@-example.com",
            "ana@example-.com",
            "ana@1.5",
            "ana@@example.com",
            "ana@example@com",
            "joão@example.com",
            "www.ana@example.com",
            "https://example.com/ana@example.com",
            "ana/bia@example.com",
            "ana@example.com ou bia@example.com",
            "ana@example.com, bia@example.com",
            "ana@example.com/bia@example.com",
            "não é ana@example.com",
            "era ana@example.com mas mudou",
            "ana@example.com 11 98765-4321",
            "ana arroba gmail ponto com",
            "não tenho email",
            "example.com",
        ] {
            assert_eq!(email(text, Locale::PtBr), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_reads_the_same_with_words_and_marks_around_it(
            local in "[a-z0-9]{1,8}([._+-][a-z0-9]{1,8}){0,2}",
            domain in "[a-z]{1,9}(-[a-z0-9]{1,5})?\\.(com|net|com\\.br|es|mx)",
        ) {
            let address = format!("{local}@{domain}");
            for text in [
                address.clone(),
                format!("{local}@{}", domain.to_uppercase()),
                format!("<{address}>"),
                format!("{local} @ {domain}."),
                format!("mailto:{address}"),
                format!("meu e-mail é {address}, obrigado"),
            ] {
                prop_assert_eq!(email(&text, Locale::PtBr), Some(address.clone()), "{}", text);
            }
            let two = format!("{address} ou x{address}");
            prop_assert_eq!(email(&two, Locale::PtBr), None);
        }
    }
}
