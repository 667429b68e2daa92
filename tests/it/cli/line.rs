//! The line on the command line: who waits for whom, who is attended by whom, once and live.

use std::io::Read as _;
use std::process::{Output, Stdio};
use std::sync::mpsc;

use serde_json::Value;

use crate::harness::{
    Daemon, PATIENCE, Redis, SESSION, TestSetup, binary, chat, eventually, send_signal, terminal,
};
use crate::webhook::{message, message_with, new_message_id};

const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[step.ask]
ask = "hello"
save = "subject"
next = "person"
[step.person]
handoff = "somebody will come"
"#;

fn line(redis: &Redis, arguments: &[&str]) -> Output {
    binary()
        .arg("line")
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn rows(redis: &Redis, arguments: &[&str]) -> Vec<Value> {
    let output = line(redis, &[&["--format", "jsonl"], arguments].concat());
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn start(test: &TestSetup, redis: &Redis) -> Daemon {
    test.all(redis)
        .set("FLOW_FILE", test.flow(FLOW))
        .set("WORKERS", "1")
        .start()
}

fn owner_writes(daemon: &Daemon, chat: &str, text: &str) {
    let message_id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    daemon.posts(&event);
}

/// The first customer waits for a person, the second is at a question of the bot, the third waits for the bot, and the owner
/// writes to the fourth.
#[track_caller]
fn fill(test: &TestSetup, daemon: &Daemon) {
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    daemon.customer_writes(&chat(1), "a cake");
    test.texts(&chat(1), 2);
    daemon.customer_writes(&chat(1), "with\nnuts");
    daemon.customer_writes(&chat(2), "good morning");
    test.texts(&chat(2), 1);
    let odd = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}";
    daemon.posts(&message(SESSION, &chat(3), &format!("Bia{odd}"), odd));
    owner_writes(daemon, &chat(4), "hello");
}

/// The words of a line of the table, without the spaces between them.
fn cells(text: &str, holds: &str) -> Vec<String> {
    let line = text.lines().find(|line| line.contains(holds));
    let line = line.unwrap_or_else(|| panic!("no {holds:?} in {text}"));
    let cells = line.split("  ").map(str::trim);
    cells
        .filter(|cell| !cell.is_empty())
        .map(str::to_owned)
        .collect()
}

fn digits(n: usize) -> String {
    chat(n).replace("@c.us", "")
}

#[test]
fn the_line_shows_who_waits_for_whom_and_who_is_attended_by_whom() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    assert_eq!(
        stdout(&line(&redis, &[])),
        "Nobody waits, and nobody is attended.\n"
    );
    fill(&test, &daemon);
    let text = eventually("all four are there", || {
        let text = stdout(&line(&redis, &[]));
        (text.contains("phone") && text.contains("bot, at ask")).then_some(text)
    });
    for title in [
        "Session default",
        "Waits for a person: 1",
        "Waits for the bot: 1",
        "Is attended: 2",
    ] {
        assert!(text.lines().any(|line| line == title), "{title}: {text}");
    }
    let person = cells(&text, &digits(1));
    assert_eq!(
        (person[0].as_str(), person[2].as_str()),
        ("1", "1"),
        "{text}"
    );
    assert_eq!(
        person[3..],
        [digits(1).as_str(), "Ana", "with nuts"],
        "{text}"
    );
    let bot = cells(&text, &digits(2));
    assert_eq!(bot[0], "bot, at ask", "{text}");
    assert_eq!(
        bot[2..],
        [digits(2).as_str(), "Ana", "good morning"],
        "{text}"
    );
    assert_eq!(cells(&text, &digits(4))[0], "phone", "{text}");
    assert!(
        cells(&text, &digits(3))[5].contains("\\u{1b}[31mred"),
        "{text}"
    );
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");

    let rows = rows(&redis, &[]);
    let of = |n: usize| rows.iter().find(|row| row["chat"] == chat(n)).unwrap();
    assert_eq!(rows.len(), 4);
    for (n, status, place, step) in [
        (1, "handoff", Some(1), Some("person")),
        (2, "active", None, Some("ask")),
        (3, "waiting", Some(1), None),
        (4, "phone", None, None),
    ] {
        let row = of(n);
        assert_eq!(row["status"], status, "{row}");
        assert_eq!(row["place"].as_u64(), place, "{row}");
        assert_eq!(row["step"].as_str(), step, "{row}");
        assert_eq!(row["session"], SESSION, "{row}");
    }
    assert!(of(2)["process"].is_string() && of(1)["process"].is_null());
    assert_eq!(of(1)["last"], "with nuts");
    assert!(of(1)["since"].as_i64() > Some(1_700_000_000_000));
}

/// The first word decides the team: each has its own line, and the urgent ones stand first.
const TEAMS: &str = r#"
name = "test"
locale = "en"
start = "ask"
[team.sales]
[team.support]
[step.ask]
ask = "hello"
options = { "buy" = "sales", "broken" = "broken", "help" = "help" }
[step.sales]
handoff = "sales will come"
team = "sales"
[step.help]
handoff = "support will come"
team = "support"
[step.broken]
handoff = "support will come soon"
team = "support"
priority = "urgent"
"#;

