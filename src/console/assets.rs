//! The script and the style. Their directory is named after their content, so that browsers may keep them for ever, and the
//! modules of the script find each other beside themselves.

use std::sync::LazyLock;

use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use ring::digest::{Context, SHA256};

use super::answer::{Answer, answer, with_header};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, type and content.
const FILES: [(&str, &str, &str); 8] = [
    ("console.css", CSS, include_str!("assets/console.css")),
    ("console.js", SCRIPT, include_str!("assets/console.js")),
    ("theme.js", SCRIPT, include_str!("assets/theme.js")),
    ("live.js", SCRIPT, include_str!("assets/live.js")),
    ("act.js", SCRIPT, include_str!("assets/act.js")),
    ("sessions.js", SCRIPT, include_str!("assets/sessions.js")),
    ("sound.js", SCRIPT, include_str!("assets/sound.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// The name of the directory: the beginning of a digest of all files.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Context::new(&SHA256);
    for (name, _, content) in FILES {
        digest.update(name.as_bytes());
        digest.update(content.as_bytes());
    }
    let digest = digest.finish();
    let bytes = digest.as_ref().iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
});

/// The path of a file, after our prefix.
pub(super) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// A file; `None` if there is none with this name. A page of an older version may ask for an older one: it gets today's.
pub(super) fn file(version: &str, name: &str) -> Option<Answer> {
    let (_, content_type, content) = FILES.iter().find(|(known, ..)| *known == name)?;
    let mut answer = answer(StatusCode::OK, content_type, *content);
    if version == *VERSION {
        with_header(
            &mut answer,
            CACHE_CONTROL,
            "public, max-age=31536000, immutable",
        );
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_small_enough_for_a_phone() {
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT);
        let bytes: usize = scripts.map(|(.., content)| content.len()).sum();
        assert!(bytes < 40_000, "{bytes} bytes");
    }
}
