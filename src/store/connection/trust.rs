//! A server that was silent for a while may have been frozen, and another may have taken its place. When it goes on, it runs the commands
//! that waited at it, and nobody will have what they wrote. So after a silence, its answers count only once others say that it still
//! has its place: the Sentinels, or the other nodes of the Cluster.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fred::types::Value;
use fred::types::config::{Config, Server, ServerConfig};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::store::connection::client::ask_once;
use crate::store::connection::connections::Connections;
use crate::store::connection::sentinel_events;
use crate::store::error::StoreError;

/// A command that has no answer for this long may be at a server that is frozen. Shorter than any failover takes, even with the time
/// between two heartbeats, because there may be no other command on its way.
pub(super) const SILENT_AFTER: Duration = Duration::from_millis(300);

/// How long the others may take to say what they know. Some of them may be dead.
const OTHERS_WITHIN: Duration = Duration::from_millis(500);

/// How long we wait until they agree. After that, nobody knows whether the command counts.
const AGREE_WITHIN: Duration = Duration::from_secs(3);

/// The pause before they are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Whether a server still has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    Kept,
    Lost,
    /// Others think that it is down, and may be giving its place to another.
    Unclear,
}

/// Those who know whether a server still has its place.
pub(super) struct Witnesses {
    others: Others,
    /// How to connect to one, without the address.
    base: Config,
    silences: Arc<AtomicU64>,
}

enum Others {
    Sentinels {
        hosts: Vec<Server>,
        group: String,
    },
    /// The nodes of the Cluster that has this one.
    NodesBeside(Server, Connections),
}

impl Witnesses {
    /// `None` if no other server can take the place of this one.
    pub(super) fn of(
        config: &Config,
        cluster_node: Option<&Server>,
        connections: &Connections,
    ) -> Option<Self> {
        if let Some(own) = cluster_node {
            return Some(Self {
                silences: connections.silences.of(&own.to_string()),
                others: Others::NodesBeside(own.clone(), connections.clone()),
                base: config.clone(),
            });
        }
        let ServerConfig::Sentinel {
            hosts,
            service_name,
            username,
            password,
        } = &config.server
        else {
            return None;
        };
        let base = Config {
            username: username.clone(),
            password: password.clone(),
            database: None,
            ..config.clone()
        };
        let silences = connections.silences.of(service_name);
        if connections.silences.is_first_to_listen() {
            sentinel_events::count(hosts, &base, &silences);
        }
        Some(Self {
            silences,
            others: Others::Sentinels {
                hosts: hosts.clone(),
                group: service_name.clone(),
            },
            base,
        })
    }

    /// Notes that the server is silent.
    pub(super) fn suspect(&self) {
        self.silences.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether this server, as the others know it, still has its place. If none of them answers, none of them gives it to another.
    pub(super) async fn authority(&self, server: &Server) -> Authority {
        let (asked, commands, read): (_, _, fn(_, &_) -> _) = match &self.others {
            Others::Sentinels { hosts, group } => {
                let ask = |what: &str| ("SENTINEL", vec![what.into(), group.as_str().into()]);
                let commands = vec![ask("GET-MASTER-ADDR-BY-NAME"), ask("MASTER")];
                (hosts.clone(), commands, authority_in_group)
            }
            Others::NodesBeside(own, connections) => {
                let mut nodes = connections.nodes_or(&[]);
                nodes.retain(|node| node != own);
                let commands = vec![("CLUSTER", vec!["NODES".into()])];
                (nodes, commands, authority_in_cluster)
            }
        };
        let mut asking = JoinSet::new();
        for one in asked {
            let config = Config {
                server: ServerConfig::Centralized { server: one },
                ..self.base.clone()
            };
            asking.spawn(ask_once(config, commands.clone(), OTHERS_WITHIN));
        }
        let until = Instant::now() + OTHERS_WITHIN;
        let mut answers = Vec::new();
        while let Ok(Some(answer)) = timeout_at(until, asking.join_next()).await {
            answers.extend(answer.into_iter().flatten());
        }
        read(answers, server)
    }
}

/// What this process thinks of one connection.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// The silences after which the server was known to have its place.
    silences: AtomicU64,
    asking: tokio::sync::Mutex<()>,
    is_lost: AtomicBool,
    /// The connection must end, without waiting for answers.
    pub(super) ends: Notify,
}

impl Trust {
    /// Ends the connection at once, with an error for the commands that have no answer yet. To close it in order would wait for these
    /// answers, and a frozen server that goes on would give them. Returns false if that was done before.
    pub(super) fn end(&self) -> bool {
        let is_first = !self.is_lost.swap(true, Ordering::Relaxed);
        if is_first {
            self.ends.notify_one();
        }
        is_first
    }

    /// Whether there was no silence since the server was last known to have its place.
    pub(super) fn knows_of(&self, witnesses: &Witnesses) -> bool {
        let silences = witnesses.silences.load(Ordering::Relaxed);
        self.silences.load(Ordering::Relaxed) == silences && !self.is_lost.load(Ordering::Relaxed)
    }

