//! The files of messages: photos, voice messages, documents. WAHA has them, and only we have its key, so they go through us.
//!
//! A customer chose what is in a file. So it is shown only if it is a picture, a sound or a video (`inline`), under a policy that
//! lets it load and run nothing; anything else is saved. The address comes from our own history, never from the browser.

mod disposition;
mod inline;
mod range;
pub(super) mod turns;

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, RANGE, RETRY_AFTER,
};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::timeout;
use tracing::{debug, warn};

use super::answer::{Answer, Broken, answer, file_parts, set_header, with_header};
use super::console::ConsoleState;
use super::readers::NoHistory;
use super::request::Request;
use super::texts::{CommonTexts, MediaTexts};
use super::who::Who;
use crate::describe::describe;
use crate::history::StoredMedia;
use crate::ids::SessionName;
use crate::waha::client::{Client, FileError, FilePath, WahaFile};
use disposition::disposition;
use inline::{MAGIC, inline_type};
use range::{Asked, Part, asked};

/// The size of a piece, and how many of a file are on their way at most.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;
/// A browser that takes no piece for this time gets no more.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Nothing may run or be loaded, whatever the file is.
const POLICY: &str = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The type of a file that is only saved.
const UNKNOWN: &str = "application/octet-stream";

/// What is known of a file when its first bytes are there.
struct Begun {
    /// The type that WAHA gives it.
    content_type: Option<String>,
    begin: Vec<u8>,
    length: Option<u64>,
    asked: Asked,
}

impl ConsoleState {
    /// The file of the message in a row of the history.
    pub(super) async fn media(
        &self,
        request: &Request,
        who: &Who,
        session: &str,
        row: &str,
    ) -> Answer {
        let (Some(session), Ok(row)) = (SessionName::parse(session), row.parse::<i64>()) else {
            return self.not_found(request, Some(who));
        };
        if !who.serves(&session) {
            return self.not_found(request, Some(who));
        }
        let stored = self.readers.read(move |history| history.message_media(row));
        let stored = match stored.await {
            Ok(Some(stored)) if stored.session == session => stored,
            Ok(_) => return self.not_found(request, Some(who)),
            Err(NoHistory) => {
                let texts = CommonTexts::of(who.language);
                return plain(StatusCode::SERVICE_UNAVAILABLE, texts.history_away);
            }
        };
        let texts = MediaTexts::of(who.language);
        let path = match stored.url.as_deref().map(|url| FilePath::of(url, &session)) {
            Some(Ok(path)) => path,
            Some(Err(error)) => {
                debug!(%session, row, reason = describe(&error), "a file is not shown");
                return plain(StatusCode::NOT_FOUND, texts.not_here);
            }
            None => return plain(StatusCode::NOT_FOUND, texts.not_downloaded),
        };
        let Some(turn) = self.downloads.turn().await else {
            return busy(texts);
        };
        let range = request.header(RANGE).map(str::to_owned);
        let (begun, begins) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(PIECES);
        let download = Download {
            client: self.client.clone(),
            path,
            range,
            sender,
            _turn: turn,
        };
        tokio::task::spawn_blocking(move || download.run(begun));
        match begins.await {
            Ok(Ok(begun)) => file(&begun, &stored, row, pieces),
            Ok(Err(FileError::Gone)) => plain(StatusCode::GONE, texts.gone),
            Ok(Err(FileError::TooLarge)) => plain(StatusCode::BAD_GATEWAY, texts.too_large),
            Ok(Err(FileError::Waha(error))) => {
                warn!(%session, row, reason = describe(&error), "WAHA did not give the file of a message");
                plain(StatusCode::BAD_GATEWAY, texts.waha_failed)
            }
            // The panic is logged where it happened.
            Err(_) => busy(texts),
        }
    }
}

/// A small text instead of the file.
fn plain(status: StatusCode, text: &'static str) -> Answer {
    answer(status, "text/plain; charset=utf-8", text)
}

fn busy(texts: &MediaTexts) -> Answer {
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, texts.busy);
    with_header(&mut answer, RETRY_AFTER, "5");
    answer
}

fn file(
    begun: &Begun,
    stored: &StoredMedia,
    row: i64,
    pieces: mpsc::Receiver<Result<Bytes, Broken>>,
) -> Answer {
    // The message says it better: WAHA makes its type from the end of the file's name.
    let declared = [stored.mimetype.as_deref(), begun.content_type.as_deref()];
    let shown = declared
        .into_iter()
        .flatten()
        .find_map(|declared| inline_type(declared, &begun.begin));
    let (status, length) = match (begun.asked, begun.length) {
        (Asked::Part(part), _) => (StatusCode::PARTIAL_CONTENT, Some(part.length())),
        (Asked::Nothing, _) => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        (Asked::Whole, length) => (StatusCode::OK, length),
    };
    let mut answer = match begun.asked {
        Asked::Nothing => plain(status, ""),
        _ => file_parts(status, shown.unwrap_or(UNKNOWN), pieces),
    };
    if let Some(length) = length {
        set_header(&mut answer, CONTENT_LENGTH, &length.to_string());
    }
    if let Some(whole) = begun.length {
        with_header(&mut answer, ACCEPT_RANGES, "bytes");
        let range = match begun.asked {
            Asked::Part(Part { first, last }) => format!("bytes {first}-{last}/{whole}"),
            Asked::Nothing => format!("bytes */{whole}"),
            Asked::Whole => String::new(),
        };
        if !range.is_empty() {
            set_header(&mut answer, CONTENT_RANGE, &range);
        }
    }
    let fallback = format!("{row}.{}", shown.map_or("bin", extension));
    let name = disposition(shown.is_some(), stored.filename.as_deref(), &fallback);
    set_header(&mut answer, CONTENT_DISPOSITION, &name);
    with_header(&mut answer, CONTENT_SECURITY_POLICY, POLICY);
    with_header(&mut answer, CACHE_CONTROL, "private, max-age=3600");
    answer
}

