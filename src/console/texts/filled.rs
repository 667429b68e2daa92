//! Texts with places for values.

/// Puts values in the place of each `{}`, in order.
pub(in crate::console) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut values = values.iter();
    for (number, part) in text.split("{}").enumerate() {
        if number > 0 {
            filled.push_str(values.next().copied().unwrap_or_default());
        }
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_into_a_text_in_order_and_as_they_are() {
        assert_eq!(fill("{} has {}", &["ana", "{}"]), "ana has {}");
        assert_eq!(fill("nothing", &["x"]), "nothing");
    }
}
