//! The files of messages: who gets them, what a browser may do with them, and what is said if they are gone.

use std::io::Write;
use std::net::TcpListener;

use serde_json::Value;
use waha_sm::store::AgentRole;

use super::caller::{Caller, Told};
use crate::fake_waha::{SendAs, Served};
use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::redis_nodes::free_port;

/// A daemon with a console, and its owner's script.
struct Files {
    test: TestSetup,
    redis: Redis,
    daemon: Daemon,
    listen: String,
    owner: Caller,
}

impl Files {
    fn open() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let daemon = test.all(&redis);
        let daemon = daemon.set("FLOW_FILE", test.echo());
        let daemon = daemon.set("CONSOLE_LISTEN", &listen).start();
        let owner = Caller::new(&redis, &listen, "olga", AgentRole::Owner, &[]);
        Self {
            test,
            redis,
            daemon,
            listen,
            owner,
        }
    }

    /// Posts the event of a file, and returns its path once the history has it.
    fn path_of(&self, event: &Value) -> String {
        self.daemon.posts(event);
        let id = event["payload"]["id"].as_str().unwrap();
        let bare = id.rsplit('_').next().unwrap();
        let data = self.test.directory.path().join("data");
        let database = data.join(waha_sm::history::FILE_NAME);
        eventually("the message is in the history", || {
            let db = rusqlite::Connection::open(&database).ok()?;
            let row = "SELECT id FROM message WHERE stanza = ?1";
            let row: i64 = db.query_row(row, [bare], |row| row.get(0)).ok()?;
            Some(format!("/media/{SESSION}/{row}"))
        })
    }

    fn sends(&self, mimetype: &str, name: Option<&str>, served: Served) -> String {
        let kind = (SendAs::File, mimetype, name);
        let waha = &self.test.waha;
        self.path_of(&waha.customer_sends_file(SESSION, &chat(1), "Ana", kind, served))
    }

    fn photo(&self) -> String {
        let waha = &self.test.waha;
        self.path_of(&waha.customer_sends_photo(SESSION, &chat(1), "Ana", "look", true))
    }

    /// How often WAHA was asked for a file.
    fn asked_for_files(&self) -> usize {
        let calls = self.test.waha.calls();
        let files = calls
            .iter()
            .filter(|call| call.path.starts_with("/api/files/"));
        files.count()
    }
}

#[track_caller]
fn is_only_saved(told: &Told, content: &[u8]) {
    assert_eq!((told.status, told.body.as_slice()), (200, content));
    assert_eq!(told.header("content-type"), "application/octet-stream");
    let name = told.header("content-disposition");
    assert!(name.starts_with("attachment;"), "{name}");
    is_locked_up(told);
}

#[track_caller]
fn is_locked_up(told: &Told) {
    assert_eq!(told.header("x-content-type-options"), "nosniff");
    let policy = told.header("content-security-policy");
    assert!(
        policy.starts_with("sandbox; default-src 'none'") && !policy.contains("script"),
        "{policy}"
    );
    assert!(
        told.header("cache-control").starts_with("private"),
        "{told:?}"
    );
}

#[test]
fn a_photo_is_shown_until_waha_deletes_it_and_then_it_is_said_how_to_keep_files() {
    let files = Files::open();
    let path = files.photo();
    let photo = files.owner.get(&path);
    assert_eq!(
        (photo.status, photo.header("content-type")),
        (200, "image/jpeg")
    );
    assert!(photo.body.starts_with(b"\xff\xd8\xff") && photo.body.ends_with(b"\xff\xd9"));
    let name = photo.header("content-disposition");
    assert!(
        name.starts_with("inline; filename=\"") && name.contains(".jpg"),
        "{name}"
    );
    is_locked_up(&photo);

    files.test.waha.delete_files();
    for (language, words) in [
        ("en", "WAHA has deleted this file"),
        ("pt-BR", "O WAHA já apagou este arquivo"),
        ("es", "WAHA ya borró este archivo"),
    ] {
        let gone = files
            .owner
            .get_with(&path, &[("accept-language", language)]);
        assert_eq!(gone.status, 410);
        let text = gone.text();
        assert!(
            text.starts_with(words) && text.contains("WHATSAPP_FILES_LIFETIME=0"),
            "{text}"
        );
    }
}

