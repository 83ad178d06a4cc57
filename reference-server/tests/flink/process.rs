//! What the server tells of itself, and how it ends.

use std::io::Write;

use futures_util::FutureExt;
use http::Method;
use planewright_reference_server::ControlPlane;
use planewright_reference_server::process::LogRing;
use serde_json::json;
use tower::ServiceExt;

use crate::bench::Bench;

#[tokio::test]
async fn the_log_is_our_own() {
    let log = LogRing::default();
    writeln!(log.clone(), "hello from the log").unwrap();
    let plane = ControlPlane::builder().log(log).build().await.unwrap();
    let service = plane.into_service::<String>();
    for path in ["/jobmanager/log", "/jobmanager/logs/planewright.log"] {
        let request = http::Request::get(path).body(String::new()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.into_body().as_bytes().unwrap(), b"hello from the log\n");
    }
}

#[tokio::test]
async fn log_files_have_no_folders() {
    let bench = Bench::new().await;
    for name in ["nope.log", "..%2Fconf%2Fconfig.yaml", "..%5Cconfig.yaml", "%2Fetc%2Fpasswd"] {
        bench.get(&format!("/jobmanager/logs/{name}")).await.error(404);
    }
}

#[tokio::test]
async fn settings_and_threads_are_those_of_this_process() {
    let bench = Bench::new().await;
    let settings = bench.get("/jobmanager/config").await.ok();
    let ttl = json!({ "key": "rest.async.store-duration", "value": "300000 ms" });
    assert!(settings.as_array().unwrap().contains(&ttl), "{settings}");
    let threads = bench.get("/jobmanager/thread-dump").await.ok();
    assert!(!threads["threadInfos"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn deleting_the_cluster_cancels_its_jobs_and_asks_for_the_end() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let mut requested = Box::pin(bench.plane.shutdown_requested());
    assert_eq!((&mut requested).now_or_never(), None);
    assert_eq!(bench.call(Method::DELETE, "/cluster", "").await.ok(), json!({}));
    requested.await;
    bench.advance(5000);
    assert_eq!(bench.status(&job).await, "CANCELED");
}
