//! Accounts of agents on a real Redis: links, passwords, logins and API tokens, and what ends them.

use std::time::{Duration, Instant};

use waha_sm::clock::Millis;
use waha_sm::flow::Locale;
use waha_sm::ids::AgentName;
use waha_sm::service::accounts::accounts::{Accounts, Proven};
use waha_sm::service::accounts::canned::CannedRefusal;
use waha_sm::service::accounts::invitations::{Accepted, INVITATION_TTL};
use waha_sm::service::accounts::logins::{LOGIN_IDLE_MAX, LOGIN_MAX};
use waha_sm::service::accounts::passwords::WeakPassword;
use waha_sm::service::accounts::tokens::NoToken;
use waha_sm::store::{Agent, RedisServer, Store, StoreConfig};

use crate::harness::{PATIENCE, Redis};

const PASSWORD: &str = "padaria verde 7";
const OTHER_PASSWORD: &str = "bicicleta azul 9";

/// A Redis, a store on it, and ana.
struct Office {
    redis: Redis,
    store: Store,
    accounts: Accounts,
    ana: AgentName,
    now: Millis,
}

impl Office {
    async fn open() -> Self {
        let redis = Redis::start();
        let store = connect(&redis).await;
        let ana = AgentName::stored("ana");
        store.save_agent(&Agent::new(ana.clone())).await.unwrap();
        Self {
            accounts: Accounts::new(store.clone()),
            redis,
            store,
            ana,
            now: Millis::now(),
        }
    }

    /// Gives ana a password through a link.
    async fn join(&self, password: &str) -> Proven {
        let link = self.accounts.invite(&self.ana, self.now).await.unwrap();
        let accepted = self.accounts.accept_invite(&link, password, self.now);
        match accepted.await.unwrap() {
            Accepted::Welcome(proven) => proven,
            refused => panic!("{refused:?}"),
        }
    }

    async fn log_in(&self) -> String {
        let proven = self.accounts.check_password(&self.ana, PASSWORD).await;
        let proven = proven.unwrap().unwrap();
        self.accounts.log_in(&proven, self.now).await.unwrap()
    }

    async fn is_in(&self, token: &str, now: Millis) -> bool {
        let found = self.accounts.logged_in(token, now).await.unwrap();
        found.is_some_and(|found| found.agent.name == self.ana)
    }

    async fn set_off(&self, off: bool) {
        let mut agent = self.store.agent(&self.ana).await.unwrap().unwrap();
        agent.off = off;
        self.store.save_agent(&agent).await.unwrap();
    }
}

