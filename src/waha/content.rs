//! Reads the content of a message: its kind, text, file, place and contacts (WAHA's `WAMessage`).

use super::lenient::Raw;
use super::message::{Kind, Location, Media};
use super::which_chat::Engine;
use super::wire::{self, Data, Payload, line};

/// How many characters of an error text we keep.
const ERROR_MAX: usize = 200;

/// The longest URL of a file that we keep, in bytes. Anything longer is not a URL but a whole file (`data:`).
const URL_MAX: usize = 4096;

/// The content of a message.
pub(super) struct Content {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) media: Option<Media>,
    pub(super) location: Option<Location>,
    pub(super) contacts: Vec<String>,
}

impl Content {
    pub(super) fn read(payload: &Payload<'_>, engine: Engine) -> Self {
        let hint = hint(&payload.data);
        let mut content = Self {
            kind: Kind::Empty,
            text: payload.body.text().unwrap_or_default().into_owned(),
            media: media(&payload.media),
            location: location(&payload.location),
            contacts: payload.vcards.0.clone(),
        };
        content.kind = if content.location.is_some() || hint == Some(Kind::Location) {
            Kind::Location
        } else if !content.contacts.is_empty() || hint == Some(Kind::Contact) {
            Kind::Contact
        } else if content.media.is_some() || payload.has_media.flag() == Some(true) {
            let mimetype = content.media.as_ref().and_then(|m| m.mimetype.as_deref());
            file_kind(mimetype, hint)
        } else if content.text.is_empty() {
            Kind::Empty
        } else {
            Kind::Text
        };
        content.drop_what_is_no_text(engine);
        content
    }

    /// WEBJS puts a thumbnail into the body of a location, and the vCard into the body of a contact.
    fn drop_what_is_no_text(&mut self, engine: Engine) {
        let base64_jpeg = "/9j/";
        match self.kind {
            Kind::Location if engine == Engine::Chromium || self.text.starts_with(base64_jpeg) => {
                self.text.clear();
            }
            Kind::Contact if self.text.trim_start().starts_with("BEGIN:VCARD") => {
                let vcard = std::mem::take(&mut self.text);
                if self.contacts.is_empty() {
                    self.contacts.push(vcard);
                }
            }
            _ => {}
        }
    }
}

/// Whether this is a system message of WhatsApp ("the security code changed", "waiting for this message", "this message was
/// deleted"). WEBJS reports it as an empty message from the customer.
pub(super) fn is_system_note(payload: &Payload<'_>, content: &Content) -> bool {
    let notes = [
        "ciphertext",
        "e2e_notification",
        "gp2",
        "notification",
        "notification_template",
        "protocol",
        "revoked",
    ];
    content.kind == Kind::Empty
        && payload
            .data
            .kind
            .text()
            .is_some_and(|kind| notes.contains(&kind.as_ref()))
}

/// The text of an error that is a string or an object, as short as possible.
pub(super) fn error_text(error: Raw<'_>) -> Option<String> {
    if let Some(text) = error.text() {
        return line(&text, ERROR_MAX);
    }
    let failure: wire::Failure<'_> = error.read();
    let code = match failure.code.text() {
        Some(code) => Some(code.into_owned()),
        None => failure.code.number().map(|code| code.to_string()),
    };
    let reason = failure.reason.text().or_else(|| failure.message.text());
    let text = match (code, reason) {
        (Some(code), Some(reason)) => format!("{code}: {reason}"),
        (Some(code), None) => code,
        (None, reason) => reason?.into_owned(),
    };
    line(&text, ERROR_MAX)
}

fn media(media: &wire::Media<'_>) -> Option<Media> {
    let text = |raw: Raw<'_>| Some(raw.text()?.into_owned()).filter(|text| !text.is_empty());
    let read = Media {
        url: text(media.url).filter(|url| url.len() <= URL_MAX),
        mimetype: text(media.mimetype),
        filename: text(media.filename),
        error: error_text(media.error),
    };
    (read != Media::default()).then_some(read)
}

