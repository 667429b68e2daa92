//! Tests of the fake WAHA itself: what the other tests assume about WAHA.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Echo, Engine, FakeWaha, Scan, SendAs, Served, as_message_any};
use crate::harness::{API_KEY, PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually, ms};
use crate::redis_nodes::free_port;
use waha_sm::ids::SessionName;
use waha_sm::waha::client::{
    Client, ClientConfig, FileError, FilePath, PhoneNumber, SendError, SessionOrder, TIMEOUT,
};
use waha_sm::waha::event::{Meaning, parse};
use waha_sm::waha::message::Kind;

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
        let unknown = get(&waha, &format!("{list}/3EB0")).0;
        assert_eq!(unknown, if engine == Engine::Gows { 500 } else { 404 });
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
fn a_key_is_refused_if_it_is_wrong_and_limited_if_it_is_of_one_session() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let (status, sessions) = get(&waha, "/api/sessions?all=true");
    assert_eq!((status, &sessions[0]["status"]), (200, &json!("WORKING")));
    waha.limit_key_to(Some(SESSION));
    for (path, wanted) in [
        ("/api/sessions?all=true", 403),
        ("/api/sessions/default", 200),
        ("/api/default/chats", 200),
        ("/api/sessions/other", 403),
        ("/api/other/chats", 403),
    ] {
        assert_eq!(get(&waha, path).0, wanted, "{path}");
    }
    assert_eq!(send(&waha, "hi", None), Some(201));
    waha.limit_key_to(Some("other"));
    assert_eq!(send(&waha, "hi", None), Some(403));
    waha.change_key("another");
    assert_eq!(send(&waha, "hi", None), Some(401));
}

#[test]
fn a_deleted_session_is_not_found() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    waha.behave(Behaviour::SessionIsDeleted);
    assert_eq!(get(&waha, "/api/sessions/default").0, 404);
    assert_eq!(get(&waha, "/api/sessions?all=true"), (200, json!([])));
    assert_eq!(send(&waha, "hi", None), Some(422));
}

/// The real GOWS answers after 3.2 s, and the other engines with a 404.
#[test]
fn gows_says_with_a_500_that_it_has_no_such_message_and_why() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let takes = Duration::from_millis(20);
    let path = format!(
        "/api/{SESSION}/chats/{0}/messages/true_{0}_3EB0AA01",
        chat(1)
    );
    for reason in ["not found", "database is locked"] {
        waha.searches(takes, reason);
        let asked = Instant::now();
        let (status, answer) = get(&waha, &path);
        assert!(status == 500 && asked.elapsed() >= takes, "{answer}");
        let lines: Vec<&str> = answer["exception"]["message"]
            .as_str()
            .unwrap()
            .lines()
            .collect();
        assert_eq!(
            lines[0],
            "2 UNKNOWN: error getting message by id 3EB0AA01: All attempts fail:"
        );
        assert_eq!(lines[6], format!("#6: {reason}"));
        assert_eq!(answer["version"]["engine"], "GOWS");
    }
}

#[test]
fn only_noweb_without_its_store_has_to_be_told_which_messages_were_seen() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let see = |body: &Value| {
        let mut all = json!({"session": SESSION, "chatId": chat(1)});
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        call(&waha, "/api/sendSeen", Some(&all)).unwrap()
    };
    for engine in [Engine::Gows, Engine::Noweb, Engine::Webjs, Engine::Wpp] {
        waha.imitate(engine);
        let event = waha.customer_writes(SESSION, &chat(1), "Ana", "hello");
        let id = &event["payload"]["id"];
        let (status, answer) = see(&json!({}));
        let ids = answer["ids"].as_array().unwrap();
        assert!(status == 201 && ids.contains(id), "{answer}");
        waha.cannot_list(true);
        let (status, answer) = see(&json!({}));
        assert_eq!(
            status,
            if engine == Engine::Noweb { 400 } else { 201 },
            "{answer}"
        );
        for named in [
            json!({"messageIds": [id], "messageId": id}),
            json!({"messageId": id}),
        ] {
            assert_eq!(see(&named), (201, Value::Null));
            assert_eq!(waha.seen(&chat(1)).last().map(String::as_str), id.as_str());
        }
        assert_eq!(see(&json!({"messageIds": ["3EB0AA01"]})).0, 500);
        waha.cannot_list(false);
    }
    waha.refuse_seen(Some((400, json!({"message": "no"}))));
    assert_eq!(see(&json!({})).0, 400);
}

