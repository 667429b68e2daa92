//! A real browser: Debian's Chromium without a window, with a profile of its own, which ends with the test.

mod checks;
mod chromedriver;
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::PATIENCE;
use chromedriver::Chromedriver;

/// One browser. Two of them are two people at two computers: they share nothing.
pub(crate) struct Browser {
    client: Client,
    runtime: Runtime,
    http: ureq::Agent,
    /// Of this session at chromedriver.
    url: String,
    /// What the pages wrote to the browser's console. Chromium gives each entry once.
    written: Mutex<Vec<Written>>,
    /// Last: it ends after the client.
    driver: Chromedriver,
}

/// A line in the browser's console.
#[derive(Clone, Debug)]
struct Written {
    level: String,
    text: String,
}

/// A node of the accessibility tree: what a screen reader knows of an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) role: String,
    pub(crate) name: String,
    /// Such as `checked`, `expanded`, `disabled` or `invalid`.
    pub(crate) states: BTreeMap<String, Value>,
    node: u64,
}

impl Browser {
    /// A browser as wide as a laptop's, which prefers English.
    pub(crate) fn open() -> Self {
        Self::open_in("en-US")
    }

    /// The same, for a person who reads this language.
    pub(crate) fn open_in(language: &str) -> Self {
        let driver = Chromedriver::start();
        let capabilities = json!({
            // A page may hold a stream open, so nothing waits longer than for its elements and styles.
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--window-size=1280,800", "--hide-scrollbars", "--disable-crash-reporter",
                    format!("--lang={language}"),
                    format!("--user-data-dir={}", driver.home.path().join("profile").display()),
                ],
                "prefs": {"intl.accept_languages": language},
            },
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"pageLoad": PATIENCE.as_millis(), "script": PATIENCE.as_millis()},
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = runtime.block_on(builder.connect(&driver.url)).unwrap();
        let session = runtime.block_on(client.session_id()).unwrap().unwrap();
        let browser = Self {
            client,
            runtime,
            http: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .build()
                .into(),
            url: format!("{}/session/{session}", driver.url),
            written: Mutex::default(),
            driver,
        };
        browser.prepare_tab();
        browser
    }

    /// Each tab is told for itself.
    fn prepare_tab(&self) {
        let source = include_str!("browser/watch.js");
        self.cdp("Page.enable", &json!({}));
        self.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({"source": source}),
        );
    }

    /// Opens an address in this tab, and waits until it is loaded.
    #[track_caller]
    pub(crate) fn goto(&self, url: &str) {
        self.does(&format!("opens {url}"), self.client.goto(url));
    }

    #[track_caller]
    pub(crate) fn reload(&self) {
        self.does("reloads", self.client.refresh());
    }

    pub(crate) fn url(&self) -> String {
        self.does("says its address", self.client.current_url())
            .to_string()
    }

    pub(crate) fn title(&self) -> String {
        self.does("says its title", self.client.title())
    }

    /// What the page shows, as a person would copy it.
    pub(crate) fn text(&self) -> String {
        self.text_of("body")
    }

    /// The same of the first element of this CSS selector; empty if there is none.
    pub(crate) fn text_of(&self, css: &str) -> String {
        let text = self.run(
            "return document.querySelector(arguments[0])?.innerText",
            vec![json!(css)],
        );
        text.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn has(&self, css: &str) -> bool {
        self.count(css) > 0
    }

    pub(crate) fn count(&self, css: &str) -> usize {
        let count = self.run(
            "return document.querySelectorAll(arguments[0]).length",
            vec![json!(css)],
        );
        usize::try_from(count.as_u64().unwrap()).unwrap()
    }

    /// The value of a JavaScript expression.
    #[track_caller]
    pub(crate) fn eval(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression})"), Vec::new())
    }

    /// Runs JavaScript, with `arguments`. A promise that it returns is awaited.
    #[track_caller]
    pub(crate) fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.does(
            &format!("runs {script}"),
            self.client.execute(script, arguments),
        )
    }

    /// A command of the Chrome DevTools protocol.
    #[track_caller]
    pub(crate) fn cdp(&self, command: &str, parameters: &Value) -> Value {
        self.try_cdp(command, parameters)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn try_cdp(&self, command: &str, parameters: &Value) -> Result<Value, String> {
        let body = json!({"cmd": command, "params": parameters});
        self.ask_driver("goog/cdp/execute", &body)
    }

    /// A command of chromedriver that fantoccini does not know.
    fn ask_driver(&self, command: &str, body: &Value) -> Result<Value, String> {
        let answer = self
            .http
            .post(format!("{}/{command}", self.url))
            .content_type("application/json")
            .send(body.to_string());
        let mut answer = answer.map_err(|error| error.to_string())?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(200_000_000)
            .read_to_string()
            .unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        match answer["value"]["error"].as_str() {
            Some(_) if answer["value"]["message"].is_string() => {
                Err(answer["value"]["message"].to_string())
            }
            _ => Ok(answer["value"].take()),
        }
    }

    /// Everything that a screen reader would find on the page.
    pub(crate) fn all_named(&self) -> Vec<Named> {
        let tree = self.cdp("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes
            .filter(|node| node["ignored"] == false)
            .filter_map(|node| {
                let text = |field: &str| node[field]["value"].as_str().unwrap_or_default();
                let states = node["properties"].as_array().into_iter().flatten();
                Some(Named {
                    role: text("role").to_owned(),
                    name: text("name").to_owned(),
                    states: states
                        .filter_map(|it| {
                            Some((
                                it["name"].as_str()?.to_owned(),
                                it["value"]["value"].clone(),
                            ))
                        })
                        .collect(),
                    node: node["backendDOMNodeId"].as_u64()?,
                })
            })
            .collect()
    }

    /// Those of this role whose name contains these words. A name that is the same comes first.
    pub(crate) fn named(&self, role: &str, words: &str) -> Vec<Named> {
        let mut found = self.all_named();
        found.retain(|one| one.role == role && one.name.contains(words));
        found.sort_by_key(|one| one.name != words);
        found
    }

    /// Waits until there is such an element; returns the first one.
    #[track_caller]
    pub(crate) fn by_name(&self, role: &str, words: &str) -> Named {
        self.until(&format!("there is a {role} named {words:?}"), || {
            self.named(role, words).into_iter().next()
        })
    }

    /// Clicks what has this role and name, as soon as it is there and nothing covers it.
    #[track_caller]
    pub(crate) fn click(&self, role: &str, words: &str) {
        self.retry(&format!("a click on the {role} {words:?}"), || {
            let one = self.named(role, words).into_iter().next();
            let one = one.ok_or("there is none")?;
            self.done(self.element(&one)?.click())
        });
    }

    /// The same with a CSS selector, for what has no name of its own, such as a row.
    #[track_caller]
    pub(crate) fn click_css(&self, css: &str) {
        self.retry(&format!("a click on {css:?}"), || {
            let one = self.done(self.client.find(Locator::Css(css)))?;
            self.done(one.click())
        });
    }

    /// Types into the field of this role and name, after what it holds.
    #[track_caller]
    pub(crate) fn type_into(&self, role: &str, words: &str, text: &str) {
        self.retry(&format!("typing into the {role} {words:?}"), || {
            let one = self.named(role, words).into_iter().next();
            let one = one.ok_or("there is none")?;
            self.done(self.element(&one)?.send_keys(text))
        });
    }

    /// Empties a field as a person does, and types into it.
    #[track_caller]
    pub(crate) fn replace_in(&self, role: &str, words: &str, text: &str) {
        self.retry(&format!("emptying the {role} {words:?}"), || {
            let one = self.named(role, words).into_iter().next();
            let one = one.ok_or("there is none")?;
            self.done(self.element(&one)?.clear())
        });
        self.type_into(role, words, text);
    }

    /// What a field holds.
    #[track_caller]
    pub(crate) fn value_of(&self, role: &str, words: &str) -> String {
        let one = self.by_name(role, words);
        let element = self.element(&one).unwrap();
        let value = self.does("says what a field holds", element.prop("value"));
        value.unwrap_or_default()
    }

    /// The element of a node. Page and driver share no ids, so it goes through a variable of the page.
    fn element(&self, named: &Named) -> Result<Element, String> {
        let resolved = self.try_cdp("DOM.resolveNode", &json!({"backendNodeId": named.node}))?;
        let keep =
            "function() { window.foundByTest = this.nodeType === 3 ? this.parentElement : this }";
        self.try_cdp(
            "Runtime.callFunctionOn",
            &json!({"objectId": resolved["object"]["objectId"], "functionDeclaration": keep}),
        )?;
        let element = self.done(self.client.execute("return window.foundByTest", Vec::new()))?;
        let id = element
            .as_object()
            .and_then(|fields| fields.values().next()?.as_str())
            .ok_or("the page has changed")?;
        Ok(Element::from_element_id(
            self.client.clone(),
            id.to_owned().into(),
        ))
    }

    /// Presses keys together, such as `Tab`, `Ctrl+Enter`, `Shift+Tab`, `Escape`, `N` or `/`, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let keys: Vec<char> = match keys {
            "+" => vec!['+'],
            keys => keys.split('+').map(key).collect(),
        };
        let down = keys.iter().map(|key| KeyAction::Down { value: *key });
        let up = keys.iter().rev().map(|key| KeyAction::Up { value: *key });
        let actions = down
            .chain(up)
            .fold(KeyActions::new("keyboard".to_owned()), |actions, action| {
                actions.then(action)
            });
        self.does("presses keys", self.client.perform_actions(actions));
    }

    /// Types text wherever the focus is.
    #[track_caller]
    pub(crate) fn types(&self, text: &str) {
        let actions = text
            .chars()
            .flat_map(|c| {
                let value = if c == '\n' { key("Enter") } else { c };
                [KeyAction::Down { value }, KeyAction::Up { value }]
            })
            .fold(KeyActions::new("keyboard".to_owned()), |actions, action| {
                actions.then(action)
            });
        self.does("types", self.client.perform_actions(actions));
    }

    /// The size of the screen in CSS pixels. Under 700 px wide it is a phone's: touched, with no mouse.
    pub(crate) fn set_size(&self, width: u32, height: u32) {
        let is_phone = width < 700;
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone,
                   "screenWidth": width, "screenHeight": height}),
        );
        self.cdp(
            "Emulation.setTouchEmulationEnabled",
            &json!({"enabled": is_phone}),
        );
    }

    /// What the person has chosen for all pages in the settings of the system.
    pub(crate) fn prefers(&self, is_dark: bool, is_still: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let motion = if is_still { "reduce" } else { "no-preference" };
        self.cdp(
            "Emulation.setEmulatedMedia",
            &json!({"features": [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": motion},
            ]}),
        );
    }

    /// Cuts the browser off, or connects it again.
    pub(crate) fn is_offline(&self, is_offline: bool) {
        self.cdp("Network.enable", &json!({}));
        self.cdp(
            "Network.emulateNetworkConditions",
            &json!({"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}),
        );
    }

    /// Opens another tab and goes on there.
    pub(crate) fn open_tab(&self) -> WindowHandle {
        let opened = self.does("opens a tab", self.client.new_window(true));
        self.to_tab(&opened.handle);
        self.prepare_tab();
        opened.handle
    }

    /// The tab that is in front.
    pub(crate) fn tab(&self) -> WindowHandle {
        self.does("says its tab", self.client.window())
    }

    pub(crate) fn to_tab(&self, tab: &WindowHandle) {
        self.does("shows a tab", self.client.switch_to_window(tab.clone()));
    }

    /// A picture of what is on screen, as PNG.
    pub(crate) fn screenshot(&self, path: &Path) {
        let png = self.does("takes a picture", self.client.screenshot());
        std::fs::write(path, png).unwrap();
    }

    /// A picture of the whole page, also of what is below the fold.
    pub(crate) fn screenshot_of_all(&self, path: &Path) {
        use base64::Engine as _;
        let picture = self.cdp(
            "Page.captureScreenshot",
            &json!({"format": "png", "captureBeyondViewport": true}),
        );
        let png = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        std::fs::write(path, png).unwrap();
    }

    /// Waits until `condition` returns something. If it never does, the failure says what was on the page.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = condition() {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "not true after {PATIENCE:?}: {what}\n{}",
                self.state()
            );
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until the page shows these words.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) {
        self.until(&format!("the page shows {words:?}"), || {
            self.text().contains(words).then_some(())
        });
    }

    /// Waits until the page no longer shows these words.
    #[track_caller]
    pub(crate) fn shows_no(&self, words: &str) {
        self.until(&format!("the page does not show {words:?}"), || {
            (!self.text().contains(words)).then_some(())
        });
    }

    /// Waits until the element of this CSS selector shows these words.
    #[track_caller]
    pub(crate) fn shows_in(&self, css: &str, words: &str) {
        self.until(&format!("{css:?} shows {words:?}"), || {
            self.text_of(css).contains(words).then_some(())
        });
    }

    /// Errors and warnings in the browser's console, besides those that are counted apart.
    pub(crate) fn console_errors(&self) -> Vec<String> {
        let all = self.written().into_iter();
        all.filter(|one| one.level == "SEVERE" || one.level == "WARNING")
            .map(|one| one.text)
            .filter(|text| !text.contains("CSP-REPORT") && !text.contains("SCRIPT-RAN"))
            .collect()
    }

    /// What the content security policy has refused, on all pages so far.
    pub(crate) fn csp_reports(&self) -> Vec<String> {
        self.marked("CSP-REPORT")
    }

    /// What a customer wrote and the browser ran: scripts that set `pwned`.
    pub(crate) fn scripts_that_ran(&self) -> Vec<String> {
        self.marked("SCRIPT-RAN")
    }

    fn marked(&self, mark: &str) -> Vec<String> {
        let all = self.written().into_iter();
        all.map(|one| one.text)
            .filter(|text| text.contains(mark))
            .collect()
    }

    fn written(&self) -> Vec<Written> {
        let new = self.ask_driver("se/log", &json!({"type": "browser"}));
        let mut written = self.written.lock().unwrap();
        for entry in new.unwrap_or_default().as_array().into_iter().flatten() {
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            written.push(Written {
                level: text("level"),
                text: text("message"),
            });
        }
        written.clone()
    }

    /// Where the browser is, for the message of a test that fails.
    fn state(&self) -> String {
        let shown = self.ask_driver(
            "execute/sync",
            &json!({"script": "return [location.href, document.title, document.body.innerText]", "args": []}),
        );
        let shown = shown.unwrap_or_else(|error| json!([error, "", ""]));
        let text = |n: usize| shown[n].as_str().unwrap_or_default().to_owned();
        let written: Vec<String> = self
            .written()
            .into_iter()
            .map(|one| format!("  {} {}", one.level, one.text))
            .collect();
        let short: String = text(2).chars().take(4_000).collect();
        let picture = match self.runtime.block_on(self.client.screenshot()) {
            Ok(png) => {
                let path = picture_path();
                let _ = std::fs::write(&path, png);
                path.display().to_string()
            }
            Err(error) => error.to_string(),
        };
        format!(
            "--- the browser at {}, titled {:?}\n{short}\n--- its console\n{}\n--- its picture: {picture}",
            text(0),
            text(1),
            written.join("\n"),
        )
    }

    /// Tries until it works: elements may come, move or be replaced meanwhile.
    #[track_caller]
    fn retry(&self, what: &str, mut action: impl FnMut() -> Result<(), String>) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = action() {
            assert!(
                Instant::now() < deadline,
                "not possible for {PATIENCE:?}: {what}: {error}\n{}",
                self.state()
            );
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn done<T>(&self, command: impl Future<Output = Result<T, CmdError>>) -> Result<T, String> {
        self.runtime
            .block_on(command)
            .map_err(|error| error.to_string())
    }

    #[track_caller]
    fn does<T>(&self, what: &str, command: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(command) {
            Ok(value) => value,
            Err(error) => panic!("the browser {what}: {error}\n{}", self.state()),
        }
    }
}

/// The character that WebDriver has for a key.
fn key(name: &str) -> char {
    let key = match name {
        "Ctrl" => Key::Control,
        "Shift" => Key::Shift,
        "Alt" => Key::Alt,
        "Tab" => Key::Tab,
        "Enter" => Key::Enter,
        "Escape" => Key::Escape,
        "Space" => Key::Space,
        "Backspace" => Key::Backspace,
        "Delete" => Key::Delete,
        "Home" => Key::Home,
        "End" => Key::End,
        "PageUp" => Key::PageUp,
        "PageDown" => Key::PageDown,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "Left" => Key::Left,
        "Right" => Key::Right,
        _ => {
            let mut letters = name.chars();
            let (letter, more) = (letters.next().unwrap(), letters.next());
            assert_eq!(more, None, "no key is called {name:?}");
            // As on a keyboard: the key N types a small n.
            return letter.to_ascii_lowercase();
        }
    };
    key.into()
}

/// Where the picture of a failure goes: under `target/`, with the name of the test.
fn picture_path() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let test = std::thread::current()
        .name()
        .unwrap_or("test")
        .replace("::", "-");
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{n}.png"))
}
