//! The generated shape, from a request to a response, without a socket.

mod exemplar;

use exemplar::jobs::*;
use exemplar::{Service, model};
use planewright_server::{ApiError, RequestContext};
use tower::ServiceExt;

#[derive(Clone)]
struct Jobs;

impl exemplar::JobsApi for Jobs {
    async fn get_job(&self, _: &RequestContext, request: GetJobRequest) -> Result<GetJobResponse, ApiError> {
        Ok(model::JobDetails {
            jid: request.jobid.to_string(),
            name: format!("{:?} {}", request.subtasks, request.verbose),
            timestamps: vec![],
        }
        .into())
    }
}

#[tokio::test]
async fn a_request_reaches_its_handler() {
    let service = Service::new().jobs(Jobs).into_service::<String>();
    let request = http::Request::get("/v1/jobs/42?subtasks=1,2&subtasks=3").body(String::new()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.into_body().as_bytes().unwrap(),
        br#"{"jid":"42","name":"Some([1, 2, 3]) false","timestamps":[]}"#
    );
}
