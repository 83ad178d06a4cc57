use serde::Serialize;
use serde_json::Value;

use super::{Docs, TypeUse};

/// An input of an operation beside its body.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// The name on the wire; header names as written.
    pub name: String,
    /// Where it travels.
    pub location: ParameterLocation,
    /// How a value becomes text.
    pub style: Style,
    /// Whether each element of an array or member of an object stands for itself.
    pub explode: bool,
    /// Whether reserved characters stay as they are (query only).
    pub allow_reserved: bool,
    /// Whether it must be given; always true for paths.
    pub required: bool,
    /// The type of its value.
    pub ty: TypeUse,
    /// `schema.default`.
    pub default: Option<Value>,
    /// If the value is written as JSON (`content`), the media type; `content` in other media types is a text.
    pub media_type: Option<String>,
    /// The document's words.
    pub docs: Docs,
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterLocation {
    /// In the path template.
    Path,
    /// After the question mark.
    Query,
    /// A header field.
    Header,
    /// In the `Cookie` header.
    Cookie,
}

/// How a parameter's value becomes text (OpenAPI 3.0.3, "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// `;name=value`.
    Matrix,
    /// `.value`.
    Label,
    /// `name=value`.
    Form,
    /// `value`.
    Simple,
    /// Separated by spaces.
    SpaceDelimited,
    /// Separated by `|`.
    PipeDelimited,
    /// `name[member]=value`.
    DeepObject,
}
