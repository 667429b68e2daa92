//! Looks at everything that this process can know: all parts at once, so that one that hangs delays none of the others.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use crate::clock::Millis;
use crate::flows::Flows;
use crate::health::own_port::NO_ANSWER;
use crate::ids::SessionName;
use crate::secret::Secret;
use crate::service::checkup::finding::{Finding, HookOwner};
use crate::service::checkup::of_daemon::{self, DaemonLook, LostWebhook};
use crate::service::checkup::of_disk::{self, DiskLook};
use crate::service::checkup::of_heard::{self, HeardSession};
use crate::service::checkup::of_hooks::{
    self, HookPlaces, HookToTry, JudgedHooks, OwnWebhook, STOPPED, WahaPlace, is_loopback,
};
use crate::service::checkup::of_redis::{self, RedisAccess, RedisLook};
use crate::service::checkup::of_waha::{self, WahaLook};
use crate::service::kit::session_rounds::in_each;
use crate::store::{Store, WahaReport};
use crate::waha::client::{Client, ConfiguredSession};

/// How long a part may take that asks another program.
const PART_TIMEOUT: Duration = Duration::from_secs(4);
/// How many sessions WAHA is asked about.
const SESSIONS_MAX: usize = 100;
/// The clocks of machines that keep the time differ by less.
const CLOCKS_APART_MAX: u64 = 30;
/// WAHA's word for a session that works.
const WORKING: &str = "WORKING";
/// How many webhooks are tried.
const HOOKS_TRIED_MAX: usize = 8;

/// What a process has to look with. What it lacks is not checked.
pub struct Checkup {
    /// What the settings are like.
    pub settings: Vec<Finding>,
    /// How Redis can be reached.
    pub redis: RedisAccess,
    /// How many replicas must have an event.
    pub ack_replicas: u32,
    /// Asks WAHA; it should wait for some seconds only.
    pub client: Option<Arc<Client>>,
    /// What WAHA's webhooks should be like.
    pub webhook: Option<OwnWebhook>,
    /// Where the daemon listens.
    pub listen: Option<SocketAddr>,
    /// How many files the daemon may have to open.
    pub open_files_needed: u64,
    /// The directory of the history; `None` if another process keeps it.
    pub data_dir: Option<PathBuf>,
    /// The flows.
    pub flows: Option<Arc<Flows>>,
}

impl Checkup {
    /// Looks. `archive_error`: why the history can't be written, if this process keeps it and knows.
    pub async fn look(&self, archive_error: Option<String>) -> Vec<Finding> {
        let now = Millis::now();
        let (redis, waha, daemon, disk, flows) = tokio::join!(
            Box::pin(of_redis::ask(&self.redis, self.ack_replicas)),
            self.ask_waha(),
            self.ask_daemon(),
            self.look_at_disk(now),
            self.read_flows(),
        );
        let mut findings = self.settings.clone();
        findings.push(Finding::TimeZones {
            of_system: Path::new("/usr/share/zoneinfo").is_dir(),
        });
        findings.extend(clocks(redis.ahead, waha.ahead));
        findings.extend(history(
            &disk,
            &redis,
            archive_error.or_else(|| daemon.archive_error.clone()),
        ));
        findings.extend(of_processes(
            redis.reports.as_deref(),
            &waha,
            self.client.is_some(),
        ));
        let judged = self.judge_hooks(&waha, &daemon);
        let known = redis.sessions.as_ref();
        let is_known = |session: &SessionName| known.is_none_or(|all| all.contains_key(session));
        let without = judged.iter().flat_map(|judged| &judged.without);
        findings.extend(without.clone().map(|session| Finding::NoHookOf {
            session: session.clone(),
            is_known: is_known(session),
        }));
        let strange: Vec<_> = without.filter(|one| !is_known(one)).cloned().collect();
        // On the heap: the threads of the console have little stack.
        let (hooks, sessions) = tokio::join!(
            Box::pin(self.hooks(judged, &redis, &waha, &daemon)),
            Box::pin(self.sessions(&redis, &waha, &daemon, &strange, now)),
        );
        findings.extend(hooks.into_iter().chain(sessions));
        redis.close().await;
        for part in [
            redis.findings,
            waha.findings,
            daemon.findings,
            disk.findings,
            flows,
        ] {
            findings.extend(part);
        }
        findings
    }

