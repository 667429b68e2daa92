//! What people do: teams, agents, waits for a person, notes, and ratings.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;

use super::any_order::in_every_order;
use super::rig::*;
use crate::history::*;
use crate::ids::SessionName;

/// A conversation that the flow hands to a team, and that two agents have.
fn of_two_agents() -> Vec<Fields> {
    vec![
        step("opened", "c1", 1000, &[("ticket", "7")]),
        step(
            "handoff",
            "c1",
            2000,
            &[
                ("team", "sales"),
                ("priority", "normal"),
                ("note", "wants two cakes"),
                ("unheard_of", "x"),
            ],
        ),
        step("taken", "c1", 5000, &[("by", "ana"), ("from", "line")]),
        step("given", "c1", 6000, &[("by", "ana"), ("to", "agent:bia")]),
        step("rated", "c1", 9500, &[("rating", "5")]),
    ]
}

fn timeline(rig: &Rig, query: &Query) -> Vec<String> {
    let mut all = Vec::new();
    History::open_read_only(&rig.path)
        .unwrap()
        .timeline(query, |item| {
            all.push(words(&item));
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

#[test]
fn a_conversation_says_who_had_it_and_how_long_it_waited_in_any_order() {
    in_every_order(&of_two_agents(), |rig| {
        let one = &rig.conversations(&Query::default())[0];
        assert_eq!(
            (
                one.team.as_deref(),
                one.priority.as_deref(),
                one.holder.as_deref()
            ),
            (Some("sales"), Some("normal"), Some("bia"))
        );
        assert_eq!(one.person_waiting, Some(Duration::from_secs(3)));
        assert_eq!(
            (one.handed_off_at, one.taken_at),
            (Some(ms(2000)), Some(ms(5000)))
        );
        assert_eq!((one.rating, one.rated_at), (Some(5), Some(ms(9500))));
        assert_eq!((one.status, one.requeued), (Status::Agent, 0));
    });
}

#[test]
fn the_wait_for_a_person_ends_when_the_phone_answers_or_the_customer_leaves() {
    let opened = step("opened", "c1", 1000, &[]);
    let handoff = step(
        "handoff",
        "c1",
        2000,
        &[("team", ""), ("priority", "urgent")],
    );
    let phone = step("claimed", "c1", 4000, &[("process", "phone")]);
    let closed = step("closed", "c1", 9000, &[("outcome", "left"), ("by", "ana")]);
    in_every_order(&[opened.clone(), handoff.clone(), closed.clone()], |rig| {
        let one = &rig.conversations(&Query::default())[0];
        assert_eq!(one.person_waiting, Some(Duration::from_secs(7)));
        assert_eq!(
            (one.team.as_deref(), one.closed_by.as_deref()),
            (None, Some("ana"))
        );
    });
    in_every_order(&[opened, handoff, phone, closed], |rig| {
        let one = &rig.conversations(&Query::default())[0];
        assert_eq!(one.person_waiting, Some(Duration::from_secs(2)));
        assert_eq!(one.priority.as_deref(), Some("urgent"));
    });
}

#[test]
fn the_wait_for_a_person_ends_when_nobody_comes_or_the_customer_goes_back_to_the_bot() {
    let opened = step("opened", "c1", 1000, &[]);
    let handoff = step("handoff", "c1", 2000, &[("priority", "urgent")]);
    let moved = step("moved", "c1", 3000, &[("by", "owner"), ("to", "last")]);
    let closed = step("closed", "c1", 60_000, &[("outcome", "done")]);
    for back in [
        step("nobody_came", "c1", 5000, &[("team", "sales")]),
        step("given", "c1", 5000, &[("by", "owner"), ("to", "bot")]),
    ] {
        let entries = [
            opened.clone(),
            handoff.clone(),
            moved.clone(),
            back,
            closed.clone(),
        ];
        in_every_order(&entries[..4], |rig| {
            let one = &rig.conversations(&Query::default())[0];
            assert_eq!((one.status, one.taken_at), (Status::Waiting, None));
        });
        in_every_order(&entries, |rig| {
            let one = &rig.conversations(&Query::default())[0];
            assert_eq!(one.person_waiting, Some(Duration::from_secs(3)));
            assert_eq!((one.priority.as_deref(), one.requeued), (Some("normal"), 0));
        });
    }
}

#[test]
fn a_conversation_that_an_agent_took_from_the_bot_waits_once_it_is_given_to_a_team() {
    let entries = [
        step("taken", "c1", 2000, &[("by", "ana"), ("from", "bot")]),
        step("given", "c1", 3000, &[("by", "ana"), ("to", "team:help")]),
        step("taken", "c1", 8000, &[("by", "bia"), ("from", "line")]),
    ];
    in_every_order(&entries[..1], |rig| {
        let one = &rig.conversations(&Query::default())[0];
        assert_eq!((one.taken_at, one.person_waiting), (Some(ms(2000)), None));
    });
    in_every_order(&entries, |rig| {
        let one = &rig.conversations(&Query::default())[0];
        assert_eq!(one.person_waiting, Some(Duration::from_secs(5)));
        assert_eq!(
            (one.team.as_deref(), one.holder.as_deref()),
            (Some("help"), Some("bia"))
        );
    });
}

#[test]
fn each_step_of_people_brings_a_conversation_where_it_says() {
    for (kind, more, status) in [
        ("handoff", ("team", "sales"), Status::Handoff),
        ("taken", ("from", "bot"), Status::Agent),
        ("given", ("to", "bot"), Status::Waiting),
        ("given", ("to", "step:menu"), Status::Waiting),
        ("given", ("to", "team:help"), Status::Handoff),
        ("given", ("to", "agent:bia"), Status::Agent),
        ("returned", ("why", "quiet"), Status::Handoff),
        ("nobody_came", ("team", "sales"), Status::Waiting),
        ("noted", ("text", "x"), Status::Active),
        ("moved", ("to", "first"), Status::Active),
        ("rated", ("rating", "3"), Status::Active),
    ] {
        let entries = [
            step("opened", "c1", 1000, &[]),
            step("claimed", "c1", 2000, &[("process", "p")]),
            step(kind, "c1", 3000, &[("by", "ana"), more]),
        ];
        in_every_order(&entries, |rig| {
            assert_eq!(
                rig.conversations(&Query::default())[0].status,
                status,
                "{kind} {more:?}"
            );
        });
    }
}

#[test]
fn a_fact_that_comes_twice_is_there_once() {
    let mut rig = Rig::new();
    let noted = step("noted", "c1", 3000, &[("by", "ana"), ("text", "pays cash")]);
    rig.append(&[noted.clone(), noted.clone()]);
    rig.append(&[
        noted,
        step("noted", "c1", 3000, &[("by", "ana"), ("text", "is late")]),
    ]);
    assert_eq!(rig.conversations(&Query::default())[0].events.len(), 2);
    assert_eq!(rig.noted("cash").len(), 1);
}

#[test]
fn a_timeline_has_what_was_said_and_what_was_done() {
    let mut rig = Rig::new();
    let line = |kind: &str, at: i64, more: &[(&'static str, &str)]| {
        let mut fields = step(kind, "", at, more);
        fields.retain(|(name, _)| !matches!(*name, "conversation" | "chat"));
        fields
    };
    let mut said = reply("r1", Some("S"), "good morning", 5500, "sent");
    said[1].1 = json!({"chat": CHAT, "stanza": "S", "direction": "outbound", "author": "agent", "by": "ana",
        "text": "good morning", "sent_at": 5500, "reply_id": "r1"})
    .to_string();
    let mut entries = of_two_agents();
    entries.extend([
        inbound("A", "a person, please", 1500),
        // Its echo comes first.
        echo("S", "good morning", 5000),
        said,
        step(
            "noted",
            "c1",
            5600,
            &[("by", "bia"), ("text", "paga à vista")],
        ),
        step("moved", "c1", 2500, &[("by", "owner"), ("to", "first")]),
        stranger(inbound("B", "hello", 5700)),
        stranger(step("handoff", "c2", 5800, &[("team", "")])),
        line(
            "line_paused",
            2600,
            &[
                ("team", "sales"),
                ("by", "owner"),
                ("text", "back at 14:00"),
            ],
        ),
        line("line_resumed", 2700, &[("team", "sales"), ("by", "owner")]),
    ]);
    rig.append(&entries);
    let chat = |last: Option<u32>| Query {
        chat: Some(CHAT.parse().unwrap()),
        last,
        ..Query::default()
    };
    let whole = [
        "a person, please",
        "handed off to team sales: wants two cakes",
        "moved to the front by owner",
        "taken by ana from the line",
        "good morning",
        "note by bia: paga à vista",
        "given to bia by ana",
        "rated 5",
    ];
    assert_eq!(timeline(&rig, &chat(None)), whole);
    assert_eq!(timeline(&rig, &chat(Some(1))), whole[4..]);
    let all = timeline(&rig, &Query::default());
    assert_eq!(all.len(), whole.len() + 4);
    assert_eq!(
        all[3..5],
        [
            "the line of team sales is paused by owner: back at 14:00",
            "the line of team sales is open again by owner"
        ]
    );
    let message = rig.messages(&chat(Some(1))).remove(0);
    assert_eq!(
        (message.author.as_str(), message.by.as_deref()),
        ("agent", Some("ana"))
    );

    // A note is found by its words, and finds its conversation.
    assert_eq!(rig.noted("a vista"), ["5600 note by bia: paga à vista"]);
    let vista = Query {
        search: Some("vista".to_owned()),
        ..Query::default()
    };
    assert_eq!(rig.conversations(&vista).len(), 1);
    // An order to stop is obeyed.
    let mut seen = 0;
    let history = History::open_read_only(&rig.path).unwrap();
    history
        .timeline(&chat(None), |_| {
            seen += 1;
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(seen, 3);
}

#[test]
fn an_echo_that_lends_its_id_leaves_an_agents_words_theirs_in_any_order() {
    let said = |id: &str, message_id: Option<&str>, state: &str, at: i64| {
        let mut fields = reply(id, message_id, "hi", at, state);
        fields[1].1 = fields[1]
            .1
            .replace("\"author\":\"bot\"", "\"author\":\"agent\",\"by\":\"ana\"");
        fields
    };
    for reply in [
        said("r1", Some("S"), "sent", 5123),
        said("r1", None, "sent", 5123),
    ] {
        in_every_order(
            &[
                said("r1", None, "failed", 5000),
                reply,
                echo("S", "hi", 5000),
            ],
            |rig| {
                let one = rig.one();
                assert_eq!(
                    (
                        one.author.as_str(),
                        one.by.as_deref(),
                        one.message_id,
                        one.state.as_deref()
                    ),
                    ("agent", Some("ana"), message_id("S"), Some("sent"))
                );
            },
        );
    }
}

#[test]
fn what_was_done_under_the_hidden_id_is_in_the_story_of_the_chat() {
    let entries = [
        hidden(step("handoff", "c1", 2000, &[("team", "sales")])),
        step("taken", "c1", 5000, &[("by", "ana"), ("from", "line")]),
        alias(3000),
    ];
    in_every_order(&entries, |rig| {
        for name in [CHAT, LID] {
            let query = Query {
                chat: Some(name.parse().unwrap()),
                ..Query::default()
            };
            assert_eq!(
                timeline(rig, &query),
                ["handed off to team sales", "taken by ana from the line"],
                "{name}"
            );
        }
        assert_eq!(rig.conversations(&Query::default()).len(), 1);
    });
}

#[test]
fn a_rating_out_of_range_is_kept_as_unreadable() {
    let mut rig = Rig::new();
    let appended = rig.append(&[
        step("rated", "c1", 1000, &[("rating", "6")]),
        step("rated", "", 1000, &[("rating", "5")]),
        step("given", "c1", 1000, &[("by", "ana"), ("to", "team:")]),
    ]);
    assert_eq!((appended.stored, appended.unreadable), (1, 2));
}

/// An audit line, under the next stream id of no session.
fn audit(rig: &mut Rig, kind: &str, at: i64, what: &str, text: &str) -> Appended {
    rig.next += 1;
    let fields = [
        ("kind", kind),
        ("at", &at.to_string()),
        ("by", "ana"),
        ("what", what),
        ("text", text),
    ];
    let line = StreamEntry {
        session: SessionName::none(),
        stream_id: format!("{}-0", rig.next),
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    rig.archive.append(&[line]).unwrap()
}

#[test]
fn audit_lines_are_read_newest_first_and_are_in_no_other_list() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "one", 1000)]);
    for (kind, at, what, text) in [
        ("login", 1000, "password", ""),
        ("login_failed", 2000, "3", ""),
        ("setting", 3000, "agent bia", "role owner"),
        ("session_control", 4000, "stopped", "shop"),
        ("erased", 5000, "", ""),
        ("exported", 6000, "conversations", ""),
        // It arrives late.
        ("login", 500, "", ""),
    ] {
        assert_eq!(audit(&mut rig, kind, at, what, text).stored, 1);
    }
    let history = History::open_read_only(&rig.path).unwrap();
    let (mut lines, mut from) = (Vec::new(), None);
    loop {
        let page = history.audit(from.as_ref(), 2).unwrap();
        assert!(page.lines.len() <= 2);
        lines.extend(page.lines.iter().map(StoredEvent::in_words));
        match page.next {
            Some(next) => from = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(
        lines,
        [
            "conversations exported by ana",
            "a customer's data was erased by ana",
            "session shop: stopped by ana",
            "agent bia changed by ana: role owner",
            "3 failed logins by ana",
            "login by ana with a password",
            "login by ana",
        ]
    );
    let mut shown = Vec::new();
    history
        .timeline(&Query::default(), |item| {
            shown.push(words(&item));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(shown, ["one"]);
    assert_eq!(history.sessions().unwrap(), ["default"]);
    assert_eq!(
        history
            .report(&Query::default(), &jiff::tz::TimeZone::UTC)
            .unwrap()
            .all
            .conversations,
        0
    );
    // What is about a session is not taken from the stream of none, nor the other way round.
    assert_eq!(audit(&mut rig, "line_paused", 7000, "", "").unreadable, 1);
    let fields = vec![("kind", "login".to_owned()), ("by", "ana".to_owned())];
    assert_eq!(rig.append(&[fields]).unreadable, 1);
}
