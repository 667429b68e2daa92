//! A flow as a customer sees it: questions, answers, silence, and coming back.

use serde_json::Value;

use crate::harness::{Redis, TestSetup, chat, eventually};
use crate::webhook::now_ms;

#[test]
fn the_built_in_reception_asks_for_name_and_subject_in_the_locale() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("LOCALE", "pt-BR").start();
    let chat = chat(1);
    daemon.customer_writes(&chat, "oi");
    test.texts(&chat, 2);
    daemon.customer_writes(&chat, "Beatriz");
    test.texts(&chat, 3);
    daemon.customer_writes(&chat, "segunda via do boleto");
    let texts = test.texts(&chat, 4);
    assert!(
        texts[0].contains("Ana") && texts[3].contains("Beatriz"),
        "{texts:?}"
    );
    assert!(texts.iter().all(|text| !text.contains("{{")), "{texts:?}");
    let closed = eventually("the conversation is archived", || {
        test.history(&["--conversations"])
            .into_iter()
            .find(|one| !one["outcome"].is_null())
    });
    assert_eq!(closed["variables"]["name"], "Beatriz");
    assert_eq!(closed["variables"]["subject"], "segunda via do boleto");
    assert_eq!(closed["chat"], chat);
}

#[test]
fn answers_are_checked_and_too_many_wrong_ones_lead_to_another_step() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let clinic = test.flow(include_str!("../../../examples/flows/clinic.toml"));
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", clinic)
        .set("WORKERS", "2")
        .start();
    let (ana, rui) = (chat(1), chat(2));
    daemon.customer_writes(&ana, "bom dia");
    let hello = test.texts(&ana, 3).len();
    daemon.customer_writes(&ana, "quero pizza");
    assert_eq!(
        test.texts(&ana, hello + 1).last().unwrap(),
        "Responda 1 ou 2, por favor."
    );
    daemon.customer_writes(&ana, "MARCAR!");
    test.texts(&ana, hello + 2);
    daemon.customer_writes(&ana, "111.444.777-35");
    let last = test.texts(&ana, hello + 3).pop().unwrap();
    assert!(last.contains("11144477735"), "{last}");

    daemon.customer_writes(&rui, "bom dia");
    test.texts(&rui, hello);
    for n in 1..=3 {
        daemon.customer_writes(&rui, "pizza");
        // Without a wait, both messages would count as one answer.
        test.texts(&rui, hello + n);
    }
    eventually("rui is sent to the front desk", || {
        test.waha
            .texts(&rui)
            .iter()
            .any(|text| text.contains("recepção já vai falar"))
            .then_some(())
    });
}

#[test]
fn a_silent_customer_is_reminded_then_closed_and_later_resumes_at_the_same_step() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        name = "test"
        start = "name"
        [timeouts]
        remind_after = "300ms"
        close_after = "2s"
        [texts]
        reminder = "still there?"
        silence = "closing"
        [step.name]
        ask = "your name?"
        save = "name"
        next = "age"
        [step.age]
        ask = "your age, {{ name }}?"
        expect = "number"
        save = "age"
        next = "bye"
        [step.bye]
        say = "{{ name }} is {{ age }}"
        end = "done"
        "#,
    );
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    let chat = chat(1);
    daemon.customer_writes(&chat, "hi");
    test.texts(&chat, 1);
    daemon.customer_writes(&chat, "Zoe");
    assert_eq!(
        test.texts(&chat, 4),
        ["your name?", "your age, Zoe?", "still there?", "closing"]
    );
    eventually("the conversation is closed", || {
        (redis.number("HLEN waha-sm:{default}:active") == 0).then_some(())
    });
    daemon.customer_writes(&chat, "here I am again");
    assert_eq!(
        test.texts(&chat, 5)[4],
        "your age, Zoe?",
        "the message that resumes it is not an answer"
    );
    daemon.customer_writes(&chat, "7");
    assert_eq!(test.texts(&chat, 6)[5], "Zoe is 7");
    daemon.customer_writes(&chat, "hi");
    assert_eq!(
        test.texts(&chat, 7)[6],
        "your name?",
        "a finished conversation is not resumed"
    );
}

