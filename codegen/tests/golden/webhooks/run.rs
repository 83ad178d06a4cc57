//! The API sends, and a receiver understands.

use std::sync::{Arc, Mutex};

use golden_webhooks::webhooks::client::Client;
use golden_webhooks::webhooks::server::{self as received, Service};
use planewright_client::{BaseUrl, Connection};
use planewright_server::{ApiError, RequestContext};

#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<String>>>);

impl received::CallbacksApi for Receiver {
    async fn job_ended(&self, _: &RequestContext, request: received::JobEndedRequest) -> Result<received::JobEndedResponse, ApiError> {
        self.0.lock().unwrap().push(format!("{} ended", request.body.id));
        Ok(golden_webhooks::model::JobEndedResponseBody { forget: true }.into())
    }
}

impl received::WebhooksApi for Receiver {
    async fn worker_came(&self, _: &RequestContext, request: received::WorkerCameRequest) -> Result<received::WorkerCameResponse, ApiError> {
        self.0.lock().unwrap().push(format!("{} came to {:?}", request.body.name, request.x_cluster));
        Ok(received::WorkerCameResponse::NoContent)
    }
}

#[tokio::test]
async fn what_is_sent_is_received() {
    let receiver = Receiver::default();
    let service = Service::new().callbacks(receiver.clone()).webhooks(receiver.clone()).into_service();
    // Each receiver has a URL of its own.
    let at = |path: &str| Client::new(Connection::new(service.clone(), BaseUrl::in_process(path).unwrap()));
    let answer = at("/jobEnded").callbacks().job_ended("j1").exit_code(0).send().await.unwrap();
    assert!(answer.forget);
    at("/newWorker").webhooks().worker_came("w1").x_cluster("a").send().await.unwrap();
    assert_eq!(*receiver.0.lock().unwrap(), ["j1 ended", "w1 came to Some(\"a\")"]);
    let error = at("/jobLost").callbacks().job_lost().send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(501));
}
