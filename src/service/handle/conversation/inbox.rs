//! The inbox of a conversation, in its task's memory.

use std::collections::{HashMap, VecDeque};
use std::ops::{Range, RangeInclusive};

use crate::clock::Millis;
use crate::flow::{Said, SaidKind};
use crate::service::kit::flow_input::to_input;
use crate::waha::message::Message;

/// The messages that the flow has not consumed yet. Each is parsed once, no matter how often the conversation is read
/// from Redis again.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    unread: Vec<Unread>,
    /// The same messages, as the flow's inputs.
    said: Vec<Said>,
}

#[derive(Debug)]
struct Unread {
    /// As stored in Redis.
    raw: String,
    /// `None` if another version of waha-sm wrote it and we can't read it.
    message: Option<Message>,
}

impl Inbox {
    /// Replaces the contents with the inbox as read from Redis.
    pub(crate) fn update(&mut self, inbox: Vec<String>) {
        let mut known: HashMap<String, VecDeque<(Option<Message>, Said)>> = HashMap::new();
        for (Unread { raw, message }, said) in self.unread.drain(..).zip(self.said.drain(..)) {
            known.entry(raw).or_default().push_back((message, said));
        }
        for raw in inbox {
            match known.get_mut(&raw).and_then(VecDeque::pop_front) {
                Some((message, said)) => {
                    self.unread.push(Unread { raw, message });
                    self.said.push(said);
                }
                None => self.push(raw),
            }
        }
    }

    /// Adds a message.
    fn push(&mut self, raw: String) {
        let message: Option<Message> = serde_json::from_str(&raw).ok();
        // A message that can't be read still shows that the customer wrote something.
        self.said.push(message.as_ref().map_or(
            Said {
                text: String::new(),
                kind: SaidKind::Other,
            },
            to_input,
        ));
        self.unread.push(Unread { raw, message });
    }

    /// Removes the first `count` messages.
    pub(crate) fn consume(&mut self, count: usize) {
        self.unread.drain(..count);
        self.said.drain(..count);
    }

    /// The messages, as the flow's inputs.
    pub(crate) fn said(&self) -> &[Said] {
        &self.said
    }

    /// The readable messages in `range`; `None` if the range is outside the inbox.
    pub(crate) fn messages(&self, range: Range<usize>) -> Option<Vec<&Message>> {
        let unread = self.unread.get(range)?;
        let messages = unread.iter().filter_map(|unread| unread.message.as_ref());
        Some(messages.collect())
    }

    /// When the first and the last message arrived.
    pub(crate) fn arrived(&self) -> Option<RangeInclusive<Millis>> {
        let mut messages = self.unread.iter().filter_map(|one| one.message.as_ref());
        let first = messages.next()?;
        let last = messages.next_back().unwrap_or(first);
        Some(first.received_at..=last.received_at)
    }

    pub(crate) fn len(&self) -> usize {
        self.unread.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str, received_at: i64) -> String {
        format!(r#"{{"chat":"55@c.us","text":"{text}","received_at":{received_at}}}"#)
    }

    /// The address of each message's text: it is unchanged only if the message was not parsed again.
    fn places(inbox: &Inbox) -> Vec<*const u8> {
        let messages = inbox.messages(0..inbox.len()).unwrap();
        messages.iter().map(|one| one.text.as_ptr()).collect()
    }

    #[test]
    fn a_message_is_parsed_once_however_often_the_conversation_is_read_again() {
        let (one, two, three) = (raw("one", 1), raw("two", 2), raw("three", 3));
        let mut inbox = Inbox::default();
        inbox.update(vec![one.clone(), two.clone(), one.clone()]);
        let first = places(&inbox);
        inbox.update(vec![one.clone(), two.clone(), one.clone(), three.clone()]);
        let pushed = places(&inbox);
        assert_eq!(pushed[..3], first);
        inbox.update(vec![one.clone(), two.clone(), one.clone(), three.clone()]);
        assert_eq!(places(&inbox), pushed);
        inbox.consume(1);
        inbox.update(vec![two, one, three]);
        assert_eq!(
            (places(&inbox)[0], places(&inbox)[2]),
            (pushed[1], pushed[3])
        );
        let said: Vec<_> = inbox.said().iter().map(|said| &said.text).collect();
        assert_eq!(said, ["two", "one", "three"]);
    }

    #[test]
    fn a_message_that_cannot_be_read_still_counts_as_a_message() {
        let mut inbox = Inbox::default();
        inbox.update(vec!["{".to_owned(), raw("hi", 7), "{".to_owned()]);
        let said: Vec<_> = inbox.said().iter().map(|said| said.kind).collect();
        assert_eq!(said, [SaidKind::Other, SaidKind::Text, SaidKind::Other]);
        assert_eq!(inbox.arrived(), Some(Millis::new(7)..=Millis::new(7)));
        assert_eq!(inbox.messages(0..1).unwrap().len(), 0);
        assert_eq!(inbox.messages(1..4), None);
    }
}
