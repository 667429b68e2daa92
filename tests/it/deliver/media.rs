//! Media that a flow sends through WAHA: images, videos, voice messages and documents.

use std::fs;

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Echo, Engine, Sent};
use crate::harness::{API_KEY, PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually};

const MENU: &str = r#"
start = "a"
[step.a]
say = [
  "Our menu:",
  { image = "https://shop.example/menu.jpg", caption = "For {{ name }}" },
  { file = "docs/contract.pdf", filename = "{{ name }}.pdf" },
  { voice = "hello.mp3" },
  { video = "https://shop.example/film.mp4" },
]
next = "b"
[step.b]
ask = "What else?"
next = "a"
"#;

/// A flow that answers each message with media.
const ONE: &str = r#"
start = "a"
[step.a]
ask = ""
next = "b"
[step.b]
say = { image = "https://shop.example/menu.jpg", caption = "today" }
next = "a"
"#;

fn write_files(test: &TestSetup) {
    let at = |name: &str| test.directory.path().join(name);
    fs::create_dir_all(at("docs")).unwrap();
    fs::write(at("docs/contract.pdf"), "%PDF").unwrap();
    fs::write(at("hello.mp3"), [0, 255, 1]).unwrap();
}

/// Waits until the first customer got `count` messages, and returns them.
#[track_caller]
fn sent(test: &TestSetup, count: usize) -> Vec<Sent> {
    let found = test.waha.wait_for(PATIENCE, |sent, _| {
        let sent: Vec<Sent> = sent
            .iter()
            .filter(|one| one.chat == chat(1))
            .cloned()
            .collect();
        (sent.len() >= count).then_some(sent)
    });
    found.unwrap_or_else(|| panic!("{:?}, not {count} messages", test.waha.sent()))
}

/// Path and body of each request to send, without session and chat.
fn requests(test: &TestSetup) -> Vec<(String, Value)> {
    let calls = test.waha.calls().into_iter();
    let sends = calls.filter(|call| {
        call.path.starts_with("/api/send")
            && call.path != "/api/sendSeen"
            && call.path != "/api/sendText"
    });
    sends
        .map(|call| {
            let mut body = call.body;
            let fields = body.as_object_mut().unwrap();
            assert_eq!(fields.remove("session").unwrap(), "default");
            assert_eq!(fields.remove("chatId").unwrap(), chat(1).as_str());
            (call.path, body)
        })
        .collect()
}

#[test]
fn each_kind_of_media_is_sent_in_order_and_recorded_with_its_kind() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    write_files(&test);
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(MENU)).start();
    daemon.customer_writes(&chat(1), "hi");
    let sent = sent(&test, 6);
    let texts: Vec<&str> = sent.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["Our menu:", "For Ana", "", "", "", "What else?"]);
    let wanted = [
        (
            "/api/sendImage",
            json!({"file": {"mimetype": "image/jpeg", "url": "https://shop.example/menu.jpg"}, "caption": "For Ana"}),
        ),
        (
            "/api/sendFile",
            json!({"file": {"mimetype": "application/pdf", "filename": "Ana.pdf", "data": "JVBERg=="}}),
        ),
        (
            "/api/sendVoice",
            json!({"file": {"mimetype": "audio/mpeg", "data": "AP8B"}, "convert": true}),
        ),
        (
            "/api/sendVideo",
            json!({"file": {"mimetype": "video/mp4", "url": "https://shop.example/film.mp4"}}),
        ),
    ];
    assert_eq!(
        requests(&test),
        wanted.map(|(path, body)| (path.to_owned(), body))
    );
    let kept: Vec<Value> = eventually("everything is in the history", || {
        let all = test.history(&["--chat", &chat(1)]).into_iter();
        let ours: Vec<Value> = all.filter(|one| one["direction"] == "outbound").collect();
        (ours.len() == 6).then_some(ours)
    });
    let kinds: Vec<&str> = kept
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["text", "image", "document", "voice", "video", "text"]
    );
    assert_eq!(kept[1]["text"], "For Ana");
    assert_eq!(kept[1]["media"]["url"], "https://shop.example/menu.jpg");
    assert_eq!(kept[2]["media"]["filename"], "Ana.pdf");
    assert_eq!(kept[3]["media"]["filename"], "hello.mp3");
}

#[test]
fn a_file_that_is_missing_at_sending_becomes_a_dead_letter_and_later_replies_are_sent() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    write_files(&test);
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(MENU)).start();
    fs::remove_file(test.directory.path().join("docs/contract.pdf")).unwrap();
    daemon.customer_writes(&chat(1), "hi");
    let sent = sent(&test, 5);
    assert!(sent.iter().all(|one| {
        one.media
            .as_ref()
            .is_none_or(|media| media.mimetype != "application/pdf")
    }));
    assert_eq!(sent[4].text, "What else?");
    assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 1);
    daemon.wait_for_log("docs/contract.pdf can't be read: No such file");
}

