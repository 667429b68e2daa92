//! Who may do what in the console, and what strangers can't make it do.

use std::collections::BTreeSet;

use serde_json::json;

use super::console_shop::{ConsoleShop, PASSWORD};
use super::visitor::{Visitor, ends};
use crate::harness::{API_KEY, SECRET, SESSION, chat, eventually};

const COOKIE: &str = "waha-sm-login";

/// The paths that the tables of the console's files name, with who they are for: `agents`, `owners`, `all`.
fn paths_in_tables() -> Vec<(String, &'static str, String)> {
    let tables = [
        (include_str!("../../../src/console/api/mod.rs"), "/api/v1"),
        (include_str!("../../../src/console/routes.rs"), ""),
    ];
    let mut found = Vec::new();
    for (file, before) in tables {
        for line in file.lines() {
            let Some(row) = line.strip_prefix("//! | ") else {
                continue;
            };
            let mut cells = row.split(" | ");
            let (paths, who) = (cells.next().unwrap(), cells.next().unwrap_or_default());
            for path in paths.split('`').filter(|it| it.contains('/')) {
                let (method, path) = path.split_once(' ').unwrap_or(("GET", path));
                for path in expanded(path) {
                    found.push((method.to_owned(), who, format!("{before}{path}")));
                }
            }
        }
    }
    found
}

/// `/a/{b,c}` as `/a/b` and `/a/c`, with names for what stands in capitals.
fn expanded(path: &str) -> Vec<String> {
    let named = path
        .replace("SESSION", SESSION)
        .replace("CHAT", &chat(1))
        .replace("NAME", "bia")
        .replace("ROW", "1")
        .replace("ID", "0123abcd");
    match named.split_once('{') {
        Some((before, rest)) => {
            let (choices, after) = rest.split_once('}').unwrap();
            let choices = choices.split(',');
            choices.map(|one| format!("{before}{one}{after}")).collect()
        }
        None => vec![named],
    }
}

fn token_of(visitor: &Visitor) -> String {
    let told = visitor.post("tokens", &json!({"label": "a script"}));
    assert_eq!(told.status, 200, "{}", told.text());
    told.json()["token"].as_str().unwrap().to_owned()
}

#[test]
fn an_attendant_may_do_nothing_that_is_for_owners_and_a_stranger_nothing_at_all() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let ana = Visitor::of(&shop, "ana");
    let script = Visitor::with_token(&shop.url, &token_of(&ana));
    let stranger = Visitor::new(&shop.url);
    let wrong_token = Visitor::with_token(&shop.url, "wsm_0123456789");
    let all = paths_in_tables();
    let for_owners = all.iter().filter(|(_, who, _)| *who == "owners");
    let for_owners: Vec<_> = for_owners.collect();
    assert!(for_owners.len() >= 20, "{for_owners:?}");
    for (method, _, path) in &for_owners {
        for (visitor, who) in [(&ana, "cookie"), (&script, "token")] {
            let told = visitor.ask(method, path, ("application/json", "{}"));
            assert_eq!(
                told.status,
                403,
                "{method} {path} by {who}: {}",
                told.text()
            );
        }
    }
    for (method, who, path) in all.iter().filter(|(_, who, _)| *who != "all") {
        if matches!(*who, "agents, scripts" | "for" | "---") {
            continue;
        }
        let told = stranger.ask(method, path, ("application/json", "{}"));
        // A stream is not for people's eyes either: a page that asks for it is there already.
        match path.starts_with("/api/") || *path == "/live" {
            true => assert_eq!(told.status, 401, "{method} {path}"),
            false => assert_eq!(
                told.header("location").split('?').next(),
                Some("/login"),
                "{method} {path}"
            ),
        }
        let told = wrong_token.ask(method, path, ("application/json", "{}"));
        assert_eq!(told.status, 401, "{method} {path}");
    }
    // Nothing of it was done.
    let agents = ana.get("/api/v1/agents").json();
    let agents = agents["agents"].as_array().unwrap();
    assert!(
        agents.iter().all(|agent| agent["off"] == false),
        "{agents:?}"
    );
    assert_eq!(ana.get("/line").status, 200);
    // And an attendant does not act as somebody else.
    for (method, path) in [
        ("GET", "tokens?agent=olga"),
        ("POST", "tokens"),
        ("DELETE", "tokens/0123abcd"),
    ] {
        let told = ana.does(method, path, &json!({"agent": "olga", "label": "x"}));
        assert_eq!(told.status, 403, "{method} {path}");
    }
}

