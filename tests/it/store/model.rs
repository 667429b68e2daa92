//! The store is compared with a simple model: after any sequence of operations, both are equal.
//!
//! A run is a random sequence of operations by several processes, which also act on claims and lanes that they have lost.
//! After each operation, everything in Redis and the store's answer are compared with the model. At the end, all
//! remaining customers are served: nothing may be stuck or left over.

mod agents;
mod lanes;
mod merge;
mod operation;
mod own_messages;
mod rollback;
mod session;
mod takeover;
mod unread;
mod view;

use std::collections::BTreeSet;
use std::time::Duration;

use fred::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use waha_sm::clock::Millis;
use waha_sm::flow::Limits;
use waha_sm::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};
use waha_sm::store::{
    Acted, Action, Announcement, Close, CloseByHand, Committed, Connections, GiveTo, Handoff,
    HeldBy, HeldConversation, Ingest, Lane, Leave, MoveTo, Record, Recorded, RedisServer, Reply,
    Seat, Settlement, StepCommit, Store, StoreConfig, TakenLanes, Verdict, WaitingConversation,
    WhyReturned,
};

use crate::harness::{Redis, chat, ms};
use agents::agent;
use lanes::{Fate, PER_MINUTE};
use operation::{
    AGENTS, Announce, ByHand, CHATS, Change, Close as HowClose, Commit, HIDDEN, IDS, Incoming,
    Kind, Operation, Outcome, PROCESSES, REPLIES, SESSIONS, Settle, TEAMS, Which, operation,
};
use rollback::{Copy, SentReply};
use session::{Checked, Ending, Line, QUIET, Session, ensure};
use unread::is_withdrawn;
use view::View;

/// If `PROPTEST_CASES` is not set.
const CASES: u32 = 300;
/// The same where Redis loses writes, which takes longer.
const ROLLBACK_CASES: u32 = 40;
const OPERATIONS_MAX: usize = 80;
/// Longer than any run: conversations that can be resumed must not expire by Redis' clock.
const RESUME_WITHIN: Duration = Duration::from_secs(3_600);

/// So low that a run often reaches them. What a machine is depends on the clock of Redis, so it is not part of the model.
const LIMITS: Limits = Limits {
    conversations_per_hour: 3,
    replies_per_hour: 4,
    machine_answers: 0,
    leave_alone_for: Duration::from_secs(30),
};

