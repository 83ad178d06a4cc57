//! Calls to etcd.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::Mutex;
use tonic::client::Grpc;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Code, ConnectError, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::address::{Address, Credentials};
use super::messages::*;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of one etcd, whatever the number of its members. Clones share their connections.
#[derive(Clone)]
pub(super) struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    endpoints: Vec<Channel>,
    /// The one to ask; another after this one has failed.
    current: AtomicUsize,
    credentials: Option<Credentials>,
    token: Mutex<Option<AsciiMetadataValue>>,
    /// The greatest revision that an answer named.
    revision: AtomicI64,
}

impl Client {
    pub(super) fn new(address: Address) -> Self {
        let shared = Shared {
            endpoints: address.endpoints,
            current: AtomicUsize::new(0),
            credentials: address.credentials,
            token: Mutex::default(),
            revision: AtomicI64::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A revision that the store has surely reached.
    pub(super) fn revision(&self) -> i64 {
        self.shared.revision.load(Ordering::Relaxed)
    }

    /// Reads a stretch of keys; again, if a connection turns out to be dead.
    pub(super) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        let response: RangeResponse = self.repeated("/etcdserverpb.KV/Range", request).await?;
        self.saw(response.header);
        Ok(response)
    }

    /// Runs a transaction, at most once.
    pub(super) async fn transact(&self, request: TxnRequest) -> Result<TxnResponse, Status> {
        let response: TxnResponse = self.call("/etcdserverpb.KV/Txn", request).await?;
        self.saw(response.header);
        Ok(response)
    }

    pub(super) async fn compact(&self, revision: i64) -> Result<(), Status> {
        let request = CompactionRequest { revision };
        self.repeated("/etcdserverpb.KV/Compact", request).await.map(|CompactionResponse {}| ())
    }

    /// A new lease of so many seconds.
    pub(super) async fn lease(&self, ttl: i64) -> Result<i64, Status> {
        let answer: LeaseGrantResponse =
            self.call("/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest { ttl }).await?;
        Ok(answer.id)
    }

    /// Opens a watch.
    pub(super) async fn watch(&self, create: WatchCreateRequest) -> Result<Streaming<WatchResponse>, Status> {
        let (index, mut grpc) = self.endpoint();
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let opened = async {
            let request = WatchRequest { create_request: Some(create) };
            // The watch lasts as long as its requests do.
            let requests = stream::once(std::future::ready(request)).chain(stream::pending());
            let mut request = self.signed(requests).await?;
            // A member that lost the others would keep a watch and have nothing to say.
            request.metadata_mut().insert("hasleader", AsciiMetadataValue::from_static("true"));
            grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
            grpc.streaming(request, path, ProstCodec::default()).await
        };
        match within_patience(opened).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => {
                self.learn(index, &status).await;
                Err(status)
            }
        }
    }

    /// A call that may be made twice.
    async fn repeated<A, B>(&self, path: &'static str, request: A) -> Result<B, Status>
    where
        A: Message + Clone + 'static,
        B: Message + Default + 'static,
    {
        let mut answer = self.call(path, request.clone()).await;
        for _ in 0..self.shared.endpoints.len() {
            match &answer {
                Err(status) if is_broken(status) => answer = self.call(path, request.clone()).await,
                _ => break,
            }
        }
        answer
    }

    /// A call that reaches etcd at most once, unless etcd said that it has done nothing.
    async fn call<A, B>(&self, path: &'static str, request: A) -> Result<B, Status>
    where
        A: Message + Clone + 'static,
        B: Message + Default + 'static,
    {
        let mut tries = self.shared.endpoints.len();
        let mut refreshed = self.shared.credentials.is_none();
        loop {
            let (index, grpc) = self.endpoint();
            let answer = within_patience(async {
                let request = self.signed(request.clone()).await?;
                unary(grpc, path, request).await
            });
            let status = match answer.await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            self.learn(index, &status).await;
            if is_stale_token(&status) && !refreshed {
                refreshed = true;
            } else if never_sent(&status) && tries > 1 {
                tries -= 1;
            } else {
                return Err(status);
            }
        }
    }

    fn endpoint(&self) -> (usize, Grpc<Channel>) {
        let index = self.shared.current.load(Ordering::Relaxed);
        // There is at least one, or the address would not have been taken.
        let channel = self.shared.endpoints[index % self.shared.endpoints.len()].clone();
        (
            index,
            Grpc::new(channel).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX),
        )
    }

    /// Draws the consequences of a failed call.
    async fn learn(&self, index: usize, status: &Status) {
        if is_stale_token(status) {
            *self.shared.token.lock().await = None;
        } else if is_broken(status) {
            // Only the first of those who saw the endpoint fail moves on.
            let next = index.wrapping_add(1);
            let _ = self.shared.current.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// The request with the token of the user, if there is one.
    async fn signed<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        if let Some(credentials) = &self.shared.credentials {
            let mut token = self.shared.token.lock().await;
            let token = match &*token {
                Some(token) => token.clone(),
                None => token.insert(self.log_in(credentials).await?).clone(),
            };
            request.metadata_mut().insert("token", token);
        }
        Ok(request)
    }

    async fn log_in(&self, credentials: &Credentials) -> Result<AsciiMetadataValue, Status> {
        let Credentials { name, password } = credentials.clone();
        let request = Request::new(AuthenticateRequest { name, password });
        let (_, grpc) = self.endpoint();
        let answer: AuthenticateResponse = unary(grpc, "/etcdserverpb.Auth/Authenticate", request).await?;
        answer.token.parse().map_err(|_| Status::internal("a token that can't be sent"))
    }

    fn saw(&self, header: Option<Header>) {
        if let Some(header) = header {
            self.shared.revision.fetch_max(header.revision, Ordering::Relaxed);
        }
    }
}

async fn unary<A, B>(mut grpc: Grpc<Channel>, path: &'static str, request: Request<A>) -> Result<B, Status>
where
    A: Message + 'static,
    B: Message + Default + 'static,
{
    grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
    let answer = grpc.unary(request, PathAndQuery::from_static(path), ProstCodec::default()).await?;
    Ok(answer.into_inner())
}

async fn within_patience<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let late = |_| Status::deadline_exceeded("no answer in time");
    tokio::time::timeout(PATIENCE, call).await.map_err(late)?
}

/// Whether the call did not even reach etcd.
pub(super) fn never_sent(status: &Status) -> bool {
    let first = std::error::Error::source(status);
    std::iter::successors(first, |error| error.source()).any(|error| error.is::<ConnectError>())
}

/// Whether the connection or the member failed: another may do better.
fn is_broken(status: &Status) -> bool {
    // What etcd itself answers has no source.
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
        || std::error::Error::source(status).is_some()
}

fn is_stale_token(status: &Status) -> bool {
    status.code() == Code::Unauthenticated
}
