//! The past over HTTP: what searches find, what downloads hold, and what a report counts; and who gets which of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waha_sm::history::History;
use waha_sm::store::AgentRole;

use super::caller::Caller;
use crate::desk::shop::flow;
use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::redis_nodes::free_port;
use crate::webhook::{message, message_with, new_message_id};

/// A daemon with a console, and its owner's script.
struct Past {
    test: TestSetup,
    redis: Redis,
    daemon: Daemon,
    listen: String,
    owner: Caller,
}

impl Past {
    fn open() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let daemon = test.all(&redis);
        let daemon = daemon.set("FLOW_FILE", test.flow(&flow("", "")));
        let daemon = daemon.set("WORKERS", "4").set("CONSOLE_LISTEN", &listen);
        let daemon = daemon.start();
        let owner = Caller::new(&redis, &listen, "olga", AgentRole::Owner, &[]);
        Self {
            test,
            redis,
            daemon,
            listen,
            owner,
        }
    }

    /// The script of an attendant who serves this session only.
    fn attendant(&self, session: &str) -> Caller {
        let attendant = AgentRole::Attendant;
        Caller::new(&self.redis, &self.listen, "ana", attendant, &[session])
    }

    /// A customer writes, in this session.
    fn writes(&self, session: &str, n: usize, name: &str, text: &str) {
        let event = message_with("message", session, &chat(n), name, text, &new_message_id());
        self.daemon.posts(&event);
    }

    /// Waits until a search finds so many customers' messages. Returns them.
    #[track_caller]
    fn found(&self, query: &str, count: usize) -> Vec<Value> {
        let mut last = Vec::new();
        eventually(&format!("{query} finds {count}"), || {
            let path = format!("/api/v1/history?author=customer&limit=500&{query}");
            last = messages(&self.owner.get(&path).json());
            assert!(last.len() <= count, "{last:?}");
            (last.len() == count).then_some(())
        });
        last
    }

    /// Everything on this page has been archived, and its row is known.
    fn row_of(&self, text: &str) -> i64 {
        eventually("the message is in the history", || {
            let page = self.owner.get("/history?author=customer").text();
            let before = page
                .split(text)
                .next()
                .filter(|before| before.len() < page.len())?;
            let row = before.rsplit("?around=").next()?;
            row.split('#').next()?.parse().ok()
        })
    }
}

fn messages(page: &Value) -> Vec<Value> {
    page["messages"].as_array().unwrap().clone()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect()
}

#[test]
fn a_search_finds_words_without_their_accents_and_marks_them() {
    let past = Past::open();
    past.writes(SESSION, 1, "Conceição", "O Boleto VENCIDO já é antigo");
    past.writes(SESSION, 2, "Leo", "boletim <b>vencido</b>");
    past.found("", 2);
    assert_eq!(
        texts(&past.found("q=boleto+venc", 1)),
        ["O Boleto VENCIDO já é antigo"]
    );
    past.found("q=JA+antigo", 1);
    past.found("name=conceicao", 1);
    past.found(&format!("chat={}", &chat(2)[..11]), 0);
    past.found(&format!("chat=%2B{}", chat(2).replace("@c.us", "")), 1);
    past.found("since=2020-01-01&until=2020-12-31", 0);
    past.found("session=nowhere", 0);
    let page = past.owner.get("/history?q=venc").text();
    for marked in [
        "O Boleto <mark>VENC</mark>IDO já é antigo",
        "boletim &lt;b&gt;<mark>venc</mark>ido&lt;/b&gt;",
    ] {
        assert!(page.contains(marked), "{marked} in {page}");
    }
    // The form keeps what was typed, and says what it can't read.
    let page = past.owner.get("/history?q=%22%3E%3Cb%3E&chat=Ana").text();
    assert!(page.contains("value=\"&quot;&gt;&lt;b&gt;\""), "{page}");
    assert!(page.contains("Ana is not a number"), "{page}");
    let wrong = past.owner.get("/api/v1/history?since=soon");
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text().contains("soon is not a date"),
        "{}",
        wrong.text()
    );
}

#[test]
fn pages_have_each_message_and_each_conversation_once_while_others_are_stored() {
    let past = Past::open();
    for n in 0..45 {
        past.writes(SESSION, 1 + n % 15, "Ana", &format!("palavra {n} folha"));
    }
    past.found("q=palavra", 45);
    for (path, list, id, count) in [
        (
            "history?q=palavra&author=customer",
            "messages",
            "stanza",
            45,
        ),
        ("conversations?q=folha", "conversations", "id", 15),
    ] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        for page in 0.. {
            let page_path = format!("/api/v1/{path}&limit=7&cursor={cursor}");
            let read = past.owner.get(&page_path).json();
            let items = read[list].as_array().unwrap();
            assert!(items.len() <= 7);
            all.extend(items.iter().map(|one| one[id].as_str().unwrap().to_owned()));
            // A new customer comes between the pages.
            past.writes(SESSION, 50 + page, "Leo", "palavra nova");
            match read["cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(all.len(), count, "{path}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), count, "{path}");
    }
    assert_eq!(past.owner.get("/api/v1/history?cursor=x").status, 400);
}

