//! Brazilian taxpayer numbers: CPF for people and CNPJ for companies.

use crate::flow::answer::separators::without;

/// A CPF with correct check digits, saved as 11 digits.
pub(crate) fn cpf(text: &str) -> Option<String> {
    let digits = without(text, " -./")?;
    // 000... to 999... have correct check digits but belong to nobody.
    let repeated = digits.bytes().all(|b| Some(b) == digits.bytes().next());
    if digits.len() != 11 || repeated || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    has_check_digits(&digits, 11).then_some(digits)
}

/// A CNPJ with correct check digits, saved as 14 characters. Since July 2026 the first twelve may also be letters, which
/// count by their distance from '0'.
pub(crate) fn cnpj(text: &str) -> Option<String> {
    let code = without(text, " -./")?.to_ascii_uppercase();
    let repeated = code.bytes().all(|b| Some(b) == code.bytes().next());
    if code.len() != 14 || repeated || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    has_check_digits(&code, 9).then_some(code)
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

    proptest! {
        #[test]
        fn one_wrong_digit_in_a_cpf_is_always_found(base in 0u64..999_999_999, place in 0usize..9, by in 1u8..10) {
            let base = format!("{base:09}");
            let valid = (0..100)
                .map(|check| format!("{base}{check:02}"))
                .find(|code| has_check_digits(code, 11))
                .unwrap();
            let mut wrong = valid.into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            // A check digit of 0 stands for a remainder of 0 or 1, so not every wrong digit is found.
            prop_assume!(!wrong.ends_with('0') && wrong.as_bytes()[9] != b'0');
            prop_assert_eq!(cpf(&wrong), None);
        }
    }
}
