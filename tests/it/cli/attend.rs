//! People attend customers from the command line: take, say, note, give, close; and the owner steers the line: move, pause.

use std::process::{Output, Stdio};

use serde_json::Value;

use crate::harness::{Daemon, Redis, TestSetup, binary, chat, eventually};

const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "1h"
[team.sales]
[team.support]
[step.ask]
ask = "hello, what do you need?"
options = { "buy" = "sales", "help" = "help", "size" = "size" }
[step.sales]
handoff = "sales will come"
team = "sales"
[step.help]
handoff = "support will come"
team = "support"
[step.size]
ask = "which size?"
save = "size"
next = "sales"
"#;

/// A shop with its daemon, and commands that people type.
struct Shop {
    test: TestSetup,
    redis: Redis,
    daemon: Daemon,
    flow: String,
}

impl Shop {
    fn open() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let flow = test.flow(FLOW);
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", &flow)
            .set("WORKERS", "1")
            .start();
        let shop = Self {
            test,
            redis,
            daemon,
            flow,
        };
        shop.does("agent add ana --team sales");
        shop.does("agent add bia --max-chats 1");
        shop
    }

    /// `waha-sm` with these words; `_` stands for a space inside a word.
    fn run(&self, command: &str) -> Output {
        binary()
            .args(command.split(' ').map(|word| word.replace('_', " ")))
            .env("REDIS_URL", self.redis.url())
            .env("FLOW_FILE", &self.flow)
            .env("DATA_DIR", self.test.directory.path().join("data"))
            .output()
            .unwrap()
    }

    /// What the command prints, which must work.
    #[track_caller]
    fn does(&self, command: &str) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Why the command is refused.
    #[track_caller]
    fn refuses(&self, command: &str) -> String {
        let output = self.run(command);
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        assert!(output.stdout.is_empty(), "{command}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    #[track_caller]
    fn shows(&self, n: usize) -> Value {
        let text = self.does(&format!("show {} --format jsonl", number(n)));
        serde_json::from_str(&text).unwrap()
    }

    /// A customer comes and waits for a person of the team that `word` leads to.
    #[track_caller]
    fn waits(&self, n: usize, word: &str) {
        self.daemon.customer_writes(&chat(n), "hi");
        let before = self.test.texts(&chat(n), 1).len();
        self.daemon.customer_writes(&chat(n), word);
        self.test.texts(&chat(n), before + 1);
        assert_eq!(self.shows(n)["status"], "handoff");
    }

    /// The texts of the history about a customer.
    fn said(&self, n: usize) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = self.test.history(&["--chat", &chat(n)]);
        found
            .iter()
            .map(|one| (text(&one["author"]), text(&one["text"])))
            .collect()
    }
}

fn number(n: usize) -> String {
    chat(n).replace("@c.us", "")
}

#[test]
fn an_agent_takes_the_next_customer_answers_notes_and_closes() {
    let shop = Shop::open();
    let (one, two) = (number(1), number(2));
    assert!(
        shop.refuses("take --as ana")
            .contains("nobody waits in the lines of ana")
    );
    shop.waits(1, "help");
    shop.waits(2, "buy");
    assert_eq!(
        shop.does("take --as ana"),
        format!("ana has Ana ({two}) of session default now, taken from the line.\n")
    );
    assert!(
        shop.does(&format!("take {two} --as ana"))
            .starts_with(&format!("ana has Ana ({two}) already"))
    );
    assert_eq!(
        shop.does(&format!("say {two} which_one?_the\u{1b}_red_one? --as ana")),
        format!("It goes out to Ana ({two}).\n")
    );
    let texts = shop.test.texts(&chat(2), 3);
    assert_eq!(texts.last().unwrap(), "which one? the\u{1b} red one?");
    shop.does(&format!("note {two} wants_the_red_one --as ana"));
    let line = shop.does("line");
    assert!(line.contains("ana (sales)"), "{line}");
    shop.daemon.customer_writes(&chat(2), "yes");
    eventually("the customer waits for ana", || {
        let shown = shop.shows(2);
        (shown["unread_count"] == 1 && shown["unanswered_since"].is_i64()).then_some(())
    });
    let shown = shop.does(&format!("show {two}"));
    assert!(
        shown.contains("ana attends them for ") && shown.contains("unanswered for "),
        "{shown}"
    );
    assert_eq!(
        shop.does(&format!("close {two} --outcome sold --as ana")),
        format!("The conversation of Ana ({two}) is closed: sold.\n")
    );
    eventually("the history has what ana said, and her note", || {
        let agents = (
            "agent".to_owned(),
            "which one? the\u{1b} red one?".to_owned(),
        );
        let past = shop.does(&format!("show {two}"));
        (shop.said(2).contains(&agents) && past.contains("wants the red one")).then_some(())
    });
    // The other customer waits for another team.
    assert!(shop.refuses("take --as ana").contains("nobody waits"));
    assert!(shop.does("take --as bia").contains(&one));
}

