//! Conversations that begin outside opening hours: they start at the `closed` step of `hours`.

use crate::clock::Millis;
use crate::flow::script::checked_flow::Script;
use crate::flow::turn::state::{FlowStage, State};

impl Script {
    /// Prepares the first step of a conversation. If it was opened outside opening hours, and they have not begun since, it
    /// starts at the `closed` step of `hours`. Customers who were in line before closing time are still served.
    pub fn with_opening_hours(&self, mut state: State, opened_at: Millis, now: Millis) -> State {
        let begins = matches!(
            state.stage,
            FlowStage::Fresh | FlowStage::Closed { .. } | FlowStage::Resuming { given: false, .. }
        );
        let since = self.closed_since(now).filter(|_| begins);
        state.closed = since.is_some_and(|since| opened_at >= since);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::answer::said::Said;
    use crate::flow::words::locale::Locale;

    const SHOP: &str = r#"
        locale = "pt-BR"
        timezone = "America/Sao_Paulo"
        start = "hello"
        [hours]
        mon-fri = ["09:00-12:00", "13:00-18:00"]
        sab = "09:00-13:00"
        closed = "closed"
        [hours.exceptions]
        "2026-12-24" = "09:00-12:00"
        "12-25" = "closed"
        [step.hello]
        ask = "hello"
        save = "said"
        end = "done"
        [step.closed]
        say = "we open {{ opens }}"
        end = "closed"
    "#;

    fn load(source: &str) -> Script {
        Script::load(source, Locale::En).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    fn at(script: &Script, text: &str) -> Millis {
        script.moment(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn outside_hours_customers_learn_when_we_open_and_those_already_in_line_are_served() {
        let script = load(SHOP);
        let replies = |opened: &str, now: &str| {
            let (opened, now) = (at(&script, opened), at(&script, now));
            let state = script.with_opening_hours(State::new(None), opened, now);
            let replies = script.advance(state, &[Said::text("oi")], now).replies;
            replies
                .into_iter()
                .map(|reply| reply.text)
                .collect::<Vec<_>>()
        };
        for (now, opens) in [
            ("2026-11-23T08:00:00", "hoje às 9h"),
            ("2026-11-23T12:30:00", "hoje às 13h"),
            ("2026-11-23T20:00:00", "amanhã às 9h"),
            ("2026-11-21T20:00:00", "na segunda-feira às 9h"),
            ("2026-12-24T20:00:00", "no sábado às 9h"),
        ] {
            assert_eq!(replies(now, now), [format!("we open {opens}")], "{now}");
        }
        assert_eq!(
            replies("2026-11-23T17:59:00", "2026-11-23T18:30:00"),
            ["hello"]
        );
        assert_eq!(
            replies("2026-11-23T08:00:00", "2026-11-23T09:30:00"),
            ["hello"]
        );
    }

    #[test]
    fn a_customer_who_returns_outside_hours_keeps_their_saved_answers() {
        let script = load(&SHOP.replace(
            "end = \"done\"",
            "next = \"more\"\n[step.more]\nask = 'more?'\nend = 'done'",
        ));
        let day = at(&script, "2026-11-23T10:00:00");
        let turn = script.advance(State::new(None), &[Said::text("oi")], day);
        let turn = script.advance(turn.state, &[Said::text("pão")], day);
        let night = at(&script, "2026-11-23T22:00:00");
        let state = script.with_opening_hours(turn.state.resume(None), night, night);
        let stored = serde_json::to_string(&state).unwrap();
        let state: State = serde_json::from_str(&stored).unwrap();
        let turn = script.advance(state, &[Said::text("oi")], night);
        assert_eq!(turn.replies, ["we open amanhã às 9h"]);
        assert_eq!(turn.state.variables()["said"], "pão");
    }
}
