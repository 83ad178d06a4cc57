//! The contract suite on the simulated executor: under a virtual clock, under that of the machine, and behind a pointer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use planewright_backend::contract::{self, executor::Subject};
use planewright_backend::executor::{Executor, Submission};
use planewright_backend::id::JobId;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::time::{Timestamp, VirtualClock};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("executor-contract-{}-{next}", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn subject(executor: Arc<dyn Executor>, directory: &Directory) -> Subject {
    let submission = |arguments: &[&str]| Submission {
        arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
        ..Submission::new(JobId::from_bytes([0; 16]))
    };
    Subject {
        finishing: Some(submission(&["--runtime-ms", "50"])),
        failing: Some(submission(&["--fail-at", "5", "--sleep-ms", "10"])),
        savepoint_directory: Some(format!("file://{}", directory.0.display())),
        ..Subject::new(executor, submission(&[]))
    }
}

async fn under_virtual_clock() -> (Directory, Subject) {
    let directory = Directory::new();
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let executor = SimulatedExecutor::with_clock(SimulatedOptions::default(), Arc::new(clock.clone()));
    let mut subject = subject(Arc::new(executor), &directory);
    subject.pass_time = Box::new(move || {
        clock.advance(Duration::from_millis(7));
        Box::pin(tokio::task::yield_now())
    });
    (directory, subject)
}

fn fast() -> SimulatedExecutor {
    SimulatedExecutor::new(SimulatedOptions { step: Duration::from_millis(5), ..SimulatedOptions::default() })
}

async fn under_system_clock() -> (Directory, Subject) {
    let directory = Directory::new();
    let subject = subject(Arc::new(fast()), &directory);
    (directory, subject)
}

async fn behind_box() -> (Directory, Subject) {
    let directory = Directory::new();
    let boxed: Box<dyn Executor> = Box::new(fast());
    let subject = subject(Arc::new(boxed), &directory);
    (directory, subject)
}

fn main() -> ExitCode {
    let trials = [
        contract::executor::trials("virtual", under_virtual_clock),
        contract::executor::trials("system", under_system_clock),
        contract::executor::trials("box", behind_box),
    ];
    contract::run_trials(trials.into_iter().flatten())
}
