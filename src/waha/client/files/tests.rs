//! Tests which addresses are files of ours, and how a download can end.

use std::time::Instant;

use proptest::prelude::*;

use super::super::tests::{Reply, Server, json, session};
use super::*;

fn path(address: &str) -> Option<String> {
    FilePath::of(address, &session("default"))
        .ok()
        .map(|path| path.as_str().to_owned())
}

#[test]
fn only_the_names_of_the_session_and_the_file_are_taken_from_an_address() {
    for (address, name) in [
        (
            "http://localhost:3000/api/files/default/3EB0.jpeg",
            "3EB0.jpeg",
        ),
        (
            "https://waha.example/api/files/default/3EB0.jpeg",
            "3EB0.jpeg",
        ),
        ("HTTP://waha:3000/api/files/default/3EB0", "3EB0"),
        ("http://example.com/waha/api/files/default/a.oga", "a.oga"),
        ("http://evil.example:80/api/files/default/a.oga", "a.oga"),
        (
            "http://user:pass@evil.example/api/files/default/a.oga",
            "a.oga",
        ),
        (
            "http://localhost:3000/api/files/default/false_5511@c.us_3EB0.oga",
            "false_5511%40c.us_3EB0.oga",
        ),
        (
            "http://localhost:3000/api/files/default/false_5511%40c.us_3EB0.oga",
            "false_5511%40c.us_3EB0.oga",
        ),
        (
            "http://h/api/files/default/caf%C3%A9%20.pdf",
            "caf%C3%A9%20.pdf",
        ),
        (
            "http://h/api/files/default/a:b;c&d=e.pdf",
            "a%3Ab%3Bc%26d%3De.pdf",
        ),
    ] {
        assert_eq!(
            path(address),
            Some(format!("/api/files/default/{name}")),
            "{address}"
        );
    }
}

#[test]
fn any_other_address_is_refused() {
    let long_name = format!("http://h/api/files/default/{}", "a".repeat(256));
    let long = format!("http://{}/api/files/default/a", "a".repeat(4096));
    for address in [
        "",
        "/api/files/default/a.jpg",
        "//h/api/files/default/a.jpg",
        "file:///api/files/default/a.jpg",
        "javascript://h/api/files/default/a.jpg",
        "data:image/png;base64,AAAA",
        "http://h/api/files/default",
        "http://h/api/files/default/",
        "http://h/api/files/a.jpg",
        "http://h/api/files/other/a.jpg",
        "http://h/api/files/default2/a.jpg",
        "http://h/api/files/Default/a.jpg",
        "http://h/api/files/def%61ult/a.jpg",
        "http://h/api/files//default/a.jpg",
        "http://h/api/files/default//a.jpg",
        "http://h/api/files/default/a/b.jpg",
        "http://h/api/files/default/..",
        "http://h/api/files/default/.",
        "http://h/api/files/default/.env",
        "http://h/api/files/default/../other/a.jpg",
        "http://h/api/files/default/%2e%2e/other/a.jpg",
        "http://h/api/files/default/%2e%2e%2fother%2fa.jpg",
        "http://h/api/files/default/..%5cother",
        "http://h/api/files/default/a%2Fb",
        "http://h/api/files/default/a%5Cb",
        "http://h/api/files/default/a\\b",
        "http://h/api/files/default/%252e%252e%252fa",
        "http://h/api/files/default/a%00.jpg",
        "http://h/api/files/default/a%0d%0aHost:%20evil",
        "http://h/api/files/default/a\r\nx: y",
        "http://h/api/files/default/a b",
        "http://h/api/files/default/a.jpg?x-api-key=1",
        "http://h/api/files/default/a.jpg?",
        "http://h/api/files/default/a.jpg#x",
        "http://h/api/files/default/a%3Fb",
        "http://h/api/files/default/a%23b",
        "http://h/api/files/default/a%",
        "http://h/api/files/default/%ff",
        "http://h/../api/files/default/a.jpg",
        "http://h/x/../api/files/default/a.jpg",
        "http://h?/api/files/default/a.jpg",
        "http://h#/api/files/default/a.jpg",
        "http://h/api/sessions/default/stop",
        "http://h/API/FILES/default/a.jpg",
        "http://h/api%2Ffiles/default/a.jpg",
        "http://h/api/files/default/caf\u{e9}.jpg",
        long_name.as_str(),
        long.as_str(),
    ] {
        assert_eq!(path(address), None, "{address}");
    }
}

