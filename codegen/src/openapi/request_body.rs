use serde::Serialize;

use super::{Fields, MediaType, Reading, Text};
use crate::diagnostic::Reported;
use crate::ir::Docs;
use crate::source::Node;

/// The body of a request.
#[derive(Clone, Debug, Serialize)]
pub struct RequestBody<'a> {
    /// `required`.
    pub required: bool,
    /// `content` by media type.
    pub content: Vec<(Text, MediaType<'a>)>,
    /// The document's words.
    pub docs: Docs,
    /// The object.
    #[serde(skip)]
    pub node: &'a Node,
}

impl<'a> RequestBody<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If something that carries meaning is broken.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "a request body")?;
        Ok(Self {
            required: fields.flag("required").unwrap_or(false),
            content: MediaType::map(reading, fields)?,
            docs: fields.docs(),
            node,
        })
    }
}
