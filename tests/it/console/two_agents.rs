//! Two agents want the same customer: one gets them, and the other reads who did.

use super::console_shop::{ConsoleShop, is_clean};
use crate::desk::shop::number;
use crate::harness::browser::Browser;
use crate::harness::chat;

const DRAFT: &str = "Message to";

#[test]
fn of_two_who_take_one_customer_one_wins_and_the_other_reads_who_and_keeps_the_draft() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let both = [
        ("ana", shop.browser_of("ana")),
        ("bia", shop.browser_of("bia")),
    ];
    for (name, browser) in &both {
        browser.goto(&shop.chat_page(1));
        browser.shows("Waits for a person");
        browser.type_into("textbox", DRAFT, &format!("{name} says hello"));
    }
    std::thread::scope(|scope| {
        for (_, browser) in &both {
            scope.spawn(|| browser.eval("document.querySelector('.panel [data-do=take]').click()"));
        }
    });
    let ((winner, wins), (loser, loses)) = both[0].1.until("one has the customer", || {
        let [ana, bia] = &both;
        [(ana, bia), (bia, ana)]
            .into_iter()
            .find(|((_, browser), _)| browser.has(".panel[data-mine]"))
            .map(|((winner, wins), (loser, loses))| ((*winner, wins), (*loser, loses)))
    });
    assert_eq!(shop.shows(&number(1))["holder"], winner);
    loses.shows_in(".panel", &format!("With {winner}"));
    assert!(!loses.has(".panel[data-mine]"));
    // The message says it too, and what was being written is still there: also after the page is loaded again.
    loses.shows_in(".toasts", winner);
    assert_eq!(
        loses.value_of("textbox", DRAFT),
        format!("{loser} says hello")
    );
    loses.reload();
    assert_eq!(
        loses.value_of("textbox", DRAFT),
        format!("{loser} says hello")
    );
    // It can't be sent by the one who does not have the customer.
    loses.click_css("form[data-form=say] textarea");
    loses.press("Ctrl+Enter");
    wins.click("button", "Send");
    assert_eq!(
        shop.test.texts(&chat(1), 3)[2],
        format!("{winner} says hello")
    );
    loses.shows_in("[data-section=past]", &format!("{winner} says hello"));
    assert_eq!(wins.value_of("textbox", DRAFT), "");
    assert_eq!(shop.test.waha.texts(&chat(1)).len(), 3);
    for (_, browser) in &both {
        is_clean(browser, &["status of 409"]);
    }
}

#[test]
fn a_customer_is_taken_from_a_colleague_only_after_a_question() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    let (ana, bia) = (shop.browser_of("ana"), shop.browser_of("bia"));
    ana.click("button", "Take Maria");
    ana.shows_in(".panel", "Yours");
    bia.goto(&shop.chat_page(1));
    bia.click("button", "Take over");
    bia.shows_in("dialog", "ana");
    bia.click("button", "Cancel");
    assert!(!bia.has("dialog[open]") && bia.has(".panel[data-holder=ana]"));
    bia.click("button", "Take over");
    confirm(&bia);
    bia.shows_in(".panel", "Yours");
    ana.shows_in(".panel", "With bia");
    is_clean(&ana, &[]);
    is_clean(&bia, &[]);
}

fn confirm(browser: &Browser) {
    browser.click_css("dialog[open] button.main");
}
