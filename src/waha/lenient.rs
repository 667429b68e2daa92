//! Reads JSON tolerantly: a value of an unexpected type counts as absent.
//!
//! A struct declared with [`lenient!`] reads the keys that it knows from an object, in one pass and mostly without allocating.
//! It skips unknown keys at any depth. The last of duplicate keys wins. A value of another type leaves the field empty.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Any value, not parsed yet; empty if the key is absent.
///
/// Everything else here starts from it: serde_json skips a raw value without recursion and without checking numbers, so depth
/// and size can't make it fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raw<'a>(Option<&'a RawValue>);

impl<'a> Raw<'a> {
    /// This value if it is a string, borrowed unless it has escapes.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let json = self.0?.get();
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inner));
        }
        serde_json::from_str(json).ok().map(Cow::Owned)
    }

    /// This value if it is a number, or a number written as a string.
    pub(super) fn number(self) -> Option<f64> {
        let text = match self.text() {
            Some(text) => text,
            None => Cow::Borrowed(self.0?.get()),
        };
        text.trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// Whether the key is there and not null.
    pub(super) fn is_present(self) -> bool {
        self.0.is_some_and(|raw| raw.get() != "null")
    }

    /// This value if it is a boolean.
    pub(super) fn flag(self) -> Option<bool> {
        match self.0?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Whether this value is an object.
    pub(super) fn is_object(self) -> bool {
        self.0.is_some_and(|raw| raw.get().starts_with('{'))
    }

    /// The keys of this object and their values that are not null; empty if this is not an object.
    pub(super) fn entries(self) -> Vec<(Cow<'a, str>, Raw<'a>)> {
        self.read::<Entries<'a>>().0
    }

    /// The elements of this array; empty if this is not an array.
    pub(super) fn elements(self) -> Vec<Raw<'a>> {
        self.0
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    /// The value at the end of a path of keys. Capitals don't matter, because engines write some keys differently
    /// (`paramsJson` and `paramsJSON`).
    pub(super) fn at(self, path: &[&str]) -> Self {
        path.iter().fold(self, |value, name| {
            (value.entries().into_iter())
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
                .unwrap_or_default()
        })
    }

    /// This value as one of the lenient structs, with empty fields if it is not an object.
    pub(super) fn read<T: Deserialize<'a> + Default>(self) -> T {
        self.0
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

/// The strings in an array; other values are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Self>(PhantomData))
    }
}

impl<'de> Collect<'de> for Texts {
    fn from_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(raw) = seq.next_element::<Raw<'de>>()? {
            texts.extend(raw.text().map(Cow::into_owned));
        }
        Ok(Self(texts))
    }
}

/// The keys of an object and their values, except nulls.
#[derive(Debug, Default)]
struct Entries<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Entries<'de>>(PhantomData))
    }
}

impl<'de> Collect<'de> for Entries<'de> {
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Key<'de>, Raw<'de>>()? {
            if value.is_present() {
                entries.push((key.0, value));
            }
        }
        Ok(Self(entries))
    }
}

/// How a type is read from an object or an array. Any other value is skipped.
pub(super) trait Collect<'de>: Default {
    /// Reads the type from an object.
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// Reads the type from an array.
    fn from_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// A visitor that accepts every JSON value and looks only into objects and arrays.
pub(super) struct Shape<T>(pub(super) PhantomData<T>);

impl<'de, T: Collect<'de>> Visitor<'de> for Shape<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::from_seq(seq)
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

/// A key of an object, borrowed unless it has escapes.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Declares structs, and the JSON keys that each field is read from. A field's type is [`Raw`], [`Texts`] or another such
/// struct.
macro_rules! lenient {
    ($($(#[$attribute:meta])* struct $name:ident {
        $($(#[$field_attribute:meta])* $($key:literal)|+ => $field:ident: $type:ty,)+
    })+) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, Default)]
        pub(super) struct $name<'a> {
            $($(#[$field_attribute])* pub(super) $field: $type,)+
            lifetime: ::std::marker::PhantomData<&'a ()>,
        }

        impl<'de> $crate::waha::lenient::Collect<'de> for $name<'de> {
            fn from_map<A: ::serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                let mut read = Self::default();
                while let Some(key) = map.next_key::<$crate::waha::lenient::Key<'de>>()? {
                    match key.0.as_ref() {
                        $($($key)|+ => read.$field = map.next_value()?,)+
                        _ => {
                            map.next_value::<::serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(read)
            }
        }

        impl<'de: 'a, 'a> ::serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any($crate::waha::lenient::Shape::<$name<'de>>(
                    ::std::marker::PhantomData,
                ))
            }
        }
    )+};
}

pub(super) use lenient;
