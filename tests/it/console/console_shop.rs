//! A shop whose people use the console: its daemon, its customers, and a browser for each agent.

use std::ops::{Deref, DerefMut};

use crate::desk::shop::{Shop, flow};
use crate::harness::browser::Browser;
use crate::harness::{SESSION, Setup, binary, chat};
use crate::redis_nodes::free_port;
use crate::webhook::{message_with, new_message_id};

/// Long enough to be accepted.
pub(super) const PASSWORD: &str = "uma frase bem comprida";

/// See the file. It does all that [`Shop`] does.
pub(super) struct ConsoleShop {
    shop: Shop,
    /// Where browsers reach the console, without a slash at the end.
    pub(super) url: String,
}

impl Deref for ConsoleShop {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl DerefMut for ConsoleShop {
    fn deref_mut(&mut self) -> &mut Shop {
        &mut self.shop
    }
}

impl ConsoleShop {
    /// With the agents ana (of sales), bia (of all teams) and the owner olga.
    pub(super) fn open() -> Self {
        Self::open_with(|setup| setup)
    }

    /// The same with more settings of its daemon.
    pub(super) fn open_with(set: impl FnOnce(Setup) -> Setup) -> Self {
        let port = free_port().unwrap();
        let listen = format!("127.0.0.1:{port}");
        let shop = Shop::open_with(&flow("", ""), |setup| {
            set(setup.set("CONSOLE_LISTEN", &listen))
        });
        shop.does("agent add olga --role owner --max-chats 1000");
        Self {
            shop,
            url: format!("http://{listen}"),
        }
    }

    /// The one-use link that a command prints, such as `agent passwd ana`.
    #[track_caller]
    pub(super) fn link(&self, command: &str) -> String {
        let output = binary()
            .args(command.split(' '))
            .env("REDIS_URL", self.redis.url())
            .env("CONSOLE_URL", &self.url)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        let mut words = said.split_whitespace();
        let link = words.find(|word| word.starts_with(&self.url));
        link.unwrap_or_else(|| panic!("no link of {}: {output:?}", self.url))
            .to_owned()
    }

    /// A browser of this agent, at the line.
    #[track_caller]
    pub(super) fn browser_of(&self, agent: &str) -> Browser {
        self.browser_of_in(agent, "en-US")
    }

    /// The same, for an agent who reads this language.
    #[track_caller]
    pub(super) fn browser_of_in(&self, agent: &str, language: &str) -> Browser {
        let browser = Browser::open_in(language);
        self.enter(&browser, agent);
        browser
    }

    /// A further browser of an agent who has a password already.
    #[track_caller]
    pub(super) fn another_browser_of(&self, agent: &str, language: &str) -> Browser {
        let browser = Browser::open_in(language);
        browser.goto(&self.page("login"));
        browser.click_css("[name=name]");
        browser.types(agent);
        browser.click_css("[type=password]");
        browser.types(PASSWORD);
        browser.press("Enter");
        browser.until("the agent is in", || {
            browser.url().ends_with("/line").then_some(())
        });
        browser
    }

    /// Opens the agent's one-use link in a browser, and sets a password.
    #[track_caller]
    pub(super) fn enter(&self, browser: &Browser, agent: &str) {
        browser.goto(&self.link(&format!("agent passwd {agent}")));
        browser.until("the password can be typed", || {
            browser.has("[type=password]").then_some(())
        });
        browser.click_css("[type=password]");
        browser.types(PASSWORD);
        browser.press("Enter");
        browser.until("the agent is in", || {
            browser.url().ends_with("/line").then_some(())
        });
    }

    /// The address of a page.
    pub(super) fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    /// The address of the n-th customer's chat.
    pub(super) fn chat_page(&self, n: usize) -> String {
        self.page(&format!("chat/{SESSION}/{}", chat(n)))
    }

    /// A customer with this name writes.
    #[track_caller]
    pub(super) fn writes_as(&self, name: &str, n: usize, text: &str) {
        let event = message_with("message", SESSION, &chat(n), name, text, &new_message_id());
        self.daemon.posts(&event);
    }

    /// A customer with this name comes and waits for a person of the team that `word` leads to.
    #[track_caller]
    pub(super) fn waits_as(&self, name: &str, n: usize, word: &str) {
        self.writes_as(name, n, "hi");
        self.test.texts(&chat(n), 1);
        self.writes_as(name, n, word);
        self.test.texts(&chat(n), 2);
    }
}

/// The paths of the pages in the navigation, and of the agent's own page.
pub(super) fn pages_in_navigation(browser: &Browser) -> Vec<String> {
    let links = browser.eval(
        "[...document.querySelectorAll('nav a, header a[href$=\"/me\"]')].map((a) => a.href)",
    );
    serde_json::from_value(links).unwrap()
}

/// Nothing that a page may never do was done, and no script of ours failed. Refused requests are also errors for the
/// browser: the test names those that it made happen.
#[track_caller]
pub(super) fn is_clean(browser: &Browser, expected: &[&str]) {
    let none: [String; 0] = [];
    assert_eq!(browser.csp_reports(), none);
    assert_eq!(browser.scripts_that_ran(), none);
    let mut errors = browser.console_errors();
    errors.retain(|error| !expected.iter().any(|words| error.contains(words)));
    assert_eq!(errors, none);
}
