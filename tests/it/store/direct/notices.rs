//! The budget for notices: however many customers wait, a session sends few notices in a minute, to those at the head first, and
//! nobody reads a place that is not true any more.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::ids::ChatId;
use waha_sm::store::{
    Action, Announcement, Handoff, HeldBy, Ingest, Lane, MoveTo, SessionReport, StepCommit, Store,
    TakenLanes, Verdict, WaitingConversation,
};

use super::{PER_MINUTE, block_on, chat, connect, ingest, process, reply, sent, session, step};
use crate::harness::{Redis, ms};

const MINUTE: Duration = Duration::from_secs(60);

async fn wait_in_line(store: &Store, customers: std::ops::RangeInclusive<usize>) {
    for n in customers {
        let opening = Ingest {
            from: chat(n),
            ..ingest("hi")
        };
        store.ingest(&session(), opening).await.unwrap();
    }
}

/// What the announcer says to everybody whom it looks at.
pub(super) fn notice(one: &WaitingConversation, now: Millis) -> Announcement {
    let mut notice = reply(&format!("{}:{now}", one.id));
    notice.text = format!("place {}", one.position);
    notice.queued_at = now;
    notice.notice = true;
    Announcement {
        chat: one.chat.clone(),
        id: one.id.clone(),
        turn: one.turn,
        announced: Some(one.position),
        moved: one.moved,
        told_pause: None,
        due: now + Duration::from_secs(3600),
        examined: one.examined + one.unexamined.len() as u64,
        examined_before: one.examined,
        since: one.since,
        leave: None,
        reply: Some(notice),
        words: Vec::new(),
    }
}

async fn look(store: &Store, now: Millis) -> Vec<WaitingConversation> {
    let due = store.due_waiting(&session(), 100, PER_MINUTE, now).await;
    due.unwrap().waiting
}

async fn announce(store: &Store, looked: &[WaitingConversation], now: Millis) {
    let notices: Vec<_> = looked.iter().map(|one| notice(one, now)).collect();
    let announced = store.announce(&session(), &notices, PER_MINUTE, now).await;
    announced.unwrap();
}

/// All lanes that are due.
async fn take(store: &Store, now: Millis) -> Vec<Lane> {
    let taken = store
        .take_lanes(&session(), &process("sender"), 1_000, now)
        .await;
    match taken.unwrap() {
        TakenLanes::Lanes(lanes) => lanes,
        TakenLanes::Paused => Vec::new(),
    }
}

/// Sends all that is due. Returns to whom, and what.
async fn send(store: &Store, now: Millis) -> Vec<(ChatId, String)> {
    let mut all = Vec::new();
    for lane in take(store, now).await {
        store.settle(&session(), sent(&lane), now).await.unwrap();
        all.push((lane.chat, lane.reply.unwrap().text));
    }
    all
}

/// The announcers of two processes and a sender at one moment. Returns what was sent.
async fn moment(stores: &[Store; 2], now: Millis) -> Vec<(ChatId, String)> {
    loop {
        let looked = [look(&stores[0], now).await, look(&stores[1], now).await];
        for (store, looked) in stores.iter().zip(&looked) {
            announce(store, looked, now).await;
        }
        if looked.iter().all(Vec::is_empty) {
            return send(&stores[0], now).await;
        }
    }
}

#[test]
fn however_many_wait_two_processes_send_twenty_notices_a_minute_in_the_order_of_the_line() {
    let redis = Redis::start();
    block_on(async {
        let stores = [connect(&redis).await, connect(&redis).await];
        wait_in_line(&stores[0], 1..=70).await;
        let mut sent = Vec::new();
        // Each second for four minutes. Each minute, one of those at the head is served.
        for second in 0..240 {
            let now = ms(10_000 + second * 1_000);
            for (chat, text) in moment(&stores, now).await {
                sent.push((now, chat, text));
            }
            if second % 60 == 30 {
                let claimed = stores[0].claim(&session(), &process("p"), 1, now).await;
                assert_eq!(claimed.unwrap().len(), 1);
            }
        }
        for (at, ..) in &sent {
            let minute = sent
                .iter()
                .filter(|(other, ..)| *other >= *at && other.since(*at) < MINUTE);
            assert!(minute.count() <= PER_MINUTE as usize, "{sent:?}");
        }
        let first = sent.iter().take(PER_MINUTE as usize);
        let first: Vec<_> = first
            .map(|(_, chat, text)| (chat.clone(), text.as_str()))
            .collect();
        let places: Vec<_> = (1..=20).map(|n| (chat(n), format!("place {n}"))).collect();
        assert_eq!(
            first,
            places
                .iter()
                .map(|(chat, text)| (chat.clone(), text.as_str()))
                .collect::<Vec<_>>()
        );
        // The new head is told before those behind the twentieth, and these read the places that they have by then.
        let second: Vec<_> = sent.iter().skip(20).take(3).collect();
        assert_eq!((&second[0].1, second[0].2.as_str()), (&chat(2), "place 1"));
        assert_eq!(
            (&second[1].1, second[1].2.as_str()),
            (&chat(21), "place 20")
        );
        assert!(sent.len() >= 70, "{} were told", sent.len());
    });
}

