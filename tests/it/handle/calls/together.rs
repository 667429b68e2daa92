//! One customer in a flow that uses every feature.

use serde_json::json;

use super::CALL_SECRET;
use super::shop::{Shop, ShopAnswer, well};
use crate::harness::{Redis, TestSetup, chat, eventually};

fn flow(url: &str) -> String {
    format!(
        r#"
        timezone = "UTC"
        start = "hello"
        [hours]
        mon-sun = "00:00-24:00"
        closed = "shut"
        [timeouts]
        burst = "400ms"
        [notices]
        first_after = "1m"
        [step.hello]
        call = "{url}"
        timeout = "30s"
        save = []
        next = "menu"
        otherwise = "person"
        [step.menu]
        ask = "menu ({{{{ opening }}}})"
        options = {{ 1 = "item", 2 = "person" }}
        [step.item]
        ask = "which?"
        save = "item"
        next = "pause"
        [step.pause]
        wait = "500ms"
        next = "price"
        [step.price]
        call = "{url}"
        timeout = "30s"
        save = ["price"]
        next = "show"
        otherwise = "person"
        [step.show]
        say = [{{ image = "https://shop.example/{{{{ item }}}}.jpg", caption = "{{{{ item }}}}: {{{{ price * 2 }}}}" }}]
        next = "more"
        [step.more]
        ask = "more?"
        save = "more"
        next = "person"
        [step.person]
        handoff = "a person, {{{{ more }}}}"
        within = "2s"
        otherwise = "nobody"
        [step.nobody]
        ask = "nobody came"
        save = "note"
        next = "noted"
        [step.noted]
        say = "noted: {{{{ note }}}}"
        end = "noted"
        [step.shut]
        say = "closed until {{{{ opens }}}}"
        end = "shut"
        "#
    )
    .replace("{{ price * 2 }}", "{{ price }}")
}

#[test]
fn bursts_calls_pauses_media_reloads_crashes_and_a_handoff_work_in_one_conversation() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Hangs(r#"{"say":"welcome"}"#.into()),
        1 => ShopAnswer::Hangs(r#"{"set":{"price":"never"}}"#.into()),
        _ => well(&json!({ "set": { "price": 7 } })),
    });
    let (test, redis) = (TestSetup::new(), Redis::start());
    let file = test.flow(&flow(&shop.url));
    let setup = test
        .all(&redis)
        .set("FLOW_FILE", &file)
        .set("FLOW_CALL_HMAC_SECRET", CALL_SECRET);
    let mut daemon = setup.start();
    let ana = chat(1);

    // The opening burst makes one call. A message before the first question belongs to the opening and answers nothing.
    for text in ["oi", "there?"] {
        daemon.customer_writes(&ana, text);
    }
    shop.wait_for(1);
    daemon.customer_writes(&ana, "1");
    eventually("the message waits", || {
        (redis.number(&format!("LLEN waha-sm:{{default}}:inbox:{ana}")) == 1).then_some(())
    });
    shop.let_go();
    assert_eq!(test.texts(&ana, 2), ["welcome", "menu (oi\nthere?\n1)"]);
    assert_eq!(shop.asked()[0].body["message"]["text"], "oi\nthere?");

    // A burst is one answer. A pause follows, and a call with a crash in its middle.
    daemon.customer_writes(&ana, "1");
    assert_eq!(test.texts(&ana, 3)[2], "which?");
    shop.hold();
    for text in ["big", "cake"] {
        daemon.customer_writes(&ana, text);
    }
    shop.wait_for(2);
    daemon.kill();
    let mut daemon = setup.start();
    assert_eq!(test.texts(&ana, 5)[4], "more?");
    let asked = shop.asked();
    assert_eq!(asked[1].bytes, asked[2].bytes);
    assert_eq!(asked[1].body["variables"]["item"], "big\ncake");
    let images = test.waha.calls().into_iter();
    let images: Vec<_> = images
        .filter(|call| call.path == "/api/sendImage")
        .map(|call| {
            (
                call.body["file"]["url"].clone(),
                call.body["caption"].clone(),
            )
        })
        .collect();
    assert_eq!(
        images,
        [(
            json!("https://shop.example/big%0Acake.jpg"),
            json!("big\ncake: 7")
        )]
    );

    // No person comes. The flow is reloaded while the customer waits, and a crash changes nothing.
    for text in ["no", "thanks"] {
        daemon.customer_writes(&ana, text);
    }
    assert_eq!(test.texts(&ana, 6)[5], "a person, no\nthanks");
    daemon.customer_writes(&ana, "are you there?");
    test.flow(&flow(&shop.url).replace("nobody came", "nobody, {{ item }}"));
    daemon.signal("-HUP");
    daemon.wait_for_log("reloaded the flows");
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(test.texts(&ana, 7)[6], "nobody, big\ncake");
    for text in ["call", "me"] {
        daemon.customer_writes(&ana, text);
    }
    assert_eq!(test.texts(&ana, 8)[7], "noted: call\nme");
    assert_eq!(test.texts(&ana, 8).len(), 8, "nothing is sent twice");
    assert_eq!(shop.asked().len(), 3);
}
