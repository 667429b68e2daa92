//! The pages of the history and of the reports, their files, and the same as JSON.

use hyper::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::asked::{AskedSearch, SearchKind};
use super::download::{self, FileForm};
use super::found::{FoundHits, SearchFound};
use super::reported::AskedReport;
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::pages::{HistoryPage, ReportsPage};
use crate::console::readers::NoHistory;
use crate::console::request::Request;
use crate::console::texts::CommonTexts;
use crate::console::view::View;
use crate::console::who::Who;
use crate::history::{History, Report};
use crate::ids::SessionName;
use crate::store::AuditKind;

/// How many hits a page has.
const HITS: u32 = 50;
/// How many rows are printed.
const PRINTED: u32 = 1_000;
/// How many rows a script may ask for at once.
const LIMIT_MAX: u32 = 500;

/// Why there is no answer.
enum NoAnswer {
    /// The history can't be read.
    Away,
    /// What was asked for is wrong, in words.
    Wrong(String),
}

impl From<NoHistory> for NoAnswer {
    fn from(_: NoHistory) -> Self {
        NoAnswer::Away
    }
}

impl ConsoleState {
    /// The page of the history, its printed form, or a file of it.
    pub(in crate::console) async fn history(
        &self,
        request: &Request,
        who: &Who,
        path: &[&str],
    ) -> Answer {
        match path {
            [] => self.history_page(request, who, HITS).await,
            [name] => {
                let form = FileForm::of(name);
                if form.is_none() && *name != "print" {
                    return self.not_found(request, Some(who));
                }
                if let Some(refusal) = self.owners_only(request, who) {
                    return refusal;
                }
                // The search may have a customer's number in it, so it is not in the line.
                let (by, now) = (&who.agent.name, Millis::now());
                let noted = self
                    .store
                    .record_audit(AuditKind::Exported, by, name, "", now);
                if let Err(error) = noted.await {
                    return self.redis_failed(request, Some(who), &error);
                }
                match form {
                    Some(form) => self.history_file(request, who, form, name).await,
                    None => self.history_page(request, who, PRINTED).await,
                }
            }
            _ => self.not_found(request, Some(who)),
        }
    }

    async fn history_page(&self, request: &Request, who: &Who, limit: u32) -> Answer {
        let sessions = match self.sessions_in_history(who).await {
            Ok(sessions) => sessions,
            Err(NoHistory) => return self.no_history(request, who),
        };
        let kind = SearchKind::of(request);
        let zone = self.zone(request, &sessions);
        let found = match AskedSearch::read(request, who, zone) {
            Ok(asked) => {
                let found = SearchFound::search(&self.readers, &asked, kind, limit).await;
                match found {
                    Ok(found) => Ok(found),
                    Err(NoHistory) => return self.no_history(request, who),
                }
            }
            Err(problem) => Err(problem),
        };
        // Without Redis there is no list of agents to choose from; the page says what is wrong.
        let agents = self.store.agents().await.unwrap_or_default();
        let agents: Vec<_> = agents.into_iter().map(|agent| agent.name).collect();
        let page = HistoryPage {
            who,
            prefix: self.origin.prefix(),
            request,
            sessions: &sessions,
            agents: &agents,
            script: &|session| self.flows.of(session),
        };
        let main = match limit {
            PRINTED => page.print(&found, limit),
            _ => page.search(&found),
        };
        let title = CommonTexts::of(who.language).history;
        self.page(request, who, &View::other(who), ("history", title), |_| {
            main
        })
        .await
    }

    async fn history_file(
        &self,
        request: &Request,
        who: &Who,
        form: FileForm,
        name: &str,
    ) -> Answer {
        let answer = async {
            let sessions = self.sessions_in_history(who).await?;
            let zone = self.zone(request, &sessions);
            let asked = AskedSearch::read(request, who, zone).map_err(NoAnswer::Wrong)?;
            Ok(download::file(self, asked, form, name).await?)
        };
        answer
            .await
            .unwrap_or_else(|why| self.no_answer(request, who, why))
    }

