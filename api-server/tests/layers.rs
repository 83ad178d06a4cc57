//! The default layers, from the outside, without a socket.

mod support;

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use planewright_server::conventions::Flink;
use planewright_server::layer::{Limits, StackBody, default_stack};
use planewright_server::{BodyStream, Conventions, RequestBody, ResponseBody};
use support::{Frames, text};
use tower::{Service, ServiceExt, service_fn};

/// What the service under the layers does is in the path.
async fn handler<B: RequestBody>(
    request: Request<StackBody<B>>,
) -> Result<Response<ResponseBody>, Infallible> {
    match request.uri().path() {
        "/panic" => panic!("as asked"),
        "/hang" => pending().await,
        _ => {}
    }
    let mut body = BodyStream::new(request.into_body());
    let mut length = 0;
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) => length += chunk.len(),
            Ok(None) => return Ok(Response::new(length.to_string().into())),
            Err(rejection) => return Ok(Flink::refuse(rejection.into())),
        }
    }
}

fn stack<B: RequestBody>(
    limits: Limits,
) -> impl Service<Request<B>, Response = Response<ResponseBody>, Error = Infallible, Future: Send> + Clone {
    default_stack::<Flink, _, B>(service_fn(handler::<B>), limits)
}

fn get(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

#[tokio::test]
async fn a_panic_is_an_error_in_the_shape_of_the_api() {
    let response = stack(Limits::default()).oneshot(get("/panic")).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(text(response).await, r#"{"errors":["internal server error"]}"#);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered() {
    let limits = Limits { deadline: Duration::from_millis(1500), ..Limits::default() };
    let response = stack(limits).oneshot(get("/hang")).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(text(response).await, r#"{"errors":["no answer within 1500 ms"]}"#);
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_is_not_late_while_it_moves() {
    let limits = Limits { deadline: Duration::from_secs(10), ..Limits::default() };
    let (sender, body) = http_body_util::channel::Channel::<Bytes, Infallible>::new(1);
    let mut sender = sender;
    let slow = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(8)).await;
            sender.send_data(Bytes::from_static(b"piece")).await.unwrap();
        }
    });
    let request = Request::post("/").body(body).unwrap();
    let response = stack(limits).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "50");
    slow.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stalled_upload_is_late() {
    let limits = Limits { deadline: Duration::from_secs(10), ..Limits::default() };
    let (mut sender, body) = http_body_util::channel::Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"piece")).await.unwrap();
    let request = Request::post("/").body(body).unwrap();
    let response = stack(limits).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    let limits = Limits { body: 9, ..Limits::default() };
    let request = Request::post("/").body("0123456789".to_owned()).unwrap();
    let response = stack(limits).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(text(response).await, r#"{"errors":["the request body is longer than 9 bytes"]}"#);
    let request = Request::post("/").body("012345678".to_owned()).unwrap();
    assert_eq!(text(stack(limits).oneshot(request).await.unwrap()).await, "9");
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_at_the_limit() {
    let limits = Limits { body: 9, ..Limits::default() };
    let frames = std::iter::repeat_n(Bytes::from_static(b"12345"), 2);
    let request = Request::post("/").body(Frames(frames)).unwrap();
    let response = stack(limits).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn more_than_the_allowed_number_of_requests_are_refused() {
    let limits = Limits { concurrency: 1, ..Limits::default() };
    let service = stack(limits);
    let mut hanging = tokio::spawn(service.clone().oneshot(get("/hang")));
    assert!(futures_poll_pending(&mut hanging).await);
    let refused = service.clone().oneshot(get("/")).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    assert_eq!(service.oneshot(get("/")).await.unwrap().status(), 200);
}

/// Lets the task run until it waits.
async fn futures_poll_pending<T>(task: &mut tokio::task::JoinHandle<T>) -> bool {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    !task.is_finished()
}

#[tokio::test]
async fn a_request_id_comes_back_even_with_a_refusal() {
    let request = Request::get("/panic").header("x-request-id", "mine").body(String::new()).unwrap();
    let response = stack(Limits::default()).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine");
    let response = stack(Limits::default()).oneshot(get("/")).await.unwrap();
    assert!(!response.headers().contains_key("x-request-id"));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "0");
}
