//! The suites that judge any [`Store`](crate::store::Store) and any [`Executor`](crate::executor::Executor).
//!
//! Each numbered clause in the documentation of a trait has a case with the same id. A suite is one line in a test target
//! with `harness = false`:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use planewright_backend::contract;
//! use planewright_backend::memory::MemoryStore;
//!
//! fn main() -> ExitCode {
//!     contract::store::run("memory", || async { ((), MemoryStore::new()) })
//! }
//! ```
//!
//! The builder makes a fresh instance for each case, and a guard that is dropped after the instance: a temporary directory,
//! a database to delete. Cases run in parallel and each is one line of the report; arguments are those of `cargo test`.

pub mod executor;
mod executor_cases;
pub mod store;
mod store_cases;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};

/// One clause of a contract, as something that runs against a `T`.
pub struct Case<T: ?Sized> {
    /// The id of the clause, for example `store.commit.1`.
    pub clause: &'static str,
    /// What the case does, in a few words.
    pub name: &'static str,
    run: fn(Arc<T>) -> BoxFuture<'static, CaseResult>,
}

impl<T: ?Sized> Case<T> {
    /// Runs the case against an instance that no other case has seen.
    ///
    /// # Errors
    ///
    /// What the instance did wrong.
    pub async fn run(&self, instance: Arc<T>) -> CaseResult {
        (self.run)(instance).await
    }
}

impl<T: ?Sized> fmt::Debug for Case<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.clause, self.name)
    }
}

/// How a case went.
pub type CaseResult = Result<(), Breach>;

/// How a contract was broken: what was expected, and what was seen.
#[derive(Debug)]
pub struct Breach(String);

impl Breach {
    /// A breach with these words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// `Breach` itself is no `Error`, so that `?` turns every error that a case doesn't expect into one.
impl<E: Error> From<E> for Breach {
    fn from(error: E) -> Self {
        let mut text = format!("unexpected error: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        Self(text)
    }
}

/// Defines cases and the table that holds them all, so that none can be forgotten.
macro_rules! cases {
    ($table:ident: $subject:ty;
     $($clause:literal $name:ident($instance:ident) $body:block)*) => {
        pub(super) fn $table() -> Vec<$crate::contract::Case<$subject>> {
            vec![$($crate::contract::Case {
                clause: $clause,
                name: stringify!($name),
                run: |instance| Box::pin($name(instance)),
            }),*]
        }

        $(
            async fn $name($instance: std::sync::Arc<$subject>) -> $crate::contract::CaseResult {
                $body
                Ok(())
            }
        )*
    };
}

/// Ends the case unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::contract::Breach::new(format!($($text)+)));
        }
    };
}

/// Ends the case unless both are equal.
macro_rules! ensure_eq {
    ($seen:expr, $expected:expr, $($text:tt)+) => {
        match (&$seen, &$expected) {
            (seen, expected) => if seen != expected {
                let text = format!($($text)+);
                return Err($crate::contract::Breach::new(
                    format!("{text}: expected {expected:?}, saw {seen:?}"),
                ));
            }
        }
    };
}

use {cases, ensure, ensure_eq};

/// One line in the report of a test binary.
pub struct CaseTrial(Trial);

/// Runs trials as a test binary, with the arguments of this process.
///
/// For several implementations in one binary; one alone has a shorter way, [`store::run`].
pub fn run_trials(trials: impl IntoIterator<Item = CaseTrial>) -> ExitCode {
    let trials = trials.into_iter().map(|trial| trial.0).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    if conclusion.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn trials_of<T, G, F, Fut>(name: &str, cases: Vec<Case<T>>, build: F) -> Vec<CaseTrial>
where
    T: ?Sized + Send + Sync + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = (G, Arc<T>)>,
{
    let trial = |case: Case<T>| {
        let build = build.clone();
        let title = format!("{name}::{}::{}", case.clause, case.name);
        CaseTrial(Trial::test(title, move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async {
                let (guard, instance) = build().await;
                let result = case.run(instance).await;
                drop(guard);
                result.map_err(|breach| Failed::from(format!("[{}] {breach}", case.clause)))
            })
        }))
    };
    cases.into_iter().map(trial).collect()
}
