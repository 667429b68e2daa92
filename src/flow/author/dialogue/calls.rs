//! The calls of a dialogue: what the shop answers to them, and which must be made.

use crate::flow::author::dialogue::{
    Difference, Event, Reader, Rehearsal, Replies, Section, Shown, Turn,
};

/// The answer of a shop that gives none.
const FAIL: &str = "fail";

/// The line where it is written, and what the shop answers; nothing where it does not.
pub(crate) type Answer = (usize, Option<String>);

/// Reads `answers`, and the steps that must call.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
) -> (Vec<Answer>, Option<Replies>) {
    let written = reader.texts(section, "answers").unwrap_or_default();
    let answers = written.iter().map(|written| {
        let answer = (written.text != FAIL).then(|| written.text.to_owned());
        (reader.position(&written.place).0, answer)
    });
    let answers = answers.collect();
    let calls = reader.texts(section, "calls").map(|steps| Replies {
        line: reader.position(&section.place_of("calls")).0,
        texts: steps.iter().map(|step| step.text.to_owned()).collect(),
        parts: false,
    });
    (answers, calls)
}

impl Turn {
    /// Answers the calls as long as there are answers. All events, and what is wrong with the answers.
    pub(crate) fn answer(
        &self,
        rehearsal: &mut Rehearsal<'_>,
        mut events: Vec<Event>,
    ) -> (Vec<Event>, Vec<Difference>) {
        let mut differences = Vec::new();
        for (line, answer) in &self.answers {
            if !rehearsal.is_calling() {
                let answer = answer.as_deref().unwrap_or(FAIL).to_owned();
                let what = "no call is there for this answer";
                differences.push(self.differs(*line, what, Shown::Expected(answer)));
                break;
            }
            let (more, read) = rehearsal.answer(answer.as_ref().map(String::as_bytes));
            events.extend(more);
            if let Err(mistake) = read {
                let what = "the flow can't take this answer";
                differences.push(self.differs(*line, what, Shown::Got(mistake)));
            }
        }
        (events, differences)
    }

    pub(crate) fn differs(&self, line: usize, what: &'static str, shown: Shown) -> Difference {
        Difference {
            line,
            when: self.when.clone(),
            what,
            shown: vec![shown],
        }
    }
}
