//! A judge of stores: it knows the trait [`Store`](planewright_backend::store::Store) and nothing of what is behind it.
//!
//! Concurrent clients, watchers and processes that are killed write down what they asked and what they were told
//! ([`history`]). Afterwards somebody who was not there decides whether a store that keeps its contract can have
//! answered so:
//!
//! - [`registers`] judges reads and commits: is there one order of all of them that agrees with real time, with what each
//!   returned, and with ascending revisions? [`planewright_linearizability`] looks for it.
//! - [`watching`] judges what watchers received, through reconnects, compaction and slow reading.
//! - [`crash`] kills a process in the middle of its writing, opens the store again, and judges the history of both.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//!
//! use planewright_backend::memory::MemoryStore;
//! use planewright_histories::workload::{self, Load};
//!
//! let store = Arc::new(MemoryStore::new());
//! let tally = workload::judge(&[store], "histories/1/", &Load { operations: 100, ..Load::of_seed(1) }).await;
//! assert!(tally.is_ok());
//! # });
//! ```

pub mod crash;
pub mod history;
pub mod registers;
pub mod watching;
pub mod workload;
