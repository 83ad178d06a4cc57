//! Judges implementations of control-plane REST APIs, in any language.
//!
//! ```no_run
//! use planewright_conformance::{Suite, Target, Verdict, apis};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let api = apis::named("flink").ok_or("no such API")?;
//! let target = Target::url("http://127.0.0.1:8081")?;
//! let report = Suite::new(api).seed(7).run(&target).await?;
//! for case in report.failures() {
//!     println!("{}: {}", case.id, case.requirement);
//! }
//! assert_eq!(report.verdict(), Verdict::Conformant);
//! # Ok(())
//! # }
//! ```
//!
//! - A [`Target`] is what is judged: a URL, a tower service in this process, or a command that is started and killed.
//! - An [`Api`] says what is demanded: its rules, its document, its model. [`apis`] has those that Planewright knows, and
//!   [`Api::of_document`] makes one of any OpenAPI document.
//! - A [`Case`] proves one sentence. It gets a [`Context`], through which it talks to the target; whatever it says and
//!   hears is written down.
//! - A [`Suite`] runs the cases of an API against a target, one after the other, and returns a [`Report`].
//!
//! Nothing here depends on code that is generated from the documents: a judge doesn't share mistakes with the judged.
//!
//! Futures of this crate are not `Send`: a run belongs to one task, which may be any task of any Tokio runtime that
//! takes them (`block_on`, a `LocalSet`, `#[tokio::test]`).

mod api;
pub mod apis;
mod case;
mod context;
mod document;
mod exchange;
pub mod fault;
mod report;
mod state;
mod suite;
mod target;

pub use api::{Api, Feature};
pub use case::{Case, Layer, Level, Stop};
pub use context::{Answer, Call, Context};
pub use document::DocumentError;
pub use exchange::{Exchange, FilePart, Heard, Said};
pub use report::{CaseReport, Coverage, Failure, Outcome, Report, Verdict};
pub use suite::{RunError, Suite};
pub use target::{Program, Target, TargetError, Transport, Unanswered};
