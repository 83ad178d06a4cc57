//! A broken server as a service.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::Store;
use planewright_backend::time::VirtualClock;
use planewright_conformance::{Heard, Target, TargetError, Transport, Unanswered};
use planewright_server::ResponseBody;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::broken::{Broken, Memory};
use crate::message::{Answer, Call};
use crate::plane::Plane;

type Sound = BoxCloneSyncService<Request<Full<Bytes>>, Response<ResponseBody>, Infallible>;

/// A broken server. Clones are the same one.
#[derive(Clone)]
pub struct Server {
    broken: Arc<Broken>,
    /// How many of the layers around the sound server are left.
    layers: usize,
    running: Arc<Mutex<(Plane, Sound)>>,
    /// What it remembers for its own purposes.
    pub memory: Arc<Memory>,
    /// Its clock.
    pub clock: VirtualClock,
}

impl Server {
    /// Puts a server together.
    pub async fn start(broken: &Broken) -> Self {
        let memory = Arc::default();
        let plane = Plane::spoiled(Arc::new(MemoryStore::default()), broken, &memory).await;
        Self::of(&Arc::new(broken.clone()), plane, memory)
    }

    pub(crate) fn of(broken: &Arc<Broken>, plane: Plane, memory: Arc<Memory>) -> Self {
        let service = BoxCloneSyncService::new(plane.plane.clone().into_service());
        let clock = plane.clock.clone();
        let running = Arc::new(Mutex::new((plane, service)));
        Self { broken: Arc::clone(broken), layers: broken.around.len(), running, memory, clock }
    }

    /// What the server says to this, below the layer that asks.
    pub async fn send(&self, call: Call) -> Answer {
        for layer in (0..self.layers).rev() {
            let (operation, around) = &self.broken.around[layer];
            if call.is(operation) {
                return around(call, Self { layers: layer, ..self.clone() }).await;
            }
        }
        self.sound(call).await
    }

    async fn sound(&self, call: Call) -> Answer {
        let version = if call.versioned { "/v1" } else { "" };
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        let request = Request::builder().method(call.method).uri(format!("{version}{}{query}", call.path));
        let Ok(mut request) = request.body(Full::new(call.body)) else {
            return Answer::error(400, "Not a path.");
        };
        *request.headers_mut() = call.headers;
        let service = self.running.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let Ok(response) = service.oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// What the sound server keeps.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.running.lock().unwrap_or_else(PoisonError::into_inner).0.store)
    }

    /// Kills the process, and starts it again.
    pub async fn restart(&self) {
        let plane = self.running.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
        let plane = plane.restarted(&self.broken, &self.memory).await;
        let service = BoxCloneSyncService::new(plane.plane.clone().into_service());
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = (plane, service);
    }

    /// The server as the suite sees it.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::over(self.clone())
    }

    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let unversioned = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/'));
        let call = Call {
            method: parts.method,
            path: unversioned.unwrap_or(path).to_owned(),
            versioned: unversioned.is_some(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
        };
        self.send(call).await
    }
}

impl Transport for Server {
    fn send(&self, mut request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>> {
        Box::pin(async move {
            let host = http::HeaderValue::from_static("localhost");
            request.headers_mut().entry(http::header::HOST).or_insert(host);
            let Answer { status, headers, body } = self.answer(request).await;
            Ok(Heard { status, headers, body })
        })
    }

    fn pause(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            self.clock.advance(duration);
            tokio::task::yield_now().await;
        })
    }

    fn restart(&self) -> Option<LocalBoxFuture<'_, Result<(), TargetError>>> {
        Some(Box::pin(async {
            Server::restart(self).await;
            Ok(())
        }))
    }

    fn base(&self) -> &str {
        "$URL"
    }
}

impl<B> Service<Request<B>> for Server
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // A body that breaks off ends where it broke.
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let head = parts.method == http::Method::HEAD;
            let answer = server.answer(Request::from_parts(parts, body)).await;
            let mut response =
                Response::new(ResponseBody::from(if head { Bytes::new() } else { answer.body }));
            *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}
