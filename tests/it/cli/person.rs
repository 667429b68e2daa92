//! `waha-sm person`: everything of one customer is exported, then erased everywhere, and nobody else is touched.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use serde_json::Value;
use waha_sm::history::{FILE_NAME, History};

use crate::harness::{Daemon, Redis, SESSION, TestSetup, binary, eventually};
use crate::webhook::{message_with, new_message_id};

const PERSON: &str = "5511999990000@c.us";
const OTHER: &str = "5511999990009@c.us";

/// A flow that remembers what customers say.
const FLOW: &str = r#"
start = "name"
[step.name]
ask      = "Your name?"
expect   = "text"
save     = "name"
remember = ["name"]
next     = "fruit"
[step.fruit]
ask    = "Hello {{ name }}, which fruit?"
expect = "text"
save   = "fruit"
next   = "bye"
[step.bye]
say = "Bye"
end = "done"
"#;

fn run(test: &TestSetup, redis: &Redis, arguments: &[&str]) -> Output {
    binary()
        .args(arguments)
        .env("DATA_DIR", test.directory.path().join("data"))
        .env("REDIS_URL", redis.url())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn says(daemon: &Daemon, chat: &str, name: &str, words: &str) {
    daemon.posts(&message_with(
        "message",
        SESSION,
        chat,
        name,
        words,
        &new_message_id(),
    ));
}

fn holds(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some()
}

/// A file of the zip.
fn in_zip(zip: &[u8], name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut bytes = Vec::new();
    zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_person_is_exported_and_then_erased_everywhere_and_nobody_else_is() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test.all(&redis).set("FLOW_FILE", test.flow(FLOW));
    let daemon = setup.set("WORKERS", "2").start();
    for (chat, name, fruit) in [
        (PERSON, "Pomona", "pomegranate"),
        (OTHER, "Tanja", "tangerine"),
    ] {
        says(&daemon, chat, name, "hi");
        test.texts(chat, 1);
        says(&daemon, chat, name, fruit);
        test.texts(chat, 2);
    }
    let note = run(&test, &redis, &["note", PERSON, "likes pomegranate"]);
    assert!(note.status.success(), "{note:?}");
    for (chat, fruit) in [(PERSON, "pomegranate"), (OTHER, "tangerine")] {
        redis.ask(&format!(
            "XADD waha-sm:{{default}}:dead * chat {chat} reason r reply {fruit}"
        ));
    }
    eventually("all is archived", || {
        let said = test.history(&["--conversations", "--search", "likes pomegranate"]);
        let words = test.history(&[]);
        (said.len() == 1 && words.len() == 8).then_some(())
    });

    let exported = run(&test, &redis, &["person", "export", "+55 11 99999-0000"]);
    assert!(exported.status.success(), "{exported:?}");
    let data = in_zip(&exported.stdout, "person.json");
    assert!(!holds(&data, "tangerine"));
    let data: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!(data["messages"].as_array().unwrap().len(), 4);
    assert_eq!(
        data["conversations"][0]["events"][0]["text"],
        "likes pomegranate"
    );
    assert_eq!(data["remembered"][0]["variables"]["name"], "pomegranate");
    assert_eq!(data["dead"][0]["reason"], "r");
    assert_eq!(data["messages"][0]["chat"], PERSON);
    let page = in_zip(&exported.stdout, "person.html");
    assert!(holds(&page, "likes pomegranate") && holds(&page, "+5511999990000"));
    let file = test.directory.path().join("person.zip");
    let written = run(
        &test,
        &redis,
        &[
            "person",
            "export",
            PERSON,
            "--output",
            file.to_str().unwrap(),
        ],
    );
    assert!(written.status.success(), "{written:?}");
    assert!(!in_zip(&std::fs::read(file).unwrap(), "person.html").is_empty());

    // Nobody is erased by mistake.
    let unsure = run(&test, &redis, &["person", "erase", PERSON]);
    assert_eq!(unsure.status.code(), Some(64), "{unsure:?}");
    let stranger = run(
        &test,
        &redis,
        &["person", "erase", PERSON, "--yes", "--as", "bia"],
    );
    assert_eq!(stranger.status.code(), Some(1), "{stranger:?}");
    let unknown = run(
        &test,
        &redis,
        &["person", "erase", "5511888887777", "--yes"],
    );
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(holds(&redis.snapshot(), "pomegranate"));

    let erased = run(
        &test,
        &redis,
        &["person", "erase", "+55 11 99999-0000", "--yes"],
    );
    assert!(erased.status.success(), "{erased:?}");
    let text = String::from_utf8(erased.stdout).unwrap();
    assert!(text.starts_with("5511999990000 is erased.\n"), "{text}");
    assert!(text.contains("WAHA and its storage"), "{text}");
    for list in [
        &["--search", "pomegranate"][..],
        &["--conversations", "--search", "likes"],
    ] {
        assert!(test.history(list).is_empty(), "{list:?}");
    }
    let left = test.history(&[]);
    assert!(
        left.len() == 4 && left.iter().all(|one| one["chat"] == OTHER),
        "{left:?}"
    );
    let conversations = test.history(&["--conversations"]);
    assert!(
        conversations.iter().all(|one| one["chat"] == OTHER),
        "{conversations:?}"
    );
    eventually("the stream is trimmed", || {
        (redis.number("XLEN waha-sm:{default}:history") == 0).then_some(())
    });
    let held = redis.snapshot();
    for word in ["pomegranate", "Pomona", "likes"] {
        assert!(!holds(&held, word), "Redis still holds {word}");
    }
    assert!(holds(&held, "tangerine") && holds(&held, "Tanja"));
    assert!(!holds(&held, "5511999990000"), "Redis still has the number");
    assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 1);

    // The other customer's conversation goes on, and the person is a new customer.
    says(&daemon, OTHER, "Tanja", "plum");
    says(&daemon, PERSON, "Pomona", "hello again");
    assert_eq!(test.texts(PERSON, 3)[2], "Your name?");
    eventually("only what is new is known", || {
        let all = test.history(&["--chat", PERSON]);
        (all.len() == 2 && all[0]["text"] == "hello again").then_some(())
    });

    let path = test.directory.path().join("data").join(FILE_NAME);
    let audit = History::open_read_only(&path)
        .unwrap()
        .audit(None, 9)
        .unwrap();
    let lines: Vec<String> = audit.lines.iter().map(|line| line.in_words()).collect();
    assert_eq!(
        lines,
        [
            "a customer's data was erased by owner",
            "a customer's data exported by owner",
            "a customer's data exported by owner"
        ]
    );
}

