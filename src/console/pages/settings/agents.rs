//! The agents: who there is, what each may take, and the forms that change it.

use maud::{Markup, html};

use crate::clock::Millis;
use crate::console::pages::customer::since;
use crate::console::texts::{CommonTexts, SettingsTexts, fill};
use crate::console::who::Who;
use crate::flow::Script;
use crate::ids::{AgentName, SessionName};
use crate::service::accounts::staff::MAX_CHATS_MOST;
use crate::store::{Agent, PRESENT_FOR};

/// An agent, and what is known of them.
pub(in crate::console) struct StaffMember {
    pub(in crate::console) agent: Agent,
    /// When they were last seen at work.
    pub(in crate::console) seen: Option<Millis>,
    /// How many conversations they hold.
    pub(in crate::console) holds: u64,
    pub(in crate::console) has_password: bool,
}

impl StaffMember {
    /// Whether they are at work now.
    pub(in crate::console) fn is_present(&self, now: Millis) -> bool {
        let seen = self.seen.is_some_and(|seen| now.since(seen) < PRESENT_FOR);
        seen && !self.agent.off
    }
}

/// `known`: the sessions and the teams that can be chosen.
pub(in crate::console) fn settings_agents(
    who: &Who,
    staff: &[StaffMember],
    known: (&[SessionName], &[String]),
    script: &Script,
) -> Markup {
    let texts = SettingsTexts::of(who.language);
    let new = Agent::new(AgentName::stored(""));
    html! {
        div.bar { h1 { (texts.agents) } }
        p.quiet { (texts.owner_about) }
        ul.entries.sheet {
            @for member in staff { li { (member_html(who, member, known, script)) } }
        }
        details.sheet {
            summary { h2 { (texts.add_agent) } }
            (agent_form(who, &new, known))
        }
    }
}

fn member_html(
    who: &Who,
    member: &StaffMember,
    known: (&[SessionName], &[String]),
    script: &Script,
) -> Markup {
    let texts = SettingsTexts::of(who.language);
    let agent = &member.agent;
    let name = agent.name.as_str();
    let may_go = !agent.name.is_owner() && agent.name != who.agent.name;
    html! {
        details {
            summary {
                b { bdi { (name) } }
                span { (if agent.may_steer() { texts.owner } else { texts.attendant }) }
                (standing(texts, member, script))
                span.quiet { (lines(texts, agent)) }
            }
            @if agent.off {
                form data-act="agents" {
                    input type="hidden" name="name" value=(name);
                    button.main { (texts.switch_on) }
                }
            } @else {
                (agent_form(who, agent, known))
                div.do {
                    form data-act={ "agents/" (name) "/passwd" } data-confirm=(fill(texts.new_link_confirm, &[name, name])) {
                        button.plain { (texts.new_link) }
                    }
                    @if may_go {
                        form data-act={ "agents/" (name) "/off" } data-confirm=(fill(texts.switch_off_confirm, &[name])) {
                            button.danger { (texts.switch_off) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether they are there, and what they have.
fn standing(texts: &SettingsTexts, member: &StaffMember, script: &Script) -> Markup {
    let holds = (member.holds > 0).then(|| fill(texts.holds, &[&member.holds.to_string()]));
    html! {
        @if member.agent.off {
            span.quiet { (texts.is_off) }
        } @else if member.is_present(Millis::now()) {
            strong.online { (texts.is_online) }
        } @else if let Some(seen) = member.seen {
            span.quiet { (texts.last_seen) " " (since(seen, script)) }
        } @else {
            span.quiet { (texts.never_seen) }
        }
        @if !member.has_password && !member.agent.off { span.note { (texts.no_password) } }
        @if let Some(holds) = holds { span { (holds) } }
    }
}

/// "sales, support · all sessions · at most 8"
fn lines(texts: &SettingsTexts, agent: &Agent) -> String {
    let teams = match agent.teams.as_slice() {
        [] => texts.all_lines.to_owned(),
        teams => teams.join(", "),
    };
    let sessions: Vec<&str> = agent.sessions.iter().map(SessionName::as_str).collect();
    let sessions = match sessions.as_slice() {
        [] => texts.all_sessions.to_owned(),
        sessions => sessions.join(", "),
    };
    let most = fill(texts.at_most, &[&agent.max_chats.to_string()]);
    format!("{teams} · {sessions} · {most}")
}

/// The form that changes an agent, or adds one if there is no name yet.
fn agent_form(who: &Who, agent: &Agent, (sessions, teams): (&[SessionName], &[String])) -> Markup {
    let texts = SettingsTexts::of(who.language);
    let is_new = agent.name.as_str().is_empty();
    let teams = with_own(
        teams.iter().map(String::as_str),
        agent.teams.iter().map(String::as_str),
    );
    let sessions = with_own(
        sessions.iter().map(SessionName::as_str),
        agent.sessions.iter().map(SessionName::as_str),
    );
    let takes = |team: &str| agent.teams.iter().any(|one| one == team);
    let serves = |session: &str| agent.sessions.iter().any(|one| one.as_str() == session);
    html! {
        form.fields data-act="agents" {
            @if is_new {
                label { (texts.name)
                    input name="name" maxlength="32" required autocomplete="off" autocapitalize="none" spellcheck="false" placeholder=(texts.name_hint); }
            } @else {
                input type="hidden" name="name" value=(agent.name);
            }
            label { (texts.role)
                select name="role" {
                    option value="attendant" selected[!agent.may_steer()] { (texts.attendant) }
                    option value="owner" selected[agent.may_steer()] { (texts.owner) }
                } }
            label { (texts.max_chats)
                input name="max_chats" type="number" min="1" max=(MAX_CHATS_MOST) value=(agent.max_chats) required; }
            (choices(texts, ("teams", texts.teams), &teams, takes))
            (choices(texts, ("sessions", texts.sessions), &sessions, serves))
            div.do { button.main { (if is_new { texts.add } else { CommonTexts::of(who.language).save }) } }
        }
    }
}

/// All that can be chosen, and what is chosen already although nothing knows it now.
fn with_own<'a>(
    known: impl Iterator<Item = &'a str>,
    own: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut all: Vec<&str> = known.chain(own).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn choices(
    texts: &SettingsTexts,
    (field, title): (&str, &str),
    all: &[&str],
    is_chosen: impl Fn(&str) -> bool,
) -> Markup {
    html! {
        @if !all.is_empty() {
            fieldset {
                legend { (title) }
                // An empty one, so that "none" is sent too.
                input type="hidden" name=(field) value="";
                @for &one in all {
                    label.choice { input type="checkbox" name=(field) value=(one) checked[is_chosen(one)]; (one) }
                }
                p.quiet { (texts.none_is_all) }
            }
        }
    }
}