#[test]
fn each_team_has_its_own_section_and_can_be_looked_at_alone() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(TEAMS))
        .set("WORKERS", "9")
        .start();
    for (n, word) in [(1, "buy"), (2, "help"), (3, "broken")] {
        daemon.customer_writes(&chat(n), "hi");
        test.texts(&chat(n), 1);
        daemon.customer_writes(&chat(n), word);
        test.texts(&chat(n), 2);
    }
    daemon.customer_writes(&chat(4), "hi");
    test.texts(&chat(4), 1);
    let text = stdout(&line(&redis, &[]));
    let titles: Vec<&str> = text.lines().filter(|line| line.contains(": ")).collect();
    assert_eq!(
        titles,
        [
            "Waits for a person (sales): 1",
            "Waits for a person (support): 2",
            "Is attended: 1"
        ]
    );
    assert_eq!(cells(&text, &digits(3))[0], "1 urgent", "{text}");
    assert_eq!(cells(&text, &digits(2))[0], "2", "{text}");

    let of_support = rows(&redis, &["--team", "support"]);
    let chats: Vec<_> = of_support.iter().map(|row| &row["chat"]).collect();
    assert_eq!(chats, [&chat(3), &chat(2)]);
    assert_eq!(of_support[0]["urgent"], true);
    assert_eq!(of_support[0]["team"], "support");
    assert_eq!(rows(&redis, &["--team", "nobody"]), [Value::Null; 0]);
}

#[test]
fn a_long_line_shows_its_head_and_says_how_many_follow() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    for n in 1..=53 {
        daemon.customer_writes(&chat(n), "hi");
    }
    let text = eventually("one of them has the worker", || {
        let text = stdout(&line(&redis, &[]));
        text.contains("Waits for the bot: 52").then_some(text)
    });
    assert!(text.contains("... and 2 more"), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.contains("55119")).count(),
        51
    );
    let rows = rows(&redis, &[]);
    let waiting: Vec<_> = rows
        .iter()
        .filter(|row| row["status"] == "waiting")
        .collect();
    assert_eq!(waiting.len(), 50);
    let places: Vec<u64> = waiting
        .iter()
        .map(|row| row["place"].as_u64().unwrap())
        .collect();
    assert_eq!(places, (1..=50).collect::<Vec<_>>());
    assert!(waiting.iter().all(|row| row["count"] == 52));
}

#[test]
fn who_looks_counts_as_present_and_must_be_an_agent() {
    let redis = Redis::start();
    let output = line(&redis, &["--as", "ana"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("there is no agent `ana`"), "{text}");
    assert!(redis.ask("EXISTS waha-sm:agents-seen") == ":0");
    stdout(&line(&redis, &["--as", "owner"]));
    assert_eq!(redis.number("ZCARD waha-sm:agents-seen"), 1);

    let output = line(&redis, &["--session", "shop"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("there is no session `shop`"), "{text}");
    let output = line(&redis, &["--watch", "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(64));
}

/// What a program writes on its terminal, piece by piece.
struct Screen {
    pieces: mpsc::Receiver<String>,
    text: String,
}

impl Screen {
    #[track_caller]
    fn wait_for(&mut self, words: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !self.text.contains(words) {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.text.push_str(&piece),
                Err(_) => panic!("no {words:?} on the screen: {:?}", self.text),
            }
        }
    }
}

#[test]
fn the_live_line_changes_on_the_screen_and_leaves_it_as_it_was() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let (mut person, program) = terminal();
    let mut child = binary()
        .args(["line", "--watch", "--as", "owner"])
        .env("REDIS_URL", redis.url())
        .stdin(Stdio::null())
        .stdout(Stdio::from(program))
        .spawn()
        .unwrap();
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // It ends with an error once the program is gone.
        while let Ok(length @ 1..) = person.read(&mut buffer) {
            let piece = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let _ = sender.send(piece);
        }
    });
    let mut screen = Screen {
        pieces,
        text: String::new(),
    };
    screen.wait_for("\u{1b}[?1049h");
    screen.wait_for("Nobody waits");
    fill(&test, &daemon);
    screen.wait_for("Waits for a person: 1");
    screen.wait_for("bot, at ask");
    // No line is wider than the terminal, and only what draws the page controls it.
    let drawing = ["[?1049h", "[?25l", "[H", "[K", "[J"];
    for part in screen.text.split('\u{1b}').skip(1) {
        assert!(drawing.iter().any(|one| part.starts_with(one)), "{part:?}");
    }
    assert!(redis.number("ZCARD waha-sm:agents-seen") == 1);

    screen.text.clear();
    send_signal(child.id(), "-INT");
    screen.wait_for("\u{1b}[?1049l");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_live_line_survives_a_restart_of_redis() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let _daemon = start(&test, &redis);
    let mut child = binary()
        .args(["line", "--watch"])
        .env("REDIS_URL", redis.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = out.read(&mut buffer) {
            let piece = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let _ = sender.send(piece);
        }
    });
    let mut screen = Screen {
        pieces,
        text: String::new(),
    };
    screen.wait_for("Nobody waits");
    redis.kill();
    screen.wait_for("Trying again.");
    screen.text.clear();
    redis.start_again();
    screen.wait_for("Nobody waits");
    assert!(!screen.text.contains('\u{1b}'), "{:?}", screen.text);
    send_signal(child.id(), "-TERM");
    assert!(child.wait().unwrap().success());
}
