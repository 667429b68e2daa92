//! The owner answers from their own phone: until they are done, the bot stays out of that chat and of no other.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Call, Echo, Engine};
use crate::harness::{
    API_KEY, Daemon, PATIENCE, Redis, SECRET, SESSION, Setup, TestSetup, chat, eventually,
};
use crate::webhook::{message_with, new_message_id, now_ms};

/// A flow with two questions and early notices, so that no test has to wait for them.
const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "200ms"
[texts]
position = "place {{ position }}"
next = "you are next"
[timeouts]
phone_quiet = "QUIET"
[step.ask]
ask = "hello, {{ opening }}"
save = "said"
next = "more"
[step.more]
ask = "and?"
next = "bye"
[step.bye]
say = "bye, {{ said }}"
end = "done"
"#;

fn setup(test: &TestSetup, redis: &Redis, quiet: &str) -> Setup {
    let flow = FLOW.replace("QUIET", quiet);
    test.all(redis).set("FLOW_FILE", test.flow(&flow))
}

fn start(test: &TestSetup, redis: &Redis) -> Daemon {
    setup(test, redis, "30m").start()
}

/// The event that WAHA posts when the owner writes in a chat.
fn owner_writes(chat: &str, text: &str) -> Value {
    let message_id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    event
}

/// The same event for a message that was written `seconds_ago` seconds ago.
fn owner_wrote(chat: &str, text: &str, seconds_ago: u64) -> Value {
    let mut event = owner_writes(chat, text);
    event["payload"]["timestamp"] = (now_ms() / 1000 - seconds_ago).into();
    event
}

/// The owner writes in a chat.
#[track_caller]
fn owner(daemon: &Daemon, chat: &str, text: &str) {
    assert_eq!(
        daemon.posts(&owner_writes(chat, text)),
        json!({"result": "recorded"})
    );
}

/// WAHA sends a message from our number that is not our sender's, and posts no event for it.
#[track_caller]
fn by_api(test: &TestSetup, chat: &str, text: &str) {
    let written = ureq::Agent::new_with_defaults()
        .post(format!("{}/api/sendText", test.waha.url()))
        .header("x-api-key", API_KEY)
        .content_type("application/json")
        .send(json!({"session": SESSION, "chatId": chat, "text": text}).to_string());
    assert_eq!(written.unwrap().status(), 201);
}

/// The number of chats that the owner answers.
fn with_phone(daemon: &Daemon) -> Option<f64> {
    daemon.metric("waha_sm_with_phone{session=\"default\"}")
}

fn phone() -> Value {
    json!({"result": "phone"})
}

fn queued() -> Value {
    json!({"result": "queued", "position": 1})
}

/// The messages of a chat and their authors, from the history.
fn said(test: &TestSetup, chat: &str) -> Vec<(String, String)> {
    let found = test.history(&["--chat", chat]);
    let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
    found
        .iter()
        .map(|message| (text(message, "author"), text(message, "text")))
        .collect()
}

#[track_caller]
fn in_history(test: &TestSetup, chat: &str, author: &str, text: &str) {
    eventually(&format!("the history has {text:?} by {author}"), || {
        let entry = (author.to_owned(), text.to_owned());
        said(test, chat).contains(&entry).then_some(())
    });
}

#[track_caller]
fn closes(test: &TestSetup, chat: &str, outcome: &str) {
    eventually(&format!("the conversation closed as {outcome}"), || {
        test.history(&["--chat", chat, "--conversations"])
            .iter()
            .any(|one| one["outcome"] == outcome)
            .then_some(())
    });
}