/// How the name of a file of this type ends.
fn extension(shown: &str) -> &str {
    match shown {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "video/3gpp" => "3gp",
        other => other.split_once('/').map_or("bin", |(_, end)| end),
    }
}

/// Reads a file from WAHA on a thread of its own.
struct Download {
    client: Arc<Client>,
    path: FilePath,
    /// The header of the request.
    range: Option<String>,
    sender: mpsc::Sender<Result<Bytes, Broken>>,
    _turn: OwnedSemaphorePermit,
}

impl Download {
    /// Says what the file is, and then sends it until the browser has it, or goes away.
    fn run(self, begun: oneshot::Sender<Result<Begun, FileError>>) {
        let opened = self.client.file(&self.path).and_then(|mut file| {
            let mut begin = Vec::with_capacity(MAGIC);
            let read = (&mut file).take(MAGIC as u64).read_to_end(&mut begin);
            read.map_err(|error| FileError::while_reading(&error))?;
            Ok((file, begin))
        });
        let (file, begin) = match opened {
            Ok(opened) => opened,
            // If nobody waits for it any more, that is fine too.
            Err(error) => return drop(begun.send(Err(error))),
        };
        let asked = match file.length {
            Some(length) => asked(self.range.as_deref(), length),
            None => Asked::Whole,
        };
        let says = Begun {
            content_type: file.content_type.clone(),
            begin: begin.clone(),
            length: file.length,
            asked,
        };
        if begun.send(Ok(says)).is_ok() {
            self.send(begin, file, asked);
        }
    }

    fn send(&self, begin: Vec<u8>, file: WahaFile, asked: Asked) {
        let mut content = io::Cursor::new(begin).chain(file);
        let mut left = match asked {
            Asked::Whole => u64::MAX,
            Asked::Nothing => return,
            Asked::Part(part) => {
                let mut before = (&mut content).take(part.first);
                if io::copy(&mut before, &mut io::sink()).is_err() {
                    self.pass_on(Err(Broken));
                    return;
                }
                part.length()
            }
        };
        while left > 0 {
            let mut piece = Vec::with_capacity(PIECE);
            let most = left.min(PIECE as u64);
            match (&mut content).take(most).read_to_end(&mut piece) {
                Ok(0) => return,
                Ok(read) => left -= read as u64,
                Err(error) => {
                    debug!(%error, "the file of a message ended too early");
                    self.pass_on(Err(Broken));
                    return;
                }
            }
            if !self.pass_on(Ok(piece.into())) {
                return;
            }
        }
    }

    /// Whether the browser still takes the file.
    fn pass_on(&self, piece: Result<Bytes, Broken>) -> bool {
        let sent = timeout(STALLED_AFTER, self.sender.send(piece));
        matches!(Handle::current().block_on(sent), Ok(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(stored: &StoredMedia, content_type: &str, begin: &[u8], asked: Asked) -> Answer {
        let begun = Begun {
            content_type: Some(content_type.to_owned()),
            begin: begin.to_vec(),
            length: Some(1000),
            asked,
        };
        file(&begun, stored, 7, mpsc::channel(1).1)
    }

    fn stored(mimetype: Option<&str>, filename: Option<&str>) -> StoredMedia {
        StoredMedia {
            session: SessionName::stored("s"),
            url: None,
            mimetype: mimetype.map(str::to_owned),
            filename: filename.map(str::to_owned),
        }
    }

    #[test]
    fn a_file_says_what_a_browser_may_do_with_it() {
        let header = |answer: &Answer, name: hyper::header::HeaderName| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let png = b"\x89PNG\r\n\x1a\n";
        let photo = answered(
            &stored(Some("image/png"), None),
            "text/html",
            png,
            Asked::Whole,
        );
        assert_eq!(photo.status(), StatusCode::OK);
        assert_eq!(
            header(&photo, hyper::header::CONTENT_TYPE).unwrap(),
            "image/png"
        );
        let name = header(&photo, CONTENT_DISPOSITION).unwrap();
        assert!(name.starts_with("inline; filename=\"7.png\""), "{name}");
        assert!(
            header(&photo, CONTENT_SECURITY_POLICY)
                .unwrap()
                .starts_with("sandbox;")
        );
        assert!(
            header(&photo, CACHE_CONTROL)
                .unwrap()
                .starts_with("private")
        );
        assert_eq!(header(&photo, CONTENT_LENGTH).unwrap(), "1000");

        let page = stored(Some("text/html"), Some("a.html"));
        let page = answered(&page, "text/html", b"<script>", Asked::Whole);
        assert_eq!(header(&page, hyper::header::CONTENT_TYPE).unwrap(), UNKNOWN);
        let name = header(&page, CONTENT_DISPOSITION).unwrap();
        assert!(
            name.starts_with("attachment; filename=\"a.html\""),
            "{name}"
        );

        let part = Asked::Part(Part {
            first: 10,
            last: 19,
        });
        let part = answered(&stored(None, None), "image/png", png, part);
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(header(&part, CONTENT_RANGE).unwrap(), "bytes 10-19/1000");
        assert_eq!(header(&part, CONTENT_LENGTH).unwrap(), "10");
        let behind = answered(&stored(None, None), "image/png", png, Asked::Nothing);
        assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(header(&behind, CONTENT_RANGE).unwrap(), "bytes */1000");
    }
}