proptest! {
    /// Whatever the address is, the path stays in the session's folder and is one plain segment.
    #[test]
    fn a_path_never_leaves_the_folder(
        address in "(http://h|https://[a-z@:/.]{0,9}|)(/api/files/default/|/api/files/|)[a-z%0-9./\\\\?#&@ \\r\\n\\u{0}-\\u{ff}]{0,20}"
    ) {
        if let Some(path) = path(&address) {
            let name = path.strip_prefix("/api/files/default/").unwrap();
            prop_assert!(!name.is_empty() && !name.starts_with('.') && !name.contains(".."), "{path}");
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~.%".contains(&b)), "{path}");
            for odd in ["%2F", "%5C", "%25", "%3F", "%23", "%00", "%0D", "%0A"] {
                prop_assert!(!name.contains(odd), "{path}");
            }
        }
    }
}

fn file(server: &Server) -> Result<WahaFile, FileError> {
    let path = FilePath::of(
        "http://elsewhere.example/api/files/s/a@b.jpg",
        &session("s"),
    )
    .unwrap();
    server.client().file(&path)
}

fn content(server: &Server) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    file(server).unwrap().read_to_end(&mut all).map(|_| all)
}

fn reply(headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    Reply::WriteBytes([head.as_bytes(), body].concat())
}

#[test]
fn a_file_comes_from_waha_itself_whatever_it_holds() {
    // A page of HTML is a file like any other here.
    for body in [&b"\xff\xd8\xff\xe0 photo"[..], b"<html>hi</html>", b""] {
        let headers = format!(
            "content-type: image/jpeg\r\ncontent-length: {}\r\n",
            body.len()
        );
        let server = Server::start(reply(&headers, body));
        let mut file = file(&server).unwrap();
        assert_eq!(file.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(file.length, Some(body.len() as u64));
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert_eq!(all, body);
        let request = server.only_request();
        assert_eq!(request.line, "GET /waha/api/files/s/a%40b.jpg HTTP/1.1");
        assert!(request.has_header("x-api-key: k3y-k3y") && request.has_header("accept: */*"));
    }
}

#[test]
fn a_file_that_waha_has_deleted_is_gone() {
    let deleted =
        r#"{"error":{"code":404,"key":"FILE_NOT_FOUND","message":"File not found","details":"x"}}"#;
    for body in [
        deleted,
        r#"{"message":"Cannot GET /x","statusCode":404}"#,
        r#"{"message":"Session not found"}"#,
    ] {
        let server = Server::start(json("404 Not Found", body));
        assert_eq!(file(&server).unwrap_err(), FileError::Gone, "{body}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_no_other_answer_is_a_file() {
    for (status, wanted) in [
        ("302 Found", "redirect"),
        ("301 Moved Permanently", "redirect"),
        ("401 Unauthorized", "WAHA_API_KEY"),
        ("403 Forbidden", "another session"),
        ("204 No Content", "without a file"),
        ("206 Partial Content", "without a file"),
        ("503 Not yet", "503"),
    ] {
        let elsewhere = Server::start(reply("content-length: 5\r\n", b"photo"));
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: http://{}/x\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address
        );
        let server = Server::start(Reply::Write(answer));
        let error = file(&server).unwrap_err();
        assert!(error.to_string().contains(wanted), "{status}: {error}");
        assert!(elsewhere.requests.lock().unwrap().is_empty());
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_at_once_or_where_it_becomes_too_large() {
    let headers = format!("content-length: {}\r\n", FILE_MAX + 1);
    let server = Server::start(reply(&headers, b"begins"));
    assert_eq!(file(&server).unwrap_err(), FileError::TooLarge);

    let whole = vec![b'x'; FILE_MAX as usize];
    let server = Server::start(reply(&format!("content-length: {FILE_MAX}\r\n"), &whole));
    assert_eq!(content(&server).unwrap().len(), whole.len());

    // WAHA doesn't say how large it is.
    let chunk = [
        format!("{:x}\r\n", whole.len()).as_bytes(),
        &whole,
        b"\r\n1\r\nx\r\n0\r\n\r\n",
    ]
    .concat();
    let server = Server::start(reply("transfer-encoding: chunked\r\n", &chunk));
    let error = content(&server).unwrap_err();
    assert!(error.to_string().contains("larger than 32 MiB"), "{error}");
    assert_eq!(FileError::while_reading(&error), FileError::TooLarge);
}

#[test]
fn half_a_file_is_an_error() {
    let server = Server::start(Reply::Close(
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned(),
    ));
    let error = FileError::while_reading(&content(&server).unwrap_err());
    assert!(
        matches!(error, FileError::Waha(SendError::Interrupted { .. })),
        "{error}"
    );
    let start = Instant::now();
    let server = Server::start(Reply::Close(String::new()));
    assert!(matches!(
        file(&server).unwrap_err(),
        FileError::Waha(SendError::Interrupted { .. })
    ));
    assert!(start.elapsed() < SILENCE_MAX);
}
