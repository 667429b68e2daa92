//! The reports: how long customers waited and were served, and how many were lost; as charts, and the same as tables.

use std::collections::BTreeMap;

use jiff::civil::Date;
use maud::{Markup, html};

use super::chart::{Chart, ChartBar, ChartUnit};
use super::lengths::short;
use crate::console::records::{AskedReport, PERIODS};
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, HistoryTexts, ReportTexts, fill};
use crate::console::who::Who;
use crate::history::{Report, ReportRow, Spread};
use crate::ids::SessionName;

/// What the page of the reports is written for.
pub(in crate::console) struct ReportsPage<'a> {
    pub(in crate::console) who: &'a Who,
    pub(in crate::console) prefix: &'a str,
    pub(in crate::console) request: &'a Request,
    /// The sessions to choose from.
    pub(in crate::console) sessions: &'a [SessionName],
    pub(in crate::console) asked: &'a AskedReport,
}

/// A time that is measured: its name, and where a row has it.
type Measured = (&'static str, &'static str, fn(&ReportRow) -> &Spread);

impl ReportsPage<'_> {
    pub(in crate::console) fn html(&self, report: &Report) -> Markup {
        let texts = self.texts();
        let is_empty = report.all.conversations == 0;
        let query = self.request.query_without(&[]);
        html! {
            div.bar {
                h1 { (CommonTexts::of(self.who.language).reports) }
                @if !is_empty {
                    a.button.plain href={ (self.prefix) "/reports/report.csv" (query) } download { (texts.csv) }
                }
            }
            (self.form())
            @if is_empty { p.empty { (texts.none) } }
            @else {
                (self.totals(report))
                h2 { (texts.by_hour) }
                (self.charts("hour", &report.hours))
                h2 { (texts.by_day) }
                (self.charts("day", &report.days))
                (self.table(texts.by_day, texts.day, report.days.iter().rev(), Some(&report.all)))
                (self.table(texts.by_hour, texts.hour, report.hours.iter(), None))
                p.quiet { (fill(texts.zone, &[self.asked.zone.iana_name().unwrap_or("UTC")])) }
            }
        }
    }

    fn texts(&self) -> &'static ReportTexts {
        ReportTexts::of(self.who.language)
    }

    fn measured(&self) -> [Measured; 4] {
        let texts = self.texts();
        [
            ("waiting", texts.waiting, |row| &row.waiting),
            ("person", texts.person_waiting, |row| &row.person_waiting),
            ("bot", texts.by_bot, |row| &row.by_bot),
            ("people", texts.by_people, |row| &row.by_people),
        ]
    }

    fn form(&self) -> Markup {
        let (texts, common) = (self.texts(), CommonTexts::of(self.who.language));
        let history = HistoryTexts::of(self.who.language);
        let session = self.request.query("session").unwrap_or_default();
        let (since, until) = self.asked.dates();
        let link = |days: i32| {
            let days = days.to_string();
            let session = ("session", session);
            let fields = [("days", days.as_str()), session].into_iter();
            let fields = fields.filter(|(_, value)| !value.is_empty());
            format!(
                "{}/reports{}",
                self.prefix,
                crate::console::request::query_string(fields)
            )
        };
        let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        html! {
            div.period {
                nav.files aria-label=(texts.period) {
                    @for days in PERIODS {
                        a.button.plain href=(link(days)) aria-current=[(self.asked.days == Some(days)).then_some("true")] {
                            (fill(texts.days, &[&days.to_string()]))
                        }
                    }
                }
                form.filters action={ (self.prefix) "/reports" } {
                    label { span { (history.since) } input name="since" type="date" value=(date(since)); }
                    label { span { (history.until) } input name="until" type="date" value=(date(until)); }
                    @if self.sessions.len() > 1 {
                        label { span { (common.session) }
                            select name="session" {
                                option value="" { (common.all_sessions) }
                                @for one in self.sessions { option selected[one.as_str() == session] { (one) } }
                            } }
                    }
                    button.plain { (texts.show) }
                }
            }
        }
    }

    /// The whole period in a few numbers.
    fn totals(&self, report: &Report) -> Markup {
        let texts = self.texts();
        let all = &report.all;
        let share = 100 * all.abandoned / all.conversations.max(1);
        html! {
            dl.totals {
                div { dt { (texts.conversations) } dd { (all.conversations) } dd.quiet { (texts.handed_off) ": " (all.handed_off) } }
                div { dt title=(texts.abandoned_long) { (texts.abandoned) } dd { (all.abandoned) } dd.quiet { (share) " %" } }
                @for (_, name, of) in self.measured() {
                    @let spread = of(all);
                    @if let (Some(p50), Some(p90)) = (spread.p50, spread.p90) {
                        div { dt { (name) } dd { (short(p50)) } dd.quiet { (fill(texts.up_to, &[&short(p90)])) } }
                    }
                }
                @if let Some(mean) = all.rating_mean {
                    div { dt { (texts.rating) } dd { (format!("{mean:.1}")) } dd.quiet { (fill(texts.ratings, &[&all.ratings.to_string()])) } }
                }
            }
            (self.outcomes(&report.outcomes))
        }
    }

    fn outcomes(&self, outcomes: &BTreeMap<String, u64>) -> Markup {
        let mut sorted: Vec<(&String, &u64)> = outcomes.iter().collect();
        sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), name.as_str()));
        html! {
            @if !sorted.is_empty() {
                p.outcomes {
                    span.quiet { (self.texts().outcomes) }
                    @for (name, count) in sorted { " " span { bdi { (name) } " " b { (count) } } }
                }
            }
        }
    }

    fn charts(&self, id: &str, rows: &[ReportRow]) -> Markup {
        let texts = self.texts();
        let counts: Vec<ChartBar> = rows
            .iter()
            .map(|row| ChartBar {
                name: short_name(&row.name),
                about: format!(
                    "{}: {} {}, {} {}",
                    row.name,
                    row.conversations,
                    texts.conversations.to_lowercase(),
                    row.abandoned,
                    texts.abandoned.to_lowercase()
                ),
                whole: row.conversations as f64,
                part: row.abandoned as f64,
            })
            .collect();
        html! {
            div.charts {
                (self.chart(&format!("{id}-count"), texts.conversations, (ChartUnit::Count, &counts), rows))
                @for (name, title, of) in self.measured() {
                    @if rows.iter().any(|row| of(row).count > 0) {
                        (self.chart(&format!("{id}-{name}"), title, (ChartUnit::Seconds, &self.lengths(rows, of)), rows))
                    }
                }
            }
        }
    }

    fn lengths(&self, rows: &[ReportRow], of: fn(&ReportRow) -> &Spread) -> Vec<ChartBar> {
        let texts = self.texts();
        let bars = rows.iter().map(|row| {
            let (p50, p90) = (
                of(row).p50.unwrap_or_default(),
                of(row).p90.unwrap_or_default(),
            );
            ChartBar {
                name: short_name(&row.name),
                about: match of(row).count {
                    0 => format!("{}: –", row.name),
                    _ => format!(
                        "{}: {} {}, {} {}",
                        row.name,
                        texts.median,
                        short(p50),
                        texts.nine_of_ten,
                        short(p90)
                    ),
                },
                whole: p90.as_secs_f64(),
                part: p50.as_secs_f64(),
            }
        });
        bars.collect()
    }

    fn chart(
        &self,
        id: &str,
        title: &str,
        (unit, bars): (ChartUnit, &[ChartBar]),
        rows: &[ReportRow],
    ) -> Markup {
        let texts = self.texts();
        let end = |row: Option<&ReportRow>| row.map(|row| row.name.clone()).unwrap_or_default();
        let (first, last) = (end(rows.first()), end(rows.last()));
        let about = fill(texts.chart, &[&bars.len().to_string(), &first, &last]);
        let (whole, part) = match unit {
            ChartUnit::Count => (texts.conversations, texts.abandoned),
            ChartUnit::Seconds => (texts.nine_of_ten, texts.median),
        };
        let chart = Chart {
            id,
            title,
            about: &about,
            unit,
            bars,
        };
        html! {
            figure.sheet.lost[unit == ChartUnit::Count] {
                figcaption {
                    h3 { (title) }
                    span.key.part { (part) } " " span.key.whole { (whole) }
                }
                (chart.svg())
            }
        }
    }

    fn table<'r>(
        &self,
        title: &str,
        first: &str,
        rows: impl Iterator<Item = &'r ReportRow>,
        all: Option<&'r ReportRow>,
    ) -> Markup {
        let texts = self.texts();
        html! {
            div.sheet.scroll role="region" aria-label=(title) tabindex="0" {
                table {
                    caption { (title) }
                    thead {
                        tr {
                            th scope="col" rowspan="2" { (first) }
                            th.figure scope="col" rowspan="2" { (texts.conversations) }
                            th.figure scope="col" rowspan="2" { (texts.abandoned) }
                            th.figure scope="col" rowspan="2" { (texts.handed_off) }
                            @for (_, name, _) in self.measured() { th.figure scope="colgroup" colspan="2" { (name) } }
                            th.figure scope="col" rowspan="2" { (texts.rating) }
                        }
                        tr {
                            @for _ in self.measured() {
                                th.figure scope="col" { "p50" } th.figure scope="col" { "p90" }
                            }
                        }
                    }
                    tbody {
                        @if let Some(row) = all { (self.row(texts.all, row)) }
                        @for row in rows { (self.row(&row.name, row)) }
                    }
                }
            }
        }
    }

    fn row(&self, name: &str, row: &ReportRow) -> Markup {
        html! {
            tr {
                th scope="row" { (name) }
                td.figure { (row.conversations) }
                td.figure { (row.abandoned) }
                td.figure { (row.handed_off) }
                @for (_, _, of) in self.measured() {
                    @for length in [of(row).p50, of(row).p90] {
                        td.figure { @if let Some(length) = length { (short(length)) } }
                    }
                }
                td.figure { @if let Some(mean) = row.rating_mean { (format!("{mean:.1}")) } }
            }
        }
    }
}

/// "21/11" of a day, and an hour as it is.
fn short_name(name: &str) -> String {
    match name.parse::<Date>() {
        Ok(day) => day.strftime("%d/%m").to_string(),
        Err(_) => name.to_owned(),
    }
}
