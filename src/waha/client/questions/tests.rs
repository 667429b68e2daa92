//! Tests each question with each way in which WAHA may answer it.

use crate::ids::{ChatId, MessageId};
use std::time::{Duration, Instant};

use super::super::tests::{Reply, Server, ana, json, session};
use super::*;

/// A question without its answer.
type Question = fn(&Client) -> Result<(), AskError>;

const QUESTIONS: [(&str, Question); 6] = [
    ("new_message_id", |c| {
        c.new_message_id(&session("s")).map(drop)
    }),
    ("has_own_message", |c| {
        c.has_own_message(&session("s"), &ana(), &MessageId::stored("3EB0A"))
            .map(drop)
    }),
    ("chats", |c| c.chats(&session("s"), 10, 0).map(drop)),
    ("messages", |c| {
        c.messages(&session("s"), Some(&ana()), Millis::new(0), 10, 0)
            .map(drop)
    }),
    ("messages of all", |c| {
        c.messages(&session("s"), None, Millis::new(0), 10, 0)
            .map(drop)
    }),
    ("phone_chat", |c| {
        c.phone_chat(&session("s"), &lid()).map(drop)
    }),
];

fn lid() -> ChatId {
    ChatId::person("177700000000003@lid").unwrap()
}

fn is_unsupported(error: &AskError) -> bool {
    matches!(error, AskError::Unsupported { .. })
}

