use serde::Serialize;

use super::{Reading, Text};
use crate::diagnostic::Reported;
use crate::source::Node;

/// A `$ref`.
#[derive(Clone, Debug, Serialize)]
pub struct Reference<'a> {
    /// The reference, as written.
    #[serde(rename = "$ref")]
    pub target: Text,
    /// The object that holds it.
    #[serde(skip)]
    pub node: &'a Node,
}

/// An object, or a reference to one.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum RefOr<'a, T> {
    /// A reference.
    Reference(Reference<'a>),
    /// The object itself.
    Value(T),
}

impl<'a> Reference<'a> {
    /// The reference that `node` is, if it is one.
    #[must_use]
    pub fn of(node: &'a Node) -> Option<Self> {
        // Dynamic ones lead, without a schema that extends another from afar, where they say.
        let target = node.get("$ref").or_else(|| node.get("$dynamicRef"))?;
        let text = Text { value: target.as_str()?.to_owned(), span: target.span };
        Some(Self { target: text, node })
    }
}

impl<'a, T> RefOr<'a, T> {
    /// Reads an object unless it is a reference.
    ///
    /// # Errors
    /// What `read` has to say.
    pub fn read(
        reading: Reading<'a>,
        node: &'a Node,
        read: impl FnOnce(Reading<'a>, &'a Node) -> Result<T, Reported>,
    ) -> Result<Self, Reported> {
        match Reference::of(node) {
            Some(reference) => Ok(Self::Reference(reference)),
            None => read(reading, node).map(Self::Value),
        }
    }
}
