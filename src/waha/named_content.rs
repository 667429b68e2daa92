//! Tells what the engine's own object (`_data`) names as the content of a message.
//!
//! NOWEB and GOWS have WhatsApp's own message, an object whose key is the kind (WhatsApp's `Message` in Baileys' `WAProto` and
//! whatsmeow's `waE2E`). WEBJS and WPP have WhatsApp Web's word for the kind. New kinds come with every version of WhatsApp, so
//! whole families of technical ones are known by a part of the name.

use super::content_words::{Words, buttons};
use super::lenient::Raw;
use super::message::Kind;
use super::wire::Data;

/// What the engine's object names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named<'a> {
    /// Something that a person sent.
    Content(Described<'a>),
    /// The content is not here: it may come later under the same id, or never.
    Placeholder,
    /// Nobody said anything: WhatsApp's own note, a setting, or something done to other messages. The text is the reason to
    /// ignore it.
    Technical(&'static str),
    /// Nothing that we know.
    Unknown,
}

/// Content of a known kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    pub(super) kind: Kind,
    /// Where its words are.
    pub(super) words: Words,
    /// The object that describes it.
    pub(super) object: Raw<'a>,
    /// Whether this is another copy of content that came in a message of its own, like the same photo in high quality.
    pub(super) is_second_copy: bool,
}

const NOTE: &str = "system note";
const CALL: &str = "call";
const TECHNICAL: &str = "technical message";

/// Content may be wrapped several times: a disappearing message with a document that has a caption.
const WRAPPERS_MAX: usize = 8;

/// The keys of WhatsApp's own message that hold what a person sent.
const MESSAGE_KEYS: &[(&str, Kind, Words)] = &[
    ("conversation", Kind::Text, Words::Itself),
    ("extendedTextMessage", Kind::Text, Words::At(&[&["text"]])),
    ("imageMessage", Kind::Image, Words::CAPTION),
    ("videoMessage", Kind::Video, Words::CAPTION),
    ("ptvMessage", Kind::Video, Words::CAPTION),
    ("audioMessage", Kind::Audio, Words::None),
    ("documentMessage", Kind::Document, Words::CAPTION),
    ("documentWithCaptionMessage", Kind::Document, Words::CAPTION),
    ("stickerMessage", Kind::Sticker, Words::None),
    ("lottieStickerMessage", Kind::Sticker, Words::None),
    ("stickerPackMessage", Kind::Sticker, Words::CAPTION),
    (
        "locationMessage",
        Kind::Location,
        Words::At(&[&["comment"]]),
    ),
    ("liveLocationMessage", Kind::Location, Words::CAPTION),
    ("contactMessage", Kind::Contact, Words::None),
    ("contactsArrayMessage", Kind::Contact, Words::None),
    ("orderMessage", Kind::Order, Words::Order),
    ("productMessage", Kind::Product, Words::Product),
    ("sendPaymentMessage", Kind::Payment, Words::Payment("sent")),
    (
        "requestPaymentMessage",
        Kind::Payment,
        Words::Payment("requested"),
    ),
    (
        "declinePaymentRequestMessage",
        Kind::Payment,
        Words::Payment("declined"),
    ),
    (
        "cancelPaymentRequestMessage",
        Kind::Payment,
        Words::Payment("cancelled"),
    ),
    (
        "paymentInviteMessage",
        Kind::Payment,
        Words::Payment("invitation"),
    ),
    (
        "paymentReminderMessage",
        Kind::Payment,
        Words::Payment("reminder"),
    ),
    (
        "splitPaymentMessage",
        Kind::Payment,
        Words::Payment("split"),
    ),
    ("invoiceMessage", Kind::Payment, Words::Payment("invoice")),
    ("groupInviteMessage", Kind::Invitation, Words::Invitation),
    (
        "newsletterAdminInviteMessage",
        Kind::Invitation,
        Words::Invitation,
    ),
    (
        "newsletterFollowerInviteMessage",
        Kind::Invitation,
        Words::Invitation,
    ),
    (
        "newsletterFollowerInviteMessageV2",
        Kind::Invitation,
        Words::Invitation,
    ),
    ("eventInviteMessage", Kind::Invitation, Words::Invitation),
    ("eventMessage", Kind::Event, Words::Event),
    (
        "listMessage",
        Kind::List,
        Words::Together(&[&["title"], &["description"]]),
    ),
    ("buttonsMessage", Kind::Text, Words::At(&[&["contentText"]])),
    ("templateMessage", Kind::Text, Words::Template),
    ("highlyStructuredMessage", Kind::Text, Words::Template),
    ("interactiveMessage", Kind::Text, Words::InteractiveMenu),
    ("buttonsResponseMessage", Kind::Text, Words::Button),
    ("templateButtonReplyMessage", Kind::Text, Words::Button),
    ("listResponseMessage", Kind::Text, Words::ListRow),
    ("interactiveResponseMessage", Kind::Text, Words::Interactive),
];