#[test]
fn when_the_owner_takes_an_active_conversation_its_worker_is_freed_and_the_line_moves() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let [first, second, third] = [1, 2, 3].map(chat);
    daemon.customer_writes(&first, "one");
    assert_eq!(test.texts(&first, 1), ["hello, one"]);
    daemon.customer_writes(&second, "two");
    daemon.customer_writes(&third, "three");
    assert_eq!(test.texts(&third, 1), ["place 2"]);

    owner(&daemon, &first, "let me answer");
    assert_eq!(test.texts(&second, 2), ["you are next", "hello, two"]);
    assert_eq!(test.texts(&third, 2), ["place 2", "you are next"]);
    daemon.wait_for_log("the owner answers this chat from their own phone");
    assert_eq!(daemon.customer_writes(&first, "thank you"), phone());
    in_history(&test, &first, "customer", "thank you");
    in_history(&test, &first, "phone", "let me answer");
    in_history(&test, &first, "bot", "hello, one");
    assert_eq!(with_phone(&daemon), Some(1.0));

    owner(&daemon, &first, "#FIM");
    closes(&test, &first, "phone");
    assert_eq!(with_phone(&daemon), Some(0.0));
    assert_eq!(
        daemon.customer_writes(&first, "again"),
        json!({"result": "queued", "position": 2})
    );
    assert!(!daemon.log().contains("lost this conversation"));
    assert_eq!(test.waha.texts(&first)[..1], ["hello, one"]);
}

#[test]
fn when_the_owner_answers_a_waiting_customer_the_next_one_gets_a_notice() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let [first, second, third] = [1, 2, 3].map(chat);
    daemon.customer_writes(&first, "one");
    test.texts(&first, 1);
    daemon.customer_writes(&second, "two");
    daemon.customer_writes(&third, "three");
    assert_eq!(test.texts(&third, 1), ["place 2"]);
    assert_eq!(test.texts(&second, 1), ["you are next"]);
    owner(&daemon, &second, "hi");
    assert_eq!(test.texts(&third, 2), ["place 2", "you are next"]);
    assert_eq!(daemon.customer_writes(&second, "hello?"), phone());
    // The worker stays free for the line: the third is served, and the second gets nothing more.
    daemon.customer_writes(&first, "x");
    daemon.customer_writes(&first, "x");
    assert_eq!(test.texts(&third, 3)[2], "hello, three");
    assert_eq!(test.waha.texts(&second), ["you are next"]);
}

#[test]
fn without_an_open_conversation_none_opens_while_the_owner_answers() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let one = chat(1);
    owner(&daemon, &one, "your order is ready");
    assert_eq!(daemon.customer_writes(&one, "great"), phone());
    owner(&daemon, &one, " #Fim ");
    assert_eq!(daemon.customer_writes(&one, "a question"), queued());
    assert_eq!(test.texts(&one, 1), ["hello, a question"]);
    in_history(&test, &one, "customer", "great");
    let conversations = eventually("the conversation is in the history", || {
        let found = test.history(&["--chat", &one, "--conversations"]);
        (!found.is_empty()).then_some(found)
    });
    assert_eq!(
        conversations.len(),
        1,
        "the takeover made none: {conversations:?}"
    );
}

#[test]
fn the_closing_word_alone_takes_over_and_closes_the_conversation() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    // The closing word needs its mark: a plain `fim` is a takeover.
    owner(&daemon, &one, "#fim");
    closes(&test, &one, "phone");
    assert_eq!(daemon.customer_writes(&one, "two"), queued());
    assert_eq!(test.texts(&one, 2)[1], "hello, two");
    owner(&daemon, &one, "fim");
    assert_eq!(daemon.customer_writes(&one, "three"), phone());
}

#[test]
fn when_the_owner_stays_quiet_for_a_while_the_bot_answers_again() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "1s").start();
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    owner(&daemon, &one, "hi");
    assert_eq!(daemon.customer_writes(&one, "hello"), phone());
    closes(&test, &one, "phone");
    assert_eq!(daemon.customer_writes(&one, "two"), queued());
    assert_eq!(test.texts(&one, 2), ["hello, one", "hello, two"]);
}

/// The echo comes before WAHA's answer or after it, from each engine.
#[test]
fn our_own_echoes_never_silence_the_bot() {
    for (engine, when) in [
        (Engine::Webjs, Echo::Before),
        (Engine::Gows, Echo::Before),
        (Engine::Noweb, Echo::After),
    ] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        let daemon = start(&test, &redis);
        test.waha.echo_to(&daemon.url, SECRET, when);
        let one = chat(1);
        for round in 0..3 {
            for answer in 1..=3 {
                daemon.customer_writes(&one, "one");
                test.texts(&one, 3 * round + answer);
            }
        }
        assert_eq!(with_phone(&daemon), Some(0.0));
    }
}

