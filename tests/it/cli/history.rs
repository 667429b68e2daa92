//! `waha-sm history`, as its user types it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::harness::{Redis, SESSION, TestSetup, binary, chat, eventually, terminal};
use crate::webhook::{message_with, new_message_id};

/// A menu that books, or waits for a person.
const FLOW: &str = r#"
start = "menu"
locale = "en"
[step.menu]
ask = "1 or 2?"
save = "choice"
options = { "1" = "booked", "2" = "person" }
[step.booked]
say = "Booked."
end = "booked"
[step.person]
handoff = "Somebody will write to you."
"#;

fn history(test: &TestSetup, arguments: &[&str]) -> Output {
    binary()
        .arg("history")
        .args(arguments)
        .env("DATA_DIR", test.directory.path().join("data"))
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Waits until the history's conversations, in the order in which they were opened, are described with these words.
#[track_caller]
fn conversations_are(test: &TestSetup, words: &[&str]) {
    let mut last = String::new();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually("the conversations are where they should be", || {
            last = stdout(&history(test, &["--conversations"]));
            let lines: Vec<&str> = last.lines().collect();
            let fit = |(line, words): (&&str, &&str)| {
                format!("{line}  ").contains(&format!("  {words}  "))
            };
            (lines.len() == words.len() && lines.iter().zip(words).all(fit)).then_some(())
        });
    }));
    assert!(found.is_ok(), "{words:?} in:\n{last}");
}

#[test]
fn conversations_say_who_waits_for_a_person_who_is_with_the_phone_and_what_a_restart_left() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let mut daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(FLOW))
        .set("WORKERS", "1")
        .start();
    for customer in 1..=2 {
        daemon.customer_writes(&chat(customer), "hi");
        test.texts(&chat(customer), 1);
        daemon.customer_writes(&chat(customer), "2");
        test.texts(&chat(customer), 2);
    }
    let message_id = new_message_id();
    let mut own = message_with(
        "message.any",
        SESSION,
        &chat(2),
        "Shop",
        "I'm here",
        &message_id,
    );
    own["payload"]["id"] = format!("true_{}_{message_id}", chat(2)).into();
    own["payload"]["fromMe"] = true.into();
    daemon.posts(&own);
    daemon.customer_writes(&chat(3), "hi");
    test.texts(&chat(3), 1);
    conversations_are(
        &test,
        &[
            "waiting for a person",
            "answered from the phone",
            "active now",
        ],
    );
    // A restart puts back the customer whom the worker had. Without workers nobody takes them from there.
    daemon.terminate();
    let serve = test
        .setup("serve")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", test.flow(FLOW))
        .start();
    serve.customer_writes(&chat(4), "hi");
    conversations_are(
        &test,
        &[
            "waiting for a person",
            "answered from the phone",
            "back in line",
            "waiting",
        ],
    );
    let statuses: Vec<Value> = test.history(&["--conversations"]);
    let statuses: Vec<&str> = statuses
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["handoff", "phone", "waiting", "waiting"]);
}

#[test]
fn a_period_the_last_messages_and_an_outcome_limit_what_is_printed() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(FLOW)).start();
    for (customer, choice) in [(1, "1"), (2, "2")] {
        daemon.customer_writes(&chat(customer), "hi");
        test.texts(&chat(customer), 1);
        daemon.customer_writes(&chat(customer), choice);
        test.texts(&chat(customer), 2);
    }
    eventually("all is archived", || {
        let closed = test
            .history(&["--conversations", "--outcome", "booked"])
            .len();
        (test.history(&[]).len() == 8 && closed == 1).then_some(())
    });
    let texts = |arguments: &[&str]| -> Vec<String> {
        let messages = test.history(arguments);
        messages
            .iter()
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts(&["--last", "1"]), ["Somebody will write to you."]);
    let mut booked = texts(&["--outcome", "booked"]);
    booked.sort();
    assert_eq!(booked, ["1", "1 or 2?", "Booked.", "hi"]);
    assert_eq!(texts(&["--until", "2020-01-01"]).len(), 0);
    assert_eq!(texts(&["--since", "1h", "--until", "2099-01-01"]).len(), 8);
    assert_eq!(
        test.history(&["--conversations", "--outcome", "lost"])
            .len(),
        0
    );
    let number = chat(1).replace("@c.us", "");
    let pretty = format!(
        "+{} {} {}-{}",
        &number[..2],
        &number[2..4],
        &number[4..9],
        &number[9..]
    );
    let words: Vec<&str> = pretty.split(' ').collect();
    let unquoted = [&["--chat"], &words[..], &["--last", "1"]].concat();
    assert_eq!(texts(&unquoted), ["Booked."]);
    assert_eq!(texts(&["--chat", &pretty]).len(), 4);

    let unknown = history(&test, &["--chat", "+55 11 91111-1111"]);
    assert_eq!(
        (unknown.status.code(), stdout(&unknown).as_str()),
        (Some(1), "")
    );
    assert!(
        stderr(&unknown).contains("the history has no chat 5511911111111"),
        "{}",
        stderr(&unknown)
    );
    let unknown = history(&test, &["--session", "shop"]);
    assert_eq!(unknown.status.code(), Some(1));
    let words = format!("no session `shop`: it has {SESSION}");
    assert!(stderr(&unknown).contains(&words), "{}", stderr(&unknown));
    for (arguments, words) in [
        (&["--chat", "Ana"][..], "--chat: `Ana` is not a chat"),
        (&["--until", "soon"], "--until: `soon` is not a time"),
        (
            &["--since", "1h", "--until", "2h"],
            "--until: it is before --since",
        ),
        (&["--last", "0"], "0 is not in"),
        (&["--follow", "--daily"], "cannot be used with"),
    ] {
        let wrong = history(&test, arguments);
        assert_eq!(wrong.status.code(), Some(64), "{arguments:?}");
        assert!(stderr(&wrong).contains(words), "{}", stderr(&wrong));
    }
}

