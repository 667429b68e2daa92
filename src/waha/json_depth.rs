//! Checks how deep JSON is nested, in one pass that needs no memory.

/// How deep a body may be nested: as deep as serde_json recurses, so that what we store can be read again. Our fixtures have
/// up to 8 levels; each quoted message in the engine's raw data adds a few.
const DEPTH_MAX: usize = 128;

/// Whether some part is nested deeper than anything WAHA writes.
///
/// In text that is not JSON, this counts correctly at least up to the place where a parser would stop.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => at = behind_string(json, at),
            _ => {}
        }
    }
    false
}

/// The position after the string whose first character is at `at`. Brackets in a string are only text.
fn behind_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = json
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        // An escaped quote does not end the string.
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_last_depth_that_is_read() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"[\\\"\":", "}]")] {
            let levels = open.matches(['[', '{']).count() - open.matches("\"[").count();
            let nested =
                |depth: usize| open.repeat(depth / levels) + "1" + &close.repeat(depth / levels);
            assert!(!is_too_deep(nested(DEPTH_MAX).as_bytes()), "{open}");
            assert!(is_too_deep(nested(DEPTH_MAX + levels).as_bytes()), "{open}");
            // The closing brackets may be missing.
            assert!(is_too_deep(open.repeat(DEPTH_MAX + 1).as_bytes()), "{open}");
        }
    }

    #[test]
    fn many_shallow_values_are_not_deep() {
        let wide = "{\"a\":[]},".repeat(1000);
        assert!(!is_too_deep(format!("[{wide}1]").as_bytes()));
        assert!(!is_too_deep("]".repeat(10_000).as_bytes()));
        assert!(!is_too_deep(b""));
    }

    #[test]
    fn brackets_in_strings_are_text() {
        let brackets = "[{".repeat(1000);
        for string in [
            format!("\"{brackets}\""),
            format!("\"\\\"{brackets}\\\\\""),
            format!("\"é\\\\\\\"{brackets}\""),
            // Strings without a closing quote.
            format!("\"{brackets}"),
            format!("\"{brackets}\\"),
            "\"\\".to_owned(),
            "\"".to_owned(),
        ] {
            assert!(!is_too_deep(string.as_bytes()), "{string:.20}");
        }
        for behind in ["\"\"", "\"\\\\\"", "\"\\\"\"", "\"\\u005b\""] {
            let body = format!("[{behind},{brackets}");
            assert!(is_too_deep(body.as_bytes()), "{behind}");
        }
    }
}
