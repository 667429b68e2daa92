//! The form of a value that may be written once or as a list.

use serde_json::{Value, json};

pub(crate) fn one_or_more(form: &Value) -> Value {
    json!({ "anyOf": [form, { "type": "array", "items": form }] })
}
