//! When a chat is left alone: what counts as a machine's answer, and what is counted for whom.

use waha_sm::flow::Limits;
use waha_sm::store::AnswerWords;

use super::*;

const LIMITS: Limits = Limits {
    conversations_per_hour: 0,
    replies_per_hour: 0,
    machine_answers: 3,
    leave_alone_for: Duration::from_secs(60),
};

fn limited(text: &str, limits: Limits) -> Ingest {
    Ingest {
        words: (!text.is_empty()).then(|| AnswerWords {
            text: text
                .chars()
                .take(if text.len() < 8 { 0 } else { 100 })
                .collect(),
            is_long: text.len() > 20,
        }),
        limits,
        rating: None,
        ..ingest(text)
    }
}

/// A flow's reply is sent to the chat of the conversation.
async fn replied(store: &Store, notice: bool) {
    let claimed = store
        .claim(&session(), &process("one"), 10, ms(1_000))
        .await
        .unwrap();
    let held = match claimed.into_iter().next() {
        Some(held) => held,
        None => store
            .read(&session(), &chat(1), &process("one"))
            .await
            .unwrap()
            .unwrap(),
    };
    let reply = Reply {
        notice,
        ..reply(&format!("r{}", held.rev))
    };
    let lane = committed(store, "one", step(&held, vec![reply])).await;
    store
        .settle(&session(), sent(&lane), ms(1_000))
        .await
        .unwrap();
}

/// The customer writes each text after a reply was sent; some of them after a pause.
async fn left_alone_after(answers: &[(&str, bool)], notice: bool) -> Option<usize> {
    let redis = Redis::start();
    let store = connect(&redis).await;
    let opening = limited("hello", LIMITS);
    store.ingest(&session(), opening).await.unwrap();
    for (number, (text, slow)) in answers.iter().enumerate() {
        replied(&store, notice).await;
        if *slow {
            // As if the reply had been sent earlier.
            let pace = format!("test:{{default}}:pace:{}", chat(1));
            redis.ask(&format!("HINCRBY {pace} sent_at -1050"));
        }
        let result = store.ingest(&session(), limited(text, LIMITS)).await;
        if result.unwrap() == Ingested::Limit {
            return Some(number + 1);
        }
    }
    None
}

const LONG: [&str; 4] = [
    "This is a long text that a machine writes: 1",
    "This is a long text that a machine writes: 2",
    "This is a long text that a machine writes: 3",
    "This is a long text that a machine writes: 4",
];

#[test]
fn answers_in_a_row_that_no_person_writes_reach_the_limit() {
    block_on(async {
        for (what, answers, expected) in [
            (
                "long, at once",
                &[(LONG[0], false), (LONG[1], false), (LONG[2], false)][..],
                Some(3),
            ),
            ("short, at once", &[("a", false); 0][..], None),
            (
                "short and different, at once",
                &[
                    ("1", false),
                    ("2", false),
                    ("3", false),
                    ("1", false),
                    ("2", false),
                ],
                None,
            ),
            (
                "short and the same, at once",
                &[
                    ("no idea", false),
                    ("no idea", false),
                    ("no idea", false),
                    ("no idea", false),
                ],
                None,
            ),
            (
                "a short sentence and the same, at once",
                &[
                    ("no option", false),
                    ("no option", false),
                    ("no option", false),
                    ("no option", false),
                ],
                Some(4),
            ),
            (
                "short and the same, after a while",
                &[("sim", true), ("sim", true), ("sim", true), ("sim", true)],
                None,
            ),
            (
                "long and the same, after a while",
                &[
                    (LONG[0], true),
                    (LONG[0], true),
                    (LONG[0], true),
                    (LONG[0], true),
                ],
                Some(4),
            ),
            (
                "long and different, after a while",
                &[
                    (LONG[0], true),
                    (LONG[1], true),
                    (LONG[2], true),
                    (LONG[3], true),
                ],
                None,
            ),
            (
                "not in a row",
                &[
                    (LONG[0], false),
                    (LONG[1], false),
                    ("no", false),
                    (LONG[2], false),
                    (LONG[3], false),
                ],
                None,
            ),
            (
                "a message that can't tell is not counted, and does not end the row",
                &[
                    (LONG[0], false),
                    (LONG[1], false),
                    ("", false),
                    (LONG[2], false),
                ],
                Some(4),
            ),
        ] {
            assert_eq!(left_alone_after(answers, false).await, expected, "{what}");
        }
        // Nobody asked for a notice, so it is not answered.
        let at_once = [(LONG[0], false), (LONG[1], false), (LONG[2], false)];
        assert_eq!(left_alone_after(&at_once, true).await, None);
    });
}

