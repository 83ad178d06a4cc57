//! A job's life with savepoints, through the typed client.
//!
//! [`run`] uploads a jar, runs it, looks at it, takes a savepoint (twice with one trigger id: still one savepoint), stops
//! the job with another, starts it again from there, cancels it, and cleans up. It doesn't know what it talks to: a
//! real Flink, another server by URL, or a service in this process.

mod savepoints;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use planewright_client::flink::Client;
use planewright_client::flink::model::{JarId, JobDetails, JobStatus};
use planewright_client::{Error, Transport, Upload};
use planewright_model::id::{JobId, TriggerId, VertexId};
use tokio::time::{Instant, sleep};

use crate::savepoints::Folder;

/// What to run, and where savepoints go.
#[derive(Clone, Debug)]
pub struct Options {
    /// The jar to upload.
    pub jar: PathBuf,
    /// The class with the main method; without it, the jar's manifest says.
    pub entry_class: Option<String>,
    /// Arguments of the program. Its job must go on until it is stopped.
    pub arguments: Vec<String>,
    /// The parallelism of the job.
    pub parallelism: i32,
    /// Where the server puts savepoints, as a URL or path of the server's; without it, the server's own default.
    pub target: Option<String>,
    /// The same folder as this process sees it, if it does: savepoints are then counted on disk too.
    pub savepoints: Option<PathBuf>,
    /// How long a single step may take.
    pub patience: Duration,
}

/// The step that failed, and why.
#[derive(Debug)]
pub struct Failure {
    step: &'static str,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Call(Error),
    Finding(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Call(error) => write!(out, "{}: {error}", self.step),
            Reason::Finding(finding) => write!(out, "{}: {finding}", self.step),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Call(error) => error.source(),
            Reason::Finding(_) => None,
        }
    }
}

/// Lives the life, and tells `tell` a step and what came of it, line by line.
///
/// # Errors
/// The first step that fails or finds something else than it should. A job that still runs is cancelled first, and the jar deleted.
pub async fn run<S: Transport>(
    client: &Client<S>,
    options: &Options,
    tell: impl FnMut(&'static str, &str),
) -> Result<(), Failure> {
    let mut life = Life { client, options, tell, step: "start", job: None, jar: None };
    let result = life.live().await;
    match result {
        Ok(()) => Ok(()),
        Err(reason) => {
            // The reason is what the caller wants to know; whether cleaning up works changes nothing about it.
            if let Some(job) = life.job {
                let _ = client.jobs().cancel_job(job).send().await;
            }
            if let Some(jar) = life.jar {
                let _ = client.jars().delete_jar(jar).send().await;
            }
            Err(Failure { step: life.step, reason })
        }
    }
}

struct Life<'a, S, T> {
    client: &'a Client<S>,
    options: &'a Options,
    tell: T,
    step: &'static str,
    /// The job that runs, if one does.
    job: Option<JobId>,
    /// The jar that is stored, if one is.
    jar: Option<JarId>,
}

