//! The rating that a flow asks for as it closes.

use crate::flow::turn::tests::*;

const SHOP: &str = "start = 'name'\n[step.name]\nask = 'Name?'\nsave = 'who'\nnext = 'rate'\n\
    [step.rate]\nrating = 'How was it, {{ who }}? 1 to 5'\nthanks = '{{ rating }}{% if rating < 3 %}: sorry{% endif %}!'\nend = 'served'";

#[test]
fn a_rating_step_asks_and_closes() {
    let shop = load(SHOP);
    let turn = shop.advance(State::new(None), &[said("hi")], after(0));
    let turn = shop.advance(turn.state, &[said("Ann")], after(0));
    assert_eq!(turn.replies, ["How was it, Ann? 1 to 5"]);
    assert_eq!(
        turn.next,
        Next::Close {
            outcome: "served".to_owned(),
            resumable: false,
            asks_rating: true,
        }
    );
    assert_eq!(shop.read_rating(&said("4 stars")), Some(4));
    assert_eq!(shop.rating_thanks(4).as_deref(), Some("4!"));
    assert_eq!(shop.rating_thanks(1).as_deref(), Some("1: sorry!"));
}

#[test]
fn a_person_who_closes_asks_the_same_and_only_if_the_flow_does() {
    let shop = load(SHOP);
    let turn = shop.advance(State::new(None), &[said("hi")], after(0));
    let question = shop.rating_question(&turn.state, after(0));
    assert_eq!(question.as_deref(), Some("How was it, ? 1 to 5"));
    let plain = flow("[step.a]\nask = '?'\nend = 'x'");
    assert_eq!(plain.rating_question(&turn.state, after(0)), None);
    // It may have been asked before the flow changed.
    assert_eq!(
        plain.rating_thanks(5).as_deref(),
        Some("Thank you for your rating!")
    );
    let failing = flow("[step.a]\nrating = '{{ opening / 2 }}'");
    assert_eq!(failing.rating_question(&turn.state, after(0)), None);
}

#[test]
fn the_outcome_and_the_thanks_have_defaults_and_a_blank_text_asks_nothing() {
    let script = flow(
        "[step.a]\nrating = '{% if name %}1 to 5?{% endif %}'\n[texts]\nrating_thanks = ' '"
            .replace("' '", "'{# #}'")
            .as_str(),
    );
    for (name, asks_rating) in [(Some("Ana"), true), (None, false)] {
        let turn = script.advance(State::new(name), &[said("hi")], after(0));
        assert_eq!(
            turn.next,
            Next::Close {
                outcome: "done".to_owned(),
                resumable: false,
                asks_rating,
            }
        );
        assert_eq!(turn.consumed, 1);
    }
    assert_eq!(script.rating_thanks(5), None);
}

#[test]
fn in_a_rehearsal_a_rating_opens_no_conversation_and_counts_once_within_a_day() {
    let shop = load(SHOP);
    let reply = |text: &str| RehearsalEvent::Reply(text.to_owned());
    for (wait, rated) in [(0, true), (24 * 3600 - 1, true), (24 * 3600, false)] {
        let mut rehearsal = Rehearsal::new(&shop, None, after(0));
        rehearsal.say([said("hi")]);
        rehearsal.say([said("Ann")]);
        rehearsal.wait(Duration::from_secs(wait));
        let events = rehearsal.say([said("5")]);
        if rated {
            assert_eq!(events, [RehearsalEvent::Rated(5), reply("5!")]);
            assert_eq!(rehearsal.step(), None);
        } else {
            assert_eq!(events, [reply("Name?")]);
        }
        assert_eq!(rehearsal.say([said("5")])[0] == reply("Name?"), rated);
    }
    // Anything else opens one, in which the rating is an answer; afterwards it may still come.
    let mut rehearsal = Rehearsal::new(&shop, None, after(0));
    rehearsal.say([said("hi")]);
    rehearsal.say([said("Ann")]);
    assert_eq!(rehearsal.say(["thanks", "5"].map(said)), [reply("Name?")]);
    let events = rehearsal.say([said("5")]);
    assert_eq!(events[0], reply("How was it, 5? 1 to 5"));
    let events = rehearsal.say(["5", "hi"].map(said));
    assert_eq!(
        events,
        [RehearsalEvent::Rated(5), reply("5!"), reply("Name?")]
    );
}