#[test]
fn an_attendant_finds_only_what_is_of_their_sessions_and_downloads_nothing() {
    let past = Past::open();
    past.writes("shop", 1, "Maria", "segredo da loja");
    past.writes("bakery", 2, "Leo", "segredo da padaria");
    past.found("q=segredo", 2);
    let ana = past.attendant("bakery");
    for query in ["", "&session=shop", "&session=bakery"] {
        let found = ana.get(&format!("/api/v1/history?q=segredo{query}")).json();
        let wanted = if query == "&session=shop" { 0 } else { 1 };
        assert_eq!(messages(&found).len(), wanted, "{query}");
        let conversations = ana
            .get(&format!("/api/v1/conversations?q=segredo{query}"))
            .json();
        assert_eq!(
            conversations["conversations"].as_array().unwrap().len(),
            wanted
        );
        let page = ana.get(&format!("/history?q=segredo{query}"));
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("da loja") && !page.text().contains(&chat(1)));
        assert!(
            !page.text().contains("conversations.csv"),
            "no link that is refused"
        );
    }
    for path in [
        "/history/conversations.csv",
        "/history/conversations.jsonl",
        "/history/messages.jsonl",
        "/history/print",
        "/reports",
        "/reports/report.csv",
        "/api/v1/reports",
    ] {
        let refused = ana.get(path);
        assert_eq!(refused.status, 403, "{path}");
        assert!(!refused.text().contains("segredo"), "{path}");
    }
    let chat = format!("/chat/shop/{}?around=1", chat(1));
    assert_eq!(ana.get(&chat).status, 404);
    assert_eq!(past.owner.get("/history/else.csv").status, 404);
}

#[test]
fn a_hit_opens_its_chat_at_the_message_and_not_at_the_end() {
    let past = Past::open();
    past.writes(SESSION, 1, "Ana", "a agulha");
    let row = past.row_of("agulha");
    for n in 0..80 {
        past.writes(SESSION, 1, "Ana", &format!("palha {n}"));
    }
    past.found("q=palha", 80);
    let path = format!("/chat/{SESSION}/{}", chat(1));
    let messages = |page: &str| {
        page.split_once("data-section=\"past\"")
            .unwrap()
            .1
            .to_owned()
    };
    let page = past.owner.get(&format!("{path}?around={row}")).text();
    assert!(page.contains("Back to the newest") && !page.contains("data-form=\"say\""));
    let mut shown = messages(&page);
    assert!(
        shown.contains("a agulha") && shown.contains("id=\"found\""),
        "{shown}"
    );
    assert!(!shown.contains("palha 79"), "the newest is not there");
    // The way to the newest leads over all between.
    let mut seen = BTreeSet::new();
    loop {
        seen.extend((0..80).filter(|n| shown.contains(&format!(">palha {n}<"))));
        let Some((_, newer)) = shown.split_once("?around=") else {
            break;
        };
        let newer = newer.split('#').next().unwrap();
        shown = messages(&past.owner.get(&format!("{path}?around={newer}")).text());
    }
    assert_eq!(seen.len(), 80);
    // A message that is not there, or is another chat's.
    let other = format!("/chat/{SESSION}/{}?around={row}", chat(2));
    for path in [format!("{path}?around=999999"), other] {
        let answer = past.owner.get(&path);
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            path.starts_with(answer.header("location")),
            "{}",
            answer.header("location")
        );
    }
    assert_eq!(past.owner.get(&format!("{path}?around=x")).status, 404);
}

