//! An accept loop: connections of HTTP/1.1 and, with prior knowledge, HTTP/2 on hyper, with timeouts, limits and a graceful
//! end.

use std::convert::Infallible;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use pin_project_lite::pin_project;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::ResponseBody;
use crate::context::PeerAddress;

/// Serves `service` on `listener` until it is stopped; await the result.
///
/// ```no_run
/// # use planewright_server::{ResponseBody, serve};
/// # use tower_service::Service;
/// # async fn run<S>(service: S) -> std::io::Result<()>
/// # where S: Clone + Send + 'static + Service<http::Request<hyper::body::Incoming>, Response = http::Response<ResponseBody>, Error = std::convert::Infallible>,
/// # S::Future: Send {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let stop = async { tokio::time::sleep(std::time::Duration::from_secs(3600)).await };
/// serve(service, listener).with_graceful_shutdown(stop).await
/// # }
/// ```
pub fn serve<S>(service: S, listener: TcpListener) -> Serve<S> {
    Serve { service, listener, stop: Box::pin(pending()), options: Options::default() }
}

/// A server that is about to start: awaiting it runs it.
#[must_use = "a server does nothing unless awaited"]
pub struct Serve<S> {
    service: S,
    listener: TcpListener,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    options: Options,
}

#[derive(Clone, Copy)]
struct Options {
    header_timeout: Duration,
    max_connections: usize,
    drain: Duration,
    peer_address: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_connections: 4096,
            drain: Duration::from_secs(25),
            peer_address: false,
        }
    }
}

impl<S> Serve<S> {
    /// Ends when `stop` does: no new connections, requests in progress are answered, then changes of state whose
    /// callers have gone are awaited.
    pub fn with_graceful_shutdown(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Box::pin(stop);
        self
    }

    /// How long a graceful end may take before what is left is cut; 25 s by default.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.options.drain = limit;
        self
    }

    /// How long a client may take to send the head of a request, and how long a connection may stay idle before its
    /// next one; 10 s by default.
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.options.header_timeout = limit;
        self
    }

    /// How many connections are served at one time; further ones wait to be accepted. 4096 by default.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.options.max_connections = limit;
        self
    }

    /// Whether requests carry the address of their peer; off by default, because each request pays for it.
    pub fn peer_address(mut self, keep: bool) -> Self {
        self.options.peer_address = keep;
        self
    }
}

impl<S> IntoFuture for Serve<S>
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<S> Serve<S>
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    async fn run(self) -> io::Result<()> {
        let Self { service, listener, mut stop, options } = self;
        let (protocols, connections) = (protocols(options), GracefulShutdown::new());
        let places = Arc::new(Semaphore::new(options.max_connections.min(Semaphore::MAX_PERMITS)));
        loop {
            let mut accept = pin!(async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            });
            let next = poll_fn(|cx| match stop.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => accept.as_mut().poll(cx).map(Some),
            });
            let Some((place, accepted)) = next.await else { break };
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(error) => {
                    // Mostly too many open files: some of them close if we wait.
                    tracing::error!(%error, "can't accept connections");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let peer = options.peer_address.then_some(PeerAddress(peer));
            // Answers are written whole, so waiting for more to send only makes them late.
            let _ = stream.set_nodelay(true);
            let adapter = Adapter { service: service.clone(), peer };
            let connection = protocols.serve_connection(TokioIo::new(stream), adapter).into_owned();
            let connection = connections.watch(connection);
            tokio::spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
            });
        }
        drop(listener);
        let drained = async {
            connections.shutdown().await;
            crate::settled().await;
        };
        if tokio::time::timeout(options.drain, drained).await.is_err() {
            tracing::warn!("requests were cut: they took longer than the time to drain");
        }
        Ok(())
    }
}

/// Streams that one connection of HTTP/2 may have open at a time.
const STREAMS: u32 = 128;
/// After this time without a word a peer of HTTP/2 is asked whether it is still there.
const ARE_YOU_THERE: Duration = Duration::from_secs(20);

/// How connections of both versions are treated.
fn protocols(options: Options) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(ARE_YOU_THERE)
        .keep_alive_timeout(options.header_timeout);
    builder
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// A tower service as a hyper service.
#[derive(Clone)]
struct Adapter<S> {
    service: S,
    peer: Option<PeerAddress>,
}

impl<S> hyper::service::Service<Request<Incoming>> for Adapter<S>
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible> + Clone,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Answer<S, S::Future>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let mut service = self.service.clone();
        // Services of this crate are always ready; others may have to be waited for.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(_) => Answer::Called { future: service.call(request) },
            Poll::Pending => Answer::Waiting { waiting: Some((service, request)) },
        }
    }
}

pin_project! {
    #[project = AnswerProject]
    enum Answer<S, F> {
        Waiting { waiting: Option<(S, Request<Incoming>)> },
        Called { #[pin] future: F },
    }
}

impl<S> Future for Answer<S, S::Future>
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible>,
{
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let future = match self.as_mut().project() {
                AnswerProject::Called { future } => return future.poll(cx),
                AnswerProject::Waiting { waiting } => {
                    if let Some((service, _)) = waiting {
                        ready!(service.poll_ready(cx))?;
                    }
                    let Some((mut service, request)) = waiting.take() else { return Poll::Pending };
                    service.call(request)
                }
            };
            self.set(Answer::Called { future });
        }
    }
}