#[test]
fn only_our_own_pages_may_change_something() {
    let shop = ConsoleShop::open();
    let mut ana = Visitor::of(&shop, "ana");
    let language = || json!({"language": "es"});
    let evil = "https://evil.example";
    for origin in [
        None,
        Some("null"),
        Some(evil),
        Some(&*format!("{}.evil.example", shop.url)),
    ] {
        ana.origin = origin.map(str::to_owned);
        let told = ana.post("me/language", &language());
        assert_eq!(told.status, 403, "{origin:?}");
        let message = told.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&shop.url), "{message}");
        assert!(message.contains(origin.unwrap_or("none")), "{message}");
        assert_eq!(ana.submit("/logout", &[]).status, 403);
        assert_eq!(
            ana.submit("/login", &[("name", "ana"), ("password", PASSWORD)])
                .status,
            403
        );
        assert_eq!(ana.get("/line").status, 200, "looking changes nothing");
    }
    assert!(ana.get("/me").text().contains("lang=\"en\""));
    ana.origin = Some(shop.url.clone());
    assert_eq!(ana.post("me/language", &language()).status, 200);
    assert!(ana.get("/me").text().contains("<html lang=\"es\">"));
    // A token is sent by no browser on its own.
    let script = Visitor::with_token(&shop.url, &token_of(&ana));
    assert_eq!(
        script
            .post("me/language", &json!({"language": "en"}))
            .status,
        200
    );
    // Another name that leads here is not ours.
    let mut rebound = Visitor::new(&shop.url);
    rebound.host = Some("rebound.example".to_owned());
    let told = rebound.get("/login");
    assert_eq!(told.status, 421);
    assert!(told.text().contains("rebound.example") && told.text().contains("CONSOLE_URL"));
}

#[test]
fn a_login_that_somebody_planted_is_never_used() {
    let shop = ConsoleShop::open();
    drop(Visitor::of(&shop, "ana"));
    let planted = "c4n4ry-planted-by-somebody-else-0123456789";
    let victim = Visitor::new(&shop.url);
    victim.set_cookie(COOKIE, planted);
    let told = victim.submit("/login", &[("name", "ana"), ("password", PASSWORD)]);
    assert_eq!(told.status, 303, "{}", told.text());
    let own = victim.cookie(COOKIE).unwrap();
    assert_ne!(own, planted);
    let attacker = Visitor::new(&shop.url);
    attacker.set_cookie(COOKIE, planted);
    assert_eq!(attacker.get("/line").status, 303);
    // The same with a login that is real: it ends when another begins in the same browser.
    victim.submit("/login", &[("name", "ana"), ("password", PASSWORD)]);
    assert_ne!(victim.cookie(COOKIE).unwrap(), own);
    attacker.set_cookie(COOKIE, &own);
    assert_eq!(attacker.get("/line").status, 303);
    assert_eq!(victim.get("/line").status, 200);
    assert_eq!(victim.submit("/logout", &[]).status, 303);
    assert_eq!(victim.cookie(COOKIE), None);
}

#[test]
fn guessing_is_slowed_down_but_not_in_a_browser_that_the_agent_has_used() {
    let shop = ConsoleShop::open();
    let known = Visitor::of(&shop, "ana");
    assert_eq!(known.submit("/logout", &[]).status, 303);
    let guesser = Visitor::new(&shop.url);
    let guess =
        |password: &str| guesser.submit("/login", &[("name", "ana"), ("password", password)]);
    let slow = eventually("a guess is too early", || {
        let told = guess("a wrong password");
        assert!(matches!(told.status, 401 | 429), "{}", told.status);
        (told.status == 429).then_some(told)
    });
    let seconds: u64 = slow.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    // The right one is not tried either, so nobody learns that it is right.
    let told = guess(PASSWORD);
    assert!(told.status == 429 && told.all("set-cookie").next().is_none());
    // A name that nobody has is treated alike.
    eventually("a guess is too early", || {
        let told = guesser.submit("/login", &[("name", "nobody"), ("password", "x")]);
        assert!(matches!(told.status, 401 | 429), "{}", told.status);
        (told.status == 429).then_some(())
    });
    let told = known.submit("/login", &[("name", "ana"), ("password", PASSWORD)]);
    assert_eq!(told.status, 303, "{}", told.text());
}

