//! What runs waha-sm for years: the compose file, the systemd unit, the alerts and the dashboard. Each is read by its own program where that is
//! installed, and by us everywhere.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use regex::Regex;
use serde_json::Value;

use super::markdown::{Document, read, root};
use crate::harness::binary;

const COMPOSE: &str = "examples/compose.yaml";
const DASHBOARD: &str = "examples/grafana/dashboard.json";
const ALERTS: &str = "examples/prometheus/alerts.yaml";
const UNIT: &str = "examples/systemd/waha-sm.service";

/// A program that may be missing here; `None` if it is, which the test says.
fn run(program: &str, arguments: &[&str], directory: &Path) -> Option<Output> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output();
    match output {
        Ok(output) => Some(output),
        Err(_) => {
            eprintln!("NOT CHECKED: {program} is not installed");
            None
        }
    }
}

/// The settings and secrets that the README's command makes, beside the compose file.
fn set_up() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path();
    std::fs::create_dir_all(there.join("examples")).unwrap();
    for file in ["waha.env.example", COMPOSE, "examples/.env"] {
        std::fs::copy(root().join(file), there.join(file)).unwrap();
    }
    let readme = Document::read("README.md");
    let command = readme
        .blocks_in("sh")
        .find(|block| block.text.contains("> $name"))
        .unwrap();
    // A second time: it must not change the secrets.
    let mut made = Vec::new();
    for _ in 0..2 {
        let output = run("sh", &["-c", &command.text], there).unwrap();
        assert!(output.status.success(), "{output:?}");
        made.push(std::fs::read(there.join("secrets/waha_api_key")).unwrap());
    }
    assert_eq!(made[0], made[1]);
    directory
}

#[test]
fn the_set_up_makes_settings_and_secrets_that_only_their_owner_reads_and_the_daemon_accepts() {
    let directory = set_up();
    let there = directory.path();
    let mode = |file: &str| there.join(file).metadata().unwrap().permissions().mode() & 0o777;
    // The containers' user reads a file of the directory that others can't enter.
    assert_eq!(
        ["waha.env", "secrets", "secrets/waha_api_key"].map(mode),
        [0o600, 0o700, 0o444]
    );
    let compose = compose();
    for (name, secret) in compose["secrets"].as_object().unwrap() {
        let file = secret["file"].as_str().unwrap();
        assert_eq!(file, format!("../secrets/{name}"));
        let secret = std::fs::read_to_string(there.join("secrets").join(name)).unwrap();
        assert_eq!(secret.trim().len(), 64, "{name}");
    }
    // The variables of the file and the container's, as compose gives them; wrong ones end with 64 before anything starts.
    let environment: Vec<(String, String)> = std::fs::read_to_string(there.join("waha.env"))
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let of_service = compose["services"]["work"]["environment"]
        .as_object()
        .unwrap();
    let of_service = of_service.iter().map(|(name, value)| {
        let value = value.as_str().unwrap();
        let value = value.replace("/run/secrets", &there.join("secrets").display().to_string());
        (name.clone(), value)
    });
    let output = binary()
        .arg("work")
        .envs(environment)
        .envs(of_service)
        .env("WORKERS", "many")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), said.lines().count()),
        (Some(64), 1),
        "{said}"
    );
    assert!(said.contains("WORKERS"), "{said}");
}

/// The compose file, with its anchors and merges resolved.
fn compose() -> Value {
    serde_saphyr::from_str(&read(COMPOSE)).unwrap()
}

fn names(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
        Value::Null => BTreeSet::new(),
        other => panic!("not a list: {other}"),
    }
}

