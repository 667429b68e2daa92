//! The kinds of answer that a step can expect, and how each is read into the form in which it is saved.

use jiff::civil::{Date, Time};
use regex::Regex;

use crate::flow::answer::calendar::date::date;
use crate::flow::answer::calendar::limits::{DayLimits, DayMeaning, TimeLimits, TimeMeaning};
use crate::flow::answer::calendar::time::{saved, time};
use crate::flow::answer::context::AnswerContext;
use crate::flow::answer::country::Country;
use crate::flow::answer::email::email;
use crate::flow::answer::number::number;
use crate::flow::answer::order::order;
use crate::flow::answer::phone;
use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::answer::taxpayer::{cnpj, cpf};
use crate::flow::words::marks::{plain_marks, visible};

/// The kind of answer that a step expects.
#[derive(Debug)]
pub(crate) enum AnswerKind {
    /// Any words, within these limits of characters.
    Text(Bounds<u32>),
    Number(Bounds<f64>),
    Email,
    /// A number without a calling code belongs to this country.
    Phone(Option<&'static Country>),
    Date(DayLimits),
    Time(TimeLimits),
    Cpf,
    Cnpj,
    /// One of these kinds of media; an empty list accepts all.
    Media(Vec<SaidKind>),
    Location,
    /// An order from the shop's catalogue.
    Order,
    /// A product from the shop's catalogue.
    Product,
    /// The whole answer must match this expression, which is anchored at both ends.
    Pattern(Regex),
}

/// The smallest and the largest accepted value, both included.
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

/// The kinds of media that `kinds` can name.
pub(crate) const MEDIA_KINDS: [(&str, SaidKind); 4] = [
    ("image", SaidKind::Image),
    ("video", SaidKind::Video),
    ("voice", SaidKind::Voice),
    ("file", SaidKind::File),
];

impl AnswerKind {
    /// The values that `expect` can have in a flow file.
    pub(crate) const NAMES: [&str; 12] = [
        "text", "number", "email", "phone", "date", "time", "cpf", "cnpj", "media", "location",
        "order", "product",
    ];

    /// The kind with this name, without bounds.
    pub(crate) fn named(name: &str) -> Option<AnswerKind> {
        Some(match name {
            "text" => AnswerKind::Text(Bounds::default()),
            "number" => AnswerKind::Number(Bounds::default()),
            "email" => AnswerKind::Email,
            "phone" => AnswerKind::Phone(None),
            "date" => AnswerKind::Date(DayLimits::default()),
            "time" => AnswerKind::Time(TimeLimits::default()),
            "cpf" => AnswerKind::Cpf,
            "cnpj" => AnswerKind::Cnpj,
            "media" => AnswerKind::Media(Vec::new()),
            "location" => AnswerKind::Location,
            "order" => AnswerKind::Order,
            "product" => AnswerKind::Product,
            _ => return None,
        })
    }

    /// The answer in the form that is saved; `None` if it does not fit.
    pub(crate) fn read(&self, said: &Said, context: AnswerContext<'_>) -> Option<String> {
        match self {
            AnswerKind::Media(kinds) => {
                let taken =
                    said.kind.is_media() && (kinds.is_empty() || kinds.contains(&said.kind));
                return taken.then(|| said.text_or_kind());
            }
            AnswerKind::Location => {
                return (said.kind == SaidKind::Location).then(|| said.text_or_kind());
            }
            AnswerKind::Order => {
                return (said.kind == SaidKind::Order)
                    .then(|| order(&said.text_or_kind(), context.locale));
            }
            AnswerKind::Product => {
                return (said.kind == SaidKind::Product).then(|| said.text_or_kind());
            }
            _ => {}
        }
        if !is_written(said) {
            return None;
        }
        let plain = plain_marks(&said.text);
        let text = plain.as_str();
        match self {
            AnswerKind::Text(bounds) => words(said.text.trim(), *bounds),
            AnswerKind::Number(bounds) => number(text, context.locale)
                .filter(|number| number.parse().is_ok_and(|number| bounds.hold(&number))),
            AnswerKind::Email => email(text, context.locale),
            AnswerKind::Phone(home) => phone::phone(text, *home, context.locale),
            AnswerKind::Date(limits) => match day(text, *limits, context) {
                DayMeaning::Day(day) => Some(day.to_string()),
                DayMeaning::OutOfRange | DayMeaning::Nothing => None,
            },
            AnswerKind::Time(limits) => match time(text, context.locale, limits) {
                TimeMeaning::Time(time) => Some(saved(time)),
                TimeMeaning::Either(_) | TimeMeaning::OutOfRange | TimeMeaning::Nothing => None,
            },
            AnswerKind::Cpf => cpf(text, context.locale),
            AnswerKind::Cnpj => cnpj(text, context.locale),
            // A pattern may ask for the very marks that other kinds drop.
            AnswerKind::Pattern(pattern) => [visible(&said.text).trim(), text]
                .into_iter()
                .find(|text| pattern.is_match(text))
                .map(str::to_owned),
            AnswerKind::Media(_)
            | AnswerKind::Location
            | AnswerKind::Order
            | AnswerKind::Product => None,
        }
    }
}

/// What is missing in an answer that was understood, but does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It means this time, or half a day later.
    EitherTime(Time),
    /// It is not between these days.
    DayOutOfRange(Option<Date>, Option<Date>),
    /// It is not between these times.
    TimeOutOfRange(Option<Time>, Option<Time>),
}

