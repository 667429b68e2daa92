//! Logging in: with a one-use link, with a password, and no more after somebody has left.

use super::console_shop::{ConsoleShop, PASSWORD, is_clean};
use crate::harness::browser::Browser;

#[test]
fn a_one_use_link_lets_its_agent_choose_a_password_once() {
    let shop = ConsoleShop::open();
    let (one, other) = (Browser::open(), Browser::open());
    let link = shop.link("agent add carla --role owner");
    one.goto(&link);
    one.shows("carla");
    one.type_into("textbox", "password", "short");
    // The browser itself refuses a password that is too short.
    one.click("button", "Save and start");
    assert_eq!(one.url(), link);
    one.replace_in("textbox", "password", PASSWORD);
    one.click("button", "Save and start");
    one.shows("Take next");
    assert_eq!(one.url(), shop.page("line"));
    one.by_name("link", "carla");
    // The link is worth nothing any more.
    other.goto(&link);
    other.shows("This link was used already");
    // The page that somebody asked for comes after the login.
    other.goto(&shop.page("chats"));
    other.type_into("textbox", "Name", "carla");
    other.type_into("textbox", "Password", "another password");
    other.press("Enter");
    other.shows("Name or password is wrong");
    other.type_into("textbox", "Password", PASSWORD);
    // After a wrong one, a moment passes before the next is looked at.
    other.until("the right password is accepted", || {
        if other.text().contains("Too many tries") {
            other.type_into("textbox", "Password", PASSWORD);
        }
        other.press("Enter");
        other.url().ends_with("/chats").then_some(())
    });
    other.click("button", "Log out");
    other.until("the login page is shown", || {
        other.url().ends_with("/login").then_some(())
    });
    other.goto(&shop.page("line"));
    other.by_name("textbox", "Password");
    is_clean(&one, &[]);
    is_clean(&other, &["status of 401", "status of 410", "status of 429"]);
}

#[test]
fn a_page_that_comes_back_to_the_network_after_its_login_ended_asks_for_the_password() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let ana = shop.browser_of("ana");
    ana.shows("Maria");
    ana.is_offline(true);
    shop.does("agent off ana");
    ana.is_offline(false);
    ana.by_name("textbox", "Password");
    ana.shows_no("Maria");
}

#[test]
fn the_open_page_of_an_agent_who_is_taken_out_of_service_ends() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let ana = shop.browser_of("ana");
    ana.shows("Maria");
    shop.does("agent off ana");
    ana.by_name("textbox", "Password");
    ana.shows_no("Maria");
    // The page may have asked for its stream just then.
    is_clean(&ana, &["status of 401"]);
}
