//! What people did with conversations, and with the line: as a program reads it, and in words.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::status::Status;
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::terminal::{jsonl, line, paragraph, time};

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The flow handed the conversation off to people.
    Handoff,
    /// An agent took it.
    Taken,
    /// The owner answered it from their own phone.
    Phone,
    /// An agent gave it to somebody else.
    Given,
    /// An agent lost it, and it went back to its line.
    Returned,
    /// Nobody took it in time, and the flow continued.
    NobodyCame,
    /// Somebody wrote a note, which the customer never sees.
    Noted,
    /// Somebody moved it within its line.
    Moved,
    /// An agent closed it.
    Closed,
    /// The customer rated it.
    Rated,
    /// Nobody is taken from a line.
    LinePaused,
    /// People are taken from it again.
    LineResumed,
    /// Somebody logged in.
    Login,
    /// Somebody tried to log in and could not.
    LoginFailed,
    /// Somebody erased a customer's data.
    Erased,
    /// Somebody exported data.
    Exported,
    /// Somebody changed a setting.
    Setting,
    /// Somebody started, stopped, paired or logged out a session.
    SessionControl,
}

impl EventKind {
    const ALL: [EventKind; 18] = [
        EventKind::Handoff,
        EventKind::Taken,
        EventKind::Phone,
        EventKind::Given,
        EventKind::Returned,
        EventKind::NobodyCame,
        EventKind::Noted,
        EventKind::Moved,
        EventKind::Closed,
        EventKind::Rated,
        EventKind::LinePaused,
        EventKind::LineResumed,
        EventKind::Login,
        EventKind::LoginFailed,
        EventKind::Erased,
        EventKind::Exported,
        EventKind::Setting,
        EventKind::SessionControl,
    ];

    /// Its name in the stream, in the file and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Handoff => "handoff",
            EventKind::Taken => "taken",
            EventKind::Phone => "phone",
            EventKind::Given => "given",
            EventKind::Returned => "returned",
            EventKind::NobodyCame => "nobody_came",
            EventKind::Noted => "noted",
            EventKind::Moved => "moved",
            EventKind::Closed => "closed",
            EventKind::Rated => "rated",
            EventKind::LinePaused => "line_paused",
            EventKind::LineResumed => "line_resumed",
            EventKind::Login => "login",
            EventKind::LoginFailed => "login_failed",
            EventKind::Erased => "erased",
            EventKind::Exported => "exported",
            EventKind::Setting => "setting",
            EventKind::SessionControl => "session_control",
        }
    }

    /// The kind with this name.
    pub(super) fn named(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What its column `what` is called in the stream and in JSON.
    pub(super) fn detail(self) -> Option<&'static str> {
        match self {
            EventKind::Handoff => Some("priority"),
            EventKind::Taken => Some("from"),
            EventKind::Given | EventKind::Moved => Some("to"),
            EventKind::Returned => Some("why"),
            EventKind::Closed => Some("outcome"),
            EventKind::Rated => Some("rating"),
            EventKind::Login
            | EventKind::LoginFailed
            | EventKind::Erased
            | EventKind::Exported
            | EventKind::Setting
            | EventKind::SessionControl => Some("what"),
            EventKind::Phone
            | EventKind::NobodyCame
            | EventKind::Noted
            | EventKind::LinePaused
            | EventKind::LineResumed => None,
        }
    }

    /// Whether it is an audit line, about no session.
    pub(super) fn is_audit(self) -> bool {
        matches!(
            self,
            EventKind::Login
                | EventKind::LoginFailed
                | EventKind::Erased
                | EventKind::Exported
                | EventKind::Setting
                | EventKind::SessionControl
        )
    }

    /// Whether it is about one conversation, not about a line or the program itself.
    pub(super) fn is_of_a_conversation(self) -> bool {
        !self.is_audit() && !matches!(self, EventKind::LinePaused | EventKind::LineResumed)
    }

    /// Where it brings a conversation; `None` if that stays where it is.
    pub(super) fn status_after(self, what: &str) -> Option<Status> {
        match self {
            EventKind::Handoff | EventKind::Returned => Some(Status::Handoff),
            EventKind::Taken => Some(Status::Agent),
            EventKind::Given if what.starts_with("team:") => Some(Status::Handoff),
            EventKind::Given if what.starts_with("agent:") => Some(Status::Agent),
            EventKind::Given | EventKind::NobodyCame => Some(Status::Waiting),
            // The step of the conversation brings the status.
            EventKind::Phone
            | EventKind::Closed
            | EventKind::Noted
            | EventKind::Moved
            | EventKind::Rated
            | EventKind::LinePaused
            | EventKind::LineResumed
            | EventKind::Login
            | EventKind::LoginFailed
            | EventKind::Erased
            | EventKind::Exported
            | EventKind::Setting
            | EventKind::SessionControl => None,
        }
    }
}

