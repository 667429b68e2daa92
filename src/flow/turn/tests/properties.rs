//! With any saved state and any messages, a flow never panics and always answers.

use std::time::Duration;

use proptest::prelude::*;

use crate::flow::turn::state::FlowStage;
use crate::flow::turn::tests::*;

/// Any JSON that reads as a state: of this flow, of another one, or of none.
fn any_state() -> impl Strategy<Value = State> {
    let step = || "hello|rating|menu|cpf|item|quantity|pause|price|start|say|\\PC{0,8}";
    let stage = prop_oneof![
        Just(serde_json::json!({ "at": "fresh" })),
        (step(), any::<u32>())
            .prop_map(|(step, attempts)| serde_json::json!({ "at": "asked", "step": step, "attempts": attempts })),
        (step(), Just(u32::MAX))
            .prop_map(|(step, attempts)| serde_json::json!({ "at": "asked", "step": step, "attempts": attempts })),
        (step(), any::<bool>())
            .prop_map(|(step, given)| serde_json::json!({ "at": "resuming", "step": step, "given": given })),
        (step(), any::<i64>(), any::<bool>())
            .prop_map(|(step, until, opening)| serde_json::json!({ "at": "paused", "step": step, "until": until, "opening": opening })),
        step().prop_map(|step| serde_json::json!({ "at": "closed", "step": step })),
    ];
    let variables =
        proptest::collection::btree_map("name|opening|cpf|\\PC{0,8}", "\\PC{0,30}", 0..4);
    let trail = proptest::collection::vec(step(), 0..4);
    (stage, variables, "\\PC{0,20}", any::<bool>(), any::<i64>(), trail).prop_map(
        |(stage, variables, answer, reminded, quiet_since, trail)| {
            let state = serde_json::json!({
                "v": 1, "stage": stage, "variables": variables, "answer": answer, "reminded": reminded,
                "quiet_since": quiet_since, "trail": trail, "known": { "x": answer, "n": 1 },
                "last": { "at": quiet_since, "outcome": answer },
            });
            serde_json::from_value(state).unwrap()
        },
    )
}

proptest! {
    #[test]
    fn reading_a_state_never_panics(text in "\\PC{0,60}", cut in 0usize..200) {
        let _ = serde_json::from_str::<State>(&text);
        let sound = serde_json::to_string(&State::new(Some(&text))).unwrap();
        let torn: String = sound.chars().take(cut).collect();
        let read = serde_json::from_str::<State>(&torn);
        prop_assert_eq!(read.is_ok(), torn == sound);
    }

    #[test]
    fn no_saved_state_breaks_a_flow(
        state in any_state(),
        words in proptest::collection::vec("[1-3]|sair|fila|menu|voltar|[\\s\\S]{0,20}", 0..4),
        now in any::<i64>().prop_map(Millis::new),
        returns in 0..3,
    ) {
        for source in [CLINIC, SHOP, VISIT, TICKETS, INTERNET, ECHO] {
            let script = load(source);
            let state = match returns {
                0 => state.clone().resume(Some("Ana")),
                1 => state.clone().given_back(),
                _ => state.clone(),
            };
            let unread: Vec<Said> = words.iter().map(|words| said(words)).collect();
            let turn = script.advance(state.clone(), &unread, now);
            prop_assert!(turn.consumed <= unread.len());
            // Every turn sends a reply, or waits for the customer.
            let answered = !turn.replies.is_empty() || matches!(turn.next, Next::Wait { .. });
            prop_assert!(answered, "{:?}", turn);
            let turn = script.give_up(state);
            prop_assert_eq!(turn.replies.len(), 1);
            let trouble = matches!(&turn.next, Next::Close { outcome, resumable: false, .. } if outcome == "trouble");
            prop_assert!(trouble, "{:?}", turn);
        }
    }

    #[test]
    fn no_words_break_a_flow(
        turns in proptest::collection::vec(proptest::collection::vec("[1-3]|yes|no|fila|menu|voltar|\\PC{0,20}", 0..4), 1..12),
        minutes in 0u64..20,
    ) {
        for source in [CLINIC, SHOP, VISIT, TICKETS, INTERNET, ECHO] {
            let script = load(source);
            let mut state = State::new(None);
            for (n, words) in turns.iter().enumerate() {
                let unread: Vec<Said> = words.iter().map(|words| said(words)).collect();
                let now = after(minutes * n as u64);
                let turn = script.advance(state.clone(), &unread, now);
                let again = script.advance(state, &unread, now);
                prop_assert_eq!(&turn, &again);
                prop_assert!(turn.consumed <= unread.len());
                prop_assert_eq!(&turn.fault, &None);
                match turn.next {
                    Next::Wait { wake_at } => {
                        prop_assert!(wake_at > now);
                        let pauses = matches!(turn.state.stage, FlowStage::Paused { .. });
                        prop_assert!(pauses || turn.consumed == unread.len());
                    }
                    Next::Call => panic!("none of these flows calls"),
                    Next::HandOff { .. } => {}
                    // This conversation used some message, so it can't open and close forever.
                    Next::Close { .. } => {
                        prop_assert!(turn.consumed > 0 || unread.is_empty() || source == TICKETS);
                    }
                }
                state = turn.state.resume(None);
            }
        }
    }
}

