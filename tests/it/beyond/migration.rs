//! Slots that move from one master to another, slowly or at once: nobody is stuck, nothing is lost, and no session is ever seen
//! by halves.

use super::cluster::{AT_ONCE, customers, echo};
use super::customers::{Customer, Taken, refused, under_traffic};
use crate::harness::{Daemon, TestSetup, eventually};
use crate::redis_nodes::Cluster;

/// A key of a session.
fn key(session: &str, part: &str) -> String {
    format!("waha-sm:{{{session}}}:{part}")
}

/// The places of those who wait in a session's line, in their order.
fn line(cluster: &Cluster, session: &str) -> Vec<(String, String)> {
    let master = cluster.master_of(session).unwrap();
    let command = ["ZRANGE", &key(session, "queue"), "0", "-1", "WITHSCORES"];
    let line = cluster.nodes[master].texts(&command).unwrap();
    line.chunks(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

/// Four customers wait. While their session is in two places, two more write, and so do customers of `beside`, whose sessions don't
/// move. `first` chooses the keys that move before that.
fn a_line_moves(
    daemon: &Daemon,
    cluster: &Cluster,
    session: &str,
    line_of: &[Customer],
    beside: &[Customer],
    first: impl Fn(&str) -> bool,
) {
    let (waiting, new) = line_of.split_at(4);
    for one in waiting {
        one.writes(daemon, "hello");
    }
    let (from, to) = (
        cluster.master_of(session).unwrap(),
        cluster.other_master(session).unwrap(),
    );
    let ticket = |node: usize| cluster.nodes[node].texts(&["MGET", &key(session, "ticket")]);
    assert_eq!(ticket(from).unwrap(), ["4"]);

    let migration = cluster.begin_migration(session, to).unwrap();
    let moved = migration.move_those(cluster, first).unwrap();
    let left = migration.keys_left(cluster, 1_000).unwrap().len();
    assert!(moved > 0 && left > 0, "moved {moved}, left {left}");
    let refusals = || {
        let told = [from, to].map(|node| {
            let told = cluster.nodes[node].info("errorstats", "errorstat_TRYAGAIN");
            told.unwrap()
        });
        told.concat()
    };
    let before = refusals();
    std::thread::scope(|scope| {
        for one in new {
            scope.spawn(move || one.writes(daemon, "hello"));
        }
        eventually("somebody meets the session in two places", || {
            (refusals() != before).then_some(())
        });
        for one in beside {
            let taken = one.writes(daemon, "beside");
            let Taken { refused, after } = &taken;
            assert!(
                refused.is_empty() && *after < AT_ONCE,
                "{refused:?} {after:?}"
            );
        }
        migration.clone().finish(cluster).unwrap();
    });
    assert_eq!(migration.keys_left(cluster, 1).unwrap(), [""; 0]);
    assert_eq!(ticket(to).unwrap(), ["6"]);
    let line = line(cluster, session);
    let places: Vec<_> = line.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!(places, ["1", "2", "3", "4", "5", "6"]);
    for (one, (chat, _)) in waiting.iter().zip(&line) {
        assert_eq!(&one.chat, chat);
    }
}

#[test]
fn a_session_that_is_in_two_places_waits_until_it_is_in_one_and_keeps_its_tickets() {
    let test = TestSetup::new();
    let cluster = Cluster::start(&test.directory.path().join("cluster"), &[]).unwrap();
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", cluster.url())
            .set("FLOW_FILE", test.echo())
            .set("WORKERS", "20")
    };
    // Nobody serves the line yet.
    let daemon = with("serve").start();
    let [one, two, three] = Cluster::sessions();
    let of = |session: &str, numbers: std::ops::Range<usize>| -> Vec<_> {
        numbers.map(|n| Customer::of(session, n)).collect()
    };
    let first = of(&one, 1..7);
    let beside: Vec<_> = [of(&two, 20..21), of(&three, 21..22)]
        .into_iter()
        .flatten()
        .collect();
    let ticket = |key: &str| key.ends_with(":ticket");
    a_line_moves(&daemon, &cluster, &one, &first, &beside, ticket);
    let second = of("default", 7..13);
    a_line_moves(&daemon, &cluster, "default", &second, &beside, |key| {
        !ticket(key) && !key.ends_with(":queue")
    });
    let _work = with("work").start();
    for one in first.iter().chain(&second) {
        assert_eq!(test.texts(&one.chat, 1), ["hello"]);
    }
}

#[test]
fn slots_that_move_under_traffic_and_connections_that_break_cost_nobody_a_message() {
    let test = TestSetup::new();
    let (cluster, daemon) = echo(&test);
    let sessions = Cluster::sessions();
    let sessions = sessions.each_ref().map(String::as_str);
    let all = customers(&sessions);
    let accounts = under_traffic(&test, &daemon, &all, || {
        for session in sessions {
            let to = cluster.other_master(session).unwrap();
            let migration = cluster.begin_migration(session, to).unwrap();
            for _ in 0..20 {
                migration.move_keys(&cluster, 1).unwrap();
            }
            migration.finish(&cluster).unwrap();
            assert_eq!(cluster.master_of(session).unwrap(), to);
        }
    });
    // Each moved within the time in which a command is sent again.
    assert_eq!(refused(&accounts, &sessions), [""; 0]);
    let before: Vec<_> = all
        .iter()
        .map(|one| test.waha.texts(&one.chat).len())
        .collect();
    under_traffic(&test, &daemon, &all, || {
        for round in 1..=5 {
            for node in &cluster.nodes {
                node.cut("normal").unwrap();
                node.cut("pubsub").unwrap();
                node.ask(&["SCRIPT", "FLUSH"]).unwrap();
            }
            for (one, before) in all.iter().zip(&before) {
                test.texts(&one.chat, before + 3 + round);
            }
        }
    });
    assert_eq!(daemon.get("/ready").0, 200);
}
