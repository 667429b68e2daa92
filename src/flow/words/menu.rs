//! The lines of a question that name its options: "1 - Marcar consulta". Customers copy such a line, or write its title.

use crate::flow::words::figures::{FigureForm, figure, is_marker, value};
use crate::flow::words::locale::Locale;
use crate::flow::words::tokens::{Token, tokens};

/// The title that the question gives to an option.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Title<'o> {
    pub(crate) option: &'o str,
    pub(crate) words: Vec<String>,
    /// Also the small words around the title, as in "1 para marcar".
    pub(crate) line: Vec<String>,
}

/// Between the number and the title: "Digite 1 para marcar".
const BEFORE_TITLES: [&str; 9] = ["para", "pra", "to", "for", "if", "se", "si", "caso", "e"];

/// After a title, before the next option: "1 para marcar ou 2 para ajuda".
const AFTER_TITLES: [&str; 7] = ["ou", "or", "o", "and", "y", "e", "u"];

/// A title of these alone is none: "Responda 1 ou 2, por favor".
const SAYS_NOTHING: [&str; 26] = [
    "ou", "or", "o", "u", "and", "y", "e", "por", "favor", "please", "obrigado", "obrigada",
    "gracias", "thanks", "de", "a", "the", "only", "apenas", "so", "somente", "solo", "para", "to",
    "number", "numero",
];

/// Before the number.
const BEFORE_NUMBERS: [&str; 17] = [
    "digite", "responda", "envie", "escreva", "aperte", "tecle", "press", "type", "reply", "send",
    "answer", "escriba", "responda", "pulse", "marque", "envia", "presione",
];

/// The titles that the question's text gives to the options that are numbers or letters.
pub(crate) fn titles<'o>(asked: &str, options: &[&'o str], locale: Locale) -> Vec<Title<'o>> {
    let lines: Vec<Line<'o>> = asked
        .lines()
        .map(|line| Line::of(line, options, locale))
        .collect();
    let first: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.figure_at(line.start))
        .collect();
    let titles: Vec<Title<'o>> = match first.is_empty() {
        false => lines
            .iter()
            .flat_map(|line| line.titles_after(&first))
            .collect(),
        true => lines.iter().filter_map(Line::title_before).collect(),
    };
    // One such line may be chance: "Choose from 1 to 3".
    let is_menu = !first.is_empty() || titles.len() > 1;
    if is_menu { titles } else { Vec::new() }
}

/// Whether the question speaks of days, so that "segunda" is Monday rather than the second option.
pub(crate) fn is_about_days(asked: &str) -> bool {
    const DAYS: [&str; 22] = [
        "dia", "dias", "data", "datas", "quando", "feira", "segunda", "terca", "quarta", "quinta",
        "sexta", "sabado", "domingo", "semana", "hora", "horas", "hoje", "amanha", "marcar",
        "remarcar", "consulta", "visita",
    ];
    tokens(asked).iter().any(|token| {
        DAYS.contains(&token.word.as_str())
            || token.word.starts_with("agend")
            || token.word.starts_with("horario")
    })
}

struct Line<'o> {
    tokens: Vec<Token>,
    /// The options that are named in it, and where.
    figures: Vec<(&'o str, usize)>,
    /// The first token that is not an introduction.
    start: usize,
}

