//! Words that refuse, doubt or agree, as people write them. A refusal that is missed becomes a yes, so these lists would
//! rather have a word too many: then the flow asks again.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

use crate::flow::words::emoji;
use crate::flow::words::figures::is_figure;
use crate::flow::words::locale::Locale;
use crate::flow::words::tokens::{Token, squeezed};

/// What words say besides naming an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sense {
    /// "não quero", "without", "cancela".
    Refusal,
    /// "não sei", "maybe", "why not?": neither yes nor no.
    Doubt,
    /// "bom dia", "sin problema": says nothing about an option, although a word of it might.
    Courtesy,
    /// "pode", "go ahead": contradicts a no.
    Assent,
}

/// A "no" by itself, however it is spelt or drawn. An option with one of these words also stands for the others.
pub(crate) fn is_no(word: &str, locale: Locale) -> bool {
    let words: &[&str] = match locale {
        Locale::En => &["no", "nope", "nop", "nah", "naw", "nay"],
        Locale::PtBr => &["nao", "naum", "naun", "n", "nop", "nope", "nah", "neca"],
        Locale::Es => &["no", "nop", "nope", "nel", "nones"],
    };
    words.contains(&squeezed(word).as_str())
}

/// Whether a word is short for this yes or no. It only counts as the whole message: an "n" has many other meanings.
pub(crate) fn is_short_for(word: &str, yes_or_no: &str, locale: Locale) -> bool {
    let short: &[&str] = match (locale, yes_or_no) {
        (Locale::En, "yes") => &["y", "ye", "yep", "yeah", "yup", "yea"],
        (Locale::PtBr, "sim") => &["s", "sm"],
        (Locale::Es, "si") => &["s", "sip", "sep"],
        (Locale::En | Locale::Es, "no") => &["n"],
        _ => &[],
    };
    short.contains(&squeezed(word).as_str())
}

/// Whether a word cancels something: it refuses, unless the option is about that.
pub(crate) fn cancels(word: &str) -> bool {
    [
        "cancel", "desmarc", "desmarq", "anul", "desist", "stop", "esquec", "olvid",
    ]
    .iter()
    .any(|begins| word.starts_with(begins))
}

/// Words that refuse, with each doubled letter once: people draw them out.
fn refusing_words(locale: Locale) -> &'static [&'static str] {
    match locale {
        Locale::En => &[
            "not",
            "never",
            "neither",
            "nor",
            "none",
            "nothing",
            "canot",
            "without",
            "except",
            "unles",
            "hardly",
            "decline",
            "refuse",
            "unable",
            "negative",
            "nevermind",
            "avoid",
            "forget",
            "doubt",
            "skip",
            "undo",
            "remove",
            "delete",
            "wouldn",
            "couldn",
            "shouldn",
            "didn",
            "doesn",
            "hasn",
            "haven",
            "isn",
            "wasn",
            "weren",
            "aren",
            "hadn",
        ],
        Locale::PtBr => &[
            "nem",
            "nunca",
            "nunka",
            "jamais",
            "tampouco",
            "sem",
            "exceto",
            "menos",
            "nada",
            "nadinha",
            "nenhum",
            "nenhuma",
            "nenhuns",
            "nenhumas",
            "negativo",
            "negativa",
            "num",
            "nunk",
            "recuso",
            "recusar",
            "dispenso",
            "pare",
            "never",
            "not",
            "nan",
            "nein",
            "non",
            "nopes",
            "neg",
            "dispensa",
            "evitar",
            "imposivel",
            "des",
            "excluir",
            "remover",
        ],
        Locale::Es => &[
            "ni",
            "nunca",
            "jamas",
            "tampoco",
            "sin",
            "excepto",
            "salvo",
            "menos",
            "nada",
            "ningun",
            "ninguno",
            "ninguna",
            "ningunos",
            "ningunas",
            "nanai",
            "negativo",
            "dejalo",
            "dejelo",
            "dejemoslo",
            "rechazo",
            "nao",
            "never",
            "not",
            "nah",
            "na",
            "tampoko",
            "nunka",
            "yano",
            "nokiero",
            "evitar",
            "imposible",
            "quitar",
            "eliminar",
            "borar",
        ],
    }
}

