//! What all names and ids share: they are compared, printed and stored as their text.

/// Implements what every name and id needs, for a tuple struct over `Arc<str>`. JSON has the bare text, as before these
/// types existed. `Deserialize` is only for types that may be read from JSON without a check.
macro_rules! shared_text {
    ($name:ident) => {
        impl $name {
            /// From text in Redis, SQLite or the data directory. It was checked before it was stored.
            #[must_use]
            pub fn stored(text: impl Into<std::sync::Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The bare text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// Equal texts are equal names, with the same hash and order.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
    ($name:ident, deserialize) => {
        $crate::ids::text::shared_text!($name);

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = $crate::ids::text::Text::deserialize(deserializer)?;
                Ok(Self(std::sync::Arc::from(&*text.0)))
            }
        }
    };
}

pub(super) use shared_text;

/// A JSON text, borrowed if it has no escapes.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) std::borrow::Cow<'a, str>);
