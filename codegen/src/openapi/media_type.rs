use serde::Serialize;

use super::{Fields, Header, Reading, RefOr, Text};
use crate::diagnostic::Reported;
use crate::source::Node;

/// A content type paired with a schema.
#[derive(Clone, Debug, Serialize)]
pub struct MediaType<'a> {
    /// `schema`.
    pub schema: Option<&'a Node>,
    /// `encoding` by property.
    pub encoding: Vec<(Text, Encoding<'a>)>,
}

/// How a property of a form is written.
#[derive(Clone, Debug, Serialize)]
pub struct Encoding<'a> {
    /// `contentType`: media types between commas.
    pub content_type: Option<Text>,
    /// `headers` by name.
    pub headers: Vec<(Text, RefOr<'a, Header<'a>>)>,
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
            let mut headers = Vec::new();
            for (name, node) in fields.entries("headers")? {
                headers.push((name, RefOr::read(reading, node, Header::read)?));
            }
            encoding.push((name, Encoding { content_type, headers, style, explode }));
        }
        Ok(Self { schema: fields.get("schema"), encoding })
    }

    /// The encoding of a property.
    #[must_use]
    pub fn encoding_of(&self, property: &str) -> Option<&Encoding<'a>> {
        self.encoding.iter().find(|(name, _)| name.value == property).map(|(_, encoding)| encoding)
    }

    /// `content` of a body or response.
    ///
    /// # Errors
    /// If one of them is broken.
    pub fn map(reading: Reading<'a>, fields: Fields<'a>) -> Result<Vec<(Text, Self)>, Reported> {
        fields.entries("content")?.map(|(name, node)| Ok((name, Self::read(reading, node)?))).collect()
    }
}