    /// The webhooks as WAHA has them configured; `None` if we don't know them.
    fn judge_hooks(&self, waha: &WahaLook, daemon: &DaemonLook) -> Option<JudgedHooks> {
        let own = self.webhook.as_ref().filter(|_| waha.is_usable)?;
        let host = self.client.as_ref().map(|client| client.host());
        let places = HookPlaces {
            waha: WahaPlace::of(&host.unwrap_or_default(), &waha.addresses, own.in_container),
            listens_here: !daemon.is_elsewhere,
        };
        let sessions = waha.sessions.as_deref().unwrap_or_default();
        let environment = waha.environment.as_ref();
        Some(of_hooks::judge(environment, sessions, own, places))
    }

    /// What is wrong with the webhooks, after their addresses were tried.
    async fn hooks(
        &self,
        judged: Option<JudgedHooks>,
        redis: &RedisLook,
        waha: &WahaLook,
        daemon: &DaemonLook,
    ) -> Vec<Finding> {
        let (Some(own), Some(judged)) = (&self.webhook, judged) else {
            return Vec::new();
        };
        let place = judged.places.waha;
        let all_have_one = judged.without.is_empty();
        let mut findings = judged.findings;
        let heard_at = |session: &SessionName| redis.sessions.as_ref()?.get(session)?.heard_at;
        // WAHA reads its environment when it starts. What a session has was perhaps changed since.
        let has_heard = |owner: &HookOwner| {
            let heard_at: Vec<Millis> = match owner {
                HookOwner::Session(session) => heard_at(session).into_iter().collect(),
                HookOwner::Environment => {
                    let all = redis.sessions.iter().flat_map(HashMap::values);
                    all.filter_map(|session| session.heard_at).collect()
                }
            };
            waha.started_at
                .is_some_and(|started| heard_at.iter().any(|heard| *heard > started))
        };
        let tried = match own.secrets.first() {
            Some(secret) if daemon.takes_ours || daemon.is_elsewhere => {
                try_hooks(judged.to_try, secret, place).await
            }
            _ => judged.to_try.into_iter().map(TriedHook::not).collect(),
        };
        for TriedHook { hook, tried } in tried {
            let HookToTry { owner, hook, doubt } = hook;
            let is_loopback = hook.place().is_some_and(|place| is_loopback(&place.host));
            if is_loopback && place == WahaPlace::Here && !own.in_container && !has_heard(&owner) {
                findings.push(Finding::HookToLocalhost {
                    owner: owner.clone(),
                    port: own.port,
                });
            }
            match (tried, doubt) {
                (TryResult::Arrived, _) | (TryResult::NotTried, None) => {}
                (_, Some(doubt)) => findings.push(doubt),
                (TryResult::Lost(lost), None) => findings.push(Finding::HookLeadsElsewhere {
                    may_be_right: lost.may_be_right || has_heard(&owner),
                    owner,
                    place: hook.shown(),
                    reason: lost.reason,
                }),
            }
        }
        if findings.is_empty() && all_have_one && waha.environment.is_some() {
            findings.push(Finding::HooksWork);
        }
        findings
    }

    async fn ask_waha(&self) -> WahaLook {
        let Some(client) = self.client.clone() else {
            return WahaLook::default();
        };
        let address = client.address();
        let asking = spawn_blocking(move || of_waha::ask(&client));
        match timeout(PART_TIMEOUT, asking).await {
            // If the thread ended early, its panic is logged where it happened.
            Ok(asked) => asked.unwrap_or_default(),
            Err(_) => WahaLook {
                findings: vec![Finding::WahaUnreachable(format!(
                    "{address}: no answer in time"
                ))],
                ..WahaLook::default()
            },
        }
    }