    /// A page of messages or of conversations, newest first, as JSON.
    pub(in crate::console) async fn history_json(
        &self,
        request: &Request,
        who: &Who,
        kind: SearchKind,
    ) -> Answer {
        let limit = request.query("limit").and_then(|limit| limit.parse().ok());
        let limit: u32 = limit.unwrap_or(HITS).clamp(1, LIMIT_MAX);
        let read = async {
            let sessions = self.sessions_in_history(who).await?;
            let zone = self.zone(request, &sessions);
            let asked = AskedSearch::read(request, who, zone).map_err(NoAnswer::Wrong)?;
            let found = SearchFound::search(&self.readers, &asked, kind, limit).await?;
            let all = match &found.hits {
                FoundHits::Messages(messages) => json!(messages),
                FoundHits::Conversations(conversations, _) => json!(conversations),
            };
            Ok(json!({kind.name(): all, "cursor": found.next}))
        };
        self.json_or_why(request, who, read.await)
    }

    /// The page of the reports, or their table as a file.
    pub(in crate::console) async fn reports(
        &self,
        request: &Request,
        who: &Who,
        path: &[&str],
    ) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let is_file = match path {
            [] => false,
            ["report.csv"] => true,
            _ => return self.not_found(request, Some(who)),
        };
        let (sessions, asked, report) = match self.report(request, who).await {
            Ok(read) => read,
            Err(why) => return self.no_answer(request, who, why),
        };
        if is_file {
            return download::report(&report, &asked);
        }
        let page = ReportsPage {
            who,
            prefix: self.origin.prefix(),
            request,
            sessions: &sessions,
            asked: &asked,
        };
        let main = page.html(&report);
        let title = CommonTexts::of(who.language).reports;
        self.page(request, who, &View::other(who), ("reports", title), |_| {
            main
        })
        .await
    }

    /// The report of a period as JSON.
    pub(in crate::console) async fn reports_json(&self, request: &Request, who: &Who) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let read = self.report(request, who).await;
        self.json_or_why(request, who, read.map(|(_, _, report)| json!(report)))
    }

    async fn report(
        &self,
        request: &Request,
        who: &Who,
    ) -> Result<(Vec<SessionName>, AskedReport, Report), NoAnswer> {
        let sessions = self.sessions_in_history(who).await?;
        let zone = self.zone(request, &sessions);
        let asked = AskedReport::read(request, who, zone).map_err(NoAnswer::Wrong)?;
        let (query, zone) = (asked.query.clone(), asked.zone.clone());
        let read = self
            .readers
            .read(move |history| history.report(&query, &zone));
        let report = read.await?;
        Ok((sessions, asked, report))
    }

    /// The sessions in the history that an agent serves.
    async fn sessions_in_history(&self, who: &Who) -> Result<Vec<SessionName>, NoHistory> {
        let names = self.readers.read(History::sessions).await?;
        let sessions = names.iter().filter_map(|name| SessionName::parse(name));
        Ok(sessions.filter(|session| who.serves(session)).collect())
    }

    /// The time zone of the flow of the session that a query names, or of the first of these.
    fn zone(&self, request: &Request, sessions: &[SessionName]) -> TimeZone {
        let named = request.query("session").and_then(SessionName::parse);
        let session = named.as_ref().or(sessions.first()).cloned();
        // A session that no flow knows follows the default one.
        let session = session.unwrap_or_else(|| SessionName::stored("default"));
        self.flows.of(&session).timezone.clone()
    }

    fn json_or_why(&self, request: &Request, who: &Who, read: Result<Value, NoAnswer>) -> Answer {
        match read {
            Ok(value) => json_answer(StatusCode::OK, &value),
            Err(why) => self.no_answer(request, who, why),
        }
    }

    fn no_answer(&self, request: &Request, who: &Who, why: NoAnswer) -> Answer {
        match why {
            NoAnswer::Away => self.no_history(request, who),
            NoAnswer::Wrong(problem) => {
                self.problem(request, who.language, StatusCode::BAD_REQUEST, &problem)
            }
        }
    }

    /// The history can't be read; the reason is in the log.
    pub(in crate::console) fn no_history(&self, request: &Request, who: &Who) -> Answer {
        let text = CommonTexts::of(who.language).history_away;
        let status = StatusCode::SERVICE_UNAVAILABLE;
        self.problem(request, who.language, status, text)
    }
}
