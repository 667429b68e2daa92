//! Words that work at every question.

use crate::flow::turn::tests::*;

const SHOP: &str = "start = 'hello'\n[commands.go]\nmenu = 'menu'\n'0' = 'menu'\nvoltar = 'back'\nhelp = 'help'\n\
    [step.hello]\nsay = 'Hello!'\nnext = 'menu'\n\
    [step.menu]\nask = '1 or 2?'\noptions = { 1 = 'name', 2 = 'age' }\n\
    [step.name]\nask = 'Name?'\nsave = 'who'\nnext = 'note'\n\
    [step.note]\nsay = 'Noted.'\nnext = 'age'\n\
    [step.age]\nask = 'Age?'\nexpect = 'number'\nsave = 'age'\notherwise = 'menu'\nnext = 'people'\n\
    [step.people]\nhandoff = 'Wait.'\nwithin = '1h'\notherwise = 'nobody'\n\
    [step.nobody]\nask = 'Phone?'\nend = 'phone'\n\
    [step.help]\nsay = 'Help!'\nend = 'helped'";

#[test]
fn a_word_leads_to_its_step_from_every_question_and_saved_answers_stay() {
    check(
        &load(SHOP),
        "
        > hi
        < Hello!
        < 1 or 2?
        > 1
        < Name?
        > Menu!
        < 1 or 2?
        > 1
        < Name?
        > Ann
        < Noted.
        < Age?
        > 0
        < 1 or 2?
        $ who=Ann
        > help
        < Help!
        = helped",
    );
}

#[test]
fn back_asks_the_question_before_again_and_at_the_first_one_the_same() {
    check(
        &load(SHOP),
        "
        > voltar
        < Hello!
        < 1 or 2?
        > voltar
        < 1 or 2?
        > 1
        < Name?
        > Ann
        < Noted.
        < Age?
        > many
        < Sorry, I didn't understand that. Could you answer again, please?
        > VOLTAR
        < Name?
        > voltar
        < 1 or 2?
        > voltar
        < 1 or 2?
        > 2
        < Age?
        > voltar
        < 1 or 2?
        > 1
        < Name?
        > Bo
        < Noted.
        < Age?
        $ who=Bo",
    );
}

#[test]
fn an_option_of_the_question_comes_before_a_word_that_works_everywhere() {
    for options in [
        "ask = '?'\noptions = { menu = 'b', other = 'b' }",
        "ask = '?'\noptions = { 1 = { next = 'b', label = 'Menu' }, 2 = 'b' }",
        "ask = '1 - Menu\\n2 - Other'\noptions = { 1 = 'b', 2 = 'b' }",
        "ask = '?'\noptions = { menu = 'b' }\nexpect = 'text'\nnext = 'b'",
    ] {
        let source = format!(
            "start = 'a'\n[commands.go]\nmenu = 'a'\nvoltar = 'back'\n[step.a]\n{}\n[step.b]\nask = 'chosen'\nend = 'x'",
            options.replace("'1 - Menu\\n2 - Other'", "\"1 - Menu\\n2 - Other\"")
        );
        let script = load(&source);
        let turn = script.advance(State::new(None), &[said("hi")], after(0));
        let turn = script.advance(turn.state, &[said("menu")], after(0));
        assert_eq!(turn.replies, ["chosen"], "{source}");
        let turn = script.advance(turn.state, &[said("menu")], after(0));
        assert_eq!(turn.state.step(), Some("a"), "{source}");
    }
}

#[test]
fn in_a_burst_a_word_counts_at_once_and_what_follows_answers_the_new_question() {
    let script = load(SHOP);
    let turn = script.advance(State::new(None), &[said("hi")], after(0));
    let turn = script.advance(turn.state, &[said("1")], after(0));
    let (name, unread) = (turn.state, ["menu", "2"].map(said));
    let quiet = Quiet {
        last: Duration::ZERO,
        first: Duration::ZERO,
    };
    let ready = |said: &[Said]| script.ready(&name, said, quiet).count;
    assert_eq!((ready(&unread), ready(&[said("Ann")])), (1, 0));
    let turn = script.advance(name.clone(), &unread, after(0));
    assert_eq!(turn.replies, ["1 or 2?", "Age?"]);
    assert_eq!(turn.consumed, 2);
    // Words around it make it an answer.
    let turn = script.advance(name, &[said("the menu please")], after(0));
    assert_eq!(turn.state.variables()["who"], "the menu please");
}

#[test]
fn they_do_nothing_while_the_customer_waits_for_a_person() {
    let script = load(SHOP);
    let mut state = State::new(None);
    for words in ["hi", "2", "30"] {
        state = script.advance(state, &[said(words)], after(0)).state;
    }
    assert_eq!(state.step(), Some("people"));
    assert_eq!(script.command(&said("menu")), None);
    let turn = script.advance(state, &[said("menu")], after(60));
    assert_eq!(turn.replies, ["Phone?"]);
    let turn = script.advance(turn.state, &[said("voltar")], after(60));
    assert_eq!(turn.replies, ["Age?"]);
}

#[test]
fn back_passes_over_steps_that_ask_nothing_or_are_gone() {
    let script = flow(
        "[step.a]\nask = 'A?'\nnext = 'b'\n[step.b]\nask = ''\nnext = 'c'\n[step.c]\nask = 'C?'\nend = 'x'\n\
         [commands.go]\nback = 'back'",
    );
    let mut state = State::new(None);
    for words in ["hi", "1", "2"] {
        state = script.advance(state, &[said(words)], after(0)).state;
    }
    assert_eq!(state.step(), Some("c"));
    let turn = script.advance(state.clone(), &[said("back")], after(0));
    assert_eq!(turn.replies, ["A?"]);
    let changed =
        one_by_one("start = 'c'\n[step.c]\nask = 'C?'\nend = 'x'\n[commands.go]\nback = 'back'");
    let turn = changed.advance(state, &[said("back")], after(0));
    assert_eq!(turn.replies, ["C?"]);
}