    async fn ask_daemon(&self) -> DaemonLook {
        let Some(listen) = self.listen else {
            return DaemonLook::default();
        };
        let secret = self
            .webhook
            .as_ref()
            .and_then(|own| own.secrets.first().cloned());
        let needed = self.open_files_needed;
        let asking = spawn_blocking(move || of_daemon::ask(listen, secret.as_ref(), needed));
        match timeout(PART_TIMEOUT, asking).await {
            Ok(asked) => asked.unwrap_or_default(),
            Err(_) => DaemonLook {
                findings: vec![Finding::DaemonSilent {
                    at: listen.to_string(),
                    reason: "no answer in time".to_owned(),
                }],
                ..DaemonLook::default()
            },
        }
    }

    async fn look_at_disk(&self, now: Millis) -> DiskLook {
        let Some(data_dir) = self.data_dir.clone() else {
            return DiskLook::default();
        };
        let shown = data_dir.display().to_string();
        let looking = spawn_blocking(move || of_disk::look(&data_dir, now));
        match timeout(PART_TIMEOUT, looking).await {
            Ok(looked) => looked.unwrap_or_default(),
            Err(_) => DiskLook {
                findings: vec![Finding::DataDirUnusable(format!(
                    "{shown}: no answer in time"
                ))],
                ..DiskLook::default()
            },
        }
    }

    async fn read_flows(&self) -> Vec<Finding> {
        let Some(flows) = self.flows.clone() else {
            return Vec::new();
        };
        let loaded = flows.loaded().to_string();
        let read = spawn_blocking(move || (flows.mistakes(), flows.warnings())).await;
        match read {
            Ok((mistakes, _)) if !mistakes.is_empty() => {
                vec![Finding::FlowsHaveMistakes(mistakes)]
            }
            Ok((_, warnings)) if !warnings.is_empty() => {
                vec![Finding::FlowsHaveWarnings(warnings)]
            }
            // If the thread ended early, its panic is logged where it happened.
            _ => vec![Finding::FlowsWork(loaded)],
        }
    }

    /// The sessions, as WAHA lists them; if it doesn't, as Redis knows them.
    async fn sessions(
        &self,
        redis: &RedisLook,
        waha: &WahaLook,
        daemon: &DaemonLook,
        strange: &[SessionName],
        now: Millis,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let known = redis.sessions.as_ref();
        let paused = |session: &SessionName| known?.get(session)?.paused.as_ref();
        let down_by_redis = |session: &SessionName| {
            paused(session).map(|paused| Finding::SessionDown {
                session: session.clone(),
                status: paused.status.clone(),
                since: Some(paused.since),
            })
        };
        let works = |session: &SessionName| Finding::SessionWorks {
            session: session.clone(),
            heard_at: known.and_then(|known| known.get(session)?.heard_at),
        };
        let listed = waha.sessions.as_deref();
        if listed.is_some_and(<[_]>::is_empty) {
            findings.push(Finding::NoSession);
        }
        let mut of_redis: Vec<&SessionName> = known.iter().flat_map(|known| known.keys()).collect();
        of_redis.sort();
        for session in of_redis {
            let is_listed = listed.iter().flat_map(|listed| listed.iter());
            let is_listed = is_listed
                .map(|one| &one.session.name)
                .any(|name| name == session);
            match (down_by_redis(session), listed) {
                _ if is_listed => {}
                (Some(down), _) => findings.push(down),
                (None, None) => findings.push(works(session)),
                (None, Some(_)) => {}
            }
        }
        let mut at_work = Vec::new();
        let listed = listed.unwrap_or_default().iter();
        // Those of other programs are none of our business.
        for ConfiguredSession { session, .. } in
            listed.filter(|one| !strange.contains(&one.session.name))
        {
            let name = &session.name;
            // Somebody stopped it before it ever wrote to us.
            let is_unused =
                session.status == STOPPED && known.is_some_and(|known| !known.contains_key(name));
            if session.status == WORKING {
                match down_by_redis(name) {
                    Some(down) => findings.push(down),
                    None => at_work.push(name.clone()),
                }
            } else if !is_unused {
                findings.push(Finding::SessionDown {
                    session: name.clone(),
                    status: session.status.clone(),
                    since: None,
                });
            }
            // One that works is asked.
            let is_asked = session.status == WORKING && daemon.is_there && redis.store.is_some();
            if !is_unused && !is_asked && waha.lacks_store(name) {
                findings.push(Finding::NowebStoreOff(name.clone()));
            }
        }
        at_work.truncate(SESSIONS_MAX);
        let mut heard = match (&self.client, &redis.store) {
            (Some(client), Some(store)) if daemon.is_there => {
                let asked = HeardSources {
                    client,
                    store,
                    daemon_started_at: daemon.started_at,
                };
                hear(asked, redis, waha, at_work, now).await
            }
            _ => at_work
                .into_iter()
                .map(|session| (session, Vec::new()))
                .collect(),
        };
        heard.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (session, found) in heard {
            match found.is_empty() {
                true => findings.push(works(&session)),
                false => findings.extend(found),
            }
        }
        findings
    }
}