#[test]
fn an_echo_whose_id_waha_never_gave_is_recognised_by_its_text_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    let daemon = start(&test, &redis);
    let one = chat(1);
    test.waha
        .behave(Behaviour::Answers(201, "{}".into(), vec![]));
    daemon.customer_writes(&one, "one");
    eventually("the reply counts as sent", || {
        (daemon.metric("waha_sm_replies_total{session=\"default\",result=\"sent\"}") == Some(1.0))
            .then_some(())
    });
    test.waha.behave_well();
    // WAHA repeats the event, because our first answer was lost.
    let echo = owner_writes(&one, "hello, one");
    assert_eq!(daemon.posts(&echo), json!({"result": "recorded"}));
    assert_eq!(daemon.posts(&echo), json!({"result": "duplicate"}));
    assert_eq!(
        daemon.customer_writes(&one, "mine"),
        json!({"result": "active"})
    );
    assert_eq!(test.texts(&one, 1), ["and?"]);
    assert_eq!(with_phone(&daemon), Some(0.0));
    // If the same text comes again, it is the owner's.
    owner(&daemon, &one, "hello, one");
    assert_eq!(with_phone(&daemon), Some(1.0));
}

/// The echo comes before WAHA's answer, with another text and an id that we don't know yet.
#[test]
fn the_bot_gets_the_chat_back_if_a_message_turns_out_to_be_ours() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    let daemon = start(&test, &redis);
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    let hang = Duration::from_secs(2);
    test.waha.behave_for(&one, Behaviour::TakesAndHangs(hang));
    daemon.customer_writes(&one, "mine");
    test.texts(&one, 2);
    let message_id = test.waha.sent()[1].message_id.clone();
    let mut echo = owner_writes(&one, "(rewritten by the engine)");
    echo["payload"]["id"] = format!("true_{one}_{message_id}").into();
    daemon.posts(&echo);
    assert_eq!(with_phone(&daemon), Some(1.0));
    eventually("WAHA's answer shows that the message is ours", || {
        (with_phone(&daemon) == Some(0.0)).then_some(())
    });
    test.waha.behave_for(&one, Behaviour::Well);
    daemon.customer_writes(&one, "yes");
    assert_eq!(test.texts(&one, 3), ["hello, one", "and?", "bye, mine"]);
}

/// While the bot still shows "typing", the reply is not sent yet.
#[test]
fn a_reply_that_is_still_being_typed_is_dropped_when_the_owner_takes_over() {
    // One engine gives message ids in advance, the other does not.
    for engine in [Engine::Gows, Engine::Webjs] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        let daemon = setup(&test, &redis, "30m").set("PACING", "human").start();
        let one = chat(1);
        daemon.customer_writes(&one, "one");
        test.waha.wait_for(PATIENCE, |_, calls| {
            let typing = |call: &Call| call.path == "/api/startTyping";
            calls.iter().any(typing).then_some(())
        });
        owner(&daemon, &one, "I am here");
        in_history(&test, &one, "bot", "hello, one");
        owner(&daemon, &one, "#fim");
        daemon.customer_writes(&one, "two");
        assert_eq!(test.texts(&one, 1), ["hello, two"]);
    }
}

/// WAHA's first answer was lost and WAHA can't list messages, so the reply is sent again.
#[test]
fn the_echoes_of_a_reply_in_doubt_do_not_silence_the_bot() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    test.waha.cannot_list(true);
    let daemon = start(&test, &redis);
    let one = chat(1);
    test.waha.behave_for(&one, Behaviour::HangsUp);
    daemon.customer_writes(&one, "one");
    daemon.wait_for_log("a reply was not sent; will try again");
    test.waha.behave_for(&one, Behaviour::Well);
    assert_eq!(test.texts(&one, 1), ["hello, one"]);
    // The first attempt was sent too: its echo comes late.
    owner(&daemon, &one, "hello, one");
    assert_eq!(with_phone(&daemon), Some(0.0));
    assert_eq!(
        daemon.customer_writes(&one, "mine"),
        json!({"result": "active"})
    );
}

