//! A flow that waits, for a time or for a person: messages meanwhile, and how it continues.

use crate::flow::turn::tests::*;

const PAUSE: &str = "[step.a]\nask = 'a?'\nsave = 'a'\nnext = 'w'\n[step.w]\nwait = '10m'\nnext = 'b'\n[step.b]\nask = 'b?'\nsave = 'b'\nnext = 'c'\n[step.c]\nsay = '{{ a }} {{ b }}'\nend = 'x'";

#[test]
fn messages_during_a_pause_are_read_after_it() {
    let script = flow(PAUSE);
    let turn = script.advance(State::new(None), &[], after(0));
    let two = [Said::text("one"), Said::text("two")];
    let turn = script.advance(turn.state, &two, after(0));
    let pausing = Next::Wait { wake_at: after(10) };
    assert_eq!((turn.consumed, &turn.next), (1, &pausing));
    assert_eq!(turn.replies.len(), 0);
    // Neither time nor a message ends it early, and no message is lost.
    let turn = script.advance(turn.state, &[], after(4));
    assert_eq!((turn.consumed, &turn.next), (0, &pausing));
    let stored = serde_json::to_string(&turn.state).unwrap();
    let state: State = serde_json::from_str(&stored).unwrap();
    let turn = script.advance(state, &two[1..], after(9));
    assert_eq!((turn.consumed, &turn.next), (0, &pausing));
    let turn = script.advance(turn.state, &two[1..], after(10));
    assert_eq!((turn.consumed, turn.fault), (1, None));
    assert_eq!(turn.replies, ["b?", "one two"]);
}

#[test]
fn a_customer_can_leave_a_pause_and_a_clock_set_back_does_not_prolong_it() {
    let script = flow(PAUSE);
    let turn = script.advance(State::new(None), &[], after(100));
    let paused = script.advance(turn.state, &[Said::text("one")], after(100));
    let words = [Said::text("so"), Said::text("Leave!"), Said::text("hm")];
    let turn = script.advance(paused.state.clone(), &words, after(101));
    let resumable = false;
    let outcome = "left".to_owned();
    assert_eq!(
        turn.next,
        Next::Close {
            outcome,
            resumable,
            asks_rating: false
        }
    );
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    // The clock goes back an hour: the pause does not become an hour longer.
    let turn = script.advance(paused.state.clone(), &[], after(40));
    assert_eq!(turn.next, Next::Wait { wake_at: after(50) });
    // A customer who returns finds the pause again. If the step no longer exists, the flow restarts.
    let turn = script.advance(paused.state.clone().resume(None), &words, after(102));
    assert_eq!(
        turn.next,
        Next::Wait {
            wake_at: after(112)
        }
    );
    let turn = flow("[step.a]\nask = '?'\nend = 'x'").advance(paused.state, &[], after(102));
    assert_eq!((turn.replies.len(), turn.fault.is_some()), (1, true));
}

#[test]
fn messages_in_a_pause_before_the_first_question_join_the_opening() {
    let script = flow(
        "[step.a]\nsay = 'hello'\nnext = 'w'\n[step.w]\nwait = '1m'\nnext = 'b'\n[step.b]\nask = 'so, {{ opening }}?'\nexpect = 'number'\nend = 'x'",
    );
    let turn = script.advance(State::new(None), &[Said::text("hi")], after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (1, 1));
    let turn = script.advance(turn.state, &[Said::text("there")], after(1));
    assert_eq!(
        (turn.consumed, turn.replies),
        (1, vec![FlowReply::text("so, hi\nthere?")])
    );
    assert!(matches!(turn.next, Next::Wait { .. }));
}