    /// Whether an answer that has just come counts. `server` may have been silent before.
    pub(super) async fn authority(&self, server: &Server, witnesses: &Witnesses) -> Authority {
        let until = Instant::now() + AGREE_WITHIN;
        loop {
            if self.is_lost.load(Ordering::Relaxed) {
                return Authority::Lost;
            }
            let silences = witnesses.silences.load(Ordering::Relaxed);
            if self.knows_of(witnesses) {
                return Authority::Kept;
            }
            // One asks for all.
            let Ok(_asking) = timeout_at(until, self.asking.lock()).await else {
                return Authority::Unclear;
            };
            if self.silences.load(Ordering::Relaxed) >= silences {
                continue;
            }
            match witnesses.authority(server).await {
                Authority::Kept => self.silences.store(silences, Ordering::Relaxed),
                Authority::Lost => return Authority::Lost,
                Authority::Unclear if Instant::now() > until => return Authority::Unclear,
                Authority::Unclear => sleep(ASK_AGAIN).await,
            }
        }
    }
}

/// Reads what Sentinels answer to `SENTINEL GET-MASTER-ADDR-BY-NAME` and `SENTINEL MASTER`
/// (<https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/>). Once the one that leads a failover has promoted a
/// replica, it gives its address to the first, and still describes the old primary to the second.
fn authority_in_group(answers: Vec<Vec<Value>>, server: &Server) -> Authority {
    let mut newest = None;
    let (mut asked, mut think_it_is_down, mut fails) = (0, 0, false);
    for answer in answers {
        let Ok([address, described]) = <[Value; 2]>::try_from(answer) else {
            continue;
        };
        let (Ok(address), Ok(fields)) = (
            address.convert::<(String, String)>(),
            described.convert::<HashMap<String, String>>(),
        ) else {
            continue;
        };
        let field = |name| fields.get(name).map_or("", String::as_str);
        let epoch = field("config-epoch").parse::<u64>().unwrap_or(0);
        let is_promoted = (field("ip"), field("port")) != (&address.0, &address.1);
        let is_it = address.0 == *server.host && address.1 == server.port.to_string();
        if newest.is_none_or(|(newest, _)| newest < (epoch, is_promoted)) {
            newest = Some(((epoch, is_promoted), is_it));
        }
        let has = |flag| field("flags").split(',').any(|one| one == flag);
        fails |= has("o_down") || has("failover_in_progress");
        think_it_is_down += usize::from(has("s_down"));
        asked += 1;
    }
    match newest {
        Some((_, false)) => Authority::Lost,
        Some(((_, true), true)) => Authority::Kept,
        _ if fails || think_it_is_down * 2 > asked => Authority::Unclear,
        _ => Authority::Kept,
    }
}

/// Reads the answers to `CLUSTER NODES` (<https://redis.io/docs/latest/commands/cluster-nodes/>).
fn authority_in_cluster(answers: Vec<Vec<Value>>, server: &Server) -> Authority {
    let (mut asked, mut think_it_is_down, mut fails) = (0, 0, false);
    for answer in answers.into_iter().flatten() {
        let Some(nodes) = answer.as_string() else {
            continue;
        };
        let nodes: Vec<_> = nodes.lines().filter_map(ClusterNode::read).collect();
        let Some(own) = nodes.iter().find(|node| node.is_at(server)) else {
            continue;
        };
        if own.has("slave") || !own.has_slots {
            return Authority::Lost;
        }
        asked += 1;
        // Without a replica, nobody can take its place, and others may call it failed for a while after it is back.
        let mut others = nodes.iter();
        if others.any(|node| node.master == own.id && !node.has("fail")) {
            fails |= own.has("fail");
            think_it_is_down += usize::from(own.has("fail?"));
        }
    }
    match fails || think_it_is_down * 2 > asked {
        true => Authority::Unclear,
        false => Authority::Kept,
    }
}

/// A line of `CLUSTER NODES`: `id ip:port@bus,hostname flags master ping pong epoch link slot...`
struct ClusterNode<'a> {
    id: &'a str,
    ip: &'a str,
    port: &'a str,
    hostname: Option<&'a str>,
    flags: &'a str,
    /// The id of its master; `-` if it is one.
    master: &'a str,
    has_slots: bool,
}

impl<'a> ClusterNode<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split(' ');
        let id = words.next()?;
        let (address, bus) = words.next()?.split_once('@')?;
        let (ip, port) = address.rsplit_once(':')?;
        Some(Self {
            id,
            ip,
            port,
            hostname: bus.split(',').nth(1),
            flags: words.next()?,
            master: words.next()?,
            has_slots: words.nth(4).is_some(),
        })
    }

    fn is_at(&self, server: &Server) -> bool {
        let host = &*server.host;
        (self.ip == host || self.hostname == Some(host)) && self.port == server.port.to_string()
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.split(',').any(|one| one == flag)
    }
}

