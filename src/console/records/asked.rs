//! What a search asks for, as a form or a script sends it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::Millis;
use crate::console::request::Request;
use crate::console::texts::{HistoryTexts, fill};
use crate::console::who::Who;
use crate::history::{Cursor, Query, since_in, until_in};

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum SearchKind {
    Messages,
    Conversations,
}

impl SearchKind {
    /// Its name in a query and in the names of files.
    pub(in crate::console) fn name(self) -> &'static str {
        match self {
            SearchKind::Messages => "messages",
            SearchKind::Conversations => "conversations",
        }
    }

    /// The kind that a query names.
    pub(in crate::console) fn of(request: &Request) -> Self {
        match request.query("kind") {
            Some("conversations") => SearchKind::Conversations,
            _ => SearchKind::Messages,
        }
    }
}

/// See the file.
#[derive(Clone, Debug)]
pub(in crate::console) struct AskedSearch {
    pub(in crate::console) query: Query,
    /// Where the page begins; `None`: with the newest.
    pub(in crate::console) from: Option<Cursor>,
    /// The time zone of its dates.
    pub(in crate::console) zone: TimeZone,
}

impl AskedSearch {
    /// Reads what is asked for. An agent finds only what is of their sessions.
    ///
    /// # Errors
    /// What is wrong with it, in the agent's language.
    pub(in crate::console) fn read(
        request: &Request,
        who: &Who,
        zone: TimeZone,
    ) -> Result<Self, String> {
        let texts = HistoryTexts::of(who.language);
        let text = |name: &str| {
            request
                .query(name)
                .map(str::trim)
                .filter(|one| !one.is_empty())
        };
        let (since, until) =
            period(request, &zone).map_err(|not_a_time| fill(texts.bad_time, &[not_a_time]))?;
        let chat = match text("chat") {
            Some(number) => Some(
                number
                    .parse()
                    .map_err(|_| fill(texts.bad_number, &[number]))?,
            ),
            None => None,
        };
        // The API calls it as its answers do.
        let from = match text("from").or_else(|| text("cursor")) {
            Some(from) => Some(from.parse().map_err(|_| texts.bad_place.to_owned())?),
            None => None,
        };
        Ok(Self {
            query: Query {
                chat,
                since,
                until,
                last: None,
                outcome: text("outcome").map(str::to_owned),
                search: text("q").map(str::to_owned),
                session: text("session").map(str::to_owned),
                sessions: who.agent.sessions.clone(),
                author: text("author").map(str::to_owned),
                name: text("name").map(str::to_owned),
            },
            from,
            zone,
        })
    }
}

/// The period that a query asks for. A day without a time is that whole day.
///
/// # Errors
/// The text that is no time.
pub(in crate::console) fn period<'r>(
    request: &'r Request,
    zone: &TimeZone,
) -> Result<(Option<Millis>, Option<Millis>), &'r str> {
    let now = Timestamp::now();
    let read = |name, of: fn(&str, Timestamp, &TimeZone) -> Option<Millis>| {
        request
            .query(name)
            .map(|text| of(text, now, zone).ok_or(text))
            .transpose()
    };
    Ok((read("since", since_in)?, read("until", until_in)?))
}