#[test]
fn an_edit_brings_its_words_except_from_noweb_without_its_store() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    for (engine, lacks_store) in [
        (Engine::Gows, false),
        (Engine::Noweb, false),
        (Engine::Noweb, true),
        (Engine::Webjs, false),
    ] {
        waha.imitate(engine);
        waha.cannot_list(lacks_store);
        let event = waha.customer_writes(SESSION, &chat(1), "Ana", "helo");
        let id = event["payload"]["id"].as_str().unwrap();
        let edit = waha.customer_edits(SESSION, &chat(1), id, "hello").unwrap();
        let payload = &edit["payload"];
        assert_eq!(edit["event"], "message.edited");
        assert!(id.ends_with(payload["editedMessageId"].as_str().unwrap()));
        assert_eq!(payload["body"], if lacks_store { "" } else { "hello" });
        assert_eq!(payload["id"] == *id, engine == Engine::Webjs, "{edit}");
    }
}

#[test]
fn media_that_was_not_downloaded_says_why_and_has_no_address() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    for engine in [Engine::Gows, Engine::Noweb, Engine::Webjs, Engine::Wpp] {
        waha.imitate(engine);
        for downloaded in [true, false] {
            let event = waha.customer_sends_photo(SESSION, &chat(1), "Ana", "look", downloaded);
            let media = &event["payload"]["media"];
            assert_eq!(media["url"].is_string(), downloaded, "{media}");
            assert_eq!(
                media["error"]["details"].is_string(),
                !downloaded,
                "{media}"
            );
            let read = parse(event.to_string().as_bytes(), ms(1)).unwrap();
            let Meaning::Inbound(message) = read.meaning else {
                panic!("{event}");
            };
            assert_eq!((message.kind, message.text.as_str()), (Kind::Image, "look"));
        }
    }
}

#[test]
fn a_placeholder_comes_first_under_the_id_of_its_message() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    for engine in [Engine::Gows, Engine::Noweb, Engine::Webjs, Engine::Wpp] {
        waha.imitate(engine);
        let [placeholder, message] =
            waha.customer_writes_unreadably(SESSION, &chat(1), "Ana", "hello");
        assert_eq!(placeholder["payload"]["id"], message["payload"]["id"]);
        assert_eq!(message["payload"]["body"], "hello");
        let read = parse(placeholder.to_string().as_bytes(), ms(1)).unwrap();
        assert!(!matches!(read.meaning, Meaning::Inbound(one) if !one.text.is_empty()));
    }
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
    let nobody = format!("127.0.0.1:{}", free_port().unwrap());
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

fn client(waha: &FakeWaha) -> Client {
    let config = ClientConfig {
        base_url: waha.url(),
        api_key: Some(API_KEY.to_owned()),
        timeout: TIMEOUT,
        connections: 4,
    };
    Client::new(config).unwrap()
}

fn becomes(client: &Client, session: &SessionName, status: &str) {
    eventually(status, || {
        (client.session(session).unwrap().status == status).then_some(())
    });
}

#[test]
fn a_session_is_stopped_started_and_logged_out_as_the_real_one() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let (client, session) = (client(&waha), SessionName::parse(SESSION).unwrap());
    let order = |order| client.order(&session, order);
    let listed = client.sessions().unwrap().remove(0);
    assert_eq!(
        (listed.name.as_str(), listed.status.as_str()),
        (SESSION, "WORKING")
    );
    let account = listed.account.unwrap();
    assert_eq!(account.name.as_deref(), Some("Loja Exemplo"));
    // It runs already, which is no error.
    order(SessionOrder::Start).unwrap();
    becomes(&client, &session, "WORKING");
    order(SessionOrder::Stop).unwrap();
    becomes(&client, &session, "STOPPED");
    assert_eq!(send(&waha, "hi", None), Some(422));
    order(SessionOrder::Stop).unwrap();
    order(SessionOrder::Start).unwrap();
    becomes(&client, &session, "WORKING");
    order(SessionOrder::Restart).unwrap();
    becomes(&client, &session, "WORKING");
    let not_now = client.qr(&session).unwrap_err();
    assert_eq!(not_now.to_string(), "the session is WORKING");

    order(SessionOrder::Logout).unwrap();
    becomes(&client, &session, "SCAN_QR_CODE");
    assert_eq!(client.session(&session).unwrap().account, None);
    assert_eq!(send(&waha, "hi", None), Some(422));
    assert!(waha.phone_scans(SESSION, Scan::Hangs));
    becomes(&client, &session, "STARTING");
    assert!(!waha.phone_scans(SESSION, Scan::Pairs));
    waha.wait_for_phone(SESSION);
    assert!(waha.phone_scans(SESSION, Scan::Pairs));
    becomes(&client, &session, "WORKING");
    assert_eq!(send(&waha, "hi", None), Some(201));
}

