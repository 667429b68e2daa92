//! Bursts: several short messages in a row are one answer. It is ready once the customer has been quiet for a moment.

use std::time::Duration;

use crate::flow::answer::said::Said;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::commands::Command;
use crate::flow::script::step::{Question, Step};
use crate::flow::turn::state::{FlowStage, State};
use crate::flow::words::fold::fold;

/// A customer who never stops writing gets an answer after this many times `burst`.
const LONGEST: u32 = 20;

/// The age of the unread messages.
#[derive(Debug, Clone, Copy)]
pub struct Quiet {
    /// Of the last message: how long the customer has been quiet.
    pub last: Duration,
    /// Of the first unread message.
    pub first: Duration,
}

/// How many of the unread messages a flow may take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The number of messages, counted from the first.
    pub count: usize,
    /// How long until the rest is ready if no more messages come; `None` if nothing is left.
    pub rest_ready_in: Option<Duration>,
}

impl Script {
    /// How many of the unread messages to give to [`Script::advance`] now: all, once the customer has been quiet for
    /// `burst`; before that, only those up to the last command.
    pub fn ready(&self, state: &State, unread: &[Said], quiet: Quiet) -> Ready {
        let burst = self.timeouts.burst;
        let longest = burst * LONGEST;
        let left = burst
            .saturating_sub(quiet.last)
            .min(longest.saturating_sub(quiet.first));
        let count = if left.is_zero() {
            unread.len()
        } else {
            self.commanded(state, unread)
        };
        Ready {
            count,
            rest_ready_in: (count < unread.len()).then_some(left),
        }
    }

    /// The number of messages up to the last command that counts at this stage.
    fn commanded(&self, state: &State, unread: &[Said]) -> usize {
        let counts = |(place, said): (usize, &Said)| match (&state.stage, self.command(said)) {
            (FlowStage::Asked { step, .. }, None) => self.leads_away(step, said),
            (_, None) => false,
            (FlowStage::Asked { .. }, Some(_)) => true,
            (
                FlowStage::Paused { .. }
                | FlowStage::Calling { .. }
                | FlowStage::HandedOff { .. }
                | FlowStage::Resuming { given: true, .. },
                Some(command),
            ) => command == Command::Leave,
            // The message that opens a conversation is never a command; a later one may end it.
            (_, Some(command)) => command == Command::Leave && place > 0,
        };
        let last = unread.iter().enumerate().rposition(counts);
        last.map_or(0, |place| place + 1)
    }

    /// Whether a message at this question is a word under `[commands.go]`, and none of the question's own.
    fn leads_away(&self, step: &str, said: &Said) -> bool {
        let own = |question: &Question| {
            let word = fold(&said.text);
            question.options.contains_key(&word) || question.labels.contains_key(&word)
        };
        self.commands.go(said).is_some()
            && !matches!(self.steps.get(step), Some(Step::Ask(question)) if own(question))
    }

