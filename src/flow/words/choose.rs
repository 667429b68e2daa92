//! Finds the option that a customer chose among the other words of their message.

use std::ops::Range;

use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// The words that may surround an option of one letter or of digits. Such an option can mean many things ("2 anos"), so all
/// the other words of the message must be in this list. Folded, for all languages.
const AROUND: [&str; 126] = [
    "a",
    "afternoon",
    "ai",
    "alternativa",
    "boa",
    "boas",
    "bom",
    "buena",
    "buenas",
    "bueno",
    "buenos",
    "choice",
    "choose",
    "claro",
    "com",
    "con",
    "de",
    "dia",
    "digitar",
    "digite",
    "digitei",
    "digito",
    "do",
    "e",
    "el",
    "eleccion",
    "elegi",
    "elegir",
    "elijo",
    "es",
    "escolha",
    "escolhi",
    "escolho",
    "eu",
    "evening",
    "favor",
    "fico",
    "for",
    "go",
    "good",
    "gostaria",
    "gracias",
    "grato",
    "hello",
    "hey",
    "hi",
    "hola",
    "i",
    "i'd",
    "i'll",
    "i'm",
    "ill",
    "is",
    "it",
    "item",
    "la",
    "letra",
    "letter",
    "like",
    "lo",
    "marco",
    "me",
    "meu",
    "mi",
    "minha",
    "morning",
    "my",
    "n",
    "noche",
    "noches",
    "noite",
    "num",
    "number",
    "numero",
    "nº",
    "o",
    "obrigada",
    "obrigado",
    "oi",
    "ok",
    "ola",
    "op",
    "opc",
    "opcao",
    "opcion",
    "opt",
    "option",
    "para",
    "pf",
    "pfv",
    "pick",
    "please",
    "pode",
    "por",
    "prefer",
    "prefiro",
    "que",
    "querer",
    "queria",
    "quero",
    "quiero",
    "respondo",
    "resposta",
    "respuesta",
    "say",
    "selecciono",
    "seleciono",
    "select",
    "ser",
    "seria",
    "si",
    "sim",
    "take",
    "tarde",
    "tardes",
    "thank",
    "thanks",
    "the",
    "valeu",
    "vou",
    "voy",
    "want",
    "with",
    "yeah",
    "yes",
    "yo",
];

/// Words that negate an option.
fn negations(locale: Locale) -> &'static [&'static str] {
    match locale {
        Locale::En => &[
            "no", "not", "never", "without", "nor", "neither", "cannot", "cant", "can't", "dont",
            "don't", "doesn't", "isn't", "wont", "won't", "except",
        ],
        Locale::PtBr => &["nao", "nem", "nunca", "sem", "jamais", "exceto", "menos"],
        Locale::Es => &[
            "no", "ni", "nunca", "sin", "jamas", "tampoco", "excepto", "menos",
        ],
    }
}

/// The options that a message names, each once. An option that only occurs within a longer one ("sim" in "sim, com
/// urgência") does not count. If a negation is beside them, none does.
pub(crate) fn named<'o>(
    said: &str,
    options: impl Iterator<Item = &'o str>,
    locale: Locale,
) -> Vec<&'o str> {
    let folded = fold(said);
    let words = words(&folded);
    let mut found: Vec<(&str, Range<usize>)> = Vec::new();
    for option in options {
        let wanted = crate::flow::words::choose::words(option);
        if wanted.is_empty() || wanted.len() > words.len() {
            continue;
        }
        for (at, window) in words.windows(wanted.len()).enumerate() {
            if window == wanted {
                found.push((option, at..at + wanted.len()));
            }
        }
    }
    let is_within = |inner: &Range<usize>, outer: &Range<usize>| {
        inner.len() < outer.len() && outer.start <= inner.start && inner.end <= outer.end
    };
    let meant: Vec<&(&str, Range<usize>)> = found
        .iter()
        .filter(|(_, inner)| !found.iter().any(|(_, outer)| is_within(inner, outer)))
        .collect();
    let beside = |at: &usize| !meant.iter().any(|(_, place)| place.contains(at));
    let mut around = (0..words.len()).filter(beside).map(|at| words[at]);
    if around.clone().any(|word| negations(locale).contains(&word)) {
        return Vec::new();
    }
    let is_bare = around.all(|word| AROUND.contains(&word));
    let mut options: Vec<&str> = meant
        .into_iter()
        .map(|(option, _)| *option)
        .filter(|option| is_bare || !is_short(option))
        .collect();
    options.sort_unstable();
    options.dedup();
    options
}

