//! The files that the fake WAHA has downloaded from customers, and how it serves them: well, or with something hostile.

use std::collections::HashMap;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Answer, say};

/// A file as it is served.
#[derive(Clone, Debug)]
pub struct Served {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content: Bytes,
}

impl Served {
    /// A file of this type.
    pub fn well(content_type: &str, content: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            content: content.into(),
        }
    }

    /// A redirect to this address.
    pub fn elsewhere(address: &str) -> Self {
        Self {
            status: 302,
            headers: vec![("location", address.to_owned())],
            content: Bytes::new(),
        }
    }
}

/// See the module documentation.
#[derive(Default)]
pub(super) struct Files {
    /// By session and name.
    files: HashMap<(String, String), Served>,
}

impl Files {
    pub(super) fn put(&mut self, session: &str, name: &str, file: Served) {
        self.files
            .insert((session.to_owned(), name.to_owned()), file);
    }

    /// As WAHA does after 180 s.
    pub(super) fn delete_all(&mut self) {
        self.files.clear();
    }

    /// The answer to a path below `/api/files/`.
    pub(super) fn answer(&self, path: &str) -> Answer {
        let (session, name) = path.split_once('/').unwrap_or((path, ""));
        let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
        match self.files.get(&(session.to_owned(), name)) {
            Some(file) => Some((file.status, file.content.clone(), file.headers.clone())),
            None => say(
                404,
                &json!({"error": {"code": 404, "key": "FILE_NOT_FOUND", "message": "File not found", "details": path}}),
            ),
        }
    }
}
