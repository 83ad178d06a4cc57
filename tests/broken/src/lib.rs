//! What the conformance suite is tried on: the reference server, and servers that are wrong in one way each.
//!
//! - A [`Plane`] is the reference server over a simulated cluster, in this process.
//! - A [`Broken`] says in a few lines how a server is wrong: it changes requests or answers, what goes to the executor, or
//!   what goes to the store. [`flink::all`] has those with Flink's API.
//! - A [`FaultyServer`] is the reference server whose calls to store and executor can be made to fail, one at a time.
//! - A [`Server`] is one of them, put together: a target of the suite, and a tower service.

mod backend;
mod broken;
mod fault;
pub mod flink;
mod message;
mod plane;
mod server;

pub use backend::{Event, Stored};
pub use broken::{Broken, Class, Memory};
pub use fault::FaultyServer;
pub use message::{Answer, Call, each};
pub use plane::Plane;
pub use server::Server;
