//! What people did, in `waha-sm history`: teams, agents, notes and ratings.

use serde_json::Value;

use crate::harness::{Redis, TestSetup, binary, chat, eventually};

/// `waha-sm history` with these arguments.
fn history(test: &TestSetup, arguments: &[&str]) -> String {
    let output = binary()
        .arg("history")
        .args(arguments)
        .env("DATA_DIR", test.directory.path().join("data"))
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A customer's conversation that a team had, with the entries that scripts write into the history stream.
fn rated(test: &TestSetup, redis: &Redis) -> String {
    let daemon = test.all(redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    let opened = eventually("the conversation is in the history", || {
        test.history(&["--conversations"]).into_iter().next()
    });
    let (id, at) = (
        opened["id"].as_str().unwrap(),
        opened["opened_at"].as_i64().unwrap(),
    );
    let of_it = format!("conversation {id} chat {}", chat(1));
    for (after, kind, fields) in [
        (
            60_000,
            "handoff",
            format!("{of_it} team sales priority urgent note \"wants \\x1b[31mred\""),
        ),
        (61_000, "moved", format!("{of_it} by owner to first")),
        (65_000, "taken", format!("{of_it} by ana from line")),
        (
            66_000,
            "noted",
            format!("{of_it} by ana text \"pays cash\""),
        ),
        (
            67_000,
            "closed",
            format!("{of_it} by ana outcome solved variables {{}}"),
        ),
        (68_000, "rated", format!("{of_it} rating 4")),
        (
            69_000,
            "line_paused",
            "team sales by owner text \"back at 14:00\"".to_owned(),
        ),
    ] {
        let at = at + after;
        redis.ask(&format!(
            "XADD waha-sm:{{default}}:history * kind {kind} at {at} {fields}"
        ));
    }
    eventually("all is archived", || {
        history(test, &[]).contains("back at 14:00").then_some(())
    });
    id.to_owned()
}

#[test]
fn the_history_shows_what_people_did_and_how_customers_rated_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let id = rated(&test, &redis);
    let number = chat(1);
    let told = history(&test, &["--chat", &number]);
    let done: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split_once(&format!("  {number}  * ")))
        .map(|(_, what)| what)
        .collect();
    assert_eq!(
        done,
        [
            "handed off to team sales, urgent: wants \\u{1b}[31mred",
            "moved to the front by owner",
            "taken by ana from the line",
            "note by ana: pays cash",
            "closed by ana with outcome solved",
            "rated 4",
        ]
    );
    assert!(
        history(&test, &[]).contains(
            "session default  * the line of team sales is paused by owner: back at 14:00"
        )
    );
    assert!(history(&test, &["--search", "cash"]).ends_with("* note by ana: pays cash\n"));
    // A program that reads messages gets only these.
    assert!(
        test.history(&[])
            .iter()
            .all(|one| one["author"].is_string())
    );

    let shown = history(&test, &["--conversations"]);
    assert!(
        shown.contains("  solved  team sales  answered by ana  ")
            && shown.contains("  waited for a person 5s  rated 4"),
        "{shown}"
    );
    let one = &test.history(&["--conversations"])[0];
    assert_eq!(
        (&one["holder"], &one["team"], &one["closed_by"]),
        (&"ana".into(), &"sales".into(), &"ana".into())
    );
    assert_eq!(
        (&one["person_waiting_ms"], &one["requeued"]),
        (&5000.into(), &0.into())
    );
    assert_eq!(
        (&one["events"][2]["kind"], &one["events"][2]["from"]),
        (&"taken".into(), &"line".into())
    );
    let table = history(&test, &["--conversations", "--format", "csv"]);
    assert!(table.contains(",sales,urgent,ana,"), "{table}");

    let daily = history(&test, &["--daily"]);
    assert!(
        daily.contains("for a person 1  waited for a person 5s (median)  teams: sales 1  agents: ana 1  rated 4.0 (mean of 1)"),
        "{daily}"
    );

    let ratings = history(&test, &["--ratings", "--since", "1h"]);
    let lines: Vec<&str> = ratings.lines().collect();
    assert!(
        lines[0].starts_with("RATED") && lines.len() == 3,
        "{ratings}"
    );
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(
        (cells[2], cells[3], cells[4]),
        (number.as_str(), "Ana", "4"),
        "{ratings}"
    );
    assert_eq!(cells[7..], ["ana", "sales", "solved"], "{ratings}");
    assert_eq!(lines[2], "Ratings: 1, mean 4.0");
    let rating: Value = test.history(&["--ratings"]).remove(0);
    assert_eq!(
        (&rating["rating"], &rating["conversation"]),
        (&4.into(), &id.into())
    );
    let table = history(&test, &["--ratings", "--format", "csv"]);
    assert!(
        table.starts_with("rated,session,chat,name,rating,") && table.contains(",Ana,4,"),
        "{table}"
    );
    for none in [&["--outcome", "lost"][..], &["--until", "2020-01-01"]] {
        let none = history(&test, &[&["--ratings"], none].concat());
        assert_eq!(none, "There are no ratings.\n");
    }
}
