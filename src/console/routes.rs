//! Which path does what.
//!
//! | path | for | is |
//! |---|---|---|
//! | `/login`, `/welcome/TOKEN`, `/logout` | all | logging in and out |
//! | `/assets/...` | all | the script and the style |
//! | `/line`, `/chats`, `/chat/SESSION/CHAT` | agents | the pages |
//! | `/media/SESSION/ROW` | agents | the file of a message |
//! | `/sessions`, `/sessions/SESSION/qr` | owners | the sessions, and the code that pairs one |
//! | `/me` | agents | their own language, theme, password and API tokens |
//! | `/dead` | owners | replies that were given up |
//! | `/settings`, `/settings/replies`, `/settings/tokens`, `/settings/health`, `/settings/log` | owners | the settings |
//! | `/history` | agents | what was said and done ([`records`](super::records)) |
//! | `/history/{print,conversations.csv,conversations.jsonl,messages.jsonl}`, `/reports`, `/reports/report.csv` | owners | the same on paper and as files; the numbers |
//! | `/live` | agents | the stream of changes of a page |
//! | `/api/v1/...` | agents, scripts | what can be done and read ([`api`](super::api)) |

use std::net::IpAddr;

use hyper::body::Incoming;
use hyper::header::{ALLOW, RETRY_AFTER};
use hyper::{Method, StatusCode};
use tracing::warn;

use super::answer::{Answer, html, json, see_other, with_header};
use super::boxed::boxed;
use super::console::ConsoleState;
use super::look::{ChatPlace, TRANSCRIPT};
use super::origin::Foreign;
use super::pages::{self, Choices, Shell};
use super::readers::NoHistory;
use super::request::{Request, encoded};
use super::texts::{ChatTexts, CommonTexts, LoginTexts, accepted_locale, fill};
use super::view::{View, ViewPage};
use super::who::Who;
use super::{api, assets, live};
use crate::clock::Millis;
use crate::flow::Locale;
use crate::history::{ChatNames, TranscriptPage};
use crate::ids::SessionName;
use crate::store::StoreError;

