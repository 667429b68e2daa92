//! Turns a reply into a request to WAHA and into a history entry.

use std::path::Path;

use serde::Serialize;

use crate::clock::Millis;
use crate::flow::{MediaKind, MediaSource};
use crate::flows::media_files;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::Reply;
use crate::waha::client::{Client, File, FileContent, SendAs, SendError, SentMessage};
use crate::waha::message::{Author, Direction, Kind, Media, Message};

/// Why a reply was not sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// Its file can't be read, for this reason.
    File(String),
    /// WAHA did not send it.
    Waha(SendError),
}

/// Sends a reply. If its file is on our disk, it is read first. Blocks.
pub(crate) fn send(
    client: &Client,
    session: &SessionName,
    chat: &ChatId,
    reply: &Reply,
    id: Option<&MessageId>,
) -> Result<SentMessage, Unsent> {
    let Some(media) = &reply.media else {
        let sent = client.send_text(session, chat, &reply.text, id);
        return sent.map_err(Unsent::Waha);
    };
    let data;
    let content = match &media.source {
        MediaSource::Url(url) => FileContent::Url(url),
        MediaSource::Path(path) => {
            data = media_files::read(Path::new(path)).map_err(|why| {
                Unsent::File(format!(
                    "the file {path} {why}; put it there, on each machine that sends, and repeat this with `waha-sm dead retry`"
                ))
            })?;
            FileContent::Data(&data)
        }
    };
    let file = File {
        mimetype: &media.mimetype,
        filename: media.filename.as_deref(),
        content,
    };
    let kind = match media.kind {
        MediaKind::Image => SendAs::Image,
        MediaKind::File => SendAs::File,
        MediaKind::Voice => SendAs::Voice,
        MediaKind::Video => SendAs::Video,
    };
    client
        .send_media(session, chat, kind, file, &reply.text)
        .map_err(Unsent::Waha)
}

/// Whether sending the reply reads a file from our disk.
pub(crate) fn reads_a_file(reply: &Reply) -> bool {
    let source = reply.media.as_ref().map(|media| &media.source);
    matches!(source, Some(MediaSource::Path(_)))
}

/// The reply as a history entry, in JSON.
pub(crate) fn history(chat: &ChatId, reply: &Reply, id: Option<MessageId>, now: Millis) -> String {
    let (kind, media) = match &reply.media {
        None => (Kind::Text, None),
        Some(media) => {
            let (url, path) = match &media.source {
                MediaSource::Url(url) => (Some(url.clone()), None),
                MediaSource::Path(path) => (None, Path::new(path).file_name()),
            };
            let kind = match media.kind {
                MediaKind::Image => Kind::Image,
                MediaKind::File => Kind::Document,
                MediaKind::Voice => Kind::Voice,
                MediaKind::Video => Kind::Video,
            };
            let name = path.map(|name| name.to_string_lossy().into_owned());
            let media = Media {
                url,
                mimetype: Some(media.mimetype.clone()),
                filename: media.filename.clone().or(name),
                error: None,
            };
            (kind, Some(media))
        }
    };
    let message = Message {
        chat: chat.clone(),
        id,
        direction: Direction::Outbound,
        author: match &reply.by {
            Some(_) => Author::Agent,
            None => Author::Bot,
        },
        kind,
        text: reply.text.clone(),
        media,
        location: None,
        contacts: Vec::new(),
        quoted: None,
        name: None,
        other_id: None,
        sent_at: now,
        received_at: reply.queued_at,
        reply_id: Some(reply.id.clone()),
        ahead: std::time::Duration::ZERO,
    };
    let recorded = RecordedReply {
        message,
        by: reply.by.as_deref(),
    };
    // This can't fail: serde_json can always write a plain structure with text keys.
    serde_json::to_string(&recorded).unwrap_or_default()
}

/// A message of ours, and the agent who said it.
#[derive(Serialize)]
struct RecordedReply<'a> {
    #[serde(flatten)]
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
}
