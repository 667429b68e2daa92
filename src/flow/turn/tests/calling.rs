//! Calls: their body, their answer, and messages that come in between.

use serde_json::{Value, json};

use crate::flow::turn::tests::*;
use crate::ids::{ChatId, ConversationId, SessionName};

const BOT: &str = include_str!("../../../../examples/flows/bot.toml");

/// Advances, and names the call that it begins, as a conversation does.
fn named(mut turn: Advance) -> Advance {
    turn.state.begin_call(|| "a key".to_owned());
    turn
}

/// The state in which the bot is asked about what opened the conversation.
fn asked(script: &Script) -> State {
    let turn = named(script.advance(State::new(Some("Ana")), &[said("hi")], after(0)));
    assert_eq!((&turn.next, turn.consumed), (&Next::Call, 1));
    assert_eq!(turn.last_used, Some(0..1));
    turn.state
}

fn body_of(call: &Call<'_>) -> String {
    call.body(
        &SessionName::stored("s"),
        &ChatId::stored("c"),
        &ConversationId::stored("1-2"),
    )
}

fn body(script: &Script, state: &State) -> Value {
    let call = script.call(state).unwrap();
    serde_json::from_str(&body_of(&call)).unwrap()
}

fn answer(script: &Script, state: &State, answer: &Value) -> CallAnswer {
    let answer = answer.to_string();
    script.read_answer(state, answer.as_bytes()).unwrap()
}

#[test]
fn a_call_sends_all_variables_and_is_the_same_after_a_restart() {
    let script = load(BOT);
    let mut turn = script.advance(State::new(Some("Ana")), &[said("hi")], after(0));
    turn.state.set_last_message(json!({ "text": "hi" }));
    turn.state.begin_call(|| "a key".to_owned());
    turn.state.begin_call(|| "another key".to_owned());
    turn.state.save_number("price", "2.5");
    let stored = serde_json::to_string(&turn.state).unwrap();
    let mut again: State = serde_json::from_str(&stored).unwrap();
    again.restart_silence(after(9));
    assert_eq!(
        body(&script, &again),
        json!({
            "session": "s", "chat": "c", "name": "Ana", "conversation": "1-2", "step": "bot",
            "idempotency_key": "a key", "message": { "text": "hi" },
            "variables": { "name": "Ana", "opening": "hi", "price": 2.5 },
        })
    );
    let (before, after) = (script.call(&turn.state), script.call(&again));
    assert_eq!(body_of(&before.unwrap()), body_of(&after.unwrap()));
}

#[test]
fn while_a_call_waits_only_a_word_to_leave_has_an_effect() {
    let script = load(BOT);
    let state = asked(&script);
    let unread = [said("are you there?"), said("position")];
    let turn = script.advance(state.clone(), &unread, after(90));
    assert_eq!((turn.next, turn.consumed), (Next::Call, 0));
    assert_eq!(
        (turn.state.stage, turn.replies.len()),
        (state.stage.clone(), 0)
    );
    let unread = [said("are you there?"), said("Leave!"), said("hello?")];
    let turn = script.advance(state, &unread, after(1));
    assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "left"));
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
}

#[test]
fn messages_during_a_call_before_the_first_question_join_the_opening() {
    let flow = "start = 'a'\n[step.a]\ncall = 'http://x'\nnext = 'b'\notherwise = 'b'\n[step.b]\nask = 'menu?'\nsave = 'chosen'\nend = 'done'";
    let script = load(flow);
    let state = asked(&script);
    let unread = [said("are you there?")];
    for said in [json!({ "say": "Hello" }), json!({})] {
        let answer = answer(&script, &state, &said);
        let turn = script.answered(state.clone(), Some(answer), &unread, after(1));
        assert_eq!(turn.state.variables()["opening"], "hi\nare you there?");
        assert_eq!(turn.consumed, 1);
        assert!(matches!(turn.next, Next::Wait { .. }));
    }
    // The bot, which loops through an empty `ask`, receives them.
    let script = load(BOT);
    let state = asked(&script);
    let greeting = answer(&script, &state, &json!({ "say": "Hello" }));
    let turn = script.answered(state, Some(greeting), &unread, after(1));
    assert_eq!((turn.next, turn.consumed), (Next::Call, 1));
    assert_eq!(turn.last_used, Some(0..1));
    let script = load(flow);
    let state = asked(&script);
    let turn = script.answered(state, None, &unread, after(1));
    assert_eq!(turn.state.variables()["opening"], "hi\nare you there?");
    assert!(matches!(turn.next, Next::Wait { .. }));
}

#[test]
fn an_endless_chain_of_calls_is_stopped() {
    let flow = "start = 'a'\n[step.a]\ncall = 'http://x'\nend = 'done'\notherwise = 'b'\n[step.b]\nsay = 'no'\nend = 'failed'";
    let script = load(flow);
    let mut state = asked(&script);
    for _ in 1..100 {
        let answer = answer(&script, &state, &json!({ "next": "a" }));
        let turn = named(script.answered(state, Some(answer), &[], after(0)));
        assert_eq!(turn.next, Next::Call);
        state = turn.state;
    }
    let answer = answer(&script, &state, &json!({ "next": "a" }));
    let turn = script.answered(state, Some(answer), &[], after(0));
    assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "trouble"));
    assert!(turn.fault.unwrap().contains("more than 100 calls"));
}