fn location(location: &wire::Location<'_>) -> Option<Location> {
    let text = |raw: Raw<'_>| Some(raw.text()?.into_owned()).filter(|text| !text.is_empty());
    let degrees = |raw: Raw<'_>, max: f64| raw.number().filter(|degrees| degrees.abs() <= max);
    Some(Location {
        latitude: degrees(location.latitude, 90.0)?,
        longitude: degrees(location.longitude, 180.0)?,
        name: text(location.name).or_else(|| text(location.description)),
        address: text(location.address),
    })
}

/// The kind according to the engine's own object, if there is one.
fn hint(data: &Data<'_>) -> Option<Kind> {
    let message = &data.message;
    let by_key = [
        (message.sticker, Kind::Sticker),
        (message.image, Kind::Image),
        (message.video, Kind::Video),
        (message.document, Kind::Document),
        (message.location, Kind::Location),
        (message.contact, Kind::Contact),
    ];
    if let Some((_, kind)) = by_key.into_iter().find(|(raw, _)| raw.is_present()) {
        return Some(kind);
    }
    if message.audio.ptt.flag() == Some(true) {
        return Some(Kind::Voice);
    }
    if message.audio.mimetype.is_present() || message.audio.ptt.is_present() {
        return Some(Kind::Audio);
    }
    Some(match data.kind.text()?.as_ref() {
        "image" => Kind::Image,
        "video" | "ptv" | "gif" => Kind::Video,
        "ptt" => Kind::Voice,
        "audio" => Kind::Audio,
        "document" => Kind::Document,
        "sticker" => Kind::Sticker,
        "location" => Kind::Location,
        "vcard" | "multi_vcard" => Kind::Contact,
        _ => return None,
    })
}

