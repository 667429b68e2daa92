//! An agent's own page.

use super::answer::Answer;
use super::console::ConsoleState;
use super::pages;
use super::request::Request;
use super::texts::MeTexts;
use super::view::View;
use super::who::Who;

impl ConsoleState {
    /// What agents change for themselves.
    pub(super) async fn me_page(&self, request: &Request, who: &Who) -> Answer {
        let name = &who.agent.name;
        let read = tokio::try_join!(self.accounts.preferences(name), self.accounts.tokens(name));
        let (preferences, tokens) = match read {
            Ok(read) => read,
            Err(error) => return self.redis_failed(request, Some(who), &error),
        };
        let title = MeTexts::of(who.language).title;
        self.page(request, who, &View::other(who), ("me", title), |_| {
            pages::me_page(who, preferences, &tokens, &self.script())
        })
        .await
    }
}
