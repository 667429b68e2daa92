//! The step that hands a customer to a person: what it says, how long it waits, and what follows when nobody comes.

use std::collections::HashMap;
use std::time::Duration;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::definition::{Command, HandOff, Said, Step};
use crate::flow::script::text_key::TextKey;
use crate::flow::script::texts::TextId;
use crate::flow::turn::engine::{At, Broken, Next, Turn};
use crate::flow::turn::state::Stage;

const HANDOFF_KEYS: [&str; 3] = ["handoff", "within", "otherwise"];

impl Loader<'_> {
    /// Reads `handoff = "I'll call somebody."`, and `within` with `otherwise`.
    pub(crate) fn read_handoff(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &HANDOFF_KEYS);
        let otherwise = self.reader.text(body, "otherwise");
        if let Some(otherwise) = &otherwise {
            self.way(step, otherwise, format!("`otherwise` in {}", body.name));
        }
        let within = self.reader.duration(body, "within");
        if let Some((time, place)) = &within {
            self.note_zero("within", *time, place);
        }
        for (one, other, like) in [
            ("within", "otherwise", "otherwise = \"a_step\""),
            ("otherwise", "within", "within = \"2h\""),
        ] {
            if body.has(one) && !body.has(other) {
                let message = format!(
                    "`{one}` in {} needs `{other}`: where the flow goes on, and after what time, when nobody came; add {like}",
                    body.name
                );
                self.reader.note(&body.place_of(one), message);
            }
        }
        let written = self.reader.texts(body, "handoff")?;
        if written.is_empty() {
            let message = format!("`handoff` in {} is empty; write what to say", body.name);
            self.reader.note(&body.place_of("handoff"), message);
        }
        let mut texts = Vec::new();
        for (number, text) in written.iter().enumerate() {
            let id = TextId::of_step(step, &format!("handoff.{}", number + 1));
            self.compile(id.clone(), text, None, &body.name, "handoff");
            texts.push(id);
        }
        Some(Step::HandOff(HandOff {
            texts,
            nobody: within
                .zip(otherwise)
                .map(|((time, _), to)| (time, to.text.to_owned())),
        }))
    }
}

impl Loader<'_> {
    /// Whoever waits for a person is answered from the owner's phone: the bot must step aside then.
    pub(crate) fn check_handoffs(
        &mut self,
        file: &Section<'_>,
        steps: &HashMap<String, Step>,
        phone_quiet: Duration,
    ) {
        let hands_off = steps.values().any(|step| matches!(step, Step::HandOff(_)));
        if hands_off
            && phone_quiet.is_zero()
            && let Some(timeouts) = self.reader.section(file, "timeouts")
        {
            let message = "`phone_quiet` is 0s, and a step with `handoff` needs a person who answers from the phone; write a time, like \"30m\"";
            self.reader.note(&timeouts.place_of("phone_quiet"), message);
        }
    }
}

impl<'s> Turn<'s> {
    /// Says that a person will come, and leaves the customer to that.
    pub(crate) fn hand_off(&mut self, name: &'s str, step: &'s HandOff) -> Result<At<'s>, Broken> {
        for text in &step.texts {
            self.say(name, text)?;
        }
        Ok(self.wait_for_person(name, step))
    }

    fn wait_for_person(&mut self, name: &str, step: &HandOff) -> At<'s> {
        self.state.stage = Stage::HandedOff {
            step: name.to_owned(),
        };
        At::Done(Next::HandOff {
            within: step.nobody.as_ref().map(|(time, _)| *time),
        })
    }

    /// Nobody came: goes on without a person. What was written meanwhile was for that person and answers no question, but
    /// the customer can leave.
    pub(crate) fn nobody_came(&mut self, step: &str) -> At<'s> {
        let script = self.script;
        let leaves = |said: &Said| script.command(said) == Some(Command::Leave);
        if let Some(place) = self.unread.iter().position(leaves) {
            self.used = place + 1;
            self.say_built_in(TextKey::Left);
            return self.close(step, "left");
        }
        match script.steps.get(step) {
            // The file was changed meanwhile, and waits for as long as it takes.
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
