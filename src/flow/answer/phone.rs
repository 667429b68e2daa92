//! Reads phone numbers as people write them, into E.164, the form that can be dialled from anywhere.
//!
//! Why not the crate `phonenumber`: measured with 0.3.10, its first number takes 80 to 170 ms and 7 MB (18 MB once all
//! countries were asked for), and the program grows by 1.5 MB; ours takes 4 us a number even in a debug build. It also
//! reads some numbers wrongly: (55) 99876-5432 of Santa Maria, Brazil, loses its area code, and +55 11 99999-0000 becomes
//! +55 99999-0000 for a shop in the United States.

use crate::flow::answer::country::{Country, DigitGroups, begins_with_another_calling_code};
use crate::flow::answer::filler::is_filler;
use crate::flow::answer::separators::{around_digits, without};
use crate::flow::answer::taxpayer::{is_cnpj, is_cpf};
use crate::flow::words::locale::Locale;

/// E.164 allows at most 15 digits; a number of fewer than 8 is an extension.
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The marks between digits.
const MARKS: &str = " -./()\n";

/// What people call a phone number, and say around it. A second number of the same text is never passed over, since a digit
/// is in it.
const WORDS: &str = "
    also argentina at brasil brazil call casa cel cell cellphone celu celular chama chamar chame chile colombia
    comercial ddd directo direto escribe escribeme espana esposa esposo fijo filha filho fixo fone home inclusive
    liga ligar ligue llama llamar llame llameme mae marido mensagem message mexico mim mobile movil mulher new nova
    novo nueva nuevo pai particular personal peru pessoal phone portugal recado recados residencial tambem tambien
    tel telefone telefono telephone tem tengo tenho text tfno tim tlf tlfn trabajo trabalho uruguai uruguay vivo wa
    wats watsapp whats whatsap whatsapp whatssap whatsup whattsapp work wpp wsp wts zap zapp zapzap";

/// A phone number. With `+` or `00`, or in a link to a chat, it is international, otherwise it belongs to `home`; both are
/// saved as E.164 ("+5511999990000"). Without `home` the country is unknown and only the digits are saved.
///
/// Beside two numbers, or words that may say something else about it, the number is asked again, and so is one that can be
/// read in two ways.
pub(crate) fn phone(text: &str, home: Option<&Country>, locale: Locale) -> Option<String> {
    let around = |text: &str| is_filler(text, locale, WORDS);
    if let Some(link) = chat_link(text) {
        return (around(link.before) && around(link.after))
            .then(|| international(WrittenNumber::new(link.digits).as_groups()))?;
    }
    let text = without_carrier_placeholder(text);
    let (before, written, after) = around_digits(&text)?;
    let before_marks = before.trim_end_matches([' ', '(', '+']);
    let plus = before[before_marks.len()..].matches('+').count();
    if plus > 1 || !around(before_marks) || !around(after) || is_two_numbers(written) {
        return None;
    }
    let is_dialled_out = plus == 1 || written.starts_with("00");
    let written = match is_dialled_out {
        // The trunk prefix in brackets, as in +44 (0)20, is not part of the number.
        true => written.replacen("(0)", " ", 1),
        false => written.to_owned(),
    };
    let number = WrittenNumber::new(&written);
    if !without(&written, MARKS)?
        .bytes()
        .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    if plus == 1 {
        return international(number.as_groups());
    }
    if number.is_written_like_a_cpf() {
        return None;
    }
    match home {
        Some(home) => number.at(home),
        None => number.anywhere(),
    }
}

/// A number without marks, and the lengths of the groups that marks made.
struct WrittenNumber<'w> {
    text: &'w str,
    digits: String,
    groups: Vec<usize>,
}