/// Waits for the answer of a server, and says each time that it is silent for a while.
pub(super) async fn answered<T, S: Future<Output = ()>>(
    answer: impl Future<Output = T>,
    is_silent: impl Fn() -> S,
) -> T {
    let mut answer = std::pin::pin!(answer);
    loop {
        if let Ok(answer) = timeout(SILENT_AFTER, &mut answer).await {
            return answer;
        }
        tokio::select! {
            answer = &mut answer => return answer,
            () = is_silent() => {}
        }
    }
}

/// The error of a command that may have run at a server that lost its place, or may lose it.
pub(super) fn does_not_count() -> StoreError {
    StoreError::Redis("the server was silent, and another may have taken its place".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server::new("10.0.0.1", 7000)
    }

    #[test]
    fn the_newest_sentinel_says_who_is_the_primary_and_a_failover_is_unclear() {
        let promotes = |address: &str, ip: &str, epoch: u64, flags: &str| {
            let epoch = epoch.to_string();
            let fields = [
                ["ip", ip],
                ["port", "7000"],
                ["flags", flags],
                ["config-epoch", &epoch],
            ];
            let texts =
                |texts: &[&str]| Value::Array(texts.iter().copied().map(Value::from).collect());
            vec![texts(&[address, "7000"]), texts(fields.as_flattened())]
        };
        let says = |ip, epoch, flags| promotes(ip, ip, epoch, flags);
        let failing = "master,failover_in_progress";
        let (own, other) = ("10.0.0.1", "10.0.0.2");
        for (answers, authority) in [
            (vec![], Authority::Kept),
            (
                vec![says(own, 1, "master"), says(own, 1, "master")],
                Authority::Kept,
            ),
            (
                vec![says(own, 1, "master"), says(other, 2, "master")],
                Authority::Lost,
            ),
            (
                vec![says(own, 2, "master"), says(other, 1, "master")],
                Authority::Kept,
            ),
            (
                vec![says(own, 1, "s_down,master"), says(own, 1, "master")],
                Authority::Kept,
            ),
            (
                vec![
                    says(own, 1, "s_down,master"),
                    says(own, 1, "master,s_down"),
                    says(own, 1, "master"),
                ],
                Authority::Unclear,
            ),
            (
                vec![says(own, 1, "master"), says(own, 1, failing)],
                Authority::Unclear,
            ),
            (
                vec![says(own, 1, "master"), promotes(other, own, 1, failing)],
                Authority::Lost,
            ),
            (
                vec![says(other, 1, "master"), promotes(own, other, 1, failing)],
                Authority::Kept,
            ),
            (
                vec![
                    says(own, 1, "master,s_down,o_down"),
                    says(own, 1, "master"),
                    says(own, 1, "master"),
                ],
                Authority::Unclear,
            ),
        ] {
            assert_eq!(
                authority_in_group(answers.clone(), &server()),
                authority,
                "{answers:?}"
            );
        }
    }

    #[test]
    fn the_other_nodes_say_whether_a_master_has_its_slots() {
        let says_with = |flags: &str, slots: &str, replica: &str| {
            let text = format!(
                "a1 10.0.0.2:7000@17000,two.example myself,master - 0 0 3 connected 0-9\n\
                 b2 10.0.0.1:7000@17000,one.example {flags} - 0 0 1 connected{slots}\n\
                 c3 10.0.0.3:7000@17000,three.example {replica} b2 0 0 1 connected\n"
            );
            vec![Value::from(text)]
        };
        let says = |flags, slots| says_with(flags, slots, "slave");
        for (answers, authority) in [
            (vec![], Authority::Kept),
            (
                vec![says_with("master,fail", " 10-20", "slave,fail")],
                Authority::Kept,
            ),
            (
                vec![says("master", " 10-20 30"), says("master", " 10-20")],
                Authority::Kept,
            ),
            (
                vec![says("master", " 10-20"), says("slave", "")],
                Authority::Lost,
            ),
            (vec![says("master,fail", "")], Authority::Lost),
            (vec![says("master", "")], Authority::Lost),
            (
                vec![says("master,fail", " 10-20"), says("master", " 10-20")],
                Authority::Unclear,
            ),
            (
                vec![says("master,fail?", " 10-20"), says("master", " 10-20")],
                Authority::Kept,
            ),
            (vec![says("master,fail?", " 10-20")], Authority::Unclear),
            (
                vec![vec![Value::from(
                    "c3 10.0.0.3:7000@17000 master - 0 0 1 connected 10-20\n",
                )]],
                Authority::Kept,
            ),
        ] {
            assert_eq!(
                authority_in_cluster(answers.clone(), &server()),
                authority,
                "{answers:?}"
            );
        }
        let by_name = Server::new("one.example", 7000);
        assert_eq!(
            authority_in_cluster(vec![says("slave", "")], &by_name),
            Authority::Lost
        );
    }
}
