//! Finds the option that a customer chose among the other words of their message.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::flow::words::emoji;
use crate::flow::words::figures::{FigureForm, figure, is_marker, is_pronoun, value};
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;
use crate::flow::words::menu::{Title, is_about_days, titles};
use crate::flow::words::senses::{Sense, cancels, is_no, is_short_for, is_stress, senses};
use crate::flow::words::tokens::{Token, is_drawn_out, tokens};

/// The words that may surround an option of one letter or of digits. Such an option can mean many things ("2 anos"), so all
/// the other words of the message must be in this list. Folded, for all languages.
const AROUND: &[&str] = &[
    "a",
    "acho",
    "ahi",
    "ai",
    "amiga",
    "amigo",
    "apenas",
    "aqui",
    "beleza",
    "blz",
    "boa",
    "boas",
    "bom",
    "buena",
    "buenas",
    "bueno",
    "buenos",
    "certo",
    "choice",
    "choose",
    "claro",
    "com",
    "con",
    "da",
    "dale",
    "de",
    "desculpa",
    "desculpe",
    "digitar",
    "digite",
    "digitei",
    "digito",
    "disculpa",
    "disculpe",
    "do",
    "e",
    "eh",
    "el",
    "eleccion",
    "elegi",
    "elegir",
    "elijo",
    "es",
    "escojo",
    "escolha",
    "escolher",
    "escolhi",
    "escolho",
    "essa",
    "esse",
    "esta",
    "este",
    "eu",
    "favor",
    "fico",
    "for",
    "go",
    "good",
    "gostaria",
    "gracias",
    "grata",
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
    "isso",
    "it",
    "just",
    "la",
    "like",
    "lo",
    "marco",
    "me",
    "meu",
    "mi",
    "minha",
    "moca",
    "moco",
    "my",
    "na",
    "ne",
    "no",
    "o",
    "obg",
    "obgd",
    "obgda",
    "obrigada",
    "obrigado",
    "oi",
    "oie",
    "ok",
    "okay",
    "ola",
    "only",
    "para",
    "perdon",
    "perfeito",
    "pf",
    "pfv",
    "pfvr",
    "pick",
    "please",
    "pls",
    "plz",
    "pode",
    "por",
    "porfa",
    "porfavor",
    "porfi",
    "pra",
    "prefer",
    "prefiero",
    "prefiro",
    "que",
    "quedo",
    "querer",
    "queria",
    "quero",
    "quiero",
    "quisiera",
    "respondo",
    "resposta",
    "respuesta",
    "say",
    "selecciono",
    "seleciono",
    "select",
    "senhor",
    "senhora",
    "senor",
    "senora",
    "ser",
    "seria",
    "si",
    "sim",
    "so",
    "solo",
    "somente",
    "sorry",
    "sure",
    "take",
    "thank",
    "thanks",
    "the",
    "there",
    "thx",
    "to",
    "ty",
    "vale",
    "valeu",
    "vlw",
    "vou",
    "voy",
    "want",
    "will",
    "with",
    "yeah",
    "yes",
    "yo",
    "you",
];

/// After "um" or "one" only these may follow: otherwise it is an article, as in "uma boa tarde".
const AFTER_ONE: [&str; 16] = [
    "por", "favor", "please", "pls", "plz", "pf", "pfv", "obrigado", "obrigada", "obg", "gracias",
    "thanks", "thank", "thx", "ne", "mesmo",
];

/// The options of a question, in all forms in which a customer may name them.
#[derive(Debug)]
pub(crate) struct Options<'q> {
    locale: Locale,
    keys: Vec<&'q str>,
    forms: Vec<OptionForm<'q>>,
    titles: Vec<Title<'q>>,
    is_about_days: bool,
}

#[derive(Debug)]
struct OptionForm<'q> {
    option: &'q str,
    kind: FormKind,
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FormKind {
    /// The option's own words.
    Own,
    /// The label that is saved for it.
    Label,
    /// What the question's text calls it.
    Title,
}

