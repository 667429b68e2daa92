//! What agents and the owner do by hand: one wins, nothing is done twice, and a conversation is in one place.

use std::sync::Barrier;

use waha_sm::ids::AgentName;
use waha_sm::store::{
    Acted, Action, Close, CloseByHand, GiveTo, Handoff, HeldBy, MoveTo, Returned, Seat, WhyReturned,
};

use super::*;

fn agent(name: &str) -> AgentName {
    name.parse().unwrap()
}

fn seat(teams: &[&str]) -> Seat {
    Seat {
        max_chats: 8,
        elsewhere: 0,
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
    }
}

/// Each has an id of its own.
fn action(by: &str, n: usize, holder: HeldBy) -> Action {
    Action {
        id: format!("{}", fastrand::u128(..)),
        by: agent(by),
        chat: chat(n),
        conversation: None,
        rev: None,
        holder,
    }
}

fn of(name: &str) -> HeldBy {
    HeldBy::Agent(agent(name))
}

fn said_by(name: &str, id: &str) -> Reply {
    Reply {
        by: Some(name.to_owned()),
        ..reply(id)
    }
}

async fn writes(store: &Store, n: usize, text: &str, now: i64) -> Ingested {
    let message = Ingest {
        from: chat(n),
        sent_at: ms(now),
        now: ms(now),
        ..ingest(text)
    };
    store.ingest(&session(), message).await.unwrap()
}

/// Customer `n` writes at `n` seconds, and is handed to a team.
async fn waits_for(store: &Store, n: usize, team: &str, urgent: bool) {
    let now = n as i64 * 1_000;
    writes(store, n, "hi", now).await;
    let claimed = store.claim(&session(), &process("p"), 1, ms(now)).await;
    let claimed = claimed.unwrap().remove(0);
    let handed = StepCommit {
        handoff: Some(Handoff {
            within: Duration::from_secs(3_600),
            team: team.to_owned(),
            urgent,
            note: "wants a price".to_owned(),
        }),
        now: ms(now),
        ..step(&claimed, vec![])
    };
    store.commit(&session(), handed).await.unwrap();
}

async fn take_next(store: &Store, by: &str, teams: &[&str], now: i64) -> Acted {
    let action = action(by, 0, HeldBy::Nobody);
    let taken = store
        .take_next(&session(), &action, &seat(teams), ms(now))
        .await;
    taken.unwrap()
}

async fn take(store: &Store, by: &str, n: usize, from: HeldBy, now: i64) -> Acted {
    let action = action(by, n, from);
    let taken = store.take(&session(), &action, &seat(&[]), ms(now)).await;
    taken.unwrap()
}

fn chat_of(acted: &Acted) -> ChatId {
    match acted {
        Acted::Done(case) | Acted::Yours(case) | Acted::Held(case) | Acted::Changed(case) => {
            case.chat.clone()
        }
        other => panic!("{other:?}"),
    }
}

fn holder_of(acted: &Acted) -> HeldBy {
    match acted {
        Acted::Done(case) | Acted::Yours(case) | Acted::Held(case) | Acted::Changed(case) => {
            case.holder.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn agents_take_from_their_lines_urgent_ones_first_then_by_ticket() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for (n, team, urgent) in [
            (1, "sales", false),
            (2, "", false),
            (3, "support", false),
            (4, "sales", true),
            (5, "sales", false),
        ] {
            waits_for(&store, n, team, urgent).await;
        }
        let mut took = Vec::new();
        for teams in [&["sales"][..], &["sales"], &[], &["support", "sales"], &[]] {
            let taken = take_next(&store, "ana", teams, 10_000).await;
            assert_eq!(holder_of(&taken), of("ana"));
            took.push(chat_of(&taken));
        }
        assert_eq!(took, [4, 1, 2, 3, 5].map(chat));
        let none = take_next(&store, "ana", &[], 10_000).await;
        assert_eq!(none, Acted::NobodyWaits);
    });
}

/// How often two take the same customer at once.
const ROUNDS: usize = 1_000;

