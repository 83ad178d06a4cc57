use serde::Serialize;

use super::{Fields, MediaType, Reading};
use crate::diagnostic::Reported;
use crate::ir::Docs;
use crate::source::Node;

/// A header of a response.
#[derive(Clone, Debug, Serialize)]
pub struct Header<'a> {
    /// `required`.
    pub required: bool,
    /// `schema`.
    pub schema: Option<&'a Node>,
    /// The document's words.
    pub docs: Docs,
    /// The object.
    #[serde(skip)]
    pub node: &'a Node,
}

impl<'a> Header<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If it is no object.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "a header")?;
        let content = fields.entries("content")?.next();
        let content = content.map(|(_, node)| MediaType::read(reading, node)).transpose()?;
        Ok(Self {
            required: fields.flag("required").unwrap_or(false),
            schema: fields.get("schema").or(content.and_then(|content| content.schema)),
            docs: fields.docs(),
            node,
        })
    }
}
