use serde::Serialize;

use super::{Fields, Reading, Text};
use crate::diagnostic::Reported;
use crate::source::Node;

/// What to call next.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// `operationId`.
    pub operation_id: Option<Text>,
    /// `operationRef`.
    pub operation_ref: Option<Text>,
    /// `parameters`: expressions or constants, by name.
    pub parameters: Vec<(Text, serde_json::Value)>,
}

impl Link {
    /// Reads it.
    ///
    /// # Errors
    /// If something that carries meaning is broken.
    pub fn read(reading: Reading<'_>, node: &Node) -> Result<Self, Reported> {
        // `Fields` borrows for as long as the tree lives; nothing of a link does.
        let fields = Fields::of(reading, node, "a link")?;
        Ok(Self {
            operation_id: fields.string("operationId")?,
            operation_ref: fields.string("operationRef")?,
            parameters: fields.entries("parameters")?.map(|(name, node)| (name, node.to_json())).collect(),
        })
    }
}