/// The kind of a file. Its type decides between image, video, audio and document. The hint decides the rest, because no type
/// separates a sticker from an image, or a voice note from music.
fn file_kind(mimetype: Option<&str>, hint: Option<Kind>) -> Kind {
    let Some(mimetype) = mimetype else {
        return hint.unwrap_or(Kind::Media);
    };
    let (family, _) = mimetype.split_once('/').unwrap_or((mimetype, ""));
    match (family.to_ascii_lowercase().as_str(), hint) {
        ("image" | "video" | "audio", Some(Kind::Document)) => Kind::Document,
        ("image", Some(Kind::Sticker)) => Kind::Sticker,
        ("image", _) => Kind::Image,
        ("video", _) => Kind::Video,
        ("audio", Some(Kind::Audio)) => Kind::Audio,
        ("audio", Some(Kind::Voice)) => Kind::Voice,
        // Voice notes are always Opus, and shared music rarely is.
        ("audio", _) if mimetype.contains("opus") => Kind::Voice,
        ("audio", _) => Kind::Audio,
        (_, Some(Kind::Sticker)) => Kind::Sticker,
        _ => Kind::Document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(payload: &str, engine: Engine) -> Content {
        Content::read(&serde_json::from_str(payload).unwrap(), engine)
    }

    fn native(payload: &str) -> Content {
        content(payload, Engine::Native)
    }

    #[test]
    fn the_kind_is_told_by_the_type_and_refined_by_the_engine() {
        for (payload, wanted) in [
            (r#"{"body":"oi"}"#, Kind::Text),
            (r#"{"body":""}"#, Kind::Empty),
            (r#"{"body":null,"media":null}"#, Kind::Empty),
            (r#"{"body":"x","hasMedia":true}"#, Kind::Media),
            (r#"{"media":{"url":"http://x"}}"#, Kind::Media),
            (r#"{"media":{"mimetype":"image/jpeg"}}"#, Kind::Image),
            (r#"{"media":{"mimetype":"IMAGE/PNG"}}"#, Kind::Image),
            (
                r#"{"media":{"mimetype":"image/webp"},"_data":{"type":"sticker"}}"#,
                Kind::Sticker,
            ),
            (
                r#"{"media":{"mimetype":"image/png"},"_data":{"message":{"documentMessage":{}}}}"#,
                Kind::Document,
            ),
            (r#"{"media":{"mimetype":"video/mp4"}}"#, Kind::Video),
            (
                r#"{"media":{"mimetype":"audio/ogg; codecs=opus"}}"#,
                Kind::Voice,
            ),
            (r#"{"media":{"mimetype":"audio/mpeg"}}"#, Kind::Audio),
            (
                r#"{"media":{"mimetype":"audio/mp4"},"_data":{"type":"ptt"}}"#,
                Kind::Voice,
            ),
            (
                r#"{"media":{"mimetype":"audio/ogg; codecs=opus"},"_data":{"Message":{"audioMessage":{"mimetype":"x","PTT":false}}}}"#,
                Kind::Audio,
            ),
            (
                r#"{"media":{"mimetype":"application/pdf"}}"#,
                Kind::Document,
            ),
            (
                r#"{"hasMedia":true,"_data":{"message":{"imageMessage":{"a":1}}}}"#,
                Kind::Image,
            ),
            (
                r#"{"hasMedia":true,"_data":{"message":{"imageMessage":null,"audioMessage":{"ptt":true}}}}"#,
                Kind::Voice,
            ),
            (r#"{"vCards":["BEGIN:VCARD"]}"#, Kind::Contact),
            (
                r#"{"location":{"latitude":1,"longitude":"2"}}"#,
                Kind::Location,
            ),
            (
                r#"{"location":{"latitude":"x","longitude":2},"body":"a"}"#,
                Kind::Text,
            ),
            (
                r#"{"location":{"latitude":90.1,"longitude":2},"body":"a"}"#,
                Kind::Text,
            ),
            (r#"{"location":[1,2],"vCards":{},"media":"m"}"#, Kind::Empty),
        ] {
            assert_eq!(native(payload).kind, wanted, "{payload}");
        }
    }

    #[test]
    fn a_thumbnail_or_a_vcard_is_not_what_the_customer_wrote() {
        let place = content(
            r#"{"body":"/9j/4AAQ","location":{"latitude":1.5,"longitude":-2,"description":"Praça"},"_data":{"type":"location"}}"#,
            Engine::Chromium,
        );
        assert_eq!((place.kind, place.text.as_str()), (Kind::Location, ""));
        assert_eq!(place.location.unwrap().name.as_deref(), Some("Praça"));

        let contact = content(
            r#"{"body":"BEGIN:VCARD\nEND:VCARD","vCards":[],"_data":{"type":"vcard"}}"#,
            Engine::Chromium,
        );
        assert_eq!((contact.kind, contact.text.as_str()), (Kind::Contact, ""));
        assert_eq!(contact.contacts, ["BEGIN:VCARD\nEND:VCARD"]);

        let quoted_code = native(r#"{"body":"BEGIN:VCARD is how they start"}"#);
        assert_eq!(quoted_code.kind, Kind::Text);
        assert!(!quoted_code.text.is_empty());
    }

    #[test]
    fn a_failed_download_is_told() {
        let media = |json| native(json).media.unwrap();
        let read = media(
            r#"{"media":{"url":null,"mimetype":"image/png","error":{"message":"gone\n404","details":{}}}}"#,
        );
        assert_eq!(read.error.as_deref(), Some("gone404"));
        assert_eq!(read.url, None);
        let inline = format!(r#"{{"media":{{"url":"data:{}"}}}}"#, "A".repeat(5000));
        assert_eq!(native(&inline).media, None);
    }

    #[test]
    fn errors_are_told_in_one_short_line() {
        let text = |json| error_text(serde_json::from_str(json).unwrap());
        assert_eq!(
            text(r#"{"code":"463","blocked":true,"reason":"reachout"}"#).as_deref(),
            Some("463: reachout")
        );
        assert_eq!(text(r#"{"code":463}"#).as_deref(), Some("463"));
        assert_eq!(text(r#""gone""#).as_deref(), Some("gone"));
        assert_eq!(text("null"), None);
        assert_eq!(text("[]"), None);
        let long = format!("\"{}\"", "x".repeat(500));
        assert_eq!(
            error_text(serde_json::from_str(&long).unwrap())
                .unwrap()
                .len(),
            200
        );
    }
}
