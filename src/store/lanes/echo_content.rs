//! What a message of ours says, in the form that we compare with replies. WAHA reports our own messages, too, and if the id
//! of such a message is not known, we recognise it by its content.

use crate::flow::MediaKind;
use crate::store::lanes::reply::Reply;
use crate::store::lanes::visible_text::visible_text;

/// The content of a message that WAHA reports as ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoContent {
    /// How a reply can be sent to become such a message; `None`: as text.
    pub sent_as: &'static [Option<MediaKind>],
    visible_text: String,
}

impl EchoContent {
    /// `text` is the caption if the message is a file.
    pub fn new(sent_as: &'static [Option<MediaKind>], text: &str) -> Self {
        Self {
            sent_as,
            visible_text: visible_text(text),
        }
    }

    /// Whether the message says what the reply says: the same words, or the same kind of file with the same caption. The
    /// scripts compare the same two parts (`sent_by_us.lua`).
    pub fn is_of(&self, reply: &Reply) -> bool {
        let sent_as = reply.media.as_ref().map(|media| media.kind);
        self.sent_as.contains(&sent_as) && self.visible_text == visible_text(&reply.text)
    }

    /// Its text, in the form that [`visible_text`] returns.
    pub(crate) fn visible_text(&self) -> &str {
        &self.visible_text
    }

    /// The names of `sent_as` as they are in the elements of lanes, separated by spaces.
    pub(crate) fn sent_as_names(&self) -> String {
        let names = self
            .sent_as
            .iter()
            .map(|kind| kind.map_or("text", MediaKind::name));
        names.collect::<Vec<_>>().join(" ")
    }
}
