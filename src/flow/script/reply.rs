//! Messages to the customer: a text, a picture, a video, a voice message or a file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A message from a flow to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReply {
    /// The text, or the caption of `media`. Only empty if there is media.
    pub text: String,
    /// The file that is sent, if any.
    pub media: Option<FlowMedia>,
}

impl FlowReply {
    /// A message with text only.
    pub fn text(text: impl Into<String>) -> FlowReply {
        FlowReply {
            text: text.into(),
            media: None,
        }
    }
}

/// The form in which the flow tools show a reply and dialogues expect it: the text, or
/// `[image https://shop.example/a.jpg "caption"]`.
impl fmt::Display for FlowReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(media) = &self.media else {
            return f.write_str(&self.text);
        };
        let (MediaSource::Url(from) | MediaSource::Path(from)) = &media.source;
        write!(f, "[{} {from}", media.kind.name())?;
        match self.text.as_str() {
            "" => f.write_str("]"),
            caption => write!(f, " \"{caption}\"]"),
        }
    }
}

/// A file to send, and how it is shown. Stored in this form in the lanes: only add fields, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowMedia {
    /// How it is shown.
    pub kind: MediaKind,
    /// Where it is.
    #[serde(flatten)]
    pub source: MediaSource,
    /// Its type, like `image/jpeg`.
    pub mimetype: String,
    /// The file name that the customer sees when saving it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaSource {
    /// WAHA downloads it from this address.
    Url(String),
    /// The sending process reads it from this path.
    Path(String),
}

/// How a file is shown to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// As a picture.
    Image,
    /// As a document to download.
    File,
    /// As a voice message.
    Voice,
    /// As a video.
    Video,
}

/// MIME types by file extension: those that WhatsApp shows (its Cloud API's docs, "supported media types"), and others that
/// shops send.
const TYPES: [(&str, &str); 29] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("mp4", "video/mp4"),
    ("3gp", "video/3gpp"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("ogg", OPUS),
    ("oga", OPUS),
    ("opus", OPUS),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("amr", "audio/amr"),
    ("wav", "audio/wav"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("vcf", "text/vcard"),
    ("zip", "application/zip"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("odt", "application/vnd.oasis.opendocument.text"),
];

/// The format of WhatsApp's own voice messages.
const OPUS: &str = "audio/ogg; codecs=opus";

impl MediaKind {
    /// All kinds, in the order in which messages list them.
    pub(crate) const ALL: [MediaKind; 4] = [Self::Image, Self::File, Self::Voice, Self::Video];

    /// The name in flow files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::File => "file",
            Self::Voice => "voice",
            Self::Video => "video",
        }
    }

    /// Whether a file of this type can be shown this way.
    fn takes(self, mimetype: &str) -> bool {
        let family = match self {
            Self::File => return true,
            Self::Image => "image/",
            Self::Voice => "audio/",
            Self::Video => "video/",
        };
        mimetype.starts_with(family)
    }

    /// The type of the file at a path or URL, by its extension. Without a known one, the most likely type.
    pub(crate) fn mimetype(self, name: &str) -> &'static str {
        match mimetype(name) {
            Some(known) if self.takes(known) => known,
            _ => match self {
                Self::Image => "image/jpeg",
                Self::File => "application/octet-stream",
                // Probably not Opus, so WAHA converts it.
                Self::Voice => "audio/mpeg",
                Self::Video => "video/mp4",
            },
        }
    }

    /// The kind to use instead, if the file's extension shows that this kind is wrong.
    pub(crate) fn better(self, name: &str) -> Option<MediaKind> {
        let known = mimetype(name)?;
        if self.takes(known) {
            return None;
        }
        let fits = |kind: &MediaKind| *kind != Self::File && kind.takes(known);
        Some(Self::ALL.into_iter().find(fits).unwrap_or(Self::File))
    }

    /// The file extensions that it accepts, for messages.
    pub(crate) fn ends(self) -> String {
        let ends = TYPES.iter().filter(|(_, mimetype)| self.takes(mimetype));
        let ends: Vec<String> = ends.map(|(end, _)| format!(".{end}")).collect();
        ends.join(", ")
    }
}

/// The type by the extension of a path or URL, if it is known.
pub(crate) fn mimetype(name: &str) -> Option<&'static str> {
    let end = last_part(name).rsplit_once('.')?.1.to_ascii_lowercase();
    TYPES
        .iter()
        .find(|(known, _)| *known == end)
        .map(|(_, mimetype)| *mimetype)
}

/// The last part of a path or URL: the file's name.
pub(crate) fn last_part(name: &str) -> &str {
    let path = match name.contains("://") {
        true => name.split(['?', '#']).next().unwrap_or_default(),
        false => name,
    };
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// A safe file name: a single path component.
pub(crate) fn file_name(text: &str) -> Option<String> {
    let safe: String = text
        .trim()
        .chars()
        .map(|c| match c {
            '/' | '\\' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .take(200)
        .collect();
    (!safe.is_empty()).then_some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_follows_from_the_extension() {
        for (kind, name, mimetype) in [
            (MediaKind::Image, "a/menu.PNG", "image/png"),
            (
                MediaKind::Image,
                "https://x.example/a.jpg?w=1.pdf#b.gif",
                "image/jpeg",
            ),
            (MediaKind::Image, "https://x.example/photo", "image/jpeg"),
            (MediaKind::Voice, "oi.ogg", OPUS),
            (MediaKind::Voice, "https://x.example/oi", "audio/mpeg"),
            (MediaKind::Video, "a.mp4", "video/mp4"),
            (MediaKind::File, "a.jpg", "image/jpeg"),
            (MediaKind::File, "a.b/c", "application/octet-stream"),
        ] {
            assert_eq!(kind.mimetype(name), mimetype, "{name}");
        }
        assert_eq!(MediaKind::Image.better("a.pdf"), Some(MediaKind::File));
        assert_eq!(MediaKind::Image.better("a.mp3"), Some(MediaKind::Voice));
        assert_eq!(MediaKind::Voice.better("a.mp3"), None);
        assert_eq!(MediaKind::Image.better("a.xyz"), None);
    }

    #[test]
    fn media_is_stored_in_this_form() {
        let golden =
            r#"{"kind":"voice","path":"/flows/oi.ogg","mimetype":"audio/ogg; codecs=opus"}"#;
        let media: FlowMedia = serde_json::from_str(golden).unwrap();
        assert_eq!(media.source, MediaSource::Path("/flows/oi.ogg".into()));
        assert_eq!(serde_json::to_string(&media).unwrap(), golden);
        let golden = r#"{"kind":"file","url":"https://x.example/a.pdf","mimetype":"application/pdf","filename":"a.pdf"}"#;
        let media: FlowMedia = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&media).unwrap(), golden);
    }
}
