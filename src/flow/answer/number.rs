//! Reads numbers as people write them in their language, into a form to calculate with.

use crate::flow::answer::filler::{are_filler, is_in, with_ordinals};
use crate::flow::answer::number_words::{multiplier, number_in_words};
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// What people say around a number.
const WORDS: &str = "
    age amount are cantidad cuesta custa dame deme edad idade in manda mande mesa necesito need nos precio preciso
    preco price qtd qtde quantia quantidade quantity queremos querer queria quero quiero quisiera reservar sao
    seremos seriam serian somos son suma table tem tengo tenho there todo todos total us valor value vou voy want we
    we're were with";

/// Names of money. They may touch the figure.
const MONEY: &str = "
    r$ rs us$ u$ u$s $ mx$ ar$ € £ brl usd mxn ars eur gbp real reais dolar dolares dollar dollars peso pesos euro
    euros bucks libras soles guaranies";

/// Names of what is counted, after the figure. They may touch it. Units of measure are not here: nobody knows whether the
/// question was about grams or kilograms, days or weeks.
const COUNTED: &str = "
    adulto adultos anos cada diarias each guests hospedes huespedes ingressos item items itens nights noches noites
    old pax pc pcs peca pecas people person persona personas pessoa pessoas piece pieces pieza piezas producto
    productos produto produtos ticket tickets times uds un und unds uni unid unidad unidade unidades unit units
    veces vez vezes x years ª º";

/// Marks that say something about a number: a part, a limit, a range, a calculation.
const MEANINGFUL: &str = "%‰<>=^/\\&@~|+-±×÷≈≤≥≠→¼½¾²³";

/// A longer text is no answer in figures.
const TOKENS_MAX: usize = 64;

/// One emoji for the key with a 10, where other digits have a mark behind them.
const TEN_KEYCAP: char = '\u{1f51f}';

/// A decimal number, saved as "1234.5". Figures have the marks of the language ("1.234,5" in Portuguese), and numbers are
/// also read from words ("meia dúzia").
///
/// What may be two numbers is asked again ("2 ou 3"), and so is a mark that may divide thousands or begin a fraction: "1,500"
/// in Portuguese and Spanish, "1.500" in English. If only one reading is possible, the language does not matter ("1.5").
pub(crate) fn number(text: &str, locale: Locale) -> Option<String> {
    let text = with_ordinals(text).replace(TEN_KEYCAP, "10");
    let tokens = tokens(&text);
    if tokens.len() > TOKENS_MAX {
        return None;
    }
    let mut figure: Option<Decimal> = None;
    let mut in_words: Option<u32> = None;
    // The words before the number, and after it.
    let mut around: [Vec<&str>; 2] = Default::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match &token.piece {
            Piece::Figure(_) if figure.is_some() => return None,
            Piece::Figure(_) => {
                let (mut read, end) = figures(&tokens, at, locale)?;
                at = end;
                if let Some(NumberToken {
                    piece: Piece::Word(word),
                    gap,
                }) = tokens.get(at)
                    && *gap != Gap::Wide
                    && let Some(times) = multiplier(word, locale)
                {
                    read = read.times(times)?;
                    at += 1;
                }
                figure = Some(read);
                continue;
            }
            Piece::Word(word) => {
                let words = words_from(&tokens, at);
                if let Some((number, taken)) = number_in_words(&words, locale) {
                    let is_pointing = around[0]
                        .last()
                        .is_some_and(|word| is_in("this that the", word));
                    // "this one" counts nothing.
                    if in_words.is_some() || is_pointing && *word == "one" {
                        return None;
                    }
                    in_words = Some(number);
                    at += taken;
                    continue;
                }
                around[usize::from(figure.is_some() || in_words.is_some())].push(word);
            }
            Piece::Sign(_) if !is_sign(&tokens, at) => return None,
            Piece::Mark(mark) if MEANINGFUL.contains(*mark) => return None,
            Piece::Sign(_) | Piece::Mark(_) => {}
        }
        at += 1;
    }
    // "5 items", but "item 5" is another number.
    let [before, after] = &around;
    if !are_filler(before, locale, &[WORDS, MONEY])
        || !are_filler(after, locale, &[WORDS, MONEY, COUNTED])
    {
        return None;
    }
    match (figure, in_words) {
        (Some(figure), None) => figure.written(),
        (None, Some(number)) => Some(number.to_string()),
        // "5 (cinco)"
        (Some(figure), Some(number)) => figure.written().filter(|text| *text == number.to_string()),
        (None, None) => None,
    }
}