#[test]
fn an_echo_after_a_kill_does_not_silence_the_bot() {
    for engine in [Engine::Webjs, Engine::Gows] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        let setup = setup(&test, &redis, "30m");
        let mut daemon = setup.start();
        let one = chat(1);
        test.waha
            .behave_for(&one, Behaviour::TakesAndHangs(Duration::from_secs(20)));
        daemon.customer_writes(&one, "one");
        test.texts(&one, 1);
        daemon.kill();
        test.waha.behave_for(&one, Behaviour::Well);
        let message_id = test.waha.sent()[0].message_id.clone();
        let daemon = setup.start();
        let mut echo = owner_writes(&one, "hello, one");
        echo["payload"]["id"] = format!("true_{one}_{message_id}").into();
        daemon.posts(&echo);
        assert_eq!(with_phone(&daemon), Some(0.0), "{engine:?}");
        daemon.customer_writes(&one, "mine");
        test.texts(&one, 2);
    }
}

#[test]
fn a_late_message_of_the_owner_does_not_silence_the_bot() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "1m").start();
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    // Longer ago than a takeover lasts.
    daemon.posts(&owner_wrote(&one, "yesterday", 61));
    assert_eq!(
        daemon.customer_writes(&one, "mine"),
        json!({"result": "active"})
    );
    // Written before the closing word, but reported after it.
    owner(&daemon, &one, "#fim");
    daemon.posts(&owner_wrote(&one, "before", 5));
    assert_eq!(daemon.customer_writes(&one, "two"), queued());
    in_history(&test, &one, "phone", "yesterday");
    in_history(&test, &one, "phone", "before");
}

/// As after a failover: a replica or a backup may not have the last replies.
#[test]
fn our_own_echoes_do_not_silence_the_bot_if_redis_has_lost_the_replies() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    let message_id = test.waha.sent()[0].message_id.clone();
    let forget = format!("DEL waha-sm:{{default}}:ours:{message_id}");
    eventually("the reply is settled, and removed from Redis", || {
        (redis.number(&forget) == 1).then_some(())
    });
    let mut echo = owner_writes(&one, "hello, one");
    echo["payload"]["id"] = format!("true_{one}_{message_id}").into();
    assert_eq!(daemon.posts(&echo), json!({"result": "recorded"}));
    assert_eq!(daemon.customer_writes(&one, "mine")["result"], "active");
    in_history(&test, &one, "bot", "hello, one");
}

/// Engines post empty events for content they can't show; our edits and reactions are not messages.
#[test]
fn an_event_without_content_does_not_silence_the_bot() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let one = chat(1);
    daemon.customer_writes(&one, "one");
    test.texts(&one, 1);
    let mut empty = owner_writes(&one, "");
    empty["payload"]["body"] = Value::Null;
    daemon.posts(&empty);
    let mut edited = owner_writes(&one, "edited");
    edited["event"] = "message.edited".into();
    edited["payload"]["editedMessageId"] = "3EB0AA".into();
    daemon.posts(&edited);
    assert_eq!(
        daemon.customer_writes(&one, "mine"),
        json!({"result": "active"})
    );
}

/// The catch-up finds what the owner wrote while we were down. The customer's next webhook comes after it.
#[test]
fn a_customer_that_the_owner_answered_while_we_were_down_is_not_greeted() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Gows);
    let setup = setup(&test, &redis, "30m").set("CATCH_UP_INTERVAL", "1h");
    let mut daemon = setup.start();
    let [one, two] = [1, 2].map(chat);
    daemon.customer_writes(&two, "other");
    test.texts(&two, 1);
    daemon.kill();
    let _lost = test.waha.customer_writes(SESSION, &one, "Ana", "anybody?");
    by_api(&test, &one, "yes, me");
    let daemon = setup.start();
    in_history(&test, &one, "customer", "anybody?");
    in_history(&test, &one, "phone", "yes, me");
    assert_eq!(daemon.customer_writes(&one, "good"), phone());
    in_history(&test, &one, "customer", "good");
    assert_eq!(test.waha.texts(&one), ["yes, me"]);
    assert!(
        test.history(&["--chat", &one, "--conversations"])
            .is_empty()
    );
}

