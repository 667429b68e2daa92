//! What is allowed in a flow and hardly meant: steps from which no `end` can be reached.

use std::collections::HashMap;

use toml::de::DeTable;

use crate::flow::author::outline::Target;
use crate::flow::load::reader::{Mistake, Place, Reader, Section};
use crate::flow::script::checked_flow::Script;

impl Script {
    /// What is allowed in this flow and hardly meant, with its place in `source`, from which the flow was loaded.
    pub fn warnings(&self, source: &str) -> Vec<Mistake> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut reader = Reader::new(source);
        let places = places(source, &mut reader);
        let place = |step: &str| places.get(step).cloned().unwrap_or(0..0);
        let outline = self.outline();
        let ending = outline.ending();
        if ending.is_empty() {
            let message = "no way through this flow comes to an `end`: a worker stays with each customer until they \
                 leave or fall silent; give a step end = \"done\", unless this is meant";
            reader.note(&place(&self.start), message);
            return reader.finish();
        }
        // Behind the first step without a way out there may be many: only where one gets in is told.
        for (from, way) in outline.ways() {
            if let Target::Step(to) = &way.to
                && ending.contains(from.name.as_str())
                && !ending.contains(to.as_str())
            {
                let message = format!(
                    "from [step.{to}] on, no `end` can be reached, and [step.{}] leads there; lead one of the steps behind it to an `end`",
                    from.name
                );
                reader.note(&place(to), message);
            }
        }
        reader.finish()
    }
}

/// Where each step is written.
fn places(source: &str, reader: &mut Reader<'_>) -> HashMap<String, Place> {
    let (table, _) = DeTable::parse_recoverable(source);
    let file = Section::root(table.get_ref());
    let steps = reader.section(&file, "step");
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
    fn a_flow_or_a_part_of_it_without_an_end_is_warned_of_where_it_begins() {
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
            [20]
        );
        let trap = "start = 'a'\n[step.a]\nask = '?'\noptions = { 1 = 'b', 2 = 'c' }\n\
            [step.b]\nsay = 'x'\nnext = 'd'\n[step.d]\nask = '?'\nnext = 'b'\n[step.c]\nsay = 'x'\nend = 'x'";
        assert_eq!(
            lines(trap),
            [5],
            "where one gets in, and not what is behind"
        );
        // Each of the ways of a `when` counts: the second one gets in, the third one out.
        let by_condition = "start = 'a'\n[step.a]\nask = '?'\nsave = 'x'\nnext = 'w'\n[step.w]\n\
            when = [{ if = 'x', next = 'a' }, { if = 'not x', next = 'b' }]\notherwise = 'c'\n\
            [step.b]\nask = '?'\nnext = 'b'\n[step.c]\nwait = '1s'\nend = 'x'";
        assert_eq!(lines(by_condition), [9]);
        // Giving up by itself is no end that anybody wrote.
        let circle = "start = 'a'\n[step.a]\nask = '?'\noptions = { 1 = 'a' }";
        assert_eq!(lines(circle), [2]);
        assert!(load(circle).outline().steps[0].ways[1].implied);
    }
}