fn is_short(option: &str) -> bool {
    option.chars().count() == 1 || option.bytes().all(|b| b.is_ascii_digit())
}

/// The words of a folded text, without surrounding punctuation. A full stop or an @ does not split a word: "1.5" is not
/// the option 1, and "no@home" is not a no.
fn words(folded: &str) -> Vec<&str> {
    folded
        .split(|c: char| c.is_whitespace() || ",;:!?()/|-–—\"".contains(c))
        .map(|word| {
            let core = word.trim_matches(|c: char| !c.is_alphanumeric());
            if core.is_empty() { word } else { core }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(locale: Locale, options: &[&str], said: &str, expected: &[&str]) {
        let folded: Vec<String> = options.iter().map(|option| fold(option)).collect();
        let found = named(said, folded.iter().map(String::as_str), locale);
        assert_eq!(found, expected, "{said:?} of {options:?}");
    }

    #[test]
    fn an_option_is_found_among_other_words() {
        let menu = ["1", "marcar", "2", "recepção"];
        for (said, expected) in [
            ("Opção 1.", &["1"][..]),
            ("1)", &["1"]),
            ("quero a 2, por favor", &["2"]),
            ("Oi, bom dia! Digite 1", &["1"]),
            ("Boa tarde, op. 2 obrigada", &["2"]),
            ("daqui a 2 dias", &[]),
            ("2 dias", &[]),
            ("às 2", &[]),
            ("opção: 1", &["1"]),
            ("MARCAR", &["marcar"]),
            ("quero marcar", &["marcar"]),
            ("Bom dia! Quero marcar uma consulta.", &["marcar"]),
            ("1 - marcar", &["1", "marcar"]),
            ("1 - Marcar consulta", &["marcar"]),
            ("1 ou 2", &[]),
            ("1, 2", &["1", "2"]),
            ("marcar ou falar com a recepcao", &["marcar", "recepcao"]),
            ("não quero marcar", &[]),
            ("moro há 2 anos aqui", &[]),
            ("1.5", &[]),
            ("12", &[]),
            ("desmarcar", &[]),
            ("", &[]),
            ("?!", &[]),
        ] {
            check(Locale::PtBr, &menu, said, expected);
        }
    }

    #[test]
    fn a_longer_option_hides_a_shorter_one_within_it() {
        let options = ["sim", "sim, com urgência", "não", "não sei"];
        for (said, expected) in [
            ("Sim, com urgência, por favor!", &["sim com urgencia"][..]),
            ("sim, é urgente", &["sim"]),
            ("acho que não", &["nao"]),
            ("eu não sei", &["nao sei"]),
            ("sim... não, com urgência", &["nao", "sim"]),
            ("não sei se sim", &["nao sei", "sim"]),
        ] {
            let options = options.map(|option| option.replace(',', ""));
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            check(Locale::PtBr, &options, said, expected);
        }
    }

    #[test]
    fn a_negation_in_the_flows_language_is_no_choice() {
        check(Locale::En, &["order"], "I don't want to order", &[]);
        check(Locale::En, &["order"], "no order", &[]);
        check(Locale::En, &["no", "order"], "no order", &["no", "order"]);
        check(
            Locale::PtBr,
            &["cartão"],
            "quero pagar no cartão",
            &["cartao"],
        );
        check(Locale::Es, &["tarjeta"], "sin tarjeta", &[]);
        check(Locale::En, &["no", "none"], "no@home", &[]);
    }

    proptest! {
        #[test]
        fn every_result_is_an_option_and_occurs_in_the_message(
            options in proptest::collection::vec("[a-c1-3]{1,2}( [a-c])?", 1..5),
            said in "[a-c1-3 ,.não]{0,20}",
        ) {
            let folded: Vec<String> = options.iter().map(|option| fold(option)).collect();
            for found in named(&said, folded.iter().map(String::as_str), Locale::PtBr) {
                prop_assert!(folded.iter().any(|option| option == found));
                let spaced = format!(" {} ", words(&fold(&said)).join(" "));
                let spaced_option = format!(" {found} ");
                prop_assert!(spaced.contains(&spaced_option), "{} in {}", found, said);
            }
        }
    }
}
