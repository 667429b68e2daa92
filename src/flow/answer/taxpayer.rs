//! Brazilian taxpayer numbers: CPF for people and CNPJ for companies.

use crate::flow::answer::filler::is_filler;
use crate::flow::answer::separators::{around_digits, without};
use crate::flow::words::locale::Locale;

/// The marks between the characters of both numbers.
const MARKS: &str = " -./,\n";

/// Names of a CPF, and what people say around it.
const CPF_WORDS: &str = "cpf doc documento titular";

/// Names of a CNPJ, and what people say around it.
const CNPJ_WORDS: &str = "cnpj doc documento empresa loja firma";

/// A CPF with correct check digits, saved as 11 digits.
///
/// A spreadsheet drops the first 0. It is put back if only it can be missing: nothing in the way the ten digits are written
/// says that another one is, and the check digits are correct with it.
pub(crate) fn cpf(text: &str, locale: Locale) -> Option<String> {
    let (before, written, after) = around_digits(text)?;
    if !is_filler(before, locale, CPF_WORDS) || !is_filler(after, locale, CPF_WORDS) {
        return None;
    }
    let digits = without(written, MARKS)?;
    let is_missing_the_first = || {
        let groups: Vec<usize> = written
            .split(|c| MARKS.contains(c))
            .map(str::len)
            .filter(|digits| *digits > 0)
            .collect();
        matches!(groups[..], [10] | [8, 2] | [2, 3, 3, 2])
    };
    match digits.len() {
        11 => is_cpf(&digits).then_some(digits),
        10 if is_missing_the_first() => Some(format!("0{digits}")).filter(|cpf| is_cpf(cpf)),
        _ => None,
    }
}

/// Whether these are 11 digits, and the last two are the right check digits.
pub(crate) fn is_cpf(digits: &str) -> bool {
    digits.len() == 11
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !is_repeated(digits)
        && has_check_digits(digits, 11)
}

/// A CNPJ with correct check digits, saved as 14 characters. Since July 2026 the first twelve may also be letters, which
/// count by their distance from '0'.
pub(crate) fn cnpj(text: &str, locale: Locale) -> Option<String> {
    // Nobody puts more marks than this between the characters.
    const WRITTEN_MAX: usize = 40;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (head, after) = text.split_at(end);
    if !is_filler(after, locale, CNPJ_WORDS) {
        return None;
    }
    // It may begin with a letter, so it is looked for at the beginning of each word.
    head.char_indices()
        .map(|(at, _)| head.split_at(at))
        .filter(|(before, code)| {
            code.len() <= WRITTEN_MAX
                && (!before.ends_with(char::is_alphanumeric)
                    || before.to_ascii_lowercase().ends_with("cnpj"))
        })
        .find_map(|(before, code)| {
            let code = without(code, MARKS)?.to_ascii_uppercase();
            (is_cnpj(&code) && is_filler(before, locale, CNPJ_WORDS)).then_some(code)
        })
}

/// Whether these are 14 characters, and the last two are the right check digits.
pub(crate) fn is_cnpj(code: &str) -> bool {
    code.len() == 14
        && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && code.bytes().skip(12).all(|b| b.is_ascii_digit())
        // "CPF" and eleven digits would be as long.
        && !code.starts_with("CPF")
        && !is_repeated(code)
        && has_check_digits(code, 9)
}

/// 000... to 999... have correct check digits but belong to nobody.
fn is_repeated(code: &str) -> bool {
    code.bytes().all(|b| Some(b) == code.bytes().next())
}

