//! The log as people read it: times, colours and values in plain words.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::harness::{Redis, SECRET, TestSetup, binary, chat, eventually, terminal};

/// Forms that are not for people: Rust's debug forms, and times to the nanosecond.
static UNREADABLE: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r"\{ \w+: ",
        r"\b[A-Z]\w*\(",
        r#"\b\w+\(""#,
        r"\b\d+\.\d\d+(s|ms|m|h)\b",
        r"\d(µs|ns)\b",
    ];
    Regex::new(&forms.join("|")).unwrap()
});

/// A value that looks like the name of an enum variant. WAHA's own words (STOPPED) are all capitals and don't match.
static VARIANT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Z][A-Za-z0-9]*[a-z]\w*$").unwrap());

fn check_value(name: &str, value: &str, line: &str) {
    assert!(!VARIANT.is_match(value), "{name}={value} in {line}");
}

#[test]
fn times_are_local_if_tz_is_set_and_utc_without_it() {
    for format in ["text", "json"] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let time_of = |zone: Option<&str>| {
            let mut setup = test.all(&redis).set("LOG_FORMAT", format);
            if let Some(zone) = zone {
                setup = setup.set("TZ", zone);
            }
            let mut daemon = setup.spawn();
            daemon.wait_for_log("ready");
            daemon.terminate();
            let log = daemon.log();
            let line = log.lines().next().unwrap();
            match serde_json::from_str::<Value>(line) {
                Ok(line) => line["timestamp"].as_str().unwrap().to_owned(),
                Err(_) => line.split(' ').next().unwrap().to_owned(),
            }
        };
        let local = time_of(Some("America/Sao_Paulo"));
        assert!(local.ends_with("-03:00"), "{local}");
        let utc = time_of(None);
        assert!(utc.ends_with('Z'), "{utc}");
        for time in [local, utc] {
            let at: jiff::Timestamp = time.parse().unwrap();
            assert!(
                at.duration_until(jiff::Timestamp::now()).as_secs() < 60,
                "{time}"
            );
        }
    }
}

/// What a daemon writes to a terminal when it warns and then can't start.
fn at_a_terminal(no_color: Option<&str>) -> String {
    let (mut person, program) = terminal();
    let test = TestSetup::new();
    let mut command = binary();
    command
        .arg("all")
        .env("PATH", "/nowhere")
        .env("LISTEN", "127.0.0.1:0")
        .env("DATA_DIR", test.directory.path())
        .env("WEBHOOK_HMAC_SECRET", "short")
        .env("ALLOW_WEAK_SECRET", "yes")
        .envs(no_color.map(|value| ("NO_COLOR", value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(program);
    let mut child = command.spawn().unwrap();
    // It holds the terminal's other end open.
    drop(command);
    let mut shown = Vec::new();
    // Ends with an error once nobody has the other end open.
    let _ = person.read_to_end(&mut shown);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    String::from_utf8(shown).unwrap()
}

#[test]
fn a_terminal_gets_colours_unless_no_color_is_set() {
    for (no_color, coloured) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let shown = at_a_terminal(no_color);
        assert!(shown.contains("can be guessed"), "{shown}");
        assert_eq!(
            shown.contains('\u{1b}'),
            coloured,
            "{no_color:?}: {shown:?}"
        );
    }
}

#[test]
fn a_whole_run_with_its_problems_is_logged_in_plain_words() {
    for format in ["text", "json"] {
        let (test, mut redis) = (TestSetup::new(), Redis::start());
        let setup = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            // Nobody listens there.
            .set("WAHA_URL", "http://127.0.0.1:1")
            .set("CATCH_UP_INTERVAL", "1s")
            .set("LOG_FORMAT", format);
        let mut daemon = setup.spawn();
        daemon.wait_for_log("ready");
        daemon.customer_writes(&chat(1), "hello");
        daemon.wait_for_log("a reply was not sent");
        daemon.wait_for_log("could not look for messages whose webhooks were lost");
        redis.kill();
        daemon.wait_for_log("lost the connection to Redis");
        redis.start_again();
        daemon.wait_for_log("connected to Redis again");
        eventually("messages are accepted again", || {
            let event = crate::webhook::message(crate::harness::SESSION, &chat(1), "Ana", "again");
            (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
        });
        assert_eq!(daemon.terminate().0.code(), Some(0));
        let log = daemon.log();
        assert!(log.contains("stopped") && !log.contains(SECRET));
        assert!(!log.contains('\u{1b}'), "no colours in a file: {log}");
        let (mut roles, mut retries) = (0, 0);
        for line in log.lines() {
            assert!(!UNREADABLE.is_match(line), "{line}");
            let mut see = |name: &str, value: &str| {
                check_value(name, value, line);
                roles += usize::from((name, value) == ("role", "all"));
                retries += usize::from(name == "retry_in");
            };
            match format {
                "json" => {
                    let line: Value = serde_json::from_str(line).unwrap();
                    for (name, value) in line.as_object().unwrap() {
                        see(name, value.as_str().unwrap_or_default());
                    }
                }
                _ => {
                    for (name, value) in line.split(' ').filter_map(|word| word.split_once('=')) {
                        see(name, value);
                    }
                }
            }
        }
        assert_eq!(roles, 1, "{log}");
        assert!(retries > 1, "{log}");
    }
}
