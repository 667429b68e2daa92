//! The page of the sessions: what it says of each status, and how a phone is paired.

use serde_json::{Value, json};
use waha_sm::history::{FILE_NAME, History, StoredEvent};
use waha_sm::store::AgentRole;

use super::caller::Caller;
use crate::fake_waha::{Behaviour, Scan};
use crate::harness::{Daemon, Redis, SECRET, SESSION, TestSetup, chat, eventually};
use crate::redis_nodes::free_port;

/// A daemon with a console, to which WAHA posts the statuses of its sessions.
struct Pairing {
    test: TestSetup,
    redis: Redis,
    daemon: Daemon,
    listen: String,
    owner: Caller,
}

impl Pairing {
    fn open() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let daemon = test.all(&redis).set("FLOW_FILE", test.echo());
        let daemon = daemon.set("CONSOLE_LISTEN", &listen).start();
        test.waha.post_statuses_to(&daemon.url, SECRET);
        let owner = Caller::new(&redis, &listen, "olga", AgentRole::Owner, &[]);
        Self {
            test,
            redis,
            daemon,
            listen,
            owner,
        }
    }

    /// What the API says of the session.
    fn session(&self) -> Value {
        let told = self.owner.get("/api/v1/sessions").json();
        let sessions = told["sessions"].as_array().unwrap();
        let found = sessions.iter().find(|one| one["session"] == SESSION);
        found.unwrap_or_else(|| panic!("{told}")).clone()
    }

    #[track_caller]
    fn becomes(&self, state: &str) -> Value {
        eventually(state, || {
            Some(self.session()).filter(|one| one["state"] == state)
        })
    }

    fn page(&self, language: &str) -> String {
        let page = self
            .owner
            .get_with("/sessions", &[("accept-language", language)]);
        assert_eq!(page.status, 200);
        page.text()
    }

    fn order(&self, order: &str) -> (u16, Value) {
        let told = self
            .owner
            .post(&format!("sessions/{SESSION}/{order}"), &json!({}));
        (told.status, told.json())
    }

    /// The address of the picture of the QR code in the page.
    fn qr_address(&self) -> Option<String> {
        let page = self.page("en");
        let (_, rest) = page.split_once("<img class=\"qr\" src=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }
}

#[test]
fn a_session_is_logged_out_and_paired_again_by_picture_and_by_code() {
    let shop = Pairing::open();
    let works = shop.becomes("works");
    assert_eq!(works["account"], "5511900000000@c.us");
    assert_eq!(shop.qr_address(), None);
    assert_eq!(
        shop.owner.get(&format!("/sessions/{SESSION}/qr")).status,
        404
    );

    let (status, done) = shop.order("logout");
    assert_eq!((status, &done["result"]), (200, &json!("done")));
    let waits = shop.becomes("waits_for_phone");
    assert!(
        waits["since"].is_i64() && waits["account"].is_null(),
        "{waits}"
    );
    let first = shop.qr_address().unwrap();
    let picture = shop.owner.get(&first);
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/png")
    );
    assert_eq!(picture.header("cache-control"), "no-store");
    assert!(picture.body.starts_with(b"\x89PNG\r\n\x1a\n"));
    // The next code has another address, so that a browser shows it.
    shop.test.waha.wait_for_phone(SESSION);
    let second = shop.qr_address().unwrap();
    assert_ne!(second, first);
    assert_ne!(shop.owner.get(&second).body, picture.body);

    let code = |phone: &str| {
        shop.owner.post(
            &format!("sessions/{SESSION}/code"),
            &json!({"phone": phone}),
        )
    };
    let told = code("+55 (11) 90000-0000");
    assert_eq!(
        (told.status, &told.json()["code"]),
        (200, &json!("WAHA-0002"))
    );
    for wrong in ["", "5511", "<script>", "5511900000000@c.us"] {
        let told = code(wrong);
        assert_eq!(told.status, 422, "{wrong}");
        assert!(
            told.text().contains("not a phone number"),
            "{}",
            told.text()
        );
    }
    assert!(shop.test.waha.phone_scans(SESSION, Scan::Pairs));
    shop.becomes("works");
    let told = code("5511900000000");
    assert!(
        told.status == 409 && told.text().contains("does not wait for a phone"),
        "{}",
        told.text()
    );
    let data = shop.test.directory.path().join("data");
    eventually("the history says who did that", || {
        let history = History::open_read_only(&data.join(FILE_NAME)).ok()?;
        let lines = history.audit(None, 9).unwrap().lines;
        let lines: Vec<String> = lines.iter().map(StoredEvent::in_words).collect();
        let code = "session default: code to pair a phone by olga";
        (lines == [code, "session default: logged out by olga"]).then_some(())
    });
    // The session serves customers again.
    shop.daemon.customer_writes(&chat(1), "hello");
    assert_eq!(shop.test.texts(&chat(1), 1).len(), 1);
}

