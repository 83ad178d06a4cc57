//! The submission of Flink's own client, over an executor that can read it.

use std::sync::Mutex;

use futures_util::TryStreamExt;
use planewright_backend::executor::*;
use planewright_backend::id::{JobId, TriggerId};
use planewright_reference_server::ControlPlane;
use serde_json::json;
use tower::ServiceExt;

/// Takes what only it can read, and remembers it.
#[derive(Debug, Default)]
struct Opaque(Mutex<Option<(String, Vec<u8>)>>);

#[async_trait::async_trait]
impl Executor for Opaque {
    async fn submit_opaque(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
        let body: Result<Vec<_>, _> = submission.body.try_collect().await;
        match body {
            Ok(pieces) => {
                *self.0.lock().unwrap() = Some((submission.content_type, pieces.concat()));
                Ok(JobId::from_bytes([0xab; 16]))
            }
            Err(error) => Err(ExecutorError::Rejected { reason: error.to_string() }),
        }
    }

    async fn submit(&self, _: Submission) -> Result<(), ExecutorError> {
        Err(ExecutorError::unsupported("submissions"))
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        Err(ExecutorError::job_not_found(job))
    }

    async fn trigger_savepoint(
        &self,
        _: JobId,
        _: TriggerId,
        _: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        Err(ExecutorError::unsupported("savepoints"))
    }

    async fn stop_with_savepoint(&self, _: JobId, _: TriggerId, _: StopRequest) -> Result<(), ExecutorError> {
        Err(ExecutorError::unsupported("savepoints"))
    }

    async fn operation(&self, _: OperationScope, _: TriggerId) -> Result<Option<Operation>, ExecutorError> {
        Ok(None)
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        Err(ExecutorError::job_not_found(job))
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        Ok(Vec::new())
    }
}

fn body(boundary: &str, plan: &str, end: &str) -> String {
    let request = r#"{"executionPlanFileName":"plan.bin"}"#;
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"request\"\r\nContent-Type: application/json\r\n\r\n\
         {request}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file_0\"; filename=\"plan.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{plan}{end}"
    )
}

async fn send(executor: &std::sync::Arc<Opaque>, body: String) -> (u16, serde_json::Value) {
    let plane = ControlPlane::builder().executor(executor.clone()).build().await.unwrap();
    let request = http::Request::post("/v1/jobs")
        .header("content-type", "multipart/form-data; boundary=theirs")
        .body(body)
        .unwrap();
    let response = plane.into_service().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.into_body().as_bytes().unwrap()).unwrap())
}

#[tokio::test]
async fn an_executor_that_is_flink_gets_every_part() {
    let executor = std::sync::Arc::new(Opaque::default());
    let plan = "0123456789abcdef".repeat(100_000);
    let answer = send(&executor, body("theirs", &plan, "\r\n--theirs--\r\n")).await;
    assert_eq!(answer, (202, json!({ "jobUrl": "/jobs/abababababababababababababababab" })));
    let (content_type, received) = executor.0.lock().unwrap().take().unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = body(boundary, &plan, &format!("\r\n--{boundary}--\r\n"));
    // A line break before the first boundary belongs to the preamble, which means nothing.
    assert!(String::from_utf8(received).unwrap().trim_start() == expected, "the parts have changed");
}

#[tokio::test]
async fn half_a_submission_is_no_submission() {
    let executor = std::sync::Arc::new(Opaque::default());
    let (status, _) = send(&executor, body("theirs", "half of it", "")).await;
    assert_eq!(status, 400);
    assert!(executor.0.lock().unwrap().is_none());
}

#[tokio::test]
async fn what_a_minimal_executor_can_not_do_is_501_with_a_reason() {
    let executor = std::sync::Arc::new(Opaque::default());
    let plane = ControlPlane::builder().executor(executor).build().await.unwrap();
    let service = plane.into_service::<String>();
    let call = async |method: &str, path: &str| {
        let request = http::Request::builder().method(method).uri(path).body(String::new()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        (
            response.status().as_u16(),
            String::from_utf8_lossy(response.into_body().as_bytes().unwrap()).into_owned(),
        )
    };
    let unknown = "00000000000000000000000000000000";
    for (method, path) in [
        ("POST", format!("/jobs/{unknown}/savepoints")),
        ("POST", format!("/jobs/{unknown}/checkpoints")),
        ("DELETE", format!("/datasets/{unknown}")),
    ] {
        let (status, body) = call(method, &path).await;
        assert_eq!(status, 501, "{path} {body}");
        assert!(body.contains("This executor does not support"), "{body}");
    }
    for path in
        ["/taskmanagers", "/datasets", "/jobs", "/jobmanager/metrics", "/applications/overview", "/overview"]
    {
        assert_eq!(call("GET", path).await.0, 200, "{path}");
    }
}
