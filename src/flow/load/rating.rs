//! Reads `rating`: a question that is asked as the conversation closes.

use crate::flow::load::check::StepPath;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::built_in_texts::RATING_VARIABLES;
use crate::flow::script::step::{RatingQuestion, Step, Then};
use crate::flow::script::templates::TextId;

const RATING_KEYS: [&str; 3] = ["rating", "thanks", "end"];
const OUTCOME: &str = "done";

impl Loader<'_> {
    /// Reads `rating = "How was it? 1 to 5"`, and what follows the answer.
    pub(crate) fn read_rating(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &RATING_KEYS);
        // People who close a conversation ask it too, so no step needs to lead here.
        self.graph.entries.push(StepPath {
            from: String::new(),
            to: step.to_owned(),
            by: body.name.clone(),
            place: body.place.clone(),
        });
        let outcome = match self.read_then(body, step, true) {
            Some(Then::End(outcome)) => outcome,
            Some(Then::Next(_)) | None => OUTCOME.to_owned(),
        };
        let thanks = self.reader.text(body, "thanks").map(|thanks| {
            let id = TextId::of_step(step, "thanks");
            self.compile(
                id.clone(),
                &thanks,
                Some(RATING_VARIABLES),
                &body.name,
                "thanks",
            );
            id
        });
        let text = TextId::of_step(step, "rating");
        let written = self.reader.text(body, "rating")?;
        self.compile(text.clone(), &written, None, &body.name, "rating");
        Some(Step::Rating(RatingQuestion {
            text,
            thanks,
            outcome,
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::script::checked_flow::Script;
    use crate::flow::words::locale::Locale;

    #[test]
    fn every_mistake_about_a_rating_is_reported() {
        for (steps, line, part) in [
            ("rating = ' '", 5, "`rating` in [step.b] is empty"),
            ("rating = 5", 5, "must be a text in quotes"),
            (
                "rating = '?'\nnext = 'a'",
                6,
                "unknown key `next` in [step.b]; known here: rating, thanks, end",
            ),
            ("rating = '?'\nthank = 'x'", 6, "did you mean `thanks`?"),
            (
                "rating = '?'\nthanks = '{{ name }}'",
                6,
                "nothing is saved as `name`; known here: rating",
            ),
            ("rating = '?'\nend = ' '", 6, "`end` in [step.b] is empty"),
            (
                "rating = '?'\n[step.c]\nrating = '?'",
                6,
                "[step.c] asks for a rating, and so does [step.b]; keep one",
            ),
            ("rating = '{{ plan }}'", 5, "nothing is saved as `plan`"),
            ("rating = '?'\nask = 'x'", 4, "has both `ask` and `rating`"),
        ] {
            let source = format!("start = 'a'\n[step.a]\nhandoff = 'x'\n[step.b]\n{steps}");
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            assert!(
                mistakes
                    .iter()
                    .any(|one| one.line == line && one.message.contains(part)),
                "{source}\n{mistakes:#?}"
            );
        }
        let source = "start = 'a'\n[step.a]\nhandoff = 'x'\n[step.b]\nrating = '?'";
        let script = Script::load(source, Locale::En).unwrap();
        let outline = script.outline();
        let steps: Vec<&str> = outline
            .steps
            .iter()
            .map(|step| step.name.as_str())
            .collect();
        assert_eq!(steps, ["a", "b"]);
        assert_eq!(outline.steps[1].paths[0].label, "asks for a rating");
        assert_eq!(script.warnings(source), []);
    }
}