async fn connect(redis: &Redis) -> Store {
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: "test:".to_owned(),
        first_notice_after: Duration::ZERO.into(),
        connections: Default::default(),
    };
    Store::connect(&config, PATIENCE).await.unwrap()
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let office = Office::open().await;
    let (accounts, ana, now) = (&office.accounts, &office.ana, office.now);
    assert!(!accounts.has_password(ana).await.unwrap());
    let link = accounts.invite(ana, now).await.unwrap();
    let invited = accounts.invited(&link, now).await.unwrap();
    assert_eq!(invited.unwrap().name, *ana, "looking does not use it up");

    // A weak password does not either.
    let weak = accounts.accept_invite(&link, "curta", now).await.unwrap();
    assert_eq!(weak, Accepted::Weak(WeakPassword::TooShort));
    let accepted = accounts.accept_invite(&link, PASSWORD, now).await.unwrap();
    assert!(matches!(accepted, Accepted::Welcome(proven) if proven.agent.name == *ana));
    assert!(accounts.has_password(ana).await.unwrap());
    let again = accounts.accept_invite(&link, OTHER_PASSWORD, now).await;
    assert_eq!(again.unwrap(), Accepted::NoLink);
    assert_eq!(accounts.invited(&link, now).await.unwrap(), None);

    let checked = accounts.check_password(ana, PASSWORD).await.unwrap();
    assert_eq!(checked.unwrap().agent.name, *ana);
    for (name, password) in [
        ("ana", OTHER_PASSWORD),
        ("ana", ""),
        ("bia", PASSWORD),
        ("owner", PASSWORD),
    ] {
        let name = AgentName::stored(name);
        let checked = accounts.check_password(&name, password).await.unwrap();
        assert_eq!(checked, None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_use_a_link_at_once_one_wins() {
    let office = Office::open().await;
    for _ in 0..5 {
        let link = office
            .accounts
            .invite(&office.ana, office.now)
            .await
            .unwrap();
        let mut tries = Vec::new();
        for password in [PASSWORD, OTHER_PASSWORD] {
            // Two processes, each with its own connection.
            let accounts = Accounts::new(connect(&office.redis).await);
            let (link, now) = (link.clone(), office.now);
            tries.push(tokio::spawn(async move {
                accounts.accept_invite(&link, password, now).await.unwrap()
            }));
        }
        let mut winners = Vec::new();
        for (one, password) in tries.into_iter().zip([PASSWORD, OTHER_PASSWORD]) {
            match one.await.unwrap() {
                Accepted::Welcome(_) => winners.push(password),
                other => assert_eq!(other, Accepted::NoLink),
            }
        }
        let [winner] = winners[..] else {
            panic!("{winners:?} won");
        };
        let checked = office.accounts.check_password(&office.ana, winner).await;
        assert!(checked.unwrap().is_some(), "the winner's password counts");
    }
}

#[tokio::test]
async fn a_link_expires_and_a_newer_one_replaces_it() {
    let office = Office::open().await;
    let (accounts, now) = (&office.accounts, office.now);
    let old = accounts.invite(&office.ana, now).await.unwrap();
    let new = accounts.invite(&office.ana, now).await.unwrap();
    assert_ne!(old, new);
    assert_eq!(accounts.invited(&old, now).await.unwrap(), None);
    let late = now + INVITATION_TTL;
    assert_eq!(accounts.invited(&new, late).await.unwrap(), None);
    let accepted = accounts.accept_invite(&new, PASSWORD, late).await.unwrap();
    assert_eq!(accepted, Accepted::NoLink);

    // It is no link for others, and none while ana is off.
    let for_owner = new.replacen("ana.", "owner.", 1);
    assert_eq!(accounts.invited(&for_owner, now).await.unwrap(), None);
    office.set_off(true).await;
    let accepted = accounts.accept_invite(&new, PASSWORD, now).await.unwrap();
    assert_eq!(accepted, Accepted::NoLink);
    for nonsense in ["", "ana", "ana.", ".", "ana.x", &"a.".repeat(500)] {
        assert_eq!(accounts.invited(nonsense, now).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_login_lasts_while_it_is_used_and_at_most_a_month() {
    let office = Office::open().await;
    office.join(PASSWORD).await;
    let start = office.now;
    let (used, unused) = (office.log_in().await, office.log_in().await);
    assert_ne!(used, unused);
    let mut now = start;
    while now.since(start) + LOGIN_IDLE_MAX < LOGIN_MAX {
        assert!(office.is_in(&used, now).await, "{:?}", now.since(start));
        now += LOGIN_IDLE_MAX.mul_f64(0.99);
    }
    assert!(!office.is_in(&unused, start + 2 * LOGIN_IDLE_MAX).await);
    assert!(!office.is_in(&used, start + LOGIN_MAX).await);
    for nonsense in ["", "x", &"x".repeat(5_000)] {
        assert!(!office.is_in(nonsense, start).await);
    }
    // Redis forgets it, too.
    let expiry = office.redis.number("PTTL test:login:x");
    assert_eq!(expiry, -2, "there is no such login");
    let keys = office.redis.ask("EVAL \"local ttl = 0 for _, key in ipairs(redis.call('KEYS', 'test:login:*')) do ttl = math.max(ttl, redis.call('PTTL', key)) end return ttl\" 0");
    let longest: u128 = keys.trim_start_matches(':').parse().unwrap();
    assert!(
        longest > 0 && longest <= LOGIN_IDLE_MAX.as_millis(),
        "{longest}"
    );
}

#[tokio::test]
async fn logins_end_by_logging_out_by_a_new_password_and_when_the_agent_is_off() {
    let office = Office::open().await;
    let (accounts, now) = (&office.accounts, office.now);
    office.join(PASSWORD).await;

    let (one, other) = (office.log_in().await, office.log_in().await);
    let stream = accounts.logged_in(&one, now).await.unwrap().unwrap();
    let parallel = accounts.logged_in(&other, now).await.unwrap().unwrap();
    assert_ne!(stream.login, parallel.login);
    accounts.log_out(&one).await.unwrap();
    assert!(!accounts.is_still_logged_in(&stream, now).await.unwrap());
    assert!(accounts.is_still_logged_in(&parallel, now).await.unwrap());
    // Using a login that has ended does not bring it back.
    assert!(!office.is_in(&one, now + Duration::from_secs(120)).await);

    accounts.end_logins(&office.ana).await.unwrap();
    assert!(!office.is_in(&other, now).await);
    assert!(!accounts.is_still_logged_in(&parallel, now).await.unwrap());

    // A password that was checked before all logins ended is no way in.
    let checked = accounts.check_password(&office.ana, PASSWORD).await;
    let checked = checked.unwrap().unwrap();
    accounts.end_logins(&office.ana).await.unwrap();
    let late = accounts.log_in(&checked, now).await.unwrap();
    assert!(!office.is_in(&late, now).await);

    let before = office.log_in().await;
    let ana = office.store.agent(&office.ana).await.unwrap().unwrap();
    let weak = accounts.set_password(&ana, "ana").await.unwrap();
    assert_eq!(weak, Err(WeakPassword::TooShort));
    assert!(office.is_in(&before, now).await);
    let proven = accounts.set_password(&ana, OTHER_PASSWORD).await.unwrap();
    assert!(!office.is_in(&before, now).await);
    let after = accounts.log_in(&proven.unwrap(), now).await.unwrap();
    assert!(office.is_in(&after, now).await);

    let link = accounts.reset(&office.ana, now).await.unwrap();
    assert!(!office.is_in(&after, now).await);
    let checked = accounts.check_password(&office.ana, OTHER_PASSWORD).await;
    assert_eq!(checked.unwrap(), None, "the old password is gone");
    let accepted = accounts.accept_invite(&link, OTHER_PASSWORD, now).await;
    let Accepted::Welcome(proven) = accepted.unwrap() else {
        panic!("the new link counts");
    };
    let after = accounts.log_in(&proven, now).await.unwrap();
    assert!(office.is_in(&after, now).await);

    office.set_off(true).await;
    assert!(!office.is_in(&after, now).await);
    let checked = accounts.check_password(&office.ana, OTHER_PASSWORD).await;
    assert_eq!(checked.unwrap(), None);
}

#[tokio::test]
async fn a_browser_is_known_for_the_agents_who_logged_in_from_it() {
    let office = Office::open().await;
    let (accounts, bia) = (&office.accounts, AgentName::stored("bia"));
    accounts
        .remember_browser("cookie", &office.ana)
        .await
        .unwrap();
    assert!(accounts.knows_browser("cookie", &office.ana).await.unwrap());
    assert!(!accounts.knows_browser("cookie", &bia).await.unwrap());
    assert!(!accounts.knows_browser("other", &office.ana).await.unwrap());
    assert!(!accounts.knows_browser("", &office.ana).await.unwrap());
}

#[tokio::test]
async fn an_api_token_acts_as_its_agent_until_it_is_revoked() {
    let office = Office::open().await;
    let (accounts, ana, now) = (&office.accounts, &office.ana, office.now);
    for label in ["", "  ", "a\nb", &"a".repeat(61)] {
        let refused = accounts.new_token(ana, label, now).await.unwrap();
        assert_eq!(refused, Err(NoToken::Label), "{label:?}");
    }
    let till = accounts.new_token(ana, " the till ", now).await.unwrap();
    let till = till.unwrap();
    let later = now + Duration::from_secs(1);
    let stock = accounts
        .new_token(ana, "stock", later)
        .await
        .unwrap()
        .unwrap();
    assert!(till.starts_with("wsm_") && till.len() > 40, "{till}");
    assert_eq!(accounts.of_token(&till).await.unwrap().unwrap().name, *ana);

    let listed = accounts.tokens(ana).await.unwrap();
    let labels: Vec<&str> = listed.iter().map(|token| token.label.as_str()).collect();
    assert_eq!(labels, ["the till", "stock"]);
    assert!(till.ends_with(&listed[0].ending) && listed[0].ending.len() == 4);
    assert_eq!(listed[0].created_at, now);

    let owner = AgentName::owner();
    assert!(!accounts.revoke_token(&owner, &listed[0].id).await.unwrap());
    assert!(accounts.revoke_token(ana, &listed[0].id).await.unwrap());
    assert!(!accounts.revoke_token(ana, &listed[0].id).await.unwrap());
    assert_eq!(accounts.of_token(&till).await.unwrap(), None);
    assert!(accounts.of_token(&stock).await.unwrap().is_some());
    office.set_off(true).await;
    assert_eq!(accounts.of_token(&stock).await.unwrap(), None);
    office.set_off(false).await;
    assert_eq!(accounts.revoke_tokens(ana).await.unwrap(), 1);
    assert_eq!(accounts.of_token(&stock).await.unwrap(), None);

    // A login is no token, and a token is no login.
    office.join(PASSWORD).await;
    let login = office.log_in().await;
    assert_eq!(accounts.of_token(&login).await.unwrap(), None);
    let token = accounts.new_token(ana, "x", now).await.unwrap().unwrap();
    assert!(!office.is_in(&token, now).await);
}

#[tokio::test]
async fn a_language_and_canned_replies_are_kept_and_survive_a_new_password() {
    let office = Office::open().await;
    let (accounts, ana) = (&office.accounts, &office.ana);
    assert_eq!(accounts.preferences(ana).await.unwrap().language, None);
    let language = Some(Locale::PtBr);
    accounts.set_language(ana, language).await.unwrap();
    office.join(PASSWORD).await;
    assert_eq!(accounts.preferences(ana).await.unwrap().language, language);

    let owner = Agent::new(AgentName::owner());
    let save =
        async |name: &str, text: &str| accounts.save_canned(&owner, name, text).await.unwrap();
    assert_eq!(save("preço", "Custa 10.").await, Ok(()));
    assert_eq!(save("bom dia", "Bom dia!").await, Ok(()));
    assert_eq!(save("preço", "Custa 12.").await, Ok(()));
    let canned = accounts.canned().await.unwrap();
    let shown: Vec<(&str, &str)> = canned
        .iter()
        .map(|one| (one.name.as_str(), one.text.as_str()))
        .collect();
    assert_eq!(shown, [("bom dia", "Bom dia!"), ("preço", "Custa 12.")]);
    let by_ana = Agent::new(ana.clone());
    let refused = accounts.delete_canned(&by_ana, "preço").await.unwrap();
    assert_eq!(refused, Err(CannedRefusal::NotAnOwner));
    assert_eq!(
        accounts.delete_canned(&owner, "preço").await.unwrap(),
        Ok(true)
    );
    assert_eq!(
        accounts.delete_canned(&owner, "preço").await.unwrap(),
        Ok(false)
    );
    for number in 1..200 {
        assert_eq!(save(&format!("{number}"), "x").await, Ok(()));
    }
    assert_eq!(save("one more", "x").await, Err(CannedRefusal::TooMany));
    assert_eq!(save("bom dia", "Olá!").await, Ok(()));
}

#[tokio::test]
async fn redis_has_no_password_no_link_and_no_token_in_plain_text() {
    let office = Office::open().await;
    let accounts = &office.accounts;
    office.join(PASSWORD).await;
    let link = accounts.invite(&office.ana, office.now).await.unwrap();
    let login = office.log_in().await;
    let token = accounts.new_token(&office.ana, "x", office.now).await;
    let token = token.unwrap().unwrap();
    accounts
        .remember_browser("brow5er", &office.ana)
        .await
        .unwrap();
    // All that Redis was ever told to keep, also what was replaced since.
    let written = office.redis.files();
    assert!(written.contains("argon2id") && written.contains("test:login:"));
    let random = link.rsplit('.').next().unwrap();
    for secret in [PASSWORD, random, &login, &token, "brow5er"] {
        assert!(!written.contains(secret), "{secret}");
    }
}

/// Somebody who tries names must not learn by the time which there are.
#[tokio::test]
async fn a_wrong_name_takes_as_long_as_a_wrong_password() {
    let office = Office::open().await;
    office.join(PASSWORD).await;
    let names = ["ana", "nobody", "owner"];
    let mut fastest = [Duration::MAX; 3];
    // In turns, so that a busy machine is busy for all of them.
    for _ in 0..15 {
        for (name, fastest) in names.into_iter().zip(&mut fastest) {
            let name = AgentName::stored(name);
            let start = Instant::now();
            let checked = office.accounts.check_password(&name, "a wrong one").await;
            assert_eq!(checked.unwrap(), None);
            *fastest = start.elapsed().min(*fastest);
        }
    }
    let [known, others @ ..] = fastest;
    for (name, other) in names[1..].iter().zip(others) {
        let ratio = other.as_secs_f64() / known.as_secs_f64();
        assert!(
            (0.25..4.0).contains(&ratio),
            "{name}: {other:?}, not {known:?}"
        );
    }
}
