//! Brazil's ninth digit. Mobile numbers got a 9 after the area code, but WhatsApp still knows many older accounts by the
//! number without it. Both spellings are one person.

/// A Brazilian mobile number (digits with the country code) in its other spelling: with the ninth digit, or without it.
/// `None` for any other number: it has only one spelling.
pub(crate) fn other_spelling(digits: &str) -> Option<String> {
    let number = digits.strip_prefix("55")?;
    let (area, subscriber) = number.split_at_checked(2)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) || area.contains('0') {
        return None;
    }
    // Without the ninth digit, mobile numbers begin with 6 to 9. Landline numbers begin with 2 to 5, and a newer mobile
    // number that only adds a 9 to one of them belongs to somebody else.
    let was_mobile = |eight: &str| eight.len() == 8 && eight.as_bytes()[0] >= b'6';
    if was_mobile(subscriber) {
        return Some(format!("55{area}9{subscriber}"));
    }
    let without = subscriber.strip_prefix('9')?;
    was_mobile(without).then(|| format!("55{area}{without}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_has_two_spellings_and_each_leads_to_the_other() {
        for (with, without) in [
            ("5531987654321", "553187654321"),
            ("5511999990000", "551199990000"),
            ("5551961234567", "555161234567"),
        ] {
            assert_eq!(other_spelling(with).as_deref(), Some(without));
            assert_eq!(other_spelling(without).as_deref(), Some(with));
        }
    }

    #[test]
    fn landlines_new_mobile_numbers_and_other_countries_have_one_spelling() {
        for digits in [
            // A landline, and the mobile number that only looks like it.
            "553132221234",
            "5531932221234",
            // Area codes have no 0.
            "5501987654321",
            "553087654321",
            // Too short, too long.
            "55318765432",
            "55319876543210",
            "55",
            "5",
            "",
            // Portugal and Argentina.
            "351912345678",
            "5491187654321",
            "55é1987654321",
        ] {
            assert_eq!(other_spelling(digits), None, "{digits}");
        }
    }
}
