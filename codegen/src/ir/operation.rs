use indexmap::IndexMap;
use serde::Serialize;

use super::{Docs, Parameter, SecurityRequirement, Server, Style, TypeUse};
use crate::diagnostic::Location;

/// One method on one path.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// `operationId`, or one made from method and path; unique.
    pub id: String,
    /// The method.
    pub method: Method,
    /// The path template.
    pub path: PathTemplate,
    /// The first of its tags, or `default`.
    pub tag: String,
    /// The document's words.
    pub docs: Docs,
    /// Path parameters in the order of the template, then the others in document order.
    pub parameters: Vec<Parameter>,
    /// The request body.
    pub body: Option<Body>,
    /// In document order; at least one.
    pub responses: Vec<Response>,
    /// Alternatives; empty means that nothing is required.
    pub security: Vec<SecurityRequirement>,
    /// `servers` of the operation or its path, if they differ from the document's.
    pub servers: Vec<Server>,
    /// If it starts work that outlives the response (`x-planewright-async`).
    pub async_operation: Option<AsyncOperation>,
    /// The operation that has the same method and route, if there is one before it. A server can't tell them apart, and
    /// has only the other; a client has both.
    pub shadowed_by: Option<String>,
    /// How the next page of a list is asked for (`x-planewright-pagination`); others are recognised.
    pub pagination: Option<Pagination>,
    /// Where it is declared.
    pub location: Location,
}

/// How the next page of a list is asked for: the extension `x-planewright-pagination`.
#[derive(Clone, Debug, Serialize)]
pub struct Pagination {
    /// The query parameter that differs from page to page.
    pub parameter: String,
    /// Where its next value stands in the response body; without, it counts pages or what is on them.
    pub next: Option<Vec<String>>,
    /// Where the list stands in the response body.
    pub items: Option<Vec<String>>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Options,
    Head,
    Patch,
    Trace,
}

impl Method {
    /// The method as it stands in a request: `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Head => "HEAD",
            Self::Patch => "PATCH",
            Self::Trace => "TRACE",
        }
    }
}

/// A path, split at its slashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathTemplate {
    /// As written: `/jobs/{jobid}`.
    pub text: String,
    /// What stands between the slashes; the path `/` has none.
    pub segments: Vec<PathSegment>,
}

/// What stands between two slashes; mostly one part, but `{a}...{b}` and `{id}.json` exist.
pub type PathSegment = Vec<SegmentPart>;

/// A piece of a path segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentPart {
    /// Fixed text, percent-decoded.
    Literal(String),
    /// The value of a path parameter.
    Parameter(String),
}

/// A request body.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    /// Whether it must be there.
    pub required: bool,
    /// One entry per media type, in document order; at least one.
    pub contents: Vec<Content>,
    /// The document's words.
    pub docs: Docs,
}

/// A body in one media type.
#[derive(Clone, Debug, Serialize)]
pub struct Content {
    /// As written, such as `application/json` or `image/*`.
    pub media_type: String,
    /// How it is read and written.
    pub kind: BodyKind,
}

/// How a body is read and written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyKind {
    /// `application/json` and `+json`.
    Json(TypeUse),
    /// `application/yaml` and its like.
    Yaml(TypeUse),
    /// `text/*`: a text as it stands.
    Text,
    /// Octets, streamed.
    Stream,
    /// `application/x-www-form-urlencoded`.
    Form {
        /// The type of the whole.
        ty: TypeUse,
        /// Fields that are written in another way than forms do.
        styled: Vec<StyledField>,
    },
    /// A part that is a scalar other than a string.
    Scalar(TypeUse),
    /// `text/event-stream`; without a type, the events' data are texts.
    Events(Option<TypeUse>),
    /// JSON values one after the other, streamed.
    Items {
        /// The type of a value.
        item: TypeUse,
        /// Whether each stands behind a record separator (`application/json-seq`), not on a line of its own.
        sequence: bool,
    },
    /// `multipart/form-data`.
    Multipart {
        /// The declared parts, in document order.
        parts: Vec<Part>,
        /// Whether parts with other names are accepted and handed on.
        open: bool,
    },
}

