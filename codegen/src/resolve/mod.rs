//! From a document with references to operations without: shared parameters are merged in, references to everything
//! but schemas are followed. Schemas keep theirs, because a referenced schema is a named type.

mod operations;
mod outgoing;
mod references;

pub use operations::{Resolved, ResolvedOperation, ResolvedResponse, resolve};
pub use references::{Target, follow, quiet_target, target};