/// Every example, with its dialogues.
const EXAMPLES: [(&str, &str); 10] = [
    (
        INTERNET,
        include_str!("../../../../examples/flows/internet.test.toml"),
    ),
    (
        CLINIC,
        include_str!("../../../../examples/flows/clinic.test.toml"),
    ),
    (
        SHOP,
        include_str!("../../../../examples/flows/shop.test.toml"),
    ),
    (
        VISIT,
        include_str!("../../../../examples/flows/visit.test.toml"),
    ),
    (
        TICKETS,
        include_str!("../../../../examples/flows/tickets.test.toml"),
    ),
    (ECHO, ""),
    (
        include_str!("../../../../examples/flows/bakery.toml"),
        include_str!("../../../../examples/flows/bakery.test.toml"),
    ),
    (
        include_str!("../../../../examples/flows/bot.toml"),
        include_str!("../../../../examples/flows/bot.test.toml"),
    ),
    (
        include_str!("../../../../examples/flows/menu.toml"),
        include_str!("../../../../examples/flows/menu.test.toml"),
    ),
    (
        include_str!("../../../../examples/flows/reception.toml"),
        include_str!("../../../../examples/flows/reception.test.toml"),
    ),
];

/// The text after a typing mistake at this place.
fn slip(text: &str, place: usize, length: usize, written: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let from = place.min(letters.len());
    let to = (from + length).min(letters.len());
    let (before, after) = (&letters[..from], &letters[to..]);
    let written: Vec<char> = written.chars().collect();
    [before, &written, after].concat().into_iter().collect()
}

fn are_clear(source: &str, mistakes: &[crate::flow::Mistake]) -> bool {
    let lines = source.matches('\n').count() + 1;
    !mistakes.is_empty()
        && mistakes
            .iter()
            .all(|one| (1..=lines).contains(&one.line) && one.column > 0 && one.message.len() > 10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_slip_in_a_file_breaks_a_tool(
        example in 0..EXAMPLES.len(),
        slips in proptest::collection::vec(
            (0usize..4_000, 0usize..12, "|[\"'\\[\\]{}=,.#]|[0-9]{1,20}[smhd]?|\\{\\{|\\}\\}|\\PC{1,3}|\n|-|closed|end|next"), 1..4,
        ),
        in_dialogues in any::<bool>(),
    ) {
        let (flow, dialogues) = EXAMPLES[example];
        let spoil = |text: &str| {
            slips.iter().fold(text.to_owned(), |text, (place, length, written)| {
                slip(&text, place % (text.chars().count() + 1), *length, written)
            })
        };
        let flow = if in_dialogues { flow.to_owned() } else { spoil(flow) };
        let dialogues = if in_dialogues { spoil(dialogues) } else { dialogues.to_owned() };
        let script = match Script::load(&flow, Locale::En) {
            Ok(script) => script,
            Err(mistakes) => {
                prop_assert!(are_clear(&flow, &mistakes), "{mistakes:?}");
                return Ok(());
            }
        };
        prop_assert!(!script.outline().steps.is_empty());
        script.warnings(&flow);
        match crate::flow::Dialogue::load(&dialogues) {
            Ok(dialogues) => dialogues.iter().for_each(|one| drop(one.play(&script))),
            Err(mistakes) => prop_assert!(are_clear(&dialogues, &mistakes), "{mistakes:?}"),
        }
        let mut rehearsal = crate::flow::Rehearsal::new(&script, Some("Ana"), after(0));
        for words in ["oi", "1", "fila", "2026-12-25", "sair"] {
            rehearsal.say([said(words), said(words)]);
            let _ = rehearsal.answer(Some(br#"{"say":"x","set":{"a":1}}"#));
            rehearsal.wait(Duration::from_secs(400));
            rehearsal.phone("x");
            rehearsal.wait(Duration::from_secs(4_000));
        }
    }
}
