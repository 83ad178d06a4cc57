use std::time::Duration;

use planewright_backend::executor::{JobState, OperationStatus, Outcome, SavepointRequest};
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::store::{Key, Transaction};

use super::super::job::NewJob;
use super::super::operation::{Action, Progress, Scope};
use super::super::scripted::Bench;
use super::*;

const JOB: JobId = JobId::from_bytes([7; 16]);
const TRIGGER: TriggerId = TriggerId::from_bytes([8; 16]);

/// A server that does the background work when it can, until it is dropped without a word.
struct Server {
    kernel: Arc<Kernel>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    fn start(bench: &Bench) -> Self {
        let kernel = bench.kernel();
        let controlled = Arc::clone(&kernel);
        let task = tokio::spawn(async move { controlled.control(&ControlLease::default(), false).await });
        Self { kernel, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets time pass, and everybody have a turn, until something holds.
async fn until(bench: &Bench, what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if done().await {
            return;
        }
        bench.clock.advance(Duration::from_millis(50));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    panic!("not in time: {what}");
}

async fn holder_term(bench: &Bench) -> Option<planewright_backend::store::Revision> {
    let key = Key::new("leases/control/term").unwrap();
    bench.store.get(&key).await.unwrap().map(|found| found.modified)
}

fn savepoint() -> Action {
    Action::Savepoint(JOB, SavepointRequest::default())
}

#[tokio::test]
async fn one_server_asks_for_operations_and_another_goes_on() {
    let bench = Bench::new();
    let mut servers = [Server::start(&bench), Server::start(&bench), Server::start(&bench)];
    until(&bench, "somebody holds the lease", async || holder_term(&bench).await.is_some()).await;
    let first = holder_term(&bench).await;
    // Whoever takes the call, whoever does the work.
    for (number, server) in (0..).zip(&servers) {
        server.kernel.trigger(Some(TriggerId::from_bytes([number; 16])), savepoint()).await.unwrap();
    }
    let done = Outcome::Savepoint { location: "/sp/1".to_owned() };
    bench.executor.finish(OperationStatus::Completed(done.clone()));
    let rows = async || {
        let (entries, _) = bench.store.list_all(&operation::rows()).await.unwrap();
        entries
            .into_iter()
            .filter(|entry| String::from_utf8_lossy(&entry.versioned.value).contains("\"end\""))
            .count()
    };
    until(&bench, "the ends are written down with nobody asking", async || rows().await == 3).await;
    // The holder may have been as quick to start them as the server that was asked; that started nothing twice.
    assert_eq!(bench.executor.script().operations.len(), 3);
    assert_eq!(holder_term(&bench).await, first);

    // One after the other goes, the holder among them.
    for gone in 0..2 {
        servers[gone] = Server::start(&bench);
        let trigger = TriggerId::from_bytes([100 + gone as u8; 16]);
        servers[2].kernel.trigger(Some(trigger), savepoint()).await.unwrap();
        bench.executor.finish(OperationStatus::Completed(done.clone()));
        until(&bench, "the work goes on", async || rows().await == 4 + gone).await;
        let found = servers[gone].kernel.poll(Scope::Savepoint(JOB), trigger).await.unwrap();
        assert_eq!(found, Progress::Completed(done.clone()));
    }
}

#[tokio::test]
async fn what_a_former_holder_writes_comes_to_nothing() {
    let bench = Bench::new();
    let mut lease =
        Lease::new(bench.store.clone(), LEASE, Duration::from_secs(5), Arc::new(bench.clock.clone()))
            .unwrap();
    assert!(lease.tick().await.unwrap());
    let guard = lease.guard().unwrap();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint()).await.unwrap();
    bench.executor.finish(OperationStatus::Completed(Outcome::Done));
    // Somebody else takes over.
    let term = Key::new("leases/control/term").unwrap();
    bench.store.commit(Transaction::new().put(term, "")).await.unwrap();
    let before = bench.store.revision().await.unwrap();
    kernel.tend_operations(Some(&guard)).await.unwrap();
    assert_eq!(bench.store.revision().await.unwrap(), before);
    kernel.tend_operations(None).await.unwrap();
    assert!(bench.store.revision().await.unwrap() > before);
}

#[tokio::test]
async fn a_retry_elsewhere_finishes_what_a_killed_server_began() {
    let bench = Bench::new();
    let new = || NewJob { id: Some(JOB), ..NewJob::default() };
    // The first server is gone before it hears from the executor.
    bench.executor.script().faults = (0..3)
        .map(|_| {
            (planewright_backend::executor::ExecutorError::OutcomeUnknown { source: "killed".into() }, false)
        })
        .collect();
    bench.kernel().submit(new()).await.unwrap_err();
    let other = bench.kernel();
    let early = other.submit(new()).await.unwrap_err();
    assert!(matches!(early, KernelError::Conflict { .. }), "{early}");
    bench.clock.advance(Duration::from_secs(6));
    let different = NewJob { arguments: vec!["other".to_owned()], ..new() };
    assert!(matches!(other.submit(different).await, Err(KernelError::Conflict { .. })));
    assert_eq!(other.submit(new()).await.unwrap(), JOB);
    assert_eq!(bench.executor.script().jobs.len(), 1);
    assert!(matches!(bench.kernel().submit(new()).await, Err(KernelError::Conflict { .. })));
}

#[tokio::test]
async fn the_end_of_a_job_is_written_down_once_by_the_holder() {
    let bench = Bench::new();
    let servers = [Server::start(&bench), Server::start(&bench)];
    servers[1].kernel.submit(NewJob { id: Some(JOB), ..NewJob::default() }).await.unwrap();
    bench.executor.script().jobs.get_mut(&JOB).unwrap().1 = JobState::Finished;
    let end = Key::new(format!("job-ends/{JOB}")).unwrap();
    let written = async || bench.store.get(&end).await.unwrap();
    // The scripted executor is watched by asking it once a second of real time.
    while written().await.is_none() {
        bench.clock.advance(Duration::from_millis(50));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let first = written().await.unwrap();
    assert_eq!(first.created, first.modified);
}
