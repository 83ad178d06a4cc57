//! What the generator says about a document: each message with a place, a stable code and a remedy.

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
