//! The console speaks three languages, and no page mixes them.

use std::collections::BTreeSet;

use super::console_shop::{ConsoleShop, is_clean, pages_in_navigation};
use crate::desk::shop::number;
use crate::harness::browser::Browser;
use crate::harness::chat;

/// Every text of a page: what is shown, what is said, and what is shown later.
fn texts(browser: &Browser) -> BTreeSet<String> {
    let found = browser.eval(
        "(() => { const found = [document.title]; \
         const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); \
         while (walker.nextNode()) found.push(walker.currentNode.data); \
         for (const template of document.querySelectorAll('template')) found.push(...template.content.textContent.split('\\n')); \
         for (const one of document.querySelectorAll('*')) { \
           for (const name of ['aria-label', 'placeholder', 'title', 'alt', ...Object.keys(one.dataset).map((it) => `data-${it.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`)]) { \
             const value = one.getAttribute(name) ?? ''; \
             if (name.startsWith('data-') && !value.includes(' ')) continue; \
             found.push(value); } } \
         return found.map((text) => text.replace(/\\s+/g, ' ').trim()).filter((text) => /\\p{L}{2}/u.test(text)); })()",
    );
    serde_json::from_value(found).unwrap()
}

/// What customers and agents said and named is in no language of ours, and some words are the same in both.
const SAME: &[&str] = &[
    "Maria",
    "Rui",
    "Eva",
    "buy",
    "hi",
    "hello, what do you need?",
    "sales will come",
    "sales",
    "support",
    "default",
    "ask",
    "ana",
    "bia",
    "olga",
    "owner",
    "waha-sm",
    // What the flow saved, and WAHA's own words.
    "name",
    "opening",
    "Loja",
    "Exemplo",
    "WORKING",
    "us",
    // The same word in Spanish.
    "bot",
    // Minutes, if a slow machine needs some.
    "min",
    // What languages call themselves.
    "English",
    "Português (Brasil)",
    "Español",
    "CSV",
    "JSONL",
    "JSON",
    "QR",
];

fn is_same(text: &str) -> bool {
    // What the owner is told in WhatsApp is in the language of the flow, and a process has the same name for everybody.
    if text.contains("https://wa.me/") || text.starts_with("w:") {
        return true;
    }
    // A number, a time or a name beside it.
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 1);
    SAME.contains(&text) || words.into_iter().all(|word| SAME.contains(&word))
}

fn pages(shop: &ConsoleShop, browser: &Browser) -> Vec<String> {
    browser.goto(&shop.page("line"));
    let mut pages = pages_in_navigation(browser);
    pages.extend([1, 2, 3, 9].map(|n| shop.chat_page(n)));
    pages.push(shop.page("no-such-page"));
    pages
}

#[test]
fn no_page_mixes_languages() {
    let shop = ConsoleShop::open();
    shop.waits_as("Maria", 1, "buy");
    shop.waits_as("Rui", 2, "buy");
    shop.writes_as("Eva", 3, "hi");
    shop.test.texts(&chat(3), 1);
    shop.does(&format!("take {} --as bia", number(2)));
    let english = shop.browser_of_in("olga", "en-US");
    let portuguese = shop.another_browser_of("olga", "pt-BR");
    let spanish = shop.another_browser_of("olga", "es-AR");
    let mut mixed = Vec::new();
    for page in pages(&shop, &english) {
        english.goto(&page);
        let in_english = texts(&english);
        assert!(english.eval("document.documentElement.lang") == "en");
        for (browser, language) in [(&portuguese, "pt-BR"), (&spanish, "es")] {
            browser.goto(&page);
            assert_eq!(
                browser.eval("document.documentElement.lang"),
                language,
                "{page}"
            );
            let theirs = texts(browser);
            let both = in_english
                .intersection(&theirs)
                .filter(|text| !is_same(text));
            mixed.extend(both.map(|text| format!("{page} in {language}: {text:?}")));
        }
    }
    assert!(
        mixed.is_empty(),
        "{} texts are the same as in English\n{}",
        mixed.len(),
        mixed.join("\n")
    );
    for browser in [&english, &portuguese, &spanish] {
        is_clean(browser, &["status of 404"]);
    }
}

#[test]
fn the_login_speaks_the_language_of_the_browser() {
    let shop = ConsoleShop::open();
    for (language, words) in [
        ("pt-BR", "Senha"),
        ("es-MX", "Contraseña"),
        ("de-DE", "Password"),
    ] {
        let browser = Browser::open_in(language);
        browser.goto(&shop.page("login"));
        browser.by_name("textbox", words);
        is_clean(&browser, &[]);
    }
}
