//! What the generator says about a document: each message with a place, a stable code and a remedy.
//!
//! Stages report into a [`Sink`] and go on, so that one run tells everything. Who reports an error gets a
//! [`Reported`], the only way to fail: a failure without a message can't be written, and whoever is handed one
//! knows that the message exists and adds none of its own.

pub mod code;
mod explain;
mod json;
mod render;
mod sink;

pub use code::Code;
pub use explain::{example, explain};
pub use json::to_json;
pub use render::{render, render_line};
pub use sink::{Problem, Reported, Sink};

use serde::Serialize;

/// A place in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// JSON pointer from the root of the file, such as `/paths/~1jobs/get`.
    pub pointer: String,
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Repaired or ignored; what is generated is as the document means it.
    Warning,
    /// Something isn't generated because of it: [`Diagnostic::costs`] says what.
    Error,
}

/// What isn't generated because of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Nothing.
    Nothing,
    /// This file, and with it whatever refers to it.
    File(String),
    /// This schema of `components`, and with it whatever uses it.
    Component(String),
    /// This operation: its id, or method and path.
    Operation(String),
    /// Everything.
    Run,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// What kind of message it is.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong; lower case, without a full stop.
    pub message: String,
    /// Where.
    pub location: Location,
    /// Bytes of the file that the message is about.
    pub range: std::ops::Range<u32>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that have a part in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// What isn't generated because of it.
    pub costs: Cost,
}

impl Diagnostic {
    /// Whether it stops the run.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.severity == Severity::Error && self.costs == Cost::Run
    }
}

/// Another place that has a part in a diagnostic.
#[derive(Clone, Debug, Serialize)]
pub struct Related {
    /// What part.
    pub message: String,
    /// Where.
    pub location: Location,
    /// Bytes of the file.
    pub range: std::ops::Range<u32>,
}

/// Everything that a run said, in document order.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Whether one of them stops the run.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.list.iter().any(Diagnostic::is_fatal)
    }

    /// The messages in document order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(mut list: Vec<Diagnostic>) -> Self {
        list.sort_by(|left, right| {
            let key = |of: &Diagnostic| (of.location.file.clone(), of.range.start);
            key(left).cmp(&key(right))
        });
        Self { list }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl std::fmt::Display for Diagnostics {
    /// One line for each message.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for diagnostic in &self.list {
            writeln!(formatter, "{}", render_line(diagnostic))?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