impl ConsoleState {
    /// Answers a request.
    pub(super) async fn answer(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> Answer {
        let request = match Request::read(request, self.origin.prefix(), peer).await {
            Ok(request) => request,
            Err(not_read) => return html(not_read.status(), String::new()),
        };
        if let Err(foreign) = self.origin.check(&request) {
            return self.foreign(&request, &foreign);
        }
        match boxed(|| self.public(&request)).await {
            Some(answer) => answer,
            None => match boxed(|| self.who(&request, Millis::now())).await {
                Ok(Some(who)) => boxed(|| self.of_agent(&request, &who)).await,
                Ok(None) => self.log_in_first(&request),
                Err(error) => self.redis_failed(&request, None, &error),
            },
        }
    }

    /// What everybody may ask for; `None` if it is for agents.
    async fn public(&self, request: &Request) -> Option<Answer> {
        match (&request.method, request.parts().as_slice()) {
            (&Method::GET, ["assets", version, name]) => {
                Some(assets::file(version, name).unwrap_or_else(|| self.not_found(request, None)))
            }
            (&Method::GET, ["login"]) => Some(self.log_in_page(request, None)),
            (&Method::POST, ["login"]) => Some(self.log_in(request).await),
            (&Method::GET, ["welcome", token]) => Some(self.welcome_page(request, token).await),
            (&Method::POST, ["welcome", token]) => Some(self.welcome(request, token).await),
            _ => None,
        }
    }

    async fn of_agent(&self, request: &Request, who: &Who) -> Answer {
        let prefix = self.origin.prefix();
        match (&request.method, request.parts().as_slice()) {
            (&Method::GET, []) => see_other(&format!("{prefix}/line")),
            (&Method::GET, ["line"]) => boxed(|| self.line(request, who)).await,
            (&Method::GET, ["chats"]) => boxed(|| self.chat(request, who, None)).await,
            (&Method::GET, ["chat", session, chat]) => match ChatPlace::parse(session, chat) {
                Some(place) => boxed(|| self.chat(request, who, Some(place))).await,
                None => self.not_found(request, Some(who)),
            },
            (&Method::GET, ["media", session, row]) => {
                boxed(|| self.media(request, who, session, row)).await
            }
            (&Method::GET, ["sessions"]) => boxed(|| self.sessions_page(request, who)).await,
            (&Method::GET, ["sessions", session, "qr"]) => {
                boxed(|| self.qr(request, who, session)).await
            }
            (&Method::GET, ["dead"]) => boxed(|| self.dead_page(request, who)).await,
            (&Method::GET, ["me"]) => boxed(|| self.me_page(request, who)).await,
            (&Method::GET, ["settings"]) => boxed(|| self.settings_agents(request, who)).await,
            (&Method::GET, ["settings", "replies"]) => {
                boxed(|| self.settings_replies(request, who)).await
            }
            (&Method::GET, ["settings", "tokens"]) => {
                boxed(|| self.settings_tokens(request, who)).await
            }
            (&Method::GET, ["settings", "log"]) => boxed(|| self.settings_log(request, who)).await,
            (&Method::GET, ["settings", "health"]) => {
                boxed(|| self.settings_health(request, who)).await
            }
            (&Method::GET, ["history", rest @ ..]) => {
                boxed(|| self.history(request, who, rest)).await
            }
            (&Method::GET, ["reports", rest @ ..]) => {
                boxed(|| self.reports(request, who, rest)).await
            }
            (&Method::GET, ["live"]) => boxed(|| live::stream(self, request, who)).await,
            (&Method::POST, ["logout"]) => boxed(|| self.log_out(request, who)).await,
            (_, ["api", "v1", rest @ ..]) => boxed(|| api::answer(self, request, who, rest)).await,
            _ => self.not_found(request, Some(who)),
        }
    }

    async fn line(&self, request: &Request, who: &Who) -> Answer {
        let view = View {
            page: View::line_of(request, who),
            ..View::other(who)
        };
        // Without Redis there is no filter; the page says what is wrong.
        let (sessions, teams) = self.sessions_and_teams(who).await.unwrap_or_default();
        let texts = CommonTexts::of(who.language);
        self.page(request, who, &view, ("line", texts.line), |sections| {
            pages::line_page(who, &view, &sessions, &teams, sections)
        })
        .await
    }

    /// The page of a chat, or of the agent's chats; or older items of the chat.
    async fn chat(&self, request: &Request, who: &Who, place: Option<ChatPlace>) -> Answer {
        if place
            .as_ref()
            .is_some_and(|place| !who.serves(&place.session))
        {
            return self.not_found(request, Some(who));
        }
        if let (Some(place), Some(before)) = (&place, request.query("before")) {
            return self.older(request, who, place, before).await;
        }
        let past = match (&place, request.query("around")) {
            (Some(place), Some(row)) => match self.past(request, who, place, row).await {
                Ok(past) => Some(past),
                Err(answer) => return *answer,
            },
            _ => None,
        };
        let page = match (&place, &past) {
            (Some(place), Some(_)) => ViewPage::PastChat(place.clone()),
            _ => ViewPage::Chat(place.clone()),
        };
        let view = View {
            page,
            ..View::other(who)
        };
        // Without Redis nothing can be chosen; the page says what is wrong.
        let choices = self.choices(who, place.as_ref()).await.unwrap_or_default();
        let title = match &place {
            Some(place) => pages::number(&place.chat),
            None => ChatTexts::of(who.language).title.to_owned(),
        };
        let prefix = self.origin.prefix();
        self.page(request, who, &view, ("chats", &title), |sections| {
            pages::chat_page(who, prefix, place.as_ref(), (sections, past), &choices)
        })
        .await
    }

    /// A message of a chat, with what was said before and after it.
    ///
    /// # Errors
    /// What to answer if there is no such message, or if the history can't be read.
    async fn past(
        &self,
        request: &Request,
        who: &Who,
        place: &ChatPlace,
        row: &str,
    ) -> Result<maud::Markup, Box<Answer>> {
        let (session, names) = (place.session.clone(), ChatNames::from(&place.chat));
        let Ok(row) = row.parse() else {
            return Err(Box::new(self.not_found(request, Some(who))));
        };
        let page = TranscriptPage::Around(row);
        let read = self
            .readers
            .read(move |history| history.transcript(&session, &names, &page, TRANSCRIPT));
        let Ok(transcript) = read.await else {
            return Err(Box::new(self.no_history(request, who)));
        };
        let script = self.flows.of(&place.session);
        let prefix = self.origin.prefix();
        match pages::past_section(prefix, who.language, (place, &script), &transcript, row) {
            Some(section) => Ok(section),
            // It may have been erased meanwhile.
            None => Err(Box::new(see_other(&pages::chat_path(prefix, place)))),
        }
    }

    /// Older items of a chat.
    async fn older(&self, request: &Request, who: &Who, place: &ChatPlace, before: &str) -> Answer {
        let Ok(before) = before.parse() else {
            return self.not_found(request, Some(who));
        };
        let (session, names) = (place.session.clone(), ChatNames::from(&place.chat));
        let read = self.readers.read(move |history| {
            history.transcript(
                &session,
                &names,
                &TranscriptPage::Before(before),
                TRANSCRIPT,
            )
        });
        match read.await {
            Ok(transcript) => {
                let script = self.flows.of(&place.session);
                let prefix = self.origin.prefix();
                let items = pages::items_fragment(prefix, who.language, &script, &transcript);
                html(StatusCode::OK, items.into_string())
            }
            Err(NoHistory) => {
                let texts = CommonTexts::of(who.language);
                let status = StatusCode::SERVICE_UNAVAILABLE;
                self.problem(request, who.language, status, texts.history_away)
            }
        }
    }

    /// What an agent can choose from in a chat.
    async fn choices(&self, who: &Who, place: Option<&ChatPlace>) -> Result<Choices, StoreError> {
        let Some(place) = place else {
            return Ok(Choices::default());
        };
        let script = self.flows.of(&place.session);
        let agents = self.store.agents().await?;
        let agents = agents.into_iter().filter(|agent| {
            !agent.off && agent.name != who.agent.name && agent.serves(&place.session)
        });
        let canned = self.accounts.canned().await?;
        Ok(Choices {
            steps: script.step_names().map(str::to_owned).collect(),
            teams: script.team_names().map(str::to_owned).collect(),
            agents: agents.map(|agent| agent.name).collect(),
            canned: canned.into_iter().map(|one| (one.name, one.text)).collect(),
        })
    }

    /// The sessions that an agent serves, and the teams whose lines they may see.
    pub(super) async fn sessions_and_teams(
        &self,
        who: &Who,
    ) -> Result<(Vec<SessionName>, Vec<String>), StoreError> {
        let mut sessions = self.store.sessions().await?;
        sessions.retain(|session| who.serves(session));
        sessions.sort();
        let mut teams: Vec<String> = sessions
            .iter()
            .flat_map(|session| {
                let script = self.flows.of(session);
                script.team_names().map(str::to_owned).collect::<Vec<_>>()
            })
            .filter(|team| who.is_owner() || who.agent.takes_from(team))
            .collect();
        teams.sort();
        teams.dedup();
        Ok((sessions, teams))
    }

    /// A page that is kept up to date: its head, and what `main` makes of its sections.
    pub(super) async fn page(
        &self,
        request: &Request,
        who: &Who,
        view: &View,
        (place, title): (&'static str, &str),
        main: impl FnOnce(&pages::PageParts) -> maud::Markup,
    ) -> Answer {
        let now = match self.hub.show(view).await {
            Ok(now) => now,
            Err(error) => return self.redis_failed(request, Some(who), &error),
        };
        let sections = pages::parts(&now.sections, place == "chats");
        let shell = Shell {
            prefix: self.origin.prefix(),
            place,
            title,
        };
        let page = shell.page(who, view, (&now.sections, &now.id), &main(&sections));
        html(StatusCode::OK, page)
    }

    /// Refuses what only owners may do; `None` if this agent is one.
    pub(super) fn owners_only(&self, request: &Request, who: &Who) -> Option<Answer> {
        let texts = CommonTexts::of(who.language);
        let refusal = || {
            self.problem(
                request,
                who.language,
                StatusCode::FORBIDDEN,
                texts.owners_only,
            )
        };
        (!who.is_owner()).then(refusal)
    }

    fn log_in_first(&self, request: &Request) -> Answer {
        if is_for_programs(request) {
            return json(
                StatusCode::UNAUTHORIZED,
                &serde_json::json!({"result": "login", "message": "log in, or send a token: Authorization: Bearer TOKEN"}),
            );
        }
        let path: Vec<String> = request.path.iter().map(|part| encoded(part)).collect();
        let next = format!("/{}{}", path.join("/"), request.query_without(&[]));
        let query = super::request::query_string([("next", next.as_str())]);
        see_other(&format!("{}/login{query}", self.origin.prefix()))
    }

    pub(super) fn not_found(&self, request: &Request, who: Option<&Who>) -> Answer {
        let language = who.map_or_else(|| accepted_locale(request), |who| who.language);
        let status = match request.only_reads() {
            true => StatusCode::NOT_FOUND,
            false => StatusCode::METHOD_NOT_ALLOWED,
        };
        let mut answer = self.problem(
            request,
            language,
            status,
            CommonTexts::of(language).not_found,
        );
        if !request.only_reads() {
            with_header(&mut answer, ALLOW, "GET");
        }
        answer
    }

    /// Redis can't be asked. The reason is for the log.
    pub(super) fn redis_failed(
        &self,
        request: &Request,
        who: Option<&Who>,
        error: &StoreError,
    ) -> Answer {
        warn!(
            reason = crate::describe::describe(error),
            "the console could not ask Redis"
        );
        let language = who.map_or_else(|| accepted_locale(request), |who| who.language);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let texts = CommonTexts::of(language);
        let mut answer = self.problem(request, language, status, texts.redis_away);
        with_header(&mut answer, RETRY_AFTER, "2");
        answer
    }

    /// An answer that says what is wrong, for a person or for a program.
    pub(super) fn problem(
        &self,
        request: &Request,
        language: Locale,
        status: StatusCode,
        problem: &str,
    ) -> Answer {
        match is_for_programs(request) {
            true => json(
                status,
                &serde_json::json!({"result": "refused", "message": problem}),
            ),
            false => html(
                status,
                pages::problem_page(self.origin.prefix(), language, problem),
            ),
        }
    }

    fn foreign(&self, request: &Request, foreign: &Foreign) -> Answer {
        let language = accepted_locale(request);
        let texts = LoginTexts::of(language);
        let (status, problem) = match foreign {
            Foreign::Host(host) => (
                StatusCode::MISDIRECTED_REQUEST,
                fill(texts.foreign_host, &[host]),
            ),
            Foreign::Origin { ours, theirs } => (
                StatusCode::FORBIDDEN,
                fill(texts.foreign_origin, &[theirs, ours]),
            ),
        };
        warn!(
            security = true,
            peer = %request.peer,
            refused = ?foreign,
            "the console refused a request of another site; if it is yours, set CONSOLE_URL to the address that browsers show"
        );
        self.problem(request, language, status, &problem)
    }
}

fn is_for_programs(request: &Request) -> bool {
    let first = request.path.first().map(String::as_str);
    matches!(first, Some("api" | "live")) || request.bearer().is_some()
}
