//! The planewright command line.
fn main() {}
