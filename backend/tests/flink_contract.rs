//! The contract suite on a real Flink cluster.
//!
//! The cluster, with the adaptive scheduler and eight slots or more, is at `PLANEWRIGHT_FLINK_URL`; the jar of test jobs is
//! `PLANEWRIGHT_FLINK_JOBS`, and a folder for savepoints that the cluster can write to is `PLANEWRIGHT_FLINK_SAVEPOINTS`. Without these
//! nothing runs. `cargo xtask flink contract` starts a cluster and sets them.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::contract::{self, executor::Subject};
use planewright_backend::executor::{Executor, Submission};
use planewright_backend::flink::FlinkExecutor;
use planewright_backend::id::JobId;
use planewright_backend::memory::MemoryStore;
use planewright_client::flink::Client;

/// Where the cluster is, and what runs on it.
#[derive(Clone)]
struct Place {
    url: String,
    jobs: Bytes,
    savepoints: String,
}

impl Place {
    fn from_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("PLANEWRIGHT_FLINK_{name}")).ok();
        let jobs = std::fs::read(variable("JOBS")?).expect("the jar of test jobs can be read");
        Some(Self { url: variable("URL")?, jobs: jobs.into(), savepoints: variable("SAVEPOINTS")? })
    }

    async fn subject(self) -> (Arc<dyn Executor>, Subject) {
        let artifacts = ArtifactStore::new(Arc::new(InMemory::new()));
        let content = stream::iter([Ok::<_, std::io::Error>(self.jobs)]);
        let jar = artifacts.put("test-jobs.jar", content).await.expect("memory takes the jar");
        let cluster = Client::connect(&self.url).expect("the variable holds a URL");
        let executor = Arc::new(FlinkExecutor::new(cluster, Arc::new(MemoryStore::new()), artifacts));
        let submission = |class: &str, arguments: &[&str]| Submission {
            artifact: Some(jar.id.clone()),
            entry_class: Some(class.to_owned()),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            ..Submission::new(JobId::from_bytes([0; 16]))
        };
        let mut ids = [0; 16];
        getrandom::fill(&mut ids).expect("the system has random bytes");
        let subject = Subject {
            ids,
            finishing: Some(submission("BoundedJob", &["--count", "1000"])),
            failing: Some(submission("StreamingJob", &["--fail-at", "5"])),
            savepoint_directory: Some(self.savepoints),
            pass_time: Box::new(|| Box::pin(tokio::time::sleep(Duration::from_millis(100)))),
            patience: 600,
            ..Subject::new(executor.clone(), submission("StreamingJob", &["--checkpoint-ms", "1000"]))
        };
        (executor, subject)
    }
}

fn main() -> ExitCode {
    let Some(place) = Place::from_environment() else {
        eprintln!("no cluster: see `cargo xtask flink contract`");
        return ExitCode::SUCCESS;
    };
    contract::executor::run("flink", move || {
        let place = place.clone();
        async move {
            let (executor, subject) = place.subject().await;
            (Cleanup(executor, subject.ids), subject)
        }
    })
}

/// Cancels what a case has left behind, so that the next ones find room.
struct Cleanup(Arc<dyn Executor>, [u8; 16]);

impl Drop for Cleanup {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for number in 0..4_u8 {
                    let job = JobId::from_bytes(self.1.map(|byte| byte ^ (0xc0 | number)));
                    let _ = self.0.cancel(job).await;
                }
            });
        });
    }
}
