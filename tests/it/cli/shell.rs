//! What a shell and `man` get: completions and manual pages.

use tempfile::TempDir;

use crate::harness::binary;

#[test]
fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = binary().args(["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["waha-sm", "history", "flow", "follow", "workers"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let unknown = binary().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(64));
}

#[test]
fn bash_accepts_the_completions() {
    let completed = std::process::Command::new("bash")
        .args([
            "-c",
            "source <(\"$0\" completions bash) && complete=$(complete -p waha-sm) && function=${complete##*-F } && \
             COMP_WORDS=(waha-sm hi) COMP_CWORD=1 && ${function%% *} waha-sm hi waha-sm && echo \"${COMPREPLY[*]}\"",
        ])
        .arg(binary().get_program())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(completed.stdout).unwrap(),
        "history\n",
        "{}",
        String::from_utf8_lossy(&completed.stderr)
    );
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let page = binary().arg("man").output().unwrap();
    assert_eq!(page.status.code(), Some(0));
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(
        page.contains(".TH waha-sm 1") && page.contains("history"),
        "{page}"
    );

    let directory = TempDir::new().unwrap();
    let pages = directory.path().join("man1");
    let written = binary()
        .arg("man")
        .arg("--dir")
        .arg(&pages)
        .output()
        .unwrap();
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    for name in [
        "waha-sm",
        "waha-sm-all",
        "waha-sm-history",
        "waha-sm-flow-chat",
        "waha-sm-dead-retry",
    ] {
        let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let refused = binary()
        .args(["man", "--dir", "/dev/null/x"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("/dev/null/x"));
}
