//! What generated code calls and nobody else should: not covered by any promise.

pub use serde;
pub use serde_json;

pub use crate::__serde_by_json as serde_by_json;
pub use crate::enumeration::{open_enum, read as read_enum};
pub use crate::json::{deserialize, read_by_serde, serialize, write_by_serde};
pub use crate::text::checked_text;

use crate::{InvalidText, Path, Scalar, Validate, Violations};

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
