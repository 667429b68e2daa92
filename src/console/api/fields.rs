//! Fields of a body that come as a form sends them, all texts, or as a script sends them, with their types.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum YesForm {
    Bool(bool),
    Text(String),
}

/// `true`, or the text of a checked box.
pub(super) fn yes<'de, D: Deserializer<'de>>(json: D) -> Result<bool, D::Error> {
    Ok(match YesForm::deserialize(json)? {
        YesForm::Bool(is_yes) => is_yes,
        YesForm::Text(text) => matches!(text.as_str(), "true" | "on" | "1"),
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberForm {
    Number(i64),
    Text(String),
}

/// A number, or its digits; an empty text is none.
pub(super) fn number<'de, D: Deserializer<'de>>(json: D) -> Result<Option<i64>, D::Error> {
    match Option::<NumberForm>::deserialize(json)? {
        None => Ok(None),
        Some(NumberForm::Number(number)) => Ok(Some(number)),
        Some(NumberForm::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(NumberForm::Text(text)) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| serde::de::Error::custom("a number is expected")),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ListForm {
    List(Vec<String>),
    Text(String),
}

/// A list of texts, or one text; empty texts are left out. A form sends an empty one, so that "none" is not "unchanged".
pub(super) fn list<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<String>>, D::Error> {
    let list = match Option::<ListForm>::deserialize(json)? {
        None => return Ok(None),
        Some(ListForm::List(list)) => list,
        Some(ListForm::Text(text)) => vec![text],
    };
    let trimmed = list.iter().map(|text| text.trim());
    let said = trimmed.filter(|text| !text.is_empty());
    Ok(Some(said.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Body {
        #[serde(deserialize_with = "yes")]
        all: bool,
        #[serde(deserialize_with = "number")]
        most: Option<i64>,
        #[serde(deserialize_with = "list")]
        teams: Option<Vec<String>>,
    }

    #[test]
    fn a_form_and_a_script_say_the_same() {
        let read = |json: &str| serde_json::from_str::<Body>(json).ok();
        let wanted = Body {
            all: true,
            most: Some(8),
            teams: Some(vec!["sales".to_owned()]),
        };
        for json in [
            r#"{"all":true,"most":8,"teams":["sales"]}"#,
            r#"{"all":"true","most":" 8","teams":["","sales"]}"#,
            r#"{"all":"on","most":"8","teams":"sales"}"#,
        ] {
            assert_eq!(read(json).as_ref(), Some(&wanted), "{json}");
        }
        let none = Body {
            teams: Some(Vec::new()),
            ..Body::default()
        };
        assert_eq!(read(r#"{"teams":"","most":""}"#), Some(none));
        assert_eq!(read(r#"{"teams":null,"most":null}"#), Some(Body::default()));
        assert_eq!(read(r#"{"most":"many"}"#), None);
    }
}
