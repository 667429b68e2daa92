//! The setting for the owner's notices.

use super::reader::{SettingsReader, set};
use crate::ids::{NOTIFY_CHAT_LIKE, NotifyChat};
use crate::settings::OwnerSettings;

/// The chat where the owner gets notices, if it is set.
pub(super) fn read(reader: &mut SettingsReader, settings: &OwnerSettings) -> Option<NotifyChat> {
    let value = set(settings.notify_chat.as_ref())?;
    let chat = value.parse().ok();
    if chat.is_none() {
        reader.mistake("NOTIFY_CHAT", &format!("is {value:?}: {NOTIFY_CHAT_LIKE}"));
    }
    chat
}
