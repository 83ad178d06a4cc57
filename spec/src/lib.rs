//! The OpenAPI documents that Planewright implements, as constants.
//!
//! They are the single source of truth: model, server and client are generated from them, and the conformance suite
//! judges servers by them. `SOURCES.md` says where each rule comes from, `EXTENSIONS.md` describes the `x-` members.

/// One OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// Short name of the API, as the command line takes it: lower case, no spaces.
    pub name: &'static str,
    /// Name of the API for people.
    pub title: &'static str,
    /// The whole document, as YAML in UTF-8.
    pub yaml: &'static str,
}

/// The REST API of Apache Flink 2.3, OpenAPI 3.0.3.
pub const FLINK: &str = include_str!("../openapi/flink.yaml");

/// All documents, in the order in which they are listed to people.
pub const DOCUMENTS: &[Document] = &[Document { name: "flink", title: "Flink REST API", yaml: FLINK }];