/// A part of the text, and whether it touches the part before it.
struct NumberToken<'t> {
    piece: Piece<'t>,
    gap: Gap,
}

enum Piece<'t> {
    /// Digits, with the full stops, commas and apostrophes among them.
    Figure(&'t str),
    /// Folded.
    Word(String),
    /// + or -
    Sign(char),
    Mark(char),
}

/// What is before a token.
#[derive(Clone, Copy, PartialEq)]
enum Gap {
    None,
    Space,
    /// The beginning of the text, or a line break.
    Wide,
}

impl NumberToken<'_> {
    fn word(&self) -> Option<&str> {
        match &self.piece {
            Piece::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is_money(&self) -> bool {
        self.word().is_some_and(|word| is_in(MONEY, word))
    }

    fn mark(&self) -> Option<char> {
        match self.piece {
            Piece::Mark(mark) => Some(mark),
            _ => None,
        }
    }
}

fn tokens(text: &str) -> Vec<NumberToken<'_>> {
    let mut tokens: Vec<NumberToken<'_>> = Vec::new();
    let mut gap = Gap::Wide;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        let next = behind.chars().next();
        let after_letter =
            gap == Gap::None && tokens.last().is_some_and(|token| token.word().is_some());
        if c.is_whitespace() || c == '-' && after_letter && next.is_some_and(char::is_alphabetic) {
            gap = match gap {
                Gap::None if c != '\n' => Gap::Space,
                _ => Gap::Wide,
            };
            rest = behind;
            continue;
        }
        let (piece, length) = match c {
            '0'..='9' => {
                let length = figure_length(rest);
                (Piece::Figure(&rest[..length]), length)
            }
            '+' | '-' => (Piece::Sign(c), 1),
            c if c.is_alphabetic() || MONEY_MARKS.contains(&c) => {
                let length = word_length(rest);
                let word = &rest[..length];
                // Folding would drop the mark.
                let folded = match word.contains(MONEY_MARKS) {
                    true => word.to_lowercase(),
                    false => fold(word),
                };
                (Piece::Word(folded), length)
            }
            c => (Piece::Mark(c), c.len_utf8()),
        };
        tokens.push(NumberToken { piece, gap });
        gap = Gap::None;
        rest = &rest[length..];
    }
    tokens
}

const MONEY_MARKS: [char; 3] = ['$', '€', '£'];

/// Digits, and single marks between two digits.
fn figure_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_between =
            ".,'’".contains(c) && chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        if !c.is_ascii_digit() && !is_between {
            return at;
        }
    }
    text.len()
}

/// Letters with their accents, and a mark of money behind them: "R$", "U$S".
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if MONEY_MARKS.contains(&c) {
            let is_uruguayan =
                text[..at].eq_ignore_ascii_case("u") && matches!(next, Some('s' | 'S'));
            return at + c.len_utf8() + usize::from(is_uruguayan);
        }
        let is_accent = matches!(c, '\u{300}'..='\u{36f}');
        let is_between = "'’".contains(c) && next.is_some_and(char::is_alphabetic);
        if !c.is_alphabetic() && !is_accent && !is_between {
            return at;
        }
    }
    text.len()
}

