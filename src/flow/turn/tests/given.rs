//! Conversations that a person gives back to the flow.

use crate::flow::turn::tests::*;

const SHOP: &str = "start = 'hello'\n[step.hello]\nsay = 'Hello!'\nnext = 'name'\n\
    [step.name]\nask = 'Name?'\nsave = 'who'\nnext = 'menu'\n\
    [step.menu]\nask = '1 or 2?'\noptions = { 1 = 'done', 2 = 'person' }\n\
    [step.person]\nhandoff = 'Wait, {{ who }}.'\n\
    [step.done]\nsay = 'Done, {{ who }}: {{ opening }}.'\nend = 'done'";

fn stored(state: &State) -> State {
    serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap()
}

/// The state after these messages, each of them a turn.
fn after_words(script: &Script, words: &[&str]) -> State {
    words.iter().fold(State::new(None), |state, words| {
        stored(&script.advance(state, &[said(words)], after(0)).state)
    })
}

fn texts(turn: &Advance) -> Vec<&str> {
    turn.replies
        .iter()
        .map(|reply| reply.text.as_str())
        .collect()
}

#[test]
fn the_bot_asks_its_last_question_again_and_not_for_a_person() {
    let shop = load(SHOP);
    let waits = after_words(&shop, &["hi", "Ann", "2"]);
    assert_eq!(waits.step(), Some("person"));
    let back = stored(&waits.given_back());
    let turn = shop.advance(back, &[], after(60));
    assert_eq!(texts(&turn), ["1 or 2?"]);
    // The silence counts from now.
    assert_eq!(turn.next, Next::Wait { wake_at: after(65) });
    let turn = shop.advance(stored(&turn.state), &[said("1")], after(61));
    assert_eq!(texts(&turn), ["Done, Ann: hi."]);
}

#[test]
fn what_the_customer_wrote_to_the_person_is_not_an_answer_but_they_can_leave() {
    let shop = load(SHOP);
    let back = after_words(&shop, &["hi", "Ann", "2"]).given_back();
    let turn = shop.advance(back.clone(), &["1", "thanks"].map(said), after(1));
    assert_eq!((texts(&turn), turn.consumed), (vec!["1 or 2?"], 2));
    assert_eq!(turn.state.variables()["opening"], "hi");
    let turn = shop.advance(back, &["leave", "x"].map(said), after(1));
    assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "left"));
    assert_eq!(turn.consumed, 1);
}

#[test]
fn a_flow_that_asked_nothing_begins_and_one_at_a_question_asks_it_again() {
    let shop = load(SHOP);
    let turn = shop.advance(State::new(Some("Bo")).given_back(), &[], after(0));
    assert_eq!(texts(&turn), ["Hello!", "Name?"]);
    let asked = after_words(&shop, &["hi", "Ann"]);
    let turn = shop.advance(asked.given_back(), &[], after(0));
    assert_eq!(texts(&turn), ["1 or 2?"]);
    let early = load("start = 'a'\n[step.a]\nhandoff = 'wait'");
    let turn = early.advance(after_words(&early, &["hi"]).given_back(), &[], after(0));
    assert!(matches!(turn.next, Next::HandOff { .. }));
}

#[test]
fn a_conversation_is_sent_to_any_step_also_outside_opening_hours() {
    let shop = load(SHOP);
    let waits = after_words(&shop, &["hi", "Ann", "2"]);
    let turn = shop.advance(stored(&waits.clone().sent_to("done")), &[], after(0));
    assert_eq!(texts(&turn), ["Done, Ann: hi."]);
    // The flow file changed meanwhile.
    let turn = shop.advance(waits.sent_to("gone"), &[], after(0));
    assert_eq!(texts(&turn), ["Hello!", "Name?"]);
    assert!(turn.fault.unwrap().contains("step `gone` no longer exists"));

    let shut = load(&format!(
        "timezone = 'UTC'\n{SHOP}\n[hours]\nmon = '09:00-10:00'\nclosed = 'shut'\n[step.shut]\nsay = 'Closed.'\nend = 'x'"
    ));
    let night = shut.typed_moment("2026-11-27 23:00").unwrap();
    let state = shut.with_opening_hours(State::new(None).sent_to("name"), night, night);
    assert_eq!(texts(&shut.advance(state, &[], night)), ["Name?"]);
}
