//! Logging in and out: with a password, or the first time with a one-use link.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{RETRY_AFTER, SET_COOKIE};
use tracing::{info, warn};

use super::answer::{Answer, html, see_other, set_header};
use super::console::ConsoleState;
use super::pages;
use super::request::Request;
use super::texts::{CommonTexts, LoginTexts, accepted_locale, fill};
use super::who::Who;
use crate::clock::Millis;
use crate::flow::Locale;
use crate::ids::AgentName;
use crate::service::accounts::accounts::Proven;
use crate::service::accounts::guard::{LoginGuard, LoginTry};
use crate::service::accounts::invitations::Accepted;
use crate::service::accounts::passwords::{PASSWORD_LENGTH_MIN, WeakPassword};
use crate::service::accounts::random_token::{hash_of, new_token};
use crate::store::{AuditKind, StoreError};

/// Holds the login. On https its name makes browsers refuse one that was set by another path or host.
const LOGIN_COOKIE: &str = "waha-sm-login";
const SECURE_LOGIN_COOKIE: &str = "__Host-waha-sm-login";
/// Says that somebody has logged in with this browser before.
const BROWSER_COOKIE: &str = "waha-sm-browser";

/// While Redis is away, a login that was valid this recently still counts.
const KNOWN_FOR: Duration = Duration::from_secs(15 * 60);
/// How long a browser keeps its login at most (30 days), in seconds. We may end it earlier.
const LOGIN_SECONDS: u32 = 30 * 86_400;
/// How long a browser is known (400 days, the longest that browsers allow), in seconds.
const BROWSER_SECONDS: u32 = 400 * 86_400;

