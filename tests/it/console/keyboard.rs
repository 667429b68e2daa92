//! Everything can be done without a mouse.

use super::console_shop::{ConsoleShop, is_clean};
use crate::desk::shop::number;
use crate::harness::browser::Browser;
use crate::harness::chat;

/// Presses Tab until something whose description contains `words` has the focus.
#[track_caller]
fn tab_to(browser: &Browser, words: &str) {
    for _ in 0..60 {
        browser.press("Tab");
        let Some(focused) = browser.focused() else {
            continue;
        };
        assert!(
            focused.is_seen,
            "one can't see that this has the focus: {}",
            focused.what
        );
        if focused.what.contains(words) {
            return;
        }
    }
    panic!(
        "no way to {words:?} with Tab: {:#?}",
        browser.focus_order(60)
    );
}

#[test]
fn a_customer_is_taken_answered_and_closed_with_the_keyboard_alone() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    shop.waits_as("Rui", 2, "buy");
    let ana = shop.browser_of("ana");
    ana.shows("Rui");
    // The first in the line.
    ana.press("N");
    ana.shows_in(".panel", "Maria");
    ana.shows_in(".panel", "Yours");
    tab_to(&ana, "<textarea");
    ana.types("hello Maria");
    ana.press("Ctrl+Enter");
    ana.shows_in("[data-section=past]", "hello Maria");
    assert_eq!(shop.test.texts(&chat(1), 3)[2], "hello Maria");
    // In the box, letters are letters.
    ana.types("njk/");
    assert_eq!(ana.value_of("textbox", "Message to"), "njk/");
    ana.press("Ctrl+A");
    ana.press("Delete");
    ana.press("Escape");
    assert!(
        ana.focused()
            .is_none_or(|focused| !focused.what.contains("<textarea"))
    );
    tab_to(&ana, "\"Close");
    ana.press("Enter");
    ana.until("it asks how it ended", || {
        ana.has("dialog[open]").then_some(())
    });
    ana.types("sold");
    ana.press("Enter");
    ana.until("the line is shown", || {
        ana.url().ends_with("/line").then_some(())
    });
    assert_eq!(shop.outcomes(&chat(1)), ["sold"]);
    is_clean(&ana, &[]);
}

#[test]
fn j_and_k_walk_through_the_line_and_escape_goes_back_to_it() {
    let shop = ConsoleShop::open();
    for (n, name) in [(1, "Maria"), (2, "Rui"), (3, "Leo")] {
        shop.waits_as(name, n, "buy");
    }
    let ana = shop.browser_of("ana");
    ana.shows("Leo");
    for (key, name) in [
        ("J", "Maria"),
        ("J", "Rui"),
        ("J", "Leo"),
        ("J", "Leo"),
        ("K", "Rui"),
    ] {
        ana.press(key);
        let focused = ana.focused().unwrap();
        assert!(
            focused.what.contains(name) && focused.is_seen,
            "{key}: {focused:?}"
        );
    }
    ana.press("Enter");
    ana.shows_in(".panel", "Rui");
    // A dialog is closed first, and nothing was done.
    shop.does(&format!("take {} --as bia", number(2)));
    ana.shows_in(".panel", "With bia");
    ana.click("button", "Take over");
    ana.until("it asks", || ana.has("dialog[open]").then_some(()));
    ana.press("Escape");
    ana.until("it no longer asks", || {
        (!ana.has("dialog[open]")).then_some(())
    });
    assert_eq!(shop.shows(&number(2))["holder"], "bia");
    ana.press("Escape");
    ana.until("the line is shown", || {
        ana.url().ends_with("/line").then_some(())
    });
    ana.press("/");
    ana.until("one can search", || {
        ana.url().contains("/history").then_some(())
    });
    ana.press("/");
    let searches = || {
        ana.focused()
            .filter(|focused| focused.what.contains("<input"))
    };
    ana.until("the search has the focus", searches);
    is_clean(&ana, &[]);
}
