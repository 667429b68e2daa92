//! A small reverse proxy, as a shop has one before its programs: the console is below a path of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Passes on what is below its prefix. It lives as long as the test's process.
pub(super) struct ReverseProxy {
    listener: Option<TcpListener>,
    /// Its address with the prefix.
    pub(super) url: String,
    prefix: &'static str,
    /// Paths outside of the prefix that somebody asked for.
    outside: Arc<Mutex<Vec<String>>>,
}

impl ReverseProxy {
    /// Takes an address, for the console's settings. It passes nothing on yet.
    pub(super) fn bind(prefix: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{prefix}", listener.local_addr().unwrap());
        Self {
            listener: Some(listener),
            url,
            prefix,
            outside: Arc::default(),
        }
    }

    /// Passes requests on to this address. `strips`: without the prefix.
    pub(super) fn pass_on_to(&mut self, upstream: &str, strips: bool) {
        let listener = self.listener.take().unwrap();
        let (upstream, prefix) = (upstream.to_owned(), self.prefix);
        let outside = self.outside.clone();
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let (upstream, outside) = (upstream.clone(), outside.clone());
                std::thread::spawn(move || pass_on(client, &upstream, (prefix, strips), &outside));
            }
        });
    }

    pub(super) fn outside(&self) -> Vec<String> {
        self.outside.lock().unwrap().clone()
    }
}

/// One request and its answer, which may be a stream that never ends.
fn pass_on(
    mut client: TcpStream,
    upstream: &str,
    (prefix, strips): (&str, bool),
    outside: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if !lower.starts_with("connection:") {
            head.push(line.trim_end().to_owned());
        }
    }
    let path = head.first()?.split(' ').nth(1)?.to_owned();
    let Some(below) = path
        .strip_prefix(prefix)
        .filter(|rest| rest.starts_with(['/', '?']) || rest.is_empty())
    else {
        // Browsers ask for an icon by themselves.
        outside.lock().unwrap().push(path);
        let _ = client
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return None;
    };
    if strips {
        let below = if below.starts_with('/') {
            below.to_owned()
        } else {
            format!("/{below}")
        };
        head[0] = head[0].replacen(&path, &below, 1);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut server = TcpStream::connect(upstream.trim_start_matches("http://")).ok()?;
    let head = format!(
        "{}\r\nx-forwarded-for: 203.0.113.7\r\nconnection: close\r\n\r\n",
        head.join("\r\n")
    );
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    // A browser that goes away ends the stream at the console too.
    let (watched, ended) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut &watched, &mut std::io::sink());
        let _ = ended.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
    Some(())
}
