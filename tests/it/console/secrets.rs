//! Passwords, links and tokens are in no log and not in Redis, whatever becomes of them.

use super::console_shop::ConsoleShop;
use crate::harness::eventually;

const PASSWORD: &str = "c4n4ry frase bem comprida";
const WRONG: &str = "c4n4ry errada 77";
const WEAK: &str = "c4n4ry";

/// Posts a form as a browser does. Returns the status, and the cookies as a browser sends them back.
fn post(shop: &ConsoleShop, path: &str, fields: &[(&str, &str)], cookies: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let answer = agent
        .post(shop.page(path))
        .header("origin", &shop.url)
        .header("cookie", cookies)
        .send_form(fields.iter().copied())
        .unwrap();
    let set = answer.headers().get_all("set-cookie").iter();
    let cookies: Vec<&str> = set
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    (answer.status().as_u16(), cookies.join("; "))
}

#[test]
fn no_password_link_or_token_is_in_the_log_or_in_redis() {
    let shop = ConsoleShop::open_with(|setup| setup.set("RUST_LOG", "trace,fred=off"));
    let link = shop.link("agent passwd ana");
    let welcome = link.strip_prefix(&format!("{}/", shop.url)).unwrap();
    let log_in = |password: &str, cookies: &str| {
        let fields = [("name", "ana"), ("password", password)];
        post(&shop, "login", &fields, cookies)
    };
    assert_eq!(post(&shop, welcome, &[("password", WEAK)], "").0, 422);
    let (status, joined) = post(&shop, welcome, &[("password", PASSWORD)], "");
    assert_eq!(status, 303);
    assert_eq!(post(&shop, welcome, &[("password", WRONG)], "").0, 410);
    // From a browser that ana has used, and from another one.
    assert_eq!(log_in(WRONG, &joined).0, 401);
    assert_eq!(log_in(WRONG, "").0, 401);
    // Each wrong one doubles the time that must pass before the next is looked at.
    eventually("a try is too early", || {
        (log_in(WRONG, "").0 == 429).then_some(())
    });
    let (_, second) = eventually("the password is looked at", || {
        let (status, cookies) = log_in(PASSWORD, &joined);
        (status == 303).then_some((status, cookies))
    });
    let token = shop.does("agent token ana --label till");
    let token = token.trim();
    let agent = ureq::Agent::new_with_defaults();
    let asked = agent
        .get(shop.page("api/v1/line"))
        .header("authorization", format!("Bearer {token}"))
        .call();
    assert_eq!(asked.unwrap().status(), 200);

    let (log, kept) = (shop.daemon.log(), shop.redis.files());
    assert!(log.contains("logged in to the console") && kept.contains("argon2id"));
    let random = welcome.rsplit('.').next().unwrap();
    let values = [&joined, &second].map(|cookies| cookies.split("; "));
    let cookies = values.into_iter().flatten();
    let cookies: Vec<&str> = cookies
        .map(|cookie| cookie.split_once('=').unwrap().1)
        .collect();
    assert_eq!(cookies.len(), 4, "a login and a browser, twice");
    for secret in [&["c4n4ry", random, token][..], &cookies].concat() {
        for (place, text) in [("the log", &log), ("Redis", &kept)] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{place} has {secret}");
        }
    }
}
