use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::constraint::{is_base64, is_date, is_date_time, is_uuid};
use crate::{Path, Validate, Violations};

/// A text that isn't what its type asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidText(Violations);

impl InvalidText {
    /// What it breaks.
    #[must_use]
    pub fn violations(&self) -> &Violations {
        &self.0
    }
}

impl From<Violations> for InvalidText {
    fn from(violations: Violations) -> Self {
        Self(violations)
    }
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for InvalidText {}

/// What every checked text (`struct X(String)`) implements alike, given `Validate`.
///
/// Decoding takes any text, so that a client survives a server that is wrong; `FromStr` and `Validate` don't.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked_text {
    ($ty:ident) => {
        impl $ty {
            /// The text as it stands, without a check.
            #[must_use]
            pub fn unchecked(text: impl ::core::convert::Into<::std::string::String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::core::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::core::str::FromStr for $ty {
            type Err = $crate::InvalidText;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                <Self as ::core::convert::TryFrom<::std::string::String>>::try_from(
                    ::std::string::String::from(text),
                )
            }
        }

        impl ::core::convert::TryFrom<::std::string::String> for $ty {
            type Error = $crate::InvalidText;

            fn try_from(text: ::std::string::String) -> ::core::result::Result<Self, Self::Error> {
                let text = Self(text);
                $crate::Validate::check(&text)?;
                ::core::result::Result::Ok(text)
            }
        }

        impl ::core::convert::From<$ty> for ::std::string::String {
            fn from(text: $ty) -> Self {
                text.0
            }
        }

        impl ::core::convert::AsRef<str> for $ty {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl $crate::Json for $ty {
            fn read(node: $crate::json::Node<'_>) -> ::core::result::Result<Self, $crate::json::Refusal> {
                node.text().map(|text| Self(::std::string::String::from(text)))
            }

            fn write(&self, out: &mut $crate::json::Writer<'_>) {
                out.text(&self.0);
            }
        }

        $crate::__private::serde_by_json!($ty);

        impl $crate::Scalar for $ty {}

        impl $crate::constraint::Checked for $ty {
            fn check(
                &self,
                constraints: &$crate::constraint::Constraints<'_>,
                path: &$crate::Path<'_>,
                violations: &mut $crate::Violations,
            ) {
                $crate::constraint::Checked::check(self.0.as_str(), constraints, path, violations);
            }
        }
    };
}

pub use __checked_text as checked_text;

macro_rules! format {
    ($(#[$doc:meta])* $ty:ident, $check:ident, $message:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $ty(String);

        impl Validate for $ty {
            fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
                if !$check(&self.0) {
                    violations.add(path, "format", || $message.to_owned());
                }
            }
        }

        checked_text!($ty);
    };
}

format! {
    /// A calendar date, `2024-02-29`, with the spelling that it came with.
    Date, is_date, "must be a date such as `2024-02-29`"
}

format! {
    /// A point in time, RFC 3339, with the spelling that it came with: precision and zone survive.
    DateTime, is_date_time, "must be a date and time such as `2024-02-29T12:00:00Z`"
}

format! {
    /// A UUID with the spelling that it came with.
    Uuid, is_uuid, "must be a UUID such as `67e55044-10b1-426f-9247-bb680e5fe0c8`"
}

format! {
    /// Octets as base64 text.
    Base64, is_base64, "must be base64 with padding"
}

impl Base64 {
    /// The text for these octets.
    #[must_use]
    pub fn encode(octets: &[u8]) -> Self {
        Self(STANDARD.encode(octets))
    }

    /// The octets.
    ///
    /// # Errors
    /// If the text isn't base64.
    pub fn decode(&self) -> Result<Vec<u8>, InvalidText> {
        STANDARD.decode(&self.0).map_err(|error| {
            let mut violations = Violations::default();
            violations.add(&Path::ROOT, "format", || error.to_string());
            InvalidText(violations)
        })
    }
}
