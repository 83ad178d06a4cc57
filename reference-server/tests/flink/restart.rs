//! A process that ends without a word, and its executor with it: only the store is left.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
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
