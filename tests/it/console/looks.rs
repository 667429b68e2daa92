//! Every page can be used by everybody: on a phone, in the dark, with a screen reader, and with the keyboard.

use super::console_shop::{ConsoleShop, is_clean, pages_in_navigation};
use crate::desk::shop::number;
use crate::harness::browser::Browser;
use crate::harness::chat;

/// A shop with customers in every place where one can be, and the owner's browser.
pub(super) fn busy() -> (ConsoleShop, Browser) {
    let shop = ConsoleShop::open();
    let long = "Maria Aparecida do Nascimento Albuquerque de Souza";
    for (n, name) in [(1, long), (2, "Rui"), (3, "ليلى"), (4, "Leo"), (5, "Bo")] {
        shop.waits_as(name, n, if n == 3 { "help" } else { "buy" });
    }
    shop.writes_as("Eva", 6, "hi");
    shop.test.texts(&chat(6), 1);
    shop.phone_writes(&chat(7), "the owner writes");
    shop.does(&format!("take {} --as olga", number(4)));
    shop.does(&format!("take {} --as bia", number(5)));
    shop.writes_as(
        "Leo",
        4,
        &format!(
            "and the price? {}",
            "https://shop.example/a-long-address/".repeat(4)
        ),
    );
    let photo = shop
        .test
        .waha
        .customer_sends_photo("default", &chat(4), "Leo", "this one", true);
    shop.daemon.posts(&photo);
    shop.does(&format!("say {} --as olga I'll_look", number(4)));
    shop.does(&format!("note {} --as olga an_old_customer", number(4)));
    shop.tells(&chat(4), "this one");
    shop.tells(&chat(4), "I'll look");
    let olga = shop.browser_of("olga");
    (shop, olga)
}

/// The addresses of all pages of an owner.
pub(super) fn all_pages(shop: &ConsoleShop, browser: &Browser) -> Vec<String> {
    browser.goto(&shop.page("line"));
    let mut pages = pages_in_navigation(browser);
    assert!(pages.len() > 2, "{pages:?}");
    // The agent's own chat, one that waits, a colleague's, one that is closed, and a page that is not there.
    pages.extend([4, 1, 5, 8].map(|n| shop.chat_page(n)));
    pages.push(shop.page("no-such-page"));
    pages
}

/// A way to look at a page that is open: its name, how the browser is made ready, and the faults that it finds.
type Way<'a> = (
    &'a str,
    &'a dyn Fn(&Browser),
    &'a dyn Fn(&Browser) -> Vec<String>,
);

/// Checks each page in each of the ways, and fails with all faults at once.
#[track_caller]
fn no_faults(browser: &Browser, pages: &[String], ways: &[Way<'_>]) {
    let mut faults = Vec::new();
    for page in pages {
        browser.goto(page);
        for (way, prepare, check) in ways {
            prepare(browser);
            let found = check(browser);
            faults.extend(
                found
                    .into_iter()
                    .map(|fault| format!("{page}, {way}: {fault}")),
            );
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_control_of_every_page_has_a_name_and_every_text_is_easy_to_read_in_light_and_in_dark() {
    let (shop, olga) = busy();
    let pages = all_pages(&shop, &olga);
    no_faults(
        &olga,
        &pages,
        &[
            ("names", &|_| (), &Browser::without_a_name),
            (
                "light",
                &|browser| browser.prefers(false, false),
                &Browser::contrast_violations,
            ),
            (
                "dark",
                &|browser| browser.prefers(true, false),
                &Browser::contrast_violations,
            ),
        ],
    );
    // And two of them don't have the same name, if they do something else.
    olga.goto(&shop.page("line"));
    let names: Vec<String> = olga
        .named("button", "Take")
        .into_iter()
        .map(|one| one.name)
        .collect();
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len(), "{names:?}");
    let stranger = Browser::open();
    let pages = [shop.page("login"), shop.link("agent passwd ana")];
    no_faults(
        &stranger,
        &pages,
        &[("names", &|_| (), &Browser::without_a_name)],
    );
    is_clean(&olga, &["status of 404"]);
}

#[test]
fn every_page_fits_a_phone_and_a_thumb() {
    let (shop, olga) = busy();
    let pages = all_pages(&shop, &olga);
    olga.set_size(390, 844);
    no_faults(
        &olga,
        &pages,
        &[
            ("390 px", &|_| (), &Browser::horizontal_overflow),
            ("thumb", &|_| (), &Browser::small_targets),
        ],
    );
    // The box for the answer is on screen, also when the keyboard takes half of it.
    olga.goto(&shop.chat_page(4));
    for height in [844, 420] {
        olga.set_size(390, height);
        let bottom = olga.eval("Math.round(document.querySelector('form[data-form=say] textarea').getBoundingClientRect().bottom)");
        assert!(
            bottom.as_u64().unwrap() <= u64::from(height),
            "{bottom} of {height} px"
        );
    }
}

#[test]
fn on_every_page_one_sees_what_has_the_focus() {
    let (shop, olga) = busy();
    let pages = all_pages(&shop, &olga);
    let unseen = |browser: &Browser| -> Vec<String> {
        let order = browser.focus_order(40);
        let unseen = order.into_iter().filter(|focused| !focused.is_seen);
        unseen
            .map(|focused| format!("one can't see the focus on {}", focused.what))
            .collect()
    };
    no_faults(&olga, &pages, &[("focus", &|_| (), &unseen)]);
}
