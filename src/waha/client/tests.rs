//! Tests the client against a small server of our own, for each way in which WAHA may answer.

use crate::ids::{ChatId, MessageId, SessionName};
use crate::secret::shown_url;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Writes these bytes and keeps the connection.
    Write(String),
    /// Writes these bytes, which are no text, and keeps the connection.
    WriteBytes(Vec<u8>),
    /// Writes these bytes and closes the connection.
    Close(String),
    /// Never answers.
    Hang,
}

pub(super) fn json(status: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Write(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    headers: String,
    pub(super) body: String,
}

impl Request {
    pub(super) fn has_header(&self, header: &str) -> bool {
        self.headers.lines().any(|line| line == header)
    }
}

/// What the server replies to which request.
type Replies = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A server on a free port that replies to requests, and remembers them.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    pub(super) requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that has the same reply to all requests.
    pub(super) fn start(reply: Reply) -> Self {
        Self::start_with(move |_| reply.clone())
    }

    pub(super) fn start_with(replies: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let replies: Replies = Arc::new(replies);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (replies, requests) = (replies.clone(), requests.clone());
                thread::spawn(move || serve(&stream.unwrap(), &replies, &requests));
            }
        });
        server
    }

    pub(super) fn client(&self) -> Client {
        self.client_with(TIMEOUT)
    }

    pub(super) fn client_with(&self, timeout: Duration) -> Client {
        Client::new(ClientConfig {
            base_url: format!("http://{}/waha/", self.address),
            api_key: Some("k3y-k3y".to_owned()),
            timeout,
            connections: 32,
        })
        .unwrap()
    }

    pub(super) fn only_request(&self) -> Request {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

fn serve(stream: &TcpStream, replies: &Replies, requests: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let reply = replies(&request);
        requests.lock().unwrap().push(request);
        let mut writer = stream;
        match reply {
            Reply::Write(bytes) => writer.write_all(bytes.as_bytes()).unwrap(),
            // A client that has read enough closes the connection.
            Reply::WriteBytes(bytes) => drop(writer.write_all(&bytes)),
            Reply::Close(bytes) => return writer.write_all(bytes.as_bytes()).unwrap(),
            // Until the client stops reading and closes the connection.
            Reply::Hang => drop(reader.read(&mut [0])),
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        reader
            .read_line(&mut headers)
            .ok()
            .filter(|read| *read > 0)?;
    }
    let headers = headers.to_ascii_lowercase();
    let length = headers
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        line: line.trim_end().to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}

pub(super) fn session(name: &str) -> SessionName {
    SessionName::stored(name)
}

pub(super) fn ana() -> ChatId {
    ChatId::person("5511988880001@c.us").unwrap()
}

#[test]
fn a_text_is_sent_as_waha_wants_it() {
    let server = Server::start(json("201 Created", r#"{"id":"true_55@c.us_3EB0A"}"#));
    let sent = server
        .client()
        .send_text(&session("loja"), &ana(), "olá \"você\"\n", None);
    assert_eq!(
        sent,
        Ok(SentMessage {
            message: MessageId::parse("3EB0A")
        })
    );
    let request = server.only_request();
    assert_eq!(request.line, "POST /waha/api/sendText HTTP/1.1");
    assert_eq!(
        request.body,
        r#"{"session":"loja","chatId":"5511988880001@c.us","text":"olá \"você\"\n"}"#
    );
    for header in [
        "x-api-key: k3y-k3y",
        "content-type: application/json",
        concat!("user-agent: waha-sm/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.has_header(header), "{}", request.headers);
    }
}

#[test]
fn a_text_is_sent_under_the_id_it_was_given() {
    let server = Server::start(json("201 Created", "{}"));
    server
        .client()
        .send_text(
            &session("s"),
            &ana(),
            "a",
            MessageId::parse("3EB0\"").as_ref(),
        )
        .unwrap();
    assert_eq!(
        server.only_request().body,
        r#"{"session":"s","chatId":"5511988880001@c.us","text":"a","id":"3EB0\""}"#
    );
}

#[test]
fn the_longest_text_arrives_whole() {
    let server = Server::start(json("201 Created", "{}"));
    let text = "é".repeat(65_536);
    server
        .client()
        .send_text(&session("s"), &ana(), &text, None)
        .unwrap();
    assert!(server.only_request().body.contains(&text));
}

#[test]
fn seen_and_typing_have_their_paths() {
    type Call = fn(&Client) -> Result<(), SendError>;
    let calls: [(Call, &str); 3] = [
        (|c| c.send_seen(&session("s"), &ana(), &[]), "sendSeen"),
        (|c| c.start_typing(&session("s"), &ana()), "startTyping"),
        (|c| c.stop_typing(&session("s"), &ana()), "stopTyping"),
    ];
    for (call, path) in calls {
        let server = Server::start(json("201 Created", ""));
        assert_eq!(call(&server.client()), Ok(()));
        let request = server.only_request();
        assert_eq!(request.line, format!("POST /waha/api/{path} HTTP/1.1"));
        assert_eq!(
            request.body,
            r#"{"session":"s","chatId":"5511988880001@c.us"}"#
        );
    }
}

/// Under the newest name of the field and under that of 2024.
#[test]
fn the_messages_that_were_seen_are_named() {
    let server = Server::start(json("201 Created", ""));
    let ids = ["false_1@c.us_3EB0A", "false_1@c.us_3EB0B"].map(str::to_owned);
    let seen = server.client().send_seen(&session("s"), &ana(), &ids);
    assert_eq!(seen, Ok(()));
    assert_eq!(
        server.only_request().body,
        r#"{"session":"s","chatId":"5511988880001@c.us","messageIds":["false_1@c.us_3EB0A","false_1@c.us_3EB0B"],"messageId":"false_1@c.us_3EB0B"}"#
    );
}

#[test]
fn the_state_of_a_session_is_asked_under_its_name() {
    let server = Server::start(json("200 OK", r#"{"name":"x","status":"SCAN_QR_CODE"}"#));
    let status = server.client().session_status(&session("../a b?é"));
    assert_eq!(status.as_deref(), Ok("SCAN_QR_CODE"));
    assert_eq!(
        server.only_request().line,
        "GET /waha/api/sessions/%2E%2E%2Fa%20b%3F%C3%A9 HTTP/1.1"
    );
}

#[test]
fn connections_are_reused() {
    let server = Server::start(json("201 Created", r#"{"id":"A"}"#));
    let client = server.client();
    for _ in 0..20 {
        client.send_text(&session("s"), &ana(), "a", None).unwrap();
        client.send_seen(&session("s"), &ana(), &[]).unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    assert_eq!(server.requests.lock().unwrap().len(), 40);
}

#[test]
fn connections_are_reused_after_errors_too() {
    let server = Server::start(json("503 Service Unavailable", r#"{"message":"later"}"#));
    let client = server.client();
    for _ in 0..5 {
        client.send_seen(&session("s"), &ana(), &[]).unwrap_err();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn as_many_connections_are_kept_as_threads_send() {
    let server = Server::start(json("201 Created", "{}"));
    let client = server.client();
    let threads = 16;
    let barrier = Arc::new(Barrier::new(threads));
    let senders: Vec<_> = (0..threads)
        .map(|_| {
            let (client, barrier) = (client.clone(), barrier.clone());
            thread::spawn(move || {
                for _ in 0..20 {
                    barrier.wait();
                    client.send_text(&session("s"), &ana(), "a", None).unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    assert!(server.connections.load(Ordering::SeqCst) <= threads);
}

#[test]
fn nobody_there_is_surely_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for base_url in [base_url, "http://waha.invalid:3000".to_owned()] {
        let client = Client::new(ClientConfig {
            base_url,
            api_key: None,
            timeout: TIMEOUT,
            connections: 1,
        })
        .unwrap();
        let error = client
            .send_text(&session("s"), &ana(), "a", None)
            .unwrap_err();
        assert!(
            matches!(&error, SendError::Unreachable { reason } if !reason.is_empty()),
            "{error:?}"
        );
        assert!(error.is_surely_unsent());
    }
}

#[test]
fn a_failed_tls_handshake_is_surely_not_sent() {
    let server = Server::start(Reply::Close("HTTP/1.1 400 no TLS here\r\n\r\n".to_owned()));
    let client = Client::new(ClientConfig {
        base_url: format!("https://{}", server.address),
        api_key: None,
        timeout: Duration::from_secs(2),
        connections: 1,
    })
    .unwrap();
    let error = client
        .send_text(&session("s"), &ana(), "a", None)
        .unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error:?}");
}

#[test]
fn no_answer_in_time_is_in_doubt() {
    let server = Server::start(Reply::Hang);
    let start = Instant::now();
    let error = server
        .client_with(Duration::from_millis(200))
        .send_text(&session("s"), &ana(), "a", None)
        .unwrap_err();
    assert!(matches!(error, SendError::Interrupted { .. }), "{error:?}");
    assert!(!error.is_surely_unsent());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_connection_closed_before_the_status_is_in_doubt() {
    for begun in ["", "HTTP/1.1 2", "HTTP/1.1 201 Created\r\ncontent-le"] {
        let server = Server::start(Reply::Close(begun.to_owned()));
        let error = server
            .client()
            .send_text(&session("s"), &ana(), "a", None)
            .unwrap_err();
        assert!(matches!(error, SendError::Interrupted { .. }), "{error:?}");
    }
}

#[test]
fn an_answer_that_breaks_off_after_its_status_counts_by_the_status() {
    let cut = |status: &str, body: &str| {
        Reply::Close(format!(
            "HTTP/1.1 {status}\r\ncontent-length: 1000\r\n\r\n{body}"
        ))
    };
    let server = Server::start(cut("201 Created", r#"{"id":"#));
    assert_eq!(
        server.client().send_text(&session("s"), &ana(), "a", None),
        Ok(SentMessage { message: None })
    );
    let server = Server::start(cut("401 Unauthorized", ""));
    let error = server
        .client()
        .send_text(&session("s"), &ana(), "a", None)
        .unwrap_err();
    assert!(matches!(error, SendError::Refused { status: 401, .. }));
    let server = Server::start(cut("200 OK", r#"{"status":"WORK"#));
    let error = server.client().session_status(&session("s")).unwrap_err();
    assert!(matches!(error, SendError::Interrupted { .. }), "{error:?}");
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let body = format!(r#"{{"x":"{}"}}"#, "a".repeat(3 * 1024 * 1024));
    let server = Server::start(json("201 Created", &body));
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(
            client.send_text(&session("s"), &ana(), "a", None),
            Ok(SentMessage { message: None })
        );
    }
}

#[test]
fn a_redirect_is_a_wrong_address() {
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let server = Server::start(Reply::Write(format!(
            "HTTP/1.1 {status}\r\nlocation: https://waha.example/api/sendText\r\ncontent-length: 0\r\n\r\n"
        )));
        let client = server.client();
        for error in [
            client
                .send_text(&session("s"), &ana(), "a", None)
                .unwrap_err(),
            client.session_status(&session("s")).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(matches!(error, SendError::Refused { .. }), "{text}");
            assert!(text.contains("https://waha.example"), "{text}");
        }
        assert_eq!(server.requests.lock().unwrap().len(), 2);
    }
}

#[test]
fn the_waiting_time_of_a_busy_server_is_told() {
    let server = Server::start(Reply::Write(
        "HTTP/1.1 429 Slow down\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ));
    assert_eq!(
        server
            .client()
            .send_text(&session("s"), &ana(), "a", None)
            .unwrap_err(),
        SendError::Busy {
            status: 429,
            retry_after: Some(Duration::from_secs(7)),
            reason: "no reason given".to_owned(),
        }
    );
}

#[test]
fn a_session_that_is_not_working_is_told() {
    let server = Server::start(json(
        "422 Unprocessable Entity",
        r#"{"error":"Session status is not as expected.","session":"s","status":"STARTING","expected":["WORKING"]}"#,
    ));
    assert_eq!(
        server
            .client()
            .send_text(&session("s"), &ana(), "a", None)
            .unwrap_err(),
        SendError::SessionNotWorking {
            status_word: Some("STARTING".to_owned())
        }
    );
}

#[test]
fn the_key_is_never_printed() {
    let config = ClientConfig {
        base_url: "http://user:pa55word@waha:3000/x@y".to_owned(),
        api_key: Some("k3y-k3y".to_owned()),
        timeout: TIMEOUT,
        connections: 1,
    };
    let shown = format!("{config:?} {:?}", Client::new(config.clone()));
    assert!(shown.contains("http://(hidden)@"), "{shown}");
    assert!(!shown.contains("k3y-k3y"), "{shown}");
    assert!(!shown.contains("pa55word"), "{shown}");
}

#[test]
fn a_wrong_setting_is_told_without_its_secrets() {
    let new = |url: &str, key: Option<&str>| {
        Client::new(ClientConfig {
            base_url: url.to_owned(),
            api_key: key.map(str::to_owned),
            timeout: TIMEOUT,
            connections: 1,
        })
        .map(|client| client.base_url.to_string())
    };
    assert_eq!(new("http://a:1//", None).as_deref(), Ok("http://a:1"));
    assert_eq!(new("https://a/b/", None).as_deref(), Ok("https://a/b"));
    for url in [
        "",
        "waha:3000",
        "localhost",
        "ftp://a",
        "http://",
        "http://a?b",
        "http://a/#b",
        "http://a b",
    ] {
        assert_eq!(
            new(url, None),
            Err(BadConfig::BaseUrl(shown_url(url))),
            "{url}"
        );
    }
    let error = new("ftp://u:pa55word@a", None).unwrap_err().to_string();
    assert!(!error.contains("pa55word"), "{error}");
    assert_eq!(new("http://a", Some("a\nb")), Err(BadConfig::ApiKey));
}