impl ConsoleState {
    /// Who asks; `None` if nobody is logged in.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn who(
        &self,
        request: &Request,
        now: Millis,
    ) -> Result<Option<Who>, StoreError> {
        let found = self.ask_who(request, now).await;
        let token = request.bearer().or_else(|| self.login_of(request));
        let Some(token) = token.and_then(hash_of) else {
            return found;
        };
        // Even if the lock is poisoned, what it holds is whole.
        let mut lately = self
            .lately
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match &found {
            Ok(Some(who)) => {
                lately.retain(|_, (_, at)| now.since(*at) < KNOWN_FOR);
                lately.insert(token, (who.clone(), now));
                found
            }
            Ok(None) => {
                lately.remove(&token);
                found
            }
            // Only reading works then.
            Err(_) => match lately.get(&token) {
                Some((who, at)) if now.since(*at) < KNOWN_FOR => Ok(Some(who.clone())),
                _ => found,
            },
        }
    }

    async fn ask_who(&self, request: &Request, now: Millis) -> Result<Option<Who>, StoreError> {
        let accounts = &self.accounts;
        let (agent, login) = match request.bearer() {
            Some(token) => (accounts.of_token(token).await?, None),
            None => match self.login_of(request) {
                Some(cookie) => {
                    let found = accounts.logged_in(cookie, now).await?;
                    (found.as_ref().map(|found| found.agent.clone()), found)
                }
                None => (None, None),
            },
        };
        let Some(agent) = agent else {
            return Ok(None);
        };
        let chosen = accounts.preferences(&agent.name).await?.language;
        let language = chosen.unwrap_or_else(|| accepted_locale(request));
        Ok(Some(Who {
            agent,
            language,
            login,
        }))
    }

    /// The cookie of the login.
    fn login_of<'r>(&self, request: &'r Request) -> Option<&'r str> {
        request.cookie(self.login_cookie())
    }

    pub(super) fn log_in_page(&self, request: &Request, problem: Option<(&str, &str)>) -> Answer {
        let (name, problem) = problem.unzip();
        let next = request.query("next").unwrap_or_default();
        self.form(
            request,
            StatusCode::OK,
            (name.unwrap_or_default(), next, problem),
        )
    }

    fn form(
        &self,
        request: &Request,
        status: StatusCode,
        fields: (&str, &str, Option<&str>),
    ) -> Answer {
        let language = accepted_locale(request);
        let page = pages::log_in_page(self.origin.prefix(), language, fields);
        html(status, page)
    }

    pub(super) async fn log_in(&self, request: &Request) -> Answer {
        let form = request.form();
        let (name, next, password) = (
            form.get("name").trim(),
            form.get("next"),
            form.get("password"),
        );
        let now = Millis::now();
        let texts = LoginTexts::of(accepted_locale(request));
        // A name that no agent can have is an account like any other here: it is not said which one is wrong.
        let name_typed: Result<AgentName, _> = name.to_lowercase().parse();
        let account = name_typed.unwrap_or_else(|_| AgentName::stored("-"));
        let known_browser = match self.known_browser(request, &account).await {
            Ok(known) => known,
            Err(error) => return self.redis_failed(request, None, &error),
        };
        let login_try = LoginTry {
            account,
            address: request.peer,
            known_browser,
        };
        if let Err(wait) = self.guarded(|guard| guard.begin(&login_try, now)) {
            let seconds = wait.as_secs().max(1).to_string();
            let slow = CommonTexts::of(accepted_locale(request)).slow;
            let problem = fill(slow, &[&seconds]);
            let fields = (name, next, Some(problem.as_str()));
            let mut answer = self.form(request, StatusCode::TOO_MANY_REQUESTS, fields);
            set_header(&mut answer, RETRY_AFTER, &seconds);
            return answer;
        }
        match self
            .accounts
            .check_password(&login_try.account, password)
            .await
        {
            Ok(Some(proven)) => {
                self.guarded(|guard| guard.succeeded(&login_try));
                self.begin(request, (&proven, "password"), next, now).await
            }
            Ok(None) => {
                warn!(
                    security = true,
                    peer = %request.peer,
                    agent = %login_try.account,
                    "a login to the console failed"
                );
                self.note_failed_login(&login_try.account);
                let fields = (name, next, Some(texts.wrong));
                self.form(request, StatusCode::UNAUTHORIZED, fields)
            }
            Err(error) => {
                self.guarded(|guard| guard.was_not_checked(&login_try));
                self.redis_failed(request, None, &error)
            }
        }
    }

    pub(super) fn guarded<T>(&self, work: impl FnOnce(&mut LoginGuard) -> T) -> T {
        // Even if the lock is poisoned, what it holds is whole.
        let mut guard = self
            .guard
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        work(&mut guard)
    }

    /// The cookie of the browser, if this agent has logged in from it before.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn known_browser(
        &self,
        request: &Request,
        agent: &AgentName,
    ) -> Result<Option<String>, StoreError> {
        let Some(cookie) = request.cookie(BROWSER_COOKIE) else {
            return Ok(None);
        };
        let is_known = self.accounts.knows_browser(cookie, agent).await?;
        Ok(is_known.then(|| cookie.to_owned()))
    }

    /// Begins a login, always under a new token: one that somebody planted before is worth nothing.
    async fn begin(
        &self,
        request: &Request,
        (proven, how): (&Proven, &str),
        next: &str,
        now: Millis,
    ) -> Answer {
        match self.try_to_begin(request, proven, next, now).await {
            Ok(answer) => {
                self.note(&proven.agent.name, AuditKind::Login, how, "")
                    .await;
                answer
            }
            Err(error) => self.redis_failed(request, None, &error),
        }
    }

    async fn try_to_begin(
        &self,
        request: &Request,
        proven: &Proven,
        next: &str,
        now: Millis,
    ) -> Result<Answer, StoreError> {
        let mut answer = see_other(&format!("{}{}", self.origin.prefix(), own_path(next)));
        self.give_login(request, proven, now, &mut answer).await?;
        info!(agent = %proven.agent.name, peer = %request.peer, "logged in to the console");
        Ok(answer)
    }

    /// Gives the browser a new login in place of the one that it has.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn give_login(
        &self,
        request: &Request,
        proven: &Proven,
        now: Millis,
        answer: &mut Answer,
    ) -> Result<(), StoreError> {
        if let Some(old) = self.login_of(request) {
            self.accounts.log_out(old).await?;
        }
        let token = self.accounts.log_in(proven, now).await?;
        let agent = &proven.agent.name;
        let browser = match self.known_browser(request, agent).await? {
            Some(known) => known,
            None => new_token()?,
        };
        self.accounts.remember_browser(&browser, agent).await?;
        self.set_cookie(answer, self.login_cookie(), &token, LOGIN_SECONDS);
        self.set_cookie(answer, BROWSER_COOKIE, &browser, BROWSER_SECONDS);
        Ok(())
    }

    /// Takes the login from the browser.
    pub(super) fn take_login(&self, answer: &mut Answer) {
        self.set_cookie(answer, self.login_cookie(), "", 0);
    }

    pub(super) async fn welcome_page(&self, request: &Request, token: &str) -> Answer {
        let (language, now) = (accepted_locale(request), Millis::now());
        match self.accounts.invited(token, now).await {
            Ok(Some(agent)) => {
                self.welcome_form(request, StatusCode::OK, (token, &agent.name), None)
            }
            Ok(None) => {
                let problem = LoginTexts::of(language).link_over;
                self.problem(request, language, StatusCode::GONE, problem)
            }
            Err(error) => self.redis_failed(request, None, &error),
        }
    }

    fn welcome_form(
        &self,
        request: &Request,
        status: StatusCode,
        (token, agent): (&str, &AgentName),
        problem: Option<&str>,
    ) -> Answer {
        let language = accepted_locale(request);
        let fields = (token, agent.as_str(), PASSWORD_LENGTH_MIN);
        html(
            status,
            pages::welcome_page(self.origin.prefix(), language, fields, problem),
        )
    }

    pub(super) async fn welcome(&self, request: &Request, token: &str) -> Answer {
        let language = accepted_locale(request);
        let texts = LoginTexts::of(language);
        let (form, now) = (request.form(), Millis::now());
        let accepted = self
            .accounts
            .accept_invite(token, form.get("password"), now)
            .await;
        let problem = match accepted {
            Ok(Accepted::Welcome(proven)) => {
                return self.begin(request, (&proven, "link"), "", now).await;
            }
            Ok(Accepted::Weak(weak)) => weak_words(language, weak),
            Ok(Accepted::NoLink) => {
                return self.problem(request, language, StatusCode::GONE, texts.link_over);
            }
            Err(error) => return self.redis_failed(request, None, &error),
        };
        match self.accounts.invited(token, now).await {
            Ok(Some(agent)) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                self.welcome_form(request, status, (token, &agent.name), Some(&problem))
            }
            Ok(None) => self.problem(request, language, StatusCode::GONE, texts.link_over),
            Err(error) => self.redis_failed(request, None, &error),
        }
    }

    pub(super) async fn log_out(&self, request: &Request, who: &Who) -> Answer {
        if let Some(login) = self.login_of(request)
            && let Err(error) = self.accounts.log_out(login).await
        {
            return self.redis_failed(request, Some(who), &error);
        }
        let mut answer = see_other(&format!("{}/login", self.origin.prefix()));
        self.take_login(&mut answer);
        answer
    }

    fn login_cookie(&self) -> &'static str {
        match self.origin.is_https() {
            true => SECURE_LOGIN_COOKIE,
            false => LOGIN_COOKIE,
        }
    }

    /// The script of a page can't read it, and other sites' forms don't send it.
    fn set_cookie(&self, answer: &mut Answer, name: &str, value: &str, seconds: u32) {
        let secure = if self.origin.is_https() {
            "; Secure"
        } else {
            ""
        };
        let cookie =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        set_header(answer, SET_COOKIE, &cookie);
    }
}

/// Why a password is not good enough.
pub(super) fn weak_words(language: Locale, weak: WeakPassword) -> String {
    let texts = LoginTexts::of(language);
    match weak {
        WeakPassword::TooShort => fill(texts.too_short, &[&PASSWORD_LENGTH_MIN.to_string()]),
        WeakPassword::TooLong => texts.too_long.to_owned(),
        WeakPassword::Guessable => texts.guessable.to_owned(),
    }
}

/// The page to go to after the login, if it is one of ours: `//evil.example` is not.
fn own_path(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n'])
        && !next.chars().any(char::is_control);
    if is_ours { next } else { "/line" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_login_a_browser_stays_here() {
        for (next, wanted) in [
            ("/chat/shop/55@c.us", "/chat/shop/55@c.us"),
            ("/line?team=a", "/line?team=a"),
            ("", "/line"),
            ("//evil.example", "/line"),
            ("/\\evil.example", "/line"),
            ("https://evil.example", "/line"),
            ("/\r\nX: y", "/line"),
        ] {
            assert_eq!(own_path(next), wanted, "{next}");
        }
    }
}
