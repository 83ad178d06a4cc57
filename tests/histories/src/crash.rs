//! A process that is killed in the middle of its writing, again and again, on the same store.
//!
//! The process ([`child`]) opens the store, shows what it holds and what its log says since the last time, and lets clients work.
//! It writes every call down before it makes it and every answer after it has it, into a pipe to the one who kills it
//! ([`parent`]). What was in the pipe is one history together with what the next process finds ([`judge`]): a call without
//! an answer has happened or not, everything else must be there.

pub mod child;
pub mod judge;
pub mod parent;

use planewright_backend::store::Revision;
use serde::{Deserialize, Serialize};

use crate::history::{Changed, Event};

/// What the process that will be killed tells, one line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Line {
    /// Something happened at a client.
    Happened(Event),
    /// A part of the log, in its order.
    Logged(Vec<(Revision, Changed)>),
    /// The store is open, its log has been told, the clients begin.
    Ready,
}

/// The number of the client that looks at the store when it has been opened, among the clients of one process.
const INSPECTOR: usize = 999;

/// How many numbers of clients each process has for itself.
const NUMBERS: usize = 1000;
