//! A person's data as a file: a zip with all of it as JSON, for programs, and as a page that people read and print.
//!
//! The page is made by minijinja, which flows use already; maud is the console's.

use std::io::{self, Cursor, Write};

use minijinja::{AutoEscape, Environment};
use serde_json::{Value, json};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::page_texts::PageTexts;
use super::persons::PersonData;
use crate::clock::Millis;
use crate::flow::Script;

const PAGE: &str = include_str!("page.html");

/// Why the file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PersonZipError {
    /// The page.
    #[error("the page of a person's data could not be made")]
    Page(#[from] minijinja::Error),
    /// The JSON.
    #[error("a person's data could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The zip.
    #[error("the zip of a person's data could not be written")]
    Zip(#[from] zip::result::ZipError),
    /// The same.
    #[error("the zip of a person's data could not be written")]
    Write(#[from] io::Error),
}

/// The zip: `person.json` and `person.html`, in the language and the time zone of the flow. `now`: when it was exported.
///
/// # Errors
/// See [`PersonZipError`].
pub fn person_zip(
    data: &PersonData,
    script: &Script,
    now: Millis,
) -> Result<Vec<u8>, PersonZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(0o600);
    zip.start_file("person.json", options)?;
    serde_json::to_writer_pretty(&mut zip, data)?;
    zip.start_file("person.html", options)?;
    zip.write_all(person_page(data, script, now)?.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

/// The page. Everything in it is escaped: names and messages may be anything.
fn person_page(data: &PersonData, script: &Script, now: Millis) -> Result<String, PersonZipError> {
    let texts = PageTexts::of(script.locale());
    let moment = |at: Millis| script.local(at).strftime("%Y-%m-%d %H:%M").to_string();
    let messages: Vec<Value> = data
        .messages
        .iter()
        .map(|one| {
            json!({
                "at": moment(one.at),
                "theirs": one.direction == "inbound",
                "who": match one.author.as_str() {
                    "customer" => one.name.clone().unwrap_or_else(|| texts.customer.to_owned()),
                    "agent" => one.by.clone().unwrap_or_else(|| texts.agent.to_owned()),
                    "phone" => texts.phone.to_owned(),
                    _ => texts.bot.to_owned(),
                },
                "text": one.text,
                "first_text": one.first_text,
                "what": shown_content(one.kind.as_str(), one.media.as_ref(), one.location.as_ref(), one.contacts.as_ref()),
                "withdrawn": one.revoked_at.map(moment),
                "failed": one.failed,
                "reactions": one.reactions.iter().map(|reaction| reaction.text.clone()).collect::<Vec<_>>().join(" "),
            })
        })
        .collect();
    let conversations: Vec<Value> = data
        .conversations
        .iter()
        .map(|one| {
            json!({
                "from": one.began().map(moment),
                "to": one.closed_at.map(moment),
                "outcome": one.outcome,
                "team": one.team,
                "holder": one.holder,
                "rating": one.rating,
                "variables": pairs(one.variables.as_ref()),
                "notes": one.events.iter().filter(|event| !event.text.as_deref().unwrap_or_default().is_empty())
                    .map(|event| json!({"at": moment(event.at), "by": event.by, "text": event.text})).collect::<Vec<_>>(),
            })
        })
        .collect();
    let remembered: Vec<Value> = data
        .remembered
        .iter()
        .map(|one| {
            json!({
                "session": one.session,
                "last_at": one.last_at.map(moment),
                "variables": pairs(one.variables.as_ref()),
            })
        })
        .collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE)?;
    let chats: Vec<String> = data
        .chats
        .iter()
        .map(|chat| match chat.as_str().split_once('@') {
            Some((number, "c.us")) => format!("+{number}"),
            _ => chat.to_string(),
        })
        .collect();
    let values = json!({
        "t": texts.all(),
        "lang": script.locale().as_str(),
        "exported": moment(now),
        "chats": chats,
        "messages": messages,
        "conversations": conversations,
        "remembered": remembered,
        "waiting": [
            (texts.unread, texts_of(&data.unread)),
            (texts.unsent, texts_of(&data.unsent)),
            (texts.dead, texts_of(&data.dead)),
        ],
    });
    Ok(environment
        .get_template("page")?
        .render(minijinja::value::Serde(&values))?)
}

/// What there is besides the words.
fn shown_content(
    kind: &str,
    media: Option<&Value>,
    location: Option<&Value>,
    contacts: Option<&Value>,
) -> Vec<String> {
    let mut all = Vec::new();
    if kind != "text" {
        all.push(kind.to_owned());
    }
    let field = |value: Option<&Value>, name: &str| {
        let text = value?.get(name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    all.extend(field(media, "filename"));
    if let Some(place) = location {
        all.extend(["latitude", "longitude"].map(|name| {
            place
                .get(name)
                .map_or_else(String::new, ToString::to_string)
        }));
        all.extend(field(location, "name"));
        all.extend(field(location, "address"));
    }
    if let Some(contacts) = contacts {
        all.push(contacts.to_string());
    }
    all
}

/// The variables of a flow, as texts.
fn pairs(variables: Option<&Value>) -> Vec<(String, String)> {
    let variables = variables.and_then(Value::as_object).into_iter().flatten();
    variables
        .map(|(name, value)| {
            (
                name.clone(),
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect()
}

fn texts_of(replies: &[Value]) -> Vec<String> {
    let text = |one: &Value| one.get("text").and_then(Value::as_str).map(str::to_owned);
    replies
        .iter()
        .map(|one| text(one).unwrap_or_else(|| one.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Locale;

    #[test]
    fn the_page_shows_everything_and_no_name_or_message_becomes_markup() {
        let hostile = "<script>alert('x')</script> &amp; \"quoted\"";
        let message = json!({"session": "default", "text": hostile});
        let data = PersonData {
            chats: vec![crate::ids::ChatId::stored("5511999990000@c.us")],
            messages: Vec::new(),
            conversations: Vec::new(),
            remembered: vec![crate::store::Remembered {
                session: crate::ids::SessionName::stored("default"),
                chat: crate::ids::ChatId::stored("5511999990000@c.us"),
                variables: Some(json!({"name": hostile, "count": 3})),
                last_at: Some(Millis::new(1_789_900_801_123)),
                last_outcome: None,
            }],
            unread: vec![message.clone()],
            unsent: vec![message],
            dead: Vec::new(),
        };
        for locale in Locale::ALL {
            let script = Script::load(
                "start = \"a\"\n[step.a]\nsay = \"hi\"\nend = \"done\"\n",
                locale,
            )
            .unwrap();
            let page = person_page(&data, &script, Millis::new(1_789_900_801_123)).unwrap();
            assert!(
                page.contains("+5511999990000") && page.contains("&lt;script&gt;"),
                "{page}"
            );
            assert!(!page.contains("<script"), "{page}");
            let zip = person_zip(&data, &script, Millis::new(1_789_900_801_123)).unwrap();
            assert_eq!(
                zip,
                person_zip(&data, &script, Millis::new(1_789_900_801_123)).unwrap()
            );
        }
    }
}