/// English contractions with "not", without their apostrophes. Any other word that ends in n't refuses too.
const CONTRACTIONS: [&str; 26] = [
    "aint", "arent", "cant", "couldnt", "darent", "didnt", "doesnt", "dont", "hadnt", "hasnt",
    "havent", "isnt", "mayn't", "mightnt", "mustnt", "neednt", "oughtnt", "shant", "shouldnt",
    "usent", "wasnt", "werent", "wont", "wouldnt", "dnt", "nt",
];

/// Several words that refuse together.
const REFUSING_PHRASES: &[&str] = &[
    "forma alguma",
    "modo algum",
    "maneira alguma",
    "hipotese alguma",
    "deixa pra la",
    "deixa para la",
    "deixe pra la",
    "deixa la",
    "deixa quieto",
    "deixa disso",
    "fica pra proxima",
    "fica para a proxima",
    "fica para proxima",
    "fica pra outra",
    "em vez de",
    "ao inves",
    "deixa pra",
    "deixa para",
    "deixa p",
    "deixa de",
    "chega de",
    "parar de",
    "fora de",
    "paso de",
    "deja de",
    "dejen de",
    "hold off",
    "hold the",
    "n o",
    "n quiero",
    "outra hora",
    "mudei de ideia",
    "can not",
    "rather than",
    "other than",
    "instead of",
    "ill pass",
    "i'll pass",
    "forget it",
    "changed my mind",
    "en vez",
    "en lugar",
    "en absoluto",
    "que va",
    "para nada",
    "cambie de idea",
    "cambie de opinion",
    "not any",
];

/// In Portuguese "no" is "in the", unless a foreigner writes it.
const FOREIGN_REFUSALS: [&str; 10] = [
    "no quiero",
    "no puedo",
    "no gracias",
    "no thanks",
    "no thank",
    "no voy",
    "no deseo",
    "no necesito",
    "no me",
    "no way",
];

/// Neither yes nor no.
const DOUBTING_PHRASES: &[&str] = &[
    // Portuguese
    "talvez",
    "tal vez",
    "quem sabe",
    "depende",
    "mais ou menos",
    "tanto faz",
    "qualquer",
    "em duvida",
    "na duvida",
    "como assim",
    "por que nao",
    "porque nao",
    "pq nao",
    "por q nao",
    "como nao",
    "pois nao",
    "sei la",
    "sei nao",
    "nao tem problema",
    "nao ha problema",
    "nao tem problemas",
    "nao importa",
    "nao faz mal",
    "nao e que",
    "nao e",
    "vou pensar",
    "pode ser que",
    "nao vejo problema",
    "nao custa",
    "nao ha de que",
    "vou ver",
    "deixa eu ver",
    // English
    "maybe",
    "perhaps",
    "possibly",
    "unsure",
    "dunno",
    "idk",
    "depends",
    "why not",
    "no one",
    "not a problem",
    "either",
    "whichever",
    "whatever",
    "let me think",
    "let me see",
    // Spanish
    "quiza",
    "quizas",
    "a lo mejor",
    "puede ser",
    "por que no",
    "porque no",
    "pq no",
    "xq no",
    "da igual",
    "cualquiera",
    "cualquier",
    "mas o menos",
    "no hay problema",
    "no pasa nada",
    "no importa",
    "como no",
    "voy a pensar",
    "dejame pensar",
    "a ver",
    "no se",
    "no lo se",
    "no la se",
    "no estoy seguro",
    "no estoy segura",
    "no estoy muy seguro",
    "no estoy muy segura",
    "no tengo claro",
    "no lo tengo claro",
    "no me queda claro",
    "no esta claro",
    "no me acuerdo",
    "don't get",
    "dont get",
    "didn't get",
    "didnt get",
    "nao ficou claro",
    "nao esta claro",
];

/// With a negation before them they say "I don't know" or "I don't understand".
const KNOWING: [&str; 28] = [
    "sei",
    "saberia",
    "sabia",
    "certeza",
    "ctz",
    "ideia",
    "entendi",
    "entendo",
    "entender",
    "compreendi",
    "compreendo",
    "lembro",
    "decidi",
    "know",
    "sure",
    "certain",
    "understand",
    "understood",
    "remember",
    "idea",
    "clue",
    "decided",
    "sabria",
    "entiendo",
    "comprendo",
    "comprendi",
    "recuerdo",
    "decido",
];