/// WhatsApp Web's words for what a person sent.
const WEB_TYPES: &[(&str, Kind, Words)] = &[
    ("chat", Kind::Text, Words::At(&[&["body"]])),
    ("image", Kind::Image, Words::CAPTION),
    ("video", Kind::Video, Words::CAPTION),
    ("gif", Kind::Video, Words::CAPTION),
    ("ptv", Kind::Video, Words::CAPTION),
    ("ptt", Kind::Voice, Words::None),
    ("audio", Kind::Audio, Words::None),
    ("document", Kind::Document, Words::CAPTION),
    ("sticker", Kind::Sticker, Words::None),
    ("sticker_pack", Kind::Sticker, Words::CAPTION),
    ("location", Kind::Location, Words::At(&[&["comment"]])),
    ("live_location", Kind::Location, Words::CAPTION),
    ("vcard", Kind::Contact, Words::None),
    ("multi_vcard", Kind::Contact, Words::None),
    ("order", Kind::Order, Words::Order),
    ("product", Kind::Product, Words::Product),
    ("payment", Kind::Payment, Words::Payment("")),
    ("groups_v4_invite", Kind::Invitation, Words::Invitation),
    (
        "newsletter_admin_invite",
        Kind::Invitation,
        Words::Invitation,
    ),
    (
        "newsletter_follower_invite",
        Kind::Invitation,
        Words::Invitation,
    ),
    ("event_invite", Kind::Invitation, Words::Invitation),
    ("event_creation", Kind::Event, Words::Event),
    ("scheduled_event_creation", Kind::Event, Words::Event),
    (
        "list",
        Kind::List,
        Words::Together(&[&["list", "title"], &["list", "description"]]),
    ),
    ("buttons", Kind::Text, Words::At(&[&["contentText"]])),
    ("template", Kind::Text, Words::Template),
    ("hsm", Kind::Text, Words::Template),
    (
        "interactive",
        Kind::Text,
        Words::At(&[&["body"], &["interactiveBody"]]),
    ),
    (
        "native_flow",
        Kind::Text,
        Words::At(&[&["body"], &["interactiveBody"]]),
    ),
    ("buttons_response", Kind::Text, Words::Button),
    ("template_button_reply", Kind::Text, Words::Button),
    ("list_response", Kind::Text, Words::ListRow),
    ("interactive_response", Kind::Text, Words::Interactive),
];

/// What the engine's object names. `raw` is the same object as `data`.
pub(super) fn named<'a>(data: &Data<'a>, raw: Raw<'a>) -> Named<'a> {
    let by_message = in_message(data.message);
    if !matches!(by_message, Named::Unknown) {
        return by_message;
    }
    if data.is_notification.flag() == Some(true) {
        return Named::Technical(NOTE);
    }
    if let Some(word) = data.kind.text() {
        let by_word = in_web_type(&word, raw);
        if !matches!(by_word, Named::Unknown) {
            return by_word;
        }
    }
    // WhatsApp shows such a photo, video or voice message only on the phone, so no engine gets it.
    if data.key.is_view_once.flag() == Some(true) || data.is_view_once.flag() == Some(true) {
        return Named::Content(view_once(raw));
    }
    by_stub(data.stub)
}

/// What WhatsApp's own message holds.
pub(super) fn in_message<'a>(message: Raw<'a>) -> Named<'a> {
    let mut message = message;
    let mut is_view_once = false;
    let mut is_second_copy = false;
    for _ in 0..WRAPPERS_MAX {
        let entries = message.entries();
        is_second_copy |= is_associated_copy(message);
        let wrapped = entries
            .iter()
            .find(|(key, value)| technical(key).is_none() && value.at(&["message"]).is_object());
        if let Some((key, value)) = wrapped {
            is_view_once |= key.starts_with("viewOnce");
            message = value.at(&["message"]);
            continue;
        }
        let content = entries.iter().find_map(|(key, value)| {
            let (_, kind, words) = MESSAGE_KEYS
                .iter()
                .find(|(known, ..)| *known == key.as_ref())?;
            let (kind, words) = refined(*kind, *words, *value);
            Some(Described {
                kind,
                words,
                object: *value,
                is_second_copy,
            })
        });
        if let Some(content) = content {
            return Named::Content(content);
        }
        if is_view_once {
            return Named::Content(view_once(message));
        }
        if entries
            .iter()
            .any(|(key, _)| key.starts_with("placeholder"))
        {
            return Named::Placeholder;
        }
        let why = entries.iter().find_map(|(key, _)| technical(key));
        return why.map_or(Named::Unknown, Named::Technical);
    }
    Named::Unknown
}

