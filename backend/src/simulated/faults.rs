use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::executor::ExecutorError;

/// A method of the executor that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Call {
    /// [`submit`](crate::executor::Executor::submit).
    Submit,
    /// [`cancel`](crate::executor::Executor::cancel).
    Cancel,
    /// [`trigger_savepoint`](crate::executor::Executor::trigger_savepoint).
    TriggerSavepoint,
    /// [`stop_with_savepoint`](crate::executor::Executor::stop_with_savepoint).
    StopWithSavepoint,
    /// [`trigger_checkpoint`](crate::executor::Executor::trigger_checkpoint).
    TriggerCheckpoint,
    /// [`dispose_savepoint`](crate::executor::Executor::dispose_savepoint).
    DisposeSavepoint,
    /// [`rescale`](crate::executor::Executor::rescale).
    Rescale,
    /// [`delete_data_set`](crate::executor::Executor::delete_data_set).
    DeleteDataSet,
    /// [`operation`](crate::executor::Executor::operation).
    Operation,
    /// [`describe`](crate::executor::Executor::describe).
    Describe,
    /// [`list`](crate::executor::Executor::list).
    List,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing happens, and the caller sees [`ExecutorError::Unavailable`].
    Fail,
    /// It happens, and the caller sees [`ExecutorError::OutcomeUnknown`].
    ApplyThenFail,
    /// Nothing happens, and the caller waits for ever.
    Hang,
}

/// A script of faults. Clones are the same script.
///
/// ```
/// use planewright_backend::simulated::{Call, Fault, Faults};
///
/// let faults = Faults::default();
/// // The second submission is applied, but its answer gets lost.
/// faults.at(Call::Submit, 2, Fault::ApplyThenFail);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    calls: BTreeMap<Call, u64>,
    faults: BTreeMap<(Call, u64), Fault>,
}

impl Faults {
    /// Lets the `nth` call of a method fail, counted from 1 and from the start of the executor.
    pub fn at(&self, call: Call, nth: u64, fault: Fault) {
        self.lock().faults.insert((call, nth), fault);
    }

    /// How often a method has been called.
    pub fn calls(&self, call: Call) -> u64 {
        self.lock().calls.get(&call).copied().unwrap_or(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, runs it, and does to it what the script says.
    pub(super) async fn around<T>(
        &self,
        call: Call,
        run: impl Future<Output = Result<T, ExecutorError>>,
    ) -> Result<T, ExecutorError> {
        let fault = {
            let mut script = self.lock();
            let nth = script.calls.entry(call).or_insert(0);
            *nth += 1;
            let nth = *nth;
            script.faults.get(&(call, nth)).copied()
        };
        match fault {
            None => run.await,
            Some(Fault::Fail) => Err(ExecutorError::Unavailable { source: "scripted fault".into() }),
            Some(Fault::ApplyThenFail) => {
                run.await?;
                Err(ExecutorError::OutcomeUnknown { source: "scripted fault".into() })
            }
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}
