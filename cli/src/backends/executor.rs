//! `--executor`: what runs the jobs.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::Executor;
use planewright_backend::flink::FlinkExecutor;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::SystemClock;
use planewright_client::flink::Client;

use crate::Failure;

/// Under which keys the simulated cluster remembers what happened to it.
const SIMULATED: &str = "simulated";

/// What `--executor` names. Its text is fit for logs: it has no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExecutorName {
    /// Jobs on paper.
    Simulated,
    /// Processes of this machine.
    Process,
    /// A Flink cluster, by the URL of its REST API.
    Flink(String),
}

impl FromStr for ExecutorName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(url) = text.strip_prefix("flink=") {
            return match Client::connect(url) {
                Ok(_) => Ok(Self::Flink(url.to_owned())),
                Err(error) => Err(error.to_string()),
            };
        }
        match text {
            "simulated" => Ok(Self::Simulated),
            "process" if cfg!(target_os = "linux") => Ok(Self::Process),
            "process" => Err("processes are run on Linux only".to_owned()),
            _ => {
                Err("expected `simulated`, `process`, or `flink=` and the URL of a cluster's REST API"
                    .to_owned())
            }
        }
    }
}

impl fmt::Display for ExecutorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulated => f.write_str("simulated"),
            Self::Process => f.write_str("process"),
            // Whatever stands before an @ may be a password.
            Self::Flink(url) => write!(f, "flink at {}", url.rsplit('@').next().unwrap_or(url)),
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
            Self::Flink(url) => flink(url, ground),
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

/// Whether the cluster can be reached shows later: a server may well be there before its cluster is.
fn flink(url: &str, ground: Ground<'_>) -> Result<Arc<dyn Executor>, Failure> {
    let cluster = Client::connect(url).map_err(|error| Failure::could_not("--executor flink", &error))?;
    Ok(Arc::new(FlinkExecutor::new(cluster, ground.store, ground.artifacts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_named_by_its_url() {
        let flink: ExecutorName = "flink=http://127.0.0.1:8081".parse().unwrap();
        assert_eq!(flink, ExecutorName::Flink("http://127.0.0.1:8081".to_owned()));
        for wrong in ["flink", "flink=", "flink=ftp://a", "flinc=http://a", ""] {
            assert!(wrong.parse::<ExecutorName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let name = ExecutorName::Flink("http://me:secret@host:8081".to_owned());
        assert_eq!(name.to_string(), "flink at host:8081");
    }
}