#[test]
fn answers_can_t_set_more_than_200_variables() {
    let script = load(BOT);
    let state = asked(&script);
    let set = |count: usize| -> Value {
        let names = (0..count).map(|n| (format!("v{n}"), n.into()));
        json!({ "set": Value::Object(names.collect()) })
    };
    // `name` and `opening` are there.
    assert!(
        script
            .read_answer(&state, set(198).to_string().as_bytes())
            .is_ok()
    );
    let mistake = script
        .read_answer(&state, set(199).to_string().as_bytes())
        .unwrap_err();
    assert!(mistake.contains("more than 200 variables"), "{mistake}");
}

#[test]
fn numbers_in_an_answer_are_saved_as_numbers_in_their_normal_form() {
    let script = load(BOT);
    let state = asked(&script);
    let values = json!({ "set": { "a": 2.0, "b": 7, "c": "7", "d": true, "e": false, "f": null } });
    let answer = answer(&script, &state, &values);
    let turn = script.answered(state, Some(answer), &[], after(0));
    let kept = ["a", "b", "c", "d", "e", "f"].map(|name| turn.state.variables()[name].as_str());
    assert_eq!(kept, ["2", "7", "7", "true", "", ""]);
    let numbers = ["a", "b", "c"].map(|name| turn.state.is_number(name));
    assert_eq!(numbers, [true, true, false]);
}

#[test]
fn the_mistakes_of_a_call_are_reported_with_their_lines() {
    let good = "start = 'a'\n[step.a]\ncall = 'http://x'\ntimeout = '5s'\nattempts = 2\nmay = ['c']\nsave = ['price']\n\
        next = 'b'\notherwise = 'c'\n[step.b]\nask = '{{ price }}'\nend = 'done'\n[step.c]\nsay = 'no'\nend = 'failed'\n";
    for (right, wrong, line, words) in [
        ("'http://x'", "'shop'", 3, "is not an address"),
        ("'5s'", "'2m'", 4, "at most a minute"),
        ("'5s'", "'0s'", 4, "more than zero"),
        ("'5s'", "5", 4, "needs a unit"),
        ("attempts = 2", "attempts = 11", 5, "from 1 to 10"),
        ("attempts = 2", "attempts = 0", 5, "from 1 to 10"),
        ("['c']", "['d']", 6, "`may` in [step.a] leads to `d`"),
        ("['price']", "['the price']", 7, "a name of letters"),
        ("['price']", "['answer']", 7, "set by the program"),
        ("['price']", "['cost']", 11, "nothing is saved as `price`"),
        ("next = 'b'\n", "", 2, "leads nowhere"),
        ("next = 'b'", "next = 'a'", 2, "form an endless loop"),
        (
            "otherwise = 'c'\n",
            "",
            2,
            "when the call fails; add otherwise",
        ),
        (
            "otherwise = 'c'",
            "otherwise = 'x'",
            9,
            "there is no such step",
        ),
        ("timeout", "timeuot", 4, "did you mean `timeout`?"),
    ] {
        assert!(good.contains(right), "{right}");
        let found = Script::load(&good.replacen(right, wrong, 1), Locale::En).unwrap_err();
        assert!(
            found
                .iter()
                .any(|one| one.line == line && one.message.contains(words)),
            "{wrong}: {found:?}"
        );
    }
    load(good);
    // Without `may` and `save` the answer may choose any step and set any variable.
    let free = good.replace("may = ['c']\nsave = ['price']\n", "");
    load(&free.replace("otherwise = 'c'", "otherwise = 'b'"));
    let strict = good
        .replace("otherwise = 'c'", "otherwise = 'b'")
        .replace("['c']", "[]");
    let found = Script::load(&strict, Locale::En).unwrap_err();
    assert!(
        found[0].message.contains("nothing leads to [step.c]"),
        "{found:?}"
    );
}

#[test]
fn a_drawing_shows_what_an_answer_may_choose() {
    let flow = |may: &str| {
        load(&format!(
            "start = 'a'\n[step.a]\ncall = 'http://x'\n{may}\nnext = 'b'\notherwise = 'b'\n[step.b]\nask = ''\nnext = 'a'\n\
             [step.c]\nsay = 'c'\nnext = 'd'\n[step.d]\nsay = 'd'\nend = 'done'"
        ))
    };
    for (may, implied) in [("may = ['c']", false), ("", true)] {
        let outline = flow(may).outline();
        let names: Vec<&str> = outline
            .steps
            .iter()
            .map(|step| step.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        let calls = &outline.steps[0];
        assert!(calls.calls && !outline.steps[1].calls);
        let chosen = calls
            .paths
            .iter()
            .find(|path| path.to == Target::Step("c".into()));
        let chosen = chosen.unwrap();
        assert_eq!(
            (chosen.label.as_str(), chosen.implied),
            ("the answer chooses", implied)
        );
        assert!(
            !calls
                .paths
                .iter()
                .any(|path| path.to == Target::Step("d".into()))
        );
    }
    // A flow that ends only by an answer of its bot gets no warning.
    assert_eq!(load(BOT).warnings(BOT), []);
}

#[test]
fn a_location_in_a_call_keeps_every_digit_after_a_restart() {
    let script = load(BOT);
    let mut state = asked(&script);
    for n in 0..1_000 {
        let degrees = f64::from(n).mul_add(0.123_456_789_012_345_6, -23.561_414_718_627_93);
        state.set_last_message(json!({ "location": { "latitude": degrees } }));
        let before = body_of(&script.call(&state).unwrap());
        let stored = serde_json::to_string(&state).unwrap();
        let state: State = serde_json::from_str(&stored).unwrap();
        assert_eq!(body_of(&script.call(&state).unwrap()), before, "{degrees}");
    }
}