#[test]
fn after_a_handoff_the_flow_continues_only_if_nobody_came() {
    let reception = load(RECEPTION);
    let mut state = State::new(None);
    for words in ["oi", "2", "um bolo"] {
        state = reception
            .advance(state, &[said(words)], Millis::new(0))
            .state;
    }
    let turn = reception.advance(state.clone(), &[], Millis::new(0));
    assert_eq!(
        turn.replies,
        ["Ainda não conseguimos atender você. Para qual número podemos ligar?"]
    );
    // Messages written meanwhile are not an answer, but the customer can leave.
    let turn = reception.advance(state.clone(), &["1", "alguém?"].map(said), Millis::new(0));
    assert_eq!((turn.replies.len(), turn.consumed), (1, 2));
    let turn = reception.advance(state.clone(), &["1", "sair", "x"].map(said), Millis::new(0));
    assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "left"));
    assert_eq!(turn.consumed, 2);
    // The flow file may have changed by then.
    let patient = flow("[step.a]\nask = '?'\nnext = 'person'\n[step.person]\nhandoff = 'wait'");
    let turn = patient.advance(state.clone(), &[said("x")], Millis::new(0));
    assert!(matches!(turn.next, Next::HandOff { within: None, .. }));
    assert_eq!((turn.replies.len(), turn.consumed), (0, 0));
    let gone = flow("[step.a]\nask = '?'\nend = 'x'").advance(state, &[said("x")], Millis::new(0));
    assert_eq!(
        (gone.replies, gone.consumed),
        (vec![FlowReply::text("?")], 1)
    );
}

#[test]
fn a_flow_that_begins_with_a_handoff_uses_the_opening() {
    let script = load("start = 'a'\n[step.a]\nhandoff = 'wait, {{ opening }}'");
    let turn = script.advance(State::new(None), &[said("hi")], Millis::new(0));
    assert!(matches!(turn.next, Next::HandOff { within: None, .. }));
    assert_eq!(
        (turn.replies, turn.consumed),
        (vec![FlowReply::text("wait, hi")], 1)
    );
    assert_eq!(turn.state.last_said(), Some("hi"));
}

#[test]
fn a_handoff_while_closed_says_when_people_are_back_unless_its_text_does() {
    let night = |handoff: &str, texts: &str| {
        let script = load(&format!(
            "locale = 'pt-BR'\ntimezone = 'America/Sao_Paulo'\nstart = 'a'\n{texts}\n[hours]\nseg-sex = '09:00-18:00'\nclosed = 'a'\n\
             [step.a]\nhandoff = '{handoff}'"
        ));
        let at = script.typed_moment("2026-11-23 22:00").unwrap();
        let night = script.advance(State::new(None), &[said("oi")], at);
        let at = script.typed_moment("2026-11-24 10:00").unwrap();
        let day = script.advance(night.state.clone().resume(None), &[said("oi")], at);
        (night.replies, day.replies)
    };
    let closed = "Estamos fechados agora. Voltamos amanhã às 9h e respondemos por aqui.";
    let (replies, by_day) = night("um momento", "");
    assert_eq!(replies, ["um momento", closed]);
    assert_eq!(by_day, ["um momento"]);
    let (replies, by_day) = night(
        "{% if opens %}até {{ opens }}{% else %}um momento{% endif %}",
        "",
    );
    assert_eq!(replies, ["até amanhã às 9h"]);
    assert_eq!(by_day, ["um momento"]);
    let (replies, _) = night("um momento", "[texts]\nperson_closed = 'volto {{ opens }}'");
    assert_eq!(replies, ["um momento", "volto amanhã às 9h"]);
}

