//! Tests of the fake WAHA itself: what the other tests assume about WAHA.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Echo, Engine, FakeWaha, as_message_any};
use crate::harness::{API_KEY, PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually, ms};
use waha_sm::waha::event::{Meaning, parse};

/// `None` if there was no answer.
fn call(waha: &FakeWaha, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("{}{path}", waha.url());
    let answer = match body {
        Some(body) => agent
            .post(url)
            .header("x-api-key", API_KEY)
            .content_type("application/json")
            .send(body.to_string()),
        None => agent.get(url).header("x-api-key", API_KEY).call(),
    };
    let mut answer = answer.ok()?;
    let text = answer.body_mut().read_to_string().unwrap();
    Some((
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap_or(Value::Null),
    ))
}

fn get(waha: &FakeWaha, path: &str) -> (u16, Value) {
    call(waha, path, None).unwrap()
}

fn send(waha: &FakeWaha, text: &str, id: Option<&str>) -> Option<u16> {
    let body = json!({"session": SESSION, "chatId": chat(1), "text": text, "id": id});
    call(waha, "/api/sendText", Some(&body)).map(|(status, _)| status)
}

fn bodies(list: &Value) -> Vec<&str> {
    let messages = list.as_array().unwrap();
    messages
        .iter()
        .map(|message| message["body"].as_str().unwrap())
        .collect()
}

#[test]
fn it_stores_messages_and_lists_them_in_each_engines_format() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let list = format!(
        "/api/{SESSION}/chats/{}/messages",
        chat(1).replace('@', "%40")
    );
    for engine in [Engine::Gows, Engine::Noweb, Engine::Webjs, Engine::Wpp] {
        waha.imitate(engine);
        let event = waha.customer_writes(SESSION, &chat(1), "Ana", "hello");
        for event in [&event, &as_message_any(&event)] {
            let read = parse(event.to_string().as_bytes(), ms(1)).unwrap();
            let Meaning::Inbound(message) = read.meaning else {
                panic!("{event}");
            };
            assert_eq!(
                (message.text.as_str(), message.chat.as_str()),
                ("hello", chat(1).as_str())
            );
            assert_eq!(message.name.as_deref(), Some("Ana"), "{event}");
        }
        assert_eq!(send(&waha, "good day", None), Some(201));
        let (status, newest) = get(&waha, &format!("{list}?limit=2"));
        assert_eq!((status, bodies(&newest)), (200, vec!["good day", "hello"]));
        let (_, theirs) = get(
            &waha,
            &format!("{list}?filter.fromMe=false&sortOrder=asc&limit=99"),
        );
        assert!(
            bodies(&theirs).iter().all(|body| *body == "hello"),
            "{theirs}"
        );
        let at = event["payload"]["timestamp"].as_u64().unwrap();
        let (_, later) = get(&waha, &format!("{list}?filter.timestamp.gte={}", at + 99));
        assert_eq!(later, json!([]));

        let id = event["payload"]["id"].as_str().unwrap();
        let bare = id.rsplit('_').next().unwrap();
        for id in [id, bare] {
            let (_, one) = get(&waha, &format!("{list}/{}", id.replace('@', "%40")));
            assert_eq!(one["id"], event["payload"]["id"]);
        }
        assert_eq!(get(&waha, &format!("{list}/3EB0")).0, 404);
        let native = matches!(engine, Engine::Gows | Engine::Noweb);
        let all = get(&waha, &format!("/api/{SESSION}/chats/all/messages")).0;
        assert_eq!(all, if native { 200 } else { 501 });
        let (_, overview) = get(&waha, &format!("/api/{SESSION}/chats/overview?limit=5"));
        assert_eq!(overview[0]["lastMessage"]["body"], "good day");
        waha.cannot_list(true);
        let refused = if engine == Engine::Noweb { 400 } else { 501 };
        assert_eq!(get(&waha, &list).0, refused);
        assert_eq!(get(&waha, &format!("/api/{SESSION}/chats")).0, refused);
        waha.cannot_list(false);
    }
}

