//! Tests of the browser itself: what the tests of the console assume, and that each check finds its fault.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::Browser;
use super::chromedriver::missing;
use crate::harness::eventually;

/// Serves one page under each path, with a strict policy, until it is dropped.
struct Pages {
    url: String,
    has_ended: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

const POLICY: &str =
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'";

impl Pages {
    fn serve(page: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><title>Test</title><meta name=\"viewport\" \
             content=\"width=device-width\"></head><body>{page}</body></html>"
        );
        let has_ended = Arc::new(AtomicBool::new(false));
        let ends = has_ended.clone();
        let server = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                // Chromium also opens connections that it does not need yet.
                let page = page.clone();
                std::thread::spawn(move || answer(stream, &page));
            }
        });
        Self {
            url,
            has_ended,
            server: Some(server),
        }
    }
}

/// Answers one request, if it comes.
fn answer(mut stream: TcpStream, page: &str) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let (kind, body) = match first.contains(" /keys.js ") {
        true => (
            "text/javascript",
            "addEventListener('keydown', (e) => document.querySelector('output').append(`${e.ctrlKey ? 'Ctrl+' : ''}${e.key} `))",
        ),
        false => ("text/html; charset=utf-8", page),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ncontent-security-policy: {POLICY}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .ok()
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        let _ = TcpStream::connect(address);
        let _ = self.server.take().unwrap().join();
    }
}

fn show(browser: &Browser, page: &str) -> Pages {
    let pages = Pages::serve(page);
    browser.goto(&pages.url);
    pages
}

#[track_caller]
fn finds_only(found: &[String], wanted: &[&str]) {
    assert!(
        found.len() == wanted.len()
            && found
                .iter()
                .zip(wanted)
                .all(|(found, words)| found.contains(words)),
        "{found:#?} instead of {wanted:?}"
    );
}

#[test]
fn people_find_things_by_name_and_use_mouse_and_keyboard() {
    let browser = Browser::open();
    let _pages = show(
        &browser,
        "<label>Your name <input></label><button onclick>Save</button><a href=\"#there\">Go there</a>\
         <button aria-label=\"Close\">x</button><output></output><script src=\"/keys.js\"></script>",
    );
    assert_eq!(
        (browser.title().as_str(), browser.has("input")),
        ("Test", true)
    );
    browser.type_into("textbox", "Your name", "João <b>");
    assert_eq!(browser.value_of("textbox", "Your name"), "João <b>");
    browser.replace_in("textbox", "Your name", "Ana");
    assert_eq!(browser.value_of("textbox", "Your name"), "Ana");
    browser.click("link", "Go there");
    assert!(browser.url().ends_with("#there"));
    assert_eq!(browser.by_name("button", "Close").name, "Close");
    assert_eq!(browser.named("button", "Save").len(), 1);
    assert_eq!(browser.named("link", "Save"), []);
    browser.eval("document.querySelector('output').replaceChildren()");
    browser.press("Ctrl+Enter");
    browser.press("Escape");
    browser.press("N");
    browser.press("/");
    browser.shows_in("output", "Ctrl+Enter Escape n /");
    assert_eq!(browser.count("button"), 2);
    browser.reload();
    browser.shows_no("Escape");
    browser.click_css("input");
    browser.types("Ana");
    assert_eq!(browser.focused().unwrap().what, "<input> \"Ana\"");
    browser.types(" Maria");
    assert_eq!(browser.value_of("textbox", "Your name"), "Ana Maria");
}

#[test]
fn scripts_and_whatever_the_policy_refuses_are_counted() {
    let browser = Browser::open();
    let _pages = show(&browser, "<p>nothing wrong</p>");
    assert!(browser.csp_reports().is_empty() && browser.scripts_that_ran().is_empty());
    let _pages = show(
        &browser,
        "<img src=x onerror=\"pwned='handler'\"><script>pwned='inline'</script>",
    );
    // Also when the next page is open.
    browser.goto("about:blank");
    let reports = browser.until("both are reported", || {
        Some(browser.csp_reports()).filter(|reports| reports.len() >= 2)
    });
    assert!(
        reports.iter().any(|one| one.contains("script-src-elem"))
            && reports.iter().any(|one| one.contains("img-src")),
        "{reports:?}"
    );
    assert_eq!(browser.scripts_that_ran(), [""; 0]);
    browser.eval("window.pwned = 'by the test'");
    finds_only(&browser.scripts_that_ran(), &["by the test"]);
    browser.eval("console.error('broken')");
    assert!(
        browser
            .console_errors()
            .iter()
            .any(|one| one.contains("broken"))
    );
}

