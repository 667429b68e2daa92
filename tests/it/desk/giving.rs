//! Customers are given away, and what they read then.

use super::shop::{Shop, number};
use crate::harness::chat;

/// Customer 1 is asked for the size, and ana takes them from the bot.
fn taken_at_a_question() -> Shop {
    let shop = Shop::open("");
    shop.daemon.customer_writes(&chat(1), "hi");
    shop.test.texts(&chat(1), 1);
    shop.daemon.customer_writes(&chat(1), "size");
    assert_eq!(shop.test.texts(&chat(1), 2)[1], "which size?");
    let taken = shop.does(&format!("take {} --as ana", number(1)));
    assert!(taken.contains("taken from the bot"), "{taken}");
    // That is nothing to worry about.
    shop.daemon
        .wait_for_log("a person took or closed this conversation; the worker is free again");
    assert!(!shop.daemon.log().contains("overloaded"));
    shop
}

/// The customer writes while an agent has them.
#[track_caller]
fn writes_to_the_agent(shop: &Shop, text: &str) {
    let answer = shop.daemon.customer_writes(&chat(1), text);
    assert_eq!(answer["result"], "agent");
}

#[test]
fn back_at_its_question_the_bot_asks_again_and_hears_only_what_comes_then() {
    let shop = taken_at_a_question();
    let one = number(1);
    writes_to_the_agent(&shop, "do you have it in blue?");
    shop.does(&format!("say {one} yes_we_do --as ana"));
    writes_to_the_agent(&shop, "great");
    shop.does(&format!("give {one} --to bot --as ana"));
    let texts = shop.test.texts(&chat(1), 4);
    assert_eq!(texts[2..], ["yes we do", "which size?"]);
    shop.daemon.customer_writes(&chat(1), "large");
    assert_eq!(shop.test.texts(&chat(1), 5)[4], "large in which color?");
    shop.daemon.customer_writes(&chat(1), "blue");
    assert_eq!(shop.test.texts(&chat(1), 6)[5], "large and blue, bye");
    assert_eq!(shop.outcomes(&chat(1)), ["done"]);
    shop.tells(&chat(1), "given to the bot by ana");
    shop.tells(&chat(1), "taken by ana from the bot");
}

#[test]
fn from_the_line_a_customer_goes_back_to_the_question_they_answered_last() {
    let shop = Shop::open("");
    shop.waits(1, "buy");
    shop.does("take --as ana");
    shop.does(&format!("give {} --to bot --as ana", number(1)));
    let texts = shop.test.texts(&chat(1), 3);
    assert_eq!(texts[2], "hello, what do you need?");
    shop.daemon.customer_writes(&chat(1), "help");
    assert_eq!(shop.test.texts(&chat(1), 4)[3], "support will come");
    shop.becomes(&number(1), "team", "support");
}

#[test]
fn at_a_step_the_bot_begins_there_and_a_step_may_lead_to_a_team() {
    let shop = taken_at_a_question();
    let one = number(1);
    writes_to_the_agent(&shop, "large, please");
    shop.does(&format!("give {one} --to step:color --as ana"));
    // No size was saved.
    assert_eq!(shop.test.texts(&chat(1), 3)[2], " in which color?");
    shop.daemon.customer_writes(&chat(1), "green");
    assert_eq!(shop.test.texts(&chat(1), 4)[3], " and green, bye");
    assert_eq!(shop.outcomes(&chat(1)), ["done"]);

    shop.waits(1, "buy");
    shop.does("take --as ana");
    shop.does(&format!("give {one} --to step:help --as ana"));
    let texts = shop.test.texts(&chat(1), 7);
    assert_eq!(texts.last().unwrap(), "support will come");
    shop.becomes(&one, "status", "handoff");
    assert_eq!(shop.shows(&one)["team"], "support");
}

#[test]
fn a_team_and_a_colleague_read_what_the_customer_wrote_meanwhile() {
    let shop = Shop::open("");
    let one = number(1);
    for n in 1..=2 {
        shop.waits(n, if n == 1 { "buy" } else { "help" });
    }
    let ticket = shop.shows(&one)["ticket"].clone();
    shop.does("take --as ana");
    writes_to_the_agent(&shop, "it is broken");
    shop.does(&format!("give {one} --to team:support --as ana"));
    let shown = shop.shows(&one);
    assert_eq!(
        (&shown["status"], &shown["team"], &shown["ticket"]),
        (&"handoff".into(), &"support".into(), &ticket)
    );
    assert_eq!(
        (&shown["place"], &shown["unread_count"]),
        (&1.into(), &1.into())
    );
    shop.tells(&chat(1), "given to team support by ana");
    // She is of sales, and does not see that line.
    assert!(shop.refuses("take --as ana").contains("nobody waits"));
    let taken = shop.does("take --as bia");
    assert!(taken.contains(&one), "{taken}");
    writes_to_the_agent(&shop, "hello?");
    shop.does(&format!("give {one} --to agent:ana --as bia"));
    let shown = shop.shows(&one);
    assert_eq!(
        (&shown["holder"], &shown["unread_count"]),
        (&"ana".into(), &2.into())
    );
    shop.tells(&chat(1), "given to ana by bia");
    let reason = shop.refuses(&format!("say {one} hello --as bia"));
    assert!(reason.contains("ana has Ana"), "{reason}");
    shop.does(&format!("say {one} sorry_about_that --as ana"));
    // Nobody but the people has written since the handoff.
    let texts = shop.test.texts(&chat(1), 3);
    assert_eq!(texts[1..], ["sales will come", "sorry about that"]);
    assert_eq!(shop.shows(&one)["unread_count"], 0);
}