#[test]
fn the_loser_is_told_who_has_the_customer_and_can_take_them_over() {
    let shop = Shop::open();
    let one = number(1);
    shop.waits(1, "buy");
    let reason = shop.refuses(&format!("say {one} hello --as ana"));
    assert!(
        reason.contains("waits in line for ") && reason.contains("take them first"),
        "{reason}"
    );
    shop.does(&format!("take {one} --as ana"));
    for command in ["take", "say", "close"] {
        let more = match command {
            "say" => " hello",
            "close" => " --outcome solved",
            _ => "",
        };
        let reason = shop.refuses(&format!("{command} {one}{more} --as bia"));
        assert!(
            reason.contains(&format!("ana has Ana ({one}) for "))
                && reason.contains(&format!("waha-sm take {one} --as bia --from ana")),
            "{reason}"
        );
    }
    let taken = shop.does(&format!("take {one} --as bia --from ana"));
    assert!(taken.contains("taken from ana."), "{taken}");
    let reason = shop.refuses(&format!("take {one} --as ana --from caio"));
    assert!(reason.contains("bia has Ana"), "{reason}");
    // She may hold one.
    shop.waits(2, "buy");
    let reason = shop.refuses("take --as bia");
    assert!(reason.contains("max-chats"), "{reason}");
    assert!(
        shop.refuses(&format!("take {} --as ana", number(9)))
            .contains("has no open conversation")
    );
    assert!(
        shop.refuses("take --as caio")
            .contains("there is no agent caio")
    );
    // For programs.
    let output = shop.run(&format!("take {one} --as ana --format jsonl"));
    assert_eq!(output.status.code(), Some(1));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&object["result"], &object["holder"]),
        (&"held".into(), &"bia".into())
    );
    assert_eq!(object["chat"], chat(1));
}

#[test]
fn a_customer_is_given_to_the_bot_to_a_step_to_a_team_and_to_a_colleague() {
    let shop = Shop::open();
    let one = number(1);
    shop.waits(1, "buy");
    shop.does(&format!("take {one} --as ana"));
    let reason = shop.refuses(&format!("give {one} --to step:nowhere --as ana"));
    assert!(
        reason.contains("the flow has no step `nowhere`"),
        "{reason}"
    );
    let reason = shop.refuses(&format!("give {one} --to team:cooks --as ana"));
    assert!(reason.contains("the flow has no team `cooks`"), "{reason}");
    assert_eq!(
        shop.does(&format!("give {one} --to step:size --as ana")),
        format!("Ana ({one}) goes to the bot, at step size.\n")
    );
    let texts = shop.test.texts(&chat(1), 3);
    assert_eq!(texts[2], "which size?");
    shop.daemon.customer_writes(&chat(1), "large");
    shop.test.texts(&chat(1), 4);
    assert_eq!(shop.shows(1)["team"], "sales");

    let given = shop.does(&format!("give {one} --to team:support"));
    assert_eq!(
        given,
        format!("Ana ({one}) waits for a person of support now.\n")
    );
    let shown = shop.shows(1);
    assert_eq!(
        (&shown["team"], &shown["status"]),
        (&"support".into(), &"handoff".into())
    );
    let reason = shop.refuses(&format!("give {one} --to agent:bia"));
    assert!(reason.contains("bia is not at work now"), "{reason}");
    // She looks at the line, so she is there.
    shop.does("line --as bia");
    let given = shop.does(&format!("give {one} --to agent:bia"));
    assert_eq!(given, format!("Ana ({one}) is with bia now.\n"));
    assert_eq!(shop.shows(1)["holder"], "bia");
    let given = shop.does(&format!("give {one} --to bot --as bia"));
    assert_eq!(given, format!("Ana ({one}) goes back to the bot.\n"));
    eventually("the bot has the customer", || {
        (shop.shows(1)["status"] == "active").then_some(())
    });
}