/// One browser for all: to start one is half of the work.
#[test]
fn checks_of_a_page_find_its_faults_and_no_others() {
    let browser = Browser::open();
    controls_without_a_name_are_found(&browser);
    low_contrast_is_found_in_both_themes(&browser);
    the_order_of_the_focus_is_told_and_whether_one_sees_it(&browser);
    pages_wider_than_a_phone_and_targets_too_small_for_a_thumb_are_found(&browser);
}

fn controls_without_a_name_are_found(browser: &Browser) {
    let _pages = show(
        browser,
        "<button>Save</button><label>Search <input type=search></label><img alt=\"A dog\"><img alt=\"\">\
         <a href=\"/a\">There</a><svg role=img aria-label=\"Waits by hour\"></svg><select aria-label=\"Team\"><option>sales</select>",
    );
    assert_eq!(browser.without_a_name(), [""; 0]);
    let _pages = show(
        browser,
        "<button class=a></button><input class=b><a class=c href=\"/a\"></a><img class=d src=\"/x\"><select class=e></select>\
         <input type=checkbox class=f><svg role=img class=g></svg><button aria-hidden=true></button>",
    );
    browser.eval("document.documentElement.lang = document.title = ''");
    let found = browser.without_a_name();
    for class in ["a", "b", "c", "d", "e", "f", "g"] {
        let mark = format!("class=\"{class}\"");
        assert!(
            found.iter().any(|one| one.contains(&mark)),
            "{class}: {found:?}"
        );
    }
    finds_only(&found[7..], &["no title", "no language"]);
}

fn low_contrast_is_found_in_both_themes(browser: &Browser) {
    let page = "<style>:root { color-scheme: light dark; --ink: light-dark(#222, #777); }\
         body { background: light-dark(#fff, #222); color: var(--ink); }</style>\
         <p class=theme>follows the theme</p>";
    let more = "<p style=\"color:#aaa;background:#fff\">pale</p>\
         <p style=\"color:oklch(0.2 0 0);background:oklch(0.95 0 0)\">fine</p>\
         <h1 style=\"color:#888;background:#fff;font-size:30px\">large</h1>\
         <div style=\"background:#000\"><span style=\"color:rgb(255 255 255 / 30%)\">half seen</span></div>\
         <div style=\"background:#fff;color:#000;opacity:.3\">faded</div>\
         <p style=\"color:#aaa;background:#fff;display:none\">not shown</p>\
         <p style=\"color:#aaa;position:absolute;width:1px;height:1px;overflow:hidden\">for readers only</p>\
         <input style=\"color:#bbb;background:#fff\" value=typed aria-label=a>\
         <button disabled style=\"color:#bbb;background:#fff\">off</button>";
    browser.prefers(false, true);
    let _pages = show(browser, &format!("{page}{more}"));
    let wrong = ["pale", "half seen", "faded", "typed"];
    finds_only(&browser.contrast_violations(), &wrong);
    assert_eq!(
        browser.eval("matchMedia('(prefers-reduced-motion)').matches"),
        true
    );
    browser.prefers(true, false);
    let dark = ["follows the theme", "pale", "half seen", "faded", "typed"];
    finds_only(&browser.contrast_violations(), &dark);
}

fn pages_wider_than_a_phone_and_targets_too_small_for_a_thumb_are_found(browser: &Browser) {
    browser.set_size(390, 844);
    let good = "<style>button { min-width: 44px; min-height: 44px } .tall::after { content: ''; position: absolute; inset: -15px }\
         .tall { position: relative; min-height: 20px; min-width: 60px; height: 20px; margin: 20px }</style>\
         <div style=\"overflow-x:auto\"><div style=\"width:2000px\">a table</div></div><button>fine</button>\
         <p>Read <a href=\"/a\">this</a> first</p><button class=tall>reacts outside</button>\
         <label style=\"display:inline-block;padding:20px\">Sound <input type=checkbox></label>";
    let _pages = show(browser, good);
    assert_eq!(browser.eval("innerWidth"), 390);
    assert_eq!(browser.horizontal_overflow(), [""; 0]);
    assert_eq!(browser.small_targets(), [""; 0]);
    let bad = "<div class=wide style=\"width:500px\">wide</div><button class=small style=\"min-height:0;height:20px\">small</button>\
         <a href=\"/a\" style=\"display:block\">a row</a>";
    let _pages = show(browser, &format!("{good}{bad}"));
    let found = browser.horizontal_overflow();
    finds_only(&found, &["px wide, the screen 390", "div.wide"]);
    finds_only(&browser.small_targets(), &["button.small", "a row"]);
}