/// One of two takes each customer at the same moment as the other one, over a connection of their own, and closes the
/// conversation if they got it. Returns the answers.
async fn takes_each(store: Store, by: &str, first_now: i64, together: &Barrier) -> Vec<Acted> {
    let mut answers = Vec::new();
    for n in 1..=ROUNDS {
        let now = first_now + n as i64;
        together.wait();
        let acted = take(&store, by, n, HeldBy::Nobody, now).await;
        together.wait();
        if matches!(acted, Acted::Done(_)) {
            let close = CloseByHand {
                outcome: "solved".to_owned(),
                asks_rating: None,
            };
            let action = action(by, n, of(by));
            let closed = store
                .close_by_hand(&session(), &action, None, &close, ms(now))
                .await;
            assert!(matches!(closed.unwrap(), Acted::Done(_)));
        }
        answers.push(acted);
    }
    answers
}

#[test]
fn of_two_who_take_the_same_one_wins_and_the_other_learns_who_and_since_when() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for n in 1..=ROUNDS {
            waits_for(&store, n, "", false).await;
        }
    });
    // In one thread, they would take turns. For Redis, two connections are two processes; `desk/races` starts real ones.
    let together = Barrier::new(2);
    let takes = |by: &str, first_now: i64| {
        let mut answers = Vec::new();
        block_on(async {
            answers = takes_each(connect(&redis).await, by, first_now, &together).await;
        });
        answers
    };
    let (ana, bia) = std::thread::scope(|scope| {
        let ana = scope.spawn(|| takes("ana", 2_000_000));
        let bia = scope.spawn(|| takes("bia", 3_000_000));
        (ana.join().unwrap(), bia.join().unwrap())
    });
    for (n, (anas, bias)) in (1..).zip(ana.iter().zip(&bia)) {
        let (won, lost, by, since) = match anas {
            Acted::Done(_) => (anas, bias, "ana", 2_000_000 + n),
            _ => (bias, anas, "bia", 3_000_000 + n),
        };
        assert!(matches!(won, Acted::Done(_)), "{n}: {won:?}");
        assert!(
            matches!(lost, Acted::Held(case) if case.holder == of(by) && case.since == Some(ms(since))),
            "{n}: {lost:?}"
        );
    }
}

#[test]
fn an_action_that_is_repeated_has_the_same_answer_and_does_nothing_twice() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        waits_for(&store, 1, "", false).await;
        waits_for(&store, 2, "", false).await;
        let next = action("ana", 0, HeldBy::Nobody);
        let mut answers = Vec::new();
        for now in [10_000, 20_000] {
            let taken = store
                .take_next(&session(), &next, &seat(&[]), ms(now))
                .await;
            answers.push(taken.unwrap());
        }
        assert_eq!(answers[0], answers[1]);
        let says = action("ana", 1, of("ana"));
        for _ in 0..2 {
            let said = store
                .say(
                    &session(),
                    &says,
                    None,
                    Some(&said_by("ana", "hello")),
                    ms(30_000),
                )
                .await;
            assert!(matches!(said.unwrap(), Acted::Done(_)));
        }
        let TakenLanes::Lanes(mut lanes) = store
            .take_lanes(&session(), &process("p"), 1, ms(40_000))
            .await
            .unwrap()
        else {
            panic!("paused");
        };
        let lane = lanes.remove(0);
        assert_eq!(lane.reply.as_ref().unwrap().by.as_deref(), Some("ana"));
        let next = store.settle(&session(), sent(&lane), ms(40_000)).await;
        assert!(next.unwrap().is_none(), "she said it twice");
    });
}