/// Between a negation and the knowing stand at most so many words: "não tenho muita certeza".
const KNOWING_WITHIN: usize = 3;

const COURTESIES: &[&str] = &[
    "bom dia",
    "boa tarde",
    "boa noite",
    "bons dias",
    "tudo bem",
    "tudo bom",
    "tudo certo",
    "por favor",
    "por gentileza",
    "de nada",
    "sem problema",
    "sem problemas",
    "sem duvida",
    "sem duvidas",
    "sem falta",
    "buen dia",
    "buenos dias",
    "buenas tardes",
    "buenas noches",
    "buena tarde",
    "buena noche",
    "sin problema",
    "sin problemas",
    "sin duda",
    "sin falta",
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "good night",
    "no problem",
    "no problems",
    "no prob",
    "no probs",
    "no worries",
    "no doubt",
    "without a doubt",
    "without doubt",
];

const ASSENTS: &[&str] = &[
    "sim",
    "pode",
    "podem",
    "confirmo",
    "confirmado",
    "beleza",
    "blz",
    "perfeito",
    "com certeza",
    "claro",
    "ta bom",
    "esta bom",
    "ta certo",
    "esta certo",
    "ok",
    "okay",
    "combinado",
    "manda ver",
    "yes",
    "yeah",
    "yep",
    "yup",
    "sure",
    "go ahead",
    "of course",
    "alright",
    "all right",
    "absolutely",
    "definitely",
    "confirm",
    "confirmed",
    "that's fine",
    "thats fine",
    "it's fine",
    "its fine",
    "do it",
    "si",
    "dale",
    "vale",
    "adelante",
    "esta bien",
    "de acuerdo",
    "puede",
    "pueden",
    "perfecto",
    "por supuesto",
];

/// These also stress a no: "claro que não", "of course not".
const STRESSES: &[&str] = &[
    "claro",
    "com certeza",
    "of course",
    "absolutely",
    "definitely",
    "por supuesto",
    "sure",
    "pode",
    "podem",
    "puede",
    "pueden",
    "ok",
    "okay",
    "confirmo",
];

/// The phrases of all senses, by their first word: every word of every message is looked up.
static PHRASES: LazyLock<HashMap<&str, Vec<(Sense, &str)>>> = LazyLock::new(|| {
    let mut by_first_word: HashMap<_, Vec<_>> = HashMap::new();
    for (sense, phrases) in [
        (Sense::Refusal, REFUSING_PHRASES),
        (Sense::Doubt, DOUBTING_PHRASES),
        (Sense::Courtesy, COURTESIES),
        (Sense::Assent, ASSENTS),
    ] {
        for phrase in phrases {
            let first = phrase.split(' ').next().unwrap_or_default();
            by_first_word
                .entry(first)
                .or_default()
                .push((sense, *phrase));
        }
    }
    by_first_word
});

/// What the words say besides naming an option, each with its place.
pub(crate) fn senses(tokens: &[Token], locale: Locale) -> Vec<(Sense, Range<usize>)> {
    let plain: Vec<String> = (0..tokens.len())
        .map(|at| plain(tokens, at, locale))
        .collect();
    let refuses = |at: usize| is_refusal(&plain[at], locale);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at].is_emoji {
            if emoji::refuses(&tokens[at].word) {
                found.push((Sense::Refusal, at..at + 1));
            } else if emoji::doubts(&tokens[at].word) {
                found.push((Sense::Doubt, at..at + 1));
            }
            continue;
        }
        let clause_end = (at + 1..tokens.len())
            .find(|at| tokens[*at].begins_clause)
            .unwrap_or(tokens.len());
        if refuses(at) {
            found.push((Sense::Refusal, at..at + 1));
            let knowing = (at + 1..clause_end.min(at + 1 + KNOWING_WITHIN))
                .find(|at| KNOWING.contains(&plain[*at].as_str()));
            found.extend(knowing.map(|end| (Sense::Doubt, at..end + 1)));
        }
        let foreign: &[&str] = match locale {
            Locale::PtBr => &FOREIGN_REFUSALS,
            _ => &[],
        };
        let foreign = foreign.iter().map(|phrase| (Sense::Refusal, *phrase));
        let listed = PHRASES.get(plain[at].as_str()).into_iter().flatten();
        let mut longest = BTreeMap::new();
        for (sense, phrase) in listed.copied().chain(foreign) {
            if let Some(length) = starts_with(&plain[at..clause_end], phrase) {
                let longest = longest.entry(sense).or_insert(length);
                *longest = length.max(*longest);
            }
        }
        found.extend(
            longest
                .into_iter()
                .map(|(sense, length)| (sense, at..at + length)),
        );
    }
    found
}

