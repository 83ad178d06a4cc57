use crate::json::{Node, Refusal};

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

/// Reads a value. One that the document doesn't list is taken too, unless alternatives are being told apart by it.
#[doc(hidden)]
pub fn read<T: StringEnum>(node: Node<'_>) -> Result<T, Refusal> {
    let value = T::from(node.text()?);
    if node.is_probing() && !value.is_listed() {
        return Err(Refusal::new("an unlisted value"));
    }
    Ok(value)
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

        impl $crate::Json for $ty {
            fn read(node: $crate::json::Node<'_>) -> ::core::result::Result<Self, $crate::json::Refusal> {
                $crate::__private::read_enum(node)
            }

            fn write(&self, out: &mut $crate::json::Writer<'_>) {
                out.text(self.as_str());
            }
        }

        $crate::__private::serde_by_json!($ty);

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
