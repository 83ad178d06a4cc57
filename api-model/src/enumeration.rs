/// An enumeration of strings that is open: values that the document doesn't list survive in it.
///
/// `From<&str>` never fails; [`Validate`](crate::Validate) reports unlisted values, which is how servers refuse them.
pub trait StringEnum: Sized + Clone + for<'a> From<&'a str> + 'static {
    /// The values that the document lists, in its order.
    const ALL: &'static [Self];

    /// The value as it stands on the wire.
    fn as_str(&self) -> &str;

    /// Whether the document lists the value.
    fn is_listed(&self) -> bool;

    /// The listed value that differs from the text at most in the case of ASCII letters, or else an unlisted one.
    #[must_use]
    fn from_ignoring_case(text: &str) -> Self {
        match Self::ALL.iter().find(|known| known.as_str().eq_ignore_ascii_case(text)) {
            Some(known) => known.clone(),
            None => Self::from(text),
        }
    }
}

/// What every open enumeration implements alike, given `ALL`, `as_str`, `From<&str>` and the variant for unlisted values.
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum {
    ($ty:ident, $unlisted:ident) => {
        impl $crate::StringEnum for $ty {
            const ALL: &'static [Self] = <$ty>::ALL;

            fn as_str(&self) -> &str {
                <$ty>::as_str(self)
            }

            fn is_listed(&self) -> bool {
                !::core::matches!(self, Self::$unlisted(_))
            }
        }

        impl ::core::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::core::str::FromStr for $ty {
            type Err = ::core::convert::Infallible;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                ::core::result::Result::Ok(<Self as ::core::convert::From<&str>>::from(text))
            }
        }

        impl ::core::convert::AsRef<str> for $ty {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::__private::serde::Serialize for $ty {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $ty {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::__private::read_text(deserializer, |text| {
                    <Self as ::core::convert::From<&str>>::from(text)
                })
            }
        }

        impl $crate::Json for $ty {}

        impl $crate::Scalar for $ty {
            fn parse_ignoring_case(text: &str) -> ::core::result::Result<Self, Self::Err> {
                ::core::result::Result::Ok(<Self as $crate::StringEnum>::from_ignoring_case(text))
            }
        }

        impl $crate::Validate for $ty {
            fn validate(&self, path: &$crate::Path<'_>, violations: &mut $crate::Violations) {
                $crate::constraint::listed(self, path, violations);
            }
        }
    };
}

pub use __open_enum as open_enum;