fn the_order_of_the_focus_is_told_and_whether_one_sees_it(browser: &Browser) {
    let _pages = show(
        browser,
        "<style>.hidden:focus { outline: none }</style><button>one</button><p>text</p><a href=\"/a\" class=hidden>two</a>\
         <button tabindex=-1>never</button><button disabled>off</button><button>three</button>",
    );
    let order = browser.focus_order(10);
    let found: Vec<(&str, bool)> = order
        .iter()
        .map(|one| (one.what.split('"').nth(1).unwrap(), one.is_seen))
        .collect();
    assert_eq!(found, [("one", true), ("two", false), ("three", true)]);
}

#[test]
fn tabs_share_a_login_and_browsers_do_not_and_the_network_can_be_cut() {
    let (one, other) = (Browser::open(), Browser::open_in("pt-BR"));
    let pages = show(&one, "<p>hello</p>");
    other.goto(&pages.url);
    assert_eq!(one.eval("navigator.language"), "en-US");
    assert_eq!(other.eval("navigator.language"), "pt-BR");
    one.eval("document.cookie = 'login=ana'");
    let first = one.tab();
    one.open_tab();
    one.goto(&pages.url);
    assert_eq!(one.eval("document.cookie"), "login=ana");
    one.eval("window.pwned = 'in a tab'");
    finds_only(&one.scripts_that_ran(), &["in a tab"]);
    one.to_tab(&first);
    one.shows("hello");
    assert_eq!(other.eval("document.cookie"), "");
    let fetch = "return fetch('/').then(() => 'came', () => 'failed')";
    assert_eq!(one.run(fetch, Vec::new()), "came");
    one.is_offline(true);
    assert_eq!(one.eval("navigator.onLine"), false);
    assert_eq!(one.run(fetch, Vec::new()), "failed");
    one.is_offline(false);
    assert_eq!(one.run(fetch, Vec::new()), "came");
}

#[test]
fn a_condition_that_never_comes_true_says_what_was_on_the_page() {
    let browser = Browser::open();
    let _pages = show(&browser, "<h1>Nobody waits</h1>");
    browser.eval("console.error('a fault')");
    let state = browser.state();
    for words in [
        "http://127.0.0.1:",
        "\"Test\"",
        "Nobody waits",
        "a fault",
        ".png",
    ] {
        assert!(state.contains(words), "{words}: {state}");
    }
    let (_, picture) = state.rsplit_once("its picture: ").unwrap();
    let png = std::fs::read(picture).unwrap();
    assert!(png.starts_with(b"\x89PNG") && picture.contains("a_condition_that_never"));
    std::fs::remove_file(picture).unwrap();
    let all = Path::new(picture).with_extension("all.png");
    for take in [Browser::screenshot, Browser::screenshot_of_all] {
        take(&browser, &all);
        assert!(std::fs::read(&all).unwrap().starts_with(b"\x89PNG"));
    }
    std::fs::remove_file(&all).unwrap();
}

#[test]
fn nothing_of_a_browser_outlives_its_test() {
    let browser = Browser::open();
    let home = browser.driver.home.path().to_owned();
    let mark = home.display().to_string();
    let running = || {
        let processes = std::fs::read_dir("/proc").unwrap();
        processes
            .filter_map(|process| std::fs::read(process.ok()?.path().join("cmdline")).ok())
            .filter(|line| String::from_utf8_lossy(line).contains(&mark))
            .count()
    };
    assert!(running() > 0);
    let failed = std::thread::spawn(move || {
        let _browser = browser;
        std::panic::resume_unwind(Box::new("as a failed test does"));
    });
    assert!(failed.join().is_err());
    eventually("all its processes are gone", || {
        (running() == 0 && !home.exists()).then_some(())
    });
}

#[test]
fn a_machine_without_chromium_is_told_what_to_install() {
    assert_eq!(missing(&std::env::var_os("PATH").unwrap()), None);
    let path = tempfile::tempdir().unwrap();
    let sentence = missing(path.path().as_os_str()).unwrap();
    assert!(
        sentence.starts_with("no chromium found")
            && sentence.contains("install -y chromium chromium-driver"),
        "{sentence}"
    );
    std::fs::write(path.path().join("chromium"), "").unwrap();
    let sentence = missing(path.path().as_os_str()).unwrap();
    assert!(sentence.starts_with("no chromedriver found"), "{sentence}");
}
