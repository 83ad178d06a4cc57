//! Changes of parallelism.

use http::Method;
use serde_json::{Value, json};

use crate::bench::Bench;

async fn parallelism(bench: &Bench, job: &str) -> Vec<Value> {
    let details = bench.get(&format!("/jobs/{job}")).await.ok();
    details["vertices"].as_array().unwrap().iter().map(|vertex| vertex["parallelism"].clone()).collect()
}

#[tokio::test]
async fn a_running_job_is_rescaled() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/rescaling");
    let answer = bench.call(Method::PATCH, &format!("{path}?parallelism=4"), "").await;
    assert_eq!(answer.status, 200);
    let trigger = answer.json()["request-id"].as_str().unwrap().to_owned();
    assert_eq!(bench.outcome(&format!("{path}/{trigger}")).await, json!({}));
    assert_eq!(parallelism(&bench, &job).await, [4, 4]);
    let overview = bench.get(&format!("/jobs/{job}/rescales/overview")).await.ok();
    assert_eq!(overview["rescalesCounts"]["completed"], 1, "{overview}");
    for query in ["", "?parallelism=0", "?parallelism=-1", "?parallelism=x"] {
        bench.call(Method::PATCH, &format!("{path}{query}"), "").await.error(400);
    }
}

#[tokio::test]
async fn requirements_name_every_vertex_and_make_sense() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/resource-requirements");
    let requirements = bench.get(&path).await.ok();
    let vertices: Vec<&String> = requirements.as_object().unwrap().keys().collect();
    assert_eq!(vertices.len(), 2);
    let with = |lower: i64, upper: i64, vertices: &[&str]| {
        let bounds = json!({ "parallelism": { "lowerBound": lower, "upperBound": upper } });
        let members = vertices.iter().map(|vertex| ((*vertex).to_owned(), bounds.clone()));
        Value::Object(members.collect()).to_string()
    };
    let both: Vec<&str> = vertices.iter().map(|vertex| vertex.as_str()).collect();
    let put = async |body: String| bench.call(Method::PUT, &path, body).await;
    for body in [
        with(1, 1, &both[..1]),
        with(1, 1, &[both[0], both[1], crate::bench::UNKNOWN]),
        with(3, 1, &both),
        with(0, 1, &both),
        with(-5, 1, &both),
        "{}".to_owned(),
        String::new(),
    ] {
        put(body.clone()).await.error(400);
    }
    assert_eq!(parallelism(&bench, &job).await, [2, 2]);
    assert_eq!(put(with(1, 3, &both)).await.ok(), json!({}));
    bench.advance(60_000);
    assert_eq!(parallelism(&bench, &job).await, [3, 3]);
    let found = bench.get(&path).await.ok();
    assert_eq!(found[both[0]], json!({ "parallelism": { "lowerBound": 1, "upperBound": 3 } }));
}

#[tokio::test]
async fn a_job_that_has_ended_is_not_rescaled() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    bench.call(Method::PATCH, &format!("/jobs/{job}"), "").await.ok();
    bench.advance(5000);
    bench.call(Method::PATCH, &format!("/jobs/{job}/rescaling?parallelism=3"), "").await.error(409);
}
