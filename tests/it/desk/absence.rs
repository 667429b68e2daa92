//! Agents who are gone, who leave a customer without an answer, or who are switched off: their customers wait again in their old
//! places.

use super::shop::{OWNER, Shop, flow, number};
use crate::harness::{chat, eventually};

/// Three customers wait, and ana takes the first. The owner was told of all three.
fn three_wait_and_ana_takes_one(timeouts: &str) -> Shop {
    let shop = Shop::open(timeouts);
    for n in 1..=3 {
        shop.waits(n, "buy");
    }
    assert_eq!(shop.test.texts(OWNER, 3).len(), 3);
    let taken = shop.does("take --as ana");
    assert!(taken.contains(&number(1)), "{taken}");
    shop
}

/// The first customer waits again: before the others, the owner is told again, and the history says why.
#[track_caller]
fn the_first_waits_again(shop: &Shop, ticket: &serde_json::Value, why: &str) {
    shop.becomes(&number(1), "status", "handoff");
    let shown = shop.shows(&number(1));
    assert_eq!(&shown["ticket"], ticket);
    assert_eq!(shown["place"], 1, "{shown}");
    assert_eq!(shown["team"], "sales");
    let notices = shop.test.texts(OWNER, 4);
    assert!(
        notices[3].starts_with("Ana (+5511900000001) is waiting for a person (team sales)")
            && notices[3].contains("Place in line: 1. Customers waiting: 3."),
        "{notices:?}"
    );
    shop.tells(&chat(1), &format!("back in the line of team sales: {why}"));
    for n in 1..=3 {
        let taken = shop.does("take --as bia");
        assert!(taken.contains(&number(n)), "{taken}");
    }
    assert_eq!(shop.test.texts(OWNER, 4).len(), 4);
}

#[track_caller]
fn is_told(shop: &Shop, of_it: impl Fn(&[String]) -> bool) {
    eventually("the owner is told", || {
        of_it(&shop.test.waha.texts(OWNER)).then_some(())
    });
}

#[test]
fn the_customer_of_an_agent_who_is_gone_waits_again_before_those_who_came_later() {
    let shop = three_wait_and_ana_takes_one("agent_gone = '2s'");
    let ticket = shop.shows(&number(1))["ticket"].clone();
    // While she works, she keeps her customer, and what she says still reaches them.
    for text in ["one", "two"] {
        shop.does(&format!("say {} {text} --as ana", number(1)));
    }
    assert_eq!(shop.shows(&number(1))["holder"], "ana");
    the_first_waits_again(&shop, &ticket, "ana was gone");
    assert_eq!(shop.test.texts(&chat(1), 4)[2..], ["one", "two"]);
}

#[test]
fn a_customer_without_an_answer_waits_again_and_one_who_was_answered_does_not() {
    let shop = three_wait_and_ana_takes_one("agent_quiet = '3s'\nagent_gone = '1h'");
    let ticket = shop.shows(&number(1))["ticket"].clone();
    shop.waits(4, "buy");
    shop.does(&format!("take {} --as ana", number(4)));
    shop.does(&format!("say {} good_morning --as ana", number(4)));
    shop.becomes(&number(1), "status", "handoff");
    assert_eq!(shop.shows(&number(4))["holder"], "ana");
    shop.tells(
        &chat(1),
        "back in the line of team sales: ana did not answer",
    );
    let shown = shop.shows(&number(1));
    assert_eq!((&shown["ticket"], &shown["place"]), (&ticket, &1.into()));
    is_told(&shop, |notices| {
        notices
            .iter()
            .filter(|one| one.starts_with("Ana (+5511900000001)"))
            .count()
            == 2
    });

    // Once the customer writes again, the time runs again.
    let answer = shop.daemon.customer_writes(&chat(4), "and the price?");
    assert_eq!(answer["result"], "agent");
    shop.becomes(&number(4), "status", "handoff");
    is_told(&shop, |notices| {
        notices.iter().any(|one| one.contains("and the price?"))
    });
    for n in 1..=4 {
        let taken = shop.does("take --as bia");
        assert!(taken.contains(&number(n)), "{taken}");
    }
    // What the customer wrote waits for the next agent.
    assert_eq!(shop.shows(&number(4))["unread_count"], 1);
}

#[test]
fn an_agent_who_is_switched_off_loses_all_customers_at_once() {
    let shop = three_wait_and_ana_takes_one("");
    let ticket = shop.shows(&number(1))["ticket"].clone();
    shop.does(&format!("say {} good_morning --as ana", number(1)));
    shop.does("agent off ana");
    the_first_waits_again(&shop, &ticket, "ana is no longer an agent");
    assert!(shop.refuses("take --as ana").contains("switched off"));
    let reason = shop.refuses(&format!("say {} hello --as ana", number(1)));
    assert!(reason.contains("switched off"), "{reason}");
}

#[test]
fn a_reload_that_gives_agents_less_time_counts_for_those_who_are_gone_already() {
    let shop = three_wait_and_ana_takes_one("");
    let ticket = shop.shows(&number(1))["ticket"].clone();
    shop.follows(&flow("agent_gone = '1s'", ""));
    the_first_waits_again(&shop, &ticket, "ana was gone");
}
