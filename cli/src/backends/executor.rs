//! `--executor`: what runs the jobs.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::Executor;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::SystemClock;

use crate::Failure;

/// Under which keys the simulated cluster remembers what happened to it.
const SIMULATED: &str = "simulated";

/// What `--executor` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExecutorName {
    /// Jobs on paper.
    Simulated,
    /// Processes of this machine.
    Process,
}

impl FromStr for ExecutorName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "simulated" => Ok(Self::Simulated),
            "process" if cfg!(target_os = "linux") => Ok(Self::Process),
            "process" => Err("processes are run on Linux only".to_owned()),
            _ => Err("this version has the executors `simulated` and `process`".to_owned()),
        }
    }
}

impl fmt::Display for ExecutorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulated => f.write_str("simulated"),
            Self::Process => f.write_str("process"),
        }
    }
}

/// What an executor stands on.
pub(crate) struct Ground<'a> {
    /// The data folder.
    pub(crate) data: &'a Path,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) artifacts: ArtifactStore,
    /// The seed of what is simulated.
    pub(crate) seed: u64,
}

impl ExecutorName {
    /// Opens the executor. Needs a tokio runtime.
    pub(crate) async fn open(&self, ground: Ground<'_>) -> Result<Arc<dyn Executor>, Failure> {
        match self {
            Self::Simulated => simulated(ground).await,
            Self::Process => process(ground),
        }
    }
}

async fn simulated(ground: Ground<'_>) -> Result<Arc<dyn Executor>, Failure> {
    let options = SimulatedOptions {
        seed: ground.seed,
        savepoint_directory: Some(format!("file://{}", ground.data.join("savepoints").display())),
        ..SimulatedOptions::default()
    };
    let opened = SimulatedExecutor::open(options, Arc::new(SystemClock), ground.store, SIMULATED).await;
    let executor = opened.map_err(|error| Failure::could_not("opening the simulated cluster", &error))?;
    Ok(Arc::new(executor))
}

#[cfg(target_os = "linux")]
fn process(ground: Ground<'_>) -> Result<Arc<dyn Executor>, Failure> {
    use planewright_backend::process::{ProcessExecutor, ProcessOptions};

    let own = std::env::current_exe().map_err(|error| Failure::could_not("finding this program", &error))?;
    let supervisor = vec![own.into_os_string(), OsString::from("supervise")];
    let options = ProcessOptions::new(ground.data.join("process"), supervisor);
    let executor = ProcessExecutor::open(options, ground.store, ground.artifacts)
        .map_err(|error| Failure::could_not("opening the processes", &error))?;
    Ok(Arc::new(executor))
}

#[cfg(not(target_os = "linux"))]
fn process(_: Ground<'_>) -> Result<Arc<dyn Executor>, Failure> {
    Err(Failure::new(Failure::USAGE, "--executor process: processes are run on Linux only"))
}