/// What somebody did with a conversation or a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The WhatsApp account.
    pub session: SessionName,
    /// The conversation; `None` for what happened to a line.
    pub conversation: Option<ConversationId>,
    /// The customer's chat id.
    pub chat: Option<ChatId>,
    /// When.
    pub at: Millis,
    /// What happened.
    pub kind: EventKind,
    /// Who did it: an agent's name, or `owner`.
    pub by: Option<String>,
    /// The team in whose line it is now, or whose line it is about.
    pub team: Option<String>,
    /// The detail: a handoff's priority, whom it was taken from or given to, why it was returned, where it was moved, its
    /// outcome, the rating; for an audit line, what it is about.
    pub what: Option<String>,
    /// A note, or what customers are told while the line is paused; for an audit line, more about it.
    pub text: Option<String>,
}

/// The detail is called what it is, such as `from` or `rating`.
impl Serialize for StoredEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("session", &self.session)?;
        map.serialize_entry("chat", &self.chat)?;
        map.serialize_entry("conversation", &self.conversation)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("kind", self.kind.name())?;
        map.serialize_entry("by", &self.by)?;
        map.serialize_entry("team", &self.team)?;
        if let Some(detail) = self.kind.detail() {
            map.serialize_entry(detail, &self.what)?;
        }
        map.serialize_entry("text", &self.text)?;
        map.end()
    }
}

impl StoredEvent {
    /// Writes the event for a person, times in `zone`; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        let about = match &self.chat {
            Some(chat) => line(chat.as_str()),
            None if self.session.as_str().is_empty() => "waha-sm".to_owned(),
            None => format!("session {}", line(self.session.as_str())),
        };
        let what = paragraph(&self.in_words());
        writeln!(out, "{}  {about}  * {what}", time(self.at, zone))
    }

    /// Writes the event as one line of JSON with all its fields; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        jsonl(self, out)
    }

    /// What happened, in words, such as `taken by ana from the line`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let by = match &self.by {
            Some(by) => format!(" by {by}"),
            None => String::new(),
        };
        let text = match &self.text {
            Some(text) => format!(": {text}"),
            None => String::new(),
        };
        let team = self.team.as_deref();
        let what = self.what.as_deref().unwrap_or_default();
        match self.kind {
            EventKind::Handoff => {
                let to = match team {
                    Some(team) => format!("team {team}"),
                    None => "a person".to_owned(),
                };
                let urgent = if what == "urgent" { ", urgent" } else { "" };
                format!("handed off to {to}{urgent}{text}")
            }
            EventKind::Taken => match what.strip_prefix("agent:").unwrap_or(what) {
                "" => format!("taken{by}"),
                from @ ("line" | "bot" | "phone") => format!("taken{by} from the {from}"),
                "agent" => format!("taken{by} from another agent"),
                agent => format!("taken{by} from {agent}"),
            },
            EventKind::Phone => "answered from the phone".to_owned(),
            EventKind::Given => {
                let to = match what.split_once(':') {
                    Some(("team", "")) => "the line".to_owned(),
                    Some(("agent", agent)) => agent.to_owned(),
                    Some((kind, name)) => format!("{kind} {name}"),
                    None => format!("the {what}"),
                };
                format!("given to {to}{by}")
            }
            EventKind::Returned => {
                let line = line_of(team);
                let who = self.by.as_deref().unwrap_or("its agent");
                match what {
                    "quiet" => format!("back in {line}: {who} did not answer"),
                    "gone" => format!("back in {line}: {who} was gone"),
                    "off" => format!("back in {line}: {who} is no longer an agent"),
                    _ => format!("back in {line}: {who} lost it"),
                }
            }
            EventKind::NobodyCame => "nobody came in time: back to the bot".to_owned(),
            EventKind::Noted => format!("note{by}{text}"),
            EventKind::Moved => match what {
                "first" => format!("moved to the front{by}"),
                "last" => format!("moved to the end{by}"),
                "urgent" => format!("made urgent{by}"),
                place => format!("moved to {place}{by}"),
            },
            EventKind::Closed if what.is_empty() => format!("closed{by}"),
            EventKind::Closed => format!("closed{by} with outcome {what}"),
            EventKind::Rated => format!("rated {what}"),
            EventKind::LinePaused => format!("{} is paused{by}{text}", line_of(team)),
            EventKind::LineResumed => format!("{} is open again{by}", line_of(team)),
            EventKind::Login if what.is_empty() => format!("login{by}"),
            EventKind::Login => format!("login{by} with a {what}"),
            EventKind::LoginFailed if what == "1" => format!("a failed login{by}"),
            EventKind::LoginFailed => format!("{what} failed logins{by}"),
            EventKind::Erased => format!("a customer's data was erased{by}"),
            EventKind::Exported if what.is_empty() => format!("data was exported{by}"),
            EventKind::Exported => format!("{what} exported{by}"),
            EventKind::Setting => format!("{what} changed{by}{text}"),
            EventKind::SessionControl => {
                let session = self.text.as_deref().unwrap_or_default();
                format!("session {session}: {what}{by}")
            }
        }
    }
}

fn line_of(team: Option<&str>) -> String {
    match team {
        Some(team) => format!("the line of team {team}"),
        None => "the line".to_owned(),
    }
}
