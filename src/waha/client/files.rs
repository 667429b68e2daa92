//! Downloads the files of messages from WAHA: photos, voice messages, documents.
//!
//! A message names its file by an address that WAHA has made from its own idea of its host (`WAHA_BASE_URL`). Nothing of that
//! address is used but the names of the session and the file, so that no message can make us ask another server, or show the
//! key to one.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ureq::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use ureq::http::{HeaderMap, HeaderName};

use super::http::Client;
use super::outcome::SendError;
use crate::ids::SessionName;

/// The largest file that is downloaded, in bytes. WhatsApp itself takes photos and videos of 16 MB, and larger documents.
pub const FILE_MAX: u64 = 32 * 1024 * 1024;

/// How long a download may take. The reader may be a slow phone.
const FILE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long WAHA may be silent. It has the file on its disk.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Where WAHA serves files.
const FOLDER: &str = "/api/files/";

/// The longest address and the longest name that we look at.
const ADDRESS_MAX: usize = 4096;
const NAME_MAX: usize = 255;

/// What is encoded in the name of a file. The dot is not, because some proxies don't decode it.
const NOT_IN_NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b'.');

/// Where a file is on WAHA: `/api/files/{session}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(String);

/// The address is not the one of a file of this session on WAHA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message's file has an address that is not WAHA's for this session")]
pub struct NotOurFile;

impl FilePath {
    /// The path of a message's file, from the address in the message. Host, port and any path before `/api/files/` are
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`NotOurFile`] if it is anything else, such as a file of another session, or a name that climbs up in the path.
    pub fn of(address: &str, session: &SessionName) -> Result<Self, NotOurFile> {
        Self::read(address, session).ok_or(NotOurFile)
    }

    fn read(address: &str, session: &SessionName) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\');
        if address.len() > ADDRESS_MAX || !address.bytes().all(plain) {
            return None;
        }
        let (scheme, rest) = address.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let path = &rest[rest.find('/')?..];
        let (before, file) = path.split_once(FOLDER)?;
        let climbs = |segment: &str| segment == "." || segment == "..";
        if before.split('/').any(climbs) {
            return None;
        }
        let name = file.strip_prefix(session.as_str())?.strip_prefix('/')?;
        let name = percent_decode_str(name).decode_utf8().ok()?;
        let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#');
        let fits = (1..=NAME_MAX).contains(&name.len());
        if !fits || name.contains(odd) || name.starts_with('.') || name.contains("..") {
            return None;
        }
        let name = utf8_percent_encode(&name, NOT_IN_NAME);
        Some(Self(format!("{FOLDER}{session}/{name}")))
    }

    /// The path below WAHA's address, encoded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a file can't be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// WAHA doesn't have it any more. By default it deletes files after 180 s (`WHATSAPP_FILES_LIFETIME`).
    #[error("WAHA has deleted the file")]
    Gone,
    /// It is larger than [`FILE_MAX`].
    #[error("the file is larger than {} MiB", FILE_MAX >> 20)]
    TooLarge,
    /// WAHA did not give it.
    #[error(transparent)]
    Waha(#[from] SendError),
}

impl FileError {
    /// What an error while a [`WahaFile`] is read means.
    #[must_use]
    pub fn while_reading(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(Self::TooLarge) => Self::TooLarge,
            _ => Self::Waha(SendError::Interrupted {
                reason: error.to_string(),
            }),
        }
    }
}

/// A file, while it is read. Reading fails after [`FILE_MAX`] bytes, and if WAHA is silent.
pub struct WahaFile {
    /// The type that WAHA gives it. The customer's phone has chosen it, so it proves nothing.
    pub content_type: Option<String>,
    /// How many bytes it has, if WAHA says so.
    pub length: Option<u64>,
    body: Box<dyn Read + Send>,
    read: u64,
}

impl fmt::Debug for WahaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WahaFile")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Read for WahaFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.read += read as u64;
        if self.read > FILE_MAX {
            return Err(io::Error::other(FileError::TooLarge));
        }
        Ok(read)
    }
}

impl Client {
    /// Begins to download a file. The caller reads it, on a thread that may block.
    ///
    /// # Errors
    ///
    /// As [`FileError`] says.
    pub fn file(&self, path: &FilePath) -> Result<WahaFile, FileError> {
        let response = match self.open(path.as_str(), FILE_TIMEOUT, SILENCE_MAX) {
            Err(SendError::Refused { status: 404, .. }) => return Err(FileError::Gone),
            Err(SendError::SessionNotWorking { status_word: None }) => return Err(FileError::Gone),
            response => response?,
        };
        let headers = response.headers();
        let content_type = text(headers, CONTENT_TYPE);
        // The length of a compressed body is not the file's.
        let length = match headers.get(CONTENT_ENCODING) {
            None => text(headers, CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            Some(_) => None,
        };
        if length.is_some_and(|length| length > FILE_MAX) {
            return Err(FileError::TooLarge);
        }
        let body = response.into_body().into_with_config();
        Ok(WahaFile {
            content_type,
            length,
            // One byte more than allowed, so that we see that it is too large.
            body: Box::new(body.limit(FILE_MAX + 1).reader()),
            read: 0,
        })
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests;
