//! What a server stands on, as the command line names it.

pub(crate) mod artifacts;
pub(crate) mod executor;
pub(crate) mod store;
