//! Two who act at the same moment, in processes of their own: each customer has one agent.

use std::collections::BTreeSet;
use std::sync::Barrier;

use super::shop::{Shop, number};
use crate::harness::chat;

/// The customers that an agent gets who begins each round at the same moment as the other one.
fn taken(shop: &Shop, by: &str, rounds: usize, together: &Barrier) -> Vec<String> {
    (0..rounds)
        .map(|_| {
            together.wait();
            let output = shop.run(&format!("take --as {by} --format jsonl"));
            let acted: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(acted["result"], "done", "{output:?}");
            assert_eq!(acted["holder"], by);
            acted["chat"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn two_who_take_the_next_customer_at_once_never_get_the_same_one() {
    const ROUNDS: usize = 25;
    let shop = Shop::open("");
    for n in 1..=2 * ROUNDS {
        shop.waits(n, "buy");
    }
    let together = Barrier::new(2);
    let (ana, bia) = std::thread::scope(|scope| {
        let ana = scope.spawn(|| taken(&shop, "ana", ROUNDS, &together));
        let bia = scope.spawn(|| taken(&shop, "bia", ROUNDS, &together));
        (ana.join().unwrap(), bia.join().unwrap())
    });
    for (by, hers) in [("ana", &ana), ("bia", &bia)] {
        // By ticket, with gaps where the other one took.
        assert!(hers.is_sorted(), "{by}: {hers:?}");
    }
    let all: BTreeSet<_> = ana.iter().chain(&bia).cloned().collect();
    assert_eq!(all, (1..=2 * ROUNDS).map(chat).collect());
    assert!(shop.refuses("take --as ana").contains("nobody waits"));
    let line = shop.does("line --format jsonl");
    let first: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["status"], &first["count"]),
        (&"agent".into(), &(2 * ROUNDS).into())
    );
    let held = shop.shows(&number(1));
    assert_eq!(
        held["holder"],
        if ana.contains(&chat(1)) { "ana" } else { "bia" }
    );
}
