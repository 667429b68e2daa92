//! Reads numbers as people write them in their language, into a form to calculate with.

use crate::flow::words::locale::Locale;

/// A decimal number with the marks of the language ("1.234,5" in Portuguese), saved as "1234.5".
pub(crate) fn number(text: &str, locale: Locale) -> Option<String> {
    // Nobody needs more digits, and templates must not calculate with a number of a thousand digits.
    const DIGITS_MAX: usize = 18;
    let (decimal, group) = match locale {
        Locale::En => ('.', ','),
        Locale::PtBr | Locale::Es => (',', '.'),
    };
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, fraction),
        // "1.5" in Portuguese: no group of three digits, so it can only be a decimal point.
        None if !is_grouped(text, group) => text.split_once(group).unwrap_or((text, "")),
        None => (text, ""),
    };
    let has_fraction = whole.len() < text.len();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if !is_grouped(whole, group) && !digits(whole)
        || !digits(fraction)
        || whole.is_empty()
        || (has_fraction && fraction.is_empty())
    {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    if whole.len() + fraction.len() > DIGITS_MAX {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && (whole != "0" || !fraction.is_empty()) {
        "-"
    } else {
        ""
    };
    Some(match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    })
}

/// One to three digits, then groups of exactly three.
fn is_grouped(text: &str, group: char) -> bool {
    let mut parts = text.split(group);
    let first = parts.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && parts.clone().next().is_some()
        && text.chars().all(|c| c.is_ascii_digit() || c == group)
        && parts.all(|part| part.len() == 3)
}
