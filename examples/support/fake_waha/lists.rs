//! The fake WAHA's lists of chats, messages and people (WAHA's docs, chats and contacts).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::engine::Engine;
use super::messages::{Messages, Said, Wanted};
use super::state::{Reaction, State};
use super::{Answer, say};

/// How many messages are listed if the request has no limit.
const LIMIT: usize = 10;
pub(super) const NO_STORE: &str = "Enable NOWEB store \"config.noweb.store.enabled=True\" and \"config.noweb.store.full_sync=True\" when starting a new session. Read more: https://waha.devlike.pro/docs/engines/noweb#store";

/// A GET request: the parts of its path after `/api/`, and its query.
pub(super) struct Question {
    parts: Vec<String>,
    query: HashMap<String, String>,
}

impl Question {
    /// `None` if it is not for the API.
    pub(super) fn read(path: &str, query: &str) -> Option<Self> {
        let parts = path.strip_prefix("/api/")?.split('/').map(decoded);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Some(Self {
            parts: parts.collect(),
            query: pairs
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        })
    }

    /// The answer, if this file can give one.
    pub(super) fn answer(&self, state: &State) -> Option<Reaction> {
        let (engine, messages) = (state.engine, &state.messages);
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        let [session, kind, rest @ ..] = parts.as_slice() else {
            return None;
        };
        let answer = match (*kind, rest) {
            ("lids", [lid]) => lid_of(messages, lid),
            ("chats", _) if state.lacks_store() => bad_request(NO_STORE),
            ("chats", _) if state.cannot_list => not_implemented(engine),
            ("chats", []) => {
                let chats = messages.chats(session).into_iter().map(|last| {
                    json!({"id": last.chat, "name": messages.name(session, &last.chat), "conversationTimestamp": last.at_s()})
                });
                say(200, &self.page(chats.collect(), usize::MAX))
            }
            ("chats", ["overview"]) => {
                let chats = messages.chats(session).into_iter().map(|last| {
                    json!({
                        "id": last.chat, "name": messages.name(session, &last.chat), "picture": null,
                        "lastMessage": engine.message(last), "_chat": {"id": last.chat},
                    })
                });
                say(200, &self.page(chats.collect(), usize::MAX))
            }
            ("chats", [chat, ..]) if state.failing_lists.contains(*chat) => say(
                500,
                &json!({"statusCode": 500, "exception": {"name": "Error", "message": "waiting for the chat timed out"}}),
            ),
            ("chats", [chat, "messages"]) => self.messages(messages, engine, session, chat),
            ("chats", [chat, "messages", id]) => match messages.find(session, chat, id) {
                Some(said) => say(200, &engine.message(said)),
                None if engine == Engine::Gows => {
                    return Some(Reaction {
                        answer: say(500, &not_found_by_gows(id, &state.search_fails)),
                        hangs: state.search_takes,
                        echo: None,
                        changes: Vec::new(),
                    });
                }
                None => say(
                    404,
                    &json!({"message": "Message not found", "error": "Not Found", "statusCode": 404}),
                ),
            },
            _ => return None,
        };
        Some(answer.into())
    }

    fn messages(&self, messages: &Messages, engine: Engine, session: &str, chat: &str) -> Answer {
        let chat = (chat != "all").then_some(chat);
        if chat.is_none() && !engine.is_native() {
            return not_implemented(engine);
        }
        let wanted = Wanted {
            session,
            chat,
            from_s: self.number("filter.timestamp.gte"),
            to_s: self.number("filter.timestamp.lte"),
            from_me: self
                .query
                .get("filter.fromMe")
                .map(|text| text.as_str() == "true"),
        };
        let mut found: Vec<&Said> = messages.list(&wanted).collect();
        if self
            .query
            .get("sortOrder")
            .is_none_or(|order| order != "asc")
        {
            found.reverse();
        }
        let found = found.into_iter().map(|said| engine.message(said));
        say(200, &self.page(found.collect(), LIMIT))
    }

    fn page(&self, all: Vec<Value>, limit: usize) -> Value {
        let number = |name| self.number(name).and_then(|number| number.try_into().ok());
        let (offset, limit) = (
            number("offset").unwrap_or(0),
            number("limit").unwrap_or(limit),
        );
        all.into_iter().skip(offset).take(limit).collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name)?.parse().ok()
    }
}

fn lid_of(messages: &Messages, lid: &str) -> Answer {
    let lid = match lid.split_once('@') {
        None => format!("{lid}@lid"),
        Some((_, "lid")) => lid.to_owned(),
        Some(_) => {
            return say(
                422,
                &json!({"message": "lid is not a lid", "error": "Unprocessable Entity", "statusCode": 422}),
            );
        }
    };
    say(200, &json!({"pn": messages.phone(&lid), "lid": lid}))
}

/// GOWS's way to say that it has no such message: it looks six times, and says why each time failed.
fn not_found_by_gows(id: &str, reason: &str) -> Value {
    let bare = id.split('_').nth(2).unwrap_or(id);
    let attempts: String = (1..=6).map(|n| format!("\n#{n}: {reason}")).collect();
    let details = format!("error getting message by id {bare}: All attempts fail:{attempts}");
    json!({
        "statusCode": 500, "timestamp": "2026-11-22T12:00:00.000Z",
        "exception": {
            "message": format!("2 UNKNOWN: {details}"), "code": 2, "details": details, "name": "Error",
            "stack": "Error: ...",
        },
        "request": {"path": "/api/...", "method": "GET", "query": {"downloadMedia": "false"}},
        "version": {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": null},
    })
}

pub(super) fn bad_request(message: &str) -> Answer {
    say(
        400,
        &json!({"message": message, "error": "Bad Request", "statusCode": 400}),
    )
}

/// An engine's answer to a request that it does not support.
pub(super) fn not_implemented(engine: Engine) -> Answer {
    let message = format!(
        "The method is not implemented by '{}' engine",
        engine.name()
    );
    say(
        501,
        &json!({"message": message, "error": "Not Implemented", "statusCode": 501}),
    )
}

/// A part of a URL, decoded: `%40` is `@`.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}
