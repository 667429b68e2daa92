//! `waha-sm person erase` leaves no byte of a person in the data directory: not in the history, its index and its log, and not in the files of
//! Redis. Nobody else loses anything, and it can be proved afterwards.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;

use crate::harness::{Daemon, SESSION, TestSetup, binary, eventually};
use crate::webhook::{message_with, new_message_id, now_ms};

const PERSON: &str = "5511999990000@c.us";
const LID: &str = "199912345678901@lid";
const OTHER: &str = "5511999990009@c.us";

/// What must be gone.
const GONE: [&str; 5] = [
    "5511999990000",
    "199912345678901",
    "pomegranate",
    "Pomona",
    "quince",
];

fn files(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files(&entry.path(), all),
            kind if kind.is_file() => all.push(entry.path()),
            _ => {}
        }
    }
}

/// The files of the data directory that have these bytes.
fn having(data: &Path, word: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    files(data, &mut all);
    all.retain(|file| {
        let bytes = std::fs::read(file).unwrap_or_default();
        memchr::memmem::find(&bytes, word.as_bytes()).is_some()
    });
    all
}

fn says(daemon: &Daemon, chat: &str, name: &str, words: &str) -> String {
    let id = new_message_id();
    daemon.posts(&message_with("message", SESSION, chat, name, words, &id));
    id
}

fn happens(daemon: &Daemon, event: &str, payload: &serde_json::Value) {
    daemon.posts(&json!({
        "id": format!("evt_{}", new_message_id()), "event": event, "session": SESSION, "timestamp": now_ms(), "payload": payload,
    }));
}

#[test]
fn no_byte_of_an_erased_person_stays_in_the_data_directory() {
    let test = TestSetup::new();
    let data = test.directory.path().join("data");
    let run = |arguments: &[&str]| -> Output {
        binary()
            .args(arguments)
            .env("DATA_DIR", &data)
            .output()
            .unwrap()
    };
    let mut daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    // Under both of their ids, with all that can happen to a message.
    says(&daemon, LID, "Pomona", "pomegranate under the hidden id");
    for (chat, name, word) in [
        (PERSON, "Pomona", "pomegranate"),
        (OTHER, "Tanja", "tangerine"),
    ] {
        let id = says(&daemon, chat, name, word);
        let before = |id: &str| format!("false_{chat}_{id}");
        happens(
            &daemon,
            "message.edited",
            &json!({
                "id": before(&new_message_id()), "from": chat, "fromMe": false, "timestamp": now_ms() / 1000,
                "body": format!("{word} or quince").replace("tangerine or quince", "tangerine edited"), "editedMessageId": id,
            }),
        );
        happens(
            &daemon,
            "message.reaction",
            &json!({
                "id": before(&new_message_id()), "from": chat, "fromMe": false, "timestamp": now_ms() / 1000,
                "reaction": {"text": "👍", "messageId": before(&id)},
            }),
        );
        test.texts(chat, 1);
    }
    // They turn out to be one person, who writes on: a conversation is open.
    let mut linked = message_with(
        "message",
        SESSION,
        LID,
        "Pomona",
        "pomegranate again",
        &new_message_id(),
    );
    linked["payload"]["_data"]["Info"]["SenderAlt"] = "5511999990000@s.whatsapp.net".into();
    daemon.posts(&linked);
    for (chat, note) in [(PERSON, "likes pomegranate"), (OTHER, "likes tangerine")] {
        let noted = run(&["note", chat, note]);
        assert!(noted.status.success(), "{noted:?}");
    }
    eventually("everything is archived", || {
        let notes = test.history(&["--conversations", "--search", "likes"]);
        (notes.len() == 2 && test.history(&["--search", "edited"]).len() == 1).then_some(())
    });
    for word in GONE {
        assert!(!having(&data, word).is_empty(), "{word}");
    }
    let asked = run(&["person", "erased", PERSON]);
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");

    let erased = run(&["person", "erase", "+55 11 99999-0000", "--yes"]);
    assert!(erased.status.success(), "{erased:?}");
    let said = String::from_utf8(erased.stdout).unwrap();
    assert!(
        said.starts_with("5511999990000 is erased.\n") && !said.contains("still"),
        "{said}"
    );
    for word in GONE {
        assert_eq!(having(&data, word), [""; 0].map(PathBuf::from), "{word}");
    }
    assert!(!having(&data, "tangerine").is_empty() && !having(&data, "Tanja").is_empty());
    eventually("the other customer has what they wrote and a reply", || {
        (test.history(&["--search", "tangerine"]).len() == 2).then_some(())
    });

    // Who asks gets an answer, and doing it again does no harm. Nothing comes back after a kill.
    let asked = run(&["person", "erased", "5511999990000"]);
    assert!(asked.status.success(), "{asked:?}");
    assert!(
        String::from_utf8(asked.stdout)
            .unwrap()
            .contains("erased by owner")
    );
    let again = run(&["person", "erase", PERSON, "--yes"]);
    assert!(again.status.success(), "{again:?}");
    daemon.kill();
    let daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    says(&daemon, OTHER, "Tanja", "tangerine pie");
    eventually("the other customer is still served", || {
        (test.history(&["--search", "pie"]).len() >= 2).then_some(())
    });
    for word in GONE {
        assert_eq!(having(&data, word), [""; 0].map(PathBuf::from), "{word}");
    }
}
