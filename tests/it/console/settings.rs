//! What owners set, and what agents change for themselves.

use serde_json::{Value, json};

use super::console_shop::{ConsoleShop, PASSWORD, is_clean};
use super::visitor::Visitor;
use crate::fake_waha::Behaviour;
use crate::harness::{chat, eventually};

/// Posts, and expects this status. Returns the answer.
#[track_caller]
fn told(visitor: &Visitor, path: &str, body: &Value, status: u16) -> Value {
    let told = visitor.post(path, body);
    assert_eq!(told.status, status, "{path} {body}: {}", told.text());
    let answer = told.json();
    assert!(answer["message"].is_string(), "{answer}");
    answer
}

/// Waits until so many replies are given up. Returns the list.
#[track_caller]
fn dead(owner: &Visitor, count: usize) -> Value {
    eventually(&format!("{count} replies are dead"), || {
        let list = owner.get("/api/v1/dead").json();
        (list["all"] == count).then_some(list)
    })
}

#[test]
fn a_reply_that_was_given_up_is_shown_and_sent_again_or_deleted() {
    let shop = ConsoleShop::open();
    let olga = Visitor::of(&shop, "olga");
    assert!(olga.get("/dead").text().contains("Every message was sent."));
    let no = Behaviour::Answers(
        422,
        r#"{"message":"<b>no such number</b>"}"#.into(),
        Vec::new(),
    );
    shop.test.waha.behave(no);
    for n in 1..=3 {
        shop.writes_as("Maria", n, "hi");
    }
    let list = dead(&olga, 3);
    let replies = list["replies"].as_array().unwrap();
    assert_eq!(replies[0]["cause"], "refused");
    let page = olga.get("/dead").text();
    for words in [
        "WhatsApp refused it",
        "hello, what do you need?",
        "&lt;b&gt;no such number",
        "Send all again",
        "3 in all",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<b>no such"), "{page}");
    // In pages.
    let first = olga.get("/api/v1/dead?rows=2").json();
    let next = first["next"].as_str().unwrap();
    let second = olga
        .get(&format!("/api/v1/dead?rows=2&cursor={next}"))
        .json();
    assert_eq!(second["replies"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&second["replies"][0], &second["next"]),
        (&replies[2], &Value::Null)
    );
    assert_eq!(olga.get("/api/v1/dead?cursor=x").status, 400);
    // Nothing is done unless it is said with which.
    told(&olga, "dead/drop", &json!({}), 400);
    told(
        &olga,
        "dead/drop",
        &json!({"id": replies[0]["id"], "session": ""}),
        400,
    );
    told(
        &olga,
        "dead/drop",
        &json!({"id": "1-1", "session": "default"}),
        409,
    );
    told(&olga, "dead/drop", &json!({"all": true, "until": 1}), 409);
    let one = |n: usize| json!({"session": "default", "id": replies[n]["id"]});
    assert_eq!(told(&olga, "dead/drop", &one(0), 200)["done"], 1);
    told(&olga, "dead/drop", &one(0), 409);
    shop.test.waha.behave(Behaviour::Well);
    assert_eq!(told(&olga, "dead/retry", &one(1), 200)["done"], 1);
    let sent = shop.test.texts(replies[1]["chat"].as_str().unwrap(), 1);
    assert_eq!(sent, ["hello, what do you need?"]);
    assert_eq!(
        told(&olga, "dead/retry", &json!({"all": "true"}), 200)["done"],
        1
    );
    shop.test.texts(replies[2]["chat"].as_str().unwrap(), 1);
    dead(&olga, 0);
}

#[test]
fn an_owner_adds_changes_and_switches_off_agents() {
    let shop = ConsoleShop::open();
    let olga = Visitor::of(&shop, "olga");
    let added = told(
        &olga,
        "agents",
        &json!({"name": "Carla", "role": "attendant", "teams": ["", "sales"], "sessions": "", "max_chats": "3"}),
        200,
    );
    assert_eq!(added["result"], "added");
    assert_eq!(
        added["agent"],
        json!({"name": "carla", "role": "attendant", "teams": ["sales"], "sessions": [], "max_chats": 3, "off": false})
    );
    // The link works once.
    let link = added["link"].as_str().unwrap();
    let path = link.strip_prefix(&shop.url).unwrap();
    let carla = Visitor::new(&shop.url);
    assert_eq!(carla.submit(path, &[("password", PASSWORD)]).status, 303);
    assert_eq!(carla.get("/line").status, 200);
    assert_eq!(carla.submit(path, &[("password", PASSWORD)]).status, 410);
    // Only what is given changes, and no new link is made.
    let changed = told(
        &olga,
        "agents",
        &json!({"name": "carla", "role": "owner"}),
        200,
    );
    assert_eq!(
        (&changed["result"], &changed["agent"]["max_chats"]),
        (&json!("changed"), &json!(3))
    );
    assert!(changed.get("link").is_none());
    assert_eq!(carla.get("/settings").status, 200);
    told(&olga, "agents", &json!({"name": "carla", "teams": ""}), 200);
    let same = told(&olga, "agents", &json!({"name": "carla"}), 200);
    assert_eq!(
        (&same["result"], &same["agent"]["teams"]),
        (&json!("same"), &json!([]))
    );
    // A new link takes the old password away.
    let reset = told(&olga, "agents/carla/passwd", &json!({}), 200);
    assert!(reset["link"].as_str().unwrap().starts_with(&shop.url));
    assert_eq!(carla.get("/line").status, 303);
    assert_eq!(
        told(&olga, "agents/carla/off", &json!({}), 200)["changed"],
        true
    );
    assert_eq!(
        told(&olga, "agents/carla/off", &json!({}), 200)["changed"],
        false
    );
    told(&olga, "agents/carla/passwd", &json!({}), 404);
    assert_eq!(
        told(&olga, "agents", &json!({"name": "carla"}), 200)["result"],
        "back"
    );
    for (path, body, status) in [
        ("agents", json!({"name": "Carla Oliveira"}), 422),
        ("agents", json!({"name": "bot"}), 422),
        ("agents", json!({"name": "carla", "max_chats": 0}), 422),
        ("agents", json!({"name": "carla", "max_chats": -1}), 422),
        ("agents", json!({"name": "carla", "teams": ["a b"]}), 422),
        ("agents", json!({"name": "carla", "role": "king"}), 400),
        ("agents", json!({"name": "carla", "sessions": ["a/b"]}), 400),
        ("agents", json!({"name": "olga", "role": "attendant"}), 409),
        ("agents", json!({"name": "owner", "role": "attendant"}), 409),
        ("agents/olga/off", json!({}), 409),
        ("agents/owner/off", json!({}), 409),
        ("agents/nobody/off", json!({}), 404),
        ("agents/nobody/passwd", json!({}), 404),
    ] {
        told(&olga, path, &body, status);
    }
    let page = olga.get("/settings").text();
    for words in ["carla", "no password yet", "sales"] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn tokens_are_shown_once_and_work_until_they_are_revoked() {
    let shop = ConsoleShop::open();
    let ana = Visitor::of(&shop, "ana");
    let olga = Visitor::of(&shop, "olga");
    let token = told(&ana, "tokens", &json!({"label": "the till"}), 200);
    let token = token["token"].as_str().unwrap();
    let script = Visitor::with_token(&shop.url, token);
    assert_eq!(script.get("/api/v1/line").status, 200);
    let listed = ana.get("/api/v1/tokens").json();
    assert_eq!(listed["tokens"][0]["label"], "the till");
    assert!(token.ends_with(listed["tokens"][0]["ending"].as_str().unwrap()));
    assert!(ana.get("/me").text().contains("the till"));
    assert!(olga.get("/settings/tokens").text().contains("the till"));
    assert_eq!(olga.get("/api/v1/tokens").json()["tokens"], json!([]));
    for label in ["", "two\nlines", &"a".repeat(61)] {
        told(&ana, "tokens", &json!({"label": label}), 422);
    }
    told(
        &olga,
        "tokens",
        &json!({"label": "x", "agent": "nobody"}),
        404,
    );
    let id = listed["tokens"][0]["id"].as_str().unwrap();
    assert_eq!(
        olga.does("DELETE", &format!("tokens/{id}"), &json!({}))
            .status,
        404
    );
    assert_eq!(
        olga.does("DELETE", &format!("tokens/{id}"), &json!({"agent": "ana"}))
            .status,
        200
    );
    assert_eq!(script.get("/api/v1/line").status, 401);
}

#[test]
fn saved_replies_are_added_renamed_and_deleted() {
    let shop = ConsoleShop::open();
    let (olga, ana) = (Visitor::of(&shop, "olga"), Visitor::of(&shop, "ana"));
    let names = || {
        let canned = ana.get("/api/v1/canned").json();
        let canned = canned["canned"].as_array().unwrap().iter();
        let names = canned.map(|one| {
            format!(
                "{}={}",
                one["name"].as_str().unwrap(),
                one["text"].as_str().unwrap()
            )
        });
        names.collect::<Vec<_>>()
    };
    told(
        &olga,
        "canned",
        &json!({"was": "", "name": "preço/à vista", "text": "Custa 10."}),
        200,
    );
    told(
        &olga,
        "canned",
        &json!({"was": "", "name": "oi", "text": "Olá!"}),
        200,
    );
    told(
        &olga,
        "canned",
        &json!({"was": "", "name": "oi", "text": "other"}),
        409,
    );
    told(
        &olga,
        "canned",
        &json!({"was": "oi", "name": "preço/à vista", "text": "other"}),
        409,
    );
    assert_eq!(names(), ["oi=Olá!", "preço/à vista=Custa 10."]);
    told(
        &olga,
        "canned",
        &json!({"was": "oi", "name": "olá", "text": "Olá!"}),
        200,
    );
    told(
        &olga,
        "canned",
        &json!({"name": "olá", "text": "Bom dia!"}),
        200,
    );
    assert_eq!(names(), ["olá=Bom dia!", "preço/à vista=Custa 10."]);
    told(&olga, "canned", &json!({"name": "/x", "text": "a"}), 422);
    told(&olga, "canned", &json!({"name": "x", "text": " "}), 422);
    let page = olga.get("/settings/replies").text();
    assert!(
        page.contains("data-act=\"canned/pre%C3%A7o%2F%C3%A0%20vista\""),
        "{page}"
    );
    let path = "canned/pre%C3%A7o%2F%C3%A0%20vista";
    assert_eq!(olga.does("DELETE", path, &json!({})).status, 200);
    assert_eq!(olga.does("DELETE", path, &json!({})).status, 404);
    assert_eq!(names(), ["olá=Bom dia!"]);
}

#[test]
fn a_new_password_needs_the_old_one() {
    let shop = ConsoleShop::open();
    let ana = Visitor::of(&shop, "ana");
    let new = "uma outra frase comprida";
    told(
        &ana,
        "me/password",
        &json!({"old": PASSWORD, "new": "curta"}),
        422,
    );
    told(
        &ana,
        "me/password",
        &json!({"old": PASSWORD, "new": "1234567890"}),
        422,
    );
    // Guessing the old one is slowed down as on the login page.
    eventually("a guess is too early", || {
        let told = ana.post("me/password", &json!({"old": "wrong", "new": new}));
        assert!(matches!(told.status, 403 | 429), "{}", told.status);
        (told.status == 429).then_some(())
    });
    eventually("the password is changed", || {
        let told = ana.post("me/password", &json!({"old": PASSWORD, "new": new}));
        assert!(matches!(told.status, 200 | 429), "{}", told.text());
        (told.status == 200).then_some(())
    });
    assert_eq!(ana.get("/me").status, 200);
    ana.submit("/logout", &[]);
    assert_eq!(
        ana.submit("/login", &[("name", "ana"), ("password", PASSWORD)])
            .status,
        401
    );
    eventually("the new one is right", || {
        let told = ana.submit("/login", &[("name", "ana"), ("password", new)]);
        assert!(matches!(told.status, 303 | 429), "{}", told.status);
        (told.status == 303).then_some(())
    });
}

#[test]
fn the_checkup_says_what_fails_and_what_to_do() {
    let shop = ConsoleShop::open();
    let olga = Visitor::of(&shop, "olga");
    let level_of = |check: &str| {
        let checkup = olga.get("/api/v1/health").json();
        let findings = checkup["findings"].as_array().unwrap().clone();
        let found = findings.into_iter().find(|one| one["check"] == check);
        found.map(|one| one["level"].as_str().unwrap().to_owned())
    };
    let becomes = |check: &str, level: &str| {
        eventually(&format!("{check} is {level}"), || {
            (level_of(check).as_deref() == Some(level)).then_some(())
        });
    };
    shop.waits_as("Maria", 1, "buy");
    for check in [
        "redis",
        "workers",
        "waha",
        "session",
        "history",
        "flows",
        "dead_replies",
    ] {
        becomes(check, "good");
    }
    assert_eq!(level_of("line"), None);
    let page = olga.get("/settings/health").text();
    assert!(
        page.contains("Everything works.") && page.contains(env!("CARGO_PKG_VERSION")),
        "{page}"
    );
    // Of one team, so that the bot still answers.
    shop.does("pause --team sales");
    becomes("line", "notice");
    let flow = shop.test.directory.path().join("flow.toml");
    std::fs::write(&flow, "start = 'nowhere'").unwrap();
    becomes("flows", "notice");
    shop.test.waha.behave(Behaviour::SessionIs("SCAN_QR_CODE"));
    shop.writes_as("Rui", 2, "hi");
    becomes("session", "problem");
    let page = olga.get("/settings/health").text();
    for words in [
        "waha-sm flow reload",
        "there are no steps",
        "paired again",
        "owner paused it",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn the_log_says_who_did_what_and_has_no_secret() {
    let shop = ConsoleShop::open();
    let olga = Visitor::of(&shop, "olga");
    told(
        &olga,
        "agents",
        &json!({"name": "carla", "teams": ["sales"]}),
        200,
    );
    told(&olga, "agents/carla/passwd", &json!({}), 200);
    let token = told(
        &olga,
        "tokens",
        &json!({"label": "x", "agent": "carla"}),
        200,
    );
    told(&olga, "agents/carla/off", &json!({}), 200);
    told(&olga, "canned", &json!({"name": "oi", "text": "Olá!"}), 200);
    let stranger = Visitor::new(&shop.url);
    let tried = stranger.submit("/login", &[("name", "ana"), ("password", "wrong")]);
    assert_eq!(tried.status, 401);
    stranger.submit("/login", &[("name", "nobody"), ("password", "wrong")]);
    let expected = [
        ("login", "olga", "link", ""),
        (
            "setting",
            "olga",
            "agent carla",
            "added attendant, sales, 8",
        ),
        ("setting", "olga", "agent carla", "link"),
        ("setting", "olga", "API token of carla", "made"),
        ("setting", "olga", "agent carla", "off"),
        ("setting", "olga", "saved reply oi", "saved"),
        ("login_failed", "ana", "1", ""),
    ];
    let lines = eventually("all lines are in the log", || {
        let list = olga.get("/api/v1/audit").json();
        let lines = list["lines"].as_array().unwrap().clone();
        (lines.len() >= expected.len()).then_some(lines)
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = lines
        .iter()
        .map(|line| [&line["kind"], &line["by"], &line["what"], &line["text"]].map(text))
        .collect();
    found.reverse();
    let expected = expected.map(|(kind, by, what, more)| [kind, by, what, more].map(str::to_owned));
    assert_eq!(found, expected);
    let first = olga.get("/api/v1/audit?rows=3").json();
    let next = first["next"].as_str().unwrap();
    let second = olga
        .get(&format!("/api/v1/audit?rows=3&cursor={next}"))
        .json();
    assert_eq!(second["lines"][0], lines[3]);
    olga.post("me/language", &json!({"language": "pt-BR"}));
    let page = olga.get("/settings/log").text();
    for words in [
        "atendente carla: desativado",
        "uma senha errada foi digitada",
        "resposta salva oi: salvo",
        "entrou com um link",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(token["token"].as_str().unwrap()));
}

#[test]
fn an_owner_exports_and_erases_a_person() {
    let shop = ConsoleShop::open();
    let (olga, bia) = (Visitor::of(&shop, "olga"), Visitor::of(&shop, "bia"));
    shop.waits_as("Maria", 1, "buy");
    shop.waits_as("Rui", 2, "buy");
    shop.tells(&chat(1), "sales will come");
    let path = format!("people/{}", chat(1));
    let export = || olga.get(&format!("/api/v1/{path}"));
    let told_data = export();
    assert_eq!(told_data.status, 200);
    assert!(
        told_data
            .header("content-disposition")
            .starts_with("attachment; filename=\"person-5511")
    );
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&told_data.body[..])).unwrap();
    for name in ["person.json", "person.html"] {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
        assert!(text.contains("sales will come"), "{text}");
    }
    let page = olga.get(&format!("/chat/default/{}", chat(1))).text();
    assert!(
        page.contains("data-act=\"people/") && page.contains("keep their own copies"),
        "{page}"
    );
    assert!(
        !bia.get(&format!("/chat/default/{}", chat(1)))
            .text()
            .contains("data-act=\"people/")
    );
    let erase = format!("{path}/erase");
    for repeat in ["", "x", &*chat(2)] {
        told(&olga, &erase, &json!({"repeat": repeat}), 422);
    }
    assert_eq!(export().status, 200);
    let number = format!("+{}", chat(1).split('@').next().unwrap());
    assert_eq!(
        told(&olga, &erase, &json!({"repeat": number}), 200)["complete"],
        true
    );
    assert_eq!(export().status, 404);
    // Again is the same: an erasure that was interrupted is finished.
    told(&olga, &erase, &json!({"repeat": number}), 200);
    let page = olga.get(&format!("/chat/default/{}", chat(1))).text();
    for words in ["sales will come", "Maria"] {
        assert!(!page.contains(words), "{words}: {page}");
    }
    assert!(olga.get("/line").text().contains("Rui"));
    let page = eventually("the log says it", || {
        let page = olga.get("/settings/log").text();
        page.contains("erased a customer").then_some(page)
    });
    assert!(
        page.contains("exported data: of a customer") && !page.contains(&number[1..]),
        "{page}"
    );
    // An owner of one session has not all of it.
    told(
        &olga,
        "agents",
        &json!({"name": "olga", "sessions": ["default"]}),
        200,
    );
    assert_eq!(olga.get(&format!("/api/v1/people/{}", chat(2))).status, 403);
}

#[test]
fn a_browser_shows_a_secret_once_and_keeps_its_theme() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let olga = shop.browser_of("olga");
    olga.goto(&shop.page("settings"));
    olga.click_css("details.sheet > summary");
    olga.type_into("textbox", "Name", "carla");
    olga.click_css("details.sheet input[value=sales]");
    olga.click("button", "Add");
    olga.shows("Give this link to carla");
    let link = olga.eval("document.querySelector('dialog input').value");
    let link = link.as_str().unwrap();
    assert!(link.starts_with(&shop.page("welcome/carla.")), "{link}");
    olga.click("button", "Copy");
    olga.shows("Copied");
    olga.click("button", "Close");
    olga.until("carla is in the list", || {
        let text = olga.text_of(".entries");
        (text.contains("carla") && text.contains("sales")).then_some(())
    });
    assert!(
        !olga
            .eval("document.documentElement.outerHTML")
            .to_string()
            .contains(link)
    );
    // The theme is there before the page is, also on the login page.
    olga.goto(&shop.page("me"));
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = olga.eval(ground);
    olga.click_css("input[name=theme][value=dark]");
    olga.until("it is dark", || (olga.eval(ground) != light).then_some(()));
    let dark = olga.eval(ground);
    olga.goto(&shop.page("line"));
    assert_eq!(olga.eval(ground), dark);
    olga.goto(&shop.page("me"));
    assert_eq!(
        olga.eval("document.querySelector('input[name=theme]:checked').value"),
        "dark"
    );
    olga.click_css("input[name=theme][value='']");
    olga.until("it is as the device", || {
        (olga.eval(ground) == light).then_some(())
    });
    // A customer is erased from the chat, after the number is typed.
    olga.goto(&shop.chat_page(1));
    olga.click_css("[data-section=about] summary");
    olga.click("button", "Erase");
    olga.shows("can't be undone");
    olga.type_into("textbox", "Type the number", "5511900000009");
    olga.press("Enter");
    olga.shows("Nothing was erased");
    olga.click("button", "Erase");
    olga.type_into("textbox", "Type the number", &chat(1).replace("@c.us", ""));
    olga.press("Enter");
    olga.shows("Everything that we kept is erased");
    olga.shows_no("Maria");
    // What is chosen for oneself.
    olga.goto(&shop.page("me"));
    olga.click_css("select[name=language]");
    olga.eval("(document.querySelector('select[name=language]').value = 'pt-BR')");
    olga.click_css("form[data-act='me/language'] button");
    olga.shows("Sua conta");
    olga.shows("Salvo.");
    is_clean(&olga, &["status of 422"]);
}
