//! What Redis has about a session, read without the store. Only this file of the test knows keys. Keys and fields that
//! it does not name are not checked.

use std::collections::{BTreeMap, BTreeSet};

use fred::clients::Client;
use fred::interfaces::LuaInterface;
use fred::types::Value;
use waha_sm::clock::Millis;

use super::lanes::Said;
use super::operation::TEAMS;
use crate::harness::ms;

pub(super) const PREFIX: &str = "model:";

/// Reads everything at one moment, so that the parts can't contradict each other.
const READ: &str = r"
local session = KEYS[1]
local answer = {
  redis.call('ZRANGE', session .. 'queue', 0, -1),
  redis.call('HGETALL', session .. 'active'),
  redis.call('ZRANGE', session .. 'announce', 0, -1, 'WITHSCORES'),
  redis.call('SMEMBERS', session .. 'unread'),
  redis.call('HGETALL', session .. 'sending'),
  redis.call('ZRANGE', session .. 'lanes', 0, -1, 'WITHSCORES'),
  redis.call('EXISTS', session .. 'paused'),
  redis.call('ZRANGE', session .. 'handoff', 0, -1),
  redis.call('ZRANGE', session .. 'handoff:sales', 0, -1),
  redis.call('ZRANGE', session .. 'handoff-due', 0, -1, 'WITHSCORES'),
  redis.call('SMEMBERS', session .. 'handoff-untold'),
  redis.call('ZRANGE', session .. 'phone', 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', session .. 'phone-said'),
  redis.call('HGETALL', session .. 'attempt'),
  redis.call('HGETALL', session .. 'alias'),
  redis.call('ZRANGE', session .. 'unmapped', 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', session .. 'address'),
  redis.call('SMEMBERS', session .. 'known'),
  redis.call('HGETALL', session .. 'inbox-bytes'),
  redis.call('HGETALL', session .. 'held'),
  redis.call('ZRANGE', session .. 'held-since', 0, -1, 'WITHSCORES'),
  redis.call('HKEYS', session .. 'line-paused'),
  redis.call('ZUNION', 3, session .. 'put-off:queue', session .. 'put-off:handoff', session .. 'put-off:handoff:sales'),
  redis.call('XRANGE', session .. 'history', ARGV[1], '+'),
}
for i = 2, #ARGV do
  answer[#answer + 1] = redis.call('HGETALL', session .. 'chat:' .. ARGV[i])
  answer[#answer + 1] = redis.call('LRANGE', session .. 'inbox:' .. ARGV[i], 0, -1)
  answer[#answer + 1] = redis.call('LRANGE', session .. 'lane:' .. ARGV[i], 0, -1)
  answer[#answer + 1] = redis.call('LRANGE', session .. 'unclaimed:' .. ARGV[i], 0, -1)
end
return answer
";

/// A session.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The next customer comes first.
    pub(super) queue: Vec<String>,
    pub(super) active: BTreeMap<String, String>,
    pub(super) announce: BTreeMap<String, Millis>,
    /// Those whose notice waits for their turn, and when that is looked for.
    pub(super) put_off: BTreeSet<String>,
    pub(super) next_turn: Option<Millis>,
    pub(super) unread: BTreeSet<String>,
    pub(super) sending: BTreeMap<String, String>,
    pub(super) lanes: BTreeMap<String, Millis>,
    pub(super) paused: bool,
    /// Chats that wait for a person, of no team and of the team, and the deadlines of those that have one.
    pub(super) handoff: [Vec<String>; TEAMS.len()],
    pub(super) handoff_due: BTreeMap<String, Millis>,
    pub(super) handoff_unnotified: BTreeSet<String>,
    /// Chats that the owner answers, and until when; and when the owner wrote last.
    pub(super) phone: BTreeMap<String, Millis>,
    pub(super) phone_said: BTreeMap<String, Millis>,
    pub(super) attempts: BTreeMap<String, String>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) unmapped: BTreeMap<String, Millis>,
    pub(super) addresses: BTreeMap<String, String>,
    pub(super) known: BTreeSet<String>,
    /// How many bytes each inbox has, and all of them.
    pub(super) inbox_bytes: BTreeMap<String, String>,
    /// Chats that agents hold: who, and of which team; and since when their customers wait for an answer.
    pub(super) held: BTreeMap<String, String>,
    pub(super) held_since: BTreeMap<String, Millis>,
    /// The teams whose lines are paused.
    pub(super) line_paused: BTreeSet<String>,
    pub(super) chats: BTreeMap<String, Chat>,
    /// The history entries since the previous view.
    pub(super) history: Vec<BTreeMap<String, String>>,
    last_entry: String,
}

/// A chat.
#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    /// Its conversation.
    pub(super) fields: BTreeMap<String, String>,
    pub(super) inbox: Vec<String>,
    /// The ids of its replies.
    pub(super) lane: Vec<String>,
    pub(super) unclaimed: Vec<Said>,
}

impl Chat {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl View {
    /// Reads Redis; `before` is the view of the previous step.
    pub(super) async fn of(redis: &Client, session: &str, chats: &[String], before: &View) -> View {
        let since = match before.last_entry.as_str() {
            "" => "-".to_owned(),
            last => format!("({last}"),
        };
        let arguments: Vec<String> = [since].into_iter().chain(chats.iter().cloned()).collect();
        let key = format!("{PREFIX}{{{session}}}:");
        let answer: Value = redis.eval(READ, key, arguments).await.unwrap();
        let mut parts = answer.into_array().into_iter();
        let mut next = || parts.next().unwrap();
        let mut view = View {
            queue: texts(next()),
            active: pairs(next()),
            announce: times(next()),
            unread: texts(next()).into_iter().collect(),
            sending: pairs(next()),
            lanes: times(next()),
            paused: next().as_i64().unwrap() == 1,
            handoff: [texts(next()), texts(next())],
            handoff_due: times(next()),
            handoff_unnotified: texts(next()).into_iter().collect(),
            phone: times(next()),
            phone_said: times(next()),
            attempts: pairs(next()),
            aliases: pairs(next()),
            unmapped: times(next()),
            addresses: pairs(next()),
            known: texts(next()).into_iter().collect(),
            inbox_bytes: pairs(next()),
            held: pairs(next()),
            held_since: times(next()),
            line_paused: texts(next()).into_iter().collect(),
            put_off: texts(next()).into_iter().collect(),
            ..View::default()
        };
        view.next_turn = view.announce.remove("*");
        view.last_entry.clone_from(&before.last_entry);
        for entry in next().into_array() {
            let mut entry = entry.into_array().into_iter();
            view.last_entry = entry.next().unwrap().into_string().unwrap();
            view.history.push(pairs(entry.next().unwrap()));
        }
        for chat in chats {
            let (fields, inbox) = (pairs(next()), texts(next()));
            let lane = texts(next()).iter().map(|element| id(element)).collect();
            let unclaimed = texts(next()).iter().map(|reply| said(reply)).collect();
            view.chats.insert(
                chat.clone(),
                Chat {
                    fields,
                    inbox,
                    lane,
                    unclaimed,
                },
            );
        }
        view
    }
}

/// The id of a reply as it is stored in a lane: one letter, then JSON.
fn id(element: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&element[1..]).unwrap();
    json["id"].as_str().unwrap().to_owned()
}

/// The content of a reply whose echo may still come.
fn said(json: &str) -> Said {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    Said {
        kind: json["media"]["kind"].as_str().map(str::to_owned),
        wording: json["wording"].as_str().unwrap().to_owned(),
    }
}

fn texts(value: Value) -> Vec<String> {
    value
        .into_array()
        .into_iter()
        .map(|text| text.into_string().unwrap())
        .collect()
}

fn pairs(value: Value) -> BTreeMap<String, String> {
    let texts = texts(value);
    texts
        .chunks(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

fn times(value: Value) -> BTreeMap<String, Millis> {
    pairs(value)
        .into_iter()
        .map(|(chat, at)| (chat, ms(at.parse::<f64>().unwrap() as i64)))
        .collect()
}
