//! A process that ends without a word, and its executor with it: only the store is left.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
use planewright_backend::store::{Key, Store};
use planewright_backend::time::{Clock, Timestamp, VirtualClock};
use planewright_reference_server::ControlPlane;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn jobs_outlive_a_process_and_its_executor() {
    let store = Arc::new(MemoryStore::default());
    let bench = Bench::with(store.clone()).await;
    let (running, cancelled) = (bench.running().await, bench.running().await);
    bench.call(http::Method::PATCH, &format!("/jobs/{cancelled}"), "").await.ok();
    let finished = bench.run("BoundedJob", &["--name", "counting"]).await;
    bench.advance(60_000);
    let result = bench.get(&format!("/jobs/{finished}/execution-result")).await.ok();
    bench.written_down(&finished).await;
    drop(bench);

    let bench = Bench::with(store).await;
    assert_eq!(bench.get(&format!("/jobs/{finished}/execution-result")).await.ok(), result);
    let details = bench.get(&format!("/jobs/{finished}")).await.ok();
    assert_eq!((&details["name"], &details["state"]), (&json!("counting"), &json!("FINISHED")));
    bench.advance(10_000);
    assert_eq!(bench.status(&running).await, "RUNNING");
    assert_eq!(bench.status(&cancelled).await, "CANCELED");
    let jobs = bench.get("/jobs").await.ok();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn who_steps_down_is_followed_before_its_lease_would_end() {
    let (store, clock) = (MemoryStore::default(), VirtualClock::starting_at(Timestamp(0)));
    let plane = || ControlPlane::builder().store(store.clone()).clock(clock.clone()).build();
    let term = Key::new("leases/control/term").unwrap();
    let held_since = async || store.get(&term).await.unwrap().map(|found| found.modified);
    let (first, second) = (plane().await.unwrap(), plane().await.unwrap());
    while held_since().await.is_none() {
        tokio::task::yield_now().await;
    }
    let before = held_since().await;
    first.step_down().await.unwrap();
    second.step_down().await.unwrap();
    // Neither of these two comes back.
    let third = plane().await.unwrap();
    while held_since().await == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(clock.now(), Timestamp(0), "no time has gone by");
    drop(third);
}