#[test]
fn the_containers_are_limited_and_see_their_own_secrets_only() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    let all: Vec<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(all, ["redis", "serve", "waha", "waha-sm", "work"]);
    let pinned = Regex::new(r":\w+-\d{4}\.\d+\.\d+$").unwrap();
    for (name, service) in services {
        for limit in [
            "mem_limit",
            "cpus",
            "pids_limit",
            "healthcheck",
            "logging",
            "restart",
        ] {
            assert!(!service[limit].is_null(), "{name} has no {limit}");
        }
        let rotation = &service["logging"]["options"];
        assert!(
            rotation["max-size"].is_string() && rotation["max-file"].is_string(),
            "{name}"
        );
        assert!(names(&service["security_opt"]).contains("no-new-privileges:true"));
        // A tag that moves would be another program after the next pull.
        let image = service["image"].as_str().unwrap();
        assert!(
            image == "waha-sm" || pinned.is_match(image),
            "{name}: {image}"
        );
        if image == "waha-sm" {
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(names(&service["cap_drop"]), BTreeSet::from(["ALL"]));
        }
        // Ports are for this machine only.
        for port in names(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let is_split = names(&service["profiles"]).contains("split");
        assert_eq!(
            is_split,
            ["redis", "serve", "work"].contains(&name.as_str())
        );
        // What is in a variable is in `docker inspect`, and in the environment of each program in the container.
        if let Some(environment) = service["environment"].as_object() {
            for (variable, value) in environment {
                let is_secret = ["SECRET", "KEY", "PASSWORD"]
                    .iter()
                    .any(|word| variable.contains(word));
                let value = value.as_str().unwrap();
                let is_file = variable.ends_with("_FILE");
                assert!(
                    !is_secret || is_file || value.is_empty(),
                    "{name}: {variable}"
                );
                if let Some(secret) = value.strip_prefix("/run/secrets/") {
                    assert!(
                        names(&service["secrets"]).contains(secret),
                        "{name}: {secret}"
                    );
                }
            }
        }
    }
    // One file of settings is for both: what is the other's is emptied.
    assert_eq!(services["waha"]["environment"]["REDIS_URL"], "");
    assert_eq!(
        services["waha-sm"]["environment"]["WAHA_DASHBOARD_PASSWORD"],
        ""
    );
    let ours = BTreeSet::from(["webhook_hmac_secret", "waha_api_key"]);
    for name in ["waha-sm", "serve", "work"] {
        assert_eq!(names(&services[name]["secrets"]), ours, "{name}");
    }
    assert_eq!(names(&services["redis"]["secrets"]), BTreeSet::new());
    // WAHA reads variables only: its entrypoint takes them from the files.
    let entrypoint = services["waha"]["entrypoint"][2].as_str().unwrap();
    for secret in names(&services["waha"]["secrets"]) {
        assert!(
            entrypoint.contains(&format!("$$(cat /run/secrets/{secret})")),
            "{secret}"
        );
    }
    assert!(entrypoint.trim_end().ends_with("exec /entrypoint.sh"));
}

#[test]
fn the_programs_for_compose_files_take_it() {
    let directory = set_up();
    let mut checked = 0;
    // A docker without compose, and an old podman-compose, can't do it.
    for (program, before, probe) in [
        ("docker", &["compose"][..], &["compose", "version"][..]),
        ("docker-compose", &[], &["config", "--help"]),
        ("podman-compose", &[], &["config", "--help"]),
    ] {
        if !run(program, probe, directory.path()).is_some_and(|output| output.status.success()) {
            continue;
        }
        let arguments = [before, &["-f", COMPOSE, "--profile", "split", "config"]].concat();
        let output = run(program, &arguments, directory.path()).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("redis.sock"),
            "{program}: {output:?}"
        );
        checked += 1;
        break;
    }
    if checked == 0 {
        eprintln!("NOT CHECKED: no program for compose files is installed");
    }
}

#[test]
fn the_systemd_unit_is_closed_and_lets_the_private_redis_stop_last() {
    let unit = read(UNIT);
    for line in [
        "KillMode=mixed",
        "RestartPreventExitStatus=64",
        "StateDirectoryMode=0700",
        "ExecStart=/usr/local/bin/waha-sm all",
    ] {
        assert!(unit.lines().any(|it| it == line), "{line}");
    }
    let arguments = [
        "security",
        "--offline=true",
        "--threshold=30",
        "--no-pager",
        UNIT,
    ];
    // Exit code 0: its exposure is below 3.0. Before version 250 it can't read a file.
    let knows_files =
        |output: &Output| !String::from_utf8_lossy(&output.stderr).contains("unrecognized option");
    let output = run("systemd-analyze", &arguments, &root());
    if let Some(output) = output.filter(knows_files) {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

/// The metrics that these files name.
pub(super) fn metrics_in_files() -> BTreeSet<String> {
    let name = Regex::new(r"\bwaha_sm_[a-z_]+").unwrap();
    let text = format!("{}{}", read(DASHBOARD), read(ALERTS));
    let of_histogram = Regex::new("_(bucket|sum|count)$").unwrap();
    name.find_iter(&text)
        .map(|name| of_histogram.replace(name.as_str(), "").into_owned())
        .collect()
}

#[test]
fn every_alert_says_what_to_do_and_is_tested() {
    let alerts: Value = serde_saphyr::from_str(&read(ALERTS)).unwrap();
    let tests = read("examples/prometheus/alerts.test.yaml");
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 10);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&severity), "{name}");
        let remedy = rule["annotations"]["description"].as_str().unwrap();
        assert!(remedy.len() > 60, "{name}");
        assert!(tests.contains(&format!("alertname=\"{name}\"")), "{name}");
    }
    let directory = root().join("examples/prometheus");
    if let Some(output) = run(
        "promtool",
        &["test", "rules", "alerts.test.yaml"],
        &directory,
    ) {
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_imports() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels
        .iter()
        .map(|panel| panel["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        // The reader chooses the source at the top.
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        assert!(!panel["targets"].as_array().unwrap().is_empty());
        let place = &panel["gridPos"];
        let right = place["x"].as_i64().unwrap() + place["w"].as_i64().unwrap();
        assert!(right <= 24, "{}", panel["title"]);
    }
}
