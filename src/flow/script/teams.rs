//! The teams of a flow: who is told about their customers, and when they are there.

use crate::clock::Millis;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::hours::Hours;
use crate::flow::script::step::Step;
use crate::ids::NotifyChat;

impl Script {
    /// The teams, sorted by name.
    pub fn team_names(&self) -> impl Iterator<Item = &str> {
        self.teams.keys().map(String::as_str)
    }

    /// Whether it has this team.
    pub fn has_team(&self, team: &str) -> bool {
        self.teams.contains_key(team)
    }

    /// The names of the steps, in alphabetical order.
    pub fn step_names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.steps.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// Whether it has this step.
    pub fn has_step(&self, step: &str) -> bool {
        self.steps.contains_key(step)
    }

    /// Who is told about a customer at this step who waits for this team: the step's own chat, or else that of the team; `None`:
    /// `NOTIFY_CHAT`. If a person gave the customer to another team, the step says nothing about it.
    pub fn notify_of(&self, step: Option<&str>, team: &str) -> Option<&NotifyChat> {
        let of_step = match step.and_then(|step| self.steps.get(step)) {
            Some(Step::HandOff(handoff)) if handoff.team == team => handoff.notify.as_ref(),
            _ => None,
        };
        of_step.or_else(|| self.notify_of_team(team))
    }

    /// Who is told about customers who wait for this team; `None`: `NOTIFY_CHAT`.
    pub fn notify_of_team(&self, team: &str) -> Option<&NotifyChat> {
        self.teams.get(team)?.notify.as_ref()
    }

    /// The chats that its steps and teams notify.
    pub fn notify_chats(&self) -> impl Iterator<Item = &NotifyChat> {
        let of_steps = self.steps.values().filter_map(|step| match step {
            Step::HandOff(handoff) => handoff.notify.as_ref(),
            _ => None,
        });
        of_steps.chain(self.teams.values().filter_map(|team| team.notify.as_ref()))
    }

    /// Since when this team has been closed; `None` if it is open now. A team without opening times of its own has those of the
    /// flow, and so do people without a team ("").
    pub fn team_closed_since(&self, team: &str, now: Millis) -> Option<Millis> {
        self.hours_of(team)?.closed_since(&self.timezone, now)
    }

    /// When this team opens next; `None` if it has no opening times, or never opens.
    pub fn team_opens_at(&self, team: &str, now: Millis) -> Option<Millis> {
        self.hours_of(team)?.opens_at(&self.timezone, now)
    }

    /// While this team is closed: when it opens next, as a person would say it; `None` if it is open, or never opens.
    pub(crate) fn team_opens(&self, team: &str, now: Millis) -> Option<String> {
        let hours = self.hours_of(team)?;
        hours.closed_since(&self.timezone, now)?;
        let opens = hours.opens_phrase(&self.timezone, self.locale, now);
        Some(opens).filter(|opens| !opens.is_empty())
    }

    fn hours_of(&self, team: &str) -> Option<&Hours> {
        let own = self.teams.get(team).and_then(|team| team.hours.as_ref());
        own.or(self.hours.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::locale::Locale;

    const SHOP: &str = r#"
        timezone = "America/Sao_Paulo"
        start = "a"
        [hours]
        mon-fri = "09:00-18:00"
        closed = "a"
        [team.sales]
        notify = "5511900000001"
        [team.support]
        notify = "5511900000002"
        [team.support.hours]
        mon-sun = "08:00-22:00"
        [team.support.hours.exceptions]
        "12-25" = "closed"
        [team.night]
        [step.a]
        ask = "?"
        options = { 1 = "sales", 2 = "support", 3 = "boss" }
        [step.sales]
        handoff = "x"
        team = "sales"
        [step.boss]
        handoff = "x"
        team = "sales"
        notify = "5511900000003"
        [step.support]
        handoff = "x"
        team = "support"
        priority = "urgent"
    "#;

    #[test]
    fn a_team_has_its_own_chat_and_hours_or_those_of_the_step_and_the_flow() {
        let shop = Script::load(SHOP, Locale::En).unwrap();
        let names: Vec<&str> = shop.team_names().collect();
        assert_eq!(names, ["night", "sales", "support"]);
        assert!(shop.has_team("sales") && !shop.has_team("") && !shop.has_team("a"));
        assert!(shop.has_step("a") && !shop.has_step("night"));
        let chat = |number: &str| Some(number.parse::<NotifyChat>().unwrap());
        for (step, team, number) in [
            ("sales", "sales", "5511900000001"),
            ("support", "support", "5511900000002"),
            ("boss", "sales", "5511900000003"),
            // A person gave the customer to another team.
            ("boss", "support", "5511900000002"),
            ("a", "sales", "5511900000001"),
        ] {
            let found = shop.notify_of(Some(step), team).cloned();
            assert_eq!(found, chat(number), "{step} {team}");
        }
        assert_eq!(shop.notify_of(Some("boss"), ""), None);
        assert_eq!(shop.notify_of(None, "night"), None);
        assert_eq!(shop.notify_of_team("night"), None);
        assert_eq!(shop.notify_of_team("sales").cloned(), chat("5511900000001"));
        assert_eq!(shop.notify_chats().count(), 3);

        let at = |text: &str| shop.typed_moment(text).unwrap();
        // A Saturday, and Christmas.
        for (now, flow, support) in [
            ("2026-11-28 10:00", true, false),
            ("2026-11-27 20:00", true, false),
            ("2026-11-27 10:00", false, false),
            ("2026-11-27 23:00", true, true),
            ("2026-12-25 10:00", false, true),
        ] {
            let closed = |team: &str| shop.team_closed_since(team, at(now)).is_some();
            assert_eq!(closed("support"), support, "{now}");
            for team in ["", "sales", "night", "no such team"] {
                assert_eq!(closed(team), flow, "{now} {team}");
            }
        }
        let night = at("2026-11-27 23:00");
        assert_eq!(
            shop.team_opens_at("support", night),
            Some(at("2026-11-28 08:00"))
        );
        assert_eq!(
            shop.team_opens_at("sales", night),
            Some(at("2026-11-30 09:00"))
        );
        assert_eq!(
            shop.team_opens("support", night).as_deref(),
            Some("tomorrow at 8:00")
        );
        assert_eq!(shop.team_opens("support", at("2026-11-28 10:00")), None);
    }
}