/// A webhook, and what came of an event to its address.
struct TriedHook {
    hook: HookToTry,
    tried: TryResult,
}

enum TryResult {
    NotTried,
    Arrived,
    Lost(LostWebhook),
}

impl TriedHook {
    fn not(hook: HookToTry) -> Self {
        let tried = TryResult::NotTried;
        Self { hook, tried }
    }
}

/// Posts to the webhooks' addresses.
async fn try_hooks(hooks: Vec<HookToTry>, secret: &Secret, waha: WahaPlace) -> Vec<TriedHook> {
    let mut trying = JoinSet::new();
    let mut tried = Vec::new();
    for hook in hooks {
        let host = hook.hook.place().map(|place| place.host);
        let host = host.unwrap_or_default();
        // Our localhost says nothing about WAHA's, and names for the machine of a container are known in containers only.
        let is_theirs = is_loopback(&host) && waha != WahaPlace::Here;
        if is_theirs || host.ends_with(".internal") || trying.len() == HOOKS_TRIED_MAX {
            tried.push(TriedHook::not(hook));
            continue;
        }
        let secret = secret.clone();
        trying.spawn(async move {
            let url = hook.hook.url.reveal().trim().to_owned();
            let posting = spawn_blocking(move || of_daemon::try_webhook(&url, &secret));
            let lost = match timeout(PART_TIMEOUT, posting).await {
                Ok(lost) => lost.unwrap_or_default(),
                Err(_) => Some(LostWebhook {
                    reason: NO_ANSWER.to_owned(),
                    may_be_right: true,
                }),
            };
            let tried = lost.map_or(TryResult::Arrived, TryResult::Lost);
            TriedHook { hook, tried }
        });
    }
    tried.extend(trying.join_all().await);
    tried
}

/// Whom to ask about what sessions hear.
struct HeardSources<'a> {
    client: &'a Arc<Client>,
    store: &'a Store,
    daemon_started_at: Option<Millis>,
}

/// Asks WAHA for messages of customers that these sessions did not hear.
async fn hear(
    of: HeardSources<'_>,
    redis: &RedisLook,
    waha: &WahaLook,
    sessions: Vec<SessionName>,
    now: Millis,
) -> Vec<(SessionName, Vec<Finding>)> {
    let asked: Vec<SessionName> = sessions.clone();
    let asking = in_each(sessions, |session| {
        let known = redis.sessions.as_ref();
        let of_session = HeardSession {
            is_noweb: waha.is_noweb(&session),
            heard_at: known.and_then(|known| known.get(&session)?.heard_at),
            session,
            waha_started_at: waha.started_at,
            daemon_started_at: of.daemon_started_at,
        };
        let (client, store) = (of.client.clone(), of.store.clone());
        async move {
            // If Redis fails meanwhile, that is said elsewhere.
            of_heard::ask(&client, &store, of_session, now)
                .await
                .unwrap_or_default()
        }
    });
    match timeout(PART_TIMEOUT, asking).await {
        Ok(heard) => heard,
        Err(_) => asked
            .into_iter()
            .map(|session| (session, Vec::new()))
            .collect(),
    }
}

