//! Judges of stores find what is wrong with a store, and nothing wrong with a good one.

mod linearizability;
mod store;
mod watching;
