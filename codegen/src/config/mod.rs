//! What to generate, and how it should look: the typed form of command-line flags and of configuration files.

mod file;
mod selection;
mod unmatched;

pub use file::{ConfigError, ConfigFile, Part};
pub use selection::Selection;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The choices of one run of [`generate`](crate::generate).
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// Which parts are generated.
    pub parts: Parts,
    /// Where files go and how they name each other.
    pub layout: Layout,
    /// Rust names that the user prefers.
    pub names: Names,
    /// Components for which a Rust type exists already.
    pub replace: IndexMap<String, Replacement>,
    /// The Rust path of the server's `Conventions`, such as `::planewright_server::conventions::Flink`; without one,
    /// those of RFC 9457.
    pub conventions: Option<String>,
    /// Traits that types derive beside their own.
    pub derives: Derives,
    /// Which operations are generated.
    pub select: Selection,
    /// The command that remakes the files; stands in the header of each.
    pub remake: String,
}

/// Rust names that the user prefers. What isn't in here gets one made from its name in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Of types, by component name: `{"job_dto": "Job"}`.
    pub types: IndexMap<String, String>,
    /// Of operations, by operation id: `{"repos/get-content": "getContent"}`. Methods, requests and responses are named
    /// after it.
    pub operations: IndexMap<String, String>,
    /// Of the properties of an object, the values of an enumeration or the alternatives of a union, by component name
    /// and name in the document: `{"Job": {"jid": "id"}}`.
    pub members: IndexMap<String, IndexMap<String, String>>,
}

/// Traits that types derive beside those that they always have. Whether a type can, is for the compiler to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Derives {
    /// Of all structs and unions, and of the types around another: `["::schemars::JsonSchema"]`.
    pub all: Vec<String>,
    /// Of one type, by component name.
    pub types: IndexMap<String, Vec<String>>,
}

/// Which parts are generated. The server and the client need a model: this one or one made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// The types on the wire.
    pub model: bool,
    /// One trait per tag and the way from a request to it.
    pub server: bool,
    /// The typed client.
    pub client: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self { model: true, server: true, client: true };
}

/// Where files go and how they name each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Layout {
    /// A whole crate: `Cargo.toml`, `src/lib.rs`, `src/model/…`, `src/server/…`, `src/client/…`.
    Crate {
        /// The name of the package.
        name: String,
        /// Where the generated crate finds the runtime crates.
        runtime: Runtime,
    },
    /// One folder for each part, inside crates that exist already.
    Modules {
        /// The module's name in each of the crates, such as `flink`.
        module: String,
        /// The folder of the model, such as `api-model/src/generated/flink`.
        model: String,
        /// The folder of the server.
        server: String,
        /// The folder of the client.
        client: String,
        /// The path by which the server and the client name the model, such as `::planewright_model::flink`.
        model_path: String,
    },
    /// One tree that a crate includes: `mod.rs`, `model/…`, `server/…`, `client/…`. What a build script makes.
    Tree,
}

/// Where a generated crate finds the runtime crates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Runtime {
    /// In a checkout of this workspace.
    Path(String),
    /// In the registry, at this version.
    Version(String),
}

/// A Rust type that stands in for a component.
///
/// It must implement what a generated type would: serde's traits, `Json`, `Validate`, `Clone`, `Debug`, `PartialEq`, and,
/// if the component is a scalar, `FromStr` and `Display`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ReplacementText")]
pub struct Replacement {
    /// Its absolute path, such as `::planewright_model::id::JobId`.
    pub path: String,
    /// Whether it is `Copy`.
    pub copy: bool,
}

/// In a file: `"::path::Type"` or `{ path = "::path::Type", copy = true }`.
#[derive(Deserialize)]
#[serde(untagged)]
enum ReplacementText {
    Path(String),
    Table {
        path: String,
        #[serde(default)]
        copy: bool,
    },
}

impl From<ReplacementText> for Replacement {
    fn from(text: ReplacementText) -> Self {
        match text {
            ReplacementText::Path(path) => Self { path, copy: false },
            ReplacementText::Table { path, copy } => Self { path, copy },
        }
    }
}

impl Config {
    /// Everything, as one tree to include, nothing renamed.
    #[must_use]
    pub fn tree() -> Self {
        Self {
            parts: Parts::ALL,
            layout: Layout::Tree,
            names: Names::default(),
            replace: IndexMap::new(),
            conventions: None,
            derives: Derives::default(),
            select: Selection::default(),
            remake: "planewright generate".to_owned(),
        }
    }
}

impl Layout {
    /// The `use` item by which `server/mod.rs` and `client/mod.rs` name the model. Their submodules say
    /// `use super::model;`.
    #[must_use]
    pub fn model_use(&self) -> String {
        match self {
            Self::Modules { model_path, .. } => format!("use {model_path} as model;"),
            Self::Crate { .. } | Self::Tree => "use super::model;".to_owned(),
        }
    }

    /// The folder of the model's files, without a slash at the end.
    #[must_use]
    pub fn model_folder(&self) -> &str {
        match self {
            Self::Crate { .. } => "src/model",
            Self::Modules { model, .. } => model,
            Self::Tree => "model",
        }
    }

    /// The folder of the server's files.
    #[must_use]
    pub fn server_folder(&self) -> &str {
        match self {
            Self::Crate { .. } => "src/server",
            Self::Modules { server, .. } => server,
            Self::Tree => "server",
        }
    }

    /// The folder of the client's files.
    #[must_use]
    pub fn client_folder(&self) -> &str {
        match self {
            Self::Crate { .. } => "src/client",
            Self::Modules { client, .. } => client,
            Self::Tree => "client",
        }
    }
}