/// An option that a message names, and where.
#[derive(Debug, Clone)]
struct Hit<'q> {
    option: &'q str,
    kind: FormKind,
    place: Range<usize>,
    /// One letter, an emoji or digits: these can mean many other things.
    is_short: bool,
    /// The form is a "no".
    is_no: bool,
    /// A number in words.
    is_number_word: bool,
}

/// What a message says about the options.
#[derive(Debug, Default)]
struct Reading<'q> {
    hits: Vec<Hit<'q>>,
    /// No other words than those that name options, and "option" or "number".
    is_pure: bool,
    /// The other words say nothing of their own.
    is_bare: bool,
}

impl<'q> Options<'q> {
    /// The options by their folded words; `labels` are folded labels with their options; `asked` is the question.
    pub(crate) fn new(
        options: impl Iterator<Item = &'q str>,
        labels: impl Iterator<Item = (&'q str, &'q str)>,
        asked: &str,
        locale: Locale,
    ) -> Options<'q> {
        let mut forms = Vec::new();
        let mut add = |option, kind, words: &str| {
            let words: Vec<String> = tokens(words).into_iter().map(|token| token.word).collect();
            if !words.is_empty() {
                forms.push(OptionForm {
                    option,
                    kind,
                    words,
                });
            }
        };
        let keys: Vec<&str> = options.collect();
        for option in &keys {
            add(*option, FormKind::Own, option);
        }
        for (label, option) in labels {
            add(option, FormKind::Label, label);
        }
        let titles = titles(asked, &keys, locale);
        forms.extend(titles.iter().map(|title| OptionForm {
            option: title.option,
            kind: FormKind::Title,
            words: title.words.clone(),
        }));
        let is_about_days = locale == Locale::PtBr && is_about_days(asked);
        Options {
            locale,
            keys,
            forms,
            titles,
            is_about_days,
        }
    }

    /// The option that the whole message is: its word, its number, its label, or its line of the question. With
    /// `or_other_answer`, the question also takes other answers, so that "um" is no option 1.
    pub(crate) fn exact(&self, said: &str, or_other_answer: bool) -> Option<&'q str> {
        // Most questions that take any answer have no options.
        if self.keys.is_empty() {
            return None;
        }
        let tokens = tokens(said);
        let folded = fold(said);
        let is_amount = tokens.iter().any(|token| token.is_amount) && value(&folded).is_some();
        let is_contradicted = senses(&tokens, self.locale).iter().any(|(_, place)| {
            tokens[place.clone()].iter().all(|token| token.is_emoji) && tokens.len() > place.len()
        });
        if is_amount || is_contradicted {
            return None;
        }
        if let Some(option) = self.keys.iter().find(|option| **option == folded) {
            return Some(option);
        }
        let reading = self.read(&tokens, true);
        let is_guess = |hit: &Hit<'q>| hit.is_number_word && or_other_answer;
        if reading.is_pure && !reading.hits.iter().any(is_guess) {
            return only(&reading.hits);
        }
        match tokens.as_slice() {
            [token] if !or_other_answer => self.abbreviated(&token.word),
            _ => None,
        }
    }

    /// "s" for "sim", or "n" for "no", as a whole message.
    fn abbreviated(&self, word: &str) -> Option<&'q str> {
        let mut meant = self
            .forms
            .iter()
            .filter(|form| match form.words.as_slice() {
                [full] => is_short_for(word, full, self.locale),
                _ => false,
            });
        let option = meant.next()?.option;
        meant.all(|form| form.option == option).then_some(option)
    }

    /// The options that a message names, each once. An option that only occurs within a longer one ("sim" in "sim, com
    /// urgência") does not count. If a refusal or a doubt is beside them, none does.
    pub(crate) fn named(&self, said: &str) -> Vec<&'q str> {
        let tokens = tokens(said);
        let reading = self.read(&tokens, true);
        if reading.is_bare {
            return distinct(&reading.hits);
        }
        distinct(&self.read(&tokens, false).hits)
    }

    /// As [`Options::named`], but only if the line says nothing else.
    pub(crate) fn named_alone(&self, line: &str) -> Vec<&'q str> {
        if let Some(option) = self.exact(line, false) {
            return vec![option];
        }
        let reading = self.read(&tokens(line), true);
        if reading.is_bare {
            distinct(&reading.hits)
        } else {
            Vec::new()
        }
    }

    /// Whether a text refuses something.
    pub(crate) fn refuses(&self, text: &str) -> bool {
        let found = senses(&tokens(text), self.locale);
        found.iter().any(|(sense, _)| *sense == Sense::Refusal)
    }

    /// Whether this option is a "no", so that a refusal agrees with it.
    pub(crate) fn is_no(&self, option: &str) -> bool {
        self.forms
            .iter()
            .any(|form| form.option == option && self.says_no(&form.words))
    }

    fn says_no(&self, words: &[String]) -> bool {
        matches!(words, [word] if is_no(word, self.locale) || emoji::refuses(word))
    }

    fn read(&self, tokens: &[Token], with_titles: bool) -> Reading<'q> {
        let mut hits = self.hits(tokens, with_titles);
        let mut senses = senses(tokens, self.locale);
        // "Não sei" is no "não", unless it is an option itself.
        senses.retain(|(_, place)| !hits.iter().any(|hit| is_within(place, &hit.place)));
        let hides = |(sense, place): &(Sense, Range<usize>), hit: &Hit<'q>| {
            matches!(sense, Sense::Doubt | Sense::Courtesy) && is_within(&hit.place, place)
        };
        let courtesies: Vec<Range<usize>> = senses
            .iter()
            .filter(|(sense, _)| *sense == Sense::Courtesy)
            .map(|(_, place)| place.clone())
            .collect();
        senses.retain(|(sense, place)| {
            *sense == Sense::Courtesy
                || !courtesies.iter().any(|courtesy| is_within(place, courtesy))
        });
        let doubts = senses.iter().any(|(sense, _)| *sense == Sense::Doubt);
        hits.retain(|hit| !senses.iter().any(|sense| hides(sense, hit)));
        let option = only(&hits);
        let in_line = |word: &String| {
            let mut lines = self
                .titles
                .iter()
                .filter(|title| Some(title.option) == option);
            with_titles && lines.any(|title| title.line.contains(word))
        };
        // "2 - cancelar", if that is what option 2 is about.
        let is_its_own = |place: &Range<usize>| {
            tokens[place.clone()]
                .iter()
                .all(|token| cancels(&token.word) && in_line(&token.word))
        };
        let refuses = senses
            .iter()
            .any(|(sense, place)| *sense == Sense::Refusal && !is_its_own(place));
        let is_no = !hits.is_empty() && hits.iter().all(|hit| hit.is_no);
        let is_contradicted = is_no
            && senses.iter().any(|(sense, place)| {
                let negated = senses.iter().any(|(other, at)| {
                    *other == Sense::Refusal
                        && at.start < place.start
                        && !is_apart(tokens, at, place)
                });
                *sense == Sense::Assent && contradicts(tokens, place, &hits, negated)
            });
        if doubts || (refuses && !is_no) || is_contradicted {
            return Reading::default();
        }
        let rest: Vec<usize> = uncovered(tokens, &hits)
            .into_iter()
            .filter(|at| !courtesies.iter().any(|courtesy| courtesy.contains(at)))
            .collect();
        let is_bare = rest
            .iter()
            .all(|at| self.is_around(tokens, *at) || in_line(&tokens[*at].word));
        hits.retain(|hit| {
            is_bare || !hit.is_short && !hit.is_number_word && hit.kind != FormKind::Title
        });
        Reading {
            hits,
            is_pure: option.is_some() && rest.iter().all(|at| is_marker(&tokens[*at].word)),
            is_bare,
        }
    }

    /// Where the message names options, without those within longer ones.
    fn hits(&self, tokens: &[Token], with_titles: bool) -> Vec<Hit<'q>> {
        let mut found: Vec<Hit<'q>> = Vec::new();
        let is_amount = tokens.iter().any(|token| token.is_amount);
        for form in self
            .forms
            .iter()
            .filter(|form| with_titles || form.kind != FormKind::Title)
        {
            let number = value(form.option).filter(|_| form.kind == FormKind::Own);
            for at in 0..tokens.len() {
                let said_number = number
                    .filter(|_| !is_amount)
                    .and_then(|number| self.number_at(tokens, at, number));
                let end = match number {
                    Some(_) => said_number.map(|_| at + 1),
                    None => self.end_of(form, tokens, at),
                };
                let Some(end) = end else {
                    continue;
                };
                let letters: usize = form.words.iter().map(|word| word.chars().count()).sum();
                found.push(Hit {
                    option: form.option,
                    kind: form.kind,
                    place: at..end,
                    is_short: number.is_some() || letters == 1,
                    is_no: self.says_no(&form.words),
                    is_number_word: said_number.is_some_and(|form| {
                        !matches!(form, FigureForm::Digits | FigureForm::Marked)
                    }),
                });
            }
        }
        let all = found.clone();
        found.retain(|hit| {
            let is_shorter = |other: &Hit<'q>| {
                hit.place.len() < other.place.len() && is_within(&hit.place, &other.place)
            };
            // A number in words is weak: "quero marcar uma" names no option 1.
            let is_weaker = |other: &Hit<'q>| {
                hit.is_number_word && !other.is_number_word && other.option != hit.option
            };
            // "1 - Talk", if two options are called "Talk".
            let is_called = |other: &Hit<'q>| {
                hit.kind == FormKind::Title
                    && other.kind == FormKind::Title
                    && other.place == hit.place
                    && other.option != hit.option
                    && all
                        .iter()
                        .any(|own| own.option == other.option && own.kind != FormKind::Title)
            };
            !all.iter()
                .any(|other| is_shorter(other) || is_weaker(other) || is_called(other))
        });
        found
    }

    /// Where the words of a form end, if they begin at this place.
    fn end_of(&self, form: &OptionForm<'q>, tokens: &[Token], at: usize) -> Option<usize> {
        let is_no = self.says_no(&form.words)
            && is_no_in(tokens, at, self.locale)
            && !self.is_own(&tokens[at].word);
        if is_no {
            return Some(at + 1);
        }
        if form.kind == FormKind::Title {
            return end_of_title(tokens, at, &form.words);
        }
        let end = at + form.words.len();
        let mut pairs = tokens.get(at..end)?.iter().zip(&form.words);
        pairs
            .all(|(token, word)| is_same(token, word))
            .then_some(end)
    }

    /// Whether a word is an option, exactly.
    fn is_own(&self, word: &str) -> bool {
        self.forms
            .iter()
            .any(|form| form.kind == FormKind::Own && form.option == word)
    }

    /// How the word at this place says this number, if it does.
    fn number_at(&self, tokens: &[Token], at: usize, number: u32) -> Option<FigureForm> {
        let said = figure(tokens, at, self.locale).filter(|said| said.value == number)?;
        let is_fit = match said.form {
            FigureForm::Digits | FigureForm::Marked | FigureForm::Word => true,
            FigureForm::Article => {
                let after = &tokens[at + 1..];
                let numbered = at > 0 && is_marker(&tokens[at - 1].word);
                numbered
                    || after.first().is_none_or(|next| {
                        next.begins_clause || AFTER_ONE.contains(&next.word.as_str())
                    })
            }
            FigureForm::Ambiguous => {
                let numbered = tokens.iter().any(|token| is_marker(&token.word));
                numbered
                    || !self.is_about_days
                        && !matches!(tokens[at].word.as_str(), "quarto" | "cuarto")
            }
        };
        is_fit.then_some(said.form)
    }

    /// Whether the word at this place says nothing about the meaning of a number beside it.
    fn is_around(&self, tokens: &[Token], at: usize) -> bool {
        let token = &tokens[at];
        if token.is_emoji || is_marker(&token.word) || is_pronoun(tokens, at, self.locale) {
            return true;
        }
        let before_number = figure(tokens, at + 1, self.locale).is_some();
        // "Para 2" is for two people; "com 2" may be, unless something chooses before it ("fico com 2").
        let is_for = match token.word.as_str() {
            "para" | "pra" | "por" => before_number,
            "for" | "com" | "con" => before_number && token.begins_clause,
            // "O que é a 1?" only asks.
            "que" => tokens
                .get(at + 1)
                .is_some_and(|next| matches!(next.word.as_str(), "e" | "es")),
            _ => false,
        };
        !is_for && AROUND.contains(&token.word.as_str())
    }
}

