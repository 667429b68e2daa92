//! The owner's phone and an agent in one chat.

use super::shop::{Shop, number};
use crate::harness::{chat, eventually};

#[test]
fn a_word_from_the_phone_changes_nothing_in_an_agents_chat_and_fim_closes_it() {
    let shop = Shop::open("");
    let one = number(1);
    shop.waits(1, "buy");
    shop.does("take --as ana");
    let before = shop.shows(&one);
    shop.phone_writes(&chat(1), "I know this customer");
    eventually("it is in the history", || {
        let word = ("phone".to_owned(), "I know this customer".to_owned());
        shop.said(&chat(1)).contains(&word).then_some(())
    });
    let after = shop.shows(&one);
    for field in ["status", "holder", "since", "rev", "unanswered_since"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let answer = shop.daemon.customer_writes(&chat(1), "thanks");
    assert_eq!(answer["result"], "agent");
    shop.does(&format!("say {one} you_are_welcome --as ana"));
    assert_eq!(shop.test.texts(&chat(1), 3)[2], "you are welcome");

    shop.daemon.customer_writes(&chat(1), "bye");
    shop.phone_writes(&chat(1), "#fim");
    assert_eq!(shop.outcomes(&chat(1)), ["phone"]);
    let reason = shop.refuses(&format!("say {one} hello --as ana"));
    assert!(reason.contains("no open conversation"), "{reason}");
    // The next message opens the next conversation, with the bot.
    let answer = shop.daemon.customer_writes(&chat(1), "hi again");
    assert_eq!(answer["result"], "queued");
    assert_eq!(shop.test.texts(&chat(1), 4)[3], "hello, what do you need?");
}

#[test]
fn an_agent_takes_a_chat_from_the_phone_and_the_phone_does_not_take_it_back() {
    let shop = Shop::open("");
    let one = number(1);
    shop.waits(1, "buy");
    shop.phone_writes(&chat(1), "hi, this is Jo");
    shop.becomes(&one, "status", "phone");
    let answer = shop.daemon.customer_writes(&chat(1), "hello Jo");
    assert_eq!(answer["result"], "phone");
    let taken = shop.does(&format!("take {one} --as ana"));
    assert!(taken.contains("taken from the owner's phone"), "{taken}");
    shop.phone_writes(&chat(1), "Ana will help you");
    eventually("it is in the history", || {
        let word = ("phone".to_owned(), "Ana will help you".to_owned());
        shop.said(&chat(1)).contains(&word).then_some(())
    });
    let shown = shop.shows(&one);
    assert_eq!(
        (&shown["holder"], &shown["unread_count"]),
        (&"ana".into(), &1.into())
    );
    shop.does(&format!("close {one} --outcome solved --as ana"));
    assert_eq!(shop.outcomes(&chat(1)), ["solved"]);
}

#[test]
fn an_agent_takes_a_customer_with_whom_the_owner_writes_without_a_conversation() {
    let shop = Shop::open("");
    let one = number(1);
    // The owner writes first, and the customer answers.
    shop.waits(1, "buy");
    shop.does(&format!("close {one} --outcome solved"));
    shop.phone_writes(&chat(1), "hi, this is Jo");
    let answer = shop.daemon.customer_writes(&chat(1), "hello Jo");
    assert_eq!(answer["result"], "phone");
    let taken = shop.does(&format!("take {one} --as ana"));
    assert!(taken.contains("taken from the owner's phone"), "{taken}");
    let shown = shop.shows(&one);
    assert_eq!(
        (&shown["status"], &shown["holder"], &shown["unread_count"]),
        (&"agent".into(), &"ana".into(), &1.into())
    );
    shop.does(&format!("say {one} Ana_here --as ana"));
    assert_eq!(shop.test.texts(&chat(1), 3)[2], "Ana here");
    shop.does(&format!("close {one} --outcome helped --as ana"));
    eventually("both conversations are in the history", || {
        (shop.outcomes(&chat(1)) == ["solved", "helped"]).then_some(())
    });
}

#[test]
fn unsent_words_of_an_agent_still_leave_after_the_owner_takes_the_chat_over() {
    let shop = Shop::open("");
    let one = number(1);
    shop.waits(1, "buy");
    shop.does("take --as ana");
    shop.test.waha.go_away();
    for text in ["your_order_left", "it_comes_today"] {
        shop.does(&format!("say {one} {text} --as ana"));
    }
    shop.does(&format!("give {one} --to line --as ana"));
    shop.phone_writes(&chat(1), "hi, this is Jo");
    shop.becomes(&one, "status", "phone");
    let first_attempts = shop.shows(&one)["unsent"][0]["attempts"].as_u64();
    eventually("it is tried again during the takeover", || {
        let attempts = shop.shows(&one)["unsent"][0]["attempts"].as_u64();
        (attempts > first_attempts).then_some(())
    });
    shop.test.waha.come_back().unwrap();
    let texts = shop.test.texts(&chat(1), 4);
    assert_eq!(texts[2..], ["your order left", "it comes today"]);
    assert_eq!(shop.shows(&one)["status"], "phone");
}
