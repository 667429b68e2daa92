//! What a customer wrote in a message, without what a program or a quote adds: a help desk's signature, a mail footer.

use crate::flow::words::fold::fold;

/// In a longer message no line is an answer by itself.
const LINES_MAX: usize = 40;

const FOOTERS: [&str; 12] = [
    "enviado do meu",
    "enviado pelo meu",
    "enviado via",
    "enviado a partir do",
    "enviada do meu",
    "enviado desde mi",
    "enviado con",
    "sent from my",
    "sent via",
    "get outlook",
    "obter o outlook",
    "obtener outlook",
];

/// The lines of a message that are the customer's own words. If no line is, all of them.
pub(crate) fn own_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let own: Vec<&str> = (0..)
        .zip(&lines)
        .filter(|(place, line)| {
            !(line.starts_with('>') || is_footer(line) || *place == 0 && is_signature(line))
        })
        .map(|(_, line)| *line)
        .collect();
    match own.as_slice() {
        [] => lines,
        [line] => vec![after_signature(line)],
        _ => own,
    }
}

/// The line without a signature at its beginning: "*Bia:* 1".
fn after_signature(line: &str) -> &str {
    let ends = [":* ", "*: "];
    let split = ends.iter().find_map(|end| {
        let (name, rest) = line.strip_prefix('*')?.split_once(end)?;
        let is_name = name.chars().count() <= 60 && !name.contains(|c: char| c.is_ascii_digit());
        (is_name && !rest.trim().is_empty()).then_some(rest.trim())
    });
    split.unwrap_or(line)
}

/// The lines that may each be an answer by itself; none if there is only one, or very many.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let lines = own_lines(text);
    if (2..=LINES_MAX).contains(&lines.len()) {
        lines
    } else {
        Vec::new()
    }
}

/// The name that a help desk puts above each message of an employee, in bold: "*Bia - Compras:*".
fn is_signature(line: &str) -> bool {
    let bold = line.strip_prefix('*').or_else(|| line.strip_prefix('_'));
    let name = bold.and_then(|rest| {
        let ends = [":*", "*:", ":_", "_:", ":*_", "*_:"];
        ends.iter().find_map(|end| rest.strip_suffix(end))
    });
    name.is_some_and(|name| !name.is_empty() && name.chars().count() <= 60)
}

fn is_footer(line: &str) -> bool {
    let folded = fold(line);
    FOOTERS.iter().any(|footer| folded.starts_with(footer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_quotes_and_footers_are_not_the_customers_words() {
        for (text, own) in [
            ("*Bia - Compras:*\n1", &["1"][..]),
            ("*Bia*:\n1", &["1"]),
            ("1\n\nEnviado do meu iPhone", &["1"]),
            ("> 1 - Marcar\n2", &["2"]),
            ("> 5", &["> 5"]),
            ("*Bia:*", &["*Bia:*"]),
            ("*Bia - Compras:* 1", &["1"]),
            ("*Opção 2:* a 1", &["*Opção 2:* a 1"]),
            ("Bom dia\n2", &["Bom dia", "2"]),
            ("", &[]),
        ] {
            assert_eq!(own_lines(text), own, "{text:?}");
        }
        assert!(pieces("1").is_empty() && pieces(&"1\n".repeat(41)).is_empty());
    }
}
