//! The owner is notified once per problem, in a chat where they don't count as a customer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use waha_sm::flow::Locale;
use waha_sm::flows::Flows;
use waha_sm::ids::{NotifyChat, SessionName};
use waha_sm::service::owner::notifier::OwnerNotifier;
use waha_sm::store::{Connections, RedisServer, Store, StoreConfig};

use crate::harness::{Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook;

const GROUP: &str = "120363000000000007@g.us";

/// Two processes notice the same problem and notify the owner.
fn two_notify(redis: &Redis, to: &str, session: &str, once: &str, text: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: "waha-sm:".to_owned(),
        first_notice_after: Duration::from_secs(2).into(),
        connections: Connections::default(),
    };
    runtime.block_on(async {
        let store = Store::connect(&config, Duration::from_secs(10))
            .await
            .unwrap();
        let to: NotifyChat = to.parse().unwrap();
        let flows = Arc::new(Flows::load(None, Locale::En).unwrap());
        let session = SessionName::stored(session);
        let owners =
            [1, 2].map(|_| OwnerNotifier::new(store.clone(), Some(to.clone()), flows.clone()));
        for _ in 0..2 {
            let [one, other] = &owners;
            let (one, other) = tokio::join!(
                one.notify(&session, once, text),
                other.notify(&session, once, text)
            );
            one.unwrap();
            other.unwrap();
        }
        store.close().await;
    });
}

#[test]
fn the_owner_is_notified_once_in_their_group_and_no_other_group_gets_anything() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("NOTIFY_CHAT", GROUP).start();
    let other = "120363000000000008@g.us";
    two_notify(&redis, other, SESSION, "1", "never");
    two_notify(&redis, GROUP, SESSION, "2", "one");
    two_notify(&redis, GROUP, SESSION, "3", "two");
    assert_eq!(test.texts(GROUP, 2), ["one", "two"]);
    // The sender gives up on the notification to the other group: it is not named in the settings.
    daemon.wait_for_log("neither a person's nor NOTIFY_CHAT");
    assert_eq!(test.waha.texts(other), [""; 0]);
    assert_eq!(test.waha.texts(GROUP), ["one", "two"]);
}

#[test]
fn the_owners_answers_in_the_group_are_recorded_and_open_no_conversation() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .set("NOTIFY_CHAT", format!("{SESSION}/{}", chat(1)))
        .start();
    let (owner, lid) = (chat(1), "177700000000001@lid");
    two_notify(&redis, &owner, "another", "1", "a customer asks for you");
    assert_eq!(test.texts(&owner, 1), ["a customer asks for you"]);
    let recorded = json!({"result": "recorded"});
    assert_eq!(daemon.customer_writes(&owner, "on my way"), recorded);
    // The owner may write from their hidden id, and WAHA doesn't always show their number.
    let mut event = webhook::message(SESSION, lid, "Dona", "from my phone");
    event["payload"]["_data"]["Info"]["SenderAlt"] = json!("5511900000001@s.whatsapp.net");
    assert_eq!(daemon.posts(&event), recorded);
    assert_eq!(daemon.customer_writes(lid, "and again"), recorded);
    // In another session, the owner is a customer.
    let elsewhere = webhook::message("another", &owner, "Dona", "does it work?");
    assert_eq!(daemon.posts(&elsewhere)["result"], "queued");
    daemon.customer_writes(&chat(2), "hello");
    assert_eq!(test.texts(&chat(2), 1), ["hello"]);
    assert_eq!(test.texts(&owner, 2)[1], "does it work?");
    eventually("the history has what they said", || {
        let history = test.history(&["--session", SESSION, "--chat", &owner]);
        history
            .iter()
            .any(|one| one["text"] == "on my way")
            .then_some(())
    });
    assert_eq!(
        redis.number("EXISTS waha-sm:{default}:chat:5511900000001@c.us"),
        0
    );
}

/// `NOTIFY_CHAT` is the number as people know it; WhatsApp may know the account without the ninth digit, or the other way
/// round.
#[test]
fn the_owner_is_no_customer_with_or_without_brazils_ninth_digit() {
    let (with, without) = ("5531987654321@c.us", "553187654321@c.us");
    let recorded = json!({"result": "recorded"});
    for (setting, id) in [(with, without), (without, with)] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let number = setting.strip_suffix("@c.us").unwrap();
        let daemon = test.all(&redis).set("NOTIFY_CHAT", number).start();
        two_notify(&redis, setting, SESSION, "1", "before");
        assert_eq!(test.texts(setting, 1), ["before"]);
        assert_eq!(daemon.customer_writes(id, "ok, obrigado"), recorded);
        // Their hidden id, together with the number and alone.
        let lid = "177700000000001@lid";
        let mut event = webhook::message(SESSION, lid, "Dona", "from my phone");
        event["payload"]["_data"]["Info"]["SenderAlt"] =
            id.replace("c.us", "s.whatsapp.net").into();
        assert_eq!(daemon.posts(&event), recorded);
        assert_eq!(daemon.customer_writes(lid, "and again"), recorded);
        // From now on, notices go to the id that exists.
        two_notify(&redis, setting, SESSION, "2", "after");
        assert_eq!(test.texts(id, 1), ["after"]);
        assert_eq!(test.waha.texts(setting), ["before"]);
        assert!(test.history(&["--conversations"]).is_empty());
        // A landline whose digits only look alike is somebody else's.
        let answer = daemon.customer_writes("553132221234@c.us", "hi");
        assert_eq!(answer["result"], "queued");
    }
}