#[test]
fn the_heads_of_all_lines_are_told_before_others_and_answers_wait_for_nothing() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        // 31 and 32 wait for a person, and came last.
        wait_in_line(&store, 31..=32).await;
        for held in store
            .claim(&session(), &process("p"), 2, ms(1_100))
            .await
            .unwrap()
        {
            let handoff = Handoff {
                team: "sales".to_owned(),
                ..Handoff::default()
            };
            let step = StepCommit {
                handoff: Some(handoff),
                ..step(&held, vec![])
            };
            store.commit(&session(), step).await.unwrap();
        }
        wait_in_line(&store, 1..=30).await;
        let looked = look(&store, ms(10_000)).await;
        let order: Vec<_> = looked.iter().map(|one| one.chat.clone()).collect();
        assert_eq!(
            order[..5],
            [chat(1), chat(31), chat(2), chat(32), chat(3)],
            "{order:?}"
        );
        announce(&store, &looked, ms(10_000)).await;
        assert_eq!(
            send(&store, ms(10_000)).await.len(),
            PER_MINUTE as usize,
            "the budget is of the session, not of a line"
        );

        let asks = Ingest {
            from: chat(30),
            ..ingest("position")
        };
        store.ingest(&session(), asks).await.unwrap();
        let now = ms(11_000);
        let looked = look(&store, now).await;
        let [asked] = &looked[..] else {
            panic!("{looked:?}");
        };
        assert_eq!((&asked.chat, asked.position), (&chat(30), 30));
        let mut answer = notice(asked, now);
        answer.examined -= 1;
        answer.words = vec![asked.unexamined.last().unwrap().clone()];
        answer.reply.as_mut().unwrap().notice = false;
        store
            .announce(&session(), &[answer], PER_MINUTE, now)
            .await
            .unwrap();
        assert_eq!(send(&store, now).await, [(chat(30), "place 30".to_owned())]);
    });
}

#[test]
fn a_new_head_is_told_at_once_although_hundreds_were_due_before() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        wait_in_line(&store, 1..=250).await;
        let action = Action {
            id: "move".to_owned(),
            by: "owner".parse().unwrap(),
            chat: chat(250),
            conversation: None,
            rev: None,
            holder: HeldBy::Nobody,
        };
        store
            .move_in_line(&session(), &action, MoveTo::First, ms(9_000))
            .await
            .unwrap();
        let looked = look(&store, ms(10_000)).await;
        let order: Vec<_> = looked.iter().map(|one| one.chat.clone()).collect();
        assert_eq!(order[..3], [chat(250), chat(1), chat(2)], "{order:?}");
        announce(&store, &looked, ms(10_000)).await;
        let sent = send(&store, ms(10_000)).await;
        assert_eq!(sent.len(), PER_MINUTE as usize);
        assert!(sent.contains(&(chat(250), "place 1".to_owned())));
    });
}

#[test]
fn after_a_pause_notices_leave_one_after_the_other_and_tell_the_place_of_then() {
    let redis = Redis::start();
    block_on(async {
        let stores = [connect(&redis).await, connect(&redis).await];
        let store = &stores[0];
        wait_in_line(store, 1..=30).await;
        // Twenty notices are written, and the session stops before they are sent.
        announce(store, &look(store, ms(5_000)).await, ms(5_000)).await;
        store.pause(&session(), ms(5_000)).await.unwrap();
        // Meanwhile two customers leave the line.
        let claimed = store.claim(&session(), &process("p"), 2, ms(20_000)).await;
        assert_eq!(claimed.unwrap().len(), 2);
        let works = SessionReport {
            status: "WORKING",
            at: None,
            alarm: false,
            grace: Duration::ZERO,
        };
        store
            .note_status(&session(), works, ms(40_000))
            .await
            .unwrap();
        let mut sent = Vec::new();
        for second in 0..120 {
            let now = ms(40_000 + second * 1_000);
            let leave = moment(&stores, now).await;
            assert!(leave.len() <= 3, "they leave at once: {leave:?}");
            sent.extend(leave);
        }
        assert!(sent.len() >= 20, "{sent:?}");
        let places: Vec<_> = (1..=sent.len())
            .map(|place| (chat(place + 2), format!("place {place}")))
            .collect();
        assert_eq!(sent, places);
    });
}

#[test]
fn a_notice_that_waha_did_not_take_within_a_minute_is_not_sent_and_its_customer_is_told_later() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        wait_in_line(&store, 1..=2).await;
        announce(&store, &look(&store, ms(5_000)).await, ms(5_000)).await;
        // WAHA is away: the first is tried and is in doubt, the second has not been tried.
        let lanes = take(&store, ms(5_000)).await;
        assert_eq!(lanes.len(), 2);
        let recorded = store
            .record_attempt(&session(), &lanes[0], None, &lanes[0].chat, ms(6_000))
            .await;
        assert!(recorded.unwrap());
        let again = |lane: &Lane| lane.reply.clone().unwrap();
        for (lane, doubt) in [(&lanes[0], true), (&lanes[1], false)] {
            let failed = lane.settled(Verdict::Retry {
                due: ms(70_000),
                again: again(lane),
                doubt,
                id: None,
            });
            store.settle(&session(), failed, ms(8_000)).await.unwrap();
        }
        let lanes = take(&store, ms(70_000)).await;
        let [doubtful] = &lanes[..] else {
            panic!("{lanes:?}");
        };
        // It turns out that it was not sent: too late to send it.
        let recorded = store
            .record_attempt(&session(), doubtful, None, &doubtful.chat, ms(70_000))
            .await;
        assert!(!recorded.unwrap());
        let release = doubtful.settled(Verdict::Release {
            due: ms(70_000),
            doubt: false,
        });
        store.settle(&session(), release, ms(70_000)).await.unwrap();
        assert!(take(&store, ms(70_000)).await.is_empty());
        let looked = look(&store, ms(70_000)).await;
        assert_eq!(
            looked
                .iter()
                .map(|one| (one.chat.clone(), one.announced))
                .collect::<Vec<_>>(),
            [(chat(1), None), (chat(2), None)]
        );
    });
}
