//! What the fake WAHA takes besides texts: images, videos, voice messages and documents.

use serde_json::Value;

/// WAHA's own limit for a body, in bytes.
const BODY_MAX: usize = 50 * 1024 * 1024;
pub(super) const TOO_LARGE: &str = "request entity too large";

/// The endpoint that it was sent by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAs {
    Image,
    File,
    Voice,
    Video,
}

impl SendAs {
    pub(super) fn by_path(path: &str) -> Option<Self> {
        Some(match path {
            "/api/sendImage" => Self::Image,
            "/api/sendFile" => Self::File,
            "/api/sendVoice" => Self::Voice,
            "/api/sendVideo" => Self::Video,
            _ => return None,
        })
    }

    /// WhatsApp Web's own word for it.
    pub(super) fn raw_type(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::File => "document",
            Self::Voice => "ptt",
            Self::Video => "video",
        }
    }
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    pub sent_as: SendAs,
    pub mimetype: String,
    pub filename: Option<String>,
    /// Its address, if it is not in the request itself.
    pub url: Option<String>,
    /// In base64.
    pub data: Option<String>,
    /// Whether WAHA should convert it to a voice message first.
    pub convert: bool,
}

impl Media {
    /// A file from a customer.
    pub(super) fn from_customer(sent_as: SendAs, mimetype: &str, filename: Option<&str>) -> Self {
        Self {
            sent_as,
            mimetype: mimetype.to_owned(),
            filename: filename.map(str::to_owned),
            url: None,
            data: None,
            convert: false,
        }
    }

    /// How WAHA ends the name of such a file.
    pub(super) fn extension(&self) -> &'static str {
        match self.mimetype.split(';').next().unwrap_or_default() {
            "image/jpeg" => ".jpeg",
            "image/png" => ".png",
            "image/webp" => ".webp",
            "image/svg+xml" => ".svg",
            "audio/ogg" => ".oga",
            "audio/mpeg" => ".mp3",
            "video/mp4" => ".mp4",
            "text/html" => ".html",
            "application/pdf" => ".pdf",
            _ => ".bin",
        }
    }

    /// The file of a request. The real WAHA checks no fields, and its engine fails if one is missing.
    pub(super) fn read(path: &str, size: usize, body: &Value) -> Result<Self, &'static str> {
        if size > BODY_MAX {
            return Err(TOO_LARGE);
        }
        let sent_as = SendAs::by_path(path).ok_or("no such endpoint")?;
        if body["session"].as_str().is_none() || body["chatId"].as_str().is_none() {
            return Err("Cannot read properties of undefined (reading 'endsWith')");
        }
        let file = &body["file"];
        let text = |name: &str| file[name].as_str().map(str::to_owned);
        let media = Self {
            sent_as,
            mimetype: text("mimetype")
                .ok_or("Cannot read properties of undefined (reading 'mimetype')")?,
            filename: text("filename"),
            url: text("url"),
            data: text("data"),
            convert: body["convert"] == true,
        };
        if media.url.is_none() && media.data.is_none() {
            return Err("Either file.url or file.data must be specified");
        }
        let is_opus = media.mimetype == "audio/ogg; codecs=opus";
        if sent_as == SendAs::Voice && !is_opus && !media.convert {
            return Err("the voice message is not in opus");
        }
        Ok(media)
    }
}
