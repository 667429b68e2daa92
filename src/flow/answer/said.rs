//! One message of the customer, as a flow sees it.

/// One message of the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The text; for media the caption, or empty; for a location its latitude and longitude in degrees, like
    /// `-23.561414,-46.655881`.
    pub text: String,
    /// The kind of message.
    pub kind: SaidKind,
}

/// The kinds of messages that a flow distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidKind {
    /// A text.
    Text,
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A voice message or other audio.
    Voice,
    /// A document, or a file of unknown kind.
    File,
    /// Any other media, such as a sticker.
    Media,
    /// A location.
    Location,
    /// A contact card.
    Contact,
    /// An order from the shop's catalogue.
    Order,
    /// A product from the shop's catalogue.
    Product,
    /// Anything else.
    Other,
}

impl SaidKind {
    /// Whether it is media of any kind, with or without a caption.
    pub(crate) fn is_media(self) -> bool {
        use SaidKind::{File, Image, Media, Video, Voice};
        matches!(self, Image | Video | Voice | File | Media)
    }
}

impl Said {
    /// A text message.
    pub fn text(text: impl Into<String>) -> Said {
        Said {
            text: text.into(),
            kind: SaidKind::Text,
        }
    }

    /// The text, or a word in brackets for a message without text.
    pub(crate) fn text_or_kind(&self) -> String {
        if !self.text.trim().is_empty() {
            return self.text.clone();
        }
        match self.kind {
            kind if kind.is_media() => "[media]",
            SaidKind::Location => "[location]",
            SaidKind::Contact => "[contact]",
            SaidKind::Order => "[order]",
            SaidKind::Product => "[product]",
            _ => "[message]",
        }
        .to_owned()
    }
}
