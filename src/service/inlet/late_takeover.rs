//! Messages that the owner sent from their own phone and that we receive late, in a list from WAHA. Whether the owner still
//! has the chat depends on the messages that followed.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::ChatId;
use crate::waha::message::{Direction, Message};

/// The messages that followed in a chat.
struct After {
    /// When the next message was sent, and the last one that follows it without a gap.
    next: (Millis, Millis),
    /// Whether the closing word followed.
    handed_back: bool,
}

/// For each message, in the order in which they were sent: the time of the last message in its chat that followed
/// without a gap of `quiet` or more. `None` for our own messages that the closing word followed: that takeover is
/// over.
pub(crate) fn last_activity_at(
    messages: &[Message],
    quiet: Duration,
    ends: impl Fn(&Message) -> bool,
) -> Vec<Option<Millis>> {
    let mut chats: HashMap<&ChatId, After> = HashMap::new();
    let mut followed: Vec<_> = messages
        .iter()
        .rev()
        .map(|message| {
            let ours = message.direction == Direction::Outbound;
            // If a person has two ids, use the one under which we keep the chat.
            let chat = message.other_id.as_ref().filter(|_| message.chat.is_lid());
            let chat = chat.unwrap_or(&message.chat);
            let (sent_at, ends) = (message.sent_at, ours && ends(message));
            let after = chats.get(chat);
            let last = match after {
                Some(After { next, .. }) if next.0.since(sent_at) < quiet => next.1,
                _ => sent_at,
            };
            let handed_back = after.is_some_and(|after| after.handed_back);
            chats.insert(
                chat,
                After {
                    next: (sent_at, last),
                    handed_back: handed_back || ends,
                },
            );
            (!ours || ends || !handed_back).then_some(last)
        })
        .collect();
    followed.reverse();
    followed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::waha::event;
    use crate::waha::event::Meaning;

    /// A message sent in this chat at this minute, by us or by the customer.
    fn said(ours: bool, chat: &str, minute: i64, text: &str) -> Message {
        let listed = json!({
            "id": format!("{ours}_{chat}_3EB0{minute}"), "timestamp": minute * 60, "from": chat, "fromMe": ours, "body": text,
            "hasMedia": false,
        });
        match event::listed(&listed.to_string(), Millis::default(), Millis::now()) {
            Meaning::Own(message) | Meaning::Inbound(message) => message,
            other => panic!("{other:?}"),
        }
    }

    fn minutes(messages: &[Message]) -> Vec<Option<i64>> {
        let ends = |message: &Message| message.text == "#fim";
        let followed = last_activity_at(messages, Duration::from_secs(30 * 60), ends);
        let minute = |at: Option<Millis>| at.map(|at| at.as_i64() / 60_000);
        followed.into_iter().map(minute).collect()
    }

    #[test]
    fn each_message_soon_after_the_one_before_extends_the_takeover() {
        let (one, two) = ("5511999990001@c.us", "5511999990002@c.us");
        let messages = [
            said(true, one, 100, "hi"),
            said(true, two, 105, "hello"),
            said(false, one, 120, "thanks"),
            said(false, two, 135, "too late"),
            said(true, one, 149, "bye"),
            said(false, one, 179, "too late"),
        ];
        let last = [149, 105, 149, 135, 149, 179];
        assert_eq!(minutes(&messages), last.map(Some));
    }

    #[test]
    fn a_takeover_is_over_once_the_closing_word_follows() {
        let one = "5511999990001@c.us";
        let messages = [
            said(true, one, 100, "hi"),
            said(false, one, 101, "thanks"),
            said(true, one, 102, "#fim"),
            said(false, one, 103, "a question"),
            said(true, one, 104, "me again"),
        ];
        let followed = minutes(&messages);
        assert_eq!(followed[0], None);
        assert!(followed[1..].iter().all(Option::is_some), "{followed:?}");
    }
}