/// A photo, video or voice message that WhatsApp shows only once, and only on the phone.
fn view_once(object: Raw<'_>) -> Described<'_> {
    Described {
        kind: Kind::ViewOnce,
        words: Words::None,
        object,
        is_second_copy: false,
    }
}

/// The kind and the words, where the key alone does not tell: a voice note is audio that was recorded in WhatsApp (push to talk),
/// and an interactive message may be about a payment (in Brazil, somebody's Pix key) or an order to be paid.
fn refined(kind: Kind, words: Words, object: Raw<'_>) -> (Kind, Words) {
    if kind == Kind::Audio && object.at(&["ptt"]).flag() == Some(true) {
        return (Kind::Voice, words);
    }
    let Words::InteractiveMenu = words else {
        return (kind, words);
    };
    let names = buttons(object)
        .into_iter()
        .filter_map(|button| button.at(&["name"]).text());
    for name in names {
        if name.starts_with("payment") {
            return (Kind::Payment, Words::Pix);
        }
        if name.starts_with("order") || name == "review_and_pay" {
            return (Kind::Order, words);
        }
    }
    (kind, words)
}

/// Whether a message only goes with another one: WhatsApp sends the same photo or video again in high quality, and the film of a
/// moving photo. Pictures of an album go together, too, but each is one of its own.
fn is_associated_copy(message: Raw<'_>) -> bool {
    const COPIES: [(f64, &str); 6] = [
        (3.0, "EVENT_COVER_IMAGE"),
        (5.0, "HD_VIDEO_DUAL_UPLOAD"),
        (10.0, "HD_IMAGE_DUAL_UPLOAD"),
        (11.0, "STICKER_ANNOTATION"),
        (12.0, "MOTION_PHOTO"),
        (19.0, "HEVC_VIDEO_DUAL_UPLOAD"),
    ];
    let association = message.at(&[
        "messageContextInfo",
        "messageAssociation",
        "associationType",
    ]);
    let (number, name) = (association.number(), association.text());
    COPIES
        .iter()
        .any(|(known, text)| number == Some(*known) || name.as_deref() == Some(*text))
}

/// Why a key of WhatsApp's own message says nothing; `None` for other keys. `messageContextInfo` says nothing either, but it stands
/// beside everything.
fn technical(key: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| key.starts_with(prefix));
    let is_call = key == "call" || starts(&["callLog", "bcall", "scheduledCall"]);
    if is_call {
        return Some(CALL);
    }
    let is_technical = key.ends_with("KeyDistributionMessage")
        || key == "chat"
        || starts(&[
            "album",
            "botPlatformRegistration",
            "comment",
            "conditionalReveal",
            "encComment",
            "encEventResponse",
            "encReaction",
            "eventCoverImage",
            "groupRootKeyShare",
            "groupStatusMention",
            "keepInChat",
            "limitSharing",
            "messageHistory",
            "newsletterAdminProfile",
            "pinInChat",
            "poll",
            "protocolMessage",
            "reaction",
            "requestPhoneNumber",
            "rootSecretDistribute",
            "secretEncrypted",
            "splitPaymentUpdate",
            "status",
            "stickerSync",
        ]);
    is_technical.then_some(TECHNICAL)
}

/// What WhatsApp Web calls the message.
fn in_web_type<'a>(word: &str, object: Raw<'a>) -> Named<'a> {
    if let Some((_, kind, words)) = WEB_TYPES.iter().find(|(known, ..)| *known == word) {
        return Named::Content(Described {
            kind: *kind,
            words: *words,
            object,
            is_second_copy: false,
        });
    }
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    match word {
        "ciphertext" | "oversized" => Named::Placeholder,
        _ if word.contains("placeholder") => Named::Placeholder,
        _ if starts(&["call", "scheduled_call"]) => Named::Technical(CALL),
        "gp2" | "revoked" | "system" | "chat_psa" => Named::Technical(NOTE),
        _ if word.contains("notification") => Named::Technical(NOTE),
        "album" | "debug" | "protocol" => Named::Technical(TECHNICAL),
        _ if starts(&[
            "comment",
            "event_edit",
            "event_response",
            "keep",
            "message_history",
            "pin",
            "poll",
            "reaction",
            "request_phone",
            "status",
        ]) =>
        {
            Named::Technical(TECHNICAL)
        }
        _ => Named::Unknown,
    }
}

/// NOWEB's messages without content have a number for WhatsApp's own note, or its name.
fn by_stub(stub: Raw<'_>) -> Named<'static> {
    /// The notes that stand for content which could not be read.
    const UNREAD: [(u16, &str); 5] = [
        (2, "CIPHERTEXT"),
        (3, "FUTUREPROOF"),
        (47, "PAYMENT_CIPHERTEXT"),
        (48, "PAYMENT_FUTUREPROOF"),
        (68, "OVERSIZED"),
    ];
    const CALLS: [u16; 8] = [40, 41, 45, 46, 162, 169, 170, 184];
    let number = stub.number();
    let name = stub.text().unwrap_or_default();
    if number.is_none() && name.is_empty() || number == Some(0.0) || name == "UNKNOWN" {
        return Named::Unknown;
    }
    let is = |known: u16| number == Some(f64::from(known));
    if UNREAD
        .iter()
        .any(|(known, text)| is(*known) || name == *text)
    {
        Named::Placeholder
    } else if CALLS.iter().any(|known| is(*known)) || name.contains("CALL") {
        Named::Technical(CALL)
    } else {
        Named::Technical(NOTE)
    }
}
