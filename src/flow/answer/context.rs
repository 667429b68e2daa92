//! The context that the meaning of an answer depends on: "tomorrow", "1.500".

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::Millis;
use crate::flow::words::locale::Locale;

/// The customer's language, time zone and time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerContext<'s> {
    pub(crate) locale: Locale,
    pub(crate) timezone: &'s TimeZone,
    pub(crate) now: Millis,
}

impl AnswerContext<'_> {
    pub(crate) fn today(&self) -> Date {
        let now = Timestamp::from_millisecond(self.now.as_i64()).unwrap_or(Timestamp::MAX);
        self.timezone.to_datetime(now).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_the_date_where_the_customer_is() {
        let sao_paulo = jiff::tz::TimeZoneDatabase::bundled().get("America/Sao_Paulo");
        let timezone = &sao_paulo.unwrap();
        for (now, today) in [
            (1_773_100_800_000, "2026-03-09"),
            (1_773_111_600_000, "2026-03-10"),
            (i64::MAX, "9999-12-30"),
        ] {
            let locale = Locale::PtBr;
            let context = AnswerContext {
                locale,
                timezone,
                now: Millis::new(now),
            };
            assert_eq!(context.today().to_string(), today);
        }
    }
}
