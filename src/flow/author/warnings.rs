//! Warns of something that is allowed but probably a mistake: steps that can reach no `end`, a team that no step names, and a
//! time zone whose name misleads.

use std::collections::HashMap;

use toml::de::DeTable;

use crate::flow::author::outline::Target;
use crate::flow::load::reader::{Mistake, Place, Reader, Section};
use crate::flow::load::timezone::misleading;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::Step;

impl Script {
    /// The warnings for this flow, with their places in `source`, from which it was loaded.
    pub fn warnings(&self, source: &str) -> Vec<Mistake> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut reader = Reader::new(source);
        let (table, _) = DeTable::parse_recoverable(source);
        let file = Section::root(table.get_ref());
        if let Some(zone) = reader.text(&file, "timezone")
            && let Some(misleading) = misleading(zone.text)
        {
            reader.note(&zone.place, misleading);
        }
        self.note_unused_teams(&file, &mut reader);
        let places = places(&file, &mut reader);
        let place = |step: &str| places.get(step).cloned().unwrap_or(0..0);
        let outline = self.outline();
        let ending = outline.ending();
        if ending.is_empty() {
            let message = "no path through this flow reaches an `end`: a worker stays with each customer until they \
                 leave or stop writing; give a step end = \"done\", unless you want this";
            reader.note(&place(&self.start), message);
            return reader.finish();
        }
        // After the first step without a way out there may be many more: only the first gets a warning.
        for (from, path) in outline.paths() {
            if let Target::Step(to) = &path.to
                && ending.contains(from.name.as_str())
                && !ending.contains(to.as_str())
            {
                let message = format!(
                    "no `end` can be reached from [step.{to}], and [step.{}] leads there; let one of the steps after it lead to an `end`",
                    from.name
                );
                reader.note(&place(to), message);
            }
        }
        reader.finish()
    }
}

impl Script {
    /// Another person can give customers to a team that no step names, so that may be meant.
    fn note_unused_teams(&self, file: &Section<'_>, reader: &mut Reader<'_>) {
        let is_named = |team: &str| {
            let names =
                |step: &Step| matches!(step, Step::HandOff(handoff) if handoff.team == team);
            self.steps.values().any(names)
        };
        for team in reader.section(file, "team").iter().flat_map(Section::keys) {
            if !is_named(team.text) {
                let message = format!(
                    "no `handoff` names [team.{}], so customers get there only if a person gives them to it; write team = \"{}\" in a `handoff`, unless you want this",
                    team.text, team.text
                );
                reader.note(&team.place, message);
            }
        }
    }
}

/// The place of each step.
fn places(file: &Section<'_>, reader: &mut Reader<'_>) -> HashMap<String, Place> {
    let steps = reader.section(file, "step");
    steps
        .iter()
        .flat_map(Section::keys)
        .map(|key| (key.text.to_owned(), key.place))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::locale::Locale;

    fn load(source: &str) -> Script {
        Script::load(source, Locale::En).unwrap()
    }

    #[test]
    fn a_time_zone_whose_sign_is_the_other_way_round_gets_a_warning() {
        let source = "start = 'a'\ntimezone = 'Etc/GMT-3'\n[step.a]\nask = '?'\nend = 'x'";
        let warnings = load(source).warnings(source);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!((warnings[0].line, warnings[0].column), (2, 12));
        assert!(warnings[0].message.contains("is UTC+3"), "{warnings:?}");
    }

    #[test]
    fn a_team_that_no_handoff_names_gets_a_warning() {
        let source =
            "start = 'a'\n[team.sales]\n[team.boss]\n[step.a]\nhandoff = 'x'\nteam = 'sales'";
        let warnings = load(source).warnings(source);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!((warnings[0].line, warnings[0].column), (3, 7));
        assert!(warnings[0].message.contains("[team.boss]"), "{warnings:?}");
    }

    #[test]
    fn a_flow_or_a_part_of_it_without_an_end_gets_a_warning_at_its_first_step() {
        let lines = |source: &str| -> Vec<usize> {
            let warnings = load(source).warnings(source);
            warnings.iter().map(|warning| warning.line).collect()
        };
        assert_eq!(
            lines(include_str!("../../../examples/flows/clinic.toml")),
            [0; 0]
        );
        assert_eq!(
            lines(include_str!("../../../examples/flows/shop.toml")),
            [0; 0]
        );
        assert_eq!(
            lines(include_str!("../../../examples/flows/echo.toml")),
            [26]
        );
        let trap = "start = 'a'\n[step.a]\nask = '?'\noptions = { 1 = 'b', 2 = 'c' }\n\
            [step.b]\nsay = 'x'\nnext = 'd'\n[step.d]\nask = '?'\nnext = 'b'\n[step.c]\nsay = 'x'\nend = 'x'";
        assert_eq!(lines(trap), [5], "only the first step of that part");
        // Every path of a `when` counts: the second leads into the part without an end, the third to an end.
        let by_condition = "start = 'a'\n[step.a]\nask = '?'\nsave = 'x'\nnext = 'w'\n[step.w]\n\
            when = [{ if = 'x', next = 'a' }, { if = 'not x', next = 'b' }]\notherwise = 'c'\n\
            [step.b]\nask = '?'\nnext = 'b'\n[step.c]\nwait = '1s'\nend = 'x'";
        assert_eq!(lines(by_condition), [9]);
        // Too many invalid answers close it, but the file has no `end`.
        let circle = "start = 'a'\n[step.a]\nask = '?'\noptions = { 1 = 'a' }";
        assert_eq!(lines(circle), [2]);
        assert!(load(circle).outline().steps[0].paths[1].implied);
    }
}