#[test]
fn a_message_id_can_be_chosen_in_advance_and_sending_it_twice_makes_two_messages() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let (status, id) = get(&waha, &format!("/api/{SESSION}/new-message-id"));
    let id = id["id"].as_str().unwrap().to_owned();
    assert_eq!((status, id.len(), &id[..4]), (200, 24, "3EB0"));
    for _ in 0..2 {
        assert_eq!(send(&waha, "once", Some(&id)), Some(201));
    }
    let sent = waha.sent();
    assert!(sent.len() == 2 && sent.iter().all(|sent| sent.message_id == id));
    waha.imitate(Engine::Webjs);
    assert_eq!(get(&waha, &format!("/api/{SESSION}/new-message-id")).0, 501);
    waha.teach_lid("177@lid", &chat(1));
    let (_, known) = get(&waha, &format!("/api/{SESSION}/lids/177%40lid"));
    assert_eq!(known, json!({"lid": "177@lid", "pn": chat(1)}));
    let (_, unknown) = get(&waha, &format!("/api/{SESSION}/lids/178"));
    assert_eq!(unknown, json!({"lid": "178@lid", "pn": null}));
}

#[test]
fn it_fails_in_every_mode_and_reports_which_messages_it_took() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let late = Duration::from_millis(1);
    let behaviours = [
        (Behaviour::Fails, Some(500), false),
        (Behaviour::TakesAndFails, Some(500), true),
        (Behaviour::HangsUp, None, false),
        (Behaviour::TakesAndHangsUp, None, true),
        (Behaviour::TakesAndHangs(late), Some(201), true),
        (Behaviour::Hesitates(late), Some(201), true),
        (
            Behaviour::Answers(503, "{}".into(), vec![]),
            Some(503),
            false,
        ),
        (Behaviour::SessionIs("STOPPED"), Some(422), false),
        (
            Behaviour::Sometimes(vec![(1.0, Behaviour::Fails)]),
            Some(500),
            false,
        ),
        (
            Behaviour::Sometimes(vec![(0.0, Behaviour::Fails)]),
            Some(201),
            true,
        ),
    ];
    for (behaviour, status, takes) in behaviours {
        let before = waha.sent().len();
        waha.behave(behaviour.clone());
        assert_eq!(send(&waha, "hi", None), status, "{behaviour:?}");
        assert_eq!(waha.sent().len() > before, takes, "{behaviour:?}");
    }
    waha.go_away();
    assert_eq!(send(&waha, "hi", None), None);
    waha.come_back().unwrap();
    waha.behave_well();
    assert_eq!(send(&waha, "hi", None), Some(201));
}

#[test]
fn sent_messages_come_back_as_signed_echoes() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    for when in [Echo::Before, Echo::After] {
        test.waha.echo_to(&daemon.url, SECRET, when);
        daemon.customer_writes(&chat(1), &format!("{when:?}"));
    }
    test.texts(&chat(1), 2);
    eventually("both echoes are accepted and recognised as ours", || {
        // Which result depends on whether the daemon had already stored the reply.
        let of = |result| daemon.metric(&format!("waha_sm_events_total{{result=\"{result}\"}}"));
        let (duplicates, recorded) = (of("duplicate"), of("recorded"));
        (duplicates.unwrap_or(0.0) + recorded.unwrap_or(0.0) >= 2.0).then_some(())
    });
    assert_eq!(
        daemon.metric("waha_sm_events_total{result=\"forged\"}"),
        None
    );
    // Nobody listens there, and sending works anyway.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    test.waha
        .echo_to(&format!("http://{nobody}"), SECRET, Echo::Before);
    daemon.customer_writes(&chat(1), "deaf");
    assert!(
        test.waha
            .wait_for(PATIENCE, |sent, _| (sent.len() == 3).then_some(()))
            .is_some()
    );
}

#[test]
fn an_incomplete_request_counts_as_never_made() {
    let test = TestSetup::new();
    let mut stream = TcpStream::connect(test.waha.url().trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /api/sendText HTTP/1.1\r\nhost: x\r\nx-api-key: {API_KEY}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"session\":"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    // Read until the connection ends.
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(get(&test.waha, "/ping").0, 200);
    assert_eq!(test.waha.sent(), []);
    let paths: Vec<String> = test
        .waha
        .calls()
        .into_iter()
        .map(|call| call.path)
        .collect();
    assert_eq!(paths, ["/ping"]);
}
