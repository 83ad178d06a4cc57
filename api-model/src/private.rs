//! What generated code calls and nobody else should: not covered by any promise.

pub use serde;
pub use serde_json;

pub use crate::enumeration::open_enum;
pub use crate::text::checked_text;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::{InvalidText, Path, Scalar, Validate, Violations};

/// Reads a text without keeping it longer than `make` looks at it.
pub fn read_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    make: impl FnOnce(&str) -> T,
) -> Result<T, D::Error> {
    struct Text<T, F>(F, PhantomData<T>);

    impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Text<T, F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }

    deserializer.deserialize_str(Text(make, PhantomData))
}

/// Reads a member that is there, so that its null isn't taken for its absence.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A union's value, read as a whole because its discriminator may come last.
pub struct Tagged(serde_json::Value);

impl Tagged {
    /// Reads the value.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(Self)
    }

    /// The discriminating member, if it is a text.
    pub fn tag(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    /// The value as the variant that the discriminator chose.
    pub fn decode<T: DeserializeOwned, E: Error>(self) -> Result<T, E> {
        T::deserialize(self.0).map_err(E::custom)
    }

    /// The refusal of a value whose discriminator chooses no variant.
    pub fn unknown<E: Error>(&self, member: &str) -> E {
        match self.tag(member) {
            Some(tag) => E::custom(format_args!("no variant for the value `{tag}` of `{member}`")),
            None => E::custom(format_args!("`{member}` is missing or not a text")),
        }
    }
}

/// Writes an object with its discriminator, which it may leave out itself.
pub fn write_tagged<T: Serialize, S: Serializer>(
    member: &'static str,
    tag: &'static str,
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(value).map_err(S::Error::custom)?;
    if let Some(members) = value.as_object_mut() {
        members.entry(member).or_insert_with(|| tag.into());
    }
    value.serialize(serializer)
}

/// A text as one variant of a union: it must be valid, so that an open enumeration doesn't take everything.
pub fn attempt<T: Scalar + Validate>(text: &str) -> Option<T> {
    text.parse().ok().filter(|value: &T| value.check().is_ok())
}

/// The refusal of a text that no variant of a union takes.
pub fn no_variant() -> InvalidText {
    let mut violations = Violations::default();
    violations.add(&Path::ROOT, "oneOf", || "must be a value of one of the variants".to_owned());
    violations.into()
}
