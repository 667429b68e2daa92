//! A visitor of the console over HTTP, as a browser is one: it keeps cookies, and says where its requests come from.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use ureq::http::{Method, Request};

use super::caller::{Told, told};
use super::console_shop::{ConsoleShop, PASSWORD};
use crate::harness::PATIENCE;

/// See the file.
pub(super) struct Visitor {
    url: String,
    /// What the browser says where a request comes from; `None`: nothing.
    pub(super) origin: Option<String>,
    /// Sent with each request instead of the one of the address.
    pub(super) host: Option<String>,
    cookies: RefCell<Vec<(String, String)>>,
    token: Option<String>,
    agent: ureq::Agent,
}

impl Visitor {
    /// Nobody yet.
    pub(super) fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            url: url.to_owned(),
            origin: Some(url.to_owned()),
            host: None,
            cookies: RefCell::default(),
            token: None,
            agent: config.into(),
        }
    }

    /// The agent, who has just set the password.
    #[track_caller]
    pub(super) fn of(shop: &ConsoleShop, agent: &str) -> Self {
        let visitor = Self::new(&shop.url);
        let link = shop.link(&format!("agent passwd {agent}"));
        let path = link.strip_prefix(&shop.url).unwrap();
        let entered = visitor.submit(path, &[("password", PASSWORD)]);
        assert_eq!(entered.status, 303, "{}", entered.text());
        visitor
    }

    /// A script with this token.
    pub(super) fn with_token(url: &str, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            origin: None,
            ..Self::new(url)
        }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.borrow();
        let found = cookies.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    pub(super) fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn cookies(&self) -> String {
        let cookies = self.cookies.borrow();
        let cookies = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        cookies.collect::<Vec<_>>().join("; ")
    }

    /// Sends a request, and keeps the cookies of the answer.
    pub(super) fn ask(&self, method: &str, path: &str, (kind, body): (&str, &str)) -> Told {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{}{path}", self.url));
        let origin = self.origin.as_ref().filter(|_| method != "GET");
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let cookies = Some(self.cookies()).filter(|cookies| !cookies.is_empty());
        let kind = Some(kind.to_owned()).filter(|kind| !kind.is_empty());
        for (name, value) in [
            ("origin", origin),
            ("host", self.host.as_ref()),
            ("authorization", token.as_ref()),
            ("cookie", cookies.as_ref()),
            ("content-type", kind.as_ref()),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let answer = match method {
            "GET" => self.agent.run(request.body(()).unwrap()),
            _ => self.agent.run(request.body(body.to_owned()).unwrap()),
        };
        let told = told(answer.unwrap());
        for cookie in told.all("set-cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.set_cookie(name, rest.split(';').next().unwrap());
        }
        told
    }

    pub(super) fn get(&self, path: &str) -> Told {
        self.ask("GET", path, ("", ""))
    }

    /// Sends a form.
    pub(super) fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        let encoded = |text: &str| {
            text.replace('%', "%25")
                .replace('&', "%26")
                .replace(' ', "+")
        };
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&");
        self.ask("POST", path, ("application/x-www-form-urlencoded", &body))
    }

    /// Does something through the API.
    pub(super) fn does(&self, method: &str, path: &str, body: &Value) -> Told {
        let path = format!("/api/v1/{path}");
        self.ask(method, &path, ("application/json", &body.to_string()))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Told {
        self.does("POST", path, body)
    }

    /// Opens the stream of a page.
    pub(super) fn stream(&self) -> BufReader<TcpStream> {
        let host = self.url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(host).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let who = match &self.token {
            Some(token) => format!("authorization: Bearer {token}"),
            None => format!("cookie: {}", self.cookies()),
        };
        let request = format!("GET /live?page=other HTTP/1.1\r\nhost: {host}\r\n{who}\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        // From the hello on, it is known to the console.
        read_until(&mut reader, "hello");
        reader
    }
}

/// Reads a stream until a line has these words. Panics if it ends or is silent before.
#[track_caller]
fn read_until(stream: &mut BufReader<TcpStream>, words: &str) {
    let mut read = String::new();
    loop {
        let before = read.len();
        match stream.read_line(&mut read) {
            Ok(0) => panic!("the stream ended without {words:?}: {read}"),
            Err(error) => panic!("{error} instead of {words:?}: {read}"),
            Ok(_) if read[before..].contains(words) => return,
            Ok(_) => {}
        }
    }
}

/// Waits until a stream ends.
#[track_caller]
pub(super) fn ends(stream: &mut BufReader<TcpStream>) {
    let mut read = String::new();
    loop {
        let before = read.len();
        match stream.read_line(&mut read) {
            // The last piece is empty; the connection may stay.
            Ok(_) if read.len() == before || read[before..].trim_end() == "0" => return,
            Ok(_) => {}
            Err(error) => panic!("{error} instead of the end: {read}"),
        }
    }
}