/// Checks each of the last two characters against the weighted sum of all characters before it. The weights are 2, 3, 4 ...
/// up to `weight_max` from the right, then again from 2.
fn has_check_digits(code: &str, weight_max: u32) -> bool {
    let values: Vec<u32> = code.bytes().map(|b| u32::from(b - b'0')).collect();
    (values.len() - 2..values.len()).all(|place| {
        let weights = (2..=weight_max).cycle();
        let sum: u32 = values[..place]
            .iter()
            .rev()
            .zip(weights)
            .map(|(v, w)| v * w)
            .sum();
        let digit = match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        };
        values[place] == digit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The two check digits that make this a valid code.
    fn checked(base: &str, weight_max: u32) -> String {
        (0..100)
            .map(|check| format!("{base}{check:02}"))
            .find(|code| has_check_digits(code, weight_max))
            .unwrap()
    }

    #[test]
    fn a_cpf_is_read_however_it_is_written() {
        for text in [
            "529.982.247-25",
            "52998224725",
            "529 982 247 25",
            "529982247-25",
            "529.982.247/25",
            "529.982.247.25",
            "529-982-247-25",
            "529,982,247-25",
            "529.982.247 - 25",
            "529. 982. 247-25",
            "529.982.247-25.",
            "(529.982.247-25)",
            "\"529.982.247-25\"",
            "CPF: 529.982.247-25",
            "CPF 52998224725",
            "cpf:52998224725",
            "cpf52998224725",
            "CPF nº 529.982.247-25",
            "CPF n.º 529.982.247-25",
            "CPF n° 529.982.247-25",
            "CPF - 529.982.247-25",
            "meu cpf é 529.982.247-25",
            "Meu CPF é o 529.982.247-25, obrigado!",
            "o meu é 52998224725",
            "é 529.982.247-25",
            "é esse: 529.982.247-25",
            "segue meu cpf 529.982.247-25",
            "Oi, bom dia! 52998224725",
            "Boa tarde, meu cpf: 529.982.247-25 🙂",
            "529.982.247-25 por favor",
            "529.982.247-25 (CPF)",
            "my cpf is 529.982.247-25",
            "mi CPF es 529.982.247-25, gracias",
            "529.982\n247-25",
        ] {
            assert_eq!(
                cpf(text, Locale::PtBr).as_deref(),
                Some("52998224725"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_may_not_be_the_cpf_is_asked_again() {
        for text in [
            "",
            "cpf",
            "não tenho",
            "529.982.247-24",
            "52998224724",
            "5299822472",
            "529982247255",
            "111.111.111-11",
            "00000000000",
            "99999999999",
            "não é 529.982.247-25",
            "o antigo era 529.982.247-25",
            "é 529.982.247-25?? não sei",
            "529.982.247-25 ou 111.444.777-35",
            "529.982.247-25 111.444.777-35",
            "529.982.247-25 e tel 11 98765-4321",
            "RG 52998224725",
            "52998224725x",
            "529x982x247x25",
            "é2998224725",
            "11.222.333/0001-81",
            "11 98765-4321",
        ] {
            assert_eq!(cpf(text, Locale::PtBr), None, "{text:?}");
        }
    }

    #[test]
    fn a_first_zero_that_was_lost_is_put_back_if_only_it_can_be_missing() {
        let valid = checked("012345678", 11);
        assert_eq!(valid, "01234567890");
        for (text, read) in [
            ("1234567890", true),
            ("12.345.678-90", true),
            ("12345678-90", true),
            ("cpf 12345678 90", true),
            ("012.345.678-90", true),
            ("123.456.789-0", false),
            ("123456789-0", false),
            ("1234567891", false),
            ("123 456 7890", false),
        ] {
            let expected = read.then(|| valid.clone());
            assert_eq!(cpf(text, Locale::PtBr), expected, "{text}");
        }
    }

    #[test]
    fn a_cnpj_is_read_however_it_is_written() {
        for (text, read) in [
            ("11.222.333/0001-81", Some("11222333000181")),
            ("11222333000181", Some("11222333000181")),
            ("11222333/0001-81", Some("11222333000181")),
            ("11 222 333 0001 81", Some("11222333000181")),
            ("11.222.333.0001-81", Some("11222333000181")),
            ("CNPJ: 11.222.333/0001-81", Some("11222333000181")),
            ("CNPJ11222333000181", Some("11222333000181")),
            ("cnpj 11222333000181.", Some("11222333000181")),
            (
                "o cnpj da empresa é 11.222.333/0001-81, obrigada",
                Some("11222333000181"),
            ),
            ("Bom dia! 11.222.333/0001-81", Some("11222333000181")),
            ("12.ABC.345/01DE-35", Some("12ABC34501DE35")),
            ("12.abc.345/01de-35", Some("12ABC34501DE35")),
            ("12abc34501de35", Some("12ABC34501DE35")),
            ("meu cnpj é 12.abc.345/01de-35", Some("12ABC34501DE35")),
            ("cnpj:12abc34501de35", Some("12ABC34501DE35")),
            ("12 ABC 345 01DE 35", Some("12ABC34501DE35")),
            ("11.222.333/0001-82", None),
            ("12.abc.345/01de-36", None),
            ("00000000000000", None),
            ("1122233300018", None),
            ("não é 11.222.333/0001-81", None),
            ("11.222.333/0001-81 ou 12.ABC.345/01DE-35", None),
            ("11.222.333/0001-81 11.222.333/0001-81", None),
            ("529.982.247-25", None),
            ("CPF 529.982.247-25", None),
            ("a12abc34501de35", None),
            ("cnpj", None),
            ("", None),
        ] {
            assert_eq!(cnpj(text, Locale::PtBr).as_deref(), read, "{text:?}");
        }
        // Letters at the beginning, also some that are words by themselves.
        for base in ["AB12345678CD", "LA3456780001", "EU00000000AA"] {
            let valid = checked(base, 9);
            let marks = format!(
                "{}.{}.{}/{}-{}",
                &base[..2],
                &base[2..5],
                &base[5..8],
                &base[8..],
                &valid[12..]
            );
            for text in [
                valid.clone(),
                marks.to_lowercase(),
                format!("meu cnpj é {marks}"),
            ] {
                assert_eq!(cnpj(&text, Locale::PtBr), Some(valid.clone()), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_valid_cpf_is_read_in_every_usual_form(base in 0u64..999_999_999) {
            let digits = checked(&format!("{base:09}"), 11);
            prop_assume!(!is_repeated(&digits));
            let (a, b, c, d) = (&digits[..3], &digits[3..6], &digits[6..9], &digits[9..]);
            for text in [
                digits.clone(),
                format!("{a}.{b}.{c}-{d}"),
                format!("{a} {b} {c} {d}"),
                format!("CPF: {a}{b}{c}-{d}"),
                format!("Oi, meu cpf é {a}.{b}.{c}-{d}, obrigada!"),
            ] {
                prop_assert_eq!(cpf(&text, Locale::PtBr), Some(digits.clone()), "{}", text);
            }
        }

        #[test]
        fn one_wrong_digit_in_a_cpf_is_always_found(base in 0u64..999_999_999, place in 0usize..9, by in 1u8..10) {
            let mut wrong = checked(&format!("{base:09}"), 11).into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            // A check digit of 0 stands for a remainder of 0 or 1, so not every wrong digit is found.
            prop_assume!(!wrong.ends_with('0') && wrong.as_bytes()[9] != b'0');
            prop_assert_eq!(cpf(&wrong, Locale::PtBr), None);
        }

        #[test]
        fn a_valid_cnpj_is_read_in_every_usual_form(base in "[0-9A-Z]{12}") {
            let code = checked(&base, 9);
            prop_assume!(is_cnpj(&code));
            let (a, b, c, d, e) = (&code[..2], &code[2..5], &code[5..8], &code[8..12], &code[12..]);
            for text in [
                code.clone(),
                code.to_lowercase(),
                format!("{a}.{b}.{c}/{d}-{e}"),
                format!("CNPJ: {a}.{b}.{c}/{d}-{e}"),
            ] {
                prop_assert_eq!(cnpj(&text, Locale::PtBr), Some(code.clone()), "{}", text);
            }
        }
    }
}
