//! Why a request to the API is not done.

use hyper::StatusCode;

use crate::console::answer::{Answer, json};
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::CommonTexts;
use crate::console::who::Who;

/// It is for owners.
pub(super) fn owners_only(who: &Who) -> Answer {
    refused(
        StatusCode::FORBIDDEN,
        CommonTexts::of(who.language).owners_only,
    )
}

/// It is not done; the message says why.
pub(super) fn refused(status: StatusCode, message: &str) -> Answer {
    json(
        status,
        &serde_json::json!({"result": "refused", "message": message}),
    )
}

/// There is no such thing.
pub(super) fn unknown(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    state.not_found(request, Some(who))
}

/// The body is not what the action needs.
pub(super) fn bad_request(message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, message)
}