#[test]
fn a_conversation_is_taken_from_the_bot_the_phone_and_a_colleague_who_is_named() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        writes(&store, 1, "hi", 1_000).await;
        let claimed = store.claim(&session(), &process("p"), 1, ms(1_000)).await;
        let claimed = claimed.unwrap().remove(0);
        let taken = take(&store, "ana", 1, HeldBy::Nobody, 2_000).await;
        assert!(
            matches!(&taken, Acted::Done(case) if case.more == "bot"),
            "{taken:?}"
        );
        // The worker learns that it has lost it.
        let late = store
            .commit(&session(), step(&claimed, vec![reply("late")]))
            .await;
        assert!(matches!(late.unwrap(), Committed::Stale));
        let held = take(&store, "bia", 1, HeldBy::Nobody, 3_000).await;
        assert!(
            matches!(&held, Acted::Held(case) if case.holder == of("ana") && case.since == Some(ms(2_000))),
            "{held:?}"
        );
        let taken = take(&store, "bia", 1, of("ana"), 4_000).await;
        assert!(
            matches!(&taken, Acted::Done(case) if case.more == "agent ana"),
            "{taken:?}"
        );
        let yours = take(&store, "bia", 1, HeldBy::Nobody, 5_000).await;
        assert!(matches!(yours, Acted::Yours(_)), "{yours:?}");
        assert_eq!(writes(&store, 1, "and?", 6_000).await, Ingested::Agent);
    });
}

#[test]
fn a_colleague_who_takes_over_does_not_start_the_clock_of_an_answered_customer() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        waits_for(&store, 1, "", false).await;
        take(&store, "ana", 1, HeldBy::Nobody, 2_000).await;
        let says = action("ana", 1, of("ana"));
        let said = store
            .say(
                &session(),
                &says,
                None,
                Some(&said_by("ana", "done")),
                ms(3_000),
            )
            .await;
        assert!(matches!(said.unwrap(), Acted::Done(_)));
        take(&store, "bia", 1, of("ana"), 4_000).await;
        let quiet = Duration::from_secs(60);
        let returned = store.return_held(&session(), quiet, &[], ms(900_000)).await;
        assert_eq!(returned.unwrap(), []);
        writes(&store, 1, "and this?", 900_000).await;
        let returned = store.return_held(&session(), quiet, &[], ms(960_000)).await;
        assert_eq!(returned.unwrap().len(), 1);
    });
}

#[test]
fn an_id_that_is_used_again_for_something_else_is_another_action() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        waits_for(&store, 1, "", false).await;
        let takes = action("ana", 1, HeldBy::Nobody);
        let taken = store.take(&session(), &takes, &seat(&[]), ms(2_000)).await;
        assert!(matches!(taken.unwrap(), Acted::Done(_)));
        let says = Action {
            holder: of("ana"),
            ..takes
        };
        let said = store
            .say(
                &session(),
                &says,
                None,
                Some(&said_by("ana", "hi")),
                ms(3_000),
            )
            .await;
        assert!(matches!(said.unwrap(), Acted::Done(_)));
        let lanes = store
            .take_lanes(&session(), &process("p"), 1, ms(4_000))
            .await;
        assert!(matches!(lanes.unwrap(), TakenLanes::Lanes(lanes) if lanes.len() == 1));
    });
}

#[test]
fn nobody_holds_more_than_they_may() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for n in 1..=3 {
            waits_for(&store, n, "", false).await;
        }
        let seat = Seat {
            max_chats: 3,
            elsewhere: 1,
            ..seat(&[])
        };
        let mut results = Vec::new();
        for _ in 0..3 {
            let action = action("ana", 0, HeldBy::Nobody);
            let taken = store
                .take_next(&session(), &action, &seat, ms(10_000))
                .await;
            results.push(taken.unwrap());
        }
        assert!(matches!(
            results[..],
            [Acted::Done(_), Acted::Done(_), Acted::TooMany]
        ));
        let give = action("ana", 1, of("ana"));
        let to = GiveTo::Agent {
            name: agent("bia"),
            room: 0,
        };
        let given = store.give(&session(), &give, None, &to, ms(11_000)).await;
        assert_eq!(given.unwrap(), Acted::TooMany);
    });
}

