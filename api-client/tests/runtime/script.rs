//! A service that answers by a script and remembers what it was asked.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use planewright_client::{BoxError, ClientBody, ConnectError};
use tokio::time::Instant;
use tower::Service;

pub(crate) type Body =
    StreamBody<Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, BoxError>> + Send>>>;

pub(crate) enum Step {
    /// A whole answer.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Bytes },
    /// An answer that breaks off after these bytes.
    Cut { body: Bytes },
    /// No connection.
    Refuse,
    /// The connection ends without an answer, after the request was read.
    Lose,
    /// Nothing, ever.
    Hang,
}

pub(crate) fn json(status: u16, body: &str) -> Step {
    let headers = vec![("content-type", "application/json".to_owned())];
    Step::Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

pub(crate) fn status(status: u16) -> Step {
    Step::Answer { status, headers: Vec::new(), body: Bytes::new() }
}

pub(crate) fn later(code: u16, retry_after: &str) -> Step {
    Step::Answer { status: code, headers: vec![("retry-after", retry_after.to_owned())], body: Bytes::new() }
}

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) biggest_chunk: usize,
    pub(crate) at: Duration,
}

impl Asked {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

#[derive(Clone)]
pub(crate) struct Script {
    state: Arc<Mutex<State>>,
}

struct State {
    steps: VecDeque<Step>,
    asked: Vec<Asked>,
    started: Instant,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let state = State { steps: steps.into_iter().collect(), asked: Vec::new(), started: Instant::now() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("no panic").asked.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

impl Service<Request<ClientBody>> for Script {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ClientBody>) -> Self::Future {
        let state = Arc::clone(&self.state);
        Box::pin(async move {
            let (parts, mut body) = request.into_parts();
            let (mut bytes, mut biggest_chunk) = (Vec::new(), 0);
            while let Some(frame) = body.frame().await {
                let data = frame?.into_data().map_err(|_| "trailers")?;
                biggest_chunk = biggest_chunk.max(data.len());
                bytes.extend_from_slice(&data);
            }
            let step = {
                let mut state = state.lock().expect("no panic");
                let asked = Asked {
                    method: parts.method.to_string(),
                    target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                    headers: parts.headers,
                    body: bytes.into(),
                    biggest_chunk,
                    at: state.started.elapsed(),
                };
                state.asked.push(asked);
                state.steps.pop_front()
            };
            let (mut response, frames) = match step.ok_or("the script is over")? {
                Step::Refuse => return Err(Box::new(ConnectError::new("refused")) as BoxError),
                Step::Lose => return Err("reset by peer".into()),
                Step::Hang => std::future::pending().await,
                Step::Answer { status, headers, body } => {
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    (response, vec![Ok(body)])
                }
                Step::Cut { body } => (Response::builder(), vec![Ok(body), Err(BoxError::from("cut"))]),
            };
            let frames = stream::iter(frames).map(|result| result.map(Frame::data));
            response = response.version(http::Version::HTTP_11);
            Ok(response.body(StreamBody::new(Box::pin(frames) as Pin<Box<_>>))?)
        })
    }
}
