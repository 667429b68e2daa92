//! One message of the customer, as a flow sees it.

/// One message of the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What was written; the caption of media, and empty where there is none; of a place its latitude and
    /// longitude in degrees, like `-23.561414,-46.655881`.
    pub text: String,
    /// What kind of message it was.
    pub kind: SaidKind,
}

/// The kinds of messages that a flow tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidKind {
    /// Written words.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A voice message, or another sound.
    Voice,
    /// A document, or a file of which nothing more is known.
    File,
    /// Any other media: a sticker, say.
    Media,
    /// A place on the map.
    Location,
    /// A contact card.
    Contact,
    /// Anything else.
    Other,
}

impl SaidKind {
    /// Whether it is a picture, a sound, a file ..., with a caption or without.
    pub(crate) fn is_media(self) -> bool {
        use SaidKind::{File, Image, Media, Video, Voice};
        matches!(self, Image | Video | Voice | File | Media)
    }
}

impl Said {
    /// A message of written words.
    pub fn text(text: impl Into<String>) -> Said {
        Said {
            text: text.into(),
            kind: SaidKind::Text,
        }
    }

    /// The words, or a word in brackets for a message that has none.
    pub(crate) fn text_or_kind(&self) -> String {
        if !self.text.trim().is_empty() {
            return self.text.clone();
        }
        match self.kind {
            kind if kind.is_media() => "[media]",
            SaidKind::Location => "[location]",
            SaidKind::Contact => "[contact]",
            _ => "[message]",
        }
        .to_owned()
    }
}
