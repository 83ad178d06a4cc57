//! The contract suite on the process executor, with programs that are shell scripts.

mod processes;

use std::process::ExitCode;
use std::sync::Arc;

use planewright_backend::contract::{self, executor::Subject};
use planewright_backend::executor::Executor;
use planewright_backend::memory::MemoryStore;
use planewright_backend::process::ProcessExecutor;

use processes::{Folder, script};

async fn subject(executor: impl Fn(ProcessExecutor) -> Arc<dyn Executor>) -> (Folder, Subject) {
    let folder = Folder::new();
    let artifacts = folder.artifacts();
    let store = Arc::new(MemoryStore::new());
    let processes = ProcessExecutor::open(folder.options("host"), store, artifacts.clone()).unwrap();
    let subject = Subject {
        finishing: Some(script(&artifacts, 0, "echo done").await),
        failing: Some(script(&artifacts, 0, "echo 'no such luck' >&2; exit 3").await),
        savepoint_directory: Some("file:///nowhere".to_owned()),
        ..Subject::new(executor(processes), script(&artifacts, 0, "exec sleep 1000").await)
    };
    (folder, subject)
}

fn main() -> ExitCode {
    let trials = [
        contract::executor::trials("process", || subject(|executor| Arc::new(executor))),
        contract::executor::trials("process-box", || {
            subject(|executor| Arc::new(Box::new(executor) as Box<dyn Executor>))
        }),
    ];
    contract::run_trials(trials.into_iter().flatten())
}