impl From<Error> for Reason {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// Turns a finding into a failure unless it is as it should be.
fn check(fine: bool, finding: impl FnOnce() -> String) -> Result<(), Reason> {
    if fine { Ok(()) } else { Err(Reason::Finding(finding())) }
}

impl<S: Transport, T: FnMut(&'static str, &str)> Life<'_, S, T> {
    async fn live(&mut self) -> Result<(), Reason> {
        self.look_at_the_cluster().await?;
        let jar = self.upload().await?;
        let first = self.start(&jar, None).await?;
        self.look_at_the_job(first).await?;
        let savepoint = self.take_one_savepoint(first).await?;
        let last = self.stop(first).await?;
        let second = self.start(&jar, Some(&last)).await?;
        self.cancel(second).await?;
        self.dispose("dispose", &savepoint).await?;
        self.dispose("dispose", &last).await?;
        self.delete(&jar).await
    }

    fn begin(&mut self, step: &'static str) {
        self.step = step;
    }

    fn done(&mut self, what: impl fmt::Display) {
        (self.tell)(self.step, &what.to_string());
    }

    async fn look_at_the_cluster(&mut self) -> Result<(), Reason> {
        self.begin("cluster");
        let overview = self.client.cluster().get_cluster_overview().send().await?;
        self.done(format_args!(
            "Flink {}, {} of {} slots free",
            overview.flink_version, overview.slots_available, overview.slots_total
        ));
        Ok(())
    }

    async fn upload(&mut self) -> Result<JarId, Reason> {
        self.begin("upload");
        let bytes = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&bytes);
        let upload = self.client.jars().upload_jar(Upload::path(&self.options.jar));
        let uploaded =
            upload.on_progress(move |sent, _| counter.store(sent, Ordering::Relaxed)).send().await?;
        // The answer is a path on the server; the id is its last part.
        let id = uploaded.filename.rsplit('/').next().unwrap_or_default();
        let id: JarId = id.parse().map_err(|_| Reason::Finding(format!("`{id}` is not the id of a jar")))?;
        self.jar = Some(id.clone());
        let listed = self.client.jars().get_jar_list().send().await?.files.iter().any(|jar| jar.id == id);
        check(listed, || format!("the jar {id} is not listed"))?;
        self.done(format_args!("{id}, {} bytes", bytes.load(Ordering::Relaxed)));
        Ok(id)
    }

    async fn start(&mut self, jar: &JarId, savepoint: Option<&str>) -> Result<JobId, Reason> {
        self.begin(if savepoint.is_none() { "run" } else { "restart" });
        let mut call =
            self.client.jars().submit_job_from_jar(jar.clone()).parallelism(self.options.parallelism);
        if let Some(entry_class) = &self.options.entry_class {
            call = call.entry_class(entry_class);
        }
        if !self.options.arguments.is_empty() {
            call = call.program_args_list(&self.options.arguments);
        }
        if let Some(savepoint) = savepoint {
            call = call.savepoint_path(savepoint);
        }
        let job = call.send().await?.jobid;
        self.job = Some(job);
        let details = self.job_until(job, "every task is running", |details| {
            let running: i32 =
                details.vertices.iter().map(|vertex| vertex.tasks.get("RUNNING").copied().unwrap_or(0)).sum();
            let all: i32 = details.vertices.iter().map(|vertex| vertex.parallelism).sum();
            details.state == JobStatus::Running && all > 0 && running == all
        });
        let details = details.await?;
        if let Some(savepoint) = savepoint {
            let statistics = self.client.checkpoints().get_checkpointing_statistics(job).send().await?;
            let restored = statistics.latest.restored.and_then(|restored| restored.external_path);
            check(restored.as_deref() == Some(savepoint), || {
                format!("restored from {restored:?}, not from {savepoint}")
            })?;
        }
        self.done(format_args!("{job} “{}” is running", details.name));
        Ok(job)
    }

    /// Asks for the job until it is as wished.
    async fn job_until(
        &self,
        job: JobId,
        wish: &str,
        is_so: impl Fn(&JobDetails) -> bool,
    ) -> Result<JobDetails, Reason> {
        let deadline = Instant::now() + self.options.patience;
        loop {
            let details = self.client.jobs().get_job_details(job).send().await?;
            if is_so(&details) {
                return Ok(details);
            }
            let state = details.state.as_str();
            if ["FAILED", "CANCELED", "FINISHED"].contains(&state) {
                let history = self.client.jobs().get_job_exceptions(job).send().await?.exception_history;
                let cause = history.entries.first().and_then(|entry| entry.stacktrace.lines().next());
                let cause = cause.unwrap_or("no cause given");
                return Err(Reason::Finding(format!("the job {job} is {state} before {wish}: {cause}")));
            }
            check(Instant::now() < deadline, || {
                format!("the job {job} is still {state}, waiting until {wish}")
            })?;
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn look_at_the_job(&mut self, job: JobId) -> Result<(), Reason> {
        self.begin("vertices");
        let details = self.client.jobs().get_job_details(job).send().await?;
        let names: Vec<_> = details.vertices.iter().map(|vertex| vertex.name.as_str()).collect();
        self.done(names.join(" | "));

        self.begin("metrics");
        let vertex =
            details.vertices.first().ok_or_else(|| Reason::Finding("the job has no vertices".into()))?.id;
        let known = self.metrics_of(job, vertex).await?;
        let wanted: Vec<_> = known.iter().filter(|id| id.contains("numRecords")).take(3).collect();
        let values = self
            .client
            .metrics()
            .get_job_vertex_metrics(job, vertex)
            .get(wanted.iter().copied())
            .send()
            .await?;
        check(values.len() == wanted.len(), || format!("asked for {wanted:?}, got {values:?}"))?;
        let values: Vec<_> = values
            .iter()
            .map(|metric| format!("{} = {}", metric.id, metric.value.as_deref().unwrap_or("?")))
            .collect();
        self.done(format_args!("{} known; {}", known.len(), values.join(", ")));
        Ok(())
    }

    /// The names of a vertex's metrics. A server collects them now and then, so they may take a while to be there.
    async fn metrics_of(&self, job: JobId, vertex: VertexId) -> Result<Vec<String>, Reason> {
        let deadline = Instant::now() + self.options.patience;
        loop {
            let known = self.client.metrics().get_job_vertex_metrics(job, vertex).send().await?;
            if known.iter().any(|metric| metric.id.contains("numRecords")) {
                return Ok(known.into_iter().map(|metric| metric.id).collect());
            }
            check(Instant::now() < deadline, || format!("none of {} metrics counts records", known.len()))?;
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn take_one_savepoint(&mut self, job: JobId) -> Result<String, Reason> {
        self.begin("savepoint");
        let folder = Folder::look(self.options.savepoints.as_deref())?;
        // The id is the caller's: a repeat, here on purpose, is the same operation.
        let id = TriggerId::random();
        let trigger = || {
            let call = self.client.checkpoints().trigger_savepoint(job).trigger_id(id);
            match &self.options.target {
                Some(target) => call.target_directory(target),
                None => call,
            }
        };
        let (first, second) = (trigger().send().await?, trigger().send().await?);
        for operation in [&first, &second] {
            check(operation.trigger_id() == id.to_string(), || {
                format!("{id} became {}", operation.trigger_id())
            })?;
        }
        let location = located(first.wait_timeout(self.options.patience).await?.location)?;
        let again = located(second.wait_timeout(self.options.patience).await?.location)?;
        check(location == again, || format!("one trigger id, two savepoints: {location} and {again}"))?;

        let statistics = self.client.checkpoints().get_checkpointing_statistics(job).send().await?;
        let taken = statistics.history.iter().filter(|checkpoint| checkpoint.is_savepoint).count();
        check(taken == 1, || format!("two triggers with one id made {taken} savepoints in the statistics"))?;
        let on_disk = match folder.added()? {
            Some(added) => {
                check(added == 1, || format!("two triggers with one id made {added} savepoints on disk"))?;
                ", one on disk"
            }
            None => "",
        };
        self.done(format_args!("{location} (triggered twice as {id}: one in the statistics{on_disk})"));
        Ok(location)
    }

    async fn stop(&mut self, job: JobId) -> Result<String, Reason> {
        self.begin("stop");
        let mut call = self.client.checkpoints().trigger_stop_with_savepoint(job);
        if let Some(target) = &self.options.target {
            call = call.target_directory(target);
        }
        let stopped = call.send().await?.wait_timeout(self.options.patience).await?;
        let location = located(stopped.location)?;
        self.job_until(job, "it is finished", |details| details.state == JobStatus::Finished).await?;
        self.job = None;
        self.done(format_args!("{job} is finished, with {location}"));
        Ok(location)
    }

    async fn cancel(&mut self, job: JobId) -> Result<(), Reason> {
        self.begin("cancel");
        self.client.jobs().cancel_job(job).send().await?;
        self.job_until(job, "it is cancelled", |details| details.state == JobStatus::Canceled).await?;
        self.job = None;
        self.done(format_args!("{job} is cancelled"));
        Ok(())
    }

    async fn dispose(&mut self, step: &'static str, savepoint: &str) -> Result<(), Reason> {
        self.begin(step);
        let folder = Folder::look(self.options.savepoints.as_deref())?;
        let disposal = self.client.checkpoints().trigger_savepoint_disposal(savepoint).send().await?;
        disposal.wait_timeout(self.options.patience).await?;
        if let Some(removed) = folder.removed()? {
            check(removed == 1, || format!("{removed} savepoints went from the disk"))?;
        }
        self.done(savepoint);
        Ok(())
    }

    async fn delete(&mut self, jar: &JarId) -> Result<(), Reason> {
        self.begin("delete");
        self.client.jars().delete_jar(jar.clone()).send().await?;
        self.jar = None;
        let listed =
            self.client.jars().get_jar_list().send().await?.files.iter().any(|other| other.id == *jar);
        check(!listed, || format!("the jar {jar} is still listed"))?;
        self.done(jar);
        Ok(())
    }
}

fn located(location: Option<String>) -> Result<String, Reason> {
    location.ok_or_else(|| Reason::Finding("the operation is complete, without a location".into()))
}
