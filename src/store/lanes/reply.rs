//! A reply in its lane.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::flow::FlowMedia;
use crate::ids::ConversationId;
use crate::store::lanes::visible_text::visible_text;

/// A reply that waits in its lane until WAHA takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Unique: the conversation, its step, a nonce, and the number within the step.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// What the customer reads. If there is `media`, its caption, which may be empty.
    pub text: String,
    /// The file, if the reply is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<FlowMedia>,
    /// Since when it waits.
    pub queued_at: Millis,
    /// How many attempts have failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// The agent who says it; `None` for the bot's replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether it is about the queue: a newer notice replaces it, and it is dropped when the conversation begins.
    #[serde(skip)]
    pub notice: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Reply {
    /// The element in the lane: one letter for the kind, so that scripts can see it, then JSON.
    pub(crate) fn element(&self) -> String {
        let element = Element {
            reply: self,
            visible_text: visible_text(&self.text),
        };
        // serde_json can always write a plain structure with text keys.
        let json = serde_json::to_string(&element).unwrap_or_default();
        let letter = match (self.notice, &self.by) {
            (true, _) => 'n',
            (false, Some(_)) => 'a',
            (false, None) => 'r',
        };
        format!("{letter}{json}")
    }

    pub(crate) fn from_element(element: &str) -> Option<Self> {
        let mut reply: Self = serde_json::from_str(element.get(1..)?).ok()?;
        reply.notice = element.starts_with('n');
        Some(reply)
    }
}

/// A reply, with the words by which scripts recognise its echo. Earlier versions wrote no such words.
#[derive(Serialize)]
struct Element<'a> {
    #[serde(flatten)]
    reply: &'a Reply,
    #[serde(rename = "wording")]
    visible_text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// We must be able to read what the previous version wrote: change this only together with a migration.
    #[test]
    fn a_reply_is_kept_in_this_form() {
        let golden = r#"r{"id":"1789900801123-42:3:5f0c9a1be2d7:0","conversation":"1789900801123-42","text":"Olá, Ana!","queued_at":1789900801200,"wording":"Olá,Ana!"}"#;
        let reply = Reply::from_element(golden).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.attempts, reply.notice),
            ("Olá, Ana!", 0, false)
        );
        assert_eq!(reply.element(), golden);
        assert_eq!((&reply.media, &reply.by), (&None, &None));
        let golden = r#"r{"id":"1:3:0","conversation":"1","text":"Hoje","media":{"kind":"image","url":"https://shop.example/a.jpg","mimetype":"image/jpeg"},"queued_at":1,"wording":"Hoje"}"#;
        assert_eq!(Reply::from_element(golden).unwrap().element(), golden);
        let golden = r#"a{"id":"1:3:0","conversation":"1","text":"Oi","queued_at":1,"by":"ana","wording":"Oi"}"#;
        let of_agent = Reply::from_element(golden).unwrap();
        assert_eq!(of_agent.by.as_deref(), Some("ana"));
        assert_eq!(of_agent.element(), golden);
        let notice = Reply {
            notice: true,
            attempts: 2,
            ..reply
        };
        assert_eq!(Reply::from_element(&notice.element()), Some(notice));
    }

    #[test]
    fn a_reply_of_the_version_that_kept_no_wording_is_read() {
        let golden =
            r#"r{"id":"1:3:0","conversation":"1","text":"Olá, Ana!","queued_at":1789900801200}"#;
        let reply = Reply::from_element(golden).unwrap();
        assert_eq!(reply.text, "Olá, Ana!");
        assert!(reply.element().ends_with(r#","wording":"Olá,Ana!"}"#));
    }

    #[test]
    fn what_is_no_reply_is_not_read_as_one() {
        for garbage in ["", "r", "x{}", "é", "r{\"id\":1}"] {
            assert_eq!(Reply::from_element(garbage), None, "{garbage}");
        }
    }
}