/// Whether these words may stress a no rather than contradict it.
pub(crate) fn is_stress(tokens: &[Token]) -> bool {
    let words: Vec<String> = tokens.iter().map(|token| token.word.clone()).collect();
    STRESSES
        .iter()
        .any(|stress| starts_with(&words, stress) == Some(words.len()))
}

fn is_refusal(word: &str, locale: Locale) -> bool {
    if locale != Locale::En && is_contraction(word) && word != "nt" {
        return true;
    }
    let glued = match locale {
        Locale::PtBr => word.len() > 3 && word.starts_with("nao"),
        Locale::En => is_contraction(word),
        Locale::Es => word.starts_with("noqui"),
    };
    let squeezed = squeezed(word);
    let is_listed = refusing_words(locale).contains(&squeezed.as_str());
    glued
        || cancels(word)
        || is_listed
        || is_no(word, locale)
        || squeezed == "nao"
        || squeezed == "naum"
}

/// "didn't", "didnt", "do'nt", "dont't", "dontwant".
fn is_contraction(word: &str) -> bool {
    let letters = word.replace('\'', "");
    word.ends_with("n't")
        || letters.ends_with("dnt")
        || letters.ends_with("snt")
        || CONTRACTIONS.contains(&letters.as_str())
        || letters.starts_with("dont")
}

/// The word as the lists have it. A "don t" in two words is one; the "n" of "n 2" is a number sign and stays out.
fn plain(tokens: &[Token], at: usize, locale: Locale) -> String {
    let word = &tokens[at].word;
    let next = tokens
        .get(at + 1)
        .filter(|next| !next.begins_clause || tokens[at].is_short_form);
    let counts = next.is_some_and(|next| is_figure(&next.word, locale));
    let is_number_sign = match (locale, squeezed(word).as_str()) {
        (Locale::PtBr | Locale::Es, "n" | "num") => counts,
        // "No. 2" is number 2, but "no 2" may be a refusal.
        (Locale::En | Locale::Es, "no") => counts && tokens[at].is_short_form,
        _ => false,
    };
    if is_number_sign {
        return "nº".to_owned();
    }
    let with_t = format!("{word}t");
    let is_split =
        tokens.get(at + 1).is_some_and(|next| next.word == "t") && is_contraction(&with_t);
    if is_split {
        return with_t;
    }
    if locale == Locale::PtBr
        && (is_foreign_no(tokens, at) || is_no(&without_typed_accents(word), locale))
    {
        return "nao".to_owned();
    }
    if is_no(word, locale) {
        return "no".to_owned();
    }
    word.clone()
}

/// "no" is "in the" in Portuguese, but not before a comma, at the end, or before a verb that begins the message.
fn is_foreign_no(tokens: &[Token], at: usize) -> bool {
    let next = tokens.get(at + 1).filter(|next| !next.begins_clause);
    let is_verb = |next: &Token| {
        ["ar", "er", "ir"]
            .iter()
            .any(|ending| next.word.ends_with(ending))
    };
    squeezed(&tokens[at].word) == "no" && next.is_none_or(|next| at == 0 && is_verb(next))
}

/// Typed without dead keys: "na~o", "n@o".
fn without_typed_accents(word: &str) -> String {
    word.replace(['~', '^'], "").replace('@', "a")
}

/// The number of words of the phrase, if the words begin with it.
fn starts_with(words: &[String], phrase: &str) -> Option<usize> {
    let mut length = 0;
    for wanted in phrase.split(' ') {
        if words.get(length)? != wanted {
            return None;
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_have_each_doubled_letter_once() {
        for locale in Locale::ALL {
            for word in refusing_words(locale) {
                assert_eq!(squeezed(word), *word);
            }
        }
    }
}
