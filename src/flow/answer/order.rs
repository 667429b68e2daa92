//! An order from the shop's catalogue, in the flow's language.

use crate::flow::words::locale::Locale;

/// What an order says ("3 items: Loja Exemplo, BRL 45.00"), with the number of items in this language.
pub(crate) fn order(text: &str, locale: Locale) -> String {
    let (one, many) = match locale {
        Locale::En => return text.to_owned(),
        Locale::PtBr => ("item", "itens"),
        Locale::Es => ("artículo", "artículos"),
    };
    let count_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let (count, rest) = text.split_at(count_end);
    match (
        count,
        rest.strip_prefix(" items"),
        rest.strip_prefix(" item"),
    ) {
        ("", ..) => text.to_owned(),
        (count, Some(rest), _) => format!("{count} {many}{rest}"),
        (count, None, Some(rest)) => format!("{count} {one}{rest}"),
        (_, None, None) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_items_is_said_in_the_flows_language() {
        for (locale, text, wanted) in [
            (Locale::En, "3 items: Loja", "3 items: Loja"),
            (Locale::PtBr, "3 items: Loja", "3 itens: Loja"),
            (Locale::PtBr, "1 item: Loja", "1 item: Loja"),
            (Locale::Es, "12 items", "12 artículos"),
            (Locale::Es, "1 item, BRL 5.00", "1 artículo, BRL 5.00"),
            (Locale::PtBr, "Loja: 3 items", "Loja: 3 items"),
            (Locale::PtBr, "[order]", "[order]"),
            (Locale::PtBr, "3", "3"),
            (Locale::PtBr, "", ""),
        ] {
            assert_eq!(order(text, locale), wanted, "{text}");
        }
    }
}
