//! One person under two ids (`@lid` and `@c.us`), of whom an agent holds one: they become one chat, which stays with the agent.

use serde_json::Value;

use super::shop::{Shop, number};
use crate::harness::{SESSION, chat, eventually};
use crate::webhook::message;

const LID: &str = "199900000000007@lid";

/// A message that names both ids of the person, as GOWS posts it.
fn with_both(from: &str, other: &str, text: &str) -> Value {
    let mut event = message(SESSION, from, "Ana", text);
    let raw = other.replace("@c.us", "@s.whatsapp.net");
    event["payload"]["_data"]["Info"]["SenderAlt"] = raw.into();
    event
}

/// The person waits for a person under this id.
#[track_caller]
fn waits_under(shop: &Shop, id: &str, word: &str) {
    shop.daemon.customer_writes(id, "hi");
    let before = shop.test.texts(id, 1).len();
    shop.daemon.customer_writes(id, word);
    shop.test.texts(id, before + 1);
}

fn unread(shown: &Value) -> Vec<&str> {
    let unread = shown["unread"].as_array().unwrap().iter();
    unread.map(|one| one["text"].as_str().unwrap()).collect()
}

/// One conversation is open, and the agent has it.
#[track_caller]
fn is_held_once(shop: &Shop, by: &str, ticket: &Value) {
    for id in [LID, &number(7)] {
        let shown = shop.shows(id);
        assert_eq!(shown["chat"], chat(7), "{shown}");
        assert_eq!(
            (&shown["status"], &shown["holder"], &shown["ticket"]),
            (&"agent".into(), &by.into(), ticket),
            "{shown}"
        );
    }
    let line = shop.does("line --format jsonl");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert_eq!(shop.redis.number("HLEN waha-sm:{default}:held"), 1);
    for line in ["queue", "handoff", "handoff:sales"] {
        let key = format!("ZCARD waha-sm:{{default}}:{line}");
        assert_eq!(shop.redis.number(&key), 0, "{line}");
    }
}

#[test]
fn what_an_agent_holds_stays_when_the_other_id_stands_in_line_or_with_the_bot() {
    for (held, other) in [(LID.to_owned(), chat(7)), (chat(7), LID.to_owned())] {
        for word in [Some("buy"), None] {
            let shop = Shop::open("");
            waits_under(&shop, &held, "buy");
            shop.does("take --as ana");
            let ticket = shop.shows(&held)["ticket"].clone();
            shop.daemon.customer_writes(&held, "one");
            match word {
                // Under the other id they wait for a person, too, and have said more.
                Some(word) => waits_under(&shop, &other, word),
                None => {
                    shop.daemon.customer_writes(&other, "hi");
                    shop.test.texts(&other, 1);
                }
            }
            if word.is_some() {
                shop.daemon.customer_writes(&other, "two");
            }
            let answer = shop.daemon.posts(&with_both(&other, &held, "three"));
            assert_eq!(answer["result"], "agent", "{held} {word:?}");
            is_held_once(&shop, "ana", &ticket);
            let shown = shop.shows(&held);
            let expected: &[&str] = match word {
                Some(_) => &["one", "two", "three"],
                None => &["one", "three"],
            };
            assert_eq!(unread(&shown), expected, "{held}: {shown}");

            // She answers the person, at the id that they wrote from last, and nothing is left.
            shop.does(&format!("say {held} hello --as ana"));
            eventually("her words arrive once", || {
                let words = |id: &str| {
                    shop.test
                        .waha
                        .texts(id)
                        .iter()
                        .filter(|t| *t == "hello")
                        .count()
                };
                ((words(&other), words(&held)) == (1, 0)).then_some(())
            });
            shop.does(&format!("close {} --outcome solved --as ana", number(7)));
            let mut outcomes = shop.outcomes(&chat(7));
            outcomes.sort();
            assert_eq!(outcomes, ["merged", "solved"]);
            let said: Vec<String> = shop
                .said(&chat(7))
                .into_iter()
                .map(|(_, text)| text)
                .collect();
            for text in expected {
                assert_eq!(said.iter().filter(|one| one == text).count(), 1, "{said:?}");
            }
        }
    }
}

#[test]
fn of_two_agents_who_hold_the_same_person_one_stays_and_reads_everything() {
    for lid_first in [true, false] {
        let shop = Shop::open("");
        let (first, second) = match lid_first {
            true => (LID.to_owned(), chat(7)),
            false => (chat(7), LID.to_owned()),
        };
        waits_under(&shop, &first, "buy");
        let ticket = shop.shows(&first)["ticket"].clone();
        waits_under(&shop, &second, "buy");
        shop.does("take --as ana");
        shop.does("take --as bia");
        shop.daemon.customer_writes(&first, "one");
        shop.daemon.customer_writes(&second, "two");
        shop.daemon.posts(&with_both(&second, &first, "three"));
        is_held_once(&shop, "ana", &ticket);
        assert_eq!(unread(&shop.shows(&first)), ["one", "two", "three"]);
        let reason = shop.refuses(&format!("say {second} hello --as bia"));
        assert!(reason.contains("ana has Ana"), "{reason}");
        shop.does(&format!("say {second} hello --as ana"));
        shop.does(&format!("close {second} --outcome solved --as ana"));
        let mut outcomes = shop.outcomes(&chat(7));
        outcomes.sort();
        assert_eq!(outcomes, ["merged", "solved"]);
    }
}