impl BodyKind {
    /// The type of its value, or of each of its values.
    #[must_use]
    pub fn ty(&self) -> Option<&TypeUse> {
        match self {
            Self::Json(ty) | Self::Yaml(ty) | Self::Scalar(ty) | Self::Form { ty, .. } => Some(ty),
            Self::Items { item, .. } => Some(item),
            Self::Events(data) => data.as_ref(),
            Self::Text | Self::Stream | Self::Multipart { .. } => None,
        }
    }

    /// As [`ty`](Self::ty), to be changed.
    pub fn ty_mut(&mut self) -> Option<&mut TypeUse> {
        match self {
            Self::Json(ty) | Self::Yaml(ty) | Self::Scalar(ty) | Self::Form { ty, .. } => Some(ty),
            Self::Items { item, .. } => Some(item),
            Self::Events(data) => data.as_mut(),
            Self::Text | Self::Stream | Self::Multipart { .. } => None,
        }
    }
}

/// A field of a form whose `encoding` gives it a style.
#[derive(Clone, Debug, Serialize)]
pub struct StyledField {
    /// Its name.
    pub name: String,
    /// The style; `None` for JSON.
    pub style: Option<Style>,
    /// Whether each element of an array or member of an object stands for itself.
    pub explode: bool,
}

/// A part of a multipart body.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// `name` of its `Content-Disposition`.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may come more than once.
    pub repeated: bool,
    /// [`BodyKind::Stream`] for files, JSON for objects, text for scalars.
    pub kind: BodyKind,
    /// `encoding.contentType`: those that it may be in; none if that isn't declared.
    pub media_types: Vec<String>,
    /// `encoding.headers`, `Content-Type` excepted.
    pub headers: Vec<Header>,
    /// The document's words.
    pub docs: Docs,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// Which statuses it describes.
    pub status: Status,
    /// One entry per media type; none means an empty body.
    pub contents: Vec<Content>,
    /// Declared headers, `Content-Type` excepted.
    pub headers: Vec<Header>,
    /// `links` by name.
    pub links: IndexMap<String, Link>,
    /// The component's name when it is a reference: `NotFound`.
    pub component: Option<String>,
    /// The document's words.
    pub docs: Docs,
}

/// Which statuses a response describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// One status.
    Code(u16),
    /// `4XX`: the hundred of this digit.
    Range(u8),
    /// `default`.
    Default,
}

/// A response header.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    /// As written.
    pub name: String,
    /// Whether it is always there.
    pub required: bool,
    /// Its type.
    pub ty: TypeUse,
    /// The document's words.
    pub docs: Docs,
}

/// What to call next, and with what.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// The operation that it leads to.
    pub target: LinkTarget,
    /// Its parameters by name.
    pub parameters: IndexMap<String, RuntimeExpression>,
}

/// The operation that a link leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkTarget {
    /// An operation of this document, by id.
    Operation(String),
    /// A reference into another document, kept as written.
    Foreign(String),
}

/// Where a value is found in a request or a response (OpenAPI 3.0.3, "Runtime Expressions").
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeExpression {
    /// `$request.path.name`.
    RequestPath(String),
    /// `$request.query.name`.
    RequestQuery(String),
    /// `$request.header.name`.
    RequestHeader(String),
    /// `$request.body#/pointer`; the pointer's members, decoded.
    RequestBody(Vec<String>),
    /// `$response.header.name`.
    ResponseHeader(String),
    /// `$response.body#/pointer`; the pointer's members, decoded.
    ResponseBody(Vec<String>),
    /// Not an expression: the value itself.
    Constant(serde_json::Value),
}

/// How work that an operation starts is followed to its end: the extension `x-planewright-async`.
#[derive(Clone, Debug, Serialize)]
pub struct AsyncOperation {
    /// The id of the operation that polls.
    pub poll: String,
    /// Parameters of the poll by name, from the trigger's request and response.
    pub parameters: IndexMap<String, RuntimeExpression>,
    /// The member of the trigger's request body by which the caller may choose the id, if it can.
    pub trigger_id: Option<Vec<String>>,
    /// Where the state stands in the poll's response body.
    pub state: Vec<String>,
    /// States that mean that the work goes on.
    pub pending: Vec<String>,
    /// Where the outcome stands once the work is done.
    pub result: Option<Vec<String>>,
    /// What is present, and not null, if the work failed.
    pub failure: Option<Vec<String>>,
}
