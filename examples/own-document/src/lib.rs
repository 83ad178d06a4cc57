//! A document of your own, from YAML to a call.
//!
//! `build.rs` turns `openapi.yaml` into [`api`]: the types, a trait for each group of operations, and a client. [`Shop`]
//! implements the traits; the client calls it in this process, with no socket.

/// What the build script made of `openapi.yaml`.
pub mod api {
    planewright_model::include_generated!("openapi");
}

mod shop;

pub use shop::Shop;
