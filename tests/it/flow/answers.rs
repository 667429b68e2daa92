//! Answers as customers write them. Each file of `tests/fixtures/answers` has dialogues about one way to write, and a new
//! file there is played too.

use std::path::Path;

use crate::harness::binary;

#[test]
fn answers_as_customers_write_them_are_read_as_they_are_meant() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/answers");
    let played = binary()
        .args(["flow", "test"])
        .arg(&directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}");
    let files = std::fs::read_dir(&directory).unwrap().count();
    assert!(files > 0 && said.lines().count() * 2 == files, "{said}");
}
