//! The page of replies that were given up.

use super::answer::Answer;
use super::console::ConsoleState;
use super::pages;
use super::request::Request;
use super::texts::DeadTexts;
use super::view::View;
use super::who::Who;
use crate::clock::Millis;
use crate::service::dead::dead_replies::{self, DeadCursor};

/// How many are on one page.
const ROWS: usize = 50;

impl ConsoleState {
    /// The page of replies that were given up.
    pub(super) async fn dead_page(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let from: Option<DeadCursor> = match request.query("from").map(str::parse).transpose() {
            Ok(from) => from,
            Err(_) => return self.not_found(request, Some(who)),
        };
        let found = dead_replies::page(&self.store, &who.agent.sessions, from.as_ref(), ROWS).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.redis_failed(request, Some(who), &error),
        };
        let title = DeadTexts::of(who.language).title;
        let prefix = self.origin.prefix();
        self.page(request, who, &View::other(who), ("dead", title), |_| {
            let at = (prefix, who.language, Millis::now());
            pages::dead_page(at, &found, from.is_none(), |session| self.flows.of(session))
        })
        .await
    }
}
