//! What the store does costs the same however many wait: Redis runs as many commands for it with a line of twenty thousand as
//! with one of two thousand.

use std::collections::BTreeMap;
use std::time::Duration;

use fred::prelude::*;
use waha_sm::store::{
    Acted, Action, CloseByHand, HeldBy, Ingest, LinePart, MoveTo, Seat, SessionReport, Store,
    TakenLanes,
};

use super::{PER_MINUTE, block_on, chat, connect, ingest, new_id, notices, process, session, step};
use crate::harness::{Redis, ms};
use waha_sm::ids::AgentName;

/// Fills two lines: for workers, and for people. The first fifty of each are due for a look at 3 s, and all others at 150 s.
const FILL: &str = r#"
local ns = KEYS[1]
for i = 1, tonumber(ARGV[1]) do
  for line, status in pairs({queue = 'waiting', handoff = 'handoff'}) do
    local ticket = redis.call('INCR', ns .. 'ticket')
    local chat, message = string.format('55118%08d@c.us', ticket), '{"text":"hi"}'
    redis.call('HSET', ns .. 'chat:' .. chat, 'id', '1000-' .. ticket, 'status', status, 'ticket', ticket, 'opened', 1000,
      'rev', 0, 'name', '')
    redis.call('RPUSH', ns .. 'inbox:' .. chat, message)
    redis.call('HSET', ns .. 'inbox-bytes', chat, #message)
    redis.call('HINCRBY', ns .. 'inbox-bytes', 'total', #message)
    redis.call('ZADD', ns .. line, ticket, chat)
    redis.call('ZADD', ns .. 'announce', i <= 50 and 3000 or 150000, chat)
    redis.call('SADD', ns .. 'known', chat)
    redis.call('HSET', ns .. 'alias', ticket .. '@lid', chat)
    if status == 'handoff' then redis.call('SADD', ns .. 'handoff-untold', chat) end
  end
end
"#;

/// How many commands Redis has run since the statistics were reset, also within scripts.
async fn commands(client: &Client) -> u64 {
    let info: String = client
        .custom(fred::cmd!("INFO"), vec!["commandstats"])
        .await
        .unwrap();
    let calls = |line: &str| -> Option<u64> {
        let (_, calls) = line.split_once(":calls=")?;
        calls.split(',').next()?.parse().ok()
    };
    info.lines().filter_map(calls).sum()
}

/// What each thing that is done costs while this many wait in each line.
async fn costs(
    redis: &Redis,
    store: &Store,
    client: &Client,
    waiting: u32,
) -> BTreeMap<&'static str, u64> {
    let _: () = client.flushall(false).await.unwrap();
    let _: Value = client
        .eval(FILL, "test:{default}:", vec![waiting])
        .await
        .unwrap();
    let (mut costs, now) = (BTreeMap::new(), ms(100_000));
    let session = &session();
    macro_rules! cost {
        ($what:literal, $done:expr) => {{
            assert_eq!(redis.ask("CONFIG RESETSTAT"), "+OK");
            let done = $done.await.unwrap();
            costs.insert($what, commands(client).await);
            done
        }};
    }
    let first = waha_sm::ids::ChatId::stored("5511800000001@c.us");
    let by_hand = |chat: &waha_sm::ids::ChatId| Action {
        id: new_id().to_string(),
        by: "ana".parse().unwrap(),
        chat: chat.clone(),
        conversation: None,
        rev: None,
        holder: HeldBy::Nobody,
    };
    cost!("a newcomer", store.ingest(session, ingest("hi")));
    let from_line = Ingest {
        from: waha_sm::ids::ChatId::stored("5511800000003@c.us"),
        ..ingest("hello?")
    };
    cost!("a message in line", store.ingest(session, from_line));
    let looked = cost!("a look", store.due_waiting(session, 200, PER_MINUTE, now));
    let looked = looked.waiting;
    assert_eq!(looked.len(), 101, "with the newcomer");
    let told: Vec<_> = looked.iter().map(|one| notices::notice(one, now)).collect();
    cost!("notices", store.announce(session, &told, PER_MINUTE, now));
    let claimed = cost!("a claim", store.claim(session, &process("p"), 1, now));
    cost!("a step", store.commit(session, step(&claimed[0], vec![])));
    let lanes = cost!("lanes", store.take_lanes(session, &process("p"), 100, now));
    // The one who was claimed gets no notice.
    assert!(matches!(lanes, TakenLanes::Lanes(lanes) if lanes.len() == PER_MINUTE as usize - 1));
    cost!("a pause", store.pause(session, now));
    let works = SessionReport {
        status: "WORKING",
        at: None,
        alarm: false,
        grace: Duration::ZERO,
    };
    cost!("its end", store.note_status(session, works, now));
    let now = ms(200_000);
    let looked = cost!(
        "a look after it",
        store.due_waiting(session, 100, PER_MINUTE, now)
    );
    assert!(looked.more, "all the others are due");
    cost!("what is overdue", store.expire(session, 100, now));
    cost!(
        "the line",
        store.line_view(session, LinePart::Everything, 20, now)
    );
    cost!("people", store.people(session, now));
    cost!("figures", store.gauges(session));
    cost!("handoffs", store.unnotified_handoffs(session));
    let pause = ("pause", &"ana".parse().unwrap());
    cost!(
        "a line pauses",
        store.pause_line(session, pause, "", "soon", now)
    );
    let ends = ("ends", &"ana".parse().unwrap());
    cost!("a line resumes", store.resume_line(session, ends, "", now));
    cost!(
        "a move",
        store.move_in_line(session, &by_hand(&first), MoveTo::Last, now)
    );
    let seat = Seat {
        max_chats: 8,
        elsewhere: 0,
        teams: vec![String::new()],
    };
    let taken = cost!(
        "an agent takes",
        store.take_next(session, &by_hand(&first), &seat, now)
    );
    let Acted::Done(taken) = taken else {
        panic!("{taken:?}");
    };
    let mut closes = by_hand(&taken.chat);
    closes.holder = HeldBy::Agent("ana".parse().unwrap());
    let how = CloseByHand {
        outcome: "done".to_owned(),
        asks_rating: None,
    };
    cost!(
        "an agent closes",
        store.close_by_hand(session, &closes, None, &how, now)
    );
    cost!(
        "one is erased",
        store.erase(session, &[chat(1)], false, (&AgentName::owner(), now), now)
    );
    cost!("a release", store.release(session, &process("p"), now));
    costs
}

#[test]
fn with_twenty_thousand_in_line_everything_costs_what_it_costs_with_two_thousand() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let config = Config {
            server: ServerConfig::new_unix_socket(redis.socket()),
            ..Config::default()
        };
        let client = Builder::from_config(config).build().unwrap();
        client.init().await.unwrap();
        let few = costs(&redis, &store, &client, 2_000).await;
        let many = costs(&redis, &store, &client, 20_000).await;
        for (what, cost) in &many {
            // The other connections of the store say little meanwhile.
            assert!(
                *cost <= few[what] + few[what] / 10 + 20,
                "{what}: {cost} commands, and with a line of a tenth {}",
                few[what]
            );
        }
    });
}
