//! What agents say while WAHA is away, and what WAHA refuses for good.

use serde_json::{Value, json};

use super::shop::{Shop, flow, number};
use crate::fake_waha::Behaviour;
use crate::harness::{chat, eventually};

/// The replies of a chat in the history, once there are this many: text, state, author, and the agent's name.
#[track_caller]
fn replies(shop: &Shop, count: usize) -> Vec<[Value; 4]> {
    eventually("the replies are in the history", || {
        let found = shop.test.history(&["--chat", &chat(1)]);
        let replies: Vec<_> = found
            .iter()
            .filter(|one| one["direction"] == "outbound")
            .map(|one| ["text", "state", "author", "by"].map(|field| one[field].clone()))
            .collect();
        let settled = replies.iter().all(|one| one[1] != "sending");
        (settled && replies.len() == count).then_some(replies)
    })
}

fn by_ana(text: &str, state: &str) -> [Value; 4] {
    [text.into(), state.into(), "agent".into(), "ana".into()]
}

#[test]
fn her_words_wait_in_order_while_waha_is_away_and_leave_without_typing() {
    let shop = Shop::open_with(&flow("", ""), |setup| setup.set("PACING", "human"));
    let one = number(1);
    shop.waits(1, "buy");
    shop.does("take --as ana");
    let typed = |shop: &Shop| {
        let calls = shop.test.waha.calls();
        calls
            .iter()
            .filter(|call| call.path == "/api/startTyping")
            .count()
    };
    let typed_before = typed(&shop);
    shop.test.waha.go_away();
    for text in ["first", "second", "third"] {
        shop.does(&format!("say {one} {text} --as ana"));
    }
    eventually("it was tried", || {
        (shop.shows(&one)["unsent"][0]["attempts"].as_u64()? >= 2).then_some(())
    });
    let shown = shop.shows(&one);
    assert_eq!(shown["unsent_count"], 3, "{shown}");
    assert_eq!(shop.test.waha.texts(&chat(1)).len(), 2);
    shop.test.waha.come_back().unwrap();
    let texts = shop.test.texts(&chat(1), 5);
    assert_eq!(texts[2..], ["first", "second", "third"]);
    assert_eq!(typed(&shop), typed_before, "people type themselves");
    let hers = ["first", "second", "third"].map(|text| by_ana(text, "sent"));
    assert_eq!(replies(&shop, 5)[2..], hers);
}

#[test]
fn what_waha_refuses_for_good_is_kept_with_her_name_and_the_next_words_still_leave() {
    let shop = Shop::open("");
    let one = number(1);
    shop.waits(1, "buy");
    shop.does("take --as ana");
    let body = json!({"message": "chat is odd", "statusCode": 400});
    shop.test
        .waha
        .behave(Behaviour::Answers(400, body.to_string(), vec![]));
    shop.does(&format!("say {one} first --as ana"));
    eventually("it is a dead letter", || {
        (shop.redis.number("XLEN waha-sm:{default}:dead") == 1).then_some(())
    });
    shop.test.waha.behave_well();
    shop.does(&format!("say {one} second --as ana"));
    assert_eq!(shop.test.texts(&chat(1), 3)[2..], ["second"]);
    assert_eq!(
        replies(&shop, 4)[2..],
        [by_ana("first", "failed"), by_ana("second", "sent")]
    );
    let dead = shop.does("dead list");
    assert!(dead.contains("first (by ana)"), "{dead}");
    // She still has the customer, and can say it again.
    assert_eq!(shop.shows(&one)["holder"], "ana");
    shop.does("dead retry --all");
    assert_eq!(shop.test.texts(&chat(1), 4)[2..], ["second", "first"]);
    let both = ["first", "second"].map(|text| by_ana(text, "sent"));
    eventually("the history knows it", || {
        let mut hers = replies(&shop, 4).split_off(2);
        hers.sort_by_key(|one| one[0].to_string());
        (hers == both).then_some(())
    });
}
