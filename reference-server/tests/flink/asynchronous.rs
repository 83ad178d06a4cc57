//! The laws of asynchronous operations, as a client sees them.

use planewright_backend::simulated::Call;
use serde_json::json;

use crate::bench::{Bench, UNKNOWN};

const TRIGGER: &str = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

#[tokio::test]
async fn a_savepoint_is_triggered_polled_and_done() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let body = json!({ "target-directory": "memory://elsewhere", "cancel-job": false, "triggerId": null });
    let answer = bench.post(&format!("/jobs/{job}/savepoints"), body).await;
    assert_eq!(answer.status, 202);
    let trigger = answer.json()["request-id"].as_str().unwrap().to_owned();
    let path = format!("/v1/jobs/{job}/savepoints/{trigger}");
    let answer = bench.get(&path).await.ok();
    assert_eq!(answer, json!({ "status": { "id": "IN_PROGRESS" }, "operation": null }));
    let outcome = bench.outcome(&path).await;
    let location = outcome["location"].as_str().unwrap();
    assert!(location.starts_with("memory://elsewhere/savepoint-"), "{outcome}");
    assert_eq!(bench.status(&job).await, "RUNNING");
}

#[tokio::test]
async fn a_repeat_in_any_case_starts_nothing() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/savepoints");
    for (trigger, target) in [
        (TRIGGER.to_owned(), "memory://a"),
        (TRIGGER.to_uppercase(), "memory://a"),
        (TRIGGER.to_owned(), "memory://b"),
    ] {
        let answer = bench.post(&path, json!({ "triggerId": trigger, "target-directory": target })).await;
        assert_eq!((answer.status, answer.json()), (202, json!({ "request-id": TRIGGER })));
    }
    let outcome = bench.outcome(&format!("{path}/{}", TRIGGER.to_uppercase())).await;
    assert!(outcome["location"].as_str().unwrap().starts_with("memory://a/"), "{outcome}");
    let again = bench.post(&path, json!({ "triggerId": TRIGGER })).await;
    assert_eq!(again.status, 202);
    assert_eq!(bench.outcome(&format!("{path}/{TRIGGER}")).await, outcome);
    assert_eq!(bench.executor.faults().calls(Call::TriggerSavepoint), 1);
}

#[tokio::test]
async fn of_sixteen_equal_triggers_at_once_one_starts() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/stop");
    let triggers = (0..16).map(|_| bench.post(&path, json!({ "triggerId": TRIGGER, "drain": true })));
    for answer in futures_util::future::join_all(triggers).await {
        assert_eq!((answer.status, answer.json()), (202, json!({ "request-id": TRIGGER })));
    }
    bench.outcome(&format!("/jobs/{job}/savepoints/{TRIGGER}")).await;
    assert_eq!(bench.executor.faults().calls(Call::StopWithSavepoint), 1);
    bench.advance(1000);
    assert_eq!(bench.status(&job).await, "FINISHED");
}

#[tokio::test]
async fn a_trigger_id_is_known_under_its_job_and_kind_only() {
    let bench = Bench::new().await;
    let (job, other) = (bench.running().await, bench.running().await);
    bench.post(&format!("/jobs/{job}/savepoints"), json!({ "triggerId": TRIGGER })).await.ok();
    for path in [
        format!("/jobs/{other}/savepoints/{TRIGGER}"),
        format!("/jobs/{UNKNOWN}/savepoints/{TRIGGER}"),
        format!("/jobs/{job}/checkpoints/{TRIGGER}"),
        format!("/savepoint-disposal/{TRIGGER}"),
        format!("/jobs/{job}/savepoints/{UNKNOWN}"),
    ] {
        bench.get(&path).await.error(404);
    }
    bench.get(&format!("/jobs/{job}/savepoints/xyz")).await.error(400);
    bench.post(&format!("/jobs/{other}/savepoints"), json!({ "triggerId": TRIGGER })).await.ok();
    let location = bench.outcome(&format!("/jobs/{other}/savepoints/{TRIGGER}")).await;
    assert_ne!(location, bench.outcome(&format!("/jobs/{job}/savepoints/{TRIGGER}")).await);
}

#[tokio::test]
async fn an_outcome_expires_and_its_id_makes_a_second_savepoint() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let (path, body) = (format!("/jobs/{job}/savepoints"), json!({ "triggerId": TRIGGER }));
    bench.post(&path, body.clone()).await.ok();
    let poll = format!("{path}/{TRIGGER}");
    let first = bench.outcome(&poll).await;
    bench.advance(299_999);
    bench.get(&poll).await.ok();
    bench.advance(1);
    bench.get(&poll).await.error(404);
    bench.post(&path, body).await.ok();
    assert_ne!(bench.outcome(&poll).await, first);
    assert_eq!(bench.executor.faults().calls(Call::TriggerSavepoint), 2);
}

