use crate::{Json, Path, Validate, Violations};

/// The value of a member that may be null; used where absent and null mean different things, as
/// `Option<Nullable<T>>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nullable<T> {
    /// `null`.
    #[default]
    Null,
    /// Anything else.
    Value(T),
}

impl<T> Nullable<T> {
    /// The value, unless it is null.
    pub fn into_option(self) -> Option<T> {
        self.into()
    }

    /// A reference to the value, unless it is null.
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Nullable<T>> for Option<T> {
    fn from(value: Nullable<T>) -> Self {
        match value {
            Nullable::Null => None,
            Nullable::Value(value) => Some(value),
        }
    }
}

impl<T: Json> serde::Serialize for Nullable<T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        crate::json::serialize(self, to)
    }
}

impl<'de, T: Json> serde::Deserialize<'de> for Nullable<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::json::deserialize(from)
    }
}

impl<T: Validate> Validate for Nullable<T> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        if let Self::Value(value) = self {
            value.validate(path, violations);
        }
    }
}
