//! The traits that integrators implement, their contract suites, and the implementations that ship.
//!
//! A control plane needs two things from its surroundings: a [`Store`](store::Store) that remembers, and an
//! [`Executor`](executor::Executor) that runs jobs. Bring your own, and a server that speaks the APIs of this project works
//! on your database and your scheduler. Here is an executor for jobs that are done at once:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Mutex;
//!
//! use async_trait::async_trait;
//! use planewright_backend::executor::*;
//! use planewright_backend::id::{JobId, TriggerId};
//! use planewright_backend::time::{Clock, SystemClock, Timestamp};
//!
//! #[derive(Debug, Default)]
//! struct Instant {
//!     jobs: Mutex<BTreeMap<JobId, (Timestamp, Submission)>>,
//! }
//!
//! #[async_trait]
//! impl Executor for Instant {
//!     async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
//!         let mut jobs = self.jobs.lock().expect("no holder panics");
//!         let (_, known) = jobs.entry(submission.id).or_insert((SystemClock.now(), submission.clone()));
//!         if *known == submission {
//!             return Ok(()); // new, or repeated: both are fine
//!         }
//!         Err(ExecutorError::Conflict { reason: format!("job {} exists", submission.id) })
//!     }
//!
//!     async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
//!         let jobs = self.jobs.lock().expect("no holder panics");
//!         let (at, submission) = jobs.get(&job).ok_or_else(|| ExecutorError::job_not_found(job))?;
//!         let name = submission.name.as_deref().unwrap_or("job");
//!         let state = JobState::Finished;
//!         Ok(JobDescription {
//!             ended: Some(*at),
//!             ..JobDescription::new(job, name, state, *at, SystemClock.now())
//!         })
//!     }
//!
//!     async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
//!         let jobs: Vec<_> = self.jobs.lock().expect("no holder panics").keys().copied().collect();
//!         let mut summaries = Vec::new();
//!         for job in jobs {
//!             summaries.push(self.describe(job).await?.summary());
//!         }
//!         Ok(summaries)
//!     }
//!
//!     async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
//!         let state = self.describe(job).await?.state;
//!         Err(ExecutorError::Ended { job, state })
//!     }
//!
//!     async fn trigger_savepoint(&self, _: JobId, _: TriggerId, _: SavepointRequest) -> Result<(), ExecutorError> {
//!         Err(ExecutorError::unsupported("savepoints"))
//!     }
//!
//!     async fn stop_with_savepoint(&self, _: JobId, _: TriggerId, _: StopRequest) -> Result<(), ExecutorError> {
//!         Err(ExecutorError::unsupported("savepoints"))
//!     }
//!
//!     async fn operation(&self, _: OperationScope, _: TriggerId) -> Result<Option<Operation>, ExecutorError> {
//!         Ok(None)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let executor = Instant::default();
//! let job = JobId::from_bytes([7; 16]);
//! executor.submit(Submission::new(job)).await?;
//! assert_eq!(executor.describe(job).await?.state, JobState::Finished);
//! # Ok::<(), ExecutorError>(()) }).unwrap();
//! ```
//!
//! # How to implement a trait
//!
//! 1. Write the required methods: five for a store, seven for an executor. Each documents its *contract*, clause by clause,
//!    like `[store.commit.5]`; what callers may drop, repeat and expect is in there, and nothing else is asked of you.
//! 2. Run the contract suite: `contract::store::run` or `contract::executor::run`, behind the feature `contract`. It has a
//!    case for each clause and names the one that is broken.
//! 3. For a store: show what survives a crash. No suite can do that from outside; `store.commit.7` is a promise.
//!
//! Both traits work behind `&T`, `Box<T>` and `Arc<T>`, also as `dyn`. All their futures may be dropped at any await.
//!
//! # What is here
//!
//! | module | holds |
//! |---|---|
//! | [`store`] | the trait [`Store`](store::Store), and [`StoreExt`](store::StoreExt) with typed values and updates that retry |
//! | [`executor`] | the trait [`Executor`](executor::Executor), and what jobs, checkpoints and workers look like |
//! | [`artifact`] | uploaded programs, on any object storage |
//! | [`memory`] | a store that forgets; feature `memory` |
//! | [`redb`] | a store in one file; feature `redb` |
//! | `etcd` | a store in etcd, for several servers; feature `etcd` |
//! | `postgres` | a store in a PostgreSQL database, for several servers; feature `postgres` |
//! | [`simulated`] | an executor whose jobs exist only on paper; feature `simulated` |
//! | `process` | an executor whose jobs are processes of this machine; feature `process`, on Linux |
//! | `flink` | an executor that is a real Flink cluster; feature `flink` |
//! | `contract` | the suites; feature `contract` |
//! | [`id`], [`time`] | names and moments |

pub mod artifact;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "etcd")]
pub mod etcd;
pub mod executor;
#[cfg(feature = "flink")]
pub mod flink;
pub mod id;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(all(feature = "process", target_os = "linux"))]
pub mod process;
#[cfg(feature = "redb")]
pub mod redb;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod store;
pub mod time;
