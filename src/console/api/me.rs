//! What agents change for themselves: language, password, logins.

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde::Deserialize;
use serde_json::json;
use tracing::{info, warn};

use super::problems::{bad_request, refused};
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer, set_header};
use crate::console::audit::Changed;
use crate::console::console::ConsoleState;
use crate::console::login::weak_words;
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, MeTexts, fill};
use crate::console::who::Who;
use crate::flow::Locale;
use crate::service::accounts::accounts::Proven;
use crate::service::accounts::guard::LoginTry;
use crate::store::StoreError;

#[derive(Default, Deserialize)]
#[serde(default)]
struct MeBody {
    /// A language, or empty: as the browser asks for.
    language: String,
    /// The password until now.
    old: String,
    /// The new one.
    new: String,
}

pub(super) async fn act(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    action: &str,
) -> Answer {
    let body: MeBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    match action {
        "language" => language(state, request, who, &body).await,
        "password" => password(state, request, who, &body).await,
        "logout-all" => log_out_everywhere(state, request, who).await,
        _ => state.not_found(request, Some(who)),
    }
}

async fn language(state: &ConsoleState, request: &Request, who: &Who, body: &MeBody) -> Answer {
    let language = match body.language.as_str() {
        "" => None,
        code => match code.parse::<Locale>() {
            Ok(language) => Some(language),
            Err(_) => return bad_request("`language` is en, pt-BR, es, or empty"),
        },
    };
    match state.accounts.set_language(&who.agent.name, language).await {
        Ok(()) => {
            let texts = MeTexts::of(language.unwrap_or(who.language));
            let object = json!({"result": "done", "message": texts.saved});
            json_answer(StatusCode::OK, &object)
        }
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

/// A new password. The old one is guarded as on the login page: whoever finds an open browser can't guess it here.
async fn password(state: &ConsoleState, request: &Request, who: &Who, body: &MeBody) -> Answer {
    let (texts, now) = (MeTexts::of(who.language), Millis::now());
    let name = &who.agent.name;
    let known_browser = match state.known_browser(request, name).await {
        Ok(known) => known,
        Err(error) => return state.redis_failed(request, Some(who), &error),
    };
    let login_try = LoginTry {
        account: name.clone(),
        address: request.peer,
        known_browser,
    };
    if let Err(wait) = state.guarded(|guard| guard.begin(&login_try, now)) {
        let seconds = wait.as_secs().max(1).to_string();
        let slow = fill(CommonTexts::of(who.language).slow, &[&seconds]);
        let mut answer = refused(StatusCode::TOO_MANY_REQUESTS, &slow);
        set_header(&mut answer, RETRY_AFTER, &seconds);
        return answer;
    }
    match state.accounts.check_password(name, &body.old).await {
        Ok(Some(_)) => state.guarded(|guard| guard.succeeded(&login_try)),
        Ok(None) => {
            warn!(
                security = true,
                peer = %request.peer,
                agent = %name,
                "a change of a password failed, because the old one was wrong"
            );
            state.note_failed_login(name);
            return refused(StatusCode::FORBIDDEN, texts.wrong_old);
        }
        Err(error) => {
            state.guarded(|guard| guard.was_not_checked(&login_try));
            return state.redis_failed(request, Some(who), &error);
        }
    }
    match state.accounts.set_password(&who.agent, &body.new).await {
        Ok(Ok(proven)) => match changed(state, request, who, (&proven, now)).await {
            Ok(answer) => answer,
            Err(error) => state.redis_failed(request, Some(who), &error),
        },
        Ok(Err(weak)) => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            &weak_words(who.language, weak),
        ),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

/// All logins have ended; this browser gets a new one.
async fn changed(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    (proven, now): (&Proven, Millis),
) -> Result<Answer, StoreError> {
    info!(agent = %who.agent.name, peer = %request.peer, "an agent changed their password in the console");
    let name = &who.agent.name;
    state
        .note_change(name, Changed::PasswordOf(name), "changed")
        .await;
    let message = MeTexts::of(who.language).changed;
    let object = json!({"result": "done", "message": message});
    let mut answer = json_answer(StatusCode::OK, &object);
    if who.login.is_some() {
        state.give_login(request, proven, now, &mut answer).await?;
    }
    Ok(answer)
}

async fn log_out_everywhere(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    match state.accounts.end_logins(&who.agent.name).await {
        Ok(()) => {
            info!(agent = %who.agent.name, "an agent logged out everywhere");
            let message = CommonTexts::of(who.language).done;
            let object = json!({"result": "done", "message": message, "go": "/login"});
            let mut answer = json_answer(StatusCode::OK, &object);
            state.take_login(&mut answer);
            answer
        }
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}