    /// How many of the unread messages are the next answer; at least one must be unread. A command is not an answer and ends
    /// a burst. So does a message that leads elsewhere (`goes`).
    pub(crate) fn next_answer(
        &self,
        unread: &[Said],
        opening: bool,
        goes: impl Fn(&Said) -> bool,
    ) -> usize {
        if self.timeouts.burst.is_zero() {
            return 1;
        }
        let command = |said: &Said| !opening && (self.command(said).is_some() || goes(said));
        let more = unread.iter().skip(1).take_while(|said| !command(said));
        1 + more.count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Millis;
    use crate::flow::answer::said::SaidKind;
    use crate::flow::turn::advance::Next;
    use crate::flow::words::locale::Locale;

    fn load(source: &str) -> Script {
        Script::load(source, Locale::En).unwrap()
    }

    fn texts(texts: &[&str]) -> Vec<Said> {
        texts.iter().map(|text| Said::text(*text)).collect()
    }

    fn media(kind: SaidKind, text: &str) -> Said {
        Said {
            text: text.to_owned(),
            kind,
        }
    }

    /// At the first question of a flow with this step.
    fn asked(step: &str) -> (Script, State) {
        let script = load(&format!(
            "start = 'a'\n[step.a]\nask = '?'\nsave = 'x'\n{step}\n[step.b]\nsay = 'ok: {{{{ x }}}}'\nend = 'done'"
        ));
        let state = script
            .advance(State::new(None), &texts(&["hi"]), Millis::new(0))
            .state;
        (script, state)
    }

    fn check(step: &str, said: &[Said], saved: Option<&str>) {
        let (script, state) = asked(step);
        let turn = script.advance(state, said, Millis::new(0));
        assert_eq!(turn.consumed, said.len(), "{step}");
        let x = turn.state.variables().get("x").map(String::as_str);
        assert_eq!(x, saved, "{step} {said:?}");
    }

    #[test]
    fn a_burst_is_one_answer_to_every_kind_of_question() {
        let two = texts(&["I broke", "my tooth"]);
        check("next = 'b'", &two, Some("I broke\nmy tooth"));
        check(
            "expect = 'text'\nmin = 12\nnext = 'b'",
            &two,
            Some("I broke\nmy tooth"),
        );
        let cpf = "expect = 'cpf'\nnext = 'b'";
        check(
            cpf,
            &texts(&["hello", "529.982.247-25"]),
            Some("52998224725"),
        );
        check("expect = 'number'\nnext = 'b'", &texts(&["2", "3"]), None);
        check(
            "expect = 'number'\nnext = 'b'",
            &texts(&["hm", "3"]),
            Some("3"),
        );
        let options = "options = { 1 = 'b', 2 = 'b', book = 'b' }";
        check(
            options,
            &texts(&["good morning", "book please"]),
            Some("book"),
        );
        check(options, &texts(&["1", "2"]), None);
    }

    #[test]
    fn among_photos_and_words_a_question_finds_the_kind_it_expects() {
        let photo = || media(SaidKind::Image, "");
        let said = [Said::text("look"), photo(), Said::text("here")];
        let media_step = "expect = 'media'\nkinds = ['image']\nnext = 'b'";
        check(media_step, &said, Some("look\nhere"));
        check(media_step, &[photo(), photo()], Some("[media]"));
        check(media_step, &texts(&["no", "photo"]), None);
        check("expect = 'text'\nnext = 'b'", &said, Some("look\nhere"));
        check("next = 'b'", &said, Some("look\n[media]\nhere"));
        let place = media(SaidKind::Location, "-23.5,-46.6");
        check(
            "expect = 'location'\nnext = 'b'",
            &[Said::text("here"), place.clone()],
            Some("-23.5,-46.6"),
        );
        check(
            "expect = 'text'\nnext = 'b'",
            &[Said::text("here"), place],
            Some("here"),
        );
        check(
            "options = { 1 = 'b' }\nexpect = 'media'\nnext = 'b'",
            &[Said::text("1"), photo()],
            Some("1"),
        );
    }

    #[test]
    fn a_command_in_a_burst_is_a_command_in_its_place() {
        let (script, state) = asked("next = 'b'");
        let said = texts(&["one", "two", "leave", "three"]);
        let turn = script.advance(state.clone(), &said, Millis::new(0));
        // The answer before it ends the conversation, and the next one begins with the rest.
        assert_eq!(turn.consumed, 2);
        assert_eq!(turn.replies, ["ok: one\ntwo"]);
        let said = texts(&["queue", "one", "two"]);
        let turn = script.advance(state, &said, Millis::new(0));
        assert_eq!((turn.consumed, turn.replies.len()), (3, 2));
        assert_eq!(turn.replies[1], "ok: one\ntwo");
        // Also in the burst that opens a conversation, except for its first message.
        let said = texts(&["leave", "hi", "leave", "more"]);
        let turn = script.advance(State::new(None), &said, Millis::new(0));
        assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "left"));
        assert_eq!(turn.consumed, 3);
    }

    #[test]
    fn the_flow_waits_for_quiet_but_not_forever_and_a_command_never_waits() {
        let (script, state) = asked("next = 'b'");
        let ms = Duration::from_millis;
        let ready = |said: &[&str], state: &State, last: u64, first: u64| {
            let quiet = Quiet {
                last: ms(last),
                first: ms(first),
            };
            let ready = script.ready(state, &texts(said), quiet);
            (ready.count, ready.rest_ready_in)
        };
        let two = ["one", "two"];
        assert_eq!(ready(&two, &state, 0, 400), (0, Some(ms(1_500))));
        assert_eq!(ready(&two, &state, 1_400, 5_000), (0, Some(ms(100))));
        assert_eq!(ready(&two, &state, 1_500, 5_000), (2, None));
        assert_eq!(ready(&two, &state, 0, 29_900), (0, Some(ms(100))));
        assert_eq!(ready(&two, &state, 0, 30_000), (2, None));
        assert_eq!(ready(&[], &state, 0, 0), (0, None));
        assert_eq!(ready(&["one", "leave"], &state, 0, 9), (2, None));
        assert_eq!(ready(&["queue", "one"], &state, 0, 9), (1, Some(ms(1_500))));
        let fresh = State::new(None);
        assert_eq!(ready(&["leave"], &fresh, 0, 0), (0, Some(ms(1_500))));
        assert_eq!(ready(&["hi", "leave"], &fresh, 0, 0), (2, None));
        assert_eq!(ready(&["hi", "queue"], &fresh, 0, 0), (0, Some(ms(1_500))));
    }

    #[test]
    fn without_a_burst_each_message_is_an_answer_at_once() {
        let script = load(
            "start = 'a'\n[timeouts]\nburst = '0s'\n[step.a]\nask = ''\nsave = 'x'\nnext = 'b'\n\
             [step.b]\nsay = '{{ x }}'\nnext = 'a'",
        );
        let said = texts(&["hi", "leave", "one"]);
        let quiet = Quiet {
            last: Duration::ZERO,
            first: Duration::ZERO,
        };
        assert_eq!(script.ready(&State::new(None), &said, quiet).count, 3);
        let turn = script.advance(State::new(None), &said, Millis::new(0));
        assert_eq!(turn.replies, ["hi", "leave", "one"]);
    }

    proptest! {
        /// However messages fall into bursts, with or without commands, all are used in order.
        #[test]
        fn no_message_is_dropped_however_they_are_split(
            bursts in proptest::collection::vec(proptest::collection::vec("[a-z]{1,6}|queue", 1..5), 1..8),
            ready in proptest::collection::vec(any::<bool>(), 8),
        ) {
            let script = load(
                "start = 'a'\n[texts]\nattending = '+queue'\n[step.a]\nask = ''\nnext = 'b'\n\
                 [step.b]\nask = '+{{ answer }}'\nnext = 'b'",
            );
            let mut state = State::new(None);
            let mut unread: Vec<Said> = Vec::new();
            let mut replies = Vec::new();
            let last = bursts.len() - 1;
            for (n, burst) in bursts.iter().enumerate() {
                unread.extend(burst.iter().map(|word| Said::text(word.as_str())));
                // Quiet for long enough or not yet: what is not ready stays and comes with the next.
                let quiet = if ready[n] || n == last { 1_500 } else { 100 };
                let quiet = Quiet { last: Duration::from_millis(quiet), first: Duration::from_millis(quiet) };
                loop {
                    let ready = script.ready(&state, &unread, quiet);
                    if ready.count == 0 {
                        break;
                    }
                    let turn = script.advance(state, &unread[..ready.count], Millis::new(0));
                    prop_assert_eq!(turn.fault, None);
                    prop_assert_eq!(turn.consumed, ready.count);
                    unread.drain(..turn.consumed);
                    state = turn.state;
                    replies.extend(turn.replies);
                }
            }
            prop_assert!(unread.is_empty());
            let replies: Vec<&str> = replies.iter().flat_map(|reply| reply.text.split(['+', '\n'])).filter(|word| !word.is_empty()).collect();
            let said: Vec<&str> = bursts.iter().flatten().map(String::as_str).collect();
            prop_assert_eq!(replies, said);
        }
    }
}