fn is_same(token: &Token, word: &str) -> bool {
    token.word == word || is_drawn_out(&token.word, word)
}

/// Where a title ends, if it begins at this place. Articles and the like may differ: "marcar uma consulta" is the title
/// "Marcar consulta".
fn end_of_title(tokens: &[Token], at: usize, title: &[String]) -> Option<usize> {
    const SMALL: [&str; 23] = [
        "a", "o", "as", "os", "um", "uma", "de", "do", "da", "dos", "das", "com", "el", "la",
        "los", "las", "un", "una", "con", "del", "the", "an", "of",
    ];
    let mut end = at;
    let mut says = false;
    for word in title {
        let is_small = SMALL.contains(&word.as_str());
        let rest = &tokens[end.min(tokens.len())..];
        let small = rest
            .iter()
            .take_while(|token| SMALL.contains(&token.word.as_str()) && !is_same(token, word))
            .count();
        // A title does not begin with a word that it does not have.
        let skipped = if end == at || is_small { 0 } else { small };
        match rest.get(skipped) {
            Some(token) if is_same(token, word) => {
                end += skipped + 1;
                says |= !is_small;
            }
            _ if is_small => {}
            _ => return None,
        }
    }
    says.then_some(end)
}

/// Whether the word is a "no": in Portuguese also an "n" that is not a number sign.
fn is_no_in(tokens: &[Token], at: usize, locale: Locale) -> bool {
    is_no(&tokens[at].word, locale)
        && senses(&tokens[at..(at + 2).min(tokens.len())], locale)
            .iter()
            .any(|(sense, place)| *sense == Sense::Refusal && place.start == 0)
}

