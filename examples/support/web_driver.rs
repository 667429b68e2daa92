//! A Chromium without a window, driven through chromedriver, to take pictures. The tests have a browser of their own, which
//! can do more; this one needs no library beyond those of the demo.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// See the module.
pub(crate) struct WebDriver {
    http: ureq::Agent,
    /// Of our session.
    url: String,
    child: Child,
    /// The browser's profile; removed last.
    _home: tempfile::TempDir,
}

impl WebDriver {
    /// Starts a browser.
    pub(crate) fn start() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            // A group of its own, which its Chromiums join: it is killed as a whole.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("chromedriver: {error} (apt-get install -y chromium chromium-driver)")
            })?;
        let said = child.stdout.take().ok_or("chromedriver says nothing")?;
        let port = BufReader::new(said).lines().find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("was started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let mut driver = Self {
            http: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .timeout_global(Some(PATIENCE))
                .build()
                .into(),
            url: format!("http://127.0.0.1:{}/session", port.unwrap_or_default()),
            child,
            _home: home,
        };
        let options = json!({
            // Without coloured edges of letters, so that the pictures have few colours and are small.
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--disable-lcd-text", "--lang=en-US"],
            "prefs": {"intl.accept_languages": "en-US"},
        });
        let session = driver.ask(
            "",
            &json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}),
        )?;
        let id = session["sessionId"].as_str().ok_or("no browser session")?;
        driver.url = format!("{}/{id}", driver.url);
        Ok(driver)
    }

    /// Opens an address.
    pub(crate) fn goto(&self, url: &str) -> Result<()> {
        self.ask("/url", &json!({"url": url})).map(drop)
    }

    /// Runs JavaScript, with `arguments`.
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Result<Value> {
        self.ask(
            "/execute/sync",
            &json!({"script": script, "args": arguments}),
        )
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) fn until(&self, expression: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({expression})"), &[])? != true {
            if Instant::now() > deadline {
                let shown =
                    self.run("return location.href + ' ' + document.body.innerText", &[])?;
                return Err(format!("the page never got to: {expression}\n{shown}").into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Clicks the first element of this CSS selector, when it is there.
    pub(crate) fn click(&self, css: &str) -> Result<()> {
        self.until(&format!("document.querySelector({css:?})"))?;
        self.run("document.querySelector(arguments[0]).click()", &[css])
            .map(drop)
    }

    /// A window of this size, as a laptop or a phone has it.
    pub(crate) fn window(&self, width: u32, height: u32, phone: bool) -> Result<()> {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.cdp("Emulation.setDeviceMetricsOverride", &size)
    }

    /// Whether the reader prefers dark colours.
    pub(crate) fn prefer_dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.cdp("Emulation.setEmulatedMedia", &features)
    }

    /// What the window shows, as a small PNG. Leaves the page.
    pub(crate) fn picture(&self) -> Result<Vec<u8>> {
        let mut answer = self.http.get(format!("{}/screenshot", self.url)).call()?;
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        let picture = answer["value"].as_str().ok_or("no picture")?;
        // The page itself lets no script of ours read a picture.
        self.goto("about:blank")?;
        let script = concat!(include_str!("shrink.js"), "return shrink(arguments[0]);");
        let small = self.run(script, &[picture])?;
        Ok(STANDARD.decode(small.as_str().ok_or("no small picture")?)?)
    }

    fn cdp(&self, command: &str, parameters: &Value) -> Result<()> {
        let command = json!({"cmd": command, "params": parameters});
        self.ask("/goog/cdp/execute", &command).map(drop)
    }

    fn ask(&self, command: &str, body: &Value) -> Result<Value> {
        let mut answer = self
            .http
            .post(format!("{}{command}", self.url))
            .content_type("application/json")
            .send(body.to_string())?;
        let text = answer.body_mut().read_to_string()?;
        let said: Value = serde_json::from_str(&text)?;
        match said["value"]["error"].is_string() {
            true => Err(format!("chromedriver: {}", said["value"]["message"]).into()),
            false => Ok(said["value"].clone()),
        }
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}
