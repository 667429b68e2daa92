//! Reads the steps of a flow file. One key of each step, such as `say` or `ask`, decides its kind.

use std::collections::{BTreeMap, HashMap};

use crate::flow::load::check::StepNode;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::commands::Commands;
use crate::flow::script::step::Step;
use crate::flow::script::team::Team;

/// Each step has exactly one of these keys.
const KINDS: [&str; 8] = [
    "say", "ask", "set", "when", "wait", "call", "handoff", "rating",
];

impl Loader<'_> {
    /// Reads every step and collects the paths between them.
    pub(crate) fn read_steps(
        &mut self,
        file: &Section<'_>,
        commands: &Commands,
        teams: &BTreeMap<String, Team>,
    ) -> HashMap<String, Step> {
        let mut steps = HashMap::new();
        let mut rating: Option<String> = None;
        let Some(section) = self.reader.section(file, "step") else {
            if !file.has("step") {
                let message = "there are no steps: write at least one, like [step.hello]";
                self.reader.note(&(0..0), message);
            }
            return steps;
        };
        if section.keys().is_empty() {
            let message = "there are no steps: write at least one, like [step.hello]";
            self.reader.note(&section.place, message);
        }
        for key in section.keys() {
            if key.text.trim().is_empty() {
                self.reader
                    .note(&key.place, "a step needs a name, like [step.hello]");
            }
            let Some(body) = self.reader.section(&section, key.text) else {
                continue;
            };
            self.graph.steps.push(StepNode {
                name: key.text.to_owned(),
                place: key.place.clone(),
                waits: body.has("ask") || body.has("handoff"),
            });
            let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| body.has(kind)).collect();
            let step = match kinds[..] {
                ["say"] => self.read_say(&body, key.text),
                ["ask"] => self.read_ask(&body, key.text, commands).map(Step::Ask),
                ["set"] => self.read_set(&body, key.text),
                ["when"] => self.read_when(&body, key.text),
                ["wait"] => self.read_wait(&body, key.text),
                ["call"] => self.read_call(&body, key.text),
                ["rating"] => {
                    if let Some(other) = &rating {
                        let message = format!(
                            "{} asks for a rating, and so does [step.{other}]; keep one",
                            body.name
                        );
                        self.reader.note(&key.place, message);
                    }
                    rating = Some(key.text.to_owned());
                    self.read_rating(&body, key.text)
                }
                ["handoff"] => self.read_handoff(&body, key.text, teams),
                _ => {
                    let message = match kinds[..] {
                        [first, second, ..] => format!(
                            "has both `{first}` and `{second}`; keep one, and put the other into a separate step"
                        ),
                        _ => {
                            let kinds = KINDS.map(|kind| format!("`{kind}`")).join(", ");
                            format!("does nothing; give it one of {kinds}")
                        }
                    };
                    self.reader
                        .note(&key.place, format!("{} {message}", body.name));
                    // Read its paths anyway, so that the steps after it are not reported as unreachable.
                    self.read_then(&body, key.text, true);
                    None
                }
            };
            if let Some(step) = step {
                steps.insert(key.text.to_owned(), step);
            }
        }
        steps
    }
}
