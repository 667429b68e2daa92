//! Reads the content of a message: its kind, text, file, place and contacts (WAHA's `WAMessage`).

use super::lenient::Raw;
use super::message::{Kind, Location, Media};
use super::named_content::{Described, Named, in_message, named};
use super::one_line::line;
use super::which_chat::Engine;
use super::wire::{self, Data, Payload};

/// How many characters of an error text we keep.
const ERROR_MAX: usize = 200;

/// The longest URL of a file that we keep, in bytes. Anything longer is not a URL but a whole file (`data:`).
const URL_MAX: usize = 4096;

/// A JPEG in base64 begins like this: a thumbnail.
const BASE64_JPEG: &str = "/9j/";

/// The content of a message.
pub(super) struct Content {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) media: Option<Media>,
    pub(super) location: Option<Location>,
    pub(super) contacts: Vec<String>,
    /// Whether it repeats another message: the same photo in high quality.
    pub(super) is_second_copy: bool,
}

impl Content {
    /// Reads what a person sent. An error is the reason to ignore the message, because nobody said anything.
    pub(super) fn read(
        payload: &Payload<'_>,
        data: &Data<'_>,
        engine: Engine,
    ) -> Result<Self, &'static str> {
        let described = match named(data, payload.data) {
            // Some notes have an id as their text, so the text does not make them content.
            Named::Technical(why) => return Err(why),
            Named::Content(described) => Some(described),
            Named::Placeholder | Named::Unknown => None,
        };
        let hint = described.map(|described| described.kind);
        let mut content = Self {
            kind: Kind::Empty,
            text: payload.body.text().unwrap_or_default().into_owned(),
            media: media(&payload.media),
            location: location(&payload.location),
            contacts: payload.vcards.0.clone(),
            is_second_copy: described.is_some_and(|described| described.is_second_copy),
        };
        content.kind = content.kind_by(hint, payload.has_media.flag() == Some(true));
        content.drop_what_is_no_text(engine);
        if let Some(described) = described {
            content.complete(described);
        }
        if matches!(content.kind, Kind::Text | Kind::Empty) {
            content.kind = match content.text.trim().is_empty() {
                true => Kind::Empty,
                false => Kind::Text,
            };
        }
        Ok(content)
    }

    /// `hint`: what the engine's object names.
    fn kind_by(&self, hint: Option<Kind>, has_media: bool) -> Kind {
        let has_file = self.media.is_some() || has_media;
        match hint {
            Some(
                kind @ (Kind::Order
                | Kind::Product
                | Kind::Payment
                | Kind::Invitation
                | Kind::Event
                | Kind::List),
            ) => kind,
            _ if self.location.is_some() => Kind::Location,
            Some(Kind::Location) => Kind::Location,
            _ if !self.contacts.is_empty() => Kind::Contact,
            Some(Kind::Contact) => Kind::Contact,
            _ if has_file => {
                let mimetype = self.media.as_ref().and_then(|m| m.mimetype.as_deref());
                file_kind(mimetype, hint.filter(|kind| *kind != Kind::Text))
            }
            Some(kind) => kind,
            None => Kind::Text,
        }
    }

    /// Adds what only the engine's object says.
    fn complete(&mut self, described: Described<'_>) {
        let words = described.words;
        if self.location.is_none() && self.kind == Kind::Location {
            self.location = located(described.object);
        }
        if words.are_a_description() {
            let description = words.read(described.object);
            // The body of a product is its thumbnail on WEBJS.
            let is_repeated = self.text.trim().is_empty()
                || self.text.starts_with(BASE64_JPEG)
                || description.contains(self.text.trim());
            if is_repeated {
                self.text = description;
            } else if !description.is_empty() {
                self.text = format!("{description}: {}", self.text);
            }
        } else if self.text.trim().is_empty() {
            self.text = words.read(described.object);
        }
    }

    /// WEBJS puts a thumbnail into the body of a location, and the vCard into the body of a contact.
    fn drop_what_is_no_text(&mut self, engine: Engine) {
        match self.kind {
            Kind::Location if engine == Engine::Chromium || self.text.starts_with(BASE64_JPEG) => {
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

/// The new words of an edited message, if its engine's object has them.
pub(super) fn edited_words(data: &Data<'_>) -> Option<String> {
    let edited = ["protocolMessage", "editedMessage"];
    let direct = data.message.at(&edited);
    // An edit is itself wrapped on some versions.
    let wrapped = ["editedMessage", "ephemeralMessage"]
        .into_iter()
        .map(|wrapper| data.message.at(&[wrapper, "message"]).at(&edited));
    [direct].into_iter().chain(wrapped).find_map(|message| {
        let Named::Content(content) = in_message(message) else {
            return None;
        };
        Some(content.words.read(content.object)).filter(|words| !words.is_empty())
    })
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
    let reason = [failure.reason, failure.message]
        .into_iter()
        .find_map(|raw| line(&raw.text()?, ERROR_MAX));
    // The lines after the first one are a stack trace.
    let details = || line(failure.details.text()?.trim().lines().next()?, ERROR_MAX);
    let text = match (code, reason.or_else(details)) {
        (Some(code), Some(reason)) => format!("{code}: {reason}"),
        (Some(code), None) => code,
        (None, reason) => reason?,
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

/// The place in the engine's own object.
fn located(object: Raw<'_>) -> Option<Location> {
    let degrees = |names: [&str; 2], max: f64| {
        let number = names.iter().find_map(|name| object.at(&[name]).number());
        number.filter(|degrees| degrees.abs() <= max)
    };
    Some(Location {
        latitude: degrees(["degreesLatitude", "lat"], 90.0)?,
        longitude: degrees(["degreesLongitude", "lng"], 180.0)?,
        ..Location::default()
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
        read(payload, engine).unwrap()
    }

    fn read(payload: &str, engine: Engine) -> Result<Content, &'static str> {
        let payload: Payload<'_> = serde_json::from_str(payload).unwrap();
        Content::read(&payload, &payload.data.read(), engine)
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
        assert_eq!(read.error.as_deref(), Some("gone 404"));
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