impl WrittenNumber<'_> {
    fn new(text: &str) -> WrittenNumber<'_> {
        let groups = text.split(|c: char| !c.is_ascii_digit()).map(str::len);
        WrittenNumber {
            text,
            digits: text.chars().filter(char::is_ascii_digit).collect(),
            groups: groups.filter(|digits| *digits > 0).collect(),
        }
    }

    fn as_groups(&self) -> DigitGroups<'_> {
        DigitGroups {
            digits: &self.digits,
            groups: &self.groups,
        }
    }

    /// The same groups, with the digits behind `prefix`.
    fn behind(&self, prefix: &str) -> Option<DigitGroups<'_>> {
        Some(DigitGroups {
            digits: self.digits.strip_prefix(prefix)?,
            groups: &self.groups,
        })
    }

    /// The number of somebody in this country, if only one can be meant.
    fn at(&self, home: &Country) -> Option<String> {
        let national = |written: DigitGroups<'_>| {
            Some(format!("+{}{}", home.calling, home.national(written)?))
        };
        // "55 11 99999-0000", also behind the trunk prefix.
        let with_calling_code = |trunk: &str| self.behind(&format!("{trunk}{}", home.calling));
        let abroad = match home.calling {
            "1" => "011",
            _ => "00",
        };
        let from_abroad = || {
            let written = self.behind(abroad)?;
            // "00 34 98765-4321" may be somebody in Spain, or in Uberlândia.
            let is_national = home.calling == "55"
                && matches!(self.groups[..], [.., 5, 4] | [.., 1, 4, 4] | [2, 2, 9])
                && home.national(written).is_some();
            dialled_abroad(written).filter(|_| !is_national)
        };
        let mut readings = [
            national(self.as_groups()),
            with_calling_code("").and_then(national),
            with_calling_code("0").and_then(national),
            from_abroad(),
        ]
        .into_iter()
        .flatten();
        let number = readings.next()?;
        readings.all(|other| other == number).then_some(number)
    }

    /// The digits of a number whose country we don't know, unless they are something else than a phone number.
    fn anywhere(&self) -> Option<String> {
        if let Some(abroad) = self.behind("00") {
            return dialled_abroad(abroad);
        }
        let brazil = Country::with_code("BR")?;
        let is_document = matches!(
            self.groups[..],
            // Dates, a CEP, a CUIT, an RG, a CNPJ; two lines are two numbers.
            [2, 2, 4] | [4, 2, 2] | [5, 3] | [2, 8, 1] | [2, 3, 3, 1] | [2, 3, 3, 4, 2] | [8, 4, 2]
        ) || (self.groups == [2, 3, 3] && self.text.contains('.'))
            || self.text.contains('\n')
            || is_cnpj(&self.digits)
            || is_cpf(&self.digits) && brazil.national(self.as_groups()).is_none();
        (INTERNATIONAL_DIGITS.contains(&self.digits.len()) && !is_document)
            .then(|| self.digits.clone())
    }

    /// 529.982.247-25 is not the way to write a phone number. With spaces it may be, so then the check digits count.
    fn is_written_like_a_cpf(&self) -> bool {
        self.groups == [9, 2]
            || self.groups == [3, 3, 3, 2] && (self.text.contains('.') || is_cpf(&self.digits))
    }
}

/// An international number behind 00. Of countries whose rules we don't know only long ones are taken, since some people
/// write 00 before a number of their own country: "00 98765-4321" is nobody in Iran.
fn dialled_abroad(written: DigitGroups<'_>) -> Option<String> {
    const DIGITS_MIN: usize = 11;
    let is_known = Country::called_by(written.digits).next().is_some();
    international(written).filter(|_| is_known || written.digits.len() >= DIGITS_MIN)
}

/// Checks an international number as far as we know its country's rules.
fn international(written: DigitGroups<'_>) -> Option<String> {
    // "+00 55 11 ..."
    let digits = written.digits.strip_prefix("00").unwrap_or(written.digits);
    let mut countries = Country::called_by(digits).peekable();
    let number = match countries.peek() {
        Some(_) => countries.find_map(|country| {
            let rest = DigitGroups {
                digits: digits.strip_prefix(country.calling)?,
                ..written
            };
            Some(format!("{}{}", country.calling, country.national(rest)?))
        })?,
        None => {
            Some(digits.to_owned()).filter(|digits| begins_with_another_calling_code(digits))?
        }
    };
    INTERNATIONAL_DIGITS
        .contains(&number.len())
        .then(|| format!("+{number}"))
}

/// A link that opens a chat with a number.
struct ChatLink<'t> {
    before: &'t str,
    digits: &'t str,
    after: &'t str,
}

