//! What the conformance suite is tried on: the reference server, and servers that are wrong in one way each.

mod plane;

pub use plane::Plane;