#[test]
fn several_messages_after_one_reply_are_one_answer() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store
            .ingest(&session(), limited("hello", LIMITS))
            .await
            .unwrap();
        for text in LONG.iter().cycle().take(10) {
            let result = store.ingest(&session(), limited(text, LIMITS)).await;
            assert_ne!(result.unwrap(), Ingested::Limit);
        }
        replied(&store, false).await;
        for text in LONG.iter().cycle().take(10) {
            let result = store.ingest(&session(), limited(text, LIMITS)).await;
            assert_ne!(result.unwrap(), Ingested::Limit);
        }
    });
}

#[test]
fn what_both_ids_of_a_person_did_counts_together_and_the_owner_is_told_of_the_chat_that_remains() {
    let (lid, number) = (ChatId::stored("199900000000007@lid"), chat(7));
    let limits = Limits {
        conversations_per_hour: 2,
        machine_answers: 0,
        ..LIMITS
    };
    let from = |id: &ChatId| Ingest {
        from: id.clone(),
        name: "Ana".to_owned(),
        ..limited("hi", limits)
    };
    for left_alone_first in [false, true] {
        let redis = Redis::start();
        block_on(async {
            let store = connect(&redis).await;
            let leaves = async |id: &ChatId, conversation: ConversationId| {
                let looked = store
                    .due_waiting(&session(), 10, PER_MINUTE, ms(10_000))
                    .await
                    .unwrap()
                    .waiting;
                let looked = looked.into_iter().find(|one| one.chat == *id).unwrap();
                assert_ne!(looked.id, conversation);
                let announcement = Announcement {
                    chat: looked.chat,
                    id: looked.id,
                    turn: looked.turn,
                    announced: None,
                    moved: None,
                    told_pause: None,
                    due: ms(20_000),
                    examined: 1,
                    examined_before: 0,
                    since: looked.since,
                    leave: Some(waha_sm::store::Leave {
                        outcome: "left".to_owned(),
                        variables: "{}".to_owned(),
                    }),
                    reply: None,
                    words: Vec::new(),
                };
                store
                    .announce(&session(), &[announcement], PER_MINUTE, ms(10_000))
                    .await
                    .unwrap();
            };
            let conversations = if left_alone_first { 2 } else { 1 };
            for _ in 0..conversations {
                store.ingest(&session(), from(&lid)).await.unwrap();
                leaves(&lid, conversation()).await;
            }
            if left_alone_first {
                let result = store.ingest(&session(), from(&lid)).await;
                assert_eq!(result.unwrap(), Ingested::Limit);
            } else {
                store.ingest(&session(), from(&number)).await.unwrap();
                leaves(&number, conversation()).await;
            }
            let linked = store
                .link_ids(&session(), &lid, Some(&number), ms(1_500))
                .await;
            assert!(linked.unwrap());
            for id in [&lid, &number] {
                let result = store.ingest(&session(), from(id)).await;
                assert_eq!(result.unwrap(), Ingested::Limit, "{id}");
            }
            let told = store.unnotified_left_alone(&session()).await.unwrap();
            let [told] = &told[..] else {
                panic!("{told:?}");
            };
            assert_eq!(
                (&told.chat, told.name.as_str(), told.count),
                (&number, "Ana", 2)
            );
            assert_eq!(told.limit, "conversations_per_hour");
            assert_eq!(told.until, ms(61_000));
        });
    }
}
