//! Plays a dialogue against its flow, up to the first difference.

use crate::clock::Millis;
use crate::flow::author::dialogue::difference::{Difference, Shown, compare_texts};
use crate::flow::author::dialogue::{
    Dialogue, DialogueMove, DialogueTurn, ExpectedState, FAIL, ShopAnswer,
};
use crate::flow::author::rehearsal::{Rehearsal, RehearsalEvent};
use crate::flow::script::checked_flow::Script;

/// Takes the place of an outcome while the customer waits for a person.
const HANDED_OFF: &str = "handoff";

/// When a dialogue begins by default: 2026-01-05T09:00:00Z, a Monday. It is fixed, so that every run is the same.
const BEGIN: Millis = Millis::new(1_767_603_600_000);

impl Dialogue {
    /// Plays it up to the first turn with a difference.
    pub fn play(&self, script: &Script) -> Vec<Difference> {
        let begin = self.at.and_then(|at| script.moment(at)).unwrap_or(BEGIN);
        let mut rehearsal = Rehearsal::new(script, self.customer.as_deref(), begin);
        let mut closed = None;
        for turn in &self.turns {
            let events = match &turn.does {
                DialogueMove::Says(said) => rehearsal.say(said.iter().cloned()),
                DialogueMove::Waits(time) => rehearsal.wait(*time),
                DialogueMove::Phone(text) => rehearsal.phone(text),
                DialogueMove::Nothing => Vec::new(),
            };
            let (events, mut differences) = turn.answer(&mut rehearsal, events);
            if rehearsal.step().is_some() || rehearsal.is_with_phone() {
                closed = None;
            }
            let (mut replies, mut calls) = (Vec::new(), Vec::new());
            for event in events {
                match event {
                    RehearsalEvent::Reply(text) => replies.push(text),
                    RehearsalEvent::Called { step, .. } => calls.push(step),
                    RehearsalEvent::HandedOff { .. }
                    | RehearsalEvent::Rated(_)
                    | RehearsalEvent::Phone => {}
                    RehearsalEvent::Closed { outcome, .. } => closed = Some(outcome),
                    RehearsalEvent::Fault(fault) => differences.push(Difference {
                        line: turn.line,
                        when: turn.when.clone(),
                        what: "the flow failed",
                        shown: vec![Shown::Got(fault)],
                    }),
                }
            }
            if let Some(expected) = &turn.replies {
                let what = "the replies differ";
                differences.extend(compare_texts(expected, &replies, &turn.when, what));
            }
            if let Some(expected) = &turn.calls {
                let what = "the calls differ";
                differences.extend(compare_texts(expected, &calls, &turn.when, what));
            }
            let now = AfterTurn {
                rehearsal: &rehearsal,
                outcome: closed.as_deref(),
            };
            differences.extend(now.compare(&turn.then, &turn.when));
            if !differences.is_empty() && rehearsal.is_calling() {
                let step = rehearsal.step().unwrap_or_default();
                differences.push(turn.differs(
                    turn.line,
                    "a call still waits for its answer; give the turn one more in `answers`",
                    Shown::Got(format!("(waits at step {step})")),
                ));
            }
            if !differences.is_empty() {
                return differences;
            }
        }
        let now = AfterTurn {
            rehearsal: &rehearsal,
            outcome: closed.as_deref(),
        };
        now.compare(&self.last, "at the end")
    }
}

impl DialogueTurn {
    /// Gives the answers to the calls, in order. Returns all events, and the mistakes in the answers.
    fn answer(
        &self,
        rehearsal: &mut Rehearsal<'_>,
        mut events: Vec<RehearsalEvent>,
    ) -> (Vec<RehearsalEvent>, Vec<Difference>) {
        let mut differences = Vec::new();
        for ShopAnswer { line, body } in &self.answers {
            if !rehearsal.is_calling() {
                let answer = body.as_deref().unwrap_or(FAIL).to_owned();
                let what = "no call waits for this answer";
                differences.push(self.differs(*line, what, Shown::Expected(answer)));
                break;
            }
            let (more, read) = rehearsal.answer(body.as_ref().map(String::as_bytes));
            events.extend(more);
            if let Err(mistake) = read {
                let what = "the flow can't use this answer";
                differences.push(self.differs(*line, what, Shown::Got(mistake)));
            }
        }
        (events, differences)
    }

    fn differs(&self, line: usize, what: &'static str, shown: Shown) -> Difference {
        Difference {
            line,
            when: self.when.clone(),
            what,
            shown: vec![shown],
        }
    }
}

/// The conversation after a turn.
struct AfterTurn<'r> {
    rehearsal: &'r Rehearsal<'r>,
    /// The outcome of the last conversation, if none is open now.
    outcome: Option<&'r str>,
}

impl AfterTurn<'_> {
    fn compare(&self, expected: &ExpectedState, when: &str) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut note = |line: usize, what: &'static str, expected: String, got: String| {
            if expected != got {
                differences.push(Difference {
                    line,
                    when: when.to_owned(),
                    what,
                    shown: vec![Shown::Expected(expected), Shown::Got(got)],
                });
            }
        };
        let open = match self.rehearsal.step() {
            Some(_) if self.rehearsal.waits_for_person() => HANDED_OFF.to_owned(),
            Some(step) => format!("(open, at step {step})"),
            None if self.rehearsal.is_with_phone() => "(the owner answers)".to_owned(),
            None => "(no conversation is open)".to_owned(),
        };
        if let Some((line, outcome)) = &expected.outcome {
            let got = self.outcome.map_or_else(|| open.clone(), str::to_owned);
            note(*line, "the outcome differs", outcome.clone(), got);
        }
        if let Some((line, step)) = &expected.step {
            let got = match (self.rehearsal.step(), self.outcome) {
                (Some(step), _) => step.to_owned(),
                (None, Some(outcome)) => format!("(closed: {outcome})"),
                (None, None) => open.clone(),
            };
            note(*line, "the step differs", step.clone(), got);
        }
        if let Some((line, written)) = &expected.note {
            let got = self
                .rehearsal
                .note()
                .map_or_else(|| open.clone(), str::to_owned);
            note(
                *line,
                "the note for the person differs",
                written.clone(),
                got,
            );
        }
        if let Some((line, written)) = &expected.team {
            let got = self.rehearsal.team().map(str::to_owned);
            let got = got.unwrap_or_else(|| open.clone());
            note(*line, "the team differs", written.clone(), got);
        }
        if let Some((line, written)) = &expected.priority {
            let got = match (self.rehearsal.team(), self.rehearsal.is_urgent()) {
                (None, _) => open.clone(),
                (Some(_), true) => "urgent".to_owned(),
                (Some(_), false) => "normal".to_owned(),
            };
            note(*line, "the priority differs", written.clone(), got);
        }
        for (line, name, value) in &expected.saved {
            let got = match self.rehearsal.variables().get(name) {
                Some(got) => format!("{name} = {got}"),
                None => format!("(nothing is saved as {name})"),
            };
            note(
                *line,
                "the saved values differ",
                format!("{name} = {value}"),
                got,
            );
        }
        differences
    }
}