#[test]
fn downloads_have_everything_and_are_written_down() {
    let past = Past::open();
    let count = 1_200;
    for n in 0..count {
        past.daemon.posts(&message(
            SESSION,
            &chat(1 + n % 600),
            "Ana",
            &format!("linha {n}"),
        ));
    }
    eventually("all are in the history", || {
        let path = past.test.directory.path().join("data/history.sqlite");
        let db = rusqlite::Connection::open(path).ok()?;
        let sql = "SELECT count(*) FROM message WHERE author = 'customer'";
        let stored: i64 = db.query_row(sql, [], |row| row.get(0)).ok()?;
        (stored == i64::try_from(count).unwrap()).then_some(())
    });
    let file = past
        .owner
        .get("/history/messages.jsonl?author=customer&q=linha");
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let name = file.header("content-disposition");
    assert!(
        name.starts_with("attachment; filename=\"messages-2"),
        "{name}"
    );
    let text = file.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: BTreeSet<&str> = lines
        .iter()
        .map(|one| one["stanza"].as_str().unwrap())
        .collect();
    assert_eq!((lines.len(), ids.len()), (count, count));

    let file = past.owner.get("/history/conversations.csv");
    let text = file.text();
    // So that spreadsheets see that it is UTF-8.
    let table = text.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(reader.headers().unwrap().get(0), Some("opened"));
    let all = reader.records().map(|row| row.unwrap());
    let ids: BTreeSet<String> = all.map(|row| row[12].to_owned()).collect();
    assert_eq!((ids.len(), table.lines().count()), (600, 601));

    let print = past.owner.get("/history/print?author=customer").text();
    assert_eq!(print.matches("linha ").count(), 1_000);
    assert!(print.contains("the newest 1000"), "{print}");

    let path = past.test.directory.path().join("data/history.sqlite");
    let exported = eventually("the downloads are written down", || {
        let history = History::open_read_only(&path).unwrap();
        let lines = history.audit(None, 10).unwrap().lines;
        let lines = lines
            .into_iter()
            .map(|one| (one.by.unwrap(), one.what.unwrap()));
        let lines: Vec<(String, String)> = lines.collect();
        (lines.len() == 3).then_some(lines)
    });
    let names = ["print", "conversations.csv", "messages.jsonl"];
    assert_eq!(
        exported,
        names.map(|name| ("olga".to_owned(), name.to_owned()))
    );
}

#[test]
fn a_table_has_no_formula_and_a_page_no_markup_that_somebody_wrote() {
    let past = Past::open();
    let strange = "<img src=x onerror=alert(1)>";
    past.writes(SESSION, 1, strange, &format!("=1+1 {strange}"));
    past.found("", 1);
    past.test.texts(&chat(1), 1);
    let closed = past.owner.post(
        &format!("chats/{SESSION}/{}/close", chat(1)),
        &json!({"outcome": "=HYPERLINK(\"http://evil.example\")"}),
    );
    assert_eq!(closed.status, 200, "{}", closed.text());
    let table = eventually("the outcome is in the table", || {
        let table = past.owner.get("/history/conversations.csv").text();
        table.contains("HYPERLINK").then_some(table)
    });
    assert!(table.contains(",\"'=HYPERLINK("), "{table}");
    for path in [
        "/history",
        "/history?kind=conversations",
        "/history/print",
        "/history?q=%3Cimg",
        "/reports",
    ] {
        let page = past.owner.get(path).text();
        assert!(!page.contains("<img"), "{path}: {page}");
        assert!(
            page.contains("&lt;img") || path == "/reports",
            "{path}: {page}"
        );
    }
}

#[test]
fn a_report_counts_conversations_and_is_the_same_as_a_page_as_a_table_and_as_json() {
    let past = Past::open();
    assert!(
        past.owner
            .get("/reports")
            .text()
            .contains("No conversation began")
    );
    for n in 1..=3 {
        past.writes(SESSION, n, "Ana", "hi");
        past.test.texts(&chat(n), 1);
    }
    for (number, text) in ["size", "M", "red"].iter().enumerate() {
        past.writes(SESSION, 1, "Ana", text);
        past.test.texts(&chat(1), number + 2);
    }
    past.writes(SESSION, 2, "Leo", "help");
    past.test.texts(&chat(2), 2);
    let report = eventually("the report has all", || {
        let report = past.owner.get("/api/v1/reports?days=7").json();
        let all = &report["all"];
        let is_there = all["conversations"] == 3 && all["closed"] == 1 && all["handed_off"] == 1;
        is_there.then_some(report)
    });
    assert_eq!(report["outcomes"], json!({"done": 1}));
    assert_eq!(report["hours"].as_array().unwrap().len(), 24);
    assert_eq!(report["all"]["by_bot"]["count"], 2);

    let page = past.owner.get("/reports?days=7").text();
    assert!(page.matches("<svg class=\"chart\"").count() >= 4, "{page}");
    assert_eq!(
        page.matches("role=\"img\"").count(),
        page.matches("<svg").count()
    );
    assert!(page.matches("<table").count() == 2 && page.contains("<caption>By day</caption>"));
    assert!(!page.contains("style="), "{page}");
    assert!(page.contains(">7 days</a>") && page.contains("aria-current=\"true\""));

    let table = past.owner.get("/reports/report.csv?days=7").text();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[1].starts_with("all,,3,1,0,1,"), "{table}");
    assert_eq!(rows.len(), 1 + 1 + 24 + 1, "{table}");

    let empty = past
        .owner
        .get("/api/v1/reports?since=2020-01-01&until=2020-01-31")
        .json();
    assert_eq!(empty["all"]["conversations"], 0);
    assert_eq!(past.owner.get("/api/v1/reports?since=soon").status, 400);
    assert_eq!(
        past.owner.get("/api/v1/reports?session=other").json()["all"]["conversations"],
        0
    );
}