#[test]
fn a_password_that_ends_or_an_agent_who_is_off_ends_open_pages_and_streams() {
    let shop = ConsoleShop::open();
    let olga = Visitor::of(&shop, "olga");
    let all_end = |what: &str, end: &dyn Fn(), visitors: &[&Visitor]| {
        let mut streams: Vec<_> = visitors.iter().map(|visitor| visitor.stream()).collect();
        end();
        for (visitor, stream) in visitors.iter().zip(&mut streams) {
            // A page that is loaded, at once; an open one, at the next check.
            assert_ne!(visitor.get("/line").status, 200, "{what}");
            ends(stream);
        }
    };
    let ana = Visitor::of(&shop, "ana");
    all_end(
        "agent passwd",
        &|| drop(shop.link("agent passwd ana")),
        &[&ana],
    );
    let ana = Visitor::of(&shop, "ana");
    let elsewhere = Visitor::new(&shop.url);
    elsewhere.submit("/login", &[("name", "ana"), ("password", PASSWORD)]);
    let change = || {
        let told = ana.post(
            "me/password",
            &json!({"old": PASSWORD, "new": "outra frase bem comprida"}),
        );
        assert_eq!(told.status, 200, "{}", told.text());
    };
    all_end("a new password", &change, &[&elsewhere]);
    assert_eq!(
        ana.get("/line").status,
        200,
        "the browser in which it was changed goes on"
    );
    let script = Visitor::with_token(&shop.url, &token_of(&ana));
    let id = ana.get("/api/v1/tokens").json()["tokens"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoke = || {
        let told = ana.does("DELETE", &format!("tokens/{id}"), &json!({}));
        assert_eq!(told.status, 200, "{}", told.text());
    };
    all_end("revoked", &revoke, &[&script]);
    let script = Visitor::with_token(&shop.url, &token_of(&ana));
    let off = || {
        let told = olga.post("agents/ana/off", &json!({}));
        assert_eq!(told.status, 200, "{}", told.text());
    };
    all_end("off", &off, &[&ana, &script]);
    let told = Visitor::new(&shop.url).submit("/login", &[("name", "ana"), ("password", PASSWORD)]);
    assert_ne!(told.status, 303);
    let bia = Visitor::of(&shop, "bia");
    let everywhere = || {
        let told = bia.post("me/logout-all", &json!({}));
        assert_eq!((told.status, &told.json()["go"]), (200, &json!("/login")));
    };
    let mirror = Visitor::new(&shop.url);
    mirror.set_cookie(COOKIE, &bia.cookie(COOKIE).unwrap());
    all_end("everywhere", &everywhere, &[&mirror]);
}

#[test]
fn cookies_are_only_for_us_and_over_https_only_for_https() {
    let shop = ConsoleShop::open();
    let attributes = |told: &super::caller::Told| -> Vec<(String, BTreeSet<String>)> {
        let cookies = told.all("set-cookie").map(|cookie| {
            let mut parts = cookie.split("; ");
            let name = parts.next().unwrap().split('=').next().unwrap().to_owned();
            (name, parts.map(str::to_owned).collect())
        });
        cookies.collect()
    };
    let link = shop.link("agent passwd ana");
    let visitor = Visitor::new(&shop.url);
    let entered = visitor.submit(&link[shop.url.len()..], &[("password", PASSWORD)]);
    let cookies = attributes(&entered);
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_eq!(cookies[0].0, "waha-sm-login");
    for (name, parts) in &cookies {
        for part in ["Path=/", "HttpOnly", "SameSite=Lax"] {
            assert!(parts.contains(part), "{name}: {parts:?}");
        }
        assert!(!parts.contains("Secure"), "{name}: {parts:?}");
    }
    // Behind a proxy with https.
    let shop =
        ConsoleShop::open_with(|setup| setup.set("CONSOLE_URL", "https://shop.example/desk"));
    let link = shop.link("agent passwd ana");
    let mut visitor = Visitor::new(&shop.url);
    let path = &link[shop.url.len()..];
    assert_eq!(visitor.submit(path, &[("password", PASSWORD)]).status, 403);
    visitor.origin = Some("https://shop.example".to_owned());
    let entered = visitor.submit(path, &[("password", PASSWORD)]);
    assert_eq!(entered.header("location"), "/desk/line");
    let cookies = attributes(&entered);
    assert_eq!(cookies[0].0, "__Host-waha-sm-login");
    for (name, parts) in &cookies {
        assert!(
            parts.contains("Secure") && parts.contains("Path=/"),
            "{name}: {parts:?}"
        );
    }
    assert_eq!(visitor.get("/line").status, 200);
}

/// The paths of our own that a page links to.
fn links(page: &str) -> impl Iterator<Item = String> {
    let found = page.split(['"']).filter(|part| part.starts_with('/'));
    found.map(|path| path.replace("&amp;", "&"))
}

#[test]
fn no_page_has_a_secret_and_every_answer_has_the_policy() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let olga = Visitor::of(&shop, "olga");
    let token = token_of(&olga);
    let of_ana = olga.post("tokens", &json!({"agent": "ana", "label": "of ana"}));
    let of_ana = of_ana.json()["token"].as_str().unwrap().to_owned();
    let link = olga.post("agents", &json!({"name": "carla"})).json()["link"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        link.starts_with(&format!("{}/welcome/carla.", shop.url)),
        "{link}"
    );
    olga.post("canned", &json!({"name": "hi", "text": "Hello!"}));
    let login = olga.cookie(COOKIE).unwrap();
    let browser = olga.cookie("waha-sm-browser").unwrap();
    let link_token = link.rsplit('/').next().unwrap();
    let secrets = [
        &token,
        &of_ana,
        link_token,
        &login,
        &browser,
        API_KEY,
        SECRET,
        "$argon2id",
        PASSWORD,
    ];
    let mut to_visit: Vec<String> = [
        "/line",
        "/api/v1/live?page=other",
        "/no-such-page",
        "/login",
    ]
    .map(str::to_owned)
    .into();
    let tables = paths_in_tables();
    to_visit.extend(
        tables
            .into_iter()
            .filter(|(method, who, path)| {
                method == "GET"
                    && *who != "for"
                    && !path.ends_with("/live")
                    && !path.contains("...")
            })
            .map(|(_, _, path)| path),
    );
    let mut visited = BTreeSet::new();
    while let Some(path) = to_visit.pop() {
        if path.contains("/live") || !visited.insert(path.clone()) {
            continue;
        }
        let told = olga.get(&path);
        let text = told.text();
        for secret in secrets {
            assert!(!text.contains(secret), "{path} has {secret}");
        }
        let policy = told.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(told.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told.header("x-frame-options"), "DENY", "{path}");
        if told.header("content-type").starts_with("text/html") {
            to_visit.extend(links(&text).filter(|path| !path.contains("logout")));
        }
    }
    assert!(visited.len() > 20, "{visited:?}");
    assert!(
        visited.contains("/settings/tokens") && visited.contains("/dead"),
        "{visited:?}"
    );
    // The same for what is refused.
    for told in [
        Visitor::new(&shop.url).get("/line"),
        Visitor::new(&shop.url).get("/api/v1/line"),
        olga.ask("PUT", "/line", ("", "")),
        olga.ask("POST", "/api/v1/agents", ("application/json", "{")),
        olga.ask(
            "POST",
            "/api/v1/agents",
            ("application/json", &"x".repeat(70_000)),
        ),
        olga.ask("GET", "/%ff", ("", "")),
    ] {
        assert!(told.status >= 300, "{}", told.status);
        assert!(
            told.header("content-security-policy")
                .contains("default-src 'none'"),
            "{told:?}"
        );
    }
}