/// Finds "https://wa.me/5511999990000" and "https://api.whatsapp.com/send?phone=5511999990000", with what is behind the number.
fn chat_link(text: &str) -> Option<ChatLink<'_>> {
    let lower = text.to_ascii_lowercase();
    let marks = [("wa.me/", "wa.me/"), ("whatsapp", "phone=")];
    let number = marks.into_iter().find_map(|(host, mark)| {
        let host = lower.find(host)?;
        Some(host + lower[host..].find(mark)? + mark.len())
    })?;
    let is_space = |c: char| c.is_whitespace();
    let from = text[..number].rfind(is_space).map_or(0, |space| {
        space + text[space..].chars().next().map_or(0, char::len_utf8)
    });
    let to = text[number..]
        .find(is_space)
        .map_or(text.len(), |space| number + space);
    let number = &text[number..to];
    let number = number
        .strip_prefix('+')
        .or_else(|| number.strip_prefix("%2B"))
        .unwrap_or(number);
    let end = number.find(|c: char| !c.is_ascii_digit());
    Some(ChatLink {
        before: &text[..from],
        digits: &number[..end.unwrap_or(number.len())],
        after: &text[to..],
    })
}

/// "0xx11" is how Brazilian companies write a number for which a carrier can be chosen.
fn without_carrier_placeholder(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match lower.split_once("xx") {
        Some((before, after)) if before.trim_end_matches([' ', '-', '.']).ends_with('0') => {
            format!("{before}{after}")
        }
        _ => text.to_owned(),
    }
}