/// Whether this assent contradicts a "no": "não, pode marcar". In the same clause it may stress it ("claro que não"), and a
/// refusal before it there turns it round ("no, don't do it").
fn contradicts(tokens: &[Token], assent: &Range<usize>, hits: &[Hit<'_>], negated: bool) -> bool {
    match hits.iter().all(|hit| is_apart(tokens, &hit.place, assent)) {
        true => !negated,
        false => !is_stress(&tokens[assent.clone()]),
    }
}

/// Whether two places are in different clauses.
fn is_apart(tokens: &[Token], one: &Range<usize>, other: &Range<usize>) -> bool {
    let (from, to) = (one.start.min(other.start), one.start.max(other.start));
    (from + 1..=to).any(|at| tokens[at].begins_clause)
}

fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The places that name no option.
fn uncovered(tokens: &[Token], hits: &[Hit<'_>]) -> Vec<usize> {
    let is_free = |at: &usize| !hits.iter().any(|hit| hit.place.contains(at));
    (0..tokens.len()).filter(is_free).collect()
}

fn distinct<'q>(hits: &[Hit<'q>]) -> Vec<&'q str> {
    let options: BTreeSet<&str> = hits.iter().map(|hit| hit.option).collect();
    options.into_iter().collect()
}

fn only<'q>(hits: &[Hit<'q>]) -> Option<&'q str> {
    match distinct(hits).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
