//! Makes what rows say come true on one host.
//!
//! Of the servers that share a host one holds its lease, and that one alone starts programs, asks them to end, and writes down
//! what becomes of them; each of its writes demands that it still holds the lease. All of it is level-triggered: what is to be
//! done follows from a row and a [`Sight`], whoever looks and whenever, so that a server that takes over needs to know nothing
//! else.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::artifact::ArtifactStore;
use crate::id::JobId;
use crate::store::{
    Change, Changes, Lease, Precondition, Revision, Store, StoreError, StoreExt, Transaction,
};
use crate::time::{Clock, Timestamp};

use super::ProcessOptions;
use super::capture;
use super::folder::{JobFolder, Sight, Start, Work};
use super::program::{self, ProgramError};
use super::row::{Ending, HostRow, Keys, Row};
use super::system::Identity;

/// Between two looks at a job on disk.
const PACE: Duration = Duration::from_millis(50);
/// Before the next try after a failure.
const RETRY: Duration = Duration::from_secs(1);
/// How much of a program's standard error goes into its failure, in bytes.
const TRACE: u64 = 4096;

/// A server's share in a host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) id: String,
    pub(super) options: ProcessOptions,
    pub(super) store: Arc<dyn Store>,
    pub(super) artifacts: ArtifactStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) work: Work,
    pub(super) keys: Keys,
}

