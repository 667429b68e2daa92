//! The pages of the settings, and what they show.

use std::collections::HashMap;
use std::sync::Arc;

use maud::Markup;

use super::answer::Answer;
use super::console::ConsoleState;
use super::pages::{self, SettingsPart, StaffMember};
use super::request::Request;
use super::texts::CommonTexts;
use super::view::View;
use super::who::Who;
use crate::flow::Script;
use crate::history::Cursor;
use crate::ids::{AgentName, SessionName};
use crate::service::accounts::tokens::ApiToken;
use crate::service::checkup::finding::Finding;
use crate::service::kit::session_rounds::in_each;
use crate::store::StoreError;

/// How many lines of the log are on one page.
const LOG_ROWS: u32 = 50;

impl ConsoleState {
    /// All agents, and what is known of each.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn staff(&self) -> Result<Vec<StaffMember>, StoreError> {
        let (agents, seen) = (self.store.agents().await?, self.store.agents_seen().await?);
        let accounts = self.store.accounts().await?;
        let mut holds: HashMap<AgentName, u64> = HashMap::new();
        let reading = in_each(self.store.sessions().await?, |session| {
            let store = self.store.clone();
            async move { store.held_by(&session).await }
        });
        // A session that can't be read is not counted.
        let held = reading.await.into_iter().filter_map(|(_, held)| held.ok());
        for (name, count) in held.flatten() {
            *holds.entry(name).or_default() += count;
        }
        let member = |agent: crate::store::Agent| StaffMember {
            seen: seen.get(&agent.name).copied(),
            holds: holds.get(&agent.name).copied().unwrap_or(0),
            has_password: accounts
                .get(&agent.name)
                .is_some_and(|account| account.password.is_some()),
            agent,
        };
        Ok(agents.into_iter().map(member).collect())
    }

    /// What works, and what does not.
    pub(super) async fn checkup(&self) -> Vec<Finding> {
        self.checkup.look(self.metrics.archive_error()).await
    }

    /// The flow whose time zone counts for what is about no session.
    pub(super) fn script(&self) -> Arc<Script> {
        self.flows.of(&SessionName::stored("default"))
    }

    /// The agents.
    pub(super) async fn settings_agents(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let read = async {
            let staff = self.staff().await?;
            let (sessions, teams) = self.sessions_and_teams(who).await?;
            Ok::<_, StoreError>((staff, sessions, teams))
        };
        match read.await {
            Ok((staff, sessions, teams)) => {
                let main = pages::settings_agents(who, &staff, (&sessions, &teams), &self.script());
                self.settings(request, who, SettingsPart::Agents, main)
                    .await
            }
            Err(error) => self.redis_failed(request, Some(who), &error),
        }
    }

    /// The saved replies.
    pub(super) async fn settings_replies(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        match self.accounts.canned().await {
            Ok(canned) => {
                let main = pages::settings_replies(who.language, &canned);
                self.settings(request, who, SettingsPart::Replies, main)
                    .await
            }
            Err(error) => self.redis_failed(request, Some(who), &error),
        }
    }

    /// The API tokens of all agents.
    pub(super) async fn settings_tokens(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let read = async {
            let mut tokens: Vec<(AgentName, ApiToken)> = Vec::new();
            let mut names = Vec::new();
            for agent in self.store.agents().await? {
                let of_agent = self.accounts.tokens(&agent.name).await?.into_iter();
                tokens.extend(of_agent.map(|token| (agent.name.clone(), token)));
                if !agent.off {
                    names.push(agent.name);
                }
            }
            Ok::<_, StoreError>((names, tokens))
        };
        match read.await {
            Ok((names, tokens)) => {
                let main = pages::settings_tokens(who, &names, &tokens, &self.script());
                self.settings(request, who, SettingsPart::Tokens, main)
                    .await
            }
            Err(error) => self.redis_failed(request, Some(who), &error),
        }
    }

    /// What works, and what does not.
    pub(super) async fn settings_health(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let findings = self.checkup().await;
        let main = pages::settings_health(who.language, &findings, &self.script());
        self.settings(request, who, SettingsPart::Health, main)
            .await
    }

    /// What people did with the program itself.
    pub(super) async fn settings_log(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let from: Option<Cursor> = match request.query("from").map(str::parse).transpose() {
            Ok(from) => from,
            Err(_) => return self.not_found(request, Some(who)),
        };
        let is_first = from.is_none();
        let read = self
            .readers
            .read(move |history| history.audit(from.as_ref(), LOG_ROWS));
        let page = read.await.ok();
        let at = (self.origin.prefix(), who.language);
        let main = pages::settings_log(at, page.as_ref(), is_first, &self.script());
        self.settings(request, who, SettingsPart::Log, main).await
    }

    async fn settings(
        &self,
        request: &Request,
        who: &Who,
        part: SettingsPart,
        main: Markup,
    ) -> Answer {
        let title = CommonTexts::of(who.language).settings;
        let prefix = self.origin.prefix();
        self.page(request, who, &View::other(who), ("settings", title), |_| {
            pages::settings_page(prefix, who.language, part, &main)
        })
        .await
    }
}