impl AnswerKind {
    /// What is missing in an answer that [`AnswerKind::read`] does not accept, if it was understood.
    pub(crate) fn doubt(&self, said: &Said, context: AnswerContext<'_>) -> Option<Doubt> {
        if !is_written(said) {
            return None;
        }
        let text = plain_marks(&said.text);
        match self {
            AnswerKind::Date(limits) => match day(&text, *limits, context) {
                DayMeaning::OutOfRange => {
                    let (min, max) = limits.days(context.today());
                    Some(Doubt::DayOutOfRange(min, max))
                }
                DayMeaning::Day(_) | DayMeaning::Nothing => None,
            },
            AnswerKind::Time(limits) => match time(&text, context.locale, limits) {
                TimeMeaning::Either(time) => Some(Doubt::EitherTime(time)),
                TimeMeaning::OutOfRange => Some(Doubt::TimeOutOfRange(limits.min, limits.max)),
                TimeMeaning::Time(_) | TimeMeaning::Nothing => None,
            },
            _ => None,
        }
    }
}

/// The customer writes a caption, but not the text of a location or a contact card.
fn is_written(said: &Said) -> bool {
    said.kind == SaidKind::Text || said.kind.is_media()
}

fn day(text: &str, limits: DayLimits, context: AnswerContext<'_>) -> DayMeaning {
    let today = context.today();
    limits.meaning(today, |side| date(text, context.locale, today, side))
}

/// Compiles a flow's pattern so that the whole answer must match it.
pub(crate) fn pattern(source: &str) -> Result<AnswerKind, String> {
    // The compiled expression stays in memory as long as the flow; a normal pattern needs a fraction of this.
    const SIZE_MAX: usize = 1 << 18;
    let build = |source: &str| {
        regex::RegexBuilder::new(source)
            .size_limit(SIZE_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                // The error message draws the pattern over several lines; the last line says what is wrong.
                other => other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            })
    };
    // On its own first: "a)(b" would become valid inside a group.
    build(source)?;
    build(&format!(r"\A(?:{source})\z")).map(AnswerKind::Pattern)
}

