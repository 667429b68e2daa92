//! What changed, sent to the browsers that show it.
//!
//! A page is a list of sections with rows. The hub keeps what each open page shows. When something has changed, it reads the
//! line and the open chats again, compares, and sends the rows that differ. So what a browser shows is always what it would
//! get by loading the page again, whatever was lost on the way.

pub(super) mod hub;
mod shown;
mod stream;
mod subscribers;

pub(super) use hub::Hub;
pub(super) use shown::{Shown, ShownSection, shared_html};
pub(super) use stream::stream;
