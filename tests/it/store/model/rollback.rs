//! Redis loses its last writes, as in a failover. The processes remember what they did, and act on it.

use fred::prelude::*;
use fred::types::CustomCommand;
use tokio::time::timeout;

use super::lanes::Fate;
use super::session::{Checked, Session};
use super::view::View;
use super::{Run, session_name};
use crate::harness::PATIENCE;
use crate::store::contact::is_back;

const DUMP: &str = r"
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  all[#all + 1] = key
  all[#all + 1] = redis.call('DUMP', key)
  all[#all + 1] = redis.call('PTTL', key)
end
return all
";

/// Makes it look like the data of another server.
const RESTORE: &str = r"
redis.call('FLUSHALL')
for i = 1, #ARGV, 3 do
  redis.call('RESTORE', ARGV[i], math.max(0, ARGV[i + 2]), ARGV[i + 1])
  if string.sub(ARGV[i], -8) == '}:server' then redis.call('HSET', ARGV[i], 'id', 'before') end
end
return 1
";

/// All that Redis had at one moment, and what the model knew then.
pub(super) struct Copy {
    dump: Vec<Value>,
    models: Vec<Session>,
    views: Vec<View>,
}

/// A reply that the sender has settled as sent.
#[derive(Clone)]
pub(super) struct SentReply {
    pub(super) session: usize,
    pub(super) chat: String,
    pub(super) reply: String,
    pub(super) attempts: u32,
    pub(super) message: Option<String>,
    pub(super) at: waha_sm::clock::Millis,
}

impl Run<'_> {
    pub(super) async fn copy(&mut self) {
        let dump: Value = self
            .client
            .eval(DUMP, "all", Vec::<String>::new())
            .await
            .unwrap();
        self.copy = Some(Copy {
            dump: dump.into_array(),
            models: self.models.clone(),
            views: self.views.clone(),
        });
    }

    /// Redis has again what it had at the last copy. All connections break, and the processes write back what they sent.
    pub(super) async fn roll_back(&mut self) -> Checked {
        let Some(copy) = self.copy.take() else {
            return Ok(());
        };
        let restored: i64 = self.client.eval(RESTORE, "all", copy.dump).await.unwrap();
        assert_eq!(restored, 1);
        for (model, before) in self.models.iter_mut().zip(copy.models) {
            let lost = std::mem::replace(model, before);
            // What was given out stays given out: nothing of it may come a second time.
            model.takings = lost.takings;
            model.epochs = lost.epochs;
            model.is_in_doubt = true;
        }
        self.views = copy.views;
        // After a look at the line, or an action at the desk, a new look is needed.
        self.looks.clear();
        self.last_action = None;
        self.break_connections().await;
        for session in 0..super::SESSIONS {
            let name = session_name(session);
            for store in [self.store, self.listener] {
                let written = store.write_back(&name).await;
                written.map_err(|error| error.to_string())?;
            }
            self.written_back(session)?;
        }
        Ok(())
    }

    async fn break_connections(&self) {
        let stores = [self.store, self.listener];
        let mut changes = stores.map(waha_sm::store::Store::connection_changes);
        let kill = CustomCommand::new_static("CLIENT", None::<u16>, false);
        let arguments = vec!["KILL", "TYPE", "normal", "SKIPME", "yes"];
        let killed: i64 = self.client.custom(kill, arguments).await.unwrap();
        assert!(killed >= 2);
        for (store, changes) in stores.into_iter().zip(&mut changes) {
            assert!(timeout(PATIENCE, changes.next()).await.unwrap());
            is_back(store).await;
        }
    }

    /// What the sender remembers counts, and is not sent again.
    fn written_back(&mut self, session: usize) -> Checked {
        let model = &mut self.models[session];
        for sent in self.sent.iter().filter(|sent| sent.session == session) {
            let first = model.lane(&sent.chat).lane.first();
            let is_first = first
                .is_some_and(|first| first.id == sent.reply && first.attempts == sent.attempts);
            let reply = if is_first { sent.reply.as_str() } else { "" };
            let fate = Fate::Sent(sent.message.clone());
            model.settle((sent.chat.as_str(), usize::MAX, reply), &fate, sent.at)?;
        }
        Ok(())
    }
}
