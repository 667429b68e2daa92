//! What counts as an answer: reading what a customer wrote into the form in which it is kept.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use regex::Regex;

use crate::flow::answer::phone::Country;
use crate::flow::answer::{day, phone};
use crate::flow::script::definition::{Said, SaidKind};
use crate::flow::words::locale::Locale;

/// What a step expects for an answer.
#[derive(Debug)]
pub(crate) enum Expect {
    /// So many characters.
    Text(Bounds<u32>),
    Number(Bounds<f64>),
    Email,
    /// A number without calling code is this country's.
    Phone(Option<&'static Country>),
    Date,
    Time,
    Cpf,
    Cnpj,
    /// Of one of these kinds; none given takes all.
    Media(Vec<SaidKind>),
    Location,
    /// The whole answer matches this expression, which is anchored at both ends.
    Pattern(Regex),
}

/// The least and the most that is taken, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bounds<T> {
    pub(crate) min: Option<T>,
    pub(crate) max: Option<T>,
}

impl<T: PartialOrd> Bounds<T> {
    fn hold(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| value >= min)
            && self.max.as_ref().is_none_or(|max| value <= max)
    }
}

/// What answers mean depends on it: the customer's language, and what is today where they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present<'s> {
    pub(crate) locale: Locale,
    pub(crate) timezone: &'s TimeZone,
    /// In milliseconds since the epoch.
    pub(crate) now: u64,
}

impl Present<'_> {
    fn today(&self) -> Date {
        let now = i64::try_from(self.now).unwrap_or(i64::MAX);
        let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX);
        self.timezone.to_datetime(now).date()
    }
}

/// The kinds of media that `kinds` can name.
pub(crate) const MEDIA_KINDS: [(&str, SaidKind); 4] = [
    ("image", SaidKind::Image),
    ("video", SaidKind::Video),
    ("voice", SaidKind::Voice),
    ("file", SaidKind::File),
];

impl Expect {
    /// The values that `expect` can have in a flow file.
    pub(crate) const NAMES: [&str; 10] = [
        "text", "number", "email", "phone", "date", "time", "cpf", "cnpj", "media", "location",
    ];

    /// The kind with this name, without bounds.
    pub(crate) fn named(name: &str) -> Option<Expect> {
        Some(match name {
            "text" => Expect::Text(Bounds::default()),
            "number" => Expect::Number(Bounds::default()),
            "email" => Expect::Email,
            "phone" => Expect::Phone(None),
            "date" => Expect::Date,
            "time" => Expect::Time,
            "cpf" => Expect::Cpf,
            "cnpj" => Expect::Cnpj,
            "media" => Expect::Media(Vec::new()),
            "location" => Expect::Location,
            _ => return None,
        })
    }

    /// The answer in its normal form, or nothing where it is no such answer.
    pub(crate) fn read(&self, said: &Said, present: Present<'_>) -> Option<String> {
        match self {
            Expect::Media(kinds) => {
                let taken =
                    said.kind.is_media() && (kinds.is_empty() || kinds.contains(&said.kind));
                return taken.then(|| said.text_or_kind());
            }
            Expect::Location => {
                return (said.kind == SaidKind::Location).then(|| said.text_or_kind());
            }
            _ => {}
        }
        // A caption is written by the customer; what comes with a location or a contact card is not.
        if said.kind != SaidKind::Text && !said.kind.is_media() {
            return None;
        }
        let text = said.text.trim();
        match self {
            Expect::Text(bounds) => words(text, *bounds),
            Expect::Number(bounds) => number(text, present.locale)
                .filter(|number| number.parse().is_ok_and(|number| bounds.hold(&number))),
            Expect::Email => email(text),
            Expect::Phone(home) => phone::phone(text, *home),
            Expect::Date => day::date(text, present.locale, present.today()),
            Expect::Time => day::time(text, present.locale),
            Expect::Cpf => cpf(text),
            Expect::Cnpj => cnpj(text),
            Expect::Pattern(pattern) => pattern.is_match(text).then(|| text.to_owned()),
            Expect::Media(_) | Expect::Location => None,
        }
    }
}

