//! The fields of WAHA's webhook bodies that we read, under WAHA's names (WAHA's docs, how-to/events).
//!
//! One `Payload` is enough for all events, because their fields don't contradict each other. So the body is read in one
//! pass, whether `event` comes before or after `payload`.

use std::time::Duration;

use super::lenient::{Raw, Texts, lenient};
use crate::clock::Millis;

/// The last millisecond of the year 9999.
const TIME_MAX: f64 = 253_402_300_799_999.0;

/// The smallest number that counts as milliseconds: in the year 2001.
const MILLIS_MIN: f64 = 1e12;

/// A point in time. Bodies have seconds (also fractions, also as strings) or milliseconds, depending on field, engine
/// and version. They can't be confused: as milliseconds, the smaller numbers are dates before WhatsApp began.
pub(super) fn millis(time: Raw<'_>) -> Option<Millis> {
    millis_of(time.number()?)
}

/// Like [`millis`], for a number.
pub(super) fn millis_of(number: f64) -> Option<Millis> {
    let millis = if number >= MILLIS_MIN {
        number
    } else {
        number * 1000.0
    };
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (1.0..=TIME_MAX)
        .contains(&millis)
        .then_some(Millis::new(millis.round() as i64))
}

/// WAHA's clock may be ahead of ours by this much. A later time is wrong.
const AHEAD_MAX: Duration = Duration::from_secs(10);

/// A time when something has happened. A time in the future becomes now: otherwise it would count as the latest, and hide
/// everything that happens before it. Also returns how far after now the time was.
pub(super) fn clamped(time: Option<Millis>, now: Millis) -> (Option<Millis>, Duration) {
    let ahead = time.map_or(Duration::ZERO, |time| now.until(time));
    let believed = |time| if ahead > AHEAD_MAX { now } else { time };
    (time.map(believed), ahead)
}