fn clocks(of_redis: Option<i64>, of_waha: Option<i64>) -> Vec<Finding> {
    let known = [("Redis", of_redis), ("WAHA", of_waha)];
    let known: Vec<_> = known
        .into_iter()
        .filter_map(|(whose, ahead)| Some((whose, ahead?)))
        .collect();
    let apart = known
        .iter()
        .filter(|(_, ahead)| ahead.unsigned_abs() > CLOCKS_APART_MAX);
    let apart: Vec<Finding> = apart
        .map(|(whose, ahead)| Finding::ClockApart {
            whose,
            ahead: *ahead,
        })
        .collect();
    match apart.is_empty() && !known.is_empty() {
        true => vec![Finding::ClocksAgree],
        false => apart,
    }
}

/// The history, as the disk, Redis and the process that keeps it know it.
fn history(disk: &DiskLook, redis: &RedisLook, archive_error: Option<String>) -> Vec<Finding> {
    let elsewhere = redis
        .kept
        .as_ref()
        .filter(|kept| disk.file.as_ref().is_some_and(|file| *file != kept.file));
    let finding = match (&disk.history, archive_error, elsewhere) {
        (Some(found), None, _) => found.clone(),
        (_, Some(error), _) => Finding::HistoryFails(error),
        (None, None, Some(kept)) => Finding::HistoryElsewhere(kept.label.clone()),
        (None, None, None) if !disk.was_looked_at => return Vec::new(),
        (None, None, None) => Finding::HistoryWorks,
    };
    vec![finding]
}

/// What the processes that send have found out about WAHA. If WAHA fails, too, for us, that is said already.
fn of_processes(
    reports: Option<&[WahaReport]>,
    waha: &WahaLook,
    we_asked: bool,
) -> Option<Finding> {
    let found = of_reports(reports?);
    match found {
        Finding::WahaFails(_) if we_asked && !waha.is_usable => None,
        Finding::WahaWorks | Finding::WahaUnknown if we_asked => None,
        found => Some(found),
    }
}

fn of_reports(reports: &[WahaReport]) -> Finding {
    let mut reasons: Vec<String> = reports.iter().filter_map(WahaReport::reason).collect();
    reasons.sort();
    reasons.dedup();
    match (reports.is_empty(), reasons.is_empty()) {
        (true, _) => Finding::WahaUnknown,
        (false, true) => Finding::WahaWorks,
        (false, false) => Finding::WahaFails(reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_of_several_processes_is_one() {
        let report = |problem: Option<&str>| WahaReport {
            problem: problem.map(str::to_owned),
            forbidden: Vec::new(),
        };
        assert_eq!(of_reports(&[]), Finding::WahaUnknown);
        assert_eq!(of_reports(&[report(None)]), Finding::WahaWorks);
        let reports = [
            report(Some("its key")),
            report(None),
            report(Some("its key")),
        ];
        assert_eq!(
            of_reports(&reports),
            Finding::WahaFails(vec!["its key".into()])
        );
    }

    #[test]
    fn a_clock_that_is_wrong_is_named_and_seconds_are_nothing() {
        assert_eq!(clocks(None, None), []);
        assert_eq!(clocks(Some(3), Some(-4)), [Finding::ClocksAgree]);
        assert_eq!(
            clocks(Some(0), Some(-3_600)),
            [Finding::ClockApart {
                whose: "WAHA",
                ahead: -3_600
            }]
        );
    }
}
