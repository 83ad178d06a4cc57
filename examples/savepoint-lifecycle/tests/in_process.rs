//! The whole life against our server in this process, with no socket; and against one with a defect, which must be found.

use std::time::Duration;

use http_body_util::BodyExt;
use planewright_client::flink::Client;
use planewright_client::{BoxError, ClientBody};
use planewright_reference_server::{Api, ControlPlane};
use savepoint_lifecycle::{Options, run};
use tower::ServiceExt;

fn options() -> Options {
    Options {
        jar: std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/streaming.jar"),
        entry_class: Some("StreamingJob".into()),
        arguments: Vec::new(),
        parallelism: 1,
        target: Some("memory://savepoints".into()),
        savepoints: None,
        patience: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn our_server_lets_a_job_live() {
    let plane = ControlPlane::builder().api(Api::Flink).build().await.expect("a server");
    let client = Client::over(plane.into_service());
    let mut steps = Vec::new();
    let tell = |step, what: &str| {
        println!("{step:<10} {what}");
        steps.push(step);
    };
    run(&client, &options(), tell).await.expect("every step");
    let expected = [
        "cluster",
        "upload",
        "run",
        "vertices",
        "metrics",
        "savepoint",
        "stop",
        "restart",
        "cancel",
        "dispose",
        "dispose",
        "delete",
    ];
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn a_server_that_forgets_trigger_ids_is_found_out() {
    let plane = ControlPlane::builder().api(Api::Flink).build().await.expect("a server");
    let service = plane.into_service();
    let forgetful = tower::service_fn(move |request: http::Request<ClientBody>| {
        let service = service.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            let mut bytes = body.collect().await?.to_bytes();
            if parts.uri.path().ends_with("/savepoints") {
                let mut trigger: serde_json::Value = serde_json::from_slice(&bytes)?;
                trigger.as_object_mut().map(|members| members.remove("triggerId"));
                bytes = trigger.to_string().into();
            }
            parts.headers.remove("content-length");
            let request = http::Request::from_parts(parts, ClientBody::full(bytes));
            Ok::<_, BoxError>(service.oneshot(request).await?)
        }
    });
    let failure = run(&Client::over(forgetful), &options(), |_, _| {}).await.expect_err("a defect");
    assert!(failure.to_string().starts_with("savepoint: "), "{failure}");
}