lenient! {
    /// The envelope of every event.
    struct Envelope {
        "event" => event: Raw<'a>,
        "session" => session: Raw<'a>,
        "id" => id: Raw<'a>,
        "timestamp" => timestamp: Raw<'a>,
        "me" => me: Me<'a>,
        "engine" => engine: Raw<'a>,
        "environment" => environment: Environment<'a>,
        "payload" => payload: Payload<'a>,
    }

    /// The envelope of an event whose payload could not be read.
    struct EnvelopeOnly {
        "event" => event: Raw<'a>,
        "session" => session: Raw<'a>,
        "id" => id: Raw<'a>,
        "timestamp" => timestamp: Raw<'a>,
    }

    /// Our own account; absent while it is not paired.
    struct Me {
        "id" => id: Raw<'a>,
        "lid" => lid: Raw<'a>,
        "reachoutTimelock" => timelock: Timelock<'a>,
        "messageCapping" => capping: Capping<'a>,
    }

    /// The data of a session's status. It is read only with `WORKING`: with other statuses it holds secrets.
    struct StatusData {
        "reachoutTimelock" => timelock: Timelock<'a>,
        "messageCapping" => capping: Capping<'a>,
    }

    /// Whether new chats are forbidden, and until when (seconds).
    struct Timelock {
        "isActive" => is_active: Raw<'a>,
        "timeEnforcementEnds" => ends: Raw<'a>,
    }

    /// How much of the quota of new chats is used, and when its cycle ends (seconds).
    struct Capping {
        "cappingStatus" => status: Raw<'a>,
        "cycleEnd" => cycle_end: Raw<'a>,
    }

    /// WAHA's environment. GOWS names its engine only here.
    struct Environment {
        "engine" => engine: Raw<'a>,
    }

    /// The payload of any event.
    struct Payload {
        "id" => id: Raw<'a>,
        "timestamp" => timestamp: Raw<'a>,
        "from" => from: Raw<'a>,
        "to" => to: Raw<'a>,
        "fromMe" => from_me: Raw<'a>,
        "source" => source: Raw<'a>,
        "body" => body: Raw<'a>,
        "hasMedia" => has_media: Raw<'a>,
        "media" => media: Media<'a>,
        "location" => location: Location<'a>,
        "vCards" => vcards: Texts,
        "replyTo" => reply_to: ReplyTo<'a>,
        "_data" => data: Raw<'a>,
        "ack" => ack: Raw<'a>,
        "ackName" => ack_name: Raw<'a>,
        "error" => error: Raw<'a>,
        "reaction" => reaction: Reaction<'a>,
        "editedMessageId" => edited: Raw<'a>,
        "revokedMessageId" => revoked: Raw<'a>,
        "before" => before: Mentioned<'a>,
        "after" => after: Mentioned<'a>,
        "status" => status: Raw<'a>,
        "data" => status_data: StatusData<'a>,
        "vote" => vote: Raw<'a>,
        "poll" => poll: Raw<'a>,
    }

    /// A vote in a poll. `to` and `from` may be the word "me".
    struct Vote {
        "id" => id: Raw<'a>,
        "timestamp" => timestamp: Raw<'a>,
        "from" => from: Raw<'a>,
        "to" => to: Raw<'a>,
        "fromMe" => from_me: Raw<'a>,
        "selectedOptions" => options: Texts,
    }

    /// The file of a message, once WAHA has it.
    struct Media {
        "url" => url: Raw<'a>,
        "mimetype" => mimetype: Raw<'a>,
        "filename" => filename: Raw<'a>,
        "error" => error: Raw<'a>,
    }

    /// Why something failed: for acks (`code`, `reason`) and for media (`message`, or only `details` with a stack trace).
    struct Failure {
        "code" => code: Raw<'a>,
        "reason" => reason: Raw<'a>,
        "message" => message: Raw<'a>,
        "details" => details: Raw<'a>,
    }

    /// A place. In 2024 only `description` named it.
    struct Location {
        "latitude" => latitude: Raw<'a>,
        "longitude" => longitude: Raw<'a>,
        "name" => name: Raw<'a>,
        "address" => address: Raw<'a>,
        "description" => description: Raw<'a>,
    }

    /// The message that this one answers.
    struct ReplyTo {
        "id" => id: Raw<'a>,
    }

    /// An emoji, and the message it is under.
    struct Reaction {
        "text" => text: Raw<'a>,
        "messageId" => message_id: Raw<'a>,
    }

    /// A message inside another event's payload.
    struct Mentioned {
        "id" => id: Raw<'a>,
        "timestamp" => timestamp: Raw<'a>,
        "from" => from: Raw<'a>,
        "to" => to: Raw<'a>,
        "fromMe" => from_me: Raw<'a>,
    }

    /// The engine's own object. It may have any shape, so we use it only for names, other ids, and the kind and words of the
    /// content.
    struct Data {
        "notifyName" => notify_name: Raw<'a>,
        "pushName" => push_name: Raw<'a>,
        "verifiedBizName" => business_name: Raw<'a>,
        "type" => kind: Raw<'a>,
        "isNotification" => is_notification: Raw<'a>,
        "messageStubType" => stub: Raw<'a>,
        "IsViewOnce" => is_view_once: Raw<'a>,
        "key" => key: BaileysKey<'a>,
        "Info" => info: GowsInfo<'a>,
        "message" | "Message" => message: Raw<'a>,
    }

    /// NOWEB's key of a message.
    struct BaileysKey {
        "remoteJid" => chat: Raw<'a>,
        "fromMe" => from_me: Raw<'a>,
        "remoteJidAlt" => chat_alt: Raw<'a>,
        "participantAlt" => participant_alt: Raw<'a>,
        "isViewOnce" => is_view_once: Raw<'a>,
    }

    /// GOWS's data about a message.
    struct GowsInfo {
        "Chat" => chat: Raw<'a>,
        "IsFromMe" => from_me: Raw<'a>,
        "SenderAlt" => sender_alt: Raw<'a>,
        "RecipientAlt" => recipient_alt: Raw<'a>,
        "PushName" => push_name: Raw<'a>,
    }
}