#[test]
fn each_status_says_what_it_means_and_what_to_do_in_three_languages() {
    let shop = Pairing::open();
    for (status, state, words) in [
        (
            "FAILED",
            "failed",
            [
                "Logged out or broken",
                "Desconectado ou com falha",
                "Desconectado o averiado",
            ],
        ),
        (
            "STOPPED",
            "stopped",
            [
                "Start it to go on",
                "Inicie para continuar",
                "Iníciala para continuar",
            ],
        ),
        (
            "STARTING",
            "connects",
            [
                "Connecting to WhatsApp",
                "Conectando ao WhatsApp",
                "Conectando a WhatsApp",
            ],
        ),
        (
            "PASSKEY_REQUIRED",
            "wants_passkey",
            [
                "asks for a passkey",
                "pede uma chave de acesso",
                "pide una clave de acceso",
            ],
        ),
        (
            "DREAMING",
            "other",
            ["new to us", "novo para nós", "nuevo para nosotros"],
        ),
        ("WORKING", "works", ["Connected", "Conectado", "Conectado"]),
    ] {
        shop.test.waha.session_becomes(SESSION, status);
        let session = shop.becomes(state);
        assert_eq!(session["status"], status);
        for (language, words) in ["en", "pt-BR", "es"].into_iter().zip(words) {
            let page = shop.page(language);
            assert!(page.contains(words), "{language}: {page}");
        }
    }
}

#[test]
fn a_session_that_hangs_after_its_code_was_scanned_is_told_from_one_that_connects() {
    let shop = Pairing::open();
    shop.test.waha.wait_for_phone(SESSION);
    shop.becomes("waits_for_phone");
    assert!(shop.test.waha.phone_scans(SESSION, Scan::Hangs));
    let connects = shop.becomes("connects");
    // A minute goes by.
    let since = connects["since"].as_i64().unwrap() - 61_000;
    let key = format!("waha-sm:{{{SESSION}}}:status");
    shop.redis.ask(&format!("HSET {key} status_since {since}"));
    shop.becomes("stuck_after_scan");
    assert!(shop.page("en").contains("Stuck after the scan"));
    let (status, _) = shop.order("restart");
    assert_eq!(status, 200);
    shop.becomes("waits_for_phone");
}

#[test]
fn a_session_is_stopped_started_and_restarted() {
    let shop = Pairing::open();
    for (order, state) in [
        ("stop", "stopped"),
        ("start", "works"),
        ("start", "works"),
        ("restart", "works"),
    ] {
        let (status, told) = shop.order(order);
        assert_eq!(status, 200, "{order}: {told}");
        shop.becomes(state);
    }
    let posts = shop.test.waha.calls();
    let posts: Vec<&str> = posts
        .iter()
        .filter(|call| call.method == "POST" && call.path.starts_with("/api/sessions/"))
        .map(|call| call.path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(posts, ["stop", "start", "start", "restart"]);
    assert_eq!(shop.order("delete").0, 405);
    shop.test.waha.behave(Behaviour::SessionIsDeleted);
    let (status, told) = shop.order("start");
    assert!(
        status == 409
            && told["message"]
                .as_str()
                .unwrap()
                .contains("deleted in WAHA"),
        "{told}"
    );
}

#[test]
fn only_an_owner_who_serves_a_session_sees_and_changes_it() {
    let shop = Pairing::open();
    shop.test.waha.wait_for_phone(SESSION);
    shop.becomes("waits_for_phone");
    let caller = |name: &str, role, sessions: &[&str]| {
        Caller::new(&shop.redis, &shop.listen, name, role, sessions)
    };
    let attendant = caller("bia", AgentRole::Attendant, &[]);
    let elsewhere = caller("davi", AgentRole::Owner, &["other"]);
    let orders = || {
        let calls = shop.test.waha.calls();
        calls
            .iter()
            .filter(|call| call.method == "POST" && call.path.contains("sessions"))
            .count()
    };
    let before = orders();
    assert_eq!(attendant.get("/sessions").status, 403);
    assert_eq!(attendant.get("/api/v1/sessions").status, 403);
    assert_eq!(
        attendant.get(&format!("/sessions/{SESSION}/qr")).status,
        403
    );
    assert_eq!(
        elsewhere.get(&format!("/sessions/{SESSION}/qr")).status,
        404
    );
    assert_eq!(
        elsewhere.get("/api/v1/sessions").json()["sessions"],
        json!([])
    );
    for order in ["start", "stop", "restart", "logout", "code"] {
        let body = json!({"phone": "5511900000000"});
        assert_eq!(
            attendant
                .post(&format!("sessions/{SESSION}/{order}"), &body)
                .status,
            403
        );
        assert_eq!(
            elsewhere
                .post(&format!("sessions/{SESSION}/{order}"), &body)
                .status,
            405
        );
    }
    assert_eq!(orders(), before);
}

#[test]
fn a_waha_that_is_away_or_refuses_its_key_is_said_so() {
    let shop = Pairing::open();
    shop.becomes("works");
    // A key for one session may not list all of them.
    shop.daemon.customer_writes(&chat(1), "hello");
    shop.test.texts(&chat(1), 1);
    shop.test.waha.limit_key_to(Some(SESSION));
    shop.becomes("works");
    shop.test.waha.limit_key_to(None);
    shop.test.waha.change_key("another");
    shop.becomes("unknown");
    assert!(
        shop.page("en")
            .contains("WAHA could not be asked: WAHA answered 401")
    );
    shop.test.waha.go_away();
    shop.becomes("unknown");
    let (status, told) = shop.order("restart");
    assert!(
        status == 502
            && told["message"]
                .as_str()
                .unwrap()
                .contains("can't be reached"),
        "{told}"
    );
    assert!(!shop.page("en").contains(crate::harness::API_KEY));
}