#[test]
fn what_is_given_back_waits_under_its_old_ticket() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for n in 1..=3 {
            waits_for(&store, n, "sales", false).await;
        }
        for n in [1, 2] {
            assert_eq!(
                chat_of(&take_next(&store, "ana", &[], 10_000).await),
                chat(n)
            );
        }
        let to_team = GiveTo::Team("sales".to_owned());
        let give = action("ana", 2, of("ana"));
        let given = store
            .give(&session(), &give, None, &to_team, ms(11_000))
            .await;
        assert!(matches!(given.unwrap(), Acted::Done(_)));
        let give = action("ana", 1, of("ana"));
        let to_bot = GiveTo::Bot {
            state: "{\"now\":1}".to_owned(),
            step: Some("menu".to_owned()),
        };
        let given = store
            .give(&session(), &give, None, &to_bot, ms(11_000))
            .await;
        assert!(matches!(given.unwrap(), Acted::Done(_)));
        // Who came later waits behind.
        assert_eq!(
            chat_of(&take_next(&store, "bia", &["sales"], 12_000).await),
            chat(2)
        );
        writes(&store, 4, "hi", 12_000).await;
        let claimed = store.claim(&session(), &process("p"), 2, ms(12_000)).await;
        let claimed: Vec<_> = claimed
            .unwrap()
            .into_iter()
            .map(|one| (one.chat, one.state))
            .collect();
        assert_eq!(
            claimed,
            [
                (chat(1), "{\"now\":1}".to_owned()),
                (chat(4), String::new())
            ]
        );
    });
}

#[test]
fn who_is_left_alone_by_their_agent_waits_again_in_the_old_place() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for n in 1..=5 {
            waits_for(&store, n, "sales", false).await;
        }
        // Ana answers one of two, bia is gone, and carla works.
        for (by, count) in [("ana", 2), ("bia", 1), ("carla", 1)] {
            for _ in 0..count {
                take_next(&store, by, &[], 10_000).await;
            }
        }
        let says = action("ana", 1, of("ana"));
        let said = store
            .say(
                &session(),
                &says,
                None,
                Some(&said_by("ana", "hello")),
                ms(20_000),
            )
            .await;
        said.unwrap();
        let says = action("carla", 4, of("carla"));
        let said = store
            .say(
                &session(),
                &says,
                None,
                Some(&said_by("carla", "hello")),
                ms(20_000),
            )
            .await;
        said.unwrap();
        let quiet = Duration::from_secs(1_800);
        let gone = [(agent("bia"), WhyReturned::Gone)];
        let early = store
            .return_held(&session(), quiet, &[], ms(1_809_999))
            .await;
        assert_eq!(early.unwrap(), []);
        let mut returned = store
            .return_held(&session(), quiet, &gone, ms(1_810_000))
            .await
            .unwrap();
        returned.sort_by(|one, other| one.chat.as_str().cmp(other.chat.as_str()));
        let due = [
            (2, "ana", WhyReturned::Quiet),
            (3, "bia", WhyReturned::Gone),
        ];
        let due = due.map(|(n, name, why)| Returned {
            chat: chat(n),
            agent: agent(name),
            why,
        });
        assert_eq!(returned, due);
        // The customer writes again, and ana stays quiet.
        writes(&store, 1, "and?", 1_900_000).await;
        let later = store
            .return_held(&session(), quiet, &[], ms(3_700_000))
            .await;
        assert_eq!(later.unwrap()[0].chat, chat(1));
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(chat_of(&take_next(&store, "dora", &[], 3_800_000).await));
        }
        assert_eq!(order, [1, 2, 3, 5].map(chat));
    });
}

#[test]
fn a_move_changes_the_order_of_one_line_and_of_no_other_customer() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for n in 1..=5 {
            waits_for(&store, n, "", n == 5).await;
        }
        for (n, to, place) in [
            (3, MoveTo::First, "1"),
            (4, MoveTo::First, "1"),
            (4, MoveTo::First, "1"),
            (5, MoveTo::Last, "5"),
            (2, MoveTo::Urgent, "3"),
        ] {
            let action = action("owner", n, HeldBy::Nobody);
            let moved = store
                .move_in_line(&session(), &action, to, ms(10_000))
                .await;
            let moved = moved.unwrap();
            assert!(
                matches!(&moved, Acted::Done(case) if case.more == place),
                "{n} {to:?}: {moved:?}"
            );
        }
        // A newcomer comes last, behind the one who was moved there.
        waits_for(&store, 6, "", false).await;
        let mut order = Vec::new();
        for _ in 0..6 {
            order.push(chat_of(&take_next(&store, "ana", &[], 20_000).await));
        }
        assert_eq!(order, [4, 3, 2, 1, 5, 6].map(chat));
        let gone = action("owner", 4, HeldBy::Nobody);
        let moved = store
            .move_in_line(&session(), &gone, MoveTo::First, ms(30_000))
            .await;
        let moved = moved.unwrap();
        assert_eq!(
            (holder_of(&moved), matches!(moved, Acted::Held(_))),
            (of("ana"), true)
        );
    });
}