/// What goes wrong in the background and is tried again.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the working folder can't be used")]
    Folder(#[from] io::Error),
    #[error("the program can't be fetched")]
    Program(#[from] ProgramError),
    #[error("the supervisor {0}")]
    Supervisor(String),
}

/// Jobs that have not ended, as the lease's holder sees them.
#[derive(Default)]
struct Jobs {
    rows: BTreeMap<JobId, (Row, Revision)>,
    /// What tells the tasks of this host's jobs about news.
    attended: BTreeMap<JobId, watch::Sender<(Row, Revision)>>,
    tasks: JoinSet<()>,
    /// Heartbeats of other hosts, and since when each has not moved.
    heartbeats: BTreeMap<String, (Option<Revision>, Timestamp)>,
}

impl Host {
    /// Keeps the host for as long as the store and the lease allow. Never returns.
    pub(super) async fn keep(self: Arc<Self>) {
        let lease = Lease::new(
            Arc::clone(&self.store),
            &self.keys.lease(&self.id),
            self.options.lease * 3 / 5,
            Arc::clone(&self.clock),
        );
        let mut lease = match lease {
            Ok(lease) => lease,
            // The name is made of what has been a key before.
            Err(error) => return warn!(%error, "no lease can have this name"),
        };
        loop {
            let kept = match lease.tick().await {
                Ok(true) => self.hold(&mut lease).await,
                Ok(false) => Ok(()),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = kept {
                warn!(host = %self.id, error = %with_sources(&error), "processes are not looked after for now");
            }
            self.clock.until(self.clock.now().plus_millis(self.beat())).await;
        }
    }

    /// Milliseconds between two signs of life. What is left of the lease beside this and its own time is for those who wait: they
    /// see a sign up to one beat late, and look again up to one beat late.
    fn beat(&self) -> i64 {
        i64::try_from(self.options.lease.as_millis() / 6).unwrap_or(i64::MAX).max(1)
    }

    /// Does the work until the lease is lost.
    async fn hold(self: &Arc<Self>, lease: &mut Lease<Arc<dyn Store>>) -> Result<(), KeepError> {
        let Some(guard) = lease.guard() else {
            return Ok(());
        };
        info!(host = %self.id, "this server looks after the processes of the host");
        // Dropped at the end, and the tasks with it; whoever is next takes up what they left.
        let mut jobs = Jobs::default();
        self.introduce(&guard).await?;
        let (entries, revision) = self.store.list_all(&self.keys.jobs()).await?;
        for entry in entries {
            let change = Change { key: entry.key, value: Some(entry.versioned.value) };
            self.note(&mut jobs, change, entry.versioned.modified, &guard);
        }
        let mut changes = self.store.watch(self.keys.jobs(), revision).await?;
        let mut next = self.clock.now().plus_millis(self.beat());
        loop {
            self.claim(&mut jobs, &guard).await?;
            tokio::select! {
                () = self.clock.until(next) => {
                    if !lease.tick().await? {
                        info!(host = %self.id, "another server looks after the processes now");
                        return Ok(());
                    }
                    next = self.clock.now().plus_millis(self.beat());
                    self.introduce(&guard).await?;
                    self.bury(&mut jobs, &guard).await?;
                }
                change = changes.next() => {
                    let Changes { revision, changes } = match change {
                        Some(change) => change?,
                        None => return Err(KeepError::Supervisor("is not told of changes".to_owned())),
                    };
                    for change in changes {
                        self.note(&mut jobs, change, revision, &guard);
                    }
                }
                Some(_) = jobs.tasks.join_next() => {}
            }
        }
    }

    /// Says that this host is there.
    async fn introduce(&self, guard: &Precondition) -> Result<(), StoreError> {
        let row = HostRow {
            id: self.id.clone(),
            name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            slots: self.options.slots,
            cpus: std::thread::available_parallelism()
                .map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
            memory: super::metrics::machine_memory(),
            at: self.clock.now(),
        };
        let value =
            serde_json::to_vec(&row).map_err(|error| StoreError::Invalid { reason: error.to_string() })?;
        let transaction = Transaction::new().require(guard.clone()).put(self.keys.host(&self.id)?, value);
        match self.store.commit(transaction).await {
            // The next tick of the lease says the same.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes note of a row.
    fn note(self: &Arc<Self>, jobs: &mut Jobs, change: Change, revision: Revision, guard: &Precondition) {
        let row = change.value.and_then(|value| match serde_json::from_slice::<Row>(&value) {
            Ok(row) => Some(row),
            Err(error) => {
                // One bad row must not keep all others from being looked after.
                warn!(key = %change.key, %error, "job can't be read");
                None
            }
        });
        let Some(row) = row else {
            return;
        };
        let job = row.submission.id;
        if jobs.rows.get(&job).is_some_and(|(_, known)| *known >= revision) {
            // Our own write, which is told here before the watch tells of what it follows.
            return;
        }
        let is_ours = row.is_claimed_by(&self.id);
        if let Some(end) = &row.end {
            jobs.rows.remove(&job);
            jobs.attended.remove(&job);
            if is_ours && end.deserted {
                let folder = self.work.job(job);
                jobs.tasks.spawn(async move { put_down(job, folder).await });
            }
            return;
        }
        jobs.rows.insert(job, (row.clone(), revision));
        if is_ours {
            match jobs.attended.get(&job) {
                Some(told) => drop(told.send_replace((row, revision))),
                None => {
                    let (tell, told) = watch::channel((row, revision));
                    jobs.attended.insert(job, tell);
                    jobs.tasks.spawn(Arc::clone(self).attend(job, guard.clone(), told));
                }
            }
        }
    }

    /// Takes the jobs that wait and for which there is room, first come first served.
    async fn claim(self: &Arc<Self>, jobs: &mut Jobs, guard: &Precondition) -> Result<(), StoreError> {
        loop {
            let ours = jobs.rows.values().filter(|(row, _)| row.is_claimed_by(&self.id));
            let used: u32 = ours.map(|(row, _)| row.parallelism).fold(0, u32::saturating_add);
            let free = self.options.slots.saturating_sub(used);
            let waiting = jobs.rows.values().filter(|(row, _)| row.claim.is_none());
            let Some((row, revision)) =
                waiting.min_by_key(|(row, _)| (row.submitted, row.submission.id)).cloned()
            else {
                return Ok(());
            };
            if row.parallelism > free {
                return Ok(());
            }
            let job = row.submission.id;
            let row = row.claimed(&self.id, self.clock.now());
            match self.write(&row, revision, guard).await {
                Ok(revision) => {
                    let change = Change { key: self.keys.job(job)?, value: Some(encode(&row)?) };
                    self.note(jobs, change, revision, guard);
                }
                // Another host has it, or it was cancelled; the watch will say.
                Err(StoreError::Conflict { .. }) => drop(jobs.rows.remove(&job)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives up the jobs of hosts that have not been heard of for too long.
    async fn bury(&self, jobs: &mut Jobs, guard: &Precondition) -> Result<(), StoreError> {
        let patience = i64::try_from(self.options.host_timeout.as_millis()).unwrap_or(i64::MAX);
        let mut others: BTreeMap<String, Vec<JobId>> = BTreeMap::new();
        for (job, (row, _)) in &jobs.rows {
            if let Some(claim) = row.claim.as_ref().filter(|claim| claim.host != self.id) {
                others.entry(claim.host.clone()).or_default().push(*job);
            }
        }
        jobs.heartbeats.retain(|host, _| others.contains_key(host));
        for (host, lost) in others {
            let heartbeat = self.keys.heartbeat(&host)?;
            let now = self.clock.now();
            let found = self.store.get(&heartbeat).await?.map(|found| found.modified);
            let seen = jobs.heartbeats.entry(host.clone()).or_insert((found, now));
            if seen.0 != found {
                *seen = (found, now);
            }
            if now.millis_since(seen.1) < patience {
                continue;
            }
            warn!(%host, jobs = lost.len(), "a host has not been heard of; its jobs are given up");
            let still = match found {
                Some(revision) => Precondition::ModifiedAt(heartbeat, revision),
                None => Precondition::Absent(heartbeat),
            };
            for job in lost {
                let Some((row, revision)) = jobs.rows.get(&job).cloned() else {
                    continue;
                };
                let key = self.keys.job(job)?;
                let transaction = Transaction::new()
                    .require(guard.clone())
                    .require(still.clone())
                    .require_modified_at(key.clone(), revision)
                    .put(key, encode(&row.deserted(now))?);
                match self.store.commit(transaction).await {
                    Ok(_) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        row: &Row,
        revision: Revision,
        guard: &Precondition,
    ) -> Result<Revision, StoreError> {
        let key = self.keys.job(row.submission.id)?;
        let transaction = Transaction::new()
            .require(guard.clone())
            .require_modified_at(key.clone(), revision)
            .put(key, encode(row)?);
        self.store.commit(transaction).await
    }

    /// Looks after one job of this host until it has ended.
    async fn attend(
        self: Arc<Self>,
        job: JobId,
        guard: Precondition,
        mut told: watch::Receiver<(Row, Revision)>,
    ) {
        let folder = self.work.job(job);
        // The supervisor that was asked to end its program.
        let mut asked: Option<Identity> = None;
        loop {
            let (row, revision) = told.borrow_and_update().clone();
            let pause = match self.step(&folder, row, revision, &guard, &mut asked).await {
                Ok(Some(written)) => {
                    // What follows is decided on what was written, not on what was there before.
                    let news = told.wait_for(|(_, revision)| *revision >= written).await;
                    match news {
                        Ok(_) => continue,
                        Err(_) => return,
                    }
                }
                Ok(None) => PACE,
                // Somebody else was faster, and the news of it are on the way.
                Err(KeepError::Store(StoreError::Conflict { .. })) => PACE,
                Err(error) => {
                    warn!(%job, error = %with_sources(&error), "a job is not looked after for now");
                    RETRY
                }
            };
            tokio::select! {
                news = told.changed() => {
                    if news.is_err() {
                        return;
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does what is next for a job. If that was a write, its revision.
    async fn step(
        &self,
        folder: &JobFolder,
        row: Row,
        revision: Revision,
        guard: &Precondition,
        asked: &mut Option<Identity>,
    ) -> Result<Option<Revision>, KeepError> {
        let now = self.clock.now();
        let row = match look(folder).await? {
            Sight::Nothing if row.cancel.is_some() => {
                forbid(folder, None).await?;
                return Ok(None);
            }
            Sight::Nothing => {
                match self.launch(folder, &row).await {
                    Ok(()) => {}
                    Err(KeepError::Program(error)) if error.is_final() => {
                        forbid(folder, Some(with_sources(&error))).await?;
                    }
                    Err(error) => return Err(error),
                }
                return Ok(None);
            }
            Sight::Never(reason) => row.ended(Ending::Never(reason), now),
            Sight::Alive(_, Some(running)) if row.running.is_none() => row.started(running),
            Sight::Alive(supervisor, _) => {
                if row.cancel.is_some() && asked.as_ref() != Some(&supervisor) {
                    supervisor.terminate()?;
                    *asked = Some(supervisor);
                }
                return Ok(None);
            }
            Sight::Ended(exit, running) => {
                let row = match running {
                    // Nobody had looked in between.
                    Some(running) if row.running.is_none() => row.started(running),
                    _ => row,
                };
                let (err, at) = (folder.err(), exit.at);
                let tail = blocking(move || Ok(capture::tail(&err, TRACE))).await?;
                row.ended(Ending::Exit(exit), at.min(now)).with_trace(tail)
            }
            Sight::Lost(supervisor) => {
                blocking(move || {
                    supervisor.kill_remains();
                    Ok(())
                })
                .await?;
                row.ended(Ending::Lost, now)
            }
        };
        Ok(Some(self.write(&row, revision, guard).await?))
    }

    /// Starts a supervisor for a job that has none. Returns when the job has been started, or forbidden, by whomsoever.
    async fn launch(&self, folder: &JobFolder, row: &Row) -> Result<(), KeepError> {
        let spec = program::spec(&self.options, &self.artifacts, &self.work, folder, row).await?;
        let at = folder.clone();
        let log = blocking(move || {
            at.prepare(&spec)?;
            std::fs::OpenOptions::new().create(true).append(true).open(at.path().join("supervisor.log"))
        })
        .await?;
        let Some((helper, arguments)) = self.options.supervisor.split_first() else {
            return Err(KeepError::Supervisor("has no name".to_owned()));
        };
        let mut command = tokio::process::Command::new(helper);
        command.args(arguments).arg(folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        let mut child =
            command.spawn().map_err(|error| KeepError::Supervisor(format!("can't be started: {error}")))?;
        let (ended, mut end) = watch::channel(None);
        // In a task of its own, which reaps the process even if nobody here is interested any more.
        tokio::spawn(async move {
            let status = child.wait().await;
            ended.send_replace(Some(
                status.map_or_else(|error| error.to_string(), |status| status.to_string()),
            ));
        });
        loop {
            let over = end.borrow().clone();
            if !matches!(look(folder).await?, Sight::Nothing) {
                return Ok(());
            }
            if let Some(status) = over {
                let log = folder.path().join("supervisor.log");
                let tail = blocking(move || Ok(capture::tail(&log, TRACE))).await?;
                return Err(KeepError::Supervisor(format!("ended with {status}: {}", tail.trim_end())));
            }
            tokio::select! {
                _ = end.changed() => {}
                () = tokio::time::sleep(PACE) => {}
            }
        }
    }
}

/// Ends what still runs of a job that everybody has been told is lost.
async fn put_down(job: JobId, folder: JobFolder) {
    let done = blocking(move || match folder.look()? {
        Sight::Nothing => folder.take(&Start::Never(None)).map(drop),
        Sight::Alive(supervisor, _) => supervisor.terminate(),
        Sight::Lost(supervisor) => {
            supervisor.kill_remains();
            Ok(())
        }
        Sight::Never(_) | Sight::Ended(..) => Ok(()),
    });
    if let Err(error) = done.await {
        warn!(%job, %error, "a job that was given up can't be ended");
    }
}

async fn look(folder: &JobFolder) -> io::Result<Sight> {
    let folder = folder.clone();
    blocking(move || folder.look()).await
}

/// Makes sure that a job never starts, unless it has.
async fn forbid(folder: &JobFolder, reason: Option<String>) -> io::Result<()> {
    let folder = folder.clone();
    blocking(move || folder.take(&Start::Never(reason)).map(drop)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn encode(row: &Row) -> Result<bytes::Bytes, StoreError> {
    match serde_json::to_vec(row) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(StoreError::Invalid { reason: error.to_string() }),
    }
}

/// An error with what caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
