//! What is written in more than one place says the same in each.

use std::path::Path;

use clap::CommandFactory as _;
use waha_sm::cli::Cli;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_setting_is_in_the_readme_and_in_the_example() {
    let (readme, example) = (read("README.md"), read("waha.env.example"));
    let cli = Cli::command();
    let all = cli.find_subcommand("all").unwrap();
    let names: Vec<String> = all
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()))
        .collect();
    assert!(names.len() > 15);
    for name in &names {
        assert!(
            readme.contains(&format!("`{name}`")),
            "README.md does not tell {name}"
        );
        assert!(
            example.lines().any(|line| line
                .trim_start_matches(['#', ' '])
                .starts_with(&format!("{name}="))),
            "{name}"
        );
    }
    for argument in all
        .get_arguments()
        .filter(|argument| argument.get_env().is_some())
    {
        let help = argument.get_help().unwrap().to_string();
        assert!(!help.is_empty());
    }
}

#[test]
fn ci_runs_the_readmes_test_command() {
    let command = "cargo test --locked";
    assert!(read("README.md").contains(command));
    assert!(read(".ci/run").contains(command));
}