#[test]
fn after_any_sequence_of_operations_the_store_equals_its_model() {
    let redis = Redis::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (store, client) = runtime.block_on(connect(&redis));
    // The sender's memory of its own messages must not help the process that receives the echoes.
    let (listener, _) = runtime.block_on(connect(&redis));
    let default = ProptestConfig::default();
    let config = ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(CASES, |_| default.cases),
        max_shrink_iters: 4_096,
        max_shrink_time: 60_000,
        // The failing sequence is printed, which is enough.
        failure_persistence: None,
        ..default
    };
    let sequences = proptest::collection::vec(operation(), 1..=OPERATIONS_MAX);
    let result = TestRunner::new(config).run(&sequences, |operations| {
        runtime.block_on(async {
            let _: () = client.flushall(false).await.unwrap();
            let mut run = Run::new([&store, &listener], &client);
            run.all(&operations).await.map_err(TestCaseError::fail)
        })
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(wrong, operations)) => {
            let lines: Vec<_> = operations.iter().map(|one| format!("{one:?}")).collect();
            panic!("{wrong}, in\n{}", lines.join("\n"));
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn after_redis_lost_its_last_writes_the_store_equals_its_model() {
    let redis = Redis::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let default = ProptestConfig::default();
    let config = ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(ROLLBACK_CASES, |_| default.cases),
        max_shrink_iters: 1_024,
        max_shrink_time: 60_000,
        failure_persistence: None,
        ..default
    };
    let sequences =
        proptest::collection::vec(operation::operation_or_rollback(), 1..=OPERATIONS_MAX);
    let result = TestRunner::new(config).run(&sequences, |operations| {
        runtime.block_on(async {
            // Each run has processes of its own, which remember nothing of the run before.
            let (store, client) = connect(&redis).await;
            let (listener, other_client) = connect(&redis).await;
            let _: () = client.flushall(false).await.unwrap();
            let mut run = Run::new([&store, &listener], &client);
            let result = run.all(&operations).await;
            for store in [&store, &listener] {
                store.close().await;
            }
            for client in [&client, &other_client] {
                // A rollback has cut the connection of the one that nobody uses.
                let _ = client.quit().await;
            }
            result.map_err(TestCaseError::fail)
        })
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(wrong, operations)) => {
            let lines: Vec<_> = operations.iter().map(|one| format!("{one:?}")).collect();
            panic!("{wrong}, in\n{}", lines.join("\n"));
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn after_rare_sequences_that_chance_hardly_finds_the_store_equals_its_model() {
    let redis = Redis::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (store, client) = runtime.block_on(connect(&redis));
    let (listener, _) = runtime.block_on(connect(&redis));
    for (what, operations) in operation::rare() {
        runtime.block_on(async {
            let _: () = client.flushall(false).await.unwrap();
            let mut run = Run::new([&store, &listener], &client);
            let result = run.all(&operations).await;
            assert_eq!(result, Ok(()), "{what}");
        });
    }
}

async fn connect(redis: &Redis) -> (Store, Client) {
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: view::PREFIX.to_owned(),
        first_notice_after: Duration::from_secs(2).into(),
        connections: Connections::default(),
    };
    let store = Store::connect(&config, Duration::from_secs(10))
        .await
        .unwrap();
    let config = Config {
        server: ServerConfig::new_unix_socket(redis.socket()),
        ..Config::default()
    };
    let client = Builder::from_config(config).build().unwrap();
    client.init().await.unwrap();
    (store, client)
}

/// A process's memory of a conversation, which it may have lost since.
#[derive(Clone)]
struct Claim {
    session: usize,
    chat: ChatId,
    process: ProcessId,
    epoch: String,
    rev: u64,
}

/// A process's memory of a lane, which it may have lost since.
#[derive(Clone)]
struct InHand {
    session: usize,
    taking: usize,
    attempts: u32,
    reply: Reply,
    lane: Lane,
}

#[derive(Clone)]
struct Look {
    session: usize,
    /// How often it had returned to the line.
    requeued: u64,
    waiting: WaitingConversation,
}

struct Run<'a> {
    store: &'a Store,
    /// The store of the process that receives our own messages.
    listener: &'a Store,
    client: &'a Client,
    now: Millis,
    chats: Vec<String>,
    models: Vec<Session>,
    views: Vec<View>,
    /// Ids of messages that were changed before they came.
    changed_ahead: Vec<String>,
    /// Every message that ever came in.
    offered: Vec<(usize, Ingest)>,
    claims: Vec<Claim>,
    lanes: Vec<InHand>,
    looks: Vec<Look>,
    /// Every message id of our messages, and every one chosen in advance.
    own: Vec<String>,
    /// Numbers messages, states and replies.
    made: u64,
    /// The last thing that an agent or the owner did, and the answer.
    last_action: Option<(Acting, Acted)>,
    /// Every reply that was settled as sent.
    sent: Vec<SentReply>,
    copy: Option<Copy>,
}

/// An action in a session, as it can be repeated.
type Acting = (usize, Action, Repeatable);

#[derive(Clone, Debug)]
enum Repeatable {
    Take { seat: Seat, named: bool },
    Say(Option<u64>, Reply),
    Give(Option<u64>, GiveTo),
    Close(Option<u64>),
    Move(MoveTo),
}

/// A hidden id of the same person as `chat(number)`. The store learns that from `link_ids`.
fn hidden(number: usize) -> String {
    format!("19990000000000{number}@lid")
}

fn session_name(number: usize) -> SessionName {
    SessionName::stored(["blue", "green"][number])
}

fn process_name(number: usize) -> ProcessId {
    ProcessId::stored(["one", "two", "three"][number])
}

/// Makes up to two calls at once, so that they may travel together.
async fn together<T>(calls: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut calls = calls.into_iter();
    match (calls.next(), calls.next()) {
        (Some(one), Some(two)) => {
            let (one, two) = tokio::join!(one, two);
            vec![one, two]
        }
        (Some(one), None) => vec![one.await],
        _ => Vec::new(),
    }
}

impl<'a> Run<'a> {
    fn new([store, listener]: [&'a Store; 2], client: &'a Client) -> Self {
        let numbers = (1..=CHATS).map(chat);
        let chats: Vec<_> = numbers.chain((1..=HIDDEN).map(hidden)).collect();
        Self {
            store,
            listener,
            client,
            now: ms(10_000_000),
            models: (0..SESSIONS).map(|_| Session::of(&chats)).collect(),
            views: vec![View::default(); SESSIONS],
            chats,
            changed_ahead: Vec::new(),
            offered: Vec::new(),
            claims: Vec::new(),
            lanes: Vec::new(),
            looks: Vec::new(),
            own: Vec::new(),
            made: 0,
            last_action: None,
            sent: Vec::new(),
            copy: None,
        }
    }

    async fn all(&mut self, operations: &[Operation]) -> Result<(), String> {
        for (number, operation) in operations.iter().enumerate() {
            self.one(operation)
                .await
                .map_err(|wrong| format!("{wrong}, after number {number}: {operation:?}"))?;
        }
        self.serve_all_that_is_left()
            .await
            .map_err(|wrong| format!("{wrong}, when all that was left was served"))
    }

    async fn one(&mut self, operation: &Operation) -> Checked {
        self.now += Duration::from_millis(10);
        match operation {
            Operation::Ingest(messages) => self.ingest(messages).await?,
            Operation::Claim {
                session,
                process,
                count,
            } => {
                self.claim(*session, &process_name(*process), *count)
                    .await?
            }
            Operation::Commit(steps) => self.commit(steps).await?,
            Operation::Release { session, process } => {
                self.release(*session, &process_name(*process)).await?;
            }
            Operation::TakeLanes {
                session,
                process,
                count,
            } => {
                self.take_lanes(*session, &process_name(*process), *count)
                    .await?;
            }
            Operation::Settle(settlements) => self.settle(settlements).await?,
            Operation::Look { session, count } => self.look(*session, *count).await?,
            Operation::Announce(announcements) => self.announce(announcements).await?,
            Operation::Own(own) => self.own(own).await?,
            Operation::Change(change) => self.change(change).await?,
            Operation::Ack {
                session,
                from,
                message,
            } => self.ack(*session, *from, *message).await?,
            Operation::RecordAttempt { lane, with_id } => {
                self.record_attempt(*lane, *with_id).await?
            }
            Operation::LinkIds {
                session,
                hidden,
                known,
            } => self.link_ids(*session, *hidden, *known).await?,
            Operation::Overdue { session } => self.overdue(*session).await?,
            Operation::Pause { session } => self.pause(*session).await?,
            Operation::Resume { session } => self.resume(*session).await?,
            Operation::TakeByHand { .. } | Operation::ByHand { .. } | Operation::Move { .. } => {
                self.by_hand(operation).await?;
            }
            Operation::PauseLine {
                session,
                team,
                pauses,
            } => self.pause_line(*session, *team, *pauses).await?,
            Operation::ReturnHeld { session, gone } => self.return_held(*session, *gone).await?,
            Operation::Again => self.again().await?,
            Operation::Wait(time) => self.now += *time,
            Operation::Copy => self.copy().await,
            Operation::RollBack => self.roll_back().await?,
        }
        self.check().await
    }

    async fn check(&mut self) -> Checked {
        for session in 0..SESSIONS {
            let view = self.view(session).await;
            self.models[session]
                .check(&view)
                .map_err(|wrong| format!("{}: {wrong}", session_name(session)))?;
            self.views[session] = view;
        }
        Ok(())
    }

    async fn view(&self, session: usize) -> View {
        let name = session_name(session);
        View::of(
            self.client,
            name.as_str(),
            &self.chats,
            &self.views[session],
        )
        .await
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    /// The person's other id, if there is one and it is `told`.
    fn other(&self, from: usize, known: bool) -> Option<String> {
        let other = if from < CHATS {
            from + CHATS
        } else {
            from - CHATS
        };
        self.chats.get(other).filter(|_| known).cloned()
    }

    async fn ingest(&mut self, messages: &[Incoming]) -> Checked {
        let mut offers = Vec::new();
        for one in messages {
            let before = one
                .again
                .and_then(|number| Which::Any(number).of(&[], &self.offered));
            let (session, mut ingest) = before.unwrap_or_else(|| {
                // The message that was changed before it came may come now, or another chat's with its id.
                let ahead = self.changed_ahead.pop();
                let id = MessageId::stored(ahead.unwrap_or_else(|| self.next("m")));
                let sent_at = self.now - one.late;
                let message = format!(
                    "{{\"stanza\":\"{id}\",\"text\":\"{:?} {id}\",\"received_at\":{},\"sent_at\":{sent_at},",
                    one.kind, self.now,
                );
                let ingest = Ingest {
                    whole: None,
                    parts: String::new(),
                    sent_at,
                    by_webhook: true,
                    hearing: one.hearing,
                    id,
                    from: ChatId::stored(""),
                    other_id: None,
                    name: String::new(),
                    message,
                    phone_quiet: QUIET,
                    words: None,
                    limits: if one.limited { LIMITS } else { Limits::OFF },
                    rating: None,
                    now: self.now,
                };
                (one.session, ingest)
            });
            ingest.hearing = one.hearing;
            let (fields, _) = ingest
                .message
                .split_once("\"parts\"")
                .unwrap_or((&ingest.message, ""));
            // A message that comes again is received now.
            let (before, rest) = fields.split_once("\"received_at\":").unwrap();
            let (_, after) = rest.split_once(',').unwrap();
            ingest.message = format!(
                "{before}\"received_at\":{},{after}\"parts\":\"{}\"}}",
                self.now, one.parts
            );
            ingest.parts = one.parts.to_owned();
            ingest.now = self.now;
            // The same message may come under the person's other id.
            ingest.from = ChatId::stored(self.chats[one.from].as_str());
            ingest.other_id = self.other(one.from, one.both).map(ChatId::stored);
            offers.push((session, ingest));
        }
        let store = self.store;
        let calls = offers.iter().map(async |(session, ingest)| {
            let session = session_name(*session);
            store.ingest(&session, ingest.clone()).await
        });
        let answers = together(calls.collect()).await;
        for ((session, ingest), answer) in offers.into_iter().zip(answers) {
            // Messages that travel together use the latest time.
            let due = self.models[session].ingest(&ingest, self.now);
            let answer = answer.map_err(|error| error.to_string())?;
            ensure!(
                answer == due,
                "{} was answered {answer:?}, should be {due:?}",
                ingest.id
            );
            self.offered.push((session, ingest));
        }
        Ok(())
    }

    async fn change(&mut self, one: &Change) -> Checked {
        let before = one
            .message
            .and_then(|number| Which::Any(number).of(&[], &self.offered));
        let (session, id) = match before {
            Some((session, ingest)) => (session, ingest.id.to_string()),
            None => {
                let id = self.next("m");
                self.changed_ahead.push(id.clone());
                (one.session, id)
            }
        };
        let (at, unique) = (self.now - one.late, self.next("change"));
        let (kind, text) = match one.withdraws {
            true => ("revoked", None),
            false => ("edited", Some(unique.as_str())),
        };
        let data = serde_json::json!({
            "stanza": id, "direction": "inbound", "at": at, "text": text, "unique": unique,
        });
        let from = ChatId::stored(self.chats[one.from].as_str());
        let record = Record::event(kind, from, data.to_string());
        let name = session_name(session);
        let recorded = self.listener.record(&name, &record, self.now).await;
        let recorded = recorded.map_err(|error| error.to_string())?;
        self.models[session].change(&record, &id, at, text, self.now);
        ensure!(
            recorded == Recorded::Recorded,
            "{record:?} was answered {recorded:?}"
        );
        Ok(())
    }

    async fn claim(&mut self, session: usize, process: &ProcessId, count: usize) -> Checked {
        let mut due = self.models[session].line();
        due.truncate(count);
        if self.models[session].pauses.contains("") {
            due.clear();
        }
        let name = session_name(session);
        let claimed = self.store.claim(&name, process, count, self.now).await;
        let claimed = claimed.map_err(|error| error.to_string())?;
        let chats: Vec<_> = claimed.iter().map(|one| one.chat.as_str()).collect();
        ensure!(chats == due, "{chats:?} were claimed, should be {due:?}");
        for one in &claimed {
            self.models[session].claim(process.as_str(), one)?;
            self.claims.push(Claim {
                session,
                chat: one.chat.clone(),
                process: process.clone(),
                epoch: one.epoch.clone(),
                rev: one.rev,
            });
        }
        Ok(())
    }

    fn claims_that_hold(&self) -> Vec<Claim> {
        let holds = |claim: &&Claim| {
            self.models[claim.session].takes(claim.chat.as_str(), &claim.epoch, claim.rev)
        };
        self.claims.iter().filter(holds).cloned().collect()
    }

    async fn commit(&mut self, commits: &[Commit]) -> Checked {
        let current = self.claims_that_hold();
        let mut steps = Vec::new();
        for commit in commits {
            let Some(claim) = commit.claim.of(&current, &self.claims) else {
                continue;
            };
            let read = self
                .store
                .read(&session_name(claim.session), &claim.chat, &claim.process)
                .await
                .map_err(|error| error.to_string())?;
            let inbox = self.compare(&claim, read)?;
            // Steps of one chat are committed together: the second has not read what the first leaves.
            let is_first = !steps.iter().any(|(other, _): &(Claim, _)| {
                (other.session, &other.chat) == (claim.session, &claim.chat)
            });
            let read = inbox.filter(|_| is_first).unwrap_or_default();
            let step = StepCommit {
                chat: claim.chat.clone(),
                epoch: claim.epoch.clone(),
                rev: claim.rev.saturating_add_signed(commit.off),
                consumed: read.into_iter().take(commit.consumed).collect(),
                state: format!("{{\"state\":\"{}\"}}", self.next("s")),
                close: matches!(commit.close, HowClose::Finished | HowClose::ForSilence).then(
                    || Close {
                        outcome: "done".to_owned(),
                        variables: "{}".to_owned(),
                        resume_within: match commit.close {
                            HowClose::ForSilence => RESUME_WITHIN,
                            _ => Duration::ZERO,
                        },
                        asks_rating: false,
                    },
                ),
                handoff: match commit.close {
                    HowClose::HandOff {
                        within,
                        team,
                        urgent,
                    } => Some(Handoff {
                        within,
                        team: TEAMS[team].to_owned(),
                        urgent,
                        note: String::new(),
                    }),
                    _ => None,
                },
                known: None,
                replies: (0..commit.replies).map(|_| self.reply(false)).collect(),
                sender: commit.sends.then(|| claim.process.clone()),
                now: self.now,
            };
            steps.push((claim, step));
        }
        let store = self.store;
        for (claim, _) in &steps {
            // Otherwise the commit takes no lane.
            let written_back = store.write_back(&session_name(claim.session)).await;
            written_back.map_err(|error| error.to_string())?;
        }
        let calls = steps.iter().map(async |(claim, step)| {
            let session = session_name(claim.session);
            store.commit(&session, step.clone()).await
        });
        let answers = together(calls.collect()).await;
        for ((claim, step), answer) in steps.into_iter().zip(answers) {
            let answer = answer.map_err(|error| error.to_string())?;
            self.committed(&claim, &step, &answer)?;
        }
        Ok(())
    }

    /// Only the owner of a conversation reads it, and reads what the model has. Returns the messages.
    fn compare(
        &self,
        claim: &Claim,
        read: Option<HeldConversation>,
    ) -> Result<Option<Vec<String>>, String> {
        let model = &self.models[claim.session];
        let conversation = model.chat(claim.chat.as_str()).conversation.as_ref();
        let ours = conversation
            .and_then(|conversation| conversation.owner.as_ref())
            .is_some_and(|owner| owner.process == claim.process.as_str());
        ensure!(
            read.is_some() == ours,
            "{} reads {read:?}; the conversation is its own: {ours}",
            claim.process
        );
        if let Some(read) = &read {
            model.same(read)?;
        }
        Ok(read.map(|read| read.inbox))
    }

    fn committed(&mut self, claim: &Claim, step: &StepCommit, answer: &Committed) -> Checked {
        let model = &mut self.models[claim.session];
        let due = model.takes(step.chat.as_str(), &step.epoch, step.rev);
        let (unread, lane) = match answer {
            Committed::NotInInbox => return Err(format!("{}: not in its inbox", step.chat)),
            Committed::Stale => {
                ensure!(!due, "{}: a valid step was refused", step.chat);
                return Ok(());
            }
            Committed::Done { unread, lane } => (*unread, lane.as_deref()),
        };
        ensure!(due, "{}: a stale step was accepted", step.chat);
        let is_free = model.lane(step.chat.as_str()).hand.is_none();
        // A lane that was settled late may be empty and still have the time of a retry.
        let was_empty = model.chat(step.chat.as_str()).lane.is_empty();
        for reply in &step.replies {
            model.reply(step.chat.as_str(), reply);
        }
        if !step.replies.is_empty() {
            model.chat_mut(step.chat.as_str()).replies += 1;
        }
        let due = self.views[claim.session].lanes.get(step.chat.as_str());
        let is_due = was_empty || due.is_none_or(|due| *due <= self.now);
        let may_send = is_free && !model.paused && is_due;
        let sends = may_send && !step.replies.is_empty() && step.sender.is_some();
        ensure!(
            lane.is_some() == sends,
            "{}: the step brings {lane:?}, should bring a lane: {sends}",
            step.chat
        );
        if let Some(lane) = lane {
            model.drop_outdated(step.chat.as_str(), self.now);
            let taking = model.take(step.chat.as_str(), claim.process.as_str());
            self.in_hand(claim.session, taking, lane.clone())?;
        }
        let model = &mut self.models[claim.session];
        let ending = step.close.as_ref().map(|close| Ending {
            outcome: close.outcome.clone(),
            resumable: close.resume_within > Duration::ZERO,
        });
        let state = &step.state;
        let mut left = model.commit(
            step.chat.as_str(),
            step.consumed.len(),
            state,
            ending.as_ref(),
            self.now,
        );
        if let Some(handoff) = &step.handoff {
            model.hand_off(step.chat.as_str(), handoff, self.now);
            // The unread messages are for that person.
            left = 0;
        }
        ensure!(
            unread == left,
            "{}: {unread} to read, should be {left}",
            step.chat
        );
        if step.close.is_none() && step.handoff.is_none() {
            self.claims.push(Claim {
                rev: step.rev + 1,
                ..claim.clone()
            });
        }
        Ok(())
    }

    /// What an agent or the owner does to a conversation.
    async fn by_hand(&mut self, operation: &Operation) -> Checked {
        let id = self.next("action");
        let now = self.now;
        let action = |by: usize, chat: &str, holder: HeldBy| Action {
            id: id.clone(),
            by: agent(by),
            chat: ChatId::stored(chat),
            conversation: None,
            rev: None,
            holder,
        };
        let (repeatable, due) = match operation {
            Operation::TakeByHand {
                session,
                agent: by,
                chat,
                only,
                from,
            } => {
                let chat = chat.map(|chat| self.chats[chat].clone());
                let from_agent = from.map_or(HeldBy::Nobody, |from| HeldBy::Agent(agent(from)));
                let seat = Seat {
                    max_chats: agents::MAX_CHATS,
                    elsewhere: 0,
                    teams: only
                        .map(|team| TEAMS[team].to_owned())
                        .into_iter()
                        .collect(),
                };
                let from = from.filter(|_| chat.is_some());
                let action = match from {
                    Some(_) => action(*by, chat.as_deref().unwrap_or(""), from_agent),
                    None => action(*by, chat.as_deref().unwrap_or(""), HeldBy::Nobody),
                };
                let named = chat.is_some();
                let model = &mut self.models[*session];
                let due = model.take_by_hand(*by, chat.as_deref(), *only, from, now);
                let what = Repeatable::Take { seat, named };
                ((*session, action, what), due)
            }
            Operation::ByHand {
                session,
                chat,
                other,
                seen,
                what,
            } => {
                let model = &self.models[*session];
                let is_held = |chat: &&String| matches!(model.holder(chat), Some(HeldBy::Agent(_)));
                let held: Vec<String> = self.chats.iter().filter(is_held).cloned().collect();
                let Some(chat) = chat.of(&held, &self.chats) else {
                    return Ok(());
                };
                let has = model.chat(&model.chat_of(&chat)).conversation.as_ref();
                let holder = has.and_then(|one| one.held.as_ref()).map(|held| held.agent);
                let by = other.or(holder).unwrap_or(0);
                // The owner acts on whoever has it.
                let holder = match (what, other) {
                    (ByHand::Say, _) | (_, Some(_)) => HeldBy::Agent(agent(by)),
                    _ => model
                        .holder(&model.chat_of(&chat))
                        .unwrap_or(HeldBy::Nobody),
                };
                let action = action(by, &chat, holder.clone());
                let (what, due) = match what {
                    ByHand::Say => {
                        let reply = Reply {
                            by: Some(AGENTS[by].to_owned()),
                            ..self.reply(false)
                        };
                        let model = &mut self.models[*session];
                        let due = model.say_by_hand(by, &chat, *seen, &reply, now);
                        (Repeatable::Say(*seen, reply), due)
                    }
                    ByHand::Give(to) => {
                        let state = format!("{{\"state\":\"{}\"}}", self.next("s"));
                        let model = &mut self.models[*session];
                        let whose = (by, &holder);
                        let due = model.give_by_hand(whose, &chat, *seen, to, (&state, now));
                        let to = match to {
                            operation::GiveTo::Bot => GiveTo::Bot { state, step: None },
                            operation::GiveTo::Team(team) => GiveTo::Team(TEAMS[*team].to_owned()),
                            operation::GiveTo::Agent(other) => GiveTo::Agent {
                                name: agent(*other),
                                room: agents::MAX_CHATS.into(),
                            },
                        };
                        (Repeatable::Give(*seen, to), due)
                    }
                    ByHand::Close => {
                        let model = &mut self.models[*session];
                        let due = model.close_by_hand(&holder, &chat, *seen, now);
                        (Repeatable::Close(*seen), due)
                    }
                };
                ((*session, action, what), due)
            }
            Operation::Move { session, chat, to } => {
                let chat = self.chats[*chat].clone();
                let due = self.models[*session].move_in_line(0, &chat, *to);
                let action = action(0, &chat, HeldBy::Nobody);
                ((*session, action, Repeatable::Move(*to)), due)
            }
            _ => return Ok(()),
        };
        let acted = self.act(&repeatable).await?;
        ensure!(
            agents::Outcome::of(&acted) == due,
            "{repeatable:?} was answered {acted:?}, should be {due:?}"
        );
        self.last_action = matches!(acted, Acted::Done(_)).then_some((repeatable, acted));
        Ok(())
    }

    async fn act(&self, (session, action, what): &Acting) -> Result<Acted, String> {
        let (store, session, now) = (self.store, &session_name(*session), self.now);
        let acted = match what {
            Repeatable::Take { seat, named: true } => store.take(session, action, seat, now).await,
            Repeatable::Take { seat, .. } => store.take_next(session, action, seat, now).await,
            Repeatable::Say(seen, reply) => {
                store.say(session, action, *seen, Some(reply), now).await
            }
            Repeatable::Give(seen, to) => store.give(session, action, *seen, to, now).await,
            Repeatable::Close(seen) => {
                let close = CloseByHand {
                    outcome: "solved".to_owned(),
                    asks_rating: None,
                };
                store
                    .close_by_hand(session, action, *seen, &close, now)
                    .await
            }
            Repeatable::Move(to) => store.move_in_line(session, action, *to, now).await,
        };
        acted.map_err(|error| error.to_string())
    }

    /// An action that was done is repeated: nothing changes, and the answer is the same.
    async fn again(&mut self) -> Checked {
        let Some((action, before)) = &self.last_action else {
            return Ok(());
        };
        let acted = self.act(action).await?;
        ensure!(
            acted == *before,
            "again {action:?}: {acted:?}, was {before:?}"
        );
        Ok(())
    }

    async fn pause_line(&mut self, session: usize, team: usize, pauses: bool) -> Checked {
        let id = self.next("action");
        let (name, by) = (session_name(session), agent(0));
        let (store, now) = (self.store, self.now);
        let changed = match pauses {
            true => {
                store
                    .pause_line(&name, (&id, &by), TEAMS[team], "back soon", now)
                    .await
            }
            false => store.resume_line(&name, (&id, &by), TEAMS[team], now).await,
        };
        let due = self.models[session].pause_line(team, pauses);
        ensure!(changed.ok() == Some(due), "pausing should change it: {due}");
        Ok(())
    }

    async fn return_held(&mut self, session: usize, gone: Option<usize>) -> Checked {
        let gone: Vec<usize> = gone.into_iter().collect();
        let absent: Vec<_> = gone
            .iter()
            .map(|one| (agent(*one), WhyReturned::Gone))
            .collect();
        let name = session_name(session);
        let quiet = agents::AGENT_QUIET;
        let returned = self
            .store
            .return_held(&name, quiet, &absent, self.now)
            .await;
        let mut returned: Vec<_> = returned
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|one| (one.chat, one.agent.to_string()))
            .collect();
        returned.sort_by(|one, other| one.0.as_str().cmp(other.0.as_str()));
        let due = self.models[session].return_held(&gone, self.now);
        let due: Vec<_> = due
            .into_iter()
            .map(|(chat, agent)| (chat, agent.to_owned()))
            .collect();
        ensure!(
            returned == due,
            "{returned:?} were returned, should be {due:?}"
        );
        Ok(())
    }

    fn reply(&mut self, notice: bool) -> Reply {
        let id = self.next("r");
        let number = self.made as usize;
        Reply {
            id,
            conversation: ConversationId::stored("c"),
            text: own_messages::words(number % REPLIES, number).to_owned(),
            media: number
                .is_multiple_of(5)
                .then(|| serde_json::from_str(own_messages::PICTURE).unwrap()),
            queued_at: self.now,
            attempts: 0,
            by: None,
            notice,
        }
    }

    /// A process got a lane: with its first reply, the attempt in doubt, and the address.
    fn in_hand(&mut self, session: usize, taking: usize, lane: Lane) -> Checked {
        let reply = lane.reply.clone()?;
        let model = &mut self.models[session];
        let chat = model.chat_of(lane.chat.as_str());
        let first = model.chat(&chat).lane.first();
        let Some(first) = first.filter(|first| first.id == reply.id) else {
            return Err(format!(
                "{}: {} is to be sent, should be {first:?}",
                lane.chat, reply.id
            ));
        };
        let attempts = first.attempts;
        let (doubt, address) = model.hand_out(&chat, self.now);
        let same = match (&doubt, &lane.doubt) {
            (None, None) => true,
            (Some(mark), Some(attempt)) => mark.is(attempt),
            _ => false,
        };
        ensure!(
            same && reply.attempts == attempts,
            "{chat}: {reply:?} has the attempt {:?} in doubt, should be {doubt:?}",
            lane.doubt
        );
        ensure!(
            lane.address.as_ref().unwrap_or(&lane.chat).as_str() == address,
            "{lane:?} goes to {address}"
        );
        self.lanes.push(InHand {
            session,
            taking,
            attempts,
            reply,
            lane,
        });
        Ok(())
    }

    async fn release(&mut self, session: usize, process: &ProcessId) -> Checked {
        let due = self.models[session].release(process.as_str());
        let released = self
            .store
            .release(&session_name(session), process, self.now)
            .await
            .map_err(|error| error.to_string())?;
        ensure!(released == due, "released {released:?}, should be {due:?}");
        Ok(())
    }

    async fn take_lanes(&mut self, session: usize, process: &ProcessId, count: usize) -> Checked {
        let taken = self
            .store
            .take_lanes(&session_name(session), process, count, self.now)
            .await
            .map_err(|error| error.to_string())?;
        let model = &mut self.models[session];
        let lanes = match taken {
            TakenLanes::Paused => {
                ensure!(model.paused, "no lanes, though nothing is paused");
                return Ok(());
            }
            TakenLanes::Lanes(lanes) => lanes,
        };
        ensure!(!model.paused, "lanes, though the session is paused");
        let mut due: Vec<_> = self.views[session]
            .lanes
            .iter()
            .filter(|(_, at)| **at <= self.now)
            .map(|(chat, at)| (*at, chat.clone()))
            .collect();
        due.sort();
        let due: Vec<_> = due.into_iter().map(|(_, chat)| chat).collect();
        for chat in due.iter().take(count) {
            self.models[session].drop_outdated(chat, self.now);
        }
        let model = &self.models[session];
        let full = due.iter().filter(|chat| !model.chat(chat).lane.is_empty());
        // A lane that is empty by now is only removed.
        ensure!(
            lanes.len() <= count && lanes.len() + count.min(due.len()) >= count.min(full.count()),
            "{} lanes of {due:?}",
            lanes.len()
        );
        for lane in lanes {
            ensure!(
                due.iter().any(|due| *due == lane.chat.as_str()),
                "{} was not due",
                lane.chat
            );
            let taking = self.models[session].take(lane.chat.as_str(), process.as_str());
            self.in_hand(session, taking, lane)?;
        }
        Ok(())
    }

    fn is_in_hand(&self, one: &InHand) -> bool {
        let it = self.models[one.session].lane(one.lane.chat.as_str());
        it.hand
            .as_ref()
            .is_some_and(|hand| hand.taking == one.taking)
    }

    /// Every reply handed out from lanes that a process still holds, also if it was settled since.
    fn lanes_in_hand(&self) -> Vec<InHand> {
        let in_hand = |one: &&InHand| self.is_in_hand(one);
        self.lanes.iter().filter(in_hand).cloned().collect()
    }

    fn is_first(&self, one: &InHand) -> bool {
        let it = self.models[one.session].lane(one.lane.chat.as_str());
        it.lane
            .first()
            .is_some_and(|first| first.id == one.reply.id)
    }

    async fn settle(&mut self, settlements: &[Settle]) -> Checked {
        let current = self.lanes_in_hand();
        let mut settled: Vec<(InHand, Outcome, Fate)> = Vec::new();
        for one in settlements {
            let Some(lane) = one.lane.of(&current, &self.lanes) else {
                continue;
            };
            // The model does not cover late answers about a reply that was retried meanwhile.
            let it = self.models[lane.session].lane(lane.lane.chat.as_str());
            let is_late = it
                .lane
                .iter()
                .any(|reply| reply.id == lane.reply.id && reply.attempts != lane.attempts);
            // Nor a second verdict that crosses a retry.
            let crosses = |(other, verdict, _): &(InHand, Outcome, Fate)| {
                other.reply.id == lane.reply.id && matches!(verdict, Outcome::Retry(..))
            };
            if !is_late && !settled.iter().any(crosses) {
                let fate = self.fate(one.verdict);
                settled.push((lane, one.verdict, fate));
            }
        }
        let (store, now) = (self.store, self.now);
        for (one, _, fate) in &settled {
            if let Fate::Sent(message) = fate {
                self.sent.push(SentReply {
                    session: one.session,
                    chat: one.lane.chat.to_string(),
                    reply: one.reply.id.clone(),
                    attempts: one.attempts,
                    message: message.clone(),
                    at: now,
                });
            }
        }
        let calls = settled.iter().map(async |(one, verdict, fate)| {
            let session = session_name(one.session);
            let settlement = settlement(one, *verdict, fate, now);
            store.settle(&session, settlement, now).await
        });
        let answers = together(calls.collect()).await;
        for ((one, _, fate), answer) in settled.into_iter().zip(answers) {
            let following = answer.map_err(|error| error.to_string())?;
            let model = &mut self.models[one.session];
            let handed = (one.lane.chat.as_str(), one.taking, one.reply.id.as_str());
            let goes_on = model.settle(handed, &fate, now)?;
            ensure!(
                following.is_some() == goes_on,
                "{handed:?}: continues with {following:?}, should continue: {goes_on}"
            );
            if let Some(lane) = following {
                self.in_hand(one.session, one.taking, lane)?;
            }
        }
        Ok(())
    }

    fn fate(&mut self, verdict: Outcome) -> Fate {
        match verdict {
            Outcome::Sent => Fate::Sent(None),
            Outcome::SentAs(which) => Fate::Sent(which.of(&self.own, &self.own)),
            Outcome::SentAsNew => Fate::Sent(Some(self.new_message_id())),
            Outcome::Dead => Fate::Dead,
            Outcome::Retry(_, doubt) => Fate::Retry { doubt },
            Outcome::Release(_, doubt) => Fate::Release { doubt },
        }
    }

    async fn look(&mut self, session: usize, count: usize) -> Checked {
        let looked = self
            .store
            .due_waiting(&session_name(session), count, PER_MINUTE, self.now)
            .await
            .map_err(|error| error.to_string())?
            .waiting;
        let model = &mut self.models[session];
        model.spread_notices(self.now);
        let free = model.free_notices(self.now);
        let model = &self.models[session];
        let seen = &self.views[session];
        let due = seen.announce.iter().filter(|(_, at)| **at <= self.now);
        let due: Vec<_> = due.map(|(chat, _)| chat).collect();
        let has_words = |chat: &String| {
            let it = model.chat(chat);
            it.conversation.as_ref().is_some_and(|one| {
                let opening = usize::from(one.rev == 0 && model.pauses.is_empty());
                it.inbox.len() > one.examined.max(opening)
            })
        };
        let (with_words, others): (Vec<_>, Vec<_>) = due.iter().partition(|chat| has_words(chat));
        let waits: BTreeSet<_> = others.into_iter().chain(&seen.put_off).collect();
        let (turns, answered): (Vec<_>, Vec<_>) = looked.iter().partition(|one| one.turn);
        ensure!(
            answered
                .iter()
                .all(|one| with_words.iter().any(|chat| *chat == one.chat.as_str())),
            "{answered:?} wrote nothing"
        );
        // If many are due, the others are looked at by the next call.
        let as_expected = match (due.len() < count, free) {
            (_, 0) => turns.is_empty(),
            (true, _) => turns.len() == waits.len().min(count - with_words.len()),
            (false, _) => turns.len() <= free.min(count),
        };
        ensure!(
            as_expected && (due.len() >= count || answered.len() == with_words.len()),
            "{turns:?} of {waits:?}, and {answered:?} of {with_words:?} were looked at; {free} notices are free"
        );
        let places: Vec<_> = turns.iter().map(|one| one.position).collect();
        ensure!(places.is_sorted(), "it is not their turn: {turns:?}");
        let due = due.len();
        for waiting in looked {
            let team = TEAMS.iter().position(|team| *team == waiting.team);
            let line = model.waiting(match waiting.for_person {
                true => Line::People(team.unwrap_or(usize::MAX)),
                false => Line::Workers,
            });
            let place = line.iter().position(|chat| *chat == waiting.chat.as_str());
            let it = model.chat(waiting.chat.as_str());
            let conversation = it.conversation.as_ref();
            let examined = conversation.map_or(0, |one| one.examined);
            let requeued = conversation.map_or(0, |one| one.requeued);
            ensure!(
                place.is_some_and(|place| place as u64 + 1 == waiting.position)
                    && model.id(waiting.chat.as_str()) == Some(waiting.id.as_str())
                    && waiting.examined == examined as u64
                    && waiting.unexamined == it.inbox[examined..],
                "{waiting:?} is not {it:?} at {place:?}"
            );
            self.looks.push(Look {
                session,
                requeued,
                waiting,
            });
        }
        let view = self.view(session).await;
        let mut overdue = view.announce.values().filter(|at| **at <= self.now);
        ensure!(
            overdue.clone().count() <= due.saturating_sub(count)
                && (due > count || overdue.clone().count() == 0),
            "those looked at are due again at once: {:?}",
            overdue.next()
        );
        Ok(())
    }

    async fn announce(&mut self, announcements: &[Announce]) -> Checked {
        let holds = |look: &&Look| {
            let model = &self.models[look.session];
            let conversation = model.chat(look.waiting.chat.as_str()).conversation.as_ref();
            model.id(look.waiting.chat.as_str()) == Some(look.waiting.id.as_str())
                && conversation.is_some_and(|one| {
                    one.waits()
                        && one.requeued == look.requeued
                        && one.examined as u64 == look.waiting.examined
                })
        };
        let current: Vec<_> = self.looks.iter().filter(holds).cloned().collect();
        let mut session = None;
        let mut announced = Vec::new();
        for one in announcements {
            let Some(look) = one.look.of(&current, &self.looks) else {
                continue;
            };
            // One call is for one session.
            if *session.get_or_insert(look.session) == look.session {
                let announcement = self.announcement(one, &look.waiting);
                announced.push((look.requeued, announcement));
            }
        }
        let Some(session) = session else {
            return Ok(());
        };
        let calls: Vec<_> = announced.iter().map(|(_, one)| one.clone()).collect();
        let counted = self
            .store
            .announce(&session_name(session), &calls, PER_MINUTE, self.now)
            .await
            .map_err(|error| error.to_string())?;
        let (mut due, now) = (0, self.now);
        for (requeued, one) in &announced {
            let ending = one.leave.as_ref().map(|leave| Ending {
                outcome: leave.outcome.clone(),
                resumable: false,
            });
            due += u64::from(self.models[session].announce(one, *requeued, ending.as_ref(), now));
        }
        ensure!(
            counted == due,
            "{counted} were still waiting, should be {due}"
        );
        Ok(())
    }

    /// What the announcer would do: the opening message is never a command, and nothing after a leave word is read.
    fn announcement(&mut self, one: &Announce, waiting: &WaitingConversation) -> Announcement {
        let opening = usize::from(waiting.examined == 0 && !waiting.begun);
        let is = |kind: Kind, message: &str| {
            !is_withdrawn(message) && message.contains(&format!("{kind:?}"))
        };
        let (mut words, mut leaves) = (Vec::new(), false);
        let mut examined_now = waiting.unexamined.len();
        for (place, message) in waiting.unexamined.iter().enumerate().skip(opening) {
            leaves = is(Kind::Leave, message);
            if leaves || is(Kind::Position, message) {
                words.push(message.clone());
            }
            if leaves {
                examined_now = place + 1;
                break;
            }
        }
        let replies = one.notice || !words.is_empty();
        Announcement {
            chat: waiting.chat.clone(),
            id: waiting.id.clone(),
            turn: waiting.turn,
            announced: (replies && !leaves).then_some(waiting.position),
            moved: waiting.moved,
            told_pause: None,
            due: self.now + one.due_in,
            examined: waiting.examined + (examined_now - words.len()) as u64,
            examined_before: waiting.examined,
            since: waiting.since,
            leave: leaves.then(|| Leave {
                outcome: "left".to_owned(),
                variables: "{}".to_owned(),
            }),
            reply: replies.then(|| self.reply(words.is_empty())),
            words,
        }
    }

    async fn overdue(&mut self, session: usize) -> Checked {
        let ended = self
            .store
            .expire(&session_name(session), IDS, self.now)
            .await;
        let ended = ended.map_err(|error| error.to_string())?;
        let ended = (ended.takeovers, ended.waits);
        let due = self.models[session].overdue(self.now);
        ensure!(ended == due, "{ended:?} were ended, should be {due:?}");
        Ok(())
    }

    async fn pause(&mut self, session: usize) -> Checked {
        let paused = self.store.pause(&session_name(session), self.now).await;
        let model = &mut self.models[session];
        ensure!(paused.ok() == Some(!model.paused), "paused twice");
        model.paused = true;
        Ok(())
    }

    async fn resume(&mut self, session: usize) -> Checked {
        let resumed = self.store.resume(&session_name(session)).await;
        let model = &mut self.models[session];
        ensure!(resumed.ok() == Some(model.paused), "resumed twice");
        model.spread |= model.paused;
        model.paused = false;
        Ok(())
    }

    /// Every process dies, and a new one serves all remaining customers.
    async fn serve_all_that_is_left(&mut self) -> Checked {
        const ROUNDS_MAX: usize = 400;
        for session in 0..SESSIONS {
            self.one(&Operation::Resume { session }).await?;
            for team in 0..TEAMS.len() {
                let pauses = false;
                self.one(&Operation::PauseLine {
                    session,
                    team,
                    pauses,
                })
                .await?;
            }
            for process in 0..PROCESSES {
                self.one(&Operation::Release { session, process }).await?;
            }
        }
        for _ in 0..ROUNDS_MAX {
            let held = self.claims_that_hold().len();
            let in_hand = self.lanes_in_hand();
            let to_send = in_hand.iter().position(|one| self.is_first(one));
            let waiting = self.views.iter().position(|view| !view.queue.is_empty());
            let phone = self.views.iter().position(|view| !view.phone.is_empty());
            let for_person = self.views.iter().enumerate().find_map(|(session, view)| {
                let first = view.handoff.iter().flatten().next()?;
                let from = self.chats.iter().position(|chat| chat == first)?;
                Some((session, from))
            });
            let due = self.views.iter().position(|view| !view.lanes.is_empty());
            let with_agent = self.views.iter().position(|view| !view.held.is_empty());
            let operation = if let Some(session) = with_agent {
                Operation::ByHand {
                    session,
                    chat: Which::Current(0),
                    other: None,
                    seen: None,
                    what: ByHand::Close,
                }
            } else if held > 0 {
                Operation::Commit(vec![Commit {
                    claim: Which::Current(0),
                    off: 0,
                    consumed: usize::MAX,
                    replies: 1,
                    sends: false,
                    close: HowClose::Finished,
                }])
            } else if let Some(number) = to_send {
                Operation::Settle(vec![Settle {
                    lane: Which::Current(number),
                    verdict: Outcome::Sent,
                }])
            } else if let Some(session) = waiting {
                Operation::Claim {
                    session,
                    process: 0,
                    count: IDS,
                }
            } else if let Some((session, from)) = for_person {
                Operation::Own(operation::Own::closing_word(session, from))
            } else if let Some(session) = phone {
                self.now += QUIET;
                Operation::Overdue { session }
            } else if let Some(session) = due {
                self.now += RESUME_WITHIN;
                Operation::TakeLanes {
                    session,
                    process: 0,
                    count: IDS,
                }
            } else {
                return self.nothing_is_left();
            };
            self.one(&operation).await?;
        }
        Err(format!("somebody is left after {ROUNDS_MAX} rounds"))
    }

    fn nothing_is_left(&self) -> Checked {
        for view in &self.views {
            let chats = view.chats.values();
            let messages: usize = chats.map(|chat| chat.inbox.len() + chat.lane.len()).sum();
            ensure!(
                messages == 0
                    && view.active.is_empty()
                    && view.sending.is_empty()
                    && view.held.is_empty(),
                "left over: {view:?}"
            );
        }
        Ok(())
    }
}

fn settlement(one: &InHand, verdict: Outcome, fate: &Fate, now: Millis) -> Settlement {
    let (conversation, data) = (one.reply.conversation.clone(), one.reply.id.clone());
    let due = match verdict {
        Outcome::Retry(after, _) | Outcome::Release(after, _) => now + after,
        _ => now,
    };
    one.lane.settled(match fate {
        Fate::Sent(message) => Verdict::Sent {
            message: message.clone().map(MessageId::stored),
            conversation,
            data,
        },
        Fate::Dead => Verdict::Dead {
            conversation,
            data,
            reason: "no".to_owned(),
        },
        Fate::Retry { doubt } => Verdict::Retry {
            due,
            again: Reply {
                attempts: one.reply.attempts + 1,
                ..one.reply.clone()
            },
            doubt: *doubt,
            id: None,
        },
        Fate::Release { doubt } => Verdict::Release { due, doubt: *doubt },
    })
}
