//! Hands a customer to a person at a `handoff`, and continues if nobody comes.

use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::step::{HandOff, Step};
use crate::flow::turn::advance::{Fault, Next};
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn};
use crate::flow::turn::state::{FlowStage, State};

/// A note is read on a phone: at most this many characters, and this many of each saved value.
const NOTE_MAX: usize = 1000;
const VALUE_SHOWN_MAX: usize = 200;

impl<'s> FlowTurn<'s> {
    /// Says that a person will come, and waits for that person. While their team is closed, says when they are back.
    pub(crate) fn hand_off(
        &mut self,
        name: &'s str,
        step: &'s HandOff,
    ) -> Result<At<'s>, BrokenStep> {
        let opens = self.script.team_opens(&step.team, self.now);
        match &opens {
            Some(opens) => self.state.save("opens", opens),
            None => self.state.forget("opens"),
        }
        for text in &step.texts {
            self.say(name, text)?;
        }
        if let Some(opens) = &opens
            && !self.replies.iter().any(|reply| reply.text.contains(opens))
        {
            self.say_built_in(TextKey::PersonClosed);
        }
        Ok(self.wait_for_person(name, step))
    }

    fn wait_for_person(&mut self, name: &str, step: &HandOff) -> At<'s> {
        self.state.stage = FlowStage::HandedOff {
            step: name.to_owned(),
            note: self.note(name, step),
        };
        At::Done(Next::HandOff {
            within: step.nobody.as_ref().map(|(time, _)| *time),
            team: step.team.clone(),
            urgent: step.urgent,
        })
    }

    /// What the person should know. If the flow's own note fails, the person still reads what was saved.
    fn note(&mut self, name: &str, step: &HandOff) -> String {
        let written = step.note.as_ref().map(|note| {
            let rendered = self.script.templates.render(note, self.words());
            let failed = |why| format!("step `{name}`: the note failed: {why}");
            rendered.map_err(|error| Fault::of_template(&error).map(failed))
        });
        let note = match written {
            Some(Ok(note)) => note.trim().to_owned(),
            Some(Err(fault)) => {
                self.faults.push(fault);
                saved(&self.state)
            }
            None => saved(&self.state),
        };
        cut_to(&note, NOTE_MAX)
    }

    /// Nobody came: continues without a person. Messages written meanwhile were for that person and are not an answer, but
    /// the customer can leave.
    pub(crate) fn nobody_came(&mut self, step: &str) -> At<'s> {
        let script = self.script;
        if let Some(left) = self.leave(step, 0) {
            return left;
        }
        match script.steps.get(step) {
            // The flow file changed meanwhile, and the step now waits without a limit.
            Some(Step::HandOff(handoff)) if handoff.nobody.is_none() => {
                self.wait_for_person(step, handoff)
            }
            Some(Step::HandOff(handoff)) => {
                self.opening = true;
                let otherwise = handoff.nobody.as_ref().map(|(_, step)| step.as_str());
                At::Enter(otherwise.unwrap_or(&script.start))
            }
            _ => {
                self.opening = true;
                At::Enter(self.find(step))
            }
        }
    }
}

/// What the flow has saved, a line for each.
fn saved(state: &State) -> String {
    let lines = state
        .saved()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| {
            let words: Vec<&str> = value.split_whitespace().collect();
            format!(
                "{}: {}",
                name.replace('_', " "),
                cut_to(&words.join(" "), VALUE_SHOWN_MAX)
            )
        });
    lines.collect::<Vec<_>>().join("\n")
}

fn cut_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
