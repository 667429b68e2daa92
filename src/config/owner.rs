//! The setting for the owner's notices.

use super::reader::{SettingsReader, set};
use crate::service::owner::notify_chat::NotifyChat;
use crate::settings::OwnerSettings;

/// The chat where the owner gets notices, if it is set.
pub(super) fn read(reader: &mut SettingsReader, settings: &OwnerSettings) -> Option<NotifyChat> {
    let value = set(settings.notify_chat.as_ref())?;
    let chat = value.parse().ok();
    if chat.is_none() {
        reader.mistake(
            "NOTIFY_CHAT",
            &format!(
                "is {value:?}: write a phone number with its country code (5511999990000), a chat id (...@c.us, ...@lid) or a \
                 group (...@g.us); to send through a certain session, write shop/5511999990000"
            ),
        );
    }
    chat
}
