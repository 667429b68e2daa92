//! The head of every page: what needs somebody, who is online, and what does not work.

use maud::{Markup, html};

use super::customer::since;
use crate::clock::Millis;
use crate::console::live::{ShownSection, shared_html};
use crate::console::look::{Look, SessionLook};
use crate::console::texts::{CommonTexts, fill};
use crate::console::view::View;
use crate::ids::SessionName;
use crate::store::{Agent, LineKind, PRESENT_FOR};

/// The id of the section.
pub(super) const HEAD: &str = "head";

/// What waits for this agent.
#[derive(Default)]
struct HeadCounts {
    /// Customers who wait for a person in their lines.
    needs_person: u64,
    /// Customers who wait for an answer of theirs.
    unanswered: u64,
    /// Conversations that they hold.
    held: u64,
    in_line: u64,
    with_bot: u64,
    oldest: Option<Millis>,
}

pub(super) fn section(view: &View, agent: &Agent, look: &Look, now: Millis) -> ShownSection {
    let texts = CommonTexts::of(view.language);
    let lines = || {
        look.lines
            .iter()
            .filter(|(session, _)| agent.serves(session))
    };
    let mut counts = HeadCounts::default();
    for (_, line) in lines() {
        count(&mut counts, agent, line);
    }
    let script = lines().next().map(|(_, line)| line.script.clone());
    let oldest = counts.oldest.zip(script);
    let head = html! {
        // The script in the browser reads these: the title, the sound, the navigation.
        div.counts data-needs=(counts.needs_person) data-unanswered=(counts.unanswered) data-held=(counts.held)
            data-dead=(look.dead_letters) {
            @if counts.needs_person > 0 {
                strong.needs { (fill(texts.needs_count, &[&counts.needs_person.to_string()])) }
            }
            @if counts.in_line > 0 {
                span { (fill(texts.waiting_count, &[&counts.in_line.to_string()])) }
            }
            @if let Some((oldest, script)) = &oldest {
                span { (texts.oldest_wait) " " (since(*oldest, script)) }
            }
            span.quiet { (fill(texts.workers, &[&counts.with_bot.to_string(), &look.workers.to_string()])) }
            (online(texts, look, now))
        }
        @for problem in problems(texts, look, lines()) {
            p.problem { (problem) }
        }
    };
    ShownSection {
        id: HEAD.to_owned(),
        head: shared_html(head),
        rows: Vec::new(),
    }
}

fn count(counts: &mut HeadCounts, agent: &Agent, look: &SessionLook) {
    for section in &look.line.sections {
        match &section.kind {
            LineKind::ForPerson(team) if agent.takes_from(team) => {
                counts.needs_person += section.count;
                let first = section.rows.iter().map(|row| row.since).min();
                counts.oldest = counts.oldest.into_iter().chain(first).min();
            }
            LineKind::ForPerson(_) | LineKind::ByPhone => {}
            LineKind::ForBot => {
                counts.in_line += section.count;
                let first = section.rows.first().map(|row| row.since);
                counts.oldest = counts.oldest.into_iter().chain(first).min();
            }
            LineKind::ByAgent => {
                let own = || {
                    let rows = section.rows.iter();
                    rows.filter(|row| row.holder.as_ref() == Some(&agent.name))
                };
                counts.held += own().count() as u64;
                let unanswered = own().filter(|row| row.unanswered_since.is_some());
                counts.unanswered += unanswered.count() as u64;
            }
            LineKind::ByBot => counts.with_bot += section.count,
        }
    }
}

fn online(texts: &CommonTexts, look: &Look, now: Millis) -> Markup {
    let present = look.agents.iter().filter(|agent| {
        let seen = look.seen.get(&agent.name);
        !agent.off && seen.is_some_and(|seen| now.since(*seen) < PRESENT_FOR)
    });
    let names: Vec<&str> = present.map(|agent| agent.name.as_str()).collect();
    html! {
        span.quiet {
            @match names.as_slice() {
                [] => (texts.nobody_online),
                names => (fill(texts.online, &[&names.join(", ")])),
            }
        }
    }
}

fn problems<'a>(
    texts: &CommonTexts,
    look: &Look,
    lines: impl Iterator<Item = (&'a SessionName, &'a SessionLook)>,
) -> Vec<String> {
    let mut problems = Vec::new();
    if look.redis_away {
        problems.push(texts.redis_away.to_owned());
    }
    if look.history_away {
        problems.push(texts.history_away.to_owned());
    }
    for (session, line) in lines {
        if line.down.is_some() {
            problems.push(fill(texts.session_down, &[session.as_str()]));
        }
        if let Some(pause) = &line.line.paused {
            problems.push(fill(texts.line_paused, &[&pause.by]));
        }
    }
    problems
}