/// Compiles an author's pattern so that the whole answer must match it.
pub(crate) fn pattern(source: &str) -> Result<Expect, String> {
    // The compiled expression stays in memory for ever; an honest pattern needs a fraction of this.
    const SIZE_MAX: usize = 1 << 18;
    let build = |source: &str| {
        regex::RegexBuilder::new(source)
            .size_limit(SIZE_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                // The message draws the pattern over several lines; the last one says what is wrong.
                other => other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            })
    };
    // By itself first: "a)(b" becomes valid once it stands in a group.
    build(source)?;
    build(&format!(r"\A(?:{source})\z")).map(Expect::Pattern)
}

fn words(text: &str, bounds: Bounds<u32>) -> Option<String> {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    (length > 0 && bounds.hold(&length)).then(|| text.to_owned())
}

/// A decimal number with the marks of the locale ("1.234,5" in Portuguese), kept as "1234.5".
fn number(text: &str, locale: Locale) -> Option<String> {
    // Nobody counts further, and templates that calculate should not meet a number of a thousand digits.
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
        // "1.5" from a Brazilian keyboard: not groups of three, so it can only be a decimal point.
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

/// An address that could receive mail: no more is known before one is sent.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let local_is_sound = !local.is_empty()
        && local.len() <= 64
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c))
        && local.split('.').all(|part| !part.is_empty());
    let domain_is_sound = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    (local_is_sound && domain_is_sound).then(|| format!("{local}@{}", domain.to_lowercase()))
}

/// A Brazilian taxpayer's number with its two check digits; kept as 11 digits.
fn cpf(text: &str) -> Option<String> {
    let digits = without(text, " -./")?;
    // 000... to 999... pass the check digits and belong to nobody.
    let repeated = digits.bytes().all(|b| Some(b) == digits.bytes().next());
    if digits.len() != 11 || repeated || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    has_check_digits(&digits, 11).then_some(digits)
}

/// A Brazilian company's number with its two check digits; kept as 14 characters. Since July 2026 the
/// first twelve may be letters too; they count by their distance from '0'.
fn cnpj(text: &str) -> Option<String> {
    let code = without(text, " -./")?.to_ascii_uppercase();
    let repeated = code.bytes().all(|b| Some(b) == code.bytes().next());
    if code.len() != 14 || repeated || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    has_check_digits(&code, 9).then_some(code)
}

/// Weighs the characters from the right by 2, 3, 4 ... up to `weight_max` and then again from 2, for each
/// of the two last characters over all those before it.
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

