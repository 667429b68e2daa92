//! How the owner's notices name a customer.

use crate::ids::ChatId;

/// The customer's name and number, or only the number.
pub(crate) fn shown_customer(name: &str, chat: &ChatId) -> String {
    let number = match chat.as_str().split_once('@') {
        Some((number, "c.us")) => format!("+{number}"),
        // A hidden id is not a phone number.
        _ => chat.to_string(),
    };
    match name.trim() {
        "" => number,
        name => format!("{name} ({number})"),
    }
}