#[test]
fn what_could_run_is_only_saved_whatever_it_says_it_is() {
    let files = Files::open();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    let html = b"<!doctype html><script>alert(document.cookie)</script>";
    for (mimetype, content_type, content) in [
        ("image/svg+xml", "image/svg+xml", &svg[..]),
        ("text/html", "text/html", &html[..]),
        ("application/pdf", "application/pdf", b"%PDF-1.7"),
        // The type is a lie.
        ("image/png", "image/png", &svg[..]),
        ("video/mp4", "text/html", &html[..]),
        ("audio/ogg; codecs=opus", "image/svg+xml", &svg[..]),
    ] {
        let path = files.sends(
            mimetype,
            Some("a.html"),
            Served::well(content_type, content),
        );
        is_only_saved(&files.owner.get(&path), content);
    }
    let name = "../../\u{202e}fdp.\r\nexe\"; x=\"y";
    let path = files.sends(
        "application/pdf",
        Some(name),
        Served::well("application/pdf", "%PDF"),
    );
    let told = files.owner.get(&path);
    is_only_saved(&told, b"%PDF");
    let header = told.header("content-disposition");
    assert!(
        header.matches('"').count() == 2 && !header.contains("..") && header.is_ascii(),
        "{header}"
    );
}

#[test]
fn a_file_is_only_for_those_who_serve_its_session() {
    let files = Files::open();
    let path = files.photo();
    let caller = |name: &str, sessions: &[&str]| {
        Caller::new(
            &files.redis,
            &files.listen,
            name,
            AgentRole::Attendant,
            sessions,
        )
    };
    assert_eq!(caller("bia", &[]).get(&path).status, 200);
    assert_eq!(caller("caio", &[SESSION]).get(&path).status, 200);
    let asked = files.asked_for_files();
    assert_eq!(caller("davi", &["other"]).get(&path).status, 404);
    // The row is of another session than the path says.
    let row = path.rsplit('/').next().unwrap();
    assert_eq!(files.owner.get(&format!("/media/other/{row}")).status, 404);
    for path in [
        "/media/default/999999",
        "/media/default/x",
        "/media/default/-1",
        "/media/../1",
        "/media/default",
    ] {
        assert_eq!(files.owner.get(path).status, 404, "{path}");
    }
    let stranger = files.owner.get_as_stranger(&path);
    assert!(
        stranger.status == 303 && stranger.header("location").starts_with("/login"),
        "{stranger:?}"
    );
    assert_eq!(files.asked_for_files(), asked);
}

#[test]
fn only_wahas_own_files_are_asked_for_and_no_redirect_is_followed() {
    let files = Files::open();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/secret", elsewhere.local_addr().unwrap());
    let moved = files.sends("image/png", None, Served::elsewhere(&address));
    let told = files.owner.get(&moved);
    assert_eq!(told.status, 502);
    let asked = files.asked_for_files();
    for url in [
        address.as_str(),
        "http://localhost:3000/api/files/other/a.png",
        "http://localhost:3000/api/files/default/..%2f..%2fsessions",
        "http://localhost:3000/api/sessions",
        "file:///etc/passwd",
    ] {
        let mut event = files
            .test
            .waha
            .customer_sends_photo(SESSION, &chat(1), "Ana", "x", true);
        event["payload"]["media"]["url"] = url.into();
        let path = files.path_of(&event);
        assert_eq!(files.owner.get(&path).status, 404, "{url}");
    }
    assert_eq!(files.asked_for_files(), asked);
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.accept().is_err());
    let event = files
        .test
        .waha
        .customer_sends_photo(SESSION, &chat(1), "Ana", "x", false);
    let told = files.owner.get(&files.path_of(&event));
    assert!(
        told.status == 404 && told.text().contains("did not download"),
        "{told:?}"
    );
}

#[test]
fn a_part_of_a_recording_is_played_and_a_file_that_is_too_large_is_not() {
    let files = Files::open();
    let mut recording = b"OggS\0\x02".to_vec();
    for number in 0..40_000_u32 {
        write!(recording, "{number:06}").unwrap();
    }
    let path = files.sends(
        "audio/ogg; codecs=opus",
        None,
        Served::well("audio/ogg", recording.clone()),
    );
    let whole = files.owner.get(&path);
    assert_eq!(
        (whole.status, whole.header("accept-ranges")),
        (200, "bytes")
    );
    assert_eq!(whole.header("content-type"), "audio/ogg");
    assert!(whole.body == recording);
    let length = recording.len();
    for (range, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=100000-100063", 100_000, 100_063),
        ("bytes=200000-", 200_000, length - 1),
        ("bytes=-10", length - 10, length - 1),
    ] {
        let part = files.owner.get_with(&path, &[("range", range)]);
        assert_eq!(
            (part.status, part.header("content-type")),
            (206, "audio/ogg"),
            "{range}"
        );
        assert_eq!(
            part.header("content-range"),
            format!("bytes {first}-{last}/{length}")
        );
        assert!(part.body == recording[first..=last], "{range}");
    }
    let behind = files.owner.get_with(&path, &[("range", "bytes=999999-")]);
    assert_eq!(
        (behind.status, behind.header("content-range")),
        (416, format!("bytes */{length}").as_str())
    );
    let large = files.sends(
        "video/mp4",
        None,
        Served::well("video/mp4", vec![0; 33 << 20]),
    );
    let told = files.owner.get(&large);
    assert!(
        told.status == 502 && told.text().contains("32 MB"),
        "{}",
        told.status
    );
}
