//! Whatever was saved and whatever is said: a flow never panics, and stays a flow.

use proptest::prelude::*;

use super::*;
use crate::flow::state::Stage;

/// Any JSON that reads as a state: of this flow, of another, or of nobody's.
fn any_state() -> impl Strategy<Value = State> {
    let step = || "hello|menu|cpf|item|quantity|pause|price|start|say|\\PC{0,8}";
    let stage = prop_oneof![
        Just(serde_json::json!({ "at": "fresh" })),
        (step(), any::<u32>())
            .prop_map(|(step, attempts)| serde_json::json!({ "at": "asked", "step": step, "attempts": attempts })),
        (step(), Just(u32::MAX))
            .prop_map(|(step, attempts)| serde_json::json!({ "at": "asked", "step": step, "attempts": attempts })),
        step().prop_map(|step| serde_json::json!({ "at": "resuming", "step": step })),
        (step(), any::<u64>(), any::<bool>())
            .prop_map(|(step, until, opening)| serde_json::json!({ "at": "paused", "step": step, "until": until, "opening": opening })),
        step().prop_map(|step| serde_json::json!({ "at": "closed", "step": step })),
    ];
    let variables =
        proptest::collection::btree_map("name|opening|cpf|\\PC{0,8}", "\\PC{0,30}", 0..4);
    (stage, variables, "\\PC{0,20}", any::<bool>(), any::<u64>()).prop_map(
        |(stage, variables, answer, reminded, quiet_since)| {
            let state = serde_json::json!({
                "v": 1, "stage": stage, "variables": variables, "answer": answer, "reminded": reminded,
                "quiet_since": quiet_since,
            });
            serde_json::from_value(state).unwrap()
        },
    )
}

proptest! {
    #[test]
    fn no_text_panics_where_a_state_is_read(text in "\\PC{0,60}", cut in 0usize..200) {
        let _ = serde_json::from_str::<State>(&text);
        let sound = serde_json::to_string(&State::new(Some(&text))).unwrap();
        let torn: String = sound.chars().take(cut).collect();
        let read = serde_json::from_str::<State>(&torn);
        prop_assert_eq!(read.is_ok(), torn == sound);
    }

    #[test]
    fn no_saved_state_breaks_a_flow(
        state in any_state(),
        words in proptest::collection::vec("[1-3]|sair|fila|[\\s\\S]{0,20}", 0..4),
        now in any::<u64>(),
        back in any::<bool>(),
    ) {
        for source in [CLINIC, SHOP, VISIT, TICKETS, ECHO] {
            let script = load(source);
            let state = if back { state.clone().resume(Some("Ana")) } else { state.clone() };
            let unread: Vec<Said> = words.iter().map(|words| said(words)).collect();
            let turn = script.advance(state.clone(), &unread, now);
            prop_assert!(turn.consumed <= unread.len());
            // Whoever wrote something gets an answer, or is listened to.
            let answered = !turn.replies.is_empty() || matches!(turn.next, Next::Wait { .. });
            prop_assert!(answered, "{:?}", turn);
            let turn = script.give_up(state);
            prop_assert_eq!(turn.replies.len(), 1);
            let trouble = matches!(&turn.next, Next::Close { outcome, resumable: false } if outcome == "trouble");
            prop_assert!(trouble, "{:?}", turn);
        }
    }

    #[test]
    fn no_words_break_a_flow(
        turns in proptest::collection::vec(proptest::collection::vec("[1-3]|yes|no|fila|\\PC{0,20}", 0..4), 1..12),
        minutes in 0u64..20,
    ) {
        for source in [CLINIC, SHOP, VISIT, TICKETS, ECHO] {
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
                        let pauses = matches!(turn.state.stage, Stage::Paused { .. });
                        prop_assert!(pauses || turn.consumed == unread.len());
                    }
                    Next::Call => unreachable!("none of these flows calls"),
                    Next::HandOff { .. } => {}
                    // Whatever opens the next conversation, this one used something up.
                    Next::Close { .. } => {
                        prop_assert!(turn.consumed > 0 || unread.is_empty() || source == TICKETS);
                    }
                }
                state = turn.state.resume(None);
            }
        }
    }
}