#[test]
fn a_table_for_a_spreadsheet_has_no_formulas_and_each_day_has_its_sum() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(FLOW)).start();
    let evil = "=HYPERLINK(\"http://evil.example\",\"click\")\nand, more";
    daemon.customer_writes(&chat(1), evil);
    test.texts(&chat(1), 1);
    daemon.customer_writes(&chat(1), "1");
    test.texts(&chat(1), 2);
    eventually("all is archived", || {
        let closed = test
            .history(&["--conversations", "--outcome", "booked"])
            .len();
        (test.history(&[]).len() == 4 && closed == 1).then_some(())
    });
    let table = stdout(&history(&test, &["--format", "csv"]));
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert!(
        lines[0].starts_with("time,session,chat,name,direction,author,kind,text,"),
        "{table}"
    );
    assert!(
        table.contains("\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"click\"\")\nand, more\""),
        "{table}"
    );
    let conversations = stdout(&history(&test, &["--conversations", "--format", "csv"]));
    let row = conversations.split("\r\n").nth(1).unwrap();
    assert!(
        row.contains(",closed,booked,") && row.contains("\"{\"\"choice\"\":\"\"1\"\","),
        "{row}"
    );

    let daily = stdout(&history(&test, &["--daily"]));
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let sum = format!("{today}  conversations 1  customers 1  received 2  sent 2  ");
    assert!(
        daily.contains(&sum) && daily.trim_end().ends_with("outcomes: booked 1"),
        "{daily}"
    );
    let daily = stdout(&history(&test, &["--daily", "--format", "csv"]));
    assert!(
        daily.starts_with("day,conversations,customers,received,sent,"),
        "{daily}"
    );
    let day = &test.history(&["--daily"])[0];
    assert_eq!(
        (&day["received"], &day["outcomes"]["booked"]),
        (&2.into(), &1.into()),
        "{day}"
    );
}

#[test]
fn a_csv_file_has_every_character_and_a_terminal_shows_what_hides() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let said = "\u{200f}שרה\u{202e}\u{61c} ok";
    daemon.customer_writes(&chat(1), said);
    eventually("the message is archived", || {
        (test.history(&[]).len() == 2).then_some(())
    });
    let table = stdout(&history(&test, &["--format", "csv"]));
    assert!(table.contains(said), "{table}");
    assert_eq!(test.history(&[])[0]["text"], said);

    let (mut person, program) = terminal();
    let mut command = binary();
    command
        .args(["history", "--format", "csv"])
        .env("DATA_DIR", test.directory.path().join("data"))
        .stdout(program);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut shown = Vec::new();
    // Ends with an error once nobody has the other end open.
    let _ = person.read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.contains("\\u{200f}שרה\\u{202e}\\u{61c} ok"),
        "{shown}"
    );
}

#[test]
fn following_prints_each_new_message_as_it_comes() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "first");
    eventually("the first messages are archived", || {
        (test.history(&[]).len() == 2).then_some(())
    });
    let mut follower = binary()
        .args(["history", "--follow", "--last", "1"])
        .env("DATA_DIR", test.directory.path().join("data"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let last = next();
    assert!(last.contains("← first"), "{last}");
    for text in ["second", "third"] {
        daemon.customer_writes(&chat(1), text);
        let (one, other) = (next(), next());
        assert!(one.contains(text) && other.contains(text), "{one}\n{other}");
        assert!(one.contains('→') != other.contains('→'), "{one}\n{other}");
    }
    follower.kill().unwrap();
    follower.wait().unwrap();
}