#[tokio::test]
async fn an_operation_goes_on_after_a_restart() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/savepoints");
    bench.post(&path, json!({ "triggerId": TRIGGER })).await.ok();
    let bench = bench.restarted().await;
    bench.post(&path, json!({ "triggerId": TRIGGER })).await.ok();
    let outcome = bench.outcome(&format!("{path}/{TRIGGER}")).await;
    assert!(outcome["location"].is_string(), "{outcome}");
    let bench = bench.restarted().await;
    assert_eq!(bench.outcome(&format!("{path}/{TRIGGER}")).await, outcome);
    assert_eq!(bench.executor.faults().calls(Call::TriggerSavepoint), 1);
}

#[tokio::test]
async fn operations_on_jobs_that_are_unknown_or_over_fail() {
    let bench = Bench::new().await;
    let ended = bench.run("BoundedJob", &["--runtime-ms", "100"]).await;
    bench.advance(60_000);
    assert_eq!(bench.status(&ended).await, "FINISHED");
    for job in [UNKNOWN, &ended] {
        for kind in ["savepoints", "stop", "checkpoints"] {
            let answer = bench.post(&format!("/jobs/{job}/{kind}"), json!({})).await;
            assert_eq!(answer.status, 202);
            let trigger = answer.json()["request-id"].as_str().unwrap().to_owned();
            let place = if kind == "checkpoints" { kind } else { "savepoints" };
            let outcome = bench.outcome(&format!("/jobs/{job}/{place}/{trigger}")).await;
            let cause = match kind {
                "checkpoints" => &outcome["failureCause"],
                _ => &outcome["failure-cause"],
            };
            for member in ["class", "stack-trace", "serialized-throwable"] {
                assert!(cause[member].as_str().is_some_and(|text| !text.is_empty()), "{outcome}");
            }
        }
    }
}

#[tokio::test]
async fn a_savepoint_ends_when_its_job_is_cancelled() {
    let bench = Bench::new().await;
    let job = bench.run("StreamingJob", &["--slow-checkpoint-ms", "60000"]).await;
    bench.advance(1000);
    bench.post(&format!("/jobs/{job}/savepoints"), json!({ "triggerId": TRIGGER })).await.ok();
    bench.advance(100);
    bench.call(http::Method::PATCH, &format!("/jobs/{job}?mode=cancel"), "").await.ok();
    bench.advance(2000);
    let outcome = bench.outcome(&format!("/jobs/{job}/savepoints/{TRIGGER}")).await;
    assert!(outcome["failure-cause"].is_object(), "{outcome}");
}

#[tokio::test]
async fn checkpoints_on_request_are_listed() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    for body in [json!({}), json!({ "checkpointType": "FULL" }), json!({ "checkpointType": "CONFIGURED" })] {
        let answer = bench.post(&format!("/jobs/{job}/checkpoints"), body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.bytes);
        let trigger = answer.json()["request-id"].as_str().unwrap().to_owned();
        let outcome = bench.outcome(&format!("/jobs/{job}/checkpoints/{trigger}")).await;
        let id = outcome["checkpointId"].as_i64().unwrap();
        let details = bench.get(&format!("/jobs/{job}/checkpoints/details/{id}")).await.ok();
        assert_eq!(details["status"], "COMPLETED");
    }
    let body = json!({ "checkpointType": "INCREMENTAL" });
    bench.post(&format!("/jobs/{job}/checkpoints"), body).await.error(400);
}

#[tokio::test]
async fn a_savepoint_can_be_disposed_of_once() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    bench.post(&format!("/jobs/{job}/savepoints"), json!({ "triggerId": TRIGGER })).await.ok();
    let savepoint = bench.outcome(&format!("/jobs/{job}/savepoints/{TRIGGER}")).await;
    for succeeds in [true, false] {
        let body = json!({ "savepoint-path": savepoint["location"] });
        let answer = bench.post("/savepoint-disposal", body).await;
        assert_eq!(answer.status, 200);
        let trigger = answer.json()["request-id"].as_str().unwrap().to_owned();
        let outcome = bench.outcome(&format!("/savepoint-disposal/{trigger}")).await;
        assert_eq!(outcome == json!({}), succeeds, "{outcome}");
    }
    bench.post("/savepoint-disposal", json!({})).await.error(400);
}
