//! The contract suite of executors on a server of ours that stands in for a Flink cluster: the executor's client on one
//! side, our Flink API over simulated jobs on the other, and no socket in between.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::contract::{self, executor::Subject};
use planewright_backend::executor::Submission;
use planewright_backend::flink::FlinkExecutor;
use planewright_backend::id::JobId;
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_client::flink::Client;
use planewright_reference_server::ControlPlane;

async fn subject() -> ((), Subject) {
    let simulated = SimulatedExecutor::new(SimulatedOptions {
        step: Duration::from_millis(5),
        ..SimulatedOptions::default()
    });
    let cluster =
        ControlPlane::builder().executor(simulated).build().await.expect("a plane of nothing but memory");
    let artifacts = ArtifactStore::new(Arc::new(InMemory::new()));
    let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"no program"))]);
    let jar = artifacts.put("jobs.jar", content).await.expect("memory takes the jar");
    let client = Client::over(cluster.into_service());
    let executor = FlinkExecutor::new(client, Arc::new(MemoryStore::new()), artifacts);
    let submission = |arguments: &[&str]| Submission {
        artifact: Some(jar.id.clone()),
        entry_class: Some("Job".to_owned()),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        ..Submission::new(JobId::from_bytes([0; 16]))
    };
    let subject = Subject {
        finishing: Some(submission(&["--runtime-ms", "50"])),
        failing: Some(submission(&["--fail-at", "5", "--sleep-ms", "10"])),
        savepoint_directory: Some("simulated://savepoints".to_owned()),
        ..Subject::new(Arc::new(executor), submission(&[]))
    };
    ((), subject)
}

fn main() -> ExitCode {
    contract::executor::run("front", subject)
}