/// The owner's message is older than `phone_quiet`, but the customer's answer is not.
#[test]
fn a_customer_who_answered_the_owner_while_we_were_down_stays_with_the_owner() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Gows);
    let setup = setup(&test, &redis, "30m").set("CATCH_UP_INTERVAL", "1h");
    let mut daemon = setup.start();
    let [one, two] = [1, 2].map(chat);
    daemon.customer_writes(&two, "other");
    test.texts(&two, 1);
    daemon.kill();
    // The last catch-up was an hour ago, and the messages came after it.
    let hour_ago = now_ms() - 3_600_000;
    redis.ask(&format!("SET waha-sm:{{default}}:caught-up {hour_ago}"));
    by_api(&test, &one, "it is ready");
    test.waha.time_goes_by(Duration::from_secs(20 * 60));
    let _lost = test.waha.customer_writes(SESSION, &one, "Ana", "thanks");
    test.waha.time_goes_by(Duration::from_secs(20 * 60));
    let daemon = setup.start();
    in_history(&test, &one, "customer", "thanks");
    assert_eq!(daemon.customer_writes(&one, "good"), phone());
    assert_eq!(test.waha.texts(&one), ["it is ready"]);
}

/// The takeover is over, but the customer wrote before the owner's answer and nothing after it.
#[test]
fn a_customer_whom_the_owner_answered_hours_ago_is_not_greeted() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Gows);
    let setup = setup(&test, &redis, "30m").set("CATCH_UP_INTERVAL", "1h");
    let mut daemon = setup.start();
    let [one, two] = [1, 2].map(chat);
    daemon.customer_writes(&two, "other");
    test.texts(&two, 1);
    daemon.kill();
    let hours_ago = now_ms() - 3 * 3_600_000;
    redis.ask(&format!("SET waha-sm:{{default}}:caught-up {hours_ago}"));
    let late = test.waha.customer_writes(SESSION, &one, "Ana", "anybody?");
    test.waha.time_goes_by(Duration::from_secs(20 * 60));
    by_api(&test, &one, "yes, me");
    test.waha.time_goes_by(Duration::from_secs(90 * 60));
    let daemon = setup.start();
    in_history(&test, &one, "customer", "anybody?");
    assert_eq!(daemon.posts(&late)["result"], "duplicate");
    assert_eq!(daemon.customer_writes(&one, "a question"), queued());
    assert_eq!(test.waha.texts(&one), ["yes, me"]);
}

#[test]
fn a_takeover_holds_under_both_ids_of_one_person() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    let (number, lid) = (chat(1), "123456789012345@lid");
    daemon.customer_writes(lid, "one");
    test.texts(lid, 1);
    owner(&daemon, &number, "hi");
    // The next message shows that both ids are one person.
    let mut event = message_with(
        "message",
        SESSION,
        lid,
        "Ana",
        "and now?",
        &new_message_id(),
    );
    event["payload"]["_data"]["Info"]["SenderAlt"] =
        number.replace("@c.us", "@s.whatsapp.net").into();
    assert_eq!(daemon.posts(&event), phone());
    assert_eq!(daemon.customer_writes(&number, "here too"), phone());
    owner(&daemon, lid, "#fim");
    assert_eq!(daemon.customer_writes(&number, "bye"), queued());
}

#[test]
fn unsent_replies_are_dropped_when_the_owner_takes_over_and_the_history_shows_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    let daemon = start(&test, &redis);
    let one = chat(1);
    test.waha
        .behave_for(&one, Behaviour::Answers(503, "{}".into(), vec![]));
    daemon.customer_writes(&one, "one");
    daemon.wait_for_log("a reply was not sent; will try again");
    owner(&daemon, &one, "I am here");
    test.waha.behave_for(&one, Behaviour::Well);
    in_history(&test, &one, "bot", "hello, one");
    owner(&daemon, &one, "#fim");
    daemon.customer_writes(&one, "two");
    assert_eq!(test.texts(&one, 1), ["hello, two"]);
}