impl<'o> Line<'o> {
    fn of(line: &str, options: &[&'o str], locale: Locale) -> Line<'o> {
        let mut tokens = tokens(line);
        tokens.retain(|token| !token.is_emoji);
        let option = |at: usize| {
            let said = figure(&tokens, at, locale)
                .filter(|figure| matches!(figure.form, FigureForm::Digits | FigureForm::Marked));
            options.iter().copied().find(|option| match value(option) {
                Some(value) => said.is_some_and(|figure| figure.value == value),
                None => *option == tokens[at].word && option.chars().count() == 1,
            })
        };
        let figures = (0..tokens.len())
            .filter_map(|at| Some((option(at)?, at)))
            .collect();
        let introduces =
            |token: &Token| is_marker(&token.word) || BEFORE_NUMBERS.contains(&token.word.as_str());
        let start = tokens.iter().take_while(|token| introduces(token)).count();
        Line {
            tokens,
            figures,
            start,
        }
    }

    fn figure_at(&self, place: usize) -> Option<&'o str> {
        let found = self.figures.iter().find(|(_, at)| *at == place);
        found.map(|(option, _)| *option)
    }

    /// The titles in a line that begins with a number. Further numbers begin another title, unless a line of its own begins
    /// with them.
    fn titles_after(&self, first: &[&str]) -> Vec<Title<'o>> {
        if self.figure_at(self.start).is_none() {
            return Vec::new();
        }
        let begins = |(option, at): &&(&str, usize)| {
            *at == self.start || !first.contains(option) && value(option).is_some()
        };
        let starts: Vec<&(&'o str, usize)> = self.figures.iter().filter(begins).collect();
        let ends = starts
            .iter()
            .skip(1)
            .map(|(_, at)| *at)
            .chain([self.tokens.len()]);
        let titles = starts
            .iter()
            .zip(ends)
            .filter_map(|((option, at), end)| self.title(option, at + 1, end));
        titles.collect()
    }

    /// The title in a line that ends with its number: "Marcar consulta (1)".
    fn title_before(&self) -> Option<Title<'o>> {
        let (option, at) = self.figures.last()?;
        // A letter within the line is a word.
        let mut others = self.figures.iter().rev().skip(1);
        if others.any(|(option, _)| value(option).is_some()) {
            return None;
        }
        let is_apart = self.tokens[*at].begins_clause && at + 1 == self.tokens.len();
        is_apart.then(|| self.title(option, 0, *at)).flatten()
    }

    fn title(&self, option: &'o str, from: usize, to: usize) -> Option<Title<'o>> {
        let line: Vec<String> = self.tokens[from..to]
            .iter()
            .map(|token| token.word.clone())
            .collect();
        let mut words = line.as_slice();
        while let [first, rest @ ..] = words
            && BEFORE_TITLES.contains(&first.as_str())
            && !rest.is_empty()
        {
            words = rest;
        }
        while let [rest @ .., last] = words
            && (AFTER_TITLES.contains(&last.as_str()) || BEFORE_NUMBERS.contains(&last.as_str()))
            && !rest.is_empty()
        {
            words = rest;
        }
        let says = words.iter().any(|word| {
            word.chars().any(char::is_alphabetic) && !SAYS_NOTHING.contains(&word.as_str())
        });
        let words = words.to_vec();
        says.then_some(Title {
            option,
            words,
            line,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, expected: &[(&str, &str)]) {
        let found = titles(asked, &["1", "2", "a", "b"], Locale::PtBr);
        let found: Vec<(&str, String)> = found
            .iter()
            .map(|title| (title.option, title.words.join(" ")))
            .collect();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(option, words)| (*option, words.as_str()))
            .collect();
        assert_eq!(found, expected, "{asked:?}");
    }

    #[test]
    fn a_menu_gives_titles_to_its_numbers() {
        let two = [("1", "marcar consulta"), ("2", "falar com a recepcao")];
        for asked in [
            "1 - Marcar consulta\n2 - Falar com a recepção",
            "Olá, Ana!\n\n*1* - Marcar consulta\n*2* - Falar com a recepção\n\nResponda com o número.",
            "1️⃣ Marcar consulta 📅\n2️⃣ Falar com a recepção",
            "[1] Marcar consulta\n[2] Falar com a recepção",
            "Digite 1 para marcar consulta\nDigite 2 para falar com a recepção",
            "Opção 1: Marcar consulta\nOpção 2: Falar com a recepção",
            "1) Marcar consulta / 2) Falar com a recepção",
            "Digite 1 para marcar consulta ou 2 para falar com a recepção",
            "Marcar consulta (1)\nFalar com a recepção (2)",
            "Marcar consulta - 1\nFalar com a recepção - 2",
        ] {
            check(asked, &two);
        }
        check("1 - Sim\n2 - Não", &[("1", "sim"), ("2", "nao")]);
        check("a) Sim\nb) Não", &[("a", "sim"), ("b", "nao")]);
        check(
            "1 - Consulta de 2 horas\n2 - Retorno",
            &[("1", "consulta de 2 horas"), ("2", "retorno")],
        );
        check("Responda 1 ou 2, por favor.", &[]);
        check("Temos 2 opções", &[]);
        check("Quer? Responda de 1 a 2", &[]);
        check("1\n2", &[]);
        check("", &[]);
    }
}
