//! Tests what is asked and ordered about sessions, with each way in which WAHA may answer.

use serde_json::json;

use super::super::tests::{Reply, Server, json as answer, session};
use super::*;

/// The smallest picture: one pixel.
const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn bytes(content_type: &str, body: &[u8]) -> Reply {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Reply::WriteBytes([head.as_bytes(), body].concat())
}

fn not_in_scan() -> Reply {
    let body = json!({
        "error": "Session status is not as expected. Try again later or restart the session",
        "session": "s", "status": "WORKING", "expected": ["SCAN_QR_CODE"],
    });
    answer("422 Unprocessable Entity", &body.to_string())
}

#[test]
fn sessions_are_listed_with_their_accounts() {
    let list = json!([
        {"name": "default", "status": "WORKING", "config": {"webhooks": []}, "me": {"id": "5511900000000@c.us", "pushName": "Loja\nExemplo", "lid": "1@lid"},
         "presence": "offline", "timestamps": {"activity": 1_789_900_000_123_i64}},
        {"name": "loja-2", "status": "STOPPED", "me": null, "timestamps": {"activity": null}},
        {"name": "old", "status": "SCAN_QR_CODE", "me": {"id": null}, "engine": "NOWEB"},
        {"name": "new", "status": "SOMETHING_NEW", "me": [], "engine": {"engine": "GOWS", "grpc": {}}},
        {"name": "../a", "status": "WORKING"}, {"name": "b"}, {"status": "WORKING"}, 7, null,
    ]);
    let server = Server::start(answer("200 OK", &list.to_string()));
    let sessions = server.client().sessions().unwrap();
    let named = |session: &Session| (session.name.to_string(), session.status.clone());
    assert_eq!(
        sessions.iter().map(named).collect::<Vec<_>>(),
        [
            ("default".into(), "WORKING".into()),
            ("loja-2".into(), "STOPPED".into()),
            ("old".into(), "SCAN_QR_CODE".into()),
            ("new".into(), "SOMETHING_NEW".into()),
        ]
    );
    let account = sessions[0].account.as_ref().unwrap();
    assert_eq!(account.id.as_str(), "5511900000000@c.us");
    assert_eq!(account.name.as_deref(), Some("Loja Exemplo"));
    assert_eq!(sessions[0].active_at, Some(Millis::new(1_789_900_000_123)));
    assert!(
        sessions[1..]
            .iter()
            .all(|session| session.account.is_none() && session.active_at.is_none())
    );
    let engines: Vec<_> = sessions
        .iter()
        .map(|session| session.engine.as_deref())
        .collect();
    assert_eq!(engines, [None, None, Some("NOWEB"), Some("GOWS")]);
    assert_eq!(
        server.only_request().line,
        "GET /waha/api/sessions?all=true HTTP/1.1"
    );
}

#[test]
fn something_else_is_no_list_and_no_session() {
    for body in ["{}", "7", "", "null", "<html>"] {
        let server = Server::start(answer("200 OK", body));
        let error = server.client().sessions().unwrap_err();
        assert!(error.to_string().contains("WAHA_URL"), "{body}: {error}");
        let error = server.client().session(&session("s")).unwrap_err();
        assert!(error.to_string().contains("WAHA_URL"), "{body}: {error}");
    }
}

#[test]
fn one_session_is_asked_for_by_its_name_which_cannot_lead_elsewhere() {
    let body =
        json!({"name": "default", "status": "WORKING", "me": null, "engine": {"engine": "GOWS"}});
    let server = Server::start(answer("200 OK", &body.to_string()));
    let found = server.client().session(&session("../a b")).unwrap();
    assert_eq!(
        (found.status.as_str(), found.engine.as_deref()),
        ("WORKING", Some("GOWS"))
    );
    assert_eq!(
        server.only_request().line,
        "GET /waha/api/sessions/%2E%2E%2Fa%20b HTTP/1.1"
    );
    let missing = json!({"message": "Session not found", "error": "Not Found", "statusCode": 404});
    let server = Server::start(answer("404 Not Found", &missing.to_string()));
    assert_eq!(
        server.client().session(&session("s")),
        Err(SendError::SessionNotWorking { status_word: None })
    );
}

