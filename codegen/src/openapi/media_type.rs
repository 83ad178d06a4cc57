use serde::Serialize;

use super::{Fields, Reading, Text};
use crate::diagnostic::Reported;
use crate::source::Node;

/// A content type paired with a schema.
#[derive(Clone, Debug, Serialize)]
pub struct MediaType<'a> {
    /// `schema`.
    pub schema: Option<&'a Node>,
    /// `encoding` by property.
    pub encoding: Vec<(Text, Encoding)>,
}

/// How a property of a form is written.
#[derive(Clone, Debug, Serialize)]
pub struct Encoding {
    /// `contentType`.
    pub content_type: Option<Text>,
    /// `style`.
    pub style: Option<Text>,
    /// `explode`.
    pub explode: Option<bool>,
}

impl<'a> MediaType<'a> {
    /// Reads it. Absent members may be written as an empty value.
    ///
    /// # Errors
    /// If it is no object, or its encodings are none.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        if node.is_null() {
            return Ok(Self { schema: None, encoding: Vec::new() });
        }
        let fields = Fields::of(reading, node, "a media type")?;
        let mut encoding = Vec::new();
        for (name, node) in fields.entries("encoding")? {
            let fields = Fields::of(reading, node, "an encoding")?;
            let content_type = fields.string("contentType")?;
            let (style, explode) = (fields.string("style")?, fields.flag("explode"));
            encoding.push((name, Encoding { content_type, style, explode }));
        }
        Ok(Self { schema: fields.get("schema"), encoding })
    }

    /// `content` of a body or response.
    ///
    /// # Errors
    /// If one of them is broken.
    pub fn map(reading: Reading<'a>, fields: Fields<'a>) -> Result<Vec<(Text, Self)>, Reported> {
        fields.entries("content")?.map(|(name, node)| Ok((name, Self::read(reading, node)?))).collect()
    }
}