#[test]
fn the_owner_moves_and_pauses_and_an_attendant_may_not() {
    let shop = Shop::open();
    for n in 1..=3 {
        shop.waits(n, "buy");
    }
    let reason = shop.refuses(&format!("move {} --first --as ana", number(3)));
    assert!(reason.contains("only an owner may"), "{reason}");
    let reason = shop.refuses("pause lunch --as ana");
    assert!(reason.contains("only an owner may"), "{reason}");
    let moved = shop.does(&format!("move {} --first", number(3)));
    assert_eq!(
        moved,
        format!("Ana ({}) is number 1 in line now.\n", number(3))
    );
    let moved = shop.does(&format!("move {} --last", number(1)));
    assert_eq!(
        moved,
        format!("Ana ({}) is number 3 in line now.\n", number(1))
    );
    let moved = shop.does(&format!("move {} --urgent", number(2)));
    assert_eq!(
        moved,
        format!("Ana ({}) is number 2 in line now.\n", number(2)),
        "the first one stays the first"
    );

    let paused = shop.does("pause --team sales back_at_14:00");
    assert_eq!(
        paused,
        "The line of sales in session default is paused: back at 14:00\n"
    );
    let paused = shop.does("pause --team sales back_at_15:00");
    assert!(
        paused.contains("stays paused, now with these words: back at 15:00"),
        "{paused}"
    );
    let reason = shop.refuses("take --as ana");
    assert!(
        reason.contains("the line is paused by owner for ")
            && reason.contains("back at 15:00")
            && reason.contains("to end the pause: `waha-sm resume --team sales --session default`"),
        "{reason}"
    );
    let shown = shop.does(&format!("show {}", number(1)));
    assert!(
        shown.contains("\nthe line is paused by owner for ") && shown.contains(": back at 15:00\n"),
        "{shown}"
    );
    assert_eq!(shop.shows(1)["paused"]["text"], "back at 15:00");
    let line = shop.does("line");
    assert!(
        line.contains("Waits for a person (sales): 3, paused by owner for "),
        "{line}"
    );
    let rows = shop.does("line --format jsonl");
    assert!(rows.contains(r#""status":"paused""#), "{rows}");
    let other = shop.refuses("pause --team cooks");
    assert!(other.contains("the flow has no team `cooks`"), "{other}");

    shop.does("pause");
    shop.daemon.customer_writes(&chat(4), "hi");
    let waits = eventually("the customer waits although the worker is free", || {
        let line = shop.does("line");
        line.contains("Waits for the bot: 1").then_some(line)
    });
    assert!(
        waits.contains("Session default, paused by owner for "),
        "{waits}"
    );
    let resumed = shop.does("resume");
    assert_eq!(
        resumed,
        "Session default is not paused any more.\nThe line of sales in session default is still paused.\n"
    );
    shop.test.texts(&chat(4), 1);
    assert_eq!(
        shop.does("resume --team sales"),
        "The line of sales in session default is not paused any more.\n"
    );
    assert_eq!(
        shop.does("resume --team sales"),
        "The line of sales in session default was not paused.\n"
    );
    assert_eq!(shop.shows(1)["paused"], Value::Null);
    assert!(shop.does("take --as ana").contains(&number(3)));
}

#[test]
fn a_text_may_begin_with_a_dash() {
    let shop = Shop::open();
    let one = number(1);
    shop.waits(1, "buy");
    shop.does(&format!("take {one} --as ana"));
    shop.does(&format!("say {one} --_one_moment --as ana"));
    shop.does(&format!("say {one} -5_reais --as ana"));
    let texts = shop.test.texts(&chat(1), 4);
    assert_eq!(texts[2..], ["-- one moment", "-5 reais"]);
    shop.does(&format!("note --as ana {one} -_pays_cash"));
    eventually("the note is in the history", || {
        let shown = shop.does(&format!("show {one}"));
        shown.contains("note by ana: - pays cash").then_some(())
    });
    let paused = shop.does("pause -_lunch_- --team sales");
    assert!(paused.ends_with("is paused: - lunch -\n"), "{paused}");
}

#[test]
fn close_says_why_no_rating_is_asked() {
    let shop = Shop::open();
    for n in 1..=2 {
        shop.waits(n, "buy");
    }
    let close = |n: usize| {
        let output = shop.run(&format!("close {} --outcome solved", number(n)));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(close(1), "");
    std::fs::write(&shop.flow, "start = 1").unwrap();
    let said = close(2);
    assert!(
        said.contains("no rating is asked, because the flow has mistakes: "),
        "{said}"
    );
}

#[test]
fn an_action_that_is_repeated_under_its_id_is_done_once() {
    let shop = Shop::open();
    let one = number(1);
    shop.waits(1, "buy");
    for _ in 0..2 {
        let taken = shop.does("take --as ana --action-id a1");
        assert!(taken.contains(&one), "{taken}");
        shop.does(&format!("say {one} hello --as ana --action-id a2"));
    }
    shop.waits(2, "buy");
    assert!(shop.does("take --as ana --action-id a1").contains(&one));
    for _ in 0..2 {
        shop.does(&format!(
            "close {one} --outcome sold --as ana --action-id a3"
        ));
    }
    let texts = shop.test.texts(&chat(1), 3);
    assert_eq!(texts[2..], ["hello"]);
    assert_eq!(shop.shows(2)["status"], "handoff");
    assert!(
        shop.refuses(&format!("close {one} --outcome sold --as ana"))
            .contains("no open conversation")
    );
}

#[test]
fn a_command_that_lacks_something_is_a_usage_error() {
    let redis = Redis::start();
    let run = |command: &str| {
        binary()
            .args(command.split(' '))
            .env("REDIS_URL", redis.url())
            .output()
            .unwrap()
    };
    for (command, words) in [
        ("take", "--as"),
        ("say 5511900000001 hello", "--as"),
        ("take --as ana --from bia", "CHAT"),
        ("give 5511900000001", "--to"),
        (
            "give 5511900000001 --to kitchen",
            "write bot, line, step:NAME",
        ),
        ("give 5511900000001 --to agent:Bia", "lower-case letters"),
        ("close 5511900000001", "--outcome"),
        ("move 5511900000001", "--first"),
        ("move 5511900000001 --first --last", "cannot be used with"),
        ("note 5511900000001 x --action-id é", "an id has"),
        ("note Ana x", "write a phone number"),
    ] {
        let output = run(command);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{command}: {text}");
        assert!(text.contains(words), "{command}: {text}");
    }
}

#[test]
fn of_two_who_take_the_same_customer_at_once_one_wins_and_the_other_is_told_who() {
    let shop = Shop::open();
    shop.does("agent add bia --max-chats 100");
    shop.does("agent add ana --max-chats 100");
    let take = |n: usize, by: &str| {
        let mut command = binary();
        command
            .args(["take", &number(n), "--as", by])
            .env("REDIS_URL", shop.redis.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    for n in 1..=20 {
        shop.waits(n, "buy");
        let [ana, bia] =
            [take(n, "ana"), take(n, "bia")].map(|child| child.wait_with_output().unwrap());
        let won = [ana.status.success(), bia.status.success()];
        assert_ne!(won[0], won[1], "{ana:?} {bia:?}");
        let (winner, loser) = if won[0] { ("ana", &bia) } else { ("bia", &ana) };
        let reason = String::from_utf8_lossy(&loser.stderr);
        assert!(
            reason.contains(&format!("{winner} has Ana ({})", number(n))),
            "{reason}"
        );
        assert_eq!(shop.shows(n)["holder"], winner);
    }
}
