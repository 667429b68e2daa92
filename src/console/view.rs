//! Which page an agent shows, and what is on it now.

use super::look::{ChatPlace, ROWS};
use super::request::{Request, query_string};
use super::who::Who;
use crate::flow::Locale;
use crate::ids::{AgentName, ChatId, SessionName};

/// How many rows of a section are shown at most, after "show more".
const ROWS_MAX: usize = 1_000;

/// A page that an agent shows, in their language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) agent: AgentName,
    pub(super) language: Locale,
    pub(super) page: ViewPage,
}

/// What of a page changes while it is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ViewPage {
    /// Only its head.
    Other,
    /// The line.
    Line {
        /// Only this session.
        session: Option<SessionName>,
        /// Only this team.
        team: Option<String>,
        rows: usize,
    },
    /// The chats of the agent, and one chat.
    Chat(Option<ChatPlace>),
    /// The same, while older messages of the chat are shown, which do not change.
    PastChat(ChatPlace),
}

impl View {
    /// The page that only has a head.
    pub(super) fn other(who: &Who) -> Self {
        Self {
            agent: who.agent.name.clone(),
            language: who.language,
            page: ViewPage::Other,
        }
    }

    /// The page that a query names, as [`View::query`] writes it. An attendant's line begins with their own team.
    pub(super) fn of(request: &Request, who: &Who) -> Self {
        let session = request.query("session").and_then(SessionName::parse);
        let page = match request.query("page") {
            Some(page @ ("chat" | "past")) => {
                let chat = request.query("chat").and_then(ChatId::person);
                let place = session
                    .zip(chat)
                    .map(|(session, chat)| ChatPlace { session, chat });
                match place {
                    Some(place) if page == "past" => ViewPage::PastChat(place),
                    place => ViewPage::Chat(place),
                }
            }
            Some("line") => Self::line_of(request, who),
            _ => ViewPage::Other,
        };
        Self {
            page,
            ..Self::other(who)
        }
    }

    /// The line that a query asks for.
    pub(super) fn line_of(request: &Request, who: &Who) -> ViewPage {
        let team = match request.query("team") {
            Some("*") => None,
            Some(team) => Some(team.to_owned()),
            None => match (who.is_owner(), who.agent.teams.as_slice()) {
                (false, [team]) => Some(team.clone()),
                _ => None,
            },
        };
        let rows = request.query("rows").and_then(|rows| rows.parse().ok());
        ViewPage::Line {
            session: request.query("session").and_then(SessionName::parse),
            team,
            rows: rows.unwrap_or(ROWS).clamp(ROWS, ROWS_MAX),
        }
    }

    /// The query that names this page, for its stream.
    pub(super) fn query(&self) -> String {
        match &self.page {
            ViewPage::Other => query_string([("page", "other")]),
            ViewPage::Line {
                session,
                team,
                rows,
            } => query_string([
                ("page", "line"),
                ("session", session.as_ref().map_or("", SessionName::as_str)),
                ("team", team.as_deref().unwrap_or("*")),
                ("rows", &rows.to_string()),
            ]),
            ViewPage::Chat(None) => query_string([("page", "chat")]),
            ViewPage::Chat(Some(place)) => Self::query_of_chat("chat", place),
            ViewPage::PastChat(place) => Self::query_of_chat("past", place),
        }
    }

    fn query_of_chat(page: &str, place: &ChatPlace) -> String {
        query_string([
            ("page", page),
            ("session", place.session.as_str()),
            ("chat", place.chat.as_str()),
        ])
    }

    /// The chat that it shows.
    pub(super) fn chat_place(&self) -> Option<ChatPlace> {
        match &self.page {
            ViewPage::Chat(place) => place.clone(),
            ViewPage::PastChat(place) => Some(place.clone()),
            _ => None,
        }
    }

    /// How many rows of each section it shows.
    pub(super) fn rows(&self) -> usize {
        match self.page {
            ViewPage::Line { rows, .. } => rows,
            _ => ROWS,
        }
    }
}