#[test]
fn a_person_reads_the_note_of_the_step_or_else_what_was_saved_in_order() {
    let note = |keys: &str| {
        let script = load(&format!(
            "start = 'a'\n[step.a]\nask = '?'\nsave = 'plan'\nnext = 'b'\n[step.b]\nset = {{ birth_date = \"'1990-01-02'\", empty = \"''\" }}\nnext = 'c'\n\
             [step.c]\nhandoff = 'wait'\n{keys}"
        ));
        let turn = script.advance(State::new(Some("Ana")), &[said("hi")], Millis::new(0));
        let long = format!("Unimed\n{}", "x".repeat(300));
        let turn = script.advance(turn.state, &[said(&long)], Millis::new(0));
        let stored = serde_json::to_string(&turn.state).unwrap();
        let state: State = serde_json::from_str(&stored).unwrap();
        (state.note().unwrap().to_owned(), turn.fault)
    };
    let saved = format!("plan: Unimed {}…\nbirth date: 1990-01-02", "x".repeat(192));
    assert_eq!(note(""), (saved.clone(), None));
    let (own, _) = note("note = '{{ name }}, born {{ birth_date }}'");
    assert_eq!(own, "Ana, born 1990-01-02");
    let (long, _) = note("note = '{{ \"x\" * 3000 }}'");
    assert_eq!(long.chars().count(), 1000);
    // A note that fails must not keep the customer from the person.
    let (note, fault) = note("note = '{{ plan + 1 }}'");
    assert_eq!(note, saved);
    assert!(fault.unwrap().contains("the note failed"));
}

#[test]
fn the_owner_s_closing_word_needs_its_mark() {
    let script = load(
        "start = 'a'\n[commands]\nphone_end = ['#fim', 'Até logo']\n[step.a]\nsay = 'x'\nend = 'x'",
    );
    for (words, ends) in [
        ("#fim", true),
        (" # FIM! ", true),
        ("fim", false),
        ("#fim de semana", false),
        ("ate LOGO.", true),
        ("", false),
    ] {
        assert_eq!(script.is_phone_end(words), ends, "{words}");
    }
    let none = load("start = 'a'\n[commands]\nphone_end = []\n[step.a]\nsay = 'x'\nend = 'x'");
    assert!(!none.is_phone_end("#fim"));
}

#[test]
fn a_handoff_names_the_team_and_the_hours_of_that_team_count() {
    let script = load(
        "timezone = 'UTC'\nstart = 'a'\n[hours]\nmon-sun = '00:00-24:00'\nclosed = 'a'\n\
        [team.sales]\n[team.sales.hours]\nmon-fri = '09:00-18:00'\n\
        [step.a]\nask = '?'\noptions = { 1 = 'b', 2 = 'c' }\n\
        [step.b]\nhandoff = 'Sales.'\nteam = 'sales'\n\
        [step.c]\nhandoff = 'Wait.'\npriority = 'urgent'",
    );
    let at = |text: &str| script.typed_moment(text).unwrap();
    let handed = |words: &str, now: &str| {
        let turn = script.advance(State::new(None), &[said("hi")], at(now));
        let turn = script.advance(turn.state, &[said(words)], at(now));
        let replies: Vec<String> = turn.replies.into_iter().map(|reply| reply.text).collect();
        (replies, turn.next)
    };
    let person = |team: &str, urgent: bool| Next::HandOff {
        within: None,
        team: team.to_owned(),
        urgent,
    };
    let sales = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|one| (*one).to_owned()).collect();
        (words, person("sales", false))
    };
    assert_eq!(handed("1", "2026-11-27 10:00"), sales(&["Sales."]));
    // The flow is open, and the team is not.
    assert_eq!(
        handed("1", "2026-11-27 20:00"),
        sales(&[
            "Sales.",
            "We're closed now. We'll be back on Monday at 9:00 and write to you here."
        ])
    );
    assert_eq!(
        handed("2", "2026-11-27 20:00"),
        (vec!["Wait.".to_owned()], person("", true))
    );
    let place = QueueText::Position {
        position: 2,
        wait: None,
    };
    let night = at("2026-11-27 20:00");
    assert_eq!(
        script.person_text(place, None, "sales", night),
        "We're closed now and will be back on Monday at 9:00. You're number 2 in line to talk to a person."
    );
    assert_eq!(
        script.person_text(place, None, "", night),
        "You're number 2 in line to talk to a person."
    );
}
