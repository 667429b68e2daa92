//! The variables that templates and expressions can use: those of the state, and those that the program sets.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::merge_maps;

use crate::clock::Millis;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::day_filters::clock_variables;
use crate::flow::script::variables::{KNOWN, LAST, LAST_KEYS};
use crate::flow::turn::state::State;

const DAY_SECONDS: u64 = 24 * 3600;

impl Script {
    /// The variables for templates.
    pub(crate) fn words(&self, state: &State, now: Millis) -> Value {
        merge_maps([self.program_words(state, now), state.words()])
    }

    /// The variables that the program sets, besides those of the state: `today`, `now`, `known` and `last`.
    pub(crate) fn program_words(&self, state: &State, now: Millis) -> Value {
        let last: BTreeMap<&str, Value> = state.last.as_ref().map_or_else(BTreeMap::new, |last| {
            let at = self.local(last.at).strftime("%Y-%m-%d %H:%M");
            let days = now.since(last.at).as_secs() / DAY_SECONDS;
            let values = [
                last.outcome.as_str().into(),
                at.to_string().into(),
                days.into(),
            ];
            LAST_KEYS.into_iter().zip(values).collect()
        });
        let known = Value::from(state.known.values());
        let own = BTreeMap::from([(KNOWN, known), (LAST, last.into())]);
        merge_maps([clock_variables(self.local(now)), own.into()])
    }
}
