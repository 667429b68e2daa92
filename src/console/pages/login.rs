//! The pages before the login.

use maud::{Markup, html};

use super::Shell;
use crate::console::texts::{LoginTexts, fill};
use crate::flow::Locale;

/// The login page. `problem`: why the last try failed.
pub(in crate::console) fn log_in_page(
    prefix: &str,
    language: Locale,
    (name, next, problem): (&str, &str, Option<&str>),
) -> String {
    let texts = LoginTexts::of(language);
    let body = html! {
        form method="post" action={ (prefix) "/login" } {
            input type="hidden" name="next" value=(next);
            label { (texts.name) input name="name" value=(name) autocomplete="username" autocapitalize="none" required autofocus[name.is_empty()]; }
            label { (texts.password) input name="password" type="password" autocomplete="current-password" required autofocus[!name.is_empty()]; }
            button.main { (texts.log_in) }
        }
        p.quiet { (texts.no_password) }
    };
    card(prefix, language, texts.title, problem, &body)
}

/// The page of a one-use link. `least`: how many characters a password has at least.
pub(in crate::console) fn welcome_page(
    prefix: &str,
    language: Locale,
    (token, agent, least): (&str, &str, usize),
    problem: Option<&str>,
) -> String {
    let texts = LoginTexts::of(language);
    let body = html! {
        form method="post" action={ (prefix) "/welcome/" (token) } {
            input.hidden name="name" value=(agent) autocomplete="username" tabindex="-1" readonly aria-label=(texts.name);
            label { (texts.choose)
                input name="password" type="password" autocomplete="new-password" minlength=(least) required autofocus aria-describedby="length"; }
            p.quiet #length { (fill(texts.length, &[&least.to_string()])) }
            button.main { (texts.start) }
        }
    };
    let title = fill(texts.welcome, &[agent]);
    card(prefix, language, &title, problem, &body)
}

/// A page that only says what is wrong.
pub(in crate::console) fn problem_page(prefix: &str, language: Locale, problem: &str) -> String {
    card(prefix, language, "waha-sm", Some(problem), &html! {})
}

fn card(
    prefix: &str,
    language: Locale,
    title: &str,
    problem: Option<&str>,
    body: &Markup,
) -> String {
    let shell = Shell {
        prefix,
        place: "",
        title,
    };
    let body = html! {
        main.card {
            h1 { (title) }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            (body)
        }
    };
    shell.bare(language, &body)
}
