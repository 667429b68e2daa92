//! The inbox of a conversation, in its task's memory.

use std::collections::{HashMap, VecDeque};
use std::ops::{Range, RangeInclusive};

use crate::clock::Millis;
use crate::flow::{Said, SaidKind};
use crate::service::kit::flow_input::to_input;
use crate::service::kit::unread_message::UnreadMessage;
use crate::waha::message::Message;

/// The messages that the flow has not consumed yet. Each is parsed once, no matter how often the conversation is read
/// from Redis again.
///
/// Redis keeps withdrawn messages at their places, so that a bell can say at which place a new one stands. The flow does not see them.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// As in Redis, with those withdrawn.
    stored: Vec<InboxMessage>,
    /// Those to be heard, as the flow's inputs.
    said: Vec<Said>,
}

#[derive(Debug)]
struct InboxMessage {
    /// As stored in Redis.
    raw: String,
    message: UnreadMessage,
}

impl InboxMessage {
    fn is_heard(&self) -> bool {
        self.message != UnreadMessage::Withdrawn
    }

    fn readable(&self) -> Option<&Message> {
        match &self.message {
            UnreadMessage::Message(message) => Some(message),
            UnreadMessage::Withdrawn | UnreadMessage::Unreadable => None,
        }
    }
}

impl Inbox {
    /// Replaces the contents with the inbox as read from Redis.
    pub(crate) fn update(&mut self, inbox: Vec<String>) {
        let mut known: HashMap<String, VecDeque<(UnreadMessage, Option<Said>)>> = HashMap::new();
        let mut said = self.said.drain(..);
        for InboxMessage { raw, message } in self.stored.drain(..) {
            let said = match message {
                UnreadMessage::Withdrawn => None,
                _ => said.next(),
            };
            known.entry(raw).or_default().push_back((message, said));
        }
        drop(said);
        for raw in inbox {
            let (message, said) = match known.get_mut(&raw).and_then(VecDeque::pop_front) {
                Some(known) => known,
                None => read(&raw),
            };
            self.stored.push(InboxMessage { raw, message });
            self.said.extend(said);
        }
    }

    /// Adds a message that a bell brought, after all others.
    pub(crate) fn push(&mut self, raw: String) {
        let (message, said) = read(&raw);
        self.stored.push(InboxMessage { raw, message });
        self.said.extend(said);
    }

    /// Removes the first `count` messages, with those withdrawn.
    pub(crate) fn consume(&mut self, count: usize) {
        let heard = self
            .stored
            .drain(..count)
            .filter(InboxMessage::is_heard)
            .count();
        self.said.drain(..heard);
        if self.stored.is_empty() {
            // Most customers are silent most of the time, and the space for four messages is half of what a conversation needs.
            *self = Self::default();
        }
    }

    /// The first `count` messages, with those withdrawn, as stored in Redis.
    pub(crate) fn first(&self, count: usize) -> Vec<String> {
        let first = self.stored.iter().take(count);
        first.map(|one| one.raw.clone()).collect()
    }

    /// The messages to be heard, as the flow's inputs.
    pub(crate) fn said(&self) -> &[Said] {
        &self.said
    }

    /// How many messages of the inbox in Redis the first `count` of [`said`](Self::said) take up, with those withdrawn
    /// before, between and right after them.
    pub(crate) fn places(&self, count: usize) -> usize {
        let mut heard = self
            .stored
            .iter()
            .enumerate()
            .filter(|(_, one)| one.is_heard());
        heard
            .nth(count)
            .map_or(self.stored.len(), |(place, _)| place)
    }

    /// The readable messages in `range` of [`said`](Self::said); `None` if the range is outside.
    pub(crate) fn messages(&self, range: Range<usize>) -> Option<Vec<&Message>> {
        if range.end > self.said.len() {
            return None;
        }
        let heard = self.stored.iter().filter(|one| one.is_heard());
        let within = heard.skip(range.start).take(range.len());
        Some(within.filter_map(InboxMessage::readable).collect())
    }