#[test]
fn while_a_line_is_paused_nobody_is_taken_from_it() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let owner = agent("owner");
        waits_for(&store, 1, "sales", false).await;
        waits_for(&store, 2, "support", false).await;
        writes(&store, 3, "hi", 3_000).await;
        let pause = async |id: &str, team: &str| {
            let words = "back at 14:00";
            let paused = store
                .pause_line(&session(), (id, &owner), team, words, ms(5_000))
                .await;
            paused.unwrap()
        };
        assert!(pause("1", "sales").await);
        assert!(
            pause("1", "sales").await,
            "the same action has the same answer"
        );
        assert!(!pause("2", "sales").await, "it is paused already");
        let paused = take_next(&store, "ana", &["sales"], 6_000).await;
        assert!(
            matches!(&paused, Acted::Paused(pause) if pause.text == "back at 14:00" && pause.since == ms(5_000)),
            "{paused:?}"
        );
        assert_eq!(
            chat_of(&take_next(&store, "ana", &[], 6_000).await),
            chat(2)
        );
        assert!(pause("3", "").await);
        let claimed = store.claim(&session(), &process("p"), 1, ms(7_000)).await;
        assert!(claimed.unwrap().is_empty(), "workers pause, too");
        let named = take(&store, "ana", 3, HeldBy::Nobody, 7_000).await;
        assert!(matches!(named, Acted::Paused(_)), "{named:?}");
        let lines = store.paused_lines(&session()).await.unwrap();
        let teams: Vec<_> = lines.iter().map(|line| line.team.as_str()).collect();
        assert_eq!(teams, ["", "sales"]);
        for team in ["", "sales"] {
            let id = format!("resume {team}");
            let resumed = store
                .resume_line(&session(), (&id, &owner), team, ms(8_000))
                .await;
            assert!(resumed.unwrap());
        }
        let claimed = store.claim(&session(), &process("p"), 1, ms(9_000)).await;
        assert_eq!(claimed.unwrap().len(), 1);
        assert_eq!(
            chat_of(&take_next(&store, "ana", &["sales"], 9_000).await),
            chat(1)
        );
    });
}

#[test]
fn what_the_agent_has_not_seen_opens_the_next_conversation() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        waits_for(&store, 1, "", false).await;
        take_next(&store, "ana", &[], 10_000).await;
        for text in ["one", "two"] {
            writes(&store, 1, text, 11_000).await;
        }
        let close = CloseByHand {
            outcome: "solved".to_owned(),
            asks_rating: None,
        };
        let closes = action("ana", 1, of("ana"));
        let closed = store
            .close_by_hand(&session(), &closes, Some(1), &close, ms(12_000))
            .await;
        assert!(matches!(closed.unwrap(), Acted::Done(_)));
        let claimed = store.claim(&session(), &process("p"), 1, ms(13_000)).await;
        let claimed = claimed.unwrap().remove(0);
        assert_eq!((claimed.rev, claimed.inbox.len()), (0, 1));
        assert!(claimed.inbox[0].contains("two"));
        assert_eq!(claimed.last, Some((ms(12_000), "solved".to_owned())));
        let again = action("ana", 1, of("ana"));
        let said = store
            .say(
                &session(),
                &again,
                None,
                Some(&said_by("ana", "hello")),
                ms(14_000),
            )
            .await;
        assert_eq!(holder_of(&said.unwrap()), HeldBy::Bot);
    });
}

