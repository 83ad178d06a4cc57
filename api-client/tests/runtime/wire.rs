//! Over real sockets: the default transport against a hyper server.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use planewright_client::flink::Client;
use planewright_client::{CallOptions, ErrorKind, RetryPolicy, Upload};
use tokio::net::TcpListener;

use crate::{JOB, JOB_PATH};

/// Serves until the test ends; answers with a line about each request. Counts connections.
async fn serve() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let connections = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            counter.fetch_add(1, Ordering::SeqCst);
            let service = service_fn(answer);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (url, connections)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri());
    let length =
        request.headers().get("content-length").map(|value| value.to_str().unwrap_or("?").to_owned());
    let received = request.into_body().collect().await.map(|body| body.to_bytes().len());
    let filename = format!("{line} {length:?} {received:?}");
    let body = serde_json::json!({ "url": line, "filename": filename, "status": "success" }).to_string();
    Ok(Response::new(Full::new(body.into())))
}

#[tokio::test]
async fn a_path_before_the_api_is_kept_and_connections_are_used_again() {
    let (url, connections) = serve().await;
    let flink = Client::connect(&format!("{url}/flink/v1/")).expect("a URL");
    for _ in 0..3 {
        let call = flink.jobs().get_job_manager_log_url(JOB);
        let line = format!("GET /flink/v1{JOB_PATH}/jobmanager/log-url");
        assert_eq!(call.send().await.expect("an answer").url, line);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_upload_has_its_length() {
    let (url, _) = serve().await;
    let flink = Client::connect(&url).expect("a URL");
    let jar = flink.jars().upload_jar(Upload::bytes("a.jar", vec![7; 300_000])).send().await.expect("sent");
    let numbers: Vec<u64> =
        jar.filename.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{}", jar.filename);
    assert_eq!(numbers[0], numbers[1]);
    assert!(numbers[0] > 300_000);
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let flink = Client::connect(&url).expect("a URL");
    let options = CallOptions::new().retry(RetryPolicy::never());
    let error = flink.checkpoints().trigger_savepoint(JOB).options(options).send().await.expect_err("nobody");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.to_string(), format!("triggerSavepoint: POST {JOB_PATH}/savepoints: could not connect"));
}
