//! What happens to an operation when its client goes away.
#![cfg(feature = "flink")]

use std::sync::Arc;

use http::Request;
use planewright_server::flink::*;
use planewright_server::{ApiError, RequestContext, settled};
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;

const JOB: &str = "df9c573a0c8506bc11a2b73160637f03";

/// Says `began`, waits for a permit, says `ended`; and `dropped` when it is let go.
#[derive(Clone)]
struct Slow {
    permits: Arc<Semaphore>,
    says: mpsc::UnboundedSender<&'static str>,
}

struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

impl Slow {
    fn new() -> (Self, mpsc::UnboundedReceiver<&'static str>) {
        let (says, heard) = mpsc::unbounded_channel();
        (Self { permits: Arc::new(Semaphore::new(0)), says }, heard)
    }

    async fn work<T>(&self) -> Result<T, ApiError> {
        let _guard = Guard(self.says.clone());
        let _ = self.says.send("began");
        let _permit = self.permits.acquire().await.map_err(ApiError::internal)?;
        let _ = self.says.send("ended");
        Err(ApiError::conflict("done"))
    }
}

impl JobsApi for Slow {
    async fn get_job_plan(
        &self,
        _: &RequestContext,
        _: GetJobPlanRequest,
    ) -> Result<GetJobPlanResponse, ApiError> {
        self.work().await
    }

    async fn cancel_job(
        &self,
        _: &RequestContext,
        _: CancelJobRequest,
    ) -> Result<CancelJobResponse, ApiError> {
        self.work().await
    }
}

/// Starts the request, and gives up on it once its handler has begun.
async fn start_and_leave(method: &str, path: &str) -> (Slow, mpsc::UnboundedReceiver<&'static str>) {
    let (slow, mut heard) = Slow::new();
    let service = Service::new().jobs(slow.clone()).into_service();
    let request = Request::builder().method(method).uri(path).body(String::new()).unwrap();
    let client = tokio::spawn(service.oneshot(request));
    assert_eq!(heard.recv().await, Some("began"));
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    (slow, heard)
}

#[tokio::test]
async fn a_read_ends_with_its_client() {
    let (_slow, mut heard) = start_and_leave("GET", &format!("/jobs/{JOB}/plan")).await;
    assert_eq!(heard.recv().await, Some("dropped"));
    settled().await;
}

#[tokio::test]
async fn a_change_of_state_runs_to_its_end_without_its_client() {
    let (slow, mut heard) = start_and_leave("PATCH", &format!("/jobs/{JOB}")).await;
    assert!(heard.try_recv().is_err(), "it still waits for its permit");
    slow.permits.add_permits(1);
    assert_eq!(heard.recv().await, Some("ended"));
    assert_eq!(heard.recv().await, Some("dropped"));
    settled().await;
}

#[tokio::test]
async fn a_client_that_waits_gets_the_answer_in_its_own_task() {
    let (slow, mut heard) = Slow::new();
    slow.permits.add_permits(1);
    let service = Service::new().jobs(slow).into_service();
    let request = Request::patch(format!("/jobs/{JOB}")).body(String::new()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 409);
    assert_eq!([heard.recv().await, heard.recv().await], [Some("began"), Some("ended")]);
}