/// The words from here on without marks between them, as many as a number can have.
fn words_from<'t>(tokens: &'t [NumberToken<'_>], at: usize) -> Vec<&'t str> {
    const WORDS_MAX: usize = 16;
    tokens[at..]
        .iter()
        .enumerate()
        .take_while(|(place, token)| *place == 0 || token.gap != Gap::Wide)
        .map_while(|(_, token)| token.word())
        .take(WORDS_MAX)
        .collect()
}

/// Whether the + or - belongs to the figure after it, with or without money between them: "-5", "R$ -5", "-R$ 5".
fn is_sign(tokens: &[NumberToken<'_>], at: usize) -> bool {
    let is_apart = tokens[at].gap != Gap::None
        || at.checked_sub(1).is_some_and(|before| {
            tokens[before].is_money()
                || tokens[before]
                    .mark()
                    .is_some_and(|mark| "([{\"'".contains(mark))
        });
    let is_figure = |token: Option<&NumberToken<'_>>| {
        token.is_some_and(|token| matches!(token.piece, Piece::Figure(_)))
    };
    let touches = tokens.get(at + 1).filter(|token| token.gap == Gap::None);
    is_apart
        && (is_figure(touches)
            || touches.is_some_and(NumberToken::is_money) && is_figure(tokens.get(at + 2)))
}

/// The figure at this place with its sign, and the place after it. Spaces may divide it into groups: "1 000".
fn figures(tokens: &[NumberToken<'_>], at: usize, locale: Locale) -> Option<(Decimal, usize)> {
    let piece = |at: usize| match tokens.get(at) {
        Some(NumberToken {
            piece: Piece::Figure(figure),
            gap,
        }) => Some((*figure, *gap)),
        _ => None,
    };
    let (first, gap) = piece(at)?;
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let touches_before = before.filter(|_| gap == Gap::None);
    let may_touch = touches_before.is_none_or(|before| match &before.piece {
        Piece::Word(word) => before.is_money() || word.ends_with('º'),
        Piece::Mark(mark) => !".,'’".contains(*mark),
        Piece::Sign(_) => true,
        Piece::Figure(_) => false,
    });
    if !may_touch {
        return None;
    }
    let mut written = first.to_owned();
    let mut end = at + 1;
    let is_first_group = |group: &str| {
        group.len() <= 3 && !group.starts_with('0') && group.bytes().all(|b| b.is_ascii_digit())
    };
    while let Some((next, Gap::Space)) = piece(end) {
        let digits = next.find(|c: char| !c.is_ascii_digit());
        let is_behind_groups =
            end == at + 1 && is_first_group(first) || end > at + 1 && is_whole(&written);
        if !is_behind_groups || digits.unwrap_or(next.len()) != 3 {
            break;
        }
        written.push_str(next);
        end += 1;
    }
    let touches_after = tokens.get(end).filter(|token| token.gap == Gap::None);
    let may_be_touched = touches_after
        .and_then(NumberToken::word)
        .is_none_or(|word| {
            is_in(MONEY, word) || is_in(COUNTED, word) || multiplier(word, locale).is_some()
        });
    // Feet and inches, unless the figure is in quotes.
    let is_quote = |token: Option<&NumberToken<'_>>| {
        let mark = token.and_then(NumberToken::mark);
        mark.is_some_and(|mark| "'‘’\"“”′″".contains(mark))
    };
    let is_length = is_quote(touches_after) && !is_quote(before);
    let sign = [
        at.checked_sub(1),
        at.checked_sub(2)
            .filter(|_| before.is_some_and(NumberToken::is_money)),
    ]
    .into_iter()
    .flatten()
    .find_map(|place| match tokens[place].piece {
        Piece::Sign(sign) => Some(sign),
        _ => None,
    });
    let decimal = Decimal::read(&written, sign == Some('-'), locale)
        .filter(|_| may_be_touched && !is_length)?;
    Some((decimal, end))
}

fn is_whole(figure: &str) -> bool {
    figure.bytes().all(|b| b.is_ascii_digit())
}

/// The digits of a decimal number.
struct Decimal {
    is_negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    fn read(figure: &str, is_negative: bool, locale: Locale) -> Option<Decimal> {
        let decimal_mark = match locale {
            Locale::En => '.',
            Locale::PtBr | Locale::Es => ',',
        };
        let mut marks = figure.chars().filter(|c| !c.is_ascii_digit());
        let (whole, fraction) = match (marks.next(), marks.next_back()) {
            (None, _) => (figure, ""),
            // 1'5 is a fraction in Spain, and 1'500 are thousands elsewhere.
            (Some(first), last)
                if !".,".contains(first) || last.is_some_and(|last| !".,".contains(last)) =>
            {
                return None;
            }
            (Some(mark), None) => {
                let (whole, fraction) = figure.split_once(mark)?;
                let may_be_groups = fraction.len() == 3 && (1..=3).contains(&whole.len());
                match (may_be_groups, mark == decimal_mark) {
                    // "0,500"
                    _ if whole == "0" => (whole, fraction),
                    (true, true) => return None,
                    (true, false) => (figure, ""),
                    // "1.0000" may be a slip for "10.000".
                    (false, false) if fraction.len() >= 3 => return None,
                    (false, _) => (whole, fraction),
                }
            }
            // Several marks of one kind can only divide thousands.
            (Some(first), Some(last)) if first == last => (figure, ""),
            // Of two kinds, the last one begins the fraction.
            (Some(_), Some(last)) => {
                let (whole, fraction) = figure.rsplit_once(last)?;
                // "1,234.567" in Portuguese: nobody knows what was meant.
                if fraction.len() == 3 && last != decimal_mark {
                    return None;
                }
                (whole, fraction)
            }
        };
        let digits = match is_whole(whole) {
            true => whole.to_owned(),
            false => without_groups(whole)?,
        };
        Some(Decimal {
            is_negative,
            whole: digits,
            fraction: fraction.to_owned(),
        })
    }

    /// The number many times; `None` for a fraction of a dozen.
    fn times(self, times: u32) -> Option<Decimal> {
        let (whole, fraction) = match times {
            1000 => {
                let (thousandths, rest) = self.fraction.split_at(self.fraction.len().min(3));
                (format!("{}{thousandths:0<3}", self.whole), rest.to_owned())
            }
            times => {
                let whole: u64 = self
                    .whole
                    .parse()
                    .ok()
                    .filter(|_| self.fraction.is_empty())?;
                (
                    whole.checked_mul(u64::from(times))?.to_string(),
                    String::new(),
                )
            }
        };
        Some(Decimal {
            whole,
            fraction,
            ..self
        })
    }

    fn written(&self) -> Option<String> {
        // Nobody needs more digits, and templates must not calculate with a number of a thousand digits.
        const DIGITS_MAX: usize = 18;
        if self.whole.len() + self.fraction.len() > DIGITS_MAX {
            return None;
        }
        let whole = match self.whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let fraction = self.fraction.trim_end_matches('0');
        let is_zero = whole == "0" && fraction.is_empty();
        let sign = if self.is_negative && !is_zero {
            "-"
        } else {
            ""
        };
        Some(match fraction {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        })
    }
}

/// The digits of one to three digits and groups of exactly three, with one kind of mark between them.
fn without_groups(figure: &str) -> Option<String> {
    let mark = figure.chars().find(|c| !c.is_ascii_digit())?;
    let mut groups = figure.split(mark);
    let first = groups.next()?;
    let is_sound = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && is_whole(first)
        && groups.all(|group| group.len() == 3 && is_whole(group));
    is_sound.then(|| figure.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// For each text the number that it must be read as; `""` if it must be asked again.
    fn check(locales: &[Locale], rows: &[(&str, &str)]) {
        for locale in locales {
            for (text, expected) in rows {
                let read = number(text, *locale).unwrap_or_default();
                assert_eq!(&read, expected, "{locale} {text:?}");
            }
        }
    }

    #[test]
    fn marks_and_money_around_a_figure_don_t_count() {
        check(
            &Locale::ALL,
            &[
                ("5", "5"),
                ("007", "7"),
                ("0", "0"),
                ("-0", "0"),
                ("-5", "-5"),
                ("+5", "5"),
                ("5!", "5"),
                ("5.", "5"),
                ("5,", "5"),
                ("5...", "5"),
                ("5?", "5"),
                ("(5)", "5"),
                ("[5]", "5"),
                ("\"5\"", "5"),
                ("#5", "5"),
                ("5 🙂", "5"),
                ("🔟", "10"),
                ("5º", "5"),
                ("5.º", "5"),
                ("nº 5", "5"),
                ("nº5", "5"),
                ("R$ 50", "50"),
                ("R$50", "50"),
                ("r$ 50", "50"),
                ("Rs 50", "50"),
                ("50$", "50"),
                ("$50", "50"),
                ("US$ 50", "50"),
                ("U$S 50", "50"),
                ("u$s50", "50"),
                ("USD 50", "50"),
                ("€ 5", "5"),
                ("5€", "5"),
                ("5 EUR", "5"),
                ("£5", "5"),
                ("R$ -50", "-50"),
                ("-R$ 50", "-50"),
                ("3x", "3"),
                ("R$ 10,50", "10.5"),
                ("US$ 10.50", "10.5"),
                ("1 000", "1000"),
                ("12 345 678", "12345678"),
                ("1 000,50", "1000.5"),
                ("1 000.50", "1000.5"),
                ("1.000.000", "1000000"),
                ("1,000,000", "1000000"),
                ("1.234,56", "1234.56"),
                ("1,234.56", "1234.56"),
                ("$ 1,234.50", "1234.5"),
                ("R$ 1.234,56", "1234.56"),
                ("1.234.567,8", "1234567.8"),
                ("1,5", "1.5"),
                ("1.5", "1.5"),
                ("1,50", "1.5"),
                ("1.50", "1.5"),
                ("5,0", "5"),
                ("0,5", "0.5"),
                ("0.5", "0.5"),
                ("0.500", "0.5"),
                ("0,500", "0.5"),
                ("123456789012345678", "123456789012345678"),
            ],
        );
    }

    #[test]
    fn what_may_be_another_number_is_asked_again() {
        check(
            &Locale::ALL,
            &[
                ("", ""),
                ("?", ""),
                ("R$", ""),
                ("2 ou 3", ""),
                ("2 o 3", ""),
                ("2 or 3", ""),
                ("2-3", ""),
                ("2 - 3", ""),
                ("2 -3", ""),
                ("2, 3", ""),
                ("2 e 3", ""),
                ("2\n3", ""),
                ("2 3", ""),
                ("2\n500", ""),
                ("2  500", ""),
                ("entre 2 e 3", ""),
                ("de 2 a 3", ""),
                ("2x3", ""),
                ("2*3", ""),
                ("2+3", ""),
                ("x3", ""),
                ("1/2", ""),
                ("½", ""),
                ("5²", ""),
                ("5+", ""),
                ("5-", ""),
                ("- 5", ""),
                ("--5", ""),
                (">5", ""),
                ("~5", ""),
                ("10%", ""),
                ("10 %", ""),
                (".5", ""),
                (",5", ""),
                ("-.5", ""),
                ("1'5", ""),
                ("1'500", ""),
                ("1,23,456", ""),
                ("1.23.456", ""),
                ("10.000.00", ""),
                ("01.500", ""),
                ("0.500.000", ""),
                ("1.2.3", ""),
                ("1,,5", ""),
                ("1..5", ""),
                ("1,234,567.8.9", ""),
                ("14:30", ""),
                ("14h30", ""),
                ("14h", ""),
                ("05/12", ""),
                ("11 98765-4321", ""),
                ("529.982.247-25", ""),
                ("A5", ""),
                ("5a", ""),
                ("5b", ""),
                ("5kg", ""),
                ("5 kg", ""),
                ("500 g", ""),
                ("50 centavos", ""),
                ("5k", ""),
                ("dia 5", ""),
                ("às 5", ""),
                ("a las 5", ""),
                ("5 dias", ""),
                ("item 5", ""),
                ("5'", ""),
                ("5\"", ""),
                ("não 5", ""),
                ("acho que 5", ""),
                ("até 5", ""),
                ("mais de 5", ""),
                ("more than 5", ""),
                ("quase 5", ""),
                ("uns 5", ""),
                ("menos 5", ""),
                ("5 e meio", ""),
                ("1234567890123456789", ""),
            ],
        );
        // A refusal in English and Spanish.
        check(&[Locale::En, Locale::Es], &[("no 5", ""), ("No, 5", "")]);
    }

    #[test]
    fn a_mark_that_may_be_of_two_kinds_is_asked_again() {
        check(
            &[Locale::PtBr, Locale::Es],
            &[
                ("1.500", "1500"),
                ("10.000", "10000"),
                ("R$ 1.500", "1500"),
                ("1.500,00", "1500"),
                ("1500", "1500"),
                ("1500,5", "1500.5"),
                ("1500.50", "1500.5"),
                ("1234,567", "1234.567"),
                ("1.234,567", "1234.567"),
                ("1,2345", "1.2345"),
                ("1,500", ""),
                ("10,500", ""),
                ("R$ 1,500", ""),
                ("$ 1,500", ""),
                ("1,234.567", ""),
                ("1234.567", ""),
                ("1.0000", ""),
            ],
        );
        check(
            &[Locale::En],
            &[
                ("1,500", "1500"),
                ("$1,500", "1500"),
                ("1,500.00", "1500"),
                ("10,000", "10000"),
                ("1234.567", "1234.567"),
                ("1,234.567", "1234.567"),
                ("1.500", ""),
                ("$1.500", ""),
                ("1.234,567", ""),
                ("1234,567", ""),
                ("1,0000", ""),
            ],
        );
    }

    #[test]
    fn words_around_a_figure_are_passed_over_if_they_change_nothing() {
        check(
            &[Locale::PtBr],
            &[
                ("50 reais", "50"),
                ("50reais", "50"),
                ("5 unidades", "5"),
                ("5un", "5"),
                ("5 pessoas", "5"),
                ("são 5", "5"),
                ("são 5 pessoas", "5"),
                ("somos 5", "5"),
                ("quero 5", "5"),
                ("quero 5, por favor", "5"),
                ("Vou querer 5 unidades por favor!", "5"),
                ("Oi, bom dia! 5", "5"),
                ("sim, 5", "5"),
                ("é 5", "5"),
                ("só 5", "5"),
                ("no total 5", "5"),
                ("tenho 30 anos", "30"),
                ("número 5", "5"),
                ("n.º 5", "5"),
                ("3 vezes", "3"),
                ("3 noites", "3"),
                ("o valor é R$ 1.234,56", "1234.56"),
                ("5 mil", "5000"),
                ("5mil", "5000"),
                ("R$ 5 mil", "5000"),
                ("1,5 mil", "1500"),
                ("1,2345 mil", "1234.5"),
                ("2 dúzias", "24"),
                ("5 (cinco)", "5"),
                ("5 (cinco) unidades", "5"),
                ("oi\n5", "5"),
                ("5 (seis)", ""),
                ("5 mil e 300", ""),
                ("5 mil e quinhentos", ""),
                ("2 milhões", ""),
                ("1,5 dúzia", ""),
                ("2 adultos e 1 criança", ""),
                ("2 adultos e uma criança", ""),
            ],
        );
        check(
            &[Locale::Es],
            &[
                ("50 pesos", "50"),
                ("somos 5", "5"),
                ("quiero 5, por favor", "5"),
                ("5 personas", "5"),
                ("tengo 30 años", "30"),
                ("¡Buenas tardes! 5", "5"),
                ("sí, 5", "5"),
                ("5 mil", "5000"),
                ("2 docenas", "24"),
                ("5 euros", "5"),
            ],
        );
        check(
            &[Locale::En],
            &[
                ("50 dollars", "50"),
                ("5 people", "5"),
                ("I'd like 5, please", "5"),
                ("I’d like 5", "5"),
                ("we are 5", "5"),
                ("5 in total", "5"),
                ("30 years old", "30"),
                ("5 thousand", "5000"),
                ("2 dozen", "24"),
                ("there are 2 of us", "2"),
                ("a table for 4", "4"),
                ("1 item", "1"),
                ("at 5", ""),
            ],
        );
    }

    #[test]
    fn numbers_are_also_read_from_words_of_the_flows_language() {
        check(
            &[Locale::PtBr],
            &[
                ("um", "1"),
                ("Uma", "1"),
                ("dois", "2"),
                ("TRÊS", "3"),
                ("tre\u{302}s", "3"),
                ("cinco!", "5"),
                ("vinte e um", "21"),
                ("vinte-e-um", "21"),
                ("mil", "1000"),
                ("mil e quinhentos reais", "1500"),
                ("meia dúzia", "6"),
                ("uma dúzia", "12"),
                ("quero duas", "2"),
                ("quero duas dúzias, por favor", "24"),
                ("só uma", "1"),
                ("uma pessoa", "1"),
                ("são cinco pessoas", "5"),
                ("zero", "0"),
                ("meia", ""),
                ("um ou dois", ""),
                ("um, dois", ""),
                ("dois três", ""),
                ("dois e meio", ""),
                ("um e meio", ""),
                ("um par", ""),
                ("uma pizza", ""),
                ("quero uma pizza", ""),
                ("primeiro", ""),
                ("nenhum", ""),
                ("menos cinco", ""),
                ("two", ""),
                ("muitos", ""),
            ],
        );
        check(
            &[Locale::Es],
            &[
                ("uno", "1"),
                ("dos", "2"),
                ("somos dos", "2"),
                ("once", "11"),
                ("dieciséis", "16"),
                ("veintiún", "21"),
                ("treinta y dos", "32"),
                ("media docena", "6"),
                ("una docena", "12"),
                ("mil", "1000"),
                ("dos o tres", ""),
                ("dos y medio", ""),
                ("una hora", ""),
            ],
        );
        check(
            &[Locale::En],
            &[
                ("one", "1"),
                ("two", "2"),
                ("Two, please.", "2"),
                ("twenty-one", "21"),
                ("a dozen", "12"),
                ("half a dozen", "6"),
                ("a hundred", "100"),
                ("there are two of us", "2"),
                ("this one", ""),
                ("once", ""),
                ("two or three", ""),
                ("one and a half", ""),
                ("a couple", ""),
                ("dois", ""),
            ],
        );
    }

    /// The figure with these marks: a fraction of two digits, or none.
    fn formatted(cents: u64, group: &str, decimal: &str) -> String {
        let digits = (cents / 100).to_string();
        let mut grouped = String::new();
        for (at, c) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(group);
            }
            grouped.push(c);
        }
        format!("{grouped}{decimal}{:02}", cents % 100)
    }

    proptest! {
        #[test]
        fn money_reads_the_same_in_every_usual_form(cents in 0u64..100_000_000_000, at in 0usize..3) {
            let locale = Locale::ALL[at];
            let expected = number(&format!("{}.{:02}", cents / 100, cents % 100), locale);
            prop_assert!(expected.is_some());
            for text in [
                formatted(cents, ".", ","),
                formatted(cents, ",", "."),
                formatted(cents, " ", ","),
                formatted(cents, "", ","),
                format!("R$ {}", formatted(cents, ".", ",")),
                format!("US${}", formatted(cents, ",", ".")),
                format!("{} pesos", formatted(cents, ".", ",")),
            ] {
                prop_assert_eq!(number(&text, locale), expected.clone(), "{} {}", locale, text);
            }
        }

        #[test]
        fn a_whole_number_reads_as_itself(whole in 0u64..1_000_000_000, at in 0usize..3) {
            let expected = Some(whole.to_string());
            for text in [
                whole.to_string(),
                format!("({whole})"),
                format!("{whole}!"),
                format!("R${whole}"),
            ] {
                prop_assert_eq!(number(&text, Locale::ALL[at]), expected.clone(), "{}", text);
            }
        }

        #[test]
        fn two_numbers_are_never_read_as_one(a in 0u32..100, b in 0u32..100, between in "( ou | or | o | e | y | and |-| - |/|, |; | a |x|\n)", at in 0usize..3) {
            let text = format!("{a}{between}{b}");
            prop_assert_eq!(number(&text, Locale::ALL[at]), None, "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "([0-9]|[-+.,' $€R\n°º]|\\PC|um|mil|dez|\u{301}){0,20}", at in 0usize..3) {
            let _ = number(&text, Locale::ALL[at]);
        }
    }
}
