//! Flink's REST API over the kernel.
//!
//! One file per trait of the generated server: each method asks the kernel and has `convert` put the answer into the
//! words of the wire.

mod applications;
mod checkpoints;
mod cluster;
mod convert;
mod datasets;
mod jars;
mod java;
mod jobmanager;
mod jobs;
mod logs;
mod metrics;
mod rescaling;
mod submission;
mod taskmanagers;
mod vertices;

use std::sync::Arc;

use http::header::HOST;
use planewright_backend::executor::{JobDescription, Subtask, Vertex, Worker, WorkerId};
use planewright_backend::id::JobId;
use planewright_server::{ApiError, RequestContext};

use crate::app::Background;
use crate::convert::api_error;
use crate::kernel::{Kernel, KernelError};

/// The generated types of the wire.
mod wire {
    pub(super) use planewright_model::flink::*;
    pub(super) use planewright_model::id::*;
    pub(super) use planewright_model::{Map, Nullable};

    /// How many there are of each.
    pub(super) type Counts = Map<i32>;
}

/// The generated traits, with what goes in and out of them.
mod server {
    pub(super) use planewright_server::flink::*;
}

/// Flink's REST API.
#[derive(Clone, Debug)]
pub(crate) struct Flink {
    kernel: Arc<Kernel>,
    /// Works for as long as somebody can call this API.
    _background: Arc<Background>,
}

/// What a method of the API returns.
type Answer<T> = Result<T, ApiError>;

impl Flink {
    pub(crate) fn new(kernel: Arc<Kernel>, background: Arc<Background>) -> Self {
        Self { kernel, _background: background }
    }

    async fn job(&self, job: wire::JobId) -> Answer<JobDescription> {
        Ok(self.kernel.describe(backend_job(job)).await?)
    }

    /// Makes sure that a job exists.
    async fn require_job(&self, job: wire::JobId) -> Answer<()> {
        Ok(self.kernel.summary(backend_job(job)).await.map(drop)?)
    }

    /// A job and what is made of one of its vertices.
    async fn with_vertex<T>(
        &self,
        job: wire::JobId,
        vertex: wire::VertexId,
        make: impl FnOnce(&JobDescription, &Vertex) -> Answer<T>,
    ) -> Answer<T> {
        let job = self.job(job).await?;
        let found = job.vertex(backend_vertex(vertex));
        let found = found.ok_or_else(|| missing(format!("vertex {vertex} of job {}", job.id)))?;
        make(&job, found)
    }

    async fn worker(&self, id: &wire::TaskManagerId) -> Answer<Worker> {
        let id = id.as_str();
        let workers = self.kernel.executor.workers().await.map_err(KernelError::from)?;
        let worker = workers.into_iter().find(|worker| worker.id.0 == id);
        worker.ok_or_else(|| missing(format!("task manager {id}")))
    }
}

impl From<KernelError> for ApiError {
    fn from(error: KernelError) -> Self {
        api_error(error)
    }
}

fn missing(what: String) -> ApiError {
    api_error(KernelError::NotFound { what })
}

fn subtask(vertex: &Vertex, index: i32) -> Answer<&Subtask> {
    let index = u32::try_from(index).ok();
    let found = vertex.subtasks.iter().find(|subtask| Some(subtask.index) == index);
    found.ok_or_else(|| missing(format!("that subtask of vertex {}", vertex.id)))
}

/// An id of the wire as the same id of the backend.
fn backend_job(id: wire::JobId) -> JobId {
    JobId::from_bytes(*id.as_bytes())
}

fn backend_vertex(id: wire::VertexId) -> planewright_backend::id::VertexId {
    planewright_backend::id::VertexId::from_bytes(*id.as_bytes())
}

fn backend_trigger(id: wire::TriggerId) -> planewright_backend::id::TriggerId {
    planewright_backend::id::TriggerId::from_bytes(*id.as_bytes())
}

fn worker_id(id: &wire::TaskManagerId) -> WorkerId {
    WorkerId(id.as_str().to_owned())
}

/// A member that may be absent or null, which mean the same in requests of this API.
fn present<T>(member: Option<wire::Nullable<T>>) -> Option<T> {
    match member {
        Some(wire::Nullable::Value(value)) => Some(value),
        Some(wire::Nullable::Null) | None => None,
    }
}

/// The address under which the caller reaches this server, without a path; empty if the caller doesn't say.
fn own_address(context: &RequestContext) -> String {
    let host = context.headers().get(HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(String::new, |host| format!("http://{host}"))
}
