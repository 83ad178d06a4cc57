use serde::Serialize;

use super::{Fields, MediaType, Reading, RefOr, Text};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Docs, ParameterLocation, Style};
use crate::source::Node;

/// An input of an operation beside its body.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter<'a> {
    /// `name`.
    pub name: Text,
    /// `in`.
    pub location: ParameterLocation,
    /// `required`.
    pub required: Option<bool>,
    /// `style`.
    pub style: Option<Style>,
    /// `explode`.
    pub explode: Option<bool>,
    /// `allowReserved`.
    pub allow_reserved: bool,
    /// `schema`.
    pub schema: Option<&'a Node>,
    /// `content`: the first of it.
    pub content: Option<(Text, MediaType<'a>)>,
    /// The document's words.
    pub docs: Docs,
    /// The object.
    #[serde(skip)]
    pub node: &'a Node,
}

impl<'a> Parameter<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If name, place or style are missing or unknown.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "a parameter")?;
        let name = fields.required_string("name")?;
        let place = fields.required_string("in")?;
        let location = match place.value.to_ascii_lowercase().as_str() {
            "path" => ParameterLocation::Path,
            "query" => ParameterLocation::Query,
            "header" => ParameterLocation::Header,
            "cookie" => ParameterLocation::Cookie,
            other => {
                let message = format!("a parameter can't be in `{other}`");
                return Err(Problem::new(code::BAD_PARAMETER, place.span, message)
                    .help("`in` is one of path, query, header, cookie; bodies are a `requestBody`")
                    .report(reading.sink));
            }
        };
        if place.value.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let message = format!("a parameter's place is written in lower case; `{}` isn't", place.value);
            Problem::new(code::REPAIRED_TYPE, place.span, message).report(reading.sink);
        }
        let content = fields.entries("content")?.next();
        let content = content.map(|(name, node)| Ok((name, MediaType::read(reading, node)?))).transpose()?;
        Ok(Self {
            name,
            location,
            required: fields.flag("required"),
            style: style(reading, fields)?,
            explode: fields.flag("explode"),
            allow_reserved: fields.flag("allowReserved").unwrap_or(false),
            schema: fields.get("schema"),
            content,
            docs: fields.docs(),
            node,
        })
    }

    /// `parameters` of an operation or a path item.
    ///
    /// # Errors
    /// If one of them is broken; all are looked at.
    pub fn list(reading: Reading<'a>, fields: Fields<'a>) -> Result<Vec<RefOr<'a, Self>>, Reported> {
        Self::of_list(reading, fields.array("parameters"))
    }

    pub(super) fn of_list(reading: Reading<'a>, nodes: &'a [Node]) -> Result<Vec<RefOr<'a, Self>>, Reported> {
        let mut list = Vec::new();
        let mut failed = None;
        for node in nodes {
            match RefOr::read(reading, node, Self::read) {
                Ok(parameter) => list.push(parameter),
                Err(reported) => failed = Some(reported),
            }
        }
        failed.map_or(Ok(list), Err)
    }
}

pub(super) fn style(reading: Reading<'_>, fields: Fields<'_>) -> Result<Option<Style>, Reported> {
    let Some(style) = fields.string("style")? else { return Ok(None) };
    Ok(Some(match style.value.as_str() {
        "matrix" => Style::Matrix,
        "label" => Style::Label,
        "form" => Style::Form,
        "simple" => Style::Simple,
        "spaceDelimited" => Style::SpaceDelimited,
        "pipeDelimited" => Style::PipeDelimited,
        "deepObject" => Style::DeepObject,
        other => {
            let message = format!("there is no style `{other}`");
            return Err(Problem::new(code::BAD_PARAMETER, style.span, message).report(reading.sink));
        }
    }))
}
