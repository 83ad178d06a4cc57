//! The contract of [`Executor`].
//!
//! An executor runs what it was made for, so a suite has to be told what that is: see [`Subject`]. Cases about an ability
//! that the executor answers with [`Unsupported`](crate::executor::ExecutorError::Unsupported) pass.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! use planewright_backend::contract::{self, executor::Subject};
//! use planewright_backend::executor::Submission;
//! use planewright_backend::id::JobId;
//! use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
//!
//! fn main() -> ExitCode {
//!     contract::executor::run("simulated", || async {
//!         let executor = SimulatedExecutor::new(SimulatedOptions::default());
//!         let endless = Submission::new(JobId::from_bytes([0; 16]));
//!         ((), Subject::new(Arc::new(executor), endless))
//!     })
//! }
//! ```

use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::executor::{Executor, Submission};

use super::{Case, CaseTrial, executor_cases, run_trials, trials_of};

/// An executor with what a suite must know about it.
///
/// The ids of the submissions are replaced by the suite; the executor must have room for two of them at once.
pub struct Subject {
    /// The executor. Jobs that it had before, and that others run on it, don't matter.
    pub executor: Arc<dyn Executor>,
    /// What the ids of this case are made from; different for each, if cases run on an executor together.
    pub ids: [u8; 16],
    /// A job that runs until it is cancelled or stopped.
    pub endless: Submission,
    /// A job that finishes by itself soon.
    pub finishing: Option<Submission>,
    /// A job that fails soon.
    pub failing: Option<Submission>,
    /// A directory for savepoints; `None` if the executor has none.
    pub savepoint_directory: Option<String>,
    /// Lets a little time pass. A suite calls it between two looks at what takes time.
    pub pass_time: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
    /// After how many looks what takes time counts as never happening.
    pub patience: u32,
}

impl Subject {
    /// A subject with an endless job only, that gives everything about half a minute.
    pub fn new(executor: Arc<dyn Executor>, endless: Submission) -> Self {
        Self {
            executor,
            ids: [0; 16],
            endless,
            finishing: None,
            failing: None,
            savepoint_directory: None,
            pass_time: Box::new(|| Box::pin(tokio::time::sleep(Duration::from_millis(20)))),
            patience: 1500,
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("executor", &self.executor).finish_non_exhaustive()
    }
}

/// All cases. Each wants a subject of its own.
pub fn cases() -> Vec<Case<Subject>> {
    executor_cases::cases()
}

/// Runs all cases as a test binary: `build` makes a guard and a subject for each.
pub fn run<G, F, Fut>(name: &str, build: F) -> ExitCode
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = (G, Subject)>,
{
    run_trials(trials(name, build))
}

/// All cases as trials, for [`run_trials`].
pub fn trials<G, F, Fut>(name: &str, build: F) -> Vec<CaseTrial>
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = (G, Subject)>,
{
    trials_of(name, cases(), move || {
        let built = build();
        async move {
            let (guard, subject) = built.await;
            (guard, Arc::new(subject))
        }
    })
}
