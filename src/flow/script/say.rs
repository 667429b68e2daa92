//! What a step says: texts and files, rendered for one customer.

use std::path::{Path, PathBuf};

use minijinja::Value;

use crate::flow::script::reply::{
    FlowMedia, FlowReply, MediaKind, MediaSource, file_name, last_part,
};
use crate::flow::script::templates::{Templates, TextId};

/// One message of a `say`.
#[derive(Debug)]
pub(crate) enum Saying {
    /// A text.
    Text(TextId),
    /// A file, with or without a caption.
    Media {
        kind: MediaKind,
        from: FileFrom,
        caption: Option<TextId>,
        filename: Option<TextId>,
    },
}

/// Where a file comes from.
#[derive(Debug)]
pub(crate) enum FileFrom {
    /// A web address. Customers' words only come after the host, and encoded.
    Url(TextId),
    /// A path as written in the flow file.
    Path(String),
}

/// A local file that a flow sends, and where the flow file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Absolute once the flow is [`Script::placed`].
    pub path: PathBuf,
    /// The path as written in the flow file.
    pub written: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Saying {
    /// Renders the message for one customer; `None` if there is nothing to send.
    pub(crate) fn fill_in(
        &self,
        templates: &Templates,
        directory: &Path,
        words: &Value,
    ) -> Result<Option<FlowReply>, minijinja::Error> {
        let render = |id: &TextId| templates.render(id, words.clone());
        let (kind, from, caption, filename) = match self {
            Saying::Text(text) => {
                let text = render(text)?;
                return Ok((!text.trim().is_empty()).then(|| FlowReply::text(text)));
            }
            Saying::Media {
                kind,
                from,
                caption,
                filename,
            } => (*kind, from, caption, filename),
        };
        let (source, name) = match from {
            FileFrom::Url(url) => {
                let url = render(url)?.trim().to_owned();
                (MediaSource::Url(url.clone()), url)
            }
            FileFrom::Path(path) => {
                let place = directory.join(path).to_string_lossy().into_owned();
                (MediaSource::Path(place), path.clone())
            }
        };
        let caption = caption.as_ref().map(render).transpose()?;
        let filename = match filename.as_ref().map(render).transpose()? {
            Some(filename) => file_name(&filename),
            // Only documents show their name.
            None if kind == MediaKind::File => file_name(last_part(&name)),
            None => None,
        };
        Ok(Some(FlowReply {
            text: caption
                .filter(|caption| !caption.trim().is_empty())
                .unwrap_or_default(),
            media: Some(FlowMedia {
                kind,
                mimetype: kind.mimetype(&name).to_owned(),
                source,
                filename,
            }),
        }))
    }
}