#[test]
fn a_flow_whose_files_are_missing_does_not_start_and_says_where() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    write_files(&test);
    fs::remove_file(test.directory.path().join("hello.mp3")).unwrap();
    let ended = test.all(&redis).set("FLOW_FILE", test.flow(MENU)).run();
    assert_eq!(ended.status.code(), Some(64));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains("line 8: the file `hello.mp3` can't be read"),
        "{said}"
    );
}

/// WAHA Core before 2026.6.1 sends no media, and a file that is gone from its address does not come back.
#[test]
fn media_that_waha_can_never_send_is_given_up_with_advice_and_the_chat_continues() {
    let plus = json!({"message": "The feature is available only in Plus version for 'WEBJS' engine.", "error": "Unprocessable Entity", "statusCode": 422});
    let gone = json!({"statusCode": 500, "exception": {"message": "Request failed with status code 404", "name": "AxiosError"}});
    for (status, answer, advice) in [(422, plus, "update WAHA"), (500, gone, "from its address")] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = test.all(&redis).set("FLOW_FILE", test.flow(ONE)).start();
        test.waha.behave_for(
            &chat(1),
            Behaviour::Answers(status, answer.to_string(), vec![]),
        );
        daemon.customer_writes(&chat(1), "hi");
        daemon.wait_for_log(advice);
        test.waha.behave_well();
        daemon.customer_writes(&chat(1), "again");
        assert_eq!(sent(&test, 1).len(), 1);
        assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 1);
    }
}

/// Media has no message id in advance: it is found by its kind and caption. A text from the owner's phone with the same
/// words as the caption is not taken for it.
#[test]
fn media_whose_answer_was_lost_reaches_its_customer_once() {
    for engine in [Engine::Webjs, Engine::Gows] {
        for behaviour in [
            Behaviour::TakesAndHangsUp,
            Behaviour::HangsUp,
            Behaviour::TakesAndFails,
        ] {
            let (test, redis) = (TestSetup::new(), Redis::start());
            test.waha.imitate(engine);
            // Otherwise it may find the owner's message, and leave the chat to the owner.
            let daemon = test
                .all(&redis)
                .set("FLOW_FILE", test.flow(ONE))
                .set("CATCH_UP_INTERVAL", "0")
                .start();
            test.waha.behave_for(&chat(1), behaviour.clone());
            daemon.customer_writes(&chat(1), "hi");
            let asked = test.waha.wait_for(PATIENCE, |_, calls| {
                calls
                    .iter()
                    .find(|call| call.path == "/api/sendImage")
                    .map(drop)
            });
            assert!(asked.is_some());
            test.waha.behave_well();
            from_the_phone(&test, "today");
            daemon.customer_writes(&chat(1), "last");
            let sent = sent(&test, 3);
            let pictures = sent.iter().filter(|one| one.media.is_some()).count();
            assert_eq!(
                (sent.len(), pictures),
                (3, 2),
                "{engine:?}, {}",
                behaviour.name()
            );
            lane_is_empty(&redis);
            assert_eq!(
                test.waha.sent().len(),
                3,
                "{engine:?}, {}",
                behaviour.name()
            );
        }
    }
}

fn from_the_phone(test: &TestSetup, text: &str) {
    let agent = ureq::Agent::new_with_defaults();
    let written = agent
        .post(format!("{}/api/sendText", test.waha.url()))
        .header("x-api-key", API_KEY)
        .content_type("application/json")
        .send(json!({"session": SESSION, "chatId": chat(1), "text": text}).to_string());
    assert_eq!(written.unwrap().status(), 201);
}

fn lane_is_empty(redis: &Redis) {
    eventually("the lane is empty", || {
        let left = redis.number(&format!("LLEN waha-sm:{{default}}:lane:{}", chat(1)));
        (left == 0).then_some(())
    });
}

/// WAHA can't be asked, but it posts an echo of the picture. A text with the words of the caption proves nothing.
#[test]
fn an_echo_with_the_file_settles_media_in_doubt_and_an_echo_of_text_does_not() {
    for (echoed, pictures) in [(true, 1), (false, 2)] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(Engine::Webjs);
        test.waha.cannot_list(true);
        // A text that is not ours would start a takeover.
        let flow = format!("{ONE}\n[timeouts]\nphone_quiet = \"0s\"\n");
        let daemon = test.all(&redis).set("FLOW_FILE", test.flow(&flow)).start();
        test.waha.behave_for(&chat(1), Behaviour::TakesAndHangsUp);
        if echoed {
            test.waha.echo_to(&daemon.url, SECRET, Echo::Before);
        }
        daemon.customer_writes(&chat(1), "hi");
        sent(&test, 1);
        if !echoed {
            let mut words = crate::webhook::message(SESSION, &chat(1), "Ana", "today");
            words["event"] = "message.any".into();
            words["payload"]["fromMe"] = true.into();
            words["payload"]["id"] = format!("true_{}_3EB0FEED", chat(1)).into();
            daemon.posts(&words);
        }
        test.waha.behave_well();
        daemon.customer_writes(&chat(1), "last");
        sent(&test, pictures + 1);
        lane_is_empty(&redis);
        assert_eq!(test.waha.sent().len(), pictures + 1, "echoed: {echoed}");
    }
}
