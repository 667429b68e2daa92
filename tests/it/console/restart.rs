//! The daemon is killed and started again under open pages: they miss nothing and show nothing twice.

use serde_json::Value;

use super::console_shop::{ConsoleShop, is_clean};
use crate::desk::shop::number;
use crate::harness::browser::Browser;
use crate::harness::chat;

/// The rows of each section of the page, in their order.
fn rows(browser: &Browser) -> Value {
    browser.eval(
        "[...document.querySelectorAll('main [data-section]')].map((section) => [section.dataset.section, \
         [...section.querySelectorAll('[data-rows] > li')].map((row) => row.innerText.replace(/\\d+ (s|min)\\b/g, 'T'))])",
    )
}

/// Waits until the page shows the same as if it were opened now.
#[track_caller]
fn is_as_if_opened_now(browser: &Browser) {
    let address = browser.url();
    let mut last = (Value::Null, Value::Null);
    let first = browser.tab();
    browser.open_tab();
    browser.goto(&address);
    let fresh = browser.tab();
    browser.to_tab(&first);
    browser.until("the page shows all that a new one does", || {
        let shown = rows(browser);
        browser.to_tab(&fresh);
        browser.reload();
        let wanted = rows(browser);
        browser.to_tab(&first);
        last = (shown, wanted);
        (last.0 == last.1).then_some(())
    });
}

#[test]
fn pages_that_were_open_while_the_daemon_was_killed_miss_nothing_and_show_nothing_twice() {
    let mut shop = ConsoleShop::open();
    for (n, name) in [(1, "Maria"), (2, "Rui"), (3, "Leo")] {
        shop.waits_as(name, n, "buy");
    }
    shop.does(&format!("take {} --as ana", number(1)));
    let (line, talk) = (shop.browser_of("bia"), shop.browser_of("ana"));
    talk.goto(&shop.chat_page(1));
    talk.shows_in(".panel", "Yours");
    line.shows("Leo");
    for round in 0..2 {
        // What happens right before the end, meanwhile, and right after the start.
        shop.daemon
            .customer_writes(&chat(1), &format!("before {round}"));
        shop.daemon.kill();
        shop.does(&format!("take {} --as bia", number(2 + round)));
        talk.until("the page says that it is cut off", || {
            talk.eval("!document.querySelector('.offline').hidden")
                .as_bool()?
                .then_some(())
        });
        shop.daemon = shop.setup.start();
        shop.daemon
            .customer_writes(&chat(1), &format!("after {round}"));
        shop.waits_as(&format!("New{round}"), 10 + round, "buy");
        talk.shows_in("[data-section=past]", &format!("after {round}"));
        line.shows(&format!("New{round}"));
        talk.until("the page says no more that it is cut off", || {
            talk.eval("document.querySelector('.offline').hidden")
                .as_bool()?
                .then_some(())
        });
        is_as_if_opened_now(&talk);
        is_as_if_opened_now(&line);
        let text = talk.text_of("[data-section=past]");
        for words in ["before", "after"] {
            assert_eq!(
                text.matches(&format!("{words} {round}")).count(),
                1,
                "{text}"
            );
        }
    }
    // And one can go on working.
    talk.type_into("textbox", "Message to", "we are back");
    talk.press("Ctrl+Enter");
    talk.shows_in("[data-section=past]", "we are back");
    let refused = [
        "ERR_CONNECTION",
        "ERR_SOCKET_NOT_CONNECTED",
        "ERR_INCOMPLETE_CHUNKED",
        "ERR_EMPTY_RESPONSE",
        "status of 503",
    ];
    is_clean(&talk, &refused);
    is_clean(&line, &refused);
}

#[test]
fn a_page_that_was_without_network_shows_what_it_missed() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    shop.does(&format!("take {} --as ana", number(1)));
    let ana = shop.browser_of("ana");
    ana.goto(&shop.chat_page(1));
    ana.shows_in(".panel", "Yours");
    ana.is_offline(true);
    ana.until("the page says that it is cut off", || {
        ana.eval("!document.querySelector('.offline').hidden")
            .as_bool()?
            .then_some(())
    });
    // What is sent now can't arrive: it is not lost either.
    ana.type_into("textbox", "Message to", "a draft");
    ana.press("Ctrl+Enter");
    shop.daemon.customer_writes(&chat(1), "are you there?");
    shop.tells(&chat(1), "are you there?");
    ana.is_offline(false);
    ana.shows_in("[data-section=past]", "are you there?");
    assert_eq!(ana.value_of("textbox", "Message to"), "a draft");
    is_as_if_opened_now(&ana);
    assert_eq!(shop.test.waha.texts(&chat(1)).len(), 2);
    is_clean(&ana, &["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"]);
}

/// Holds every copy of the page that the page itself asks for, until `release` is called.
const HOLD_RELOADS: &str = "const ask = window.fetch; window.held = []; \
    window.release = () => window.held.forEach((release) => release()); \
    window.fetch = async (...request) => { const answer = await ask(...request); \
      if (request[0] !== location.href) return answer; \
      const text = await answer.text(); \
      await new Promise((release) => window.held.push(release)); \
      return new Response(text); }";

#[test]
fn what_happens_while_a_page_loads_itself_again_is_not_lost() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let ana = shop.browser_of("ana");
    ana.goto(&shop.chat_page(1));
    ana.shows_in(".panel", "Waits for a person");
    ana.run(HOLD_RELOADS, Vec::new());
    ana.click("button", "Take");
    ana.until("the page asks for itself", || {
        ana.eval("window.held.length > 0").as_bool()?.then_some(())
    });
    shop.daemon.customer_writes(&chat(1), "in between");
    ana.shows_in("[data-section=past]", "in between");
    ana.run("window.release()", Vec::new());
    is_as_if_opened_now(&ana);
    ana.shows_in(".panel", "Yours");
    ana.shows_in("[data-section=past]", "in between");
    is_clean(&ana, &[]);
}