fn words(text: &str, bounds: Bounds<u32>) -> Option<String> {
    let seen = visible(text);
    let length = u32::try_from(seen.trim().chars().count()).unwrap_or(u32::MAX);
    (length > 0 && bounds.hold(&length)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::flow::words::locale::Locale;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    /// On 10 March 2026, a Tuesday.
    fn context(locale: Locale) -> AnswerContext<'static> {
        static UTC: TimeZone = TimeZone::UTC;
        AnswerContext {
            locale,
            timezone: &UTC,
            now: Millis::new(1_773_100_800_000),
        }
    }

    fn check(kind: &str, locale: Locale, text: &str, read: Option<&str>) {
        let said = Said::text(text);
        let got = AnswerKind::named(kind)
            .unwrap()
            .read(&said, context(locale));
        assert_eq!(got.as_deref(), read, "{kind} {locale} {text:?}");
    }

    #[test]
    fn every_name_is_a_kind() {
        for name in AnswerKind::NAMES {
            assert!(AnswerKind::named(name).is_some(), "{name}");
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
            ("number", En, "5.", Some("5")),
            ("number", En, "1,5", Some("1.5")),
            ("number", En, "1,23,456", None),
            ("number", En, "two", Some("2")),
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
            // Marks that phones and WhatsApp add.
            (
                "text",
                PtBr,
                "*Rua A* – 5\u{200b}",
                Some("*Rua A* – 5\u{200b}"),
            ),
            ("text", PtBr, "\u{200e}\u{2800}", None),
            ("number", PtBr, "5\u{fe0f}\u{20e3}", Some("5")),
            ("number", PtBr, "\u{2212}5", Some("-5")),
            ("number", PtBr, "_12_", Some("12")),
            (
                "email",
                En,
                "\u{200e}*ana@example.com*",
                Some("ana@example.com"),
            ),
            (
                "phone",
                PtBr,
                "\u{202a}+55 11 98765\u{2011}4321\u{202c}",
                Some("+5511987654321"),
            ),
            ("date", PtBr, "*31\u{2060}/12/2026*", Some("2026-12-31")),
            ("date", PtBr, "31\u{2013}12\u{2013}2026", Some("2026-12-31")),
            ("time", PtBr, "\u{200e}14:30", Some("14:30")),
            ("time", PtBr, "as\u{a0}9", Some("09:00")),
            (
                "cpf",
                PtBr,
                "529\u{a0}982\u{202f}247\u{2011}25",
                Some("52998224725"),
            ),
            (
                "cnpj",
                PtBr,
                "11.222.333/0001\u{2212}81",
                Some("11222333000181"),
            ),
        ] {
            check(kind, locale, text, read);
        }
    }

    #[test]
    fn media_and_locations_are_recognised_by_their_kind() {
        let said = |kind, text: &str| Said {
            text: text.to_owned(),
            kind,
        };
        let read = |kind: &str, said: &Said| {
            AnswerKind::named(kind)
                .unwrap()
                .read(said, context(Locale::En))
        };
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
        let ordered = said(SaidKind::Order, "3 items: Loja, BRL 45.00");
        assert_eq!(
            read("order", &ordered).as_deref(),
            Some("3 items: Loja, BRL 45.00")
        );
        let shown = said(SaidKind::Product, "Bolo, BRL 45.00");
        assert_eq!(read("product", &shown).as_deref(), Some("Bolo, BRL 45.00"));
        for (kind, said) in [
            ("text", &ordered),
            ("number", &ordered),
            ("media", &ordered),
            ("product", &ordered),
            ("text", &shown),
            ("order", &shown),
            ("order", &Said::text("3 items")),
            (
                "text",
                &self::Said {
                    text: "sent BRL 45.00".to_owned(),
                    kind: SaidKind::Other,
                },
            ),
        ] {
            assert_eq!(read(kind, said), None, "{kind} {said:?}");
        }
    }

    #[test]
    fn limits_are_inclusive() {
        let read =
            |expect: &AnswerKind, text: &str| expect.read(&Said::text(text), context(Locale::En));
        let (min, max) = (Some(2), Some(3));
        let text = AnswerKind::Text(Bounds { min, max });
        for (words, taken) in [("é", false), ("éé", true), (" ééé ", true), ("éééé", false)]
        {
            assert_eq!(read(&text, words).is_some(), taken, "{words}");
        }
        let (min, max) = (Some(-1.5), Some(1000.0));
        let number = AnswerKind::Number(Bounds { min, max });
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
    fn only_the_wanted_kinds_of_media_are_accepted() {
        let wanted = AnswerKind::Media(vec![SaidKind::Image, SaidKind::File]);
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
            let read = wanted.read(&said, context(Locale::En));
            assert_eq!(read.is_some(), taken, "{kind:?}");
            let any = AnswerKind::Media(Vec::new()).read(&said, context(Locale::En));
            assert_eq!(any.is_some(), kind != SaidKind::Text, "{kind:?}");
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_answer() {
        let read = |source: &str, text: &str| {
            let expect = pattern(source).unwrap();
            expect.read(&Said::text(text), context(Locale::En))
        };
        assert_eq!(read(r"^\d{3}$", " 123 ").as_deref(), Some("123"));
        assert_eq!(read(r"\d{3}", "1234"), None);
        assert_eq!(read("a|ab", "ab").as_deref(), Some("ab"));
        assert_eq!(read("(?m)^a$", "a\nb"), None);
        assert_eq!(
            read("[A-Z]{2}-[0-9]+", "*AB\u{2011}1\u{200b}2*").as_deref(),
            Some("AB-12")
        );
        assert_eq!(read(r"\*.\*|.–.", "*a*").as_deref(), Some("*a*"));
        assert_eq!(read(r"\*.\*|.–.", "a–b\u{200e}").as_deref(), Some("a–b"));
        assert!(pattern("a)(b").is_err());
        assert!(
            pattern(r"(\w{100}){100}")
                .unwrap_err()
                .contains("too large")
        );
    }

    /// A figure of up to forty digits, with the words that give it a meaning, in any language.
    fn long_figures() -> impl Strategy<Value = String> {
        const BEFORE: &str = "|in |within |after |em |daqui a |daqui |dentro de |en |hace |ha |faz |a |dia |el |the |\\+|-|r\\$ |\\$|as |at |a las |de |entre |between |ultimos |last ";
        const UNITS: &str = " days?| dias?| weeks?| semanas?| months?| mes(es)?| years?| anos?| años?| hours?| horas?| minutes?| minutos?| segundos?|h|hs|:|/| mil| milhoes| million| thousand| vezes|%|,|\\.|º|ª feira|th|am|pm| ago| atras| from now|k|x";
        let figure = || {
            prop_oneof![
                "[0-9]{1,40}",
                "9{1,40}|0{1,40}|10{1,39}",
                "[0-9]{1,20}[.,/:-][0-9]{1,20}",
                "-?(32767|32768|65535|65536|127|128|255|256)",
                "2147483647|2147483648|4294967295|4294967296|7304484|7304485|1043497|1043498|239976|239977|19998|19999",
                "9223372036854775807|9223372036854775808|18446744073709551615|18446744073709551616",
                "(nine|nove|nueve|ninety|noventa|hundred|cento|thousand|mil|million|milhoes|millones|billion|bilhao|trillion| e | y |-| ){1,20}",
            ]
        };
        let piece =
            (BEFORE, figure(), UNITS).prop_map(|(before, figure, unit)| before + &figure + &unit);
        proptest::collection::vec(piece, 1..4).prop_map(|pieces| pieces.join(" "))
    }

    /// Every kind, with limits too.
    fn all_kinds() -> Vec<AnswerKind> {
        let mut kinds: Vec<AnswerKind> = AnswerKind::NAMES
            .iter()
            .filter_map(|name| AnswerKind::named(name))
            .collect();
        let home = Country::with_code("BR");
        kinds.push(AnswerKind::Phone(home));
        kinds
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn no_figure_is_too_long(text in long_figures()) {
            for kind in all_kinds() {
                for locale in Locale::ALL {
                    let said = Said::text(&text);
                    let _ = (kind.read(&said, context(locale)), kind.doubt(&said, context(locale)));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_a_kind_panic(text in "\\PC{0,30}", digits in "[-+0-9.,/ ]{0,20}") {
            for name in AnswerKind::NAMES {
                let expect = AnswerKind::named(name).unwrap();
                for locale in Locale::ALL {
                    for text in [&text, &digits] {
                        let normal = expect.read(&Said::text(text), context(locale));
                        // The saved form can be read again, unless its mark may mean something else ("1.500").
                        let is_read_again = |normal: &String| {
                            let fraction = normal.split_once('.').map_or(0, |(_, digits)| digits.len());
                            name != "number" || fraction < 3 || fraction > 3 && locale == Locale::En
                        };
                        if let Some(normal) = normal.filter(is_read_again) {
                            let again = expect.read(&Said::text(&normal), context(locale));
                            prop_assert_eq!(again, Some(normal));
                        }
                    }
                }
            }
        }
    }
}
