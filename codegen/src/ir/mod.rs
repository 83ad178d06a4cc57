//! What a document means, free of where it came from and of what is made of it.
//!
//! The intermediate representation sits between [`lower`](crate::lower), which reads it out of a resolved
//! document, and [`rust`](crate::rust), which decides what it looks like in Rust. So it knows no YAML,
//! no `$ref` and no Rust identifier: names are the document's own, and a [`NameHint`] says where a type that
//! the document left nameless was found.
//!
//! Order is part of the meaning: operations are sorted by id, everything else stands in document order, and
//! no unordered collection is used, so that equal documents give equal bytes.

mod constraint;
mod operation;
mod parameter;
mod types;

pub use constraint::{Assertion, Constraints};
pub use operation::{
    AsyncOperation, Body, BodyKind, Content, Header, Link, LinkTarget, Method, Operation, Pagination, Part,
    PathSegment, PathTemplate, Response, RuntimeExpression, SegmentPart, Status, StyledField,
};
pub use parameter::{Parameter, ParameterLocation, Style};
pub use types::{
    Additional, EnumValue, Field, IntegerFormat, NameHint, NumberFormat, StringFormat, Tuple, Type, TypeDecl,
    TypeId, TypeKind, TypeUse, Union, UnionTag, Variant,
};

use indexmap::IndexMap;
use serde::Serialize;

/// One API: everything that the later stages may know about a document.
#[derive(Clone, Debug, Serialize)]
pub struct Api {
    /// `info.title`.
    pub title: String,
    /// `info.version`, as written; it need not be a semantic version.
    pub version: String,
    /// `info.description`, Markdown.
    pub description: Option<String>,
    /// `info.license.name`, if given.
    pub license: Option<String>,
    /// The dialect that the document was written in, such as `OpenAPI 3.0.3`.
    pub dialect: String,
    /// Base paths under which every path is served, such as `""` and `"/v1"`: the path part of each entry of
    /// `servers`, without a slash at the end, those of operations included. Never empty.
    pub base_paths: Vec<String>,
    /// `servers`, for clients.
    pub servers: Vec<Server>,
    /// Tags in the order of the document's `tags`, then those that only operations name.
    pub tags: Vec<Tag>,
    /// Operations sorted by id. Each id is unique.
    pub operations: Vec<Operation>,
    /// Webhooks and callbacks, sorted by id: the requests that the API sends. Their tag says which they are; their path is
    /// their name, under which a receiver may serve them.
    pub outgoing: Vec<Operation>,
    /// Every type that an operation or a component declares, components first, in document order.
    pub types: TypeTable,
    /// `components.securitySchemes` by name.
    pub security_schemes: IndexMap<String, SecurityScheme>,
}

/// A group of operations: one server trait, one client module.
#[derive(Clone, Debug, Serialize)]
pub struct Tag {
    /// The name as the document has it. Operations without a tag are given the tag `default`.
    pub name: String,
    /// Markdown.
    pub description: Option<String>,
}

/// One entry of `servers`.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// The URL, variables replaced by their defaults; may be relative.
    pub url: String,
    /// The URL as it is written.
    pub template: String,
    /// The variables in it.
    pub variables: Vec<ServerVariable>,
    /// Markdown.
    pub description: Option<String>,
}

/// A variable in the URL of a server.
#[derive(Clone, Debug, Serialize)]
pub struct ServerVariable {
    /// Its name, as it stands in braces.
    pub name: String,
    /// Its value if nobody says another.
    pub default: String,
    /// The values that it may have, the default among them; none if it may have any.
    pub values: Vec<String>,
    /// Markdown.
    pub description: Option<String>,
}

/// The declared types, addressed by [`TypeId`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct TypeTable {
    declarations: Vec<TypeDecl>,
}

impl TypeTable {
    /// Adds a declaration and returns its id.
    pub fn add(&mut self, declaration: TypeDecl) -> TypeId {
        let id = TypeId(self.declarations.len() as u32);
        self.declarations.push(declaration);
        id
    }

    /// The declaration with this id.
    ///
    /// # Panics
    /// If the id came from another table.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &TypeDecl {
        &self.declarations[id.0 as usize]
    }

    /// The declaration with this id, to be completed: recursive types are added first and filled later.
    ///
    /// # Panics
    /// If the id came from another table.
    pub fn get_mut(&mut self, id: TypeId) -> &mut TypeDecl {
        &mut self.declarations[id.0 as usize]
    }

    /// All declarations in the order in which they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (TypeId, &TypeDecl)> {
        self.declarations.iter().enumerate().map(|(index, declaration)| (TypeId(index as u32), declaration))
    }

    /// How many declarations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.declarations.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.declarations.is_empty()
    }

    /// Forgets every declaration from `len` on: how a failed operation leaves no half-made types.
    pub fn truncate(&mut self, len: usize) {
        self.declarations.truncate(len);
    }
}

/// What a reader should know about a construct, in the document's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Docs {
    /// One line. For schemas, `title`.
    pub summary: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// `deprecated: true`.
    pub deprecated: bool,
    /// The first example, as a JSON value.
    pub example: Option<serde_json::Value>,
    /// `externalDocs.url`.
    pub external_url: Option<String>,
}

/// A way to prove who is calling. Data for the server, credentials for the client.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum SecurityScheme {
    /// A key in a header, a query parameter or a cookie.
    ApiKey {
        /// The name of the header, parameter or cookie.
        name: String,
        /// Where it travels.
        location: ParameterLocation,
    },
    /// `Authorization` with this scheme: `basic`, `bearer`, …
    Http {
        /// The scheme in lower case.
        scheme: String,
    },
    /// OAuth 2: for a client of the API, a bearer token.
    Oauth2,
    /// OpenID Connect: for a client of the API, a bearer token.
    OpenIdConnect,
    /// A client certificate.
    MutualTls,
}

/// One alternative of `security`: all of these schemes together, each with its scopes. No scheme: anonymous.
pub type SecurityRequirement = IndexMap<String, Vec<String>>;
