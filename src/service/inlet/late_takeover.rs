//! Messages that the owner sent from their phone and that we learn of late, when WAHA lists them: whether the owner still
//! has the chat depends on what followed.

use std::collections::HashMap;

use crate::ids::ChatId;
use crate::waha::message::{Direction, Message};

/// What followed in a chat.
struct After {
    /// When the next message was sent, and the last of those that followed that in time.
    next: (i64, i64),
    /// The closing word did.
    handed_back: bool,
}

/// For each message, in the order of their sending: when (ms) the last of those in its chat was sent that followed it, each
/// within `quiet` (ms) of the one before. `None` for words of ours that the closing word followed: they are over.
pub(crate) fn last_activity_at(
    messages: &[Message],
    quiet: i64,
    ends: impl Fn(&Message) -> bool,
) -> Vec<Option<i64>> {
    let mut chats: HashMap<&ChatId, After> = HashMap::new();
    let mut followed: Vec<_> = messages
        .iter()
        .rev()
        .map(|message| {
            let ours = message.direction == Direction::Outbound;
            // Of a person's two ids the one under which all is kept.
            let chat = message.other_id.as_ref().filter(|_| message.chat.is_lid());
            let chat = chat.unwrap_or(&message.chat);
            let (sent_at, ends) = (message.sent_at, ours && ends(message));
            let after = chats.get(chat);
            let last = match after {
                Some(After { next, .. }) if next.0 - sent_at < quiet => next.1,
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
    use crate::waha::event::What;

    /// Who wrote in which chat at which minute, and whether it is the closing word.
    fn said(ours: bool, chat: &str, minute: i64, text: &str) -> Message {
        let listed = json!({
            "id": format!("{ours}_{chat}_3EB0{minute}"), "timestamp": minute * 60, "from": chat, "fromMe": ours, "body": text,
            "hasMedia": false,
        });
        match event::listed(&listed.to_string(), 0) {
            What::Own(message) | What::Inbound(message) => message,
            other => panic!("{other:?}"),
        }
    }

    fn minutes(messages: &[Message]) -> Vec<Option<i64>> {
        let ends = |message: &Message| message.text == "#fim";
        let followed = last_activity_at(messages, 30 * 60_000, ends);
        let minute = |at: Option<i64>| at.map(|at| at / 60_000);
        followed.into_iter().map(minute).collect()
    }

    #[test]
    fn each_word_within_the_time_of_the_one_before_keeps_the_owner_there() {
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
    fn what_the_closing_word_followed_is_over() {
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
