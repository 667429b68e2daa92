//! Reports: times of the bot and of people, lost customers, and the hours and days of the shop's time zone.

use jiff::tz::{TimeZone, offset};

use super::rig::*;
use crate::history::*;

/// 2026-11-21, midnight in Brazil.
const MIDNIGHT: i64 = 1_795_230_000_000;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

fn brazil() -> TimeZone {
    TimeZone::fixed(offset(-3))
}

fn report(rig: &Rig, query: &Query) -> Report {
    let history = History::open_read_only(&rig.path).unwrap();
    history.report(query, &brazil()).unwrap()
}

/// A kind, how many seconds after the conversation was opened, and more fields.
type Step<'a> = (&'a str, i64, &'a [(&'static str, &'a str)]);

fn conversation(rig: &mut Rig, id: &str, opened: i64, steps: &[Step<'_>]) {
    let mut all = vec![step("opened", id, opened, &[])];
    all.extend(
        steps
            .iter()
            .map(|(kind, after, more)| step(kind, id, opened + after * SECOND, more)),
    );
    rig.append(&all);
}

fn seconds(spread: &Spread) -> (u64, Option<f64>, Option<f64>) {
    let seconds = |length: std::time::Duration| length.as_secs_f64().round();
    (
        spread.count,
        spread.p50.map(seconds),
        spread.p90.map(seconds),
    )
}

fn day_of_a_shop() -> Rig {
    let mut rig = Rig::new();
    let ana = &[("by", "ana"), ("from", "line")][..];
    conversation(
        &mut rig,
        "bot",
        MIDNIGHT + 9 * HOUR,
        &[
            ("claimed", 10, &[("process", "p")]),
            ("closed", 40, &[("outcome", "booked")]),
            ("rated", 50, &[("rating", "5")]),
        ],
    );
    conversation(
        &mut rig,
        "person",
        MIDNIGHT + 9 * HOUR + SECOND,
        &[
            ("claimed", 20, &[("process", "p")]),
            ("handoff", 50, &[("team", "money")]),
            ("taken", 80, ana),
            ("closed", 100, &[("outcome", "paid"), ("by", "ana")]),
            ("rated", 150, &[("rating", "2")]),
        ],
    );
    conversation(
        &mut rig,
        "left",
        MIDNIGHT + 23 * HOUR,
        &[("closed", 60, &[("outcome", "left")])],
    );
    // Nobody took it before it ended.
    conversation(
        &mut rig,
        "lost",
        MIDNIGHT + 24 * HOUR,
        &[
            ("claimed", 1, &[("process", "p")]),
            ("handoff", 5, &[]),
            ("closed", 65, &[("outcome", "silence")]),
        ],
    );
    // Nobody came, and the bot continued.
    conversation(
        &mut rig,
        "nobody",
        MIDNIGHT + 72 * HOUR,
        &[
            ("claimed", 1, &[("process", "p")]),
            ("handoff", 5, &[]),
            ("nobody_came", 45, &[]),
            ("closed", 65, &[("outcome", "booked")]),
        ],
    );
    conversation(&mut rig, "open", MIDNIGHT + 72 * HOUR, &[]);
    rig
}

#[test]
fn the_bot_and_people_are_measured_apart_and_lost_customers_counted() {
    let all = report(&day_of_a_shop(), &Query::default()).all;
    assert_eq!((all.conversations, all.closed, all.handed_off), (6, 5, 3));
    assert_eq!(all.abandoned, 2);
    assert_eq!((all.ratings, all.rating_mean), (2, Some(3.5)));
    assert_eq!(seconds(&all.waiting), (5, Some(10.0), Some(60.0)));
    assert_eq!(seconds(&all.person_waiting), (3, Some(40.0), Some(60.0)));
    // 30 s until it was closed, 30 s until the handoff, twice 4 s.
    assert_eq!(seconds(&all.by_bot), (4, Some(4.0), Some(30.0)));
    assert_eq!(seconds(&all.by_people), (1, Some(20.0), Some(20.0)));
}

#[test]
fn hours_and_days_are_those_of_the_zone() {
    let read = report(&day_of_a_shop(), &Query::default());
    let days: Vec<(&str, u64)> = read
        .days
        .iter()
        .map(|day| (&*day.name, day.conversations))
        .collect();
    assert_eq!(
        days,
        [
            ("2026-11-21", 3),
            ("2026-11-22", 1),
            ("2026-11-23", 0),
            ("2026-11-24", 2)
        ]
    );
    assert_eq!(read.hours.len(), 24);
    let busy: Vec<(&str, u64)> = read
        .hours
        .iter()
        .filter(|hour| hour.conversations > 0)
        .map(|hour| (&*hour.name, hour.conversations))
        .collect();
    assert_eq!(busy, [("00", 3), ("09", 2), ("23", 1)]);
    assert_eq!(read.outcomes["booked"], 2);
}

#[test]
fn a_report_has_the_conversations_that_began_in_its_period() {
    let rig = day_of_a_shop();
    let until = Query {
        since: Some(ms(MIDNIGHT + 10 * HOUR)),
        until: Some(ms(MIDNIGHT + 72 * HOUR)),
        ..Query::default()
    };
    let read = report(&rig, &until);
    assert_eq!((read.all.conversations, read.all.abandoned), (2, 2));
    let none = report(
        &rig,
        &Query {
            session: Some("other".to_owned()),
            ..Query::default()
        },
    );
    assert_eq!((none.all.conversations, none.days.len()), (0, 0));
    assert_eq!(seconds(&none.all.waiting), (0, None, None));
}

#[test]
fn a_report_is_a_table_too() {
    let read = report(&day_of_a_shop(), &Query::default());
    let mut out = Vec::new();
    let mut table = CsvTable::new::<ReportRow>(&mut out, brazil(), CsvReader::Program).unwrap();
    for row in read.rows() {
        table.write(row).unwrap();
    }
    table.flush().unwrap();
    drop(table);
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 1 + 24 + 4);
    assert!(
        lines[0].starts_with("by,period,conversations,closed,abandoned,"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("all,,6,5,2,3,"), "{}", lines[1]);
    assert!(
        lines[26].starts_with("day,2026-11-21,3,3,1,1,"),
        "{}",
        lines[26]
    );
}
