//! The lanes to WAHA: replies leave in order, and a reply in doubt is settled before the next one is sent.
//!
//! | file | what it does |
//! |---|---|
//! | [`sender`] | takes lanes that are due and starts a delivery for each; asks whether a paused session works again |
//! | `delivery` | sends the replies of one lane, one after the other, and settles each |
//! | `retry` | when a reply is tried again, and when it is given up |
//! | `doubt` | finds out whether an attempt succeeded if its answer was lost |
//! | `known_troubles` | troubles that are logged once for each session, until they end |
//! | `message_ids` | message ids that WAHA gives before the message is sent |
//! | `reply_content` | turns a reply into a request to WAHA and into a history entry |
//! | `request_threads` | the threads on which requests to WAHA run |
//! | `typing` | marks the chat as read and shows typing, as a person would |
//! | `waha_call` | one request to WAHA, on one of these threads |
//! | [`send_config`], [`send_context`] | the settings for sending, and what all deliveries share |

mod delivery;
mod doubt;
mod known_troubles;
mod message_ids;
mod reply_content;
mod request_threads;
mod retry;
pub mod send_config;
pub mod send_context;
pub mod sender;
mod typing;
mod waha_call;
