use serde::Serialize;

use super::{Fields, Header, Link, MediaType, Reading, RefOr, Text};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::Docs;
use crate::source::Node;

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Response<'a> {
    /// `content` by media type.
    pub content: Vec<(Text, MediaType<'a>)>,
    /// `headers` by name.
    pub headers: Vec<(Text, RefOr<'a, Header<'a>>)>,
    /// `links` by name.
    pub links: Vec<(Text, RefOr<'a, Link>)>,
    /// The document's words.
    pub docs: Docs,
}

impl<'a> Response<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If something that carries meaning is broken.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        if node.is_null() {
            let message = "a response must be an object, this is null; an empty body is assumed";
            Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
            let (content, headers, links) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Self { content, headers, links, docs: Docs::default() });
        }
        let fields = Fields::of(reading, node, "a response")?;
        let mut headers = Vec::new();
        for (name, node) in fields.entries("headers")? {
            headers.push((name, RefOr::read(reading, node, Header::read)?));
        }
        let mut links = Vec::new();
        for (name, node) in fields.entries("links")? {
            links.push((name, RefOr::read(reading, node, Link::read)?));
        }
        Ok(Self { content: MediaType::map(reading, fields)?, headers, links, docs: fields.docs() })
    }
}
