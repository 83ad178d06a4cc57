//! The accept loop, over real sockets.
#![cfg(all(feature = "flink", feature = "serve"))]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use planewright_server::conventions::Flink;
use planewright_server::flink::*;
use planewright_server::layer::{Limits, default_stack};
use planewright_server::{ApiError, RequestContext, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

const JOB: &str = "df9c573a0c8506bc11a2b73160637f03";

#[derive(Clone, Default)]
struct Jobs {
    began: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl JobsApi for Jobs {
    async fn get_job_plan(
        &self,
        context: &RequestContext,
        _: GetJobPlanRequest,
    ) -> Result<GetJobPlanResponse, ApiError> {
        match context.peer() {
            Some(peer) => Err(ApiError::not_found(format!("nothing for {}", peer.ip()))),
            None => Err(ApiError::not_found("nothing")),
        }
    }

    async fn get_job_details(
        &self,
        _: &RequestContext,
        _: GetJobDetailsRequest,
    ) -> Result<GetJobDetailsResponse, ApiError> {
        panic!("as asked")
    }

    async fn cancel_job(
        &self,
        _: &RequestContext,
        _: CancelJobRequest,
    ) -> Result<CancelJobResponse, ApiError> {
        self.began.notify_one();
        self.go_on.notified().await;
        Err(ApiError::conflict("done"))
    }
}

struct Server {
    address: SocketAddr,
    jobs: Jobs,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Server {
    let jobs = Jobs::default();
    let service = Service::new().jobs(jobs.clone()).into_service();
    let service = default_stack::<Flink, _, _>(service, Limits::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve(service, listener)
        .peer_address(true)
        .header_timeout(Duration::from_secs(5))
        .drain_timeout(Duration::from_secs(5))
        .with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
    Server { address, jobs, stop, running: tokio::spawn(server.into_future()) }
}

/// One connection, and its answers one after the other.
struct Client(TcpStream, Vec<u8>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap(), Vec::new())
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The status and body of the next answer, by its `Content-Length`.
    async fn answer(&mut self) -> (u16, String) {
        loop {
            let text = String::from_utf8(self.1.clone()).unwrap();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let header = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = header.map_or(0, |value| value.parse().unwrap());
                if body.len() >= length {
                    self.1.drain(..head.len() + 4 + length);
                    return (head[9..12].parse().unwrap(), body[..length].to_owned());
                }
            }
            assert!(self.0.read_buf(&mut self.1).await.unwrap() > 0, "the connection ended: {text}");
        }
    }

    async fn is_closed(&mut self) -> bool {
        self.0.read_buf(&mut self.1).await.is_ok_and(|read| read == 0)
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

#[tokio::test]
async fn one_connection_serves_many_requests_even_after_a_panic() {
    let server = start().await;
    let mut client = Client::connect(server.address).await;
    client.send(&get(&format!("/jobs/{JOB}/plan"))).await;
    assert_eq!(client.answer().await, (404, r#"{"errors":["nothing for 127.0.0.1"]}"#.to_owned()));
    client.send(&get(&format!("/jobs/{JOB}"))).await;
    assert_eq!(client.answer().await, (500, r#"{"errors":["internal server error"]}"#.to_owned()));
    client.send("GET /overview HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await;
    assert_eq!(client.answer().await.0, 501);
    client.send("POST /jobs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.0, 415);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start().await;
    let mut client = Client::connect(server.address).await;
    let paths = ["/jobs/overview", "/nothing", "/v2/jobs", "/overview", "/jobs/x"];
    client.send(&paths.map(get).concat()).await;
    for (path, status) in paths.into_iter().zip([501, 404, 404, 501, 400]) {
        assert_eq!(client.answer().await.0, status, "{path}");
    }
}

#[tokio::test]
async fn framing_that_could_be_read_in_two_ways_is_refused() {
    let server = start().await;
    for headers in ["content-length: 2\r\ncontent-length: 3", "content-length: x", "transfer-encoding: gzip"]
    {
        let mut client = Client::connect(server.address).await;
        client
            .send(&format!("POST /jobs/{JOB}/savepoints HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{{}}"))
            .await;
        assert_eq!(client.answer().await.0, 400, "{headers}");
        assert!(client.is_closed().await, "{headers}");
    }
}

#[tokio::test]
async fn a_graceful_end_answers_what_it_has_begun_and_closes_the_rest() {
    let server = start().await;
    let mut idle = Client::connect(server.address).await;
    idle.send(&get("/nothing")).await;
    assert_eq!(idle.answer().await.0, 404);
    let mut busy = Client::connect(server.address).await;
    busy.send(&format!("PATCH /jobs/{JOB} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    server.jobs.began.notified().await;
    server.stop.send(()).unwrap();
    assert!(idle.is_closed().await);
    server.jobs.go_on.notify_one();
    assert_eq!(busy.answer().await.0, 409);
    assert!(busy.is_closed().await);
    server.running.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_graceful_end_waits_for_changes_whose_clients_have_gone() {
    let server = start().await;
    let mut client = Client::connect(server.address).await;
    client.send(&format!("PATCH /jobs/{JOB} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    server.jobs.began.notified().await;
    drop(client);
    server.stop.send(()).unwrap();
    let jobs = server.jobs.clone();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!server.running.is_finished(), "it can't end before the handler does");
    jobs.go_on.notify_one();
    server.running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_begins_in_http_2_is_served_in_it() {
    let server = start().await;
    let client = legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Empty<Bytes>>();
    for _ in 0..2 {
        let uri = format!("http://{}/jobs/{JOB}/plan", server.address).parse().unwrap();
        let response = client.get(uri).await.unwrap();
        assert_eq!((response.version(), response.status().as_u16()), (http::Version::HTTP_2, 404));
    }
    server.stop.send(()).unwrap();
    server.running.await.unwrap().unwrap();
}
