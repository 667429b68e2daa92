//! The sessions: whether each is connected to WhatsApp, what that means, what to do, and how to pair a phone.

use maud::{Markup, html};

use super::customer::{day_time, number, since};
use crate::clock::Millis;
use crate::console::session_state::{SessionNow, SessionState, SessionsNow};
use crate::console::texts::{SessionTexts, fill};
use crate::flow::Locale;
use crate::flow::Script;

/// All sessions. `script`: of a session, for its time zone.
pub(in crate::console) fn sessions_page<S: AsRef<Script>>(
    prefix: &str,
    language: Locale,
    now: &SessionsNow,
    script: impl Fn(&SessionNow) -> S,
) -> Markup {
    let texts = SessionTexts::of(language);
    html! {
        div.bar { h1 { (texts.title) } }
        div.sessions data-sessions-list {
            div data-waha {
                @if let Some(error) = &now.waha_failed {
                    p.problem { (fill(texts.waha_failed, &[&error.to_string()])) }
                }
                @if now.waha_failed.is_none() && now.sessions.is_empty() { p.empty { (texts.none) } }
            }
            @for session in &now.sessions { (card(prefix, texts, session, script(session).as_ref())) }
        }
    }
}

fn card(prefix: &str, texts: &SessionTexts, session: &SessionNow, script: &Script) -> Markup {
    let waits = session.state == SessionState::WaitsForPhone;
    html! {
        article.sheet.session data-session=(session.name) data-state=(session.state.name()) aria-label=(session.name) {
            div data-now { (standing(prefix, texts, session, script)) }
            // The script keeps this part as it is while the rest changes, because somebody may be writing in it.
            form.pair-code hidden[!waits] {
                h3 { (texts.by_code) }
                ol.steps { li { (texts.code_1) } li { (texts.code_2) } li { (texts.code_3) } }
                label { (texts.phone)
                    input name="phone" type="tel" inputmode="tel" autocomplete="tel" required maxlength="30" placeholder="+55 11 90000-0000"; }
                button.main { (texts.get_code) }
                output.code aria-live="polite" aria-label=(texts.code) {}
            }
        }
    }
}

/// The part that changes.
fn standing(prefix: &str, texts: &SessionTexts, session: &SessionNow, script: &Script) -> Markup {
    let (means, todo) = words(texts, session.state);
    let now = Millis::now();
    html! {
        h2 { bdi { (session.name) } }
        p.status {
            strong.lamp data-lamp=(lamp(session.state)) { (means) }
            @if let Some(then) = session.since { " " span.quiet { (texts.since) " " (since(then, script)) } }
        }
        @if let Some(todo) = todo { p class=[session.state.needs_owner().then_some("problem")] { (todo) } }
        dl {
            @if let Some(account) = &session.account {
                dt { (texts.account) }
                dd { (number(&account.id)) @if let Some(name) = &account.name { " " bdi { (name) } } }
            }
            @if session.state != SessionState::Missing {
                dt { (texts.last_heard) }
                dd { @match session.last_heard {
                    Some(at) => (day_time(at, script, now)),
                    None => (texts.nothing_heard),
                } }
            }
            @if let Some(status) = &session.status { dt { (texts.waha_says) } dd { (status) } }
        }
        @if session.state == SessionState::WaitsForPhone {
            div.pair-qr {
                h3 { (texts.by_qr) }
                @match &session.qr_version {
                    Some(version) => {
                        img.qr src={ (prefix) "/sessions/" (session.name) "/qr?v=" (version) } alt=(texts.qr) width="276" height="276";
                        p.quiet { (texts.qr_changes) }
                    }
                    None => p { (texts.qr_comes) },
                }
            }
        }
        div.do { @for order in orders(session.state) { (button(texts, session, order)) } }
    }
}

fn button(texts: &SessionTexts, session: &SessionNow, order: &str) -> Markup {
    let name = session.name.as_str();
    let (label, confirm) = match order {
        "start" => (texts.start, None),
        "restart" => (texts.restart, Some(texts.restart_confirm)),
        "stop" => (texts.stop, Some(texts.stop_confirm)),
        _ => (texts.logout, Some(texts.logout_confirm)),
    };
    let confirm = confirm.map(|confirm| fill(confirm, &[name]));
    let class = match order {
        "start" => "main",
        "logout" => "danger",
        _ => "plain",
    };
    html! {
        button class=(class) type="button" data-order=(order) data-confirm=[confirm] { (label) }
    }
}

/// What can be done, in this order.
fn orders(state: SessionState) -> &'static [&'static str] {
    match state {
        SessionState::Stopped => &["start"],
        SessionState::Missing | SessionState::Unknown => &[],
        _ => &["restart", "stop", "logout"],
    }
}

/// Green, amber or red; the words say the same.
fn lamp(state: SessionState) -> &'static str {
    match state {
        SessionState::Works => "good",
        SessionState::Quiet | SessionState::Connects | SessionState::Unknown => "wait",
        _ => "bad",
    }
}

/// What a state means, and what to do about it.
fn words(texts: &SessionTexts, state: SessionState) -> (&'static str, Option<&'static str>) {
    match state {
        SessionState::Works => (texts.works, None),
        SessionState::Quiet => (texts.works, Some(texts.quiet_do)),
        SessionState::Connects => (texts.connects, Some(texts.connects_do)),
        SessionState::DoesNotConnect => (texts.connects, Some(texts.does_not_connect_do)),
        SessionState::StuckAfterScan => (texts.stuck, Some(texts.stuck_do)),
        SessionState::WaitsForPhone => (texts.waits, Some(texts.waits_do)),
        SessionState::WantsPasskey => (texts.passkey, Some(texts.passkey_do)),
        SessionState::Failed => (texts.failed, Some(texts.failed_do)),
        SessionState::Stopped => (texts.stopped, Some(texts.stopped_do)),
        SessionState::Missing => (texts.missing, Some(texts.missing_do)),
        SessionState::Unknown => (texts.unknown, None),
        SessionState::Other => (texts.other, Some(texts.other_do)),
    }
}
