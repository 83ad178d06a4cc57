//! No success without effect: what callers see when the executor or the store fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{Call, Fault};
use planewright_backend::store::*;
use serde_json::json;

use crate::bench::Bench;

const TRIGGER: &str = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

/// A store that refuses commits when told to.
#[derive(Debug, Default)]
struct Fragile {
    store: MemoryStore,
    is_broken: AtomicBool,
}

#[async_trait::async_trait]
impl Store for Fragile {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.store.get(key).await
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        self.store.list(range, limit).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { source: "the disk at /dev/sdb is full".into() });
        }
        self.store.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.store.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.store.compact(up_to).await
    }
}

#[tokio::test]
async fn without_a_store_nothing_is_started() {
    let store = Arc::new(Fragile::default());
    let bench = Bench::with(store.clone()).await;
    let job = bench.running().await;
    let jar = bench.upload().await;
    store.is_broken.store(true, Ordering::SeqCst);
    for path in [
        format!("/jobs/{job}/savepoints"),
        format!("/jobs/{job}/stop"),
        format!("/jobs/{job}/checkpoints"),
        format!("/jars/{jar}/run"),
    ] {
        let answer = bench.post(&path, json!({})).await;
        let message = answer.error(503);
        assert_eq!(answer.headers["retry-after"], "1", "{path}");
        assert!(!message.contains("sdb"), "{message}");
    }
    for call in [Call::TriggerSavepoint, Call::StopWithSavepoint, Call::TriggerCheckpoint] {
        assert_eq!(bench.executor.faults().calls(call), 0);
    }
    assert_eq!(bench.executor.faults().calls(Call::Submit), 1);
    store.is_broken.store(false, Ordering::SeqCst);
    bench.post(&format!("/jobs/{job}/savepoints"), json!({})).await.ok();
}

#[tokio::test]
async fn a_savepoint_that_is_accepted_comes_about_whatever_the_executor_does() {
    for fault in [Fault::Fail, Fault::ApplyThenFail] {
        let bench = Bench::new().await;
        let job = bench.running().await;
        bench.executor.faults().at(Call::TriggerSavepoint, 1, fault);
        let path = format!("/jobs/{job}/savepoints");
        assert_eq!(bench.post(&path, json!({ "triggerId": TRIGGER })).await.status, 202);
        let outcome = bench.outcome(&format!("{path}/{TRIGGER}")).await;
        assert!(outcome["location"].is_string(), "{fault:?}: {outcome}");
        let statistics = bench.get(&format!("/jobs/{job}/checkpoints")).await.ok();
        let history = statistics["history"].as_array().unwrap().iter();
        assert_eq!(history.filter(|entry| entry["is_savepoint"] == true).count(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_submission_is_answered_with_success_exactly_if_there_is_a_job() {
    for (fault, status) in [(Fault::Fail, 503), (Fault::ApplyThenFail, 200)] {
        let bench = Bench::new().await;
        let jar = bench.upload().await;
        bench.executor.faults().at(Call::Submit, 1, fault);
        let answer = bench.post(&format!("/jars/{jar}/run"), json!({})).await;
        assert_eq!(answer.status, status, "{fault:?}");
        let jobs = bench.get("/jobs").await.ok();
        let expected = usize::from(status == 200);
        assert_eq!(jobs["jobs"].as_array().unwrap().len(), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_cancellation_that_did_not_arrive_is_no_success() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    bench.executor.faults().at(Call::Cancel, 1, Fault::Fail);
    let cancel = async || bench.call(http::Method::PATCH, &format!("/jobs/{job}"), "").await;
    cancel().await.error(503);
    bench.advance(5000);
    assert_eq!(bench.status(&job).await, "RUNNING");
    assert_eq!(cancel().await.status, 202);
    bench.advance(5000);
    assert_eq!(bench.status(&job).await, "CANCELED");
}

#[tokio::test]
async fn an_executor_out_of_reach_is_no_failed_job() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let calls = bench.executor.faults().calls(Call::Describe);
    bench.executor.faults().at(Call::Describe, calls + 1, Fault::Fail);
    bench.get(&format!("/jobs/{job}")).await.error(503);
    assert_eq!(bench.status(&job).await, "RUNNING");
}
