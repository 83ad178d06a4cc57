//! Your own system behind Flink's API, in the two ways that there are.
//!
//! - [`Ledger`] is an executor: the reference server does the rest. It runs nothing and only keeps books, which is
//!   the least that an executor can do; put your scheduler where it writes into its list.
//! - [`Mill`] implements one generated trait, with no store and no executor. What it leaves out answers 501.

mod ledger;
mod mill;

pub use ledger::Ledger;
pub use mill::Mill;

/// The Rust in these pages compiles.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../CONTRIBUTING.md")]
    mod contributing {}
}
