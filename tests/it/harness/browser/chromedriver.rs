//! A chromedriver of the test's own. It ends with the test, and all its Chromiums with it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// It ends with its group when its input ends: also if this process was killed and could not say so.
const UNTIL_INPUT_ENDS: &str = "chromedriver --port=0 & cat > /dev/null; kill -KILL 0";

/// How long one start may take on a busy machine, and how often it is tried.
const START_TIMEOUT: Duration = Duration::from_secs(15);
const TRIES: usize = 4;

pub(super) struct Chromedriver {
    child: Child,
    pub(super) url: String,
    /// The home of the Chromiums: profiles, caches and the driver's own words. Removed last.
    pub(super) home: TempDir,
}

impl Chromedriver {
    pub(super) fn start() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Some(missing) = missing(&path) {
            panic!("{missing}");
        }
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::try_to_start(&path) {
                Ok(driver) => return driver,
                Err(text) => said = text,
            }
        }
        panic!("chromedriver does not start: {said}");
    }

    /// It takes any free port, but can't start if another process takes the same one in this moment. Returns what it said then.
    fn try_to_start(path: &OsStr) -> Result<Self, String> {
        let home = tempfile::tempdir().unwrap();
        let said = home.path().join("chromedriver.log");
        let child = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS])
            // The machine's own settings, such as a proxy, must not change a test.
            .env_clear()
            .env("PATH", path)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("TZ", "UTC")
            // A group of its own, which its Chromiums join: it is killed as a whole.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(File::create(&said).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut driver = Self {
            child,
            url: String::new(),
            home,
        };
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let text = std::fs::read_to_string(&said).unwrap();
            let port = text.split_once("was started successfully on port ");
            if let Some((port, _)) = port.and_then(|(_, rest)| rest.split_once('.')) {
                driver.url = format!("http://127.0.0.1:{port}");
                return Ok(driver);
            }
            if Instant::now() > deadline {
                return Err(text);
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// What this test cannot do without and the machine does not have, and what to do about it.
pub(super) fn missing(path: &OsStr) -> Option<String> {
    let is_there = |program: &&str| {
        let mut directories = std::env::split_paths(path);
        directories.any(|directory| directory.join(program).is_file())
    };
    let missing = ["chromium", "chromedriver"]
        .into_iter()
        .find(|program| !is_there(program))?;
    Some(format!(
        "no {missing} found on PATH, which tests of the console need: apt-get install -y chromium chromium-driver"
    ))
}