/// The text without the marks that people put between digits; nothing where other than ASCII is left.
pub(crate) fn without(text: &str, marks: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !marks.contains(*c)).collect();
    kept.is_ascii().then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// On 10 March 2026, a Tuesday.
    fn present(locale: Locale) -> Present<'static> {
        static UTC: TimeZone = TimeZone::UTC;
        Present {
            locale,
            timezone: &UTC,
            now: 1_773_100_800_000,
        }
    }

    fn check(kind: &str, locale: Locale, text: &str, read: Option<&str>) {
        let said = Said::text(text);
        let got = Expect::named(kind).unwrap().read(&said, present(locale));
        assert_eq!(got.as_deref(), read, "{kind} {locale} {text:?}");
    }

    #[test]
    fn every_name_is_a_kind() {
        for name in Expect::NAMES {
            assert!(Expect::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn answers_are_read_into_their_normal_form() {
        use Locale::{En, Es, PtBr};
        for (kind, locale, text, read) in [
            ("text", En, "  hello ", Some("hello")),
            ("text", En, "  ", None),
            ("number", En, "1,234.50", Some("1234.5")),
            ("number", En, "007", Some("7")),
            ("number", En, "-0.0", Some("0")),
            ("number", En, "-.5", None),
            ("number", En, "5.", None),
            ("number", En, "1,5", Some("1.5")),
            ("number", En, "1,23,456", None),
            ("number", En, "two", None),
            ("number", En, "", None),
            ("number", PtBr, "1.234,5", Some("1234.5")),
            ("number", PtBr, "1.500", Some("1500")),
            ("number", PtBr, "1.5", Some("1.5")),
            ("number", Es, "1.000.000", Some("1000000")),
            ("number", En, "1234567890123456789", None),
            (
                "email",
                En,
                "Ana.Souza+x@Example.COM",
                Some("Ana.Souza+x@example.com"),
            ),
            ("email", En, "ana@localhost", None),
            ("email", En, "a b@example.com", None),
            ("email", En, "@example.com", None),
            ("email", En, "ana@-example.com", None),
            ("phone", PtBr, "+55 (11) 99999-0000", Some("+5511999990000")),
            ("phone", PtBr, "11 99999-0000", Some("11999990000")),
            ("phone", PtBr, "1234567", None),
            ("phone", PtBr, "1234567890123456", None),
            ("phone", PtBr, "call me", None),
            ("date", PtBr, "1/2/2026", Some("2026-02-01")),
            ("date", PtBr, "31.12.2026", Some("2026-12-31")),
            ("date", Es, "2026-12-31", Some("2026-12-31")),
            ("date", PtBr, "31/02/2026", None),
            ("date", PtBr, "31/12/26", Some("2026-12-31")),
            ("date", PtBr, "amanhã", Some("2026-03-11")),
            ("date", PtBr, "31/12/0202", None),
            ("date", En, "2026-02-01", Some("2026-02-01")),
            ("date", En, "1/2/2026", None),
            ("time", PtBr, "14h30", Some("14:30")),
            ("cpf", PtBr, "529.982.247-25", Some("52998224725")),
            ("cpf", PtBr, "52998224725", Some("52998224725")),
            ("cpf", PtBr, "52998224724", None),
            ("cpf", PtBr, "11111111111", None),
            ("cpf", PtBr, "5299822472", None),
            ("cpf", PtBr, "é2998224725", None),
            ("cnpj", PtBr, "11.222.333/0001-81", Some("11222333000181")),
            ("cnpj", PtBr, "11.222.333/0001-82", None),
            ("cnpj", PtBr, "12.abc.345/01de-35", Some("12ABC34501DE35")),
            ("cnpj", PtBr, "00000000000000", None),
        ] {
            check(kind, locale, text, read);
        }
    }

    #[test]
    fn media_and_locations_are_known_by_what_they_are() {
        let said = |kind, text: &str| Said {
            text: text.to_owned(),
            kind,
        };
        let read =
            |kind: &str, said: &Said| Expect::named(kind).unwrap().read(said, present(Locale::En));
        let photo = said(SaidKind::Media, "");
        let captioned = said(SaidKind::Media, "42");
        assert_eq!(read("media", &photo).as_deref(), Some("[media]"));
        assert_eq!(read("media", &captioned).as_deref(), Some("42"));
        assert_eq!(read("number", &captioned).as_deref(), Some("42"));
        assert_eq!(read("media", &Said::text("photo")), None);
        assert_eq!(read("text", &photo), None);
        let here = said(SaidKind::Location, "-23.5,-46.6");
        assert_eq!(read("location", &here).as_deref(), Some("-23.5,-46.6"));
        assert_eq!(read("location", &photo), None);
        assert_eq!(read("text", &said(SaidKind::Contact, "BEGIN:VCARD")), None);
    }

    #[test]
    fn bounds_hold_at_their_ends() {
        let read =
            |expect: &Expect, text: &str| expect.read(&Said::text(text), present(Locale::En));
        let (min, max) = (Some(2), Some(3));
        let text = Expect::Text(Bounds { min, max });
        for (words, taken) in [("é", false), ("éé", true), (" ééé ", true), ("éééé", false)]
        {
            assert_eq!(read(&text, words).is_some(), taken, "{words}");
        }
        let (min, max) = (Some(-1.5), Some(1000.0));
        let number = Expect::Number(Bounds { min, max });
        for (words, taken) in [
            ("-1.6", false),
            ("-1.5", true),
            ("1,000", true),
            ("1000.1", false),
        ] {
            assert_eq!(read(&number, words).is_some(), taken, "{words}");
        }
    }

    #[test]
    fn media_is_taken_of_the_kinds_that_are_wanted() {
        let wanted = Expect::Media(vec![SaidKind::Image, SaidKind::File]);
        for (kind, taken) in [
            (SaidKind::Image, true),
            (SaidKind::File, true),
            (SaidKind::Voice, false),
            (SaidKind::Video, false),
            (SaidKind::Media, false),
            (SaidKind::Text, false),
        ] {
            let text = String::new();
            let said = Said { text, kind };
            let read = wanted.read(&said, present(Locale::En));
            assert_eq!(read.is_some(), taken, "{kind:?}");
            let any = Expect::Media(Vec::new()).read(&said, present(Locale::En));
            assert_eq!(any.is_some(), kind != SaidKind::Text, "{kind:?}");
        }
    }

    #[test]
    fn today_is_the_day_where_the_customer_is() {
        let sao_paulo = jiff::tz::TimeZoneDatabase::bundled().get("America/Sao_Paulo");
        let timezone = &sao_paulo.unwrap();
        for (now, today) in [
            (1_773_100_800_000, "2026-03-09"),
            (1_773_111_600_000, "2026-03-10"),
            (u64::MAX, "9999-12-30"),
        ] {
            let locale = Locale::PtBr;
            let present = Present {
                locale,
                timezone,
                now,
            };
            assert_eq!(present.today().to_string(), today);
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_answer() {
        let read = |source: &str, text: &str| {
            let expect = pattern(source).unwrap();
            expect.read(&Said::text(text), present(Locale::En))
        };
        assert_eq!(read(r"^\d{3}$", " 123 ").as_deref(), Some("123"));
        assert_eq!(read(r"\d{3}", "1234"), None);
        assert_eq!(read("a|ab", "ab").as_deref(), Some("ab"));
        assert_eq!(read("(?m)^a$", "a\nb"), None);
        assert!(pattern("a)(b").is_err());
        assert!(
            pattern(r"(\w{100}){100}")
                .unwrap_err()
                .contains("too large")
        );
    }

    proptest! {
        #[test]
        fn no_answer_makes_a_kind_panic(text in "\\PC{0,30}", digits in "[-+0-9.,/ ]{0,20}") {
            for name in Expect::NAMES {
                let expect = Expect::named(name).unwrap();
                for locale in Locale::ALL {
                    for text in [&text, &digits] {
                        let normal = expect.read(&Said::text(text), present(locale));
                        // What was read can be read again where the marks are not the locale's.
                        if let Some(normal) = normal
                            && (name != "number" || locale == Locale::En)
                        {
                            let again = expect.read(&Said::text(&normal), present(locale));
                            prop_assert_eq!(again, Some(normal));
                        }
                    }
                }
            }
        }

        #[test]
        fn one_wrong_digit_is_always_found_in_a_cpf(base in 0u64..999_999_999, place in 0usize..9, by in 1u8..10) {
            let base = format!("{base:09}");
            let valid = (0..100)
                .map(|check| format!("{base}{check:02}"))
                .find(|code| has_check_digits(code, 11))
                .unwrap();
            let mut wrong = valid.into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            // A check digit of 0 stands for a rest of both 0 and 1, so not every slip shows.
            prop_assume!(!wrong.ends_with('0') && wrong.as_bytes()[9] != b'0');
            prop_assert_eq!(cpf(&wrong), None);
        }
    }
}
