//! What a message of ours says, in the form in which it is compared with replies: WAHA tells of our own messages, too, and a
//! message of which no id is known is known by its content.

use crate::flow::MediaKind;
use crate::store::lanes::reply::Reply;
use crate::store::lanes::wording::wording;

/// What a message says that WAHA tells of as ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoContent {
    /// How replies are sent that become such messages; `None`: as text.
    pub sent_as: &'static [Option<MediaKind>],
    wording: String,
}

impl EchoContent {
    /// `text` is the caption where the message is a file.
    pub fn new(sent_as: &'static [Option<MediaKind>], text: &str) -> Self {
        Self {
            sent_as,
            wording: wording(text),
        }
    }

    /// Whether the message says what the reply says: the words, or the same kind of file with the same caption. The scripts
    /// compare the same two parts (`sent_by_us.lua`).
    pub fn is_of(&self, reply: &Reply) -> bool {
        let sent_as = reply.media.as_ref().map(|media| media.kind);
        self.sent_as.contains(&sent_as) && self.wording == wording(&reply.text)
    }

    /// As [`wording`] makes it of its text.
    pub(crate) fn wording(&self) -> &str {
        &self.wording
    }

    /// The names of `sent_as`, as the elements of lanes have them, with spaces between.
    pub(crate) fn sent_as_names(&self) -> String {
        let names = self
            .sent_as
            .iter()
            .map(|kind| kind.map_or("text", MediaKind::name));
        names.collect::<Vec<_>>().join(" ")
    }
}