#[test]
fn what_is_left_is_an_error_and_a_longer_number_is_somebody_else() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(FLOW)).start();
    says(&daemon, PERSON, "Pomona", "hi");
    eventually("it is archived", || {
        (test.history(&[]).len() == 2).then_some(())
    });
    let file = test.directory.path().join("person.zip");
    std::fs::write(&file, "an older one, which everybody can read").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let output = [
        "person",
        "export",
        PERSON,
        "--output",
        file.to_str().unwrap(),
    ];
    assert!(run(&test, &redis, &output).status.success());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let key = |name: &str| format!("waha-sm:{{default}}:action:{name}");
    for (name, chat) in [("theirs", PERSON), ("others", "75511999990000@c.us")] {
        redis.ask(&format!("SET {} {chat}", key(name)));
    }
    redis.ask("ACL SETUSER default -bgrewriteaof");
    let erase = ["person", "erase", PERSON, "--yes"];
    let erased = run(&test, &redis, &erase);
    assert_eq!(erased.status.code(), Some(1), "{erased:?}");
    let (text, said) = (
        String::from_utf8(erased.stdout).unwrap(),
        String::from_utf8(erased.stderr).unwrap(),
    );
    assert!(text.contains("until somebody runs BGREWRITEAOF"), "{text}");
    assert!(
        said.contains("History: erased.") && said.contains("something of this person is left"),
        "{said}"
    );
    assert_eq!(redis.number(&format!("EXISTS {}", key("theirs"))), 0);
    assert_eq!(redis.number(&format!("EXISTS {}", key("others"))), 1);
    redis.ask("ACL SETUSER default +bgrewriteaof");
    let again = run(&test, &redis, &erase);
    assert!(again.status.success(), "{again:?}");
}
