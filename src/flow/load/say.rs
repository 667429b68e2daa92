//! Reads `say`: the texts and files that a step sends.

use std::path::PathBuf;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Item, Section, Written};
use crate::flow::script::reply::{MediaKind, last_part};
use crate::flow::script::say::{FileFrom, LocalFile, Saying};
use crate::flow::script::step::Step;
use crate::flow::script::templates::TextId;

const SAY_KEYS: [&str; 3] = ["say", "next", "end"];
const MEDIA_KEYS: [&str; 6] = ["image", "file", "voice", "video", "caption", "filename"];

impl Loader<'_> {
    /// Reads `say = ["Our menu:", { image = "https://shop.example/menu.jpg", caption = "Today" }]`.
    pub(crate) fn read_say(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &SAY_KEYS);
        let then = self.read_then(body, step, false);
        let items = self.reader.items(body, "say")?;
        if items.is_empty() {
            self.reader.note(
                &body.place_of("say"),
                format!("`say` in {} is empty; write what to say", body.name),
            );
        }
        let mut messages = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let key = format!("say.{}", number + 1);
            match item {
                Item::Text(text) => {
                    let id = TextId::of_step(step, &key);
                    self.compile(id.clone(), text, None, &body.name, "say");
                    messages.push(Saying::Text(id));
                }
                Item::Table(table) => messages.extend(self.read_media(table, step, &key)),
            }
        }
        then.map(|then| Step::Say { messages, then })
    }

    fn read_media(&mut self, table: &Section<'_>, step: &str, key: &str) -> Option<Saying> {
        self.reader.only(table, &MEDIA_KEYS);
        let kinds: Vec<MediaKind> = MediaKind::ALL
            .into_iter()
            .filter(|kind| table.has(kind.name()))
            .collect();
        let kind = match kinds[..] {
            [kind] => kind,
            [] => {
                let message = format!(
                    "a message in {} sends nothing; write {{ image = \"https://shop.example/menu.jpg\" }}, or `file`, `voice` or `video`",
                    table.name
                );
                self.reader.note(&table.place, message);
                return None;
            }
            [first, second, ..] => {
                let message = format!(
                    "a message in {} has both `{}` and `{}`; keep one, and write the other as a separate message",
                    table.name,
                    first.name(),
                    second.name()
                );
                self.reader.note(&table.place, message);
                return None;
            }
        };
        if kind == MediaKind::Voice && table.has("caption") {
            let message = format!(
                "a voice message has no caption; remove `caption` in {}, and send it as a text before or after",
                table.name
            );
            self.reader.note(&table.place_of("caption"), message);
        }
        let mut words = |field: &str| {
            let written = self.reader.text(table, field)?;
            let id = TextId::of_step(step, &format!("{key}.{field}"));
            self.compile(id.clone(), &written, None, &table.name, field);
            Some(id)
        };
        let (caption, filename) = (words("caption"), words("filename"));
        let written = self.reader.text(table, kind.name())?;
        Some(Saying::Media {
            kind,
            from: self.read_source(&written, kind, table, TextId::of_url(step, key))?,
            caption,
            filename,
        })
    }

    fn read_source(
        &mut self,
        written: &Written<'_>,
        kind: MediaKind,
        table: &Section<'_>,
        id: TextId,
    ) -> Option<FileFrom> {
        let text = written.text.trim();
        let (name, section) = (kind.name(), &table.name);
        let mistake = if text.is_empty() {
            Some(format!(
                "`{name}` in {section} is empty; write an address (https://...) or the path of a file"
            ))
        } else if text.contains("://") {
            bad_url(text).map(|why| format!("`{name}` in {section} {why}"))
        } else if has_template(text) {
            Some(format!(
                "`{name}` in {section} is the path of a file, which can't have {{{{ }}}} in it; {{{{ }}}} works only in addresses, after the host, like https://shop.example/{{{{ item }}}}.jpg"
            ))
        } else {
            None
        };
        if let Some(mistake) = mistake {
            self.reader.note(&written.place, mistake);
            return None;
        }
        let is_fixed = !has_template(last_part(text));
        if let Some(better) = kind.better(text).filter(|_| is_fixed) {
            let message = format!(
                "`{name}` in {section} can't be this file ({} takes {}); write {} = \"{text}\"",
                name,
                kind.ends(),
                better.name(),
            );
            self.reader.note(&written.place, message);
        }
        if text.contains("://") {
            self.compile(id.clone(), written, None, section, name);
            return Some(FileFrom::Url(id));
        }
        let (line, column) = self.reader.position(&written.place);
        self.files.push(LocalFile {
            path: PathBuf::from(text),
            written: text.to_owned(),
            line,
            column,
        });
        Some(FileFrom::Path(text.to_owned()))
    }
}

fn has_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// The mistake in an address, if any. Variables may come only after the host and a slash: a customer's words must never choose
/// the host that WAHA connects to.
fn bad_url(text: &str) -> Option<&'static str> {
    let Some(rest) = ["https://", "http://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| &text[scheme.len()..])
    }) else {
        return Some("is not an address that WAHA can fetch; write one with https:// or http://");
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if has_template(host) || (has_template(path) && !path.starts_with('/')) {
        return Some(
            "has {{ }} in its host; write the host without variables, and put them after it, like https://shop.example/{{ item }}.jpg",
        );
    }
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    if host.is_empty() || !host.chars().all(is_host) {
        return Some("has no valid host; write it like https://shop.example/menu.jpg");
    }
    if text.contains(char::is_whitespace) && !has_template(text) {
        return Some("has a space in it; write %20 instead");
    }
    None
}
