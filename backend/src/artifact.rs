//! Programs and other files that jobs need: uploaded once, never changed, named by an id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names an artifact: the text is the file name under which it was stored, with something unique before it, so that it
/// never contains a path separator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArtifactId(String);

impl fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