/// Whether a slash or a line break separates two numbers. Before a slash within a number there is only an area.
fn is_two_numbers(written: &str) -> bool {
    const AREA_MAX: usize = 5;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let mut parts = written.split('/');
    let area = parts.next().unwrap_or_default();
    parts.next().is_some() && (digits(area) > AREA_MAX || parts.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// For each text the number that it must be read as; `""` if it must be asked again.
    fn check(home: &str, locale: Locale, rows: &[(&str, &str)]) {
        let country = Country::with_code(home);
        for (text, number) in rows {
            let read = phone(text, country, locale).unwrap_or_default();
            assert_eq!(&read, number, "{home} {text:?}");
        }
    }

    #[test]
    fn a_brazilian_mobile_number_is_read_however_it_is_written() {
        for text in [
            "11987654321",
            "11 98765-4321",
            "11 98765 4321",
            "11 9 8765 4321",
            "11 9 8765-4321",
            "11 9.8765-4321",
            "11-98765-4321",
            "11-98765.4321",
            "11.98765.4321",
            "11/98765-4321",
            "11  98765   4321",
            "11 987 654 321",
            "11 98 76 54 32 1",
            "(11) 98765-4321",
            "(11)98765-4321",
            "( 11 ) 98765-4321",
            "(11) 9 8765-4321",
            "011 98765-4321",
            "(011) 98765-4321",
            "0 11 98765-4321",
            "0xx11 98765-4321",
            "0XX11 98765-4321",
            "(0xx11) 98765-4321",
            "0 xx 11 98765-4321",
            "015 11 98765-4321",
            "0 15 11 98765-4321",
            "0 21 11 98765-4321",
            "01511987654321",
            "0411198765 4321",
            "5511987654321",
            "55 11 98765-4321",
            "55 (11) 98765-4321",
            "55 11 9 8765 4321",
            "055 11 98765-4321",
            "+5511987654321",
            "+55 11 98765-4321",
            "+55 (11) 98765-4321",
            "+55-11-98765-4321",
            "+55 11 9 8765-4321",
            "+ 55 11 98765-4321",
            "(+55) 11 98765-4321",
            "(+55 11) 98765-4321",
            "(+55)11987654321",
            "( +55 ) 11 98765-4321",
            "(+55) (11) 98765-4321",
            "+(55) 11 98765-4321",
            "+55 (0) 11 98765-4321",
            "+55 (011) 98765-4321",
            "+55 011 98765-4321",
            "0055 11 98765-4321",
            "00 55 11 98765-4321",
            "00 55 (0) 11 98765-4321",
            "+0055 11 98765-4321",
            "tel: 11 98765-4321",
            "Tel.: (11) 98765-4321",
            "tel:+5511987654321",
            "tel:+55-11-98765-4321",
            "Cel. 11 98765-4321",
            "cel(11)98765-4321",
            "whats 11 98765-4321",
            "WhatsApp: 11 98765-4321",
            "zap 11987654321",
            "meu número é 11 98765-4321",
            "Meu telefone é o (11) 98765-4321.",
            "meu nº: 11 98765-4321",
            "é 11 98765-4321",
            "é esse: 11 98765-4321",
            "pode ser o 11 98765-4321 mesmo",
            "me chama no 11 98765-4321",
            "Oi, bom dia! 11 98765-4321, obrigada",
            "DDD 11 98765-4321",
            "📱 11 98765-4321",
            "🇧🇷 +55 11 98765-4321",
            "11987654321 (whatsapp)",
            "11 98765-4321 - whatsapp",
            "11 98765-4321 (Vivo)",
            "11 98765-4321 é meu whats",
            "11 98765-4321, por favor",
            "+55 11 98765-4321 (Brasil)",
            "my number is +55 11 98765-4321",
            "mi número es +55 11 98765-4321, gracias",
            "https://wa.me/5511987654321",
            "wa.me/5511987654321",
            "http://wa.me/+5511987654321",
            "https://wa.me/5511987654321?text=Oi%202",
            "meu whats: https://wa.me/5511987654321 obrigado",
            "https://api.whatsapp.com/send?phone=5511987654321",
            "https://api.whatsapp.com/send/?phone=%2B5511987654321&text=Oi",
            "whatsapp://send?phone=5511987654321",
            "oi\n11 98765-4321",
            "11\n98765-4321",
        ] {
            check("BR", Locale::PtBr, &[(text, "+5511987654321")]);
        }
    }

    #[test]
    fn brazils_rules_decide_what_its_numbers_are() {
        let rows = [
            // Landlines have eight digits.
            ("(11) 3333-4444", "+551133334444"),
            ("1133334444", "+551133334444"),
            ("55 11 3333-4444", "+551133334444"),
            ("0 15 11 3333-4444", "+551133334444"),
            ("55 99999-0000", "+5555999990000"),
            ("55 55 99999-0000", "+5555999990000"),
            ("+351 912 345 678", "+351912345678"),
            ("00351 912 345 678", "+351912345678"),
            ("0034 912 345 678", "+34912345678"),
            // The ninth digit of mobile numbers.
            ("+55 31 8765-4321", "+5531987654321"),
            ("553187654321", "+5531987654321"),
            ("(41) 9123-4567", "+5541991234567"),
            ("4191234567", "+5541991234567"),
            ("041 9123-4567", "+5541991234567"),
            ("(41) 6123-4567", "+5541961234567"),
            ("55 8123-4567", "+5555981234567"),
            ("wa.me/554191234567", "+5541991234567"),
            // A digit is missing or too many.
            ("11 98765-432", ""),
            ("11 9 876-5432", ""),
            ("11 9 8765-432", ""),
            ("11 98765-43210", ""),
            ("11 9876-54321 0", ""),
            ("0 11 98765-43210", ""),
            ("+55 11 9999-000", ""),
            ("98765-4321", ""),
            ("8765-4321", ""),
            ("+55 98765-4321", ""),
            // No such number.
            ("11 89999-0000", ""),
            ("11 1234-5678", ""),
            ("01 99999-0000", ""),
            ("01 33333-4444", ""),
            ("1 98765-4321", ""),
            ("23 98765-4321", ""),
            ("52 98765-4321", ""),
            ("10 98765-4321", ""),
            ("+55 20 98765-4321", ""),
            ("00 98765-4321", ""),
            ("00 11 98765-4321", ""),
            ("0800 123 4567", ""),
            ("4003-1234", ""),
            ("+999 12345678", ""),
            ("+11 98765-4321", ""),
            ("+21 98765-4321", ""),
            ("+55 55 11 98765-4321", ""),
            // Uberlândia or Spain.
            ("00 34 98765-4321", ""),
            // Documents.
            ("529.982.247-25", ""),
            ("52998224725", ""),
            ("529 982 247 25", ""),
            ("529982247-25", ""),
            ("119.876.543-21", ""),
            ("119876543-21", ""),
            ("CPF 11987654321", ""),
            ("11.222.333/0001-81", ""),
            ("01310-100", ""),
            ("31/12/2026", ""),
            // Two numbers, or words that may change it.
            ("11 98765-4321 ou 11 3333-4444", ""),
            ("11 98765-4321 / 11 3333-4444", ""),
            ("11 98765-4321, 11 3333-4444", ""),
            ("11 98765-4321\n11 3333-4444", ""),
            ("11 3333-4444/4445", ""),
            ("11 3333-4444 ramal 12", ""),
            ("11 98765-4321 depois das 18h", ""),
            ("não é 11 98765-4321", ""),
            ("o antigo era 11 98765-4321", ""),
            ("não tenho", ""),
            ("https://wa.me/message/ABC123", ""),
            (
                "https://wa.me/5511987654321 https://wa.me/5511987654322",
                "",
            ),
            ("++55 11 98765-4321", ""),
            ("55+11987654321", ""),
            ("call me", ""),
            ("+", ""),
            ("", ""),
        ];
        check("BR", Locale::PtBr, &rows);
        // "No" is a refusal in the other languages.
        check("BR", Locale::Es, &[("no 11 98765-4321", "")]);
    }

    #[test]
    fn numbers_of_other_countries_follow_their_own_rules() {
        check(
            "MX",
            Locale::Es,
            &[
                ("55 1234 5678", "+525512345678"),
                ("5512345678", "+525512345678"),
                ("(55) 1234-5678", "+525512345678"),
                ("+52 55 1234 5678", "+525512345678"),
                ("+52 1 55 1234 5678", "+525512345678"),
                ("5215512345678", "+525512345678"),
                ("525512345678", "+525512345678"),
                ("1 55 1234 5678", "+525512345678"),
                ("044 55 1234 5678", "+525512345678"),
                ("045 55 1234 5678", "+525512345678"),
                ("01 55 1234 5678", "+525512345678"),
                ("mi cel es 55 1234 5678", "+525512345678"),
                ("https://wa.me/5215512345678", "+525512345678"),
                ("+1 212 555 0100", "+12125550100"),
                ("1234 5678", ""),
                ("+52 1 5512 3456", ""),
                ("12 3456 7890", ""),
            ],
        );
        check(
            "AR",
            Locale::Es,
            &[
                ("011 15 1234-5678", "+5491112345678"),
                ("(011) 15-1234-5678", "+5491112345678"),
                ("11 15 1234 5678", "+5491112345678"),
                ("+54 9 11 1234 5678", "+5491112345678"),
                ("+5491112345678", "+5491112345678"),
                ("5491112345678", "+5491112345678"),
                ("9 11 1234-5678", "+5491112345678"),
                ("+54 11 15 1234 5678", "+5491112345678"),
                ("+54 9 11 15 1234 5678", "+5491112345678"),
                ("+54 9 011 1234 5678", "+5491112345678"),
                ("0351 15 123-4567", "+5493511234567"),
                ("(0351) 15 1234567", "+5493511234567"),
                ("351 15 123 4567", "+5493511234567"),
                ("02901 15 12-3456", "+5492901123456"),
                ("+54 9 2901 123456", "+5492901123456"),
                // Without a 9 or 15 it may be a landline, so it stays as it is.
                ("11 1234-5678", "+541112345678"),
                ("011 4123-4567", "+541141234567"),
                ("+54 11 4123 4567", "+541141234567"),
                ("0351 412-3456", "+543514123456"),
                // Without the area nobody can tell.
                ("15 1234-5678", ""),
                ("1234-5678", ""),
                ("20-12345678-3", ""),
                ("12.345.678", ""),
            ],
        );
        check(
            "ES",
            Locale::Es,
            &[
                ("612 345 678", "+34612345678"),
                ("612 34 56 78", "+34612345678"),
                ("612345678", "+34612345678"),
                ("+34 612 345 678", "+34612345678"),
                ("0034 612 345 678", "+34612345678"),
                ("34 612 345 678", "+34612345678"),
                ("(+34) 612 345 678", "+34612345678"),
                ("mi móvil: 612 345 678", "+34612345678"),
                ("91 123 45 67", "+34911234567"),
                ("61234567", ""),
                ("112 345 678", ""),
                ("no 612 345 678", ""),
                ("12345678Z", ""),
            ],
        );
        check(
            "PT",
            Locale::PtBr,
            &[
                ("912345678", "+351912345678"),
                ("912 345 678", "+351912345678"),
                ("+351 912 345 678", "+351912345678"),
                ("351912345678", "+351912345678"),
                ("21 123 4567", "+351211234567"),
                ("812345678", ""),
            ],
        );
        check(
            "US",
            Locale::En,
            &[
                ("(212) 555-0100", "+12125550100"),
                ("212.555.0100", "+12125550100"),
                ("2125550100", "+12125550100"),
                ("1-212-555-0100", "+12125550100"),
                ("+1 (212) 555-0100", "+12125550100"),
                ("My cell is 212-555-0100, thanks!", "+12125550100"),
                ("call me at 212-555-0100", "+12125550100"),
                ("011 55 11 98765-4321", "+5511987654321"),
                ("+55 11 98765-4321", "+5511987654321"),
                ("555-0100", ""),
                ("112 555 0100", ""),
                ("212-155-0100", ""),
                ("212-555-0100 x12", ""),
                ("don't call 212-555-0100", ""),
            ],
        );
        for (home, text, number) in [
            ("CL", "9 8765 4321", "+56987654321"),
            ("CL", "09 8765 4321", "+56987654321"),
            ("CL", "+56 9 8765 4321", "+56987654321"),
            ("CL", "56987654321", "+56987654321"),
            ("CL", "2 2345 6789", "+56223456789"),
            ("CL", "8765 4321", ""),
            ("CO", "300 123 4567", "+573001234567"),
            ("CO", "+57 300 123 4567", "+573001234567"),
            ("CO", "03 300 123 4567", "+573001234567"),
            ("CO", "601 234 5678", "+576012345678"),
            ("CO", "1 234 5678", "+576012345678"),
            ("CO", "500 123 4567", ""),
            ("PE", "987 654 321", "+51987654321"),
            ("PE", "+51 987 654 321", "+51987654321"),
            ("PE", "01 234 5678", "+5112345678"),
            ("PE", "887 654 321", ""),
            ("UY", "099 123 456", "+59899123456"),
            ("UY", "+598 99 123 456", "+59899123456"),
            ("PY", "0981 123 456", "+595981123456"),
            ("EC", "099 123 4567", "+593991234567"),
            ("GB", "020 7946 0018", "+442079460018"),
            ("GB", "+44 (0)20 7946 0018", "+442079460018"),
            ("GB", "+44 (0) 20 7946 0018", "+442079460018"),
            ("GB", "07911 123456", "+447911123456"),
            ("GB", "0044 7911 123456", "+447911123456"),
            ("IT", "06 1234 5678", "+390612345678"),
            ("IT", "333 1234567", "+393331234567"),
            ("DE", "030 123 456 78", "+493012345678"),
            ("DE", "030/12345678", "+493012345678"),
            ("DE", "0031 20 1234567", "+31201234567"),
            // With or without its calling code.
            ("DE", "49 30 123456", ""),
            ("FR", "06 12 34 56 78", "+33612345678"),
        ] {
            check(home, Locale::Es, &[(text, number)]);
        }
    }

    #[test]
    fn without_a_country_only_what_can_be_no_phone_number_is_asked_again() {
        check(
            "",
            Locale::PtBr,
            &[
                ("+55 (11) 99999-0000", "+5511999990000"),
                ("(+55) 11 99999-0000", "+5511999990000"),
                ("+55 31 8765-4321", "+5531987654321"),
                ("0055 11 99999-0000", "+5511999990000"),
                ("+1 212 555 0100", "+12125550100"),
                ("+52 1 55 1234 5678", "+525512345678"),
                ("+60 12 345 6789", "+60123456789"),
                ("https://wa.me/5511999990000", "+5511999990000"),
                ("11 99999-0000", "11999990000"),
                ("5511999990000", "5511999990000"),
                ("meu whats é 11 99999-0000", "11999990000"),
                ("912 345 678", "912345678"),
                ("12 34 56 78", "12345678"),
                ("+0 212 555 0100", ""),
                ("+999 12345678", ""),
                ("+5521", ""),
                ("+55 23 99999-0000", ""),
                ("00 98765-4321", ""),
                ("1234567", ""),
                ("1234567890123456", ""),
                ("+1234567890123456", ""),
                ("333-4444 / 555-6666", ""),
                ("529.982.247-25", ""),
                ("52998224725", ""),
                ("11.222.333/0001-81", ""),
                ("11222333000181", ""),
                ("20-12345678-3", ""),
                ("12.345.678", ""),
                ("12.345.678-9", ""),
                ("01310-100", ""),
                ("31-12-2026", ""),
                ("31/12/2026", ""),
                ("2026-12-31", ""),
                ("call me", ""),
            ],
        );
    }

    fn brazilian() -> impl Strategy<Value = (String, String, String)> {
        let area = prop::sample::select(vec!["11", "21", "31", "47", "55", "85", "99"]);
        (area, "(9[0-9]{4}|[2-5][0-9]{3})", "[0-9]{4}")
            .prop_map(|(area, first, last)| (area.to_owned(), first, last))
    }

    proptest! {
        #[test]
        fn a_brazilian_number_reads_the_same_in_every_usual_form((area, first, last) in brazilian()) {
            let number = format!("+55{area}{first}{last}");
            for text in [
                format!("{area}{first}{last}"),
                format!("{area} {first}-{last}"),
                format!("({area}) {first}-{last}"),
                format!("0{area} {first} {last}"),
                format!("(0xx{area}) {first}-{last}"),
                format!("0 15 {area} {first}-{last}"),
                format!("55 {area} {first}-{last}"),
                format!("+55 {area} {first}-{last}"),
                format!("(+55 {area}) {first}-{last}"),
                format!("0055 {area} {first}-{last}"),
                format!("+55 (0){area} {first}-{last}"),
                format!("meu whats é {area} {first}.{last}, obrigado"),
                format!("https://wa.me/55{area}{first}{last}"),
            ] {
                let read = phone(&text, Country::with_code("BR"), Locale::PtBr);
                prop_assert_eq!(read, Some(number.clone()), "{}", text);
            }
        }

        #[test]
        fn an_argentinian_mobile_number_gets_its_9(rest in "(11[2-9][0-9]{7}|2[0-46-9][0-9]{8}|3[0-9]{9})", at in 2usize..=4) {
            let at = if rest.starts_with("11") { 2 } else { at.max(3) };
            let (area, number) = rest.split_at(at);
            for text in [
                format!("+54 9 {area} {number}"),
                format!("0{area} 15 {number}"),
                format!("{area} 15 {number}"),
                format!("+54 {area} 15 {number}"),
            ] {
                let read = phone(&text, Country::with_code("AR"), Locale::Es);
                prop_assert_eq!(read, Some(format!("+549{rest}")), "{}", text);
            }
        }

        #[test]
        fn what_is_written_like_a_cpf_is_no_phone_number(digits in "[0-9]{11}", at in 0usize..=44) {
            let home = Country::ALL.get(at).and_then(|country| Country::with_code(country.code));
            let (a, b, c, d) = (&digits[..3], &digits[3..6], &digits[6..9], &digits[9..]);
            for text in [
                format!("{a}.{b}.{c}-{d}"),
                format!("{a}{b}{c}-{d}"),
                format!("meu número é {a}.{b}.{c}-{d}"),
            ] {
                prop_assert_eq!(phone(&text, home, Locale::PtBr), None, "{}", text);
            }
        }

        #[test]
        fn a_saved_number_is_e164_and_reads_as_itself(text in "[+0]{0,2}[0-9 ()./-]{0,20}", at in 0usize..44) {
            let home = Country::with_code(Country::ALL[at].code);
            if let Some(kept) = phone(&text, home, Locale::En) {
                prop_assert!(kept.starts_with('+') && kept.len() <= 16, "{}", kept);
                prop_assert!(kept[1..].bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(phone(&kept, home, Locale::En), Some(kept));
            }
        }
    }
}
