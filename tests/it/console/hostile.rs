//! What strangers write stays text: on every page, in every field, under a policy that would report the opposite.

use serde_json::{Value, json};

use super::console_shop::{ConsoleShop, is_clean};
use crate::desk::shop::number;
use crate::fake_waha::{SendAs, Served};
use crate::harness::{SESSION, chat, eventually};
use crate::inlet::hostile::STRANGE;
use crate::webhook::{message_with, new_message_id};

/// Each would set `pwned` if it ever became more than text.
const MARKUP: &[&str] = &[
    "<script>pwned='script'</script>",
    "<img src=x onerror=\"pwned='img'\">",
    "\"><svg onload=pwned='svg'>",
    "' onmouseover=pwned='attribute' x='",
    "</title></textarea></template></style></li><script>pwned='closed'</script>",
    "<iframe srcdoc=\"<script>parent.pwned='frame'</script>\"></iframe>",
    "<style>* { display: none }</style><link rel=stylesheet href=//evil.example/x>",
    "<base href=//evil.example><meta http-equiv=refresh content=\"0;url=//evil.example\">",
    "javascript:pwned='link' data:text/html,<script>pwned='data'</script>",
    "https://evil.example/\"onclick=\"pwned='href' https://evil.example/<script>pwned='path'</script>",
    "<form action=//evil.example><button>Send</button></form>",
    "&lt;script&gt;pwned='entity'&lt;/script&gt; &#60;b&#62;",
    "<!--><script>pwned='comment'</script-->",
    "[x](javascript:pwned='markdown') `${pwned='template'}` {{pwned='braces'}}",
];

fn all() -> impl Iterator<Item = &'static str> {
    MARKUP.iter().chain(STRANGE).copied()
}

/// The events of a customer who writes this in every field that a customer can fill.
fn everywhere(shop: &ConsoleShop, n: usize, text: &str) -> Vec<Value> {
    let (waha, chat) = (&shop.test.waha, chat(n));
    let says = |text: &str| message_with("message", SESSION, &chat, text, text, &new_message_id());
    let picture = waha.customer_sends_photo(SESSION, &chat, text, text, true);
    let served = || {
        Served::well(
            "text/html",
            format!("<script>opener.pwned='file'</script>{text}"),
        )
    };
    let file = (SendAs::File, "text/html", Some(text));
    let file = waha.customer_sends_file(SESSION, &chat, text, file, served());
    let typed = (SendAs::Image, "image/svg+xml", Some(text));
    let typed = waha.customer_sends_file(SESSION, &chat, text, typed, served());
    let mut odd_type = waha.customer_sends_photo(SESSION, &chat, text, text, true);
    odd_type["payload"]["media"]["mimetype"] = text.into();
    let mut location = says("");
    location["payload"]["location"] = json!({
        "latitude": "-23.5", "longitude": "-46.6", "live": false, "name": text, "address": text, "url": text, "description": text,
    });
    let mut numbers = location.clone();
    numbers["payload"]["id"] = format!("false_{chat}_{}", new_message_id()).into();
    numbers["payload"]["location"]["latitude"] = text.into();
    let mut contact = says("");
    let card = format!(
        "BEGIN:VCARD\nVERSION:3.0\nFN:{text}\nTEL;type=CELL;waid=55:{text}\nURL:{text}\nEND:VCARD"
    );
    contact["payload"]["vCards"] = json!([card]);
    let mut quotes = says(text);
    quotes["payload"]["replyTo"] = json!({"id": text, "participant": text, "body": text});
    let mut reaction = message_with(
        "message.reaction",
        SESSION,
        &chat,
        text,
        "",
        &new_message_id(),
    );
    reaction["payload"]["reaction"] = json!({"text": text, "messageId": quotes["payload"]["id"]});
    let mut edited = message_with(
        "message.edited",
        SESSION,
        &chat,
        text,
        text,
        &new_message_id(),
    );
    let id = quotes["payload"]["id"].as_str().unwrap();
    edited["payload"]["editedMessageId"] = id.rsplit('_').next().unwrap().into();
    vec![
        picture, file, typed, odd_type, location, numbers, contact, quotes, reaction, edited,
    ]
}

#[test]
fn what_customers_write_stays_text_in_every_field_of_every_page() {
    let shop = ConsoleShop::open_with(|setup| setup.set("WORKERS", "100"));
    let all: Vec<(usize, &str)> = (1..).zip(all()).collect();
    for (n, text) in &all {
        // Also as an answer that the flow keeps and repeats.
        shop.writes_as(text, *n, "hi");
        shop.test.texts(&chat(*n), 1);
        shop.writes_as(text, *n, "size");
        shop.test.texts(&chat(*n), 2);
        shop.writes_as(text, *n, text);
        shop.test.texts(&chat(*n), 3);
    }
    for (n, text) in &all {
        let number = number(*n);
        shop.does(&format!("take {number} --as olga"));
        for event in everywhere(&shop, *n, text) {
            shop.daemon.posts(&event);
        }
    }
    let last = chat(all.len());
    eventually("all of it is in the history", || {
        (shop.said(&last).len() >= 14).then_some(())
    });
    let olga = shop.browser_of("olga");
    for (n, text) in &all {
        olga.goto(&shop.chat_page(*n));
        olga.shows_in(".panel", "Yours");
        // All of it is on the page, as it was written. (A control character is shown otherwise, or not at all.)
        if !text.chars().any(|c| c.is_control() || c == '\u{2028}') {
            let page = olga.eval("document.querySelector('[data-section=past]').textContent");
            let page = page.as_str().unwrap();
            let least = 8;
            assert!(page.matches(text).count() >= least, "{text}: {page}");
        }
        let links = olga.eval(
            "[...document.querySelectorAll('a, area, form, iframe, base, meta[http-equiv], object, embed')]\
             .map((one) => one.href || one.action || one.outerHTML)\
             .filter((link) => !link.startsWith(location.origin) && !link.startsWith('https://www.openstreetmap.org/')\
             && !link.startsWith('https://evil.example/'))",
        );
        assert_eq!(links, json!([]), "{text}");
        let handlers = olga.eval(
            "[...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].map((it) => it.name))\
             .filter((name) => name.startsWith('on') || name === 'style')",
        );
        assert_eq!(handlers, json!([]), "{text}");
        // As the next changes come in live, and not with the page.
        shop.writes_as(text, *n, text);
        shop.writes_as("Ana", *n, "the next one");
        olga.shows_in("[data-section=past]", "the next one");
    }
    let mut pages = vec![shop.page("line")];
    pages.extend(super::console_shop::pages_in_navigation(&olga));
    for page in pages {
        olga.goto(&page);
        olga.by_name("main", "");
    }
    for (_, text) in &all {
        let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for page in [
            "history?q=",
            "history?words=",
            "line?team=",
            "login?next=",
            "chat/default/",
        ] {
            olga.goto(&shop.page(&format!("{page}{query}")));
        }
    }
    is_clean(&olga, &["status of 4", "status of 502", "status of 503"]);
}
