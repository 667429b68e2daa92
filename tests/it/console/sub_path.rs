//! The console below a path of a reverse proxy.

use super::console_shop::{ConsoleShop, is_clean, pages_in_navigation};
use super::reverse_proxy::ReverseProxy;
use crate::harness::chat;

fn works_below(strips: bool) {
    let mut proxy = ReverseProxy::bind("/desk");
    let mut shop = ConsoleShop::open_with(|setup| setup.set("CONSOLE_URL", &proxy.url));
    proxy.pass_on_to(&shop.url, strips);
    shop.url.clone_from(&proxy.url);
    shop.waits_as("Maria", 1, "buy");
    let ana = shop.browser_of("ana");
    ana.shows("Maria");
    // Changes come through the proxy too.
    shop.waits_as("Rui", 2, "buy");
    ana.shows("Rui");
    ana.press("N");
    ana.shows_in(".panel", "Yours");
    ana.type_into("textbox", "Message to", "hello");
    ana.press("Ctrl+Enter");
    ana.shows_in("[data-section=past]", "hello");
    assert_eq!(shop.test.texts(&chat(1), 3)[2], "hello");
    let olga = shop.browser_of("olga");
    for page in pages_in_navigation(&olga) {
        assert!(page.starts_with(&proxy.url), "{page}");
        olga.goto(&page);
        assert!(
            olga.url().starts_with(&proxy.url) && olga.has("nav [aria-current], main"),
            "{page}"
        );
    }
    olga.goto(&proxy.url);
    olga.until("the line is shown", || {
        olga.url().ends_with("/desk/line").then_some(())
    });
    olga.click("button", "Log out");
    olga.by_name("textbox", "Password");
    for browser in [&ana, &olga] {
        is_clean(browser, &[]);
    }
    assert_eq!(proxy.outside(), [""; 0]);
}

#[test]
fn the_console_works_below_a_path_that_the_proxy_passes_on() {
    works_below(false);
}

#[test]
fn the_console_works_below_a_path_that_the_proxy_removes() {
    works_below(true);
}