#[test]
fn each_order_is_posted_to_its_own_path() {
    for (order, word) in [
        (SessionOrder::Start, "start"),
        (SessionOrder::Restart, "restart"),
        (SessionOrder::Stop, "stop"),
        (SessionOrder::Logout, "logout"),
    ] {
        let server = Server::start(answer("201 Created", r#"{"name":"s","status":"STARTING"}"#));
        assert_eq!(server.client().order(&session("s/1"), order), Ok(()));
        let request = server.only_request();
        assert_eq!(
            request.line,
            format!("POST /waha/api/sessions/s%2F1/{word} HTTP/1.1")
        );
        assert!(request.has_header("x-api-key: k3y-k3y") && request.body == "{}");
        // WAHA Core 2026.2.1 says this if the session runs already.
        let started = json!({"message": "Session 'default' is already started.", "error": "Unprocessable Entity", "statusCode": 422});
        let server = Server::start(answer("422 Unprocessable Entity", &started.to_string()));
        assert_eq!(
            server.client().order(&session("s"), order).is_ok(),
            order == SessionOrder::Start
        );
        let plus = json!({"message": "WAHA Core support only 'default' session. ... PLUS version", "statusCode": 422});
        let server = Server::start(answer("422 Unprocessable Entity", &plus.to_string()));
        let error = server.client().order(&session("s"), order).unwrap_err();
        assert!(error.to_string().contains("2026.6.1"), "{error}");
    }
}

#[test]
fn a_qr_code_is_a_picture_and_nothing_else() {
    let server = Server::start(bytes("image/png", PIXEL));
    assert_eq!(server.client().qr(&session("s")).unwrap(), PIXEL);
    let request = server.only_request();
    assert_eq!(
        request.line,
        "GET /waha/api/s/auth/qr?format=image HTTP/1.1"
    );
    assert!(request.has_header("accept: image/png"), "{request:?}");
    assert!(
        !request.has_header("accept: application/json"),
        "{request:?}"
    );
    for body in [
        &b"<svg onload=alert(1)>"[..],
        b"GIF89a",
        b"",
        b"{\"value\":\"2@x\"}",
        b"\x89PNG",
    ] {
        let server = Server::start(bytes("image/png", body));
        let error = server.client().qr(&session("s")).unwrap_err();
        assert!(
            matches!(error, SendError::Refused { status: 200, .. }),
            "{error}"
        );
    }
    let mut large = PIXEL.to_vec();
    large.resize(QR_MAX as usize + 1, 0);
    let server = Server::start(bytes("image/png", &large));
    let error = server.client().qr(&session("s")).unwrap_err();
    assert!(matches!(error, SendError::Interrupted { .. }), "{error}");
    let server = Server::start(not_in_scan());
    let not_now = SendError::SessionNotWorking {
        status_word: Some("WORKING".to_owned()),
    };
    assert_eq!(server.client().qr(&session("s")), Err(not_now));
}

#[test]
fn a_session_that_is_not_started_has_no_qr_code_yet() {
    let body = json!({
        "message": "We didn't find a session with name 'default'.\nPlease start it first by using POST /api/sessions/default/start request",
        "error": "Not Found", "statusCode": 404,
    });
    let server = Server::start(answer("404 Not Found", &body.to_string()));
    assert_eq!(
        server.client().qr(&session("default")),
        Err(SendError::SessionNotWorking { status_word: None })
    );
}

#[test]
fn a_code_is_for_the_digits_of_a_number() {
    let phone = PhoneNumber::parse("+55 (11) 90000-0000").unwrap();
    let server = Server::start(answer("201 Created", r#"{"code":"ABCD-1234"}"#));
    let code = server.client().pairing_code(&session("s"), &phone).unwrap();
    assert_eq!(code.reveal(), "ABCD-1234");
    assert!(!format!("{code:?}").contains("ABCD"));
    let request = server.only_request();
    assert_eq!(request.line, "POST /waha/api/s/auth/request-code HTTP/1.1");
    assert_eq!(request.body, r#"{"phoneNumber":"5511900000000"}"#);
    for body in [
        "{}",
        "[]",
        r#"{"code":null}"#,
        r#"{"code":"<b>"}"#,
        r#"{"code":"AB"}"#,
        r#"{"code":"AAAABBBBCCCCDDDDE"}"#,
    ] {
        let server = Server::start(answer("201 Created", body));
        let error = server
            .client()
            .pairing_code(&session("s"), &phone)
            .unwrap_err();
        assert!(
            matches!(error, SendError::Refused { status: 201, .. }),
            "{body}: {error}"
        );
    }
    let echoed = r#"{"statusCode":500,"exception":{"message":"bad number 5511900000000"},"request":{"body":{"phoneNumber":"5511900000000"}}}"#;
    let server = Server::start(answer("500 Oops", echoed));
    let error = server
        .client()
        .pairing_code(&session("s"), &phone)
        .unwrap_err();
    assert_eq!(error.to_string(), "WAHA answered 500: bad number (hidden)");
    let server = Server::start(not_in_scan());
    let error = server
        .client()
        .pairing_code(&session("s"), &phone)
        .unwrap_err();
    assert!(
        matches!(error, SendError::SessionNotWorking { .. }),
        "{error}"
    );
}

#[test]
fn a_phone_number_has_its_country_and_nothing_but_digits() {
    for (text, digits) in [
        ("5511900000000", Some("5511900000000")),
        (" +55 11 90000-0000 ", Some("5511900000000")),
        ("+55\u{a0}(11)\u{a0}90000.0000", Some("5511900000000")),
        ("+1 555/010-0000", Some("15550100000")),
        ("", None),
        ("+", None),
        ("5511", None),
        ("011 90000-0000", None),
        ("0055 11 90000-0000", None),
        ("5511900000000@c.us", None),
        ("++5511900000000", None),
        ("5511900000000\",\"x\":\"", None),
        ("٥٥١١٩٠٠٠٠٠٠٠٠", None),
        ("1234567890123456", None),
    ] {
        let parsed = PhoneNumber::parse(text);
        assert_eq!(parsed.as_ref().map(PhoneNumber::digits), digits, "{text:?}");
    }
}

#[test]
fn half_an_answer_is_no_answer() {
    let cut = |status: &str, body: &str| {
        Reply::Close(format!(
            "HTTP/1.1 {status}\r\ncontent-length: 1000\r\n\r\n{body}"
        ))
    };
    let phone = PhoneNumber::parse("5511900000000").unwrap();
    let server = Server::start(cut(
        "200 OK",
        "[{\"name\":\"default\",\"status\":\"WORKING\"}",
    ));
    let interrupted = |error: &SendError| matches!(error, SendError::Interrupted { .. });
    assert!(interrupted(&server.client().sessions().unwrap_err()));
    let server = Server::start(cut("200 OK", "{\"name\":\"default\""));
    assert!(interrupted(
        &server.client().session(&session("s")).unwrap_err()
    ));
    let server = Server::start(cut("200 OK", "\u{1}"));
    assert!(interrupted(&server.client().qr(&session("s")).unwrap_err()));
    let server = Server::start(cut("201 Created", "{\"code\":\"ABCD-1234\""));
    assert!(interrupted(
        &server
            .client()
            .pairing_code(&session("s"), &phone)
            .unwrap_err()
    ));
}
