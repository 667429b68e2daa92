//! What a browser gets. Every answer has the security headers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;

/// Nothing from anywhere but here, no inline script or style, and HTML only through our one policy.
const POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
    require-trusted-types-for 'script'; trusted-types waha-sm";

/// An answer.
pub(super) type Answer = Response<AnswerBody>;

/// The body of an answer: all of it, or parts as they come.
pub(super) enum AnswerBody {
    Whole(Option<Bytes>),
    Parts(mpsc::Receiver<Bytes>),
    /// A file. If it breaks, the connection is closed, so that half of it is not taken for all of it.
    File(mpsc::Receiver<Result<Bytes, Broken>>),
}

/// A file ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file ended too early")]
pub(super) struct Broken;

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Parts(parts) => parts
                .poll_recv(context)
                .map(|part| part.map(|bytes| Ok(Frame::data(bytes)))),
            Self::File(parts) => parts
                .poll_recv(context)
                .map(|part| part.map(|bytes| bytes.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Parts(_) | Self::File(_) => SizeHint::default(),
        }
    }
}

/// An answer with a body of this type, which nobody keeps.
pub(super) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let body = AnswerBody::Whole(Some(body.into()));
    typed(status, content_type, body)
}

/// An answer in parts, which go out as they come.
pub(super) fn parts(content_type: &'static str, parts: mpsc::Receiver<Bytes>) -> Answer {
    typed(StatusCode::OK, content_type, AnswerBody::Parts(parts))
}

/// A file in parts.
pub(super) fn file_parts(
    status: StatusCode,
    content_type: &'static str,
    parts: mpsc::Receiver<Result<Bytes, Broken>>,
) -> Answer {
    typed(status, content_type, AnswerBody::File(parts))
}

fn typed(status: StatusCode, content_type: &'static str, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    with_header(&mut answer, CACHE_CONTROL, "no-store");
    answer
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Answer {
    answer(status, "text/html; charset=utf-8", page)
}

/// JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // Our objects have only text keys, so this can't fail; an empty object would be harmless.
    let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
    answer(status, "application/json", text)
}

/// Another page.
pub(super) fn see_other(place: &str) -> Answer {
    let mut answer = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    set_header(&mut answer, LOCATION, place);
    answer
}

/// Adds a header that we know.
pub(super) fn with_header(answer: &mut Answer, name: HeaderName, value: &'static str) {
    let headers = answer.headers_mut();
    headers.insert(name, HeaderValue::from_static(value));
}

/// Sets a header. A value that can't be one is left out.
pub(super) fn set_header(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
}

/// Adds the security headers, which every answer has. A policy that the answer has already is stricter.
pub(super) fn secure(answer: &mut Answer) {
    if !answer.headers().contains_key(CONTENT_SECURITY_POLICY) {
        with_header(answer, CONTENT_SECURITY_POLICY, POLICY);
    }
    with_header(answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    with_header(answer, X_FRAME_OPTIONS, "DENY");
    with_header(answer, REFERRER_POLICY, "same-origin");
    let name = HeaderName::from_static("cross-origin-opener-policy");
    with_header(answer, name, "same-origin");
    let name = HeaderName::from_static("cross-origin-resource-policy");
    with_header(answer, name, "same-origin");
}