#[test]
fn what_waha_will_never_tell_is_told_apart_from_what_it_can_not_tell_now() {
    let unsupported = "The method is not implemented by 'WEBJS' engine";
    for (status, body, expected_unsupported, expected) in [
        (
            "404 Not Found",
            r#"{"message":"Cannot GET /x","error":"Not Found","statusCode":404}"#,
            true,
            "Cannot GET /x; is WAHA up to date",
        ),
        ("404 Not Found", "<html>nginx</html>", true, "WAHA_URL"),
        (
            "400 Bad Request",
            r#"{"message":"Enable NOWEB store \"config.noweb.store.enabled=True\"","statusCode":400}"#,
            true,
            "config.noweb.store.enabled",
        ),
        (
            "401 Unauthorized",
            r#"{"message":"Unauthorized k3y-k3y","statusCode":401}"#,
            false,
            "WAHA_API_KEY",
        ),
        (
            "403 Forbidden",
            r#"{"message":"Forbidden","statusCode":403}"#,
            false,
            "another session",
        ),
        (
            "422 Unprocessable Entity",
            r#"{"message":"available only in Plus version","error":"Unprocessable Entity","statusCode":422}"#,
            true,
            "only in Plus",
        ),
        (
            "501 Not Implemented",
            &format!(r#"{{"message":"{unsupported}","statusCode":501}}"#),
            true,
            unsupported,
        ),
        (
            "422 Unprocessable Entity",
            r#"{"error":"Session status is not as expected.","session":"s","status":"STARTING","expected":["WORKING"]}"#,
            false,
            "STARTING",
        ),
        (
            "422 Unprocessable Entity",
            r#"{"error":"Session \"s\" does not exist","session":"s"}"#,
            false,
            "not known to WAHA",
        ),
        (
            "404 Not Found",
            r#"{"message":"Session not found","error":"Not Found","statusCode":404}"#,
            false,
            "not known to WAHA",
        ),
        (
            "500 Oops",
            r#"{"exception":{"message":"Session closed k3y-k3y","stack":"secret"},"request":{"body":"customer text"}}"#,
            false,
            "WAHA answered 500: Session closed (hidden)",
        ),
        (
            "500 Oops",
            r#"{"exception":{"message":"no LID found for 55@c.us"}}"#,
            false,
            "no LID found",
        ),
        ("502 Bad Gateway", "<html>", false, "502"),
        (
            "503 Not yet",
            r#"{"message":"starting"}"#,
            false,
            "starting",
        ),
        ("429 Slow down", "", false, "429"),
        ("200 OK", "<html>a proxy", false, "a web page"),
        ("200 OK", "", false, "JSON"),
        ("200 OK", "OK", false, "JSON"),
        ("200 OK", "null", false, "JSON"),
        ("200 OK", "7", false, "JSON"),
        ("200 OK", r#"{"id":"true_1@c.us_3EB0A"#, false, "JSON"),
        ("200 OK", r#"[{"id":"true_1@c.us_3EB0A""#, false, "JSON"),
    ] {
        for (name, ask) in QUESTIONS {
            let server = Server::start(json(status, body));
            let error = ask(&server.client()).unwrap_err();
            let text = error.to_string();
            assert_eq!(
                is_unsupported(&error),
                expected_unsupported,
                "{name}, {status}: {text}"
            );
            assert!(text.contains(expected), "{name}, {status}: {text}");
            for secret in ["k3y", "customer text", "secret"] {
                assert!(!text.contains(secret), "{name}, {status}: {text}");
            }
            let is_asked_otherwise = name == "chats" && expected_unsupported;
            let requests = server.requests.lock().unwrap().len();
            assert_eq!(
                requests,
                if is_asked_otherwise { 2 } else { 1 },
                "{name}, {status}"
            );
        }
    }
}

#[test]
fn waha_is_usable_if_it_lists_its_sessions_or_says_that_the_key_is_for_one_of_them() {
    for (status, answer, wanted) in [
        ("200 OK", r#"[{"name":"default","status":"WORKING"}]"#, None),
        ("200 OK", "[]", None),
        (
            "403 Forbidden",
            r#"{"message":"Forbidden","statusCode":403}"#,
            None,
        ),
        (
            "401 Unauthorized",
            r#"{"message":"Unauthorized","statusCode":401}"#,
            Some("WAHA_API_KEY"),
        ),
        (
            "404 Not Found",
            r#"{"message":"Cannot GET /x"}"#,
            Some("WAHA_URL"),
        ),
        ("200 OK", r#"{"hello":"world"}"#, Some("WAHA_URL")),
        ("200 OK", "<html>", Some("WAHA_URL")),
        ("302 Found", "", Some("WAHA_URL")),
        ("503 Not yet", r#"{"message":"starting"}"#, Some("starting")),
    ] {
        let server = Server::start(json(status, answer));
        let error = server.client().check().err().map(|error| error.to_string());
        match (&error, wanted) {
            (None, None) => {}
            (Some(error), Some(wanted)) => assert!(error.contains(wanted), "{status}: {error}"),
            _ => panic!("{status} {answer}: {error:?}"),
        }
        assert_eq!(
            server.only_request().line,
            "GET /waha/api/sessions?all=true HTTP/1.1"
        );
    }
}

#[test]
fn a_redirect_is_a_wrong_address() {
    for (name, ask) in QUESTIONS {
        let server = Server::start(Reply::Write(
            "HTTP/1.1 301 Moved\r\nlocation: https://waha.example/\r\ncontent-length: 0\r\n\r\n"
                .to_owned(),
        ));
        let error = ask(&server.client()).unwrap_err();
        assert!(is_unsupported(&error), "{name}");
        assert!(error.to_string().contains("https://waha.example"), "{name}");
    }
}

#[test]
fn no_answer_or_half_of_one_is_no_word_of_what_waha_can() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"id\":\"true_1@c.us_3EB0A\",";
    for (name, ask) in QUESTIONS {
        let start = Instant::now();
        let server = Server::start(Reply::Hang);
        let client = server.client_with(Duration::from_millis(100));
        assert!(!is_unsupported(&ask(&client).unwrap_err()), "{name}");
        assert!(start.elapsed() < Duration::from_secs(5), "{name}");
        for begun in ["", cut] {
            let server = Server::start(Reply::Close(begun.to_owned()));
            assert!(
                !is_unsupported(&ask(&server.client()).unwrap_err()),
                "{name}"
            );
            assert_eq!(
                server.requests.lock().unwrap().len(),
                1,
                "{name} is repeated"
            );
        }
        let nobody = Client::new(super::super::ClientConfig {
            base_url: "http://127.0.0.1:1".to_owned(),
            api_key: None,
            timeout: Duration::from_secs(5),
            connections: 1,
        })
        .unwrap();
        assert!(!is_unsupported(&ask(&nobody).unwrap_err()), "{name}");
    }
}

#[test]
fn a_new_id_is_a_bare_one() {
    for (answer, wanted) in [
        (r#"{"id":"3EB0D15EA5E0"}"#, Some("3EB0D15EA5E0")),
        (r#" {"x":[],"id":"true_55@c.us_3EB0A"}"#, Some("3EB0A")),
        (r#"{"id":""}"#, None),
        (r#"{"id":"a b"}"#, None),
        (r#"{"id":7}"#, None),
        (r#"{"id":null}"#, None),
        ("{}", None),
        (r#"[{"id":"3EB0A"}]"#, None),
    ] {
        let server = Server::start(json("200 OK", answer));
        let id = server.client().new_message_id(&session("../a b"));
        assert_eq!(id.as_ref().ok().map(MessageId::as_str), wanted, "{answer}");
        assert!(id.is_ok() || !is_unsupported(&id.unwrap_err()), "{answer}");
        let request = server.only_request();
        assert_eq!(
            request.line,
            "GET /waha/api/%2E%2E%2Fa%20b/new-message-id HTTP/1.1"
        );
        assert!(request.has_header("x-api-key: k3y-k3y"));
    }
}

#[test]
fn our_own_message_is_there_or_not() {
    let not_found = r#"{"message":"Message not found","error":"Not Found","statusCode":404}"#;
    let ours = r#"{"id":"true_5511988880001@c.us_3EB0A","body":"text"}"#;
    let by_lid = r#"{"id":"true_177700000000003@lid_3EB0A"}"#;
    let other = r#"{"id":"true_5511988880001@c.us_3EB0B"}"#;
    let gows = |field: &str, text: &str| {
        serde_json::json!({"statusCode": 500, "exception": {field: text}, "version": {"engine": "GOWS"}}).to_string()
    };
    let asked = "2 UNKNOWN: error getting message by id 3EB0A: All attempts fail:";
    let six = (1..=6)
        .map(|n| format!("\n#{n}: not found"))
        .collect::<String>();
    let found_nothing = gows("message", &format!("{asked}{six}"));
    let in_details = gows("details", &format!("{asked}\n#1: not found"));
    let long_id = gows(
        "message",
        &format!("{}{six}", asked.replace("3EB0A", &"A".repeat(200))),
    );
    let locked = gows("message", &format!("{asked}\n#1: database is locked"));
    let once_locked = gows(
        "message",
        &format!("{asked}\n#1: not found\n#2: database is locked"),
    );
    let other_not_found = gows("message", &format!("{asked}\n#1: session not found"));
    let no_attempt = gows("message", asked);
    let other_question = gows(
        "message",
        "2 UNKNOWN: error getting chat: All attempts fail:\n#1: not found",
    );
    let cut_off = &found_nothing[..found_nothing.len() - 1];
    for (status, answer, wanted) in [
        ("200 OK", ours, Some(true)),
        ("200 OK", by_lid, Some(true)),
        ("404 Not Found", not_found, Some(false)),
        ("200 OK", other, None),
        ("200 OK", "{}", None),
        ("200 OK", "null", None),
        ("500 Oops", not_found, None),
        ("500 Oops", &found_nothing, Some(false)),
        ("500 Oops", &in_details, Some(false)),
        ("500 Oops", &long_id, Some(false)),
        ("500 Oops", &locked, None),
        ("500 Oops", &once_locked, None),
        ("500 Oops", &other_not_found, None),
        ("500 Oops", &no_attempt, None),
        ("500 Oops", &other_question, None),
        ("500 Oops", cut_off, None),
        ("502 Oops", &found_nothing, None),
    ] {
        let server = Server::start(json(status, answer));
        let found =
            server
                .client()
                .has_own_message(&session("s"), &ana(), &MessageId::stored("3EB0A"));
        assert_eq!(found.as_ref().ok(), wanted.as_ref(), "{answer}");
        assert!(
            found.is_ok() || !is_unsupported(&found.unwrap_err()),
            "{answer}"
        );
        assert_eq!(
            server.only_request().line,
            "GET /waha/api/s/chats/5511988880001%40c%2Eus/messages/true_5511988880001%40c%2Eus_3EB0A?downloadMedia=false HTTP/1.1"
        );
    }
}

#[test]
fn chats_are_those_of_persons_with_their_time() {
    let answer = r#"[
        {"id":"5511988880001@c.us","name":null,"lastMessage":{"id":"x","timestamp":1789900000},"_chat":{"conversationTimestamp":1}},
        {"id":"120363000000000007@g.us","lastMessage":{"timestamp":1789900000}},
        {"id":"177700000000003@lid","lastMessage":null,"_chat":{"conversationTimestamp":"1789900001"}},
        {"id":"status@broadcast"},
        {"id":{"server":"c.us","user":"1","_serialized":"1@c.us"},"timestamp":1789900002},
        {"id":"2@s.whatsapp.net","conversationTimestamp":{"low":1789900003,"high":0,"unsigned":true}},
        {"id":"3@c.us","lastMessageTime":{"low":-1093767868,"high":416}},
        {"id":"4@c.us","conversationTimestamp":"2026-09-20T12:00:00Z"},
        {"id":"5@c.us","t":1789900004123},
        {"id":"6@c.us","lastMessage":[],"_chat":"x","conversationTimestamp":"0001-01-01T00:00:00Z"},
        {"id":"7@c.us","timestamp":{"low":"a"}},
        {"id":7}, null, [], "8@c.us", {"id":"\ud83d@c.us"}
    ]"#;
    let server = Server::start(json("200 OK", answer));
    let page = server.client().chats(&session("s/1"), 16, 32).unwrap();
    assert_eq!(page.listed, 16);
    let items: Vec<_> = page
        .items
        .iter()
        .map(|item| (item.chat.as_str(), item.last_message_at.map(Millis::as_i64)))
        .collect();
    assert_eq!(
        items,
        [
            ("5511988880001@c.us", Some(1_789_900_000_000)),
            ("177700000000003@lid", Some(1_789_900_001_000)),
            ("1@c.us", Some(1_789_900_002_000)),
            ("2@c.us", Some(1_789_900_003_000)),
            (
                "3@c.us",
                Some(416 * (1 << 32) + (1_i64 << 32) - 1_093_767_868)
            ),
            ("4@c.us", Some(1_789_905_600_000)),
            ("5@c.us", Some(1_789_900_004_123)),
            ("6@c.us", None),
            ("7@c.us", None),
        ]
    );
    assert_eq!(
        server.only_request().line,
        "GET /waha/api/s%2F1/chats/overview?limit=16&offset=32 HTTP/1.1"
    );
    let server = Server::start(json("200 OK", "[]"));
    let page = server.client().chats(&session("s"), 10, 0).unwrap();
    assert_eq!((page.items.len(), page.listed), (0, 0));
}

#[test]
fn a_waha_without_overviews_is_asked_for_its_chats() {
    for status in ["404 Not Found", "501 Not Implemented", "422 Not in Core"] {
        let server = Server::start_with(move |request| {
            if request.line.contains("/overview") {
                json(status, r#"{"message":"no such thing"}"#)
            } else {
                json("200 OK", r#"[{"id":"1@c.us","timestamp":1789900000}]"#)
            }
        });
        let page = server.client().chats(&session("s"), 10, 20).unwrap();
        assert_eq!((page.items.len(), page.listed), (1, 1));
        let requests = server.requests.lock().unwrap();
        assert_eq!(requests.len(), 2);
        assert_eq!(
            requests[1].line,
            "GET /waha/api/s/chats?limit=10&offset=20&sortBy=conversationTimestamp&sortOrder=desc HTTP/1.1"
        );
    }
}

#[test]
fn messages_are_listed_as_they_are() {
    let answer = r#"[
        {"id":"false_5511988880001@c.us_A","timestamp":1789900000,"body":"ol\u00e1 [\ud83d]", "_data":{"a":[1.0]}},
        {"id":"false_5511988880001@c.us_B","timestamp":1789899998},
        {"id":"false_5511988880001@c.us_C","timestamp":1789899999},
        {"id":"false_5511988880001@c.us_D","timestamp":null},
        null, [1], "x"
    ]"#;
    // This is half a second after the time of C.
    let since = 1_789_899_999_500;
    for (chat, segment) in [
        (Some(ana()), "5511988880001%40c%2Eus"),
        (Some(lid()), "177700000000003%40lid"),
        (None, "all"),
    ] {
        let server = Server::start(json("200 OK", answer));
        let page = server
            .client()
            .messages(&session("s"), chat.as_ref(), Millis::new(since), 100, 200)
            .unwrap();
        assert_eq!(page.listed, 7);
        assert_eq!(
            page.items,
            [
                r#"{"id":"false_5511988880001@c.us_A","timestamp":1789900000,"body":"ol\u00e1 [\ufffd]", "_data":{"a":[1.0]}}"#,
                r#"{"id":"false_5511988880001@c.us_C","timestamp":1789899999}"#,
                r#"{"id":"false_5511988880001@c.us_D","timestamp":null}"#,
            ]
        );
        assert_eq!(
            server.only_request().line,
            format!(
                "GET /waha/api/s/chats/{segment}/messages?limit=100&offset=200&downloadMedia=false&filter.timestamp.gte=1789899999 HTTP/1.1"
            )
        );
    }
    let server = Server::start(json("200 OK", "[]"));
    let page = server
        .client()
        .messages(&session("s"), None, Millis::new(-1), 1, 0)
        .unwrap();
    assert_eq!((page.items.len(), page.listed), (0, 0));
    assert!(server.only_request().line.contains("gte=0 "));
}

#[test]
fn a_large_page_is_read_and_an_endless_one_is_not() {
    let message = |size: usize| format!(r#"{{"id":"a","_data":"{}"}}"#, "x".repeat(size));
    let hundred = format!("[{}]", vec![message(100_000); 100].join(","));
    let server = Server::start(json("200 OK", &hundred));
    let page = server
        .client()
        .messages(&session("s"), None, Millis::new(0), 100, 0)
        .unwrap();
    assert_eq!(page.items.len(), 100);

    let server = Server::start(json("200 OK", &format!("[{}]", message(17 << 20))));
    let error = server
        .client()
        .messages(&session("s"), None, Millis::new(0), 1, 0)
        .unwrap_err();
    assert!(!is_unsupported(&error), "{error}");
    assert!(error.to_string().contains("larger"), "{error}");
}

#[test]
fn depth_in_a_list_is_no_danger() {
    let deep = "[".repeat(500_000) + &"]".repeat(500_000);
    let answer = format!(r#"[{{"id":"1@c.us","_chat":{deep},"_data":{deep}}},{deep}]"#);
    let server = Server::start(json("200 OK", &answer));
    let page = server
        .client()
        .messages(&session("s"), None, Millis::new(0), 2, 0)
        .unwrap();
    assert_eq!((page.items.len(), page.listed), (1, 2));
    let page = server.client().chats(&session("s"), 2, 0).unwrap();
    assert_eq!((page.items.len(), page.listed), (1, 2));
}

#[test]
fn the_phone_of_a_hidden_id_is_told_or_not_known() {
    for (answer, wanted) in [
        (
            r#"{"lid":"177700000000003@lid","pn":"5531966660003@c.us"}"#,
            Some(Some("5531966660003@c.us")),
        ),
        (
            r#"{"lid":"177700000000003@lid","pn":"5531966660003:4@s.whatsapp.net"}"#,
            Some(Some("5531966660003@c.us")),
        ),
        (r#"{"lid":"177700000000003@lid","pn":null}"#, Some(None)),
        (r#"{"lid":"177700000000003@lid"}"#, Some(None)),
        (r#"{"lid":"177700000000003@lid","pn":""}"#, Some(None)),
        (r#"{"pn":"177700000000003@lid"}"#, None),
        (r#"{"pn":"5531966660003"}"#, None),
        (r#"{"pn":"1203@g.us"}"#, None),
        (r#"{"pn":5531966660003}"#, None),
        (r#"[{"pn":"5531966660003@c.us"}]"#, None),
    ] {
        let server = Server::start(json("200 OK", answer));
        let phone = server.client().phone_chat(&session("s"), &lid());
        let found = phone.as_ref().map(|chat| chat.as_ref().map(ChatId::as_str));
        assert_eq!(found.ok(), wanted, "{answer}");
        assert!(
            phone.is_ok() || !is_unsupported(&phone.unwrap_err()),
            "{answer}"
        );
        assert_eq!(
            server.only_request().line,
            "GET /waha/api/s/lids/177700000000003%40lid HTTP/1.1"
        );
    }
}
