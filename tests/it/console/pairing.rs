//! An owner pairs a phone in a browser: the picture follows WAHA by itself, and on a phone the code comes first.

use super::console_shop::{ConsoleShop, is_clean};
use crate::fake_waha::Scan;
use crate::harness::browser::Browser;
use crate::harness::{SECRET, SESSION};

/// The address of the picture that the page shows now, once the browser has loaded it.
fn picture(browser: &Browser) -> Option<String> {
    let shown = browser.eval(
        "(() => { const qr = document.querySelector('img.qr'); return qr?.naturalWidth ? qr.src : null })()",
    );
    shown.as_str().map(str::to_owned)
}

/// How far down the page an element begins.
fn top(browser: &Browser, css: &str) -> f64 {
    let top = format!("document.querySelector('{css}').getBoundingClientRect().top");
    browser.eval(&top).as_f64().unwrap()
}

#[test]
fn an_owner_logs_a_session_out_and_pairs_it_again_on_a_page_that_follows_waha() {
    let shop = ConsoleShop::open();
    let waha = &shop.test.waha;
    waha.post_statuses_to(&shop.daemon.url, SECRET);
    let olga = shop.browser_of("olga");
    olga.goto(&shop.page("sessions"));
    olga.shows_in("[data-session]", "Connected");

    olga.click("button", "Log out of WhatsApp");
    olga.shows_in("dialog", "Somebody must pair it again");
    olga.click("button", "Cancel");
    olga.shows_in("[data-session]", "Connected");
    olga.click("button", "Log out of WhatsApp");
    olga.click("button", "Yes");
    olga.shows_in("[data-session]", "Waits for a phone");
    let first = olga.until("the picture is there", || picture(&olga));

    // While somebody writes the number, the next picture comes, and the number stays.
    olga.type_into("textbox", "Phone number", "+55 11 90000-0000");
    waha.wait_for_phone(SESSION);
    olga.until("the next picture is there", || {
        picture(&olga).filter(|shown| *shown != first)
    });
    assert_eq!(
        olga.value_of("textbox", "Phone number"),
        "+55 11 90000-0000"
    );
    olga.click("button", "Get the code");
    olga.shows_in("output.code", "WAHA-0002");

    // A computer shows the picture beside the code; a phone can't scan its own screen.
    assert!(olga.named("image", "QR code").len() == 1);
    olga.set_size(390, 844);
    assert!(top(&olga, ".pair-code") < top(&olga, "img.qr"));

    assert!(waha.phone_scans(SESSION, Scan::Hangs));
    olga.shows_in("[data-session]", "Connecting to WhatsApp");
    waha.session_becomes(SESSION, "FAILED");
    olga.shows_in("[data-session]", "Logged out or broken");
    waha.wait_for_phone(SESSION);
    olga.until("a picture is there again", || picture(&olga));
    assert!(waha.phone_scans(SESSION, Scan::Pairs));
    olga.shows_in("[data-session]", "Connected");
    assert!(!olga.has("img.qr") && olga.text_of("output.code").is_empty());
    is_clean(&olga, &[]);
}