#[test]
fn a_rating_is_kept_and_opens_no_conversation() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        writes(&store, 1, "hi", 1_000).await;
        let claimed = store.claim(&session(), &process("p"), 1, ms(1_000)).await;
        let claimed = claimed.unwrap().remove(0);
        let close = StepCommit {
            close: Some(Close {
                outcome: "done".to_owned(),
                variables: "{}".to_owned(),
                resume_within: Duration::ZERO,
                asks_rating: true,
            }),
            known: Some("{\"plan\":\"gold\"}".to_owned()),
            ..step(&claimed, vec![])
        };
        store.commit(&session(), close).await.unwrap();
        let rates = async |rating: u8, now: i64| {
            let message = Ingest {
                sent_at: ms(now),
                now: ms(now),
                rating: Some((rating, Some(reply(&format!("thanks {rating}"))))),
                ..ingest(&rating.to_string())
            };
            store.ingest(&session(), message).await.unwrap()
        };
        assert_eq!(rates(4, 2_000).await, Ingested::Rated);
        assert_eq!(rates(5, 3_000).await, Ingested::Rated);
        let ratings: Vec<_> = store
            .history(&session(), None, 100)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| {
                entry
                    .fields
                    .contains(&("kind".to_owned(), "rated".to_owned()))
            })
            .map(|entry| {
                entry
                    .fields
                    .iter()
                    .find(|(name, _)| name == "rating")
                    .unwrap()
                    .1
                    .clone()
            })
            .collect();
        assert_eq!(ratings, ["4", "5"]);
        let TakenLanes::Lanes(lanes) = store
            .take_lanes(&session(), &process("p"), 1, ms(4_000))
            .await
            .unwrap()
        else {
            panic!("paused");
        };
        assert_eq!(first(&lanes[0]), "thanks 4");
        let next = store.settle(&session(), sent(&lanes[0]), ms(4_000)).await;
        assert!(next.unwrap().is_none(), "thanked twice");
        // Other words open one, which knows the customer; a number in it is an answer.
        assert_eq!(
            writes(&store, 1, "hi again", 5_000).await,
            Ingested::Queued { position: 1 }
        );
        assert_eq!(rates(3, 6_000).await, Ingested::Queued { position: 1 });
        let claimed = store.claim(&session(), &process("p"), 1, ms(7_000)).await;
        let claimed = claimed.unwrap().remove(0);
        assert_eq!(claimed.known, "{\"plan\":\"gold\"}");
        assert_eq!(claimed.last, Some((ms(1_000), "done".to_owned())));
    });
}

#[test]
fn what_the_estimate_needs_is_counted_as_people_take_and_close() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for (n, team, urgent) in [
            (1, "sales", true),
            (2, "sales", false),
            (3, "sales", false),
            (4, "", false),
            (5, "support", false),
        ] {
            waits_for(&store, n, team, urgent).await;
        }
        for now in [20_000, 30_000] {
            take_next(&store, "ana", &["sales"], now).await;
        }
        let close = CloseByHand {
            outcome: "solved".to_owned(),
            asks_rating: None,
        };
        let closes = action("ana", 1, of("ana"));
        let closed = store
            .close_by_hand(&session(), &closes, None, &close, ms(80_000))
            .await;
        assert!(matches!(closed, Ok(Acted::Done(_))), "{closed:?}");

        let people = store.people(&session(), ms(90_000)).await.unwrap();
        let sales = &people.lines["sales"];
        assert_eq!((sales.waiting, sales.measured), (1, 1));
        assert_eq!(sales.first_since, ms(3_000));
        assert_eq!(sales.handling, Duration::from_secs(60));
        assert_eq!(sales.called_at, Some(ms(30_000)));
        assert!((0.019..0.021).contains(&sales.urgent_share), "{sales:?}");
        assert_eq!(people.lines[""].waiting, 1);
        assert_eq!(people.lines["support"].measured, 0);
        let held = &people.held[&agent("ana")];
        assert_eq!(held.iter().next(), Some((&"sales".to_owned(), &1)));
        // She held one, and then two, while a third waited.
        assert!((people.parallel[&agent("ana")] - 1.2).abs() < 0.01);
        assert_eq!(people.took_at[&agent("ana")], ms(30_000));
        let gauges = store.gauges(&session()).await.unwrap();
        assert_eq!((gauges.with_agent, gauges.waiting_for_person), (1, 3));
        assert_eq!(gauges.waiting_for_team["sales"], 1);
    });
}
