//! Sends images, videos, voice messages and documents (WAHA's docs, how-to/send-messages).

use crate::ids::{ChatId, SessionName};
use std::fmt;
use std::time::Duration;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::http::Client;
use super::outcome::{SendError, SentMessage};

/// How long to wait for an answer: WAHA downloads the file, perhaps converts it, and uploads it to WhatsApp before it answers.
pub const MEDIA_TIMEOUT: Duration = Duration::from_secs(120);

/// The format of voice messages. WAHA has to convert any other one first.
const OPUS: &str = "opus";

/// How a file is shown in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAs {
    /// As an image.
    Image,
    /// As a document.
    File,
    /// As a voice message, which has no caption.
    Voice,
    /// As a video.
    Video,
}

/// A file to send.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its type, like `image/jpeg`.
    pub mimetype: &'a str,
    /// Its name.
    pub filename: Option<&'a str>,
    /// Its content.
    pub content: FileContent<'a>,
}

/// The content of a file.
#[derive(Clone, Copy)]
pub enum FileContent<'a> {
    /// The URL from which WAHA downloads it.
    Url(&'a str),
    /// The bytes themselves.
    Data(&'a [u8]),
}

impl fmt::Debug for FileContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.debug_tuple("Url").field(url).finish(),
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
        }
    }
}

#[derive(Serialize)]
struct MediaCall<'a> {
    session: &'a SessionName,
    #[serde(rename = "chatId")]
    chat: &'a ChatId,
    file: FileOf<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    convert: Option<bool>,
}

#[derive(Serialize)]
struct FileOf<'a> {
    mimetype: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "base64")]
    data: Option<&'a [u8]>,
}

/// Encodes while it writes. A file is big, and one copy in memory is enough.
fn base64<S: Serializer>(data: &Option<&[u8]>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Base64Display::new(data.unwrap_or_default(), &STANDARD))
}

impl Client {
    /// Sends a file, with a caption if it is not empty. For files, WAHA accepts no message id in advance.
    ///
    /// # Errors
    ///
    /// [`SendError`] says whether it may have been sent, and what to do.
    pub fn send_media(
        &self,
        session: &SessionName,
        chat: &ChatId,
        kind: SendAs,
        file: File<'_>,
        caption: &str,
    ) -> Result<SentMessage, SendError> {
        let (url, data) = match file.content {
            FileContent::Url(url) => (Some(url), None),
            FileContent::Data(data) => (None, Some(data)),
        };
        let is_voice = kind == SendAs::Voice;
        let call = MediaCall {
            session,
            chat,
            file: FileOf {
                mimetype: file.mimetype,
                filename: file.filename,
                url,
                data,
            },
            caption: (!caption.is_empty() && !is_voice).then_some(caption),
            convert: (is_voice && !file.mimetype.contains(OPUS)).then_some(true),
        };
        let path = match kind {
            SendAs::Image => "/api/sendImage",
            SendAs::File => "/api/sendFile",
            SendAs::Voice => "/api/sendVoice",
            SendAs::Video => "/api/sendVideo",
        };
        let answer = self.post(path, &call, Some(caption), Some(MEDIA_TIMEOUT))?;
        Ok(SentMessage {
            message: answer.message_id(),
        })
    }
}
