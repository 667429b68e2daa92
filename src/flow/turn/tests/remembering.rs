//! Customers who come back: what a flow remembers of them, and how the last conversation ended.

use crate::flow::turn::tests::*;

const SHOP: &str = "timezone = 'America/Sao_Paulo'\nstart = 'hello'\n\
    [step.hello]\nsay = '''{% if last %}Back after {{ last.days }} days ({{ last.outcome }}, {{ last.at | date }} {{ last.at | time }}){% else %}New{% endif %}\
    {% if known.plan %}, {{ known.plan }}{% endif %}.'''\nnext = 'known'\n\
    [step.known]\nwhen = [{ if = 'known.age + 1 > 18 and last.days < 30', next = 'confirm' }]\notherwise = 'plan'\n\
    [step.plan]\nask = 'Plan?'\nsave = 'plan'\nremember = ['plan', 'name']\nnext = 'age'\n\
    [step.age]\nask = 'Age?'\nexpect = 'number'\nsave = 'age'\nnext = 'keep'\n\
    [step.keep]\nset = { months = 'age * 12' }\nremember = ['age', 'months']\nnext = 'confirm'\n\
    [step.confirm]\nask = 'Sure?'\nend = 'done'";

fn texts(turn: &Advance) -> Vec<&str> {
    turn.replies
        .iter()
        .map(|reply| reply.text.as_str())
        .collect()
}

#[test]
fn a_flow_remembers_what_its_steps_say_and_knows_it_the_next_time() {
    let shop = load(&SHOP.replace("known.age + 1 > 18", "known.age and known.age + 1 > 18"));
    let begin = shop.typed_moment("2026-11-02 09:05").unwrap();
    let mut state = State::new(Some("Ana"));
    state.meet("", None);
    let turn = shop.advance(state, &[said("hi")], begin);
    assert_eq!(
        (texts(&turn), &turn.remember),
        (vec!["New.", "Plan?"], &None)
    );
    let turn = shop.advance(turn.state, &[said("Unimed")], begin);
    let first = r#"{"name":"Ana","plan":"Unimed"}"#;
    assert_eq!(turn.remember.as_deref(), Some(first));
    let turn = shop.advance(turn.state, &[said("30")], begin);
    let known = r#"{"age":30,"months":360,"name":"Ana","plan":"Unimed"}"#;
    assert_eq!(turn.remember.as_deref(), Some(known));
    let turn = shop.advance(turn.state, &[said("yes")], begin);
    assert_eq!(
        (&turn.next, &turn.remember),
        (
            &Next::Close {
                outcome: "done".into(),
                resumable: false,
                asks_rating: false
            },
            &None
        )
    );

    let later = begin + Duration::from_secs(3 * 86_400 - 1);
    let mut state = State::new(None);
    state.meet(known, Some((begin, "done".to_owned())));
    let stored: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    let turn = shop.advance(stored, &[said("hi")], later);
    assert_eq!(
        texts(&turn),
        [
            "Back after 2 days (done, Monday, November 2 9:05 am), Unimed.",
            "Sure?"
        ]
    );
    assert_eq!((turn.fault, turn.remember), (None, None));
    // What is known is not what this conversation has saved.
    assert!(!turn.state.variables().contains_key("plan"));
}

#[test]
fn an_empty_value_is_forgotten_and_the_same_one_changes_nothing() {
    let shop = flow(
        "[step.a]\nask = '?'\nexpect = 'text'\noptions = { none = 'b' }\nsave = 'x'\nnext = 'b'\n\
        [step.b]\nset = { plan = \"{% if x != 'none' %}{{ x }}{% endif %}\" }\nremember = ['plan', 'name']\nend = 'done'",
    );
    let answer = |known: &str, words: &str| {
        let mut state = State::new(None);
        state.meet(known, None);
        let turn = shop.advance(state, &[said("hi")], after(0));
        shop.advance(turn.state, &[said(words)], after(0)).remember
    };
    assert_eq!(answer("", "A").as_deref(), Some(r#"{"plan":"A"}"#));
    assert_eq!(answer(r#"{"plan":"A"}"#, "A"), None);
    assert_eq!(
        answer(r#"{"other":1,"plan":"A"}"#, "none").as_deref(),
        Some(r#"{"other":1}"#)
    );
    assert_eq!(answer("", "none"), None);
}

#[test]
fn the_answer_to_a_call_is_remembered_if_the_step_says_so() {
    let shop = flow(
        "[step.a]\ncall = 'http://localhost/'\nsave = ['plan', 'debt']\nremember = 'plan'\nend = 'x'\notherwise = 'a2'\n[step.a2]\nsay = 'x'\nend = 'x'",
    );
    let turn = shop.advance(State::new(None), &[said("hi")], after(0));
    let answer = shop
        .read_answer(&turn.state, br#"{"set":{"plan":"Gold","debt":12}}"#)
        .unwrap();
    let turn = shop.answered(turn.state, Some(answer), &[], after(0));
    assert_eq!(turn.remember.as_deref(), Some(r#"{"plan":"Gold"}"#));
}

#[test]
fn a_rehearsal_remembers_from_one_conversation_to_the_next() {
    let shop = load(&SHOP.replace("known.age + 1 > 18", "known.age and known.age + 1 > 18"));
    let begin = shop.typed_moment("2026-11-02 09:05").unwrap();
    let mut rehearsal = Rehearsal::new(&shop, None, begin);
    for words in ["hi", "Unimed", "30", "yes"] {
        rehearsal.say([said(words)]);
    }
    assert_eq!(
        rehearsal.known(),
        [("age", "30"), ("months", "360"), ("plan", "Unimed")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
    rehearsal.wait(Duration::from_secs(86_400));
    let replies = rehearsal.say([said("hi")]);
    assert_eq!(
        replies[0],
        RehearsalEvent::Reply(
            "Back after 1 days (done, Monday, November 2 9:05 am), Unimed.".to_owned()
        )
    );
    assert_eq!(rehearsal.step(), Some("confirm"));
}
