//! Runs jobs on a real Flink cluster, which it speaks to with this project's own client; feature `flink`.
//!
//! The cluster is the judge of everything that it knows. What it would forget stands in the store, so that it outlives
//! both processes:
//!
//! - *Which job is which submission.* A submission is a row before the cluster hears of it, and the job runs under the
//!   submission's own id, which the cluster takes once. A repetition finds the row, or the job, or is refused by the cluster;
//!   it never starts a second job.
//! - *Which operation was triggered, and how it ended.* A trigger is a row before it is a call. Savepoints and checkpoints go to the
//!   cluster under the caller's trigger id, so that a repetition finds the first one there; the cluster's own ids of disposals are
//!   kept in the row. The cluster forgets outcomes after five minutes; the row keeps them.
//!
//! Jars are uploaded under their checksum, once for each, and again when the cluster has lost them.
//!
//! A cluster that can't be reached is [`Unavailable`](crate::executor::ExecutorError::Unavailable) and nothing else: no job fails for it, and a job
//! that is found running later is simply there again.

mod checkpoints;
mod convert;
mod describe;
mod error;
mod executor;
mod files;
mod jars;
mod jobs;
mod metrics;
mod operations;
mod rescale;
mod rows;
mod submit;
mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use planewright_client::HttpTransport;
use planewright_client::Transport;
use planewright_client::flink::Client;

use crate::artifact::ArtifactStore;
use crate::store::Store;
use crate::time::{Clock, SystemClock};

use jobs::Memory;

/// Jobs on a Flink cluster.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use planewright_backend::artifact::ArtifactStore;
/// use planewright_backend::flink::FlinkExecutor;
/// use planewright_backend::memory::MemoryStore;
/// use planewright_client::flink::Client;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Client::connect("http://127.0.0.1:8081")?;
/// let artifacts = ArtifactStore::in_directory("data/artifacts")?;
/// // A store that remembers is what makes it safe to restart.
/// let executor = FlinkExecutor::new(cluster, Arc::new(MemoryStore::new()), artifacts);
/// # Ok(()) }
/// ```
pub struct FlinkExecutor<S = HttpTransport> {
    client: Client<S>,
    store: Arc<dyn Store>,
    artifacts: ArtifactStore,
    clock: Arc<dyn Clock>,
    memory: Memory,
}

/// The longest that the cluster answers from a copy of a job, if it doesn't say.
const REFRESH: Duration = Duration::from_secs(3);

impl<S: Transport> FlinkExecutor<S> {
    /// An executor on the cluster behind this client. Nothing is sent yet, and the cluster need not be there.
    ///
    /// Several servers may have one on the same cluster if they share the store and the artifacts.
    pub fn new(client: Client<S>, store: Arc<dyn Store>, artifacts: ArtifactStore) -> Self {
        Self { client, store, artifacts, clock: Arc::new(SystemClock), memory: Memory::default() }
    }
}

impl<S> fmt::Debug for FlinkExecutor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlinkExecutor").field("store", &self.store).finish_non_exhaustive()
    }
}