    /// When the first and the last message to be heard arrived.
    pub(crate) fn arrived(&self) -> Option<RangeInclusive<Millis>> {
        let mut messages = self.stored.iter().filter_map(InboxMessage::readable);
        let first = messages.next()?;
        let last = messages.next_back().unwrap_or(first);
        Some(first.received_at..=last.received_at)
    }

    /// The number of messages in Redis, with those withdrawn.
    pub(crate) fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there is nothing to hear.
    pub(crate) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// Whether the customer withdrew all that is in the inbox.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.said.is_empty() && !self.stored.is_empty()
    }
}

fn read(raw: &str) -> (UnreadMessage, Option<Said>) {
    let message = UnreadMessage::read(raw);
    let said = match &message {
        UnreadMessage::Message(message) => Some(to_input(message)),
        UnreadMessage::Withdrawn => None,
        // It still shows that the customer wrote something.
        UnreadMessage::Unreadable => Some(Said {
            text: String::new(),
            kind: SaidKind::Other,
        }),
    };
    (message, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(inbox: &Inbox) -> Vec<&str> {
        inbox.said().iter().map(|said| said.text.as_str()).collect()
    }

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

    #[test]
    fn withdrawn_messages_keep_their_places_and_are_not_heard() {
        let withdrawn = |raw: String| format!("{{\"withdrawn\":true,{}", &raw[1..]);
        let edited =
            |raw: String| format!("{{\"edited_at\":9,\"edited_text\":\"TWO\",{}", &raw[1..]);
        let (one, two, three) = (raw("one", 1), raw("two", 2), raw("three", 3));
        let mut inbox = Inbox::default();
        inbox.update(vec![one.clone(), two.clone(), three.clone()]);
        assert_eq!(
            (inbox.places(0), inbox.places(2), inbox.places(3)),
            (0, 2, 3)
        );
        inbox.update(vec![
            withdrawn(one.clone()),
            edited(two.clone()),
            withdrawn(three.clone()),
        ]);
        let texts = |inbox: &Inbox| -> Vec<String> {
            inbox.said().iter().map(|said| said.text.clone()).collect()
        };
        assert_eq!(texts(&inbox), ["TWO"]);
        assert_eq!((inbox.len(), inbox.is_withdrawn()), (3, false));
        assert_eq!(
            (inbox.places(0), inbox.places(1), inbox.places(9)),
            (1, 3, 3)
        );
        assert_eq!(inbox.messages(0..1).unwrap()[0].text, "TWO");
        assert_eq!(inbox.messages(0..2), None);
        assert_eq!(inbox.arrived(), Some(Millis::new(2)..=Millis::new(2)));
        inbox.consume(2);
        assert_eq!(
            (inbox.len(), inbox.is_empty(), inbox.is_withdrawn()),
            (1, true, true)
        );
        inbox.update(vec![withdrawn(three), raw("four", 4)]);
        assert_eq!(texts(&inbox), ["four"]);
        assert_eq!(inbox.places(1), 2);
    }

    #[test]
    fn a_message_that_is_pushed_is_the_last_and_an_empty_inbox_needs_no_space() {
        let mut inbox = Inbox::default();
        inbox.update(vec![raw("a", 1)]);
        inbox.push(raw("b", 2));
        assert_eq!(texts(&inbox), ["a", "b"]);
        assert_eq!(inbox.first(1), [raw("a", 1)]);
        inbox.update(vec![raw("a", 1), raw("b", 2)]);
        assert_eq!(inbox.first(2), [raw("a", 1), raw("b", 2)]);
        assert_eq!(texts(&inbox), ["a", "b"]);
        inbox.consume(1);
        assert_eq!(texts(&inbox), ["b"]);
        inbox.push(raw("c", 3));
        inbox.consume(1);
        assert_eq!(
            (texts(&inbox), inbox.first(1)),
            (vec!["c"], vec![raw("c", 3)])
        );
        inbox.consume(1);
        assert_eq!((inbox.stored.capacity(), inbox.said.capacity()), (0, 0));
    }
}