#[test]
fn messages_during_a_pause_are_kept_and_answered_after_it_without_polling_redis() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        name = "test"
        start = "name"
        [step.name]
        ask = "your name?"
        save = "name"
        next = "pause"
        [step.pause]
        wait = "2s"
        next = "age"
        [step.age]
        ask = "your age?"
        expect = "number"
        save = "age"
        next = "bye"
        [step.bye]
        ask = "{{ name }} is {{ age }}"
        end = "done"
        "#,
    );
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    let chat = chat(1);
    daemon.customer_writes(&chat, "hi");
    test.texts(&chat, 1);
    let paused = std::time::Instant::now();
    daemon.customer_writes(&chat, "Zoe");
    daemon.customer_writes(&chat, "7");
    let key = format!("waha-sm:{{default}}:chat:{chat}");
    let texts = test.texts(&chat, 3);
    assert!(paused.elapsed().as_secs() >= 2);
    assert_eq!(texts, ["your name?", "your age?", "Zoe is 7"]);
    let commits = redis.number(&format!("HINCRBY {key} rev 0"));
    assert!(commits < 20, "{commits} commits for one pause");
}

#[test]
fn no_conversation_is_closed_for_silence_before_its_question_was_delivered() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        name = "test"
        start = "name"
        [timeouts]
        remind_after = "400ms"
        close_after = "800ms"
        [step.name]
        ask = "your name?"
        save = "name"
        next = "bye"
        [step.bye]
        say = "bye"
        end = "done"
        "#,
    );
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    test.waha
        .behave(crate::fake_waha::Behaviour::SessionIs("STOPPED"));
    daemon.customer_writes(&chat(1), "hi");
    daemon.wait_for_log("the session can't send");
    let paused = std::time::Instant::now();
    eventually("more than the time to close has passed", || {
        (paused.elapsed() > std::time::Duration::from_secs(2)).then_some(())
    });
    test.waha.behave(crate::fake_waha::Behaviour::Well);
    assert_eq!(test.texts(&chat(1), 1), ["your name?"]);
    assert_eq!(redis.number("HLEN waha-sm:{default}:active"), 1);
    daemon.customer_writes(&chat(1), "Zoe");
    eventually("the answer counts", || {
        test.waha
            .texts(&chat(1))
            .contains(&"bye".to_owned())
            .then_some(())
    });
}

/// New messages arrive all the time while the inbox is read and consumed.
#[test]
fn under_load_every_message_is_answered_once_and_in_order() {
    const CHATS: usize = 8;
    const ROUNDS: usize = 250;
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "8")
        .start();
    std::thread::scope(|scope| {
        for n in 1..=CHATS {
            let daemon = &daemon;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    daemon.customer_writes(&chat(n), &round.to_string());
                }
            });
        }
    });
    let wanted: Vec<String> = (0..ROUNDS).map(|round| round.to_string()).collect();
    for n in 1..=CHATS {
        assert_eq!(test.texts(&chat(n), ROUNDS), wanted);
    }
}

#[test]
fn a_location_is_saved_as_latitude_and_longitude() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        start = "where"
        [step.where]
        ask    = "Where are you?"
        expect = "location"
        save   = "place"
        next   = "done"
        [step.done]
        say = "At {{ place }}."
        end = "done"
        "#,
    );
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    let mut place: Value = serde_json::from_str(include_str!(
        "../../fixtures/waha/message-location-gows.json"
    ))
    .unwrap();
    let chat = place["payload"]["from"].as_str().unwrap().to_owned();
    daemon.customer_writes(&chat, "hello");
    test.texts(&chat, 1);
    place["timestamp"] = now_ms().into();
    place["payload"]["timestamp"] = (now_ms() / 1000).into();
    daemon.posts(&place);
    assert_eq!(test.texts(&chat, 2)[1], "At -23.561414,-46.655881.");
}
