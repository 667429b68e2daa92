//! Reads `[team.sales]`: people with a line of their own, and checks that the handoffs name teams that exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::team::Team;
use crate::flow::words::fold::closest;

const TEAM_KEYS: [&str; 2] = ["notify", "hours"];

/// The longest name of a team: it is typed on the command line, and is part of keys.
const TEAM_NAME_MAX: usize = 32;

impl Loader<'_> {
    /// Reads the teams.
    pub(crate) fn read_teams(&mut self, file: &Section<'_>) -> BTreeMap<String, Team> {
        let mut teams = BTreeMap::new();
        let Some(section) = self.reader.section(file, "team") else {
            return teams;
        };
        for key in section.keys() {
            if !is_team_name(key.text) {
                let message = format!(
                    "`{}` is no name for a team; write at most {TEAM_NAME_MAX} letters without accents, digits, - and _, like [team.sales]",
                    key.text
                );
                self.reader.note(&key.place, message);
            }
            let Some(body) = self.reader.section(&section, key.text) else {
                continue;
            };
            self.reader.only(&body, &TEAM_KEYS);
            let team = Team {
                notify: self.read_notify(&body),
                hours: self.read_team_hours(file, &body),
            };
            teams.insert(key.text.to_owned(), team);
        }
        teams
    }

    /// The team that a handoff names; empty if it names none.
    pub(crate) fn read_team(
        &mut self,
        body: &Section<'_>,
        teams: &BTreeMap<String, Team>,
    ) -> String {
        let Some(written) = self.reader.text(body, "team") else {
            return String::new();
        };
        if !teams.contains_key(written.text) {
            let names: BTreeSet<&str> = teams.keys().map(String::as_str).collect();
            let hint = match closest(written.text, names.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if is_team_name(written.text) => format!("add [team.{}]", written.text),
                None => "write the name of a team, like \"sales\", and add [team.sales]".to_owned(),
            };
            let message = format!(
                "`team` in {} is `{}`, and there is no such team; {hint}",
                body.name, written.text
            );
            self.reader.note(&written.place, message);
        }
        written.text.to_owned()
    }
}

fn is_team_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=TEAM_NAME_MAX).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use crate::flow::script::checked_flow::Script;
    use crate::flow::words::locale::Locale;

    #[test]
    fn every_mistake_about_teams_is_reported_with_its_remedy() {
        let long = "a".repeat(33);
        let long_name = format!("[team.{long}]");
        for (team, handoff, line, part) in [
            ("[team.sales]", "team = 'slaes'", 4, "did you mean `sales`?"),
            (
                "[team.sales]",
                "team = 'support'",
                4,
                "`team` in [step.a] is `support`, and there is no such team; add [team.support]",
            ),
            ("", "team = 'Sala VIP'", 4, "write the name of a team"),
            ("", "team = ''", 4, "write the name of a team"),
            ("", "team = 1", 4, "must be a text in quotes"),
            ("[team.sales]", "taem = 'sales'", 4, "did you mean `team`?"),
            (
                "[team.sales]",
                "priority = 'urgnt'",
                4,
                "`priority` in [step.a] is `urgnt`; did you mean `urgent`?",
            ),
            ("", "priority = 'high'", 4, "write \"normal\" or \"urgent\""),
            ("[team.'a b']", "", 5, "`a b` is no name for a team"),
            ("[team.'']", "", 5, "`` is no name for a team"),
            (&long_name, "", 5, "at most 32 letters without accents"),
            ("[team.a]\nnotfy = '5511'", "", 6, "did you mean `notify`?"),
            (
                "[team.a]\nnotify = 'x'",
                "",
                6,
                "`notify` in [team.a] is `x`, which is no chat",
            ),
            (
                "[team]\nsales = 'x'",
                "",
                6,
                "`sales` must be a table: [team.sales]",
            ),
            ("[teams.sales]", "", 5, "did you mean `team`?"),
            (
                "[team.a.hours]\nmon = '9:00-18:00'",
                "",
                5,
                "[team.a.hours] needs a time zone",
            ),
        ] {
            let source = format!("start = 'a'\n[step.a]\nhandoff = 'x'\n{handoff}\n{team}");
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            assert!(
                mistakes
                    .iter()
                    .any(|one| one.line == line && one.message.contains(part)),
                "{source}\n{mistakes:#?}"
            );
        }
    }
}