#[test]
fn a_phone_is_paired_by_a_picture_that_changes_or_by_a_code() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let (client, session) = (client(&waha), SessionName::parse(SESSION).unwrap());
    let phone = PhoneNumber::parse("+55 11 90000-0000").unwrap();
    let refused = client.pairing_code(&session, &phone).unwrap_err();
    assert!(
        matches!(refused, SendError::SessionNotWorking { status_word: Some(word) } if word == "WORKING")
    );
    waha.wait_for_phone(SESSION);
    let first = client.qr(&session).unwrap();
    assert_eq!(client.qr(&session).unwrap(), first);
    waha.wait_for_phone(SESSION);
    assert_ne!(client.qr(&session).unwrap(), first);
    let code = client.pairing_code(&session, &phone).unwrap();
    assert_eq!(code.reveal(), "WAHA-0002");
    let raw = get(&waha, &format!("/api/{SESSION}/auth/qr?format=raw"));
    assert_eq!(raw, (200, json!({"value": "2@default/2"})));
    waha.session_becomes(SESSION, "FAILED");
    assert!(client.qr(&session).is_err());
    assert_eq!(
        call(
            &waha,
            &format!("/api/{SESSION}/auth/request-code"),
            Some(&json!({}))
        )
        .unwrap()
        .0,
        422
    );
}

#[test]
fn each_change_of_a_session_is_posted_as_a_signed_event() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.post_statuses_to(&daemon.url, SECRET);
    let (client, session) = (client(&test.waha), SessionName::parse(SESSION).unwrap());
    let of = |result| daemon.metric(&format!("waha_sm_events_total{{result=\"{result}\"}}"));
    let recorded = |count: f64| {
        eventually("the events are accepted", || {
            (of("recorded").unwrap_or(0.0) >= count).then_some(())
        });
    };
    // STOPPED, STARTING, SCAN_QR_CODE.
    client.order(&session, SessionOrder::Logout).unwrap();
    recorded(3.0);
    daemon.customer_writes(&chat(1), "waits until it works");
    assert!(test.waha.phone_scans(SESSION, Scan::Pairs));
    recorded(5.0);
    assert_eq!(test.texts(&chat(1), 1).len(), 1);
    assert_eq!(of("forged"), None);
}

#[test]
fn a_file_of_a_customer_is_served_until_waha_deletes_it() {
    let waha = FakeWaha::start(0, API_KEY).unwrap();
    let (client, session) = (client(&waha), SessionName::parse(SESSION).unwrap());
    let read = |event: &Value| {
        let address = event["payload"]["media"]["url"].as_str().unwrap();
        let path = FilePath::of(address, &session).unwrap();
        let mut file = client.file(&path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map(|_| (file.content_type, content))
            .map_err(|_| FileError::TooLarge)
    };
    let photo = waha.customer_sends_photo(SESSION, &chat(1), "Ana", "look", true);
    let (content_type, content) = read(&photo).unwrap();
    assert_eq!(content_type.as_deref(), Some("image/jpeg"));
    assert!(content.starts_with(b"\xff\xd8\xff") && content.ends_with(b"\xff\xd9"));
    let sends = |served| {
        let kind = (SendAs::File, "image/svg+xml", Some("a.svg"));
        waha.customer_sends_file(SESSION, &chat(1), "Ana", kind, served)
    };
    let svg = sends(Served::well("image/svg+xml", "<svg/>"));
    assert_eq!(svg["payload"]["media"]["filename"], "a.svg");
    assert_eq!(read(&svg).unwrap().1, b"<svg/>");
    let moved = sends(Served::elsewhere("http://127.0.0.1:1/"));
    assert!(matches!(read(&moved), Err(FileError::Waha(_))));
    waha.serve_file(
        SESSION,
        "large.bin",
        Served::well("video/mp4", vec![0; 33 << 20]),
    );
    let large =
        json!({"payload": {"media": {"url": format!("http://x/api/files/{SESSION}/large.bin")}}});
    assert_eq!(read(&large), Err(FileError::TooLarge));
    waha.delete_files();
    assert_eq!(read(&photo), Err(FileError::Gone));
}
