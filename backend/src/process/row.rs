//! What the store knows about jobs. A row is all that a server needs to answer for a job that another one runs.

use serde::{Deserialize, Serialize};

use crate::executor::{ExecutorError, Failure, JobState, Submission};
use crate::id::JobId;
use crate::store::{Key, KeyRange, StoreError};
use crate::time::Timestamp;

use super::folder::{Exit, How, Running};

/// The names of keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn job(&self, job: JobId) -> Result<Key, StoreError> {
        self.key(format!("jobs/{job}"))
    }

    pub(super) fn jobs(&self) -> KeyRange {
        KeyRange::prefix(format!("{}/jobs/", self.prefix))
    }

    /// What a host says about itself.
    pub(super) fn host(&self, host: &str) -> Result<Key, StoreError> {
        self.key(format!("hosts/{host}"))
    }

    pub(super) fn hosts(&self) -> KeyRange {
        KeyRange::prefix(format!("{}/hosts/", self.prefix))
    }

    /// The lease of the server that looks after a host's processes.
    pub(super) fn lease(&self, host: &str) -> String {
        format!("{}/leases/{host}", self.prefix)
    }

    /// The key of that lease which moves for as long as there is such a server.
    pub(super) fn heartbeat(&self, host: &str) -> Result<Key, StoreError> {
        self.key(format!("leases/{host}/heartbeat"))
    }

    fn key(&self, rest: String) -> Result<Key, StoreError> {
        Key::new(format!("{}/{rest}", self.prefix))
            .map_err(|error| StoreError::Invalid { reason: error.to_string() })
    }
}

/// A host, as it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostRow {
    pub(super) id: String,
    /// The name of the machine.
    pub(super) name: String,
    pub(super) slots: u32,
    pub(super) cpus: u32,
    /// Memory of the machine in bytes.
    pub(super) memory: u64,
    /// When it said so.
    pub(super) at: Timestamp,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) submission: Submission,
    /// How many slots it takes.
    pub(super) parallelism: u32,
    pub(super) submitted: Timestamp,
    /// The host that has taken it. Only there it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) running: Option<Started>,
    /// When somebody asked it to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cancel: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<End>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) host: String,
    pub(super) at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) pid: u32,
    pub(super) at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) at: Timestamp,
    pub(super) state: JobState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
    /// Whether its host was given up: the program may run on there until the host is back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) deserted: bool,
}

impl Row {
    pub(super) fn new(submission: Submission, parallelism: u32, submitted: Timestamp) -> Self {
        Self { submission, parallelism, submitted, claim: None, running: None, cancel: None, end: None }
    }

    pub(super) fn state(&self) -> JobState {
        match (&self.end, self.cancel, &self.running) {
            (Some(end), _, _) => end.state,
            (None, Some(_), _) => JobState::Cancelling,
            (None, None, Some(_)) => JobState::Running,
            (None, None, None) => JobState::Created,
        }
    }

    /// The last moment that the row names. What comes next is not earlier, whatever the clocks of servers say.
    pub(super) fn latest(&self) -> Timestamp {
        let moments = [
            self.claim.as_ref().map(|claim| claim.at),
            self.running.map(|running| running.at),
            self.cancel,
            self.end.as_ref().map(|end| end.at),
        ];
        moments.into_iter().flatten().fold(self.submitted, Timestamp::max)
    }

    pub(super) fn is_claimed_by(&self, host: &str) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.host == host)
    }

    /// The row with the wish that the job ends; `None` if it is there already.
    pub(super) fn cancelled(mut self, now: Timestamp) -> Result<Option<Self>, ExecutorError> {
        let job = self.submission.id;
        match &self.end {
            Some(End { state: JobState::Canceled, .. }) => return Ok(None),
            Some(End { state, .. }) => return Err(ExecutorError::Ended { job, state: *state }),
            None if self.cancel.is_some() => return Ok(None),
            None => {}
        }
        let at = now.max(self.latest());
        self.cancel = Some(at);
        if self.claim.is_none() {
            // No host has begun, and now none will.
            self.end = Some(End { at, state: JobState::Canceled, failure: None, deserted: false });
        }
        Ok(Some(self))
    }

    pub(super) fn claimed(mut self, host: &str, now: Timestamp) -> Self {
        let at = now.max(self.latest());
        self.claim = Some(Claim { host: host.to_owned(), at });
        self
    }

    pub(super) fn started(mut self, running: Running) -> Self {
        let at = running.since.max(self.latest());
        self.running = Some(Started { pid: running.pid, at });
        self
    }

    pub(super) fn ended(mut self, ending: Ending, at: Timestamp) -> Self {
        let at = at.max(self.latest());
        let (state, failure) = match ending {
            Ending::Exit(Exit { how: How::Code(0), asked: false, .. }) => (JobState::Finished, None),
            // That it was asked may have come too late to make a difference; whoever asked doesn't mind.
            Ending::Exit(Exit { asked: true, .. }) if self.cancel.is_some() => (JobState::Canceled, None),
            Ending::Never(None) | Ending::Lost | Ending::Never(Some(_)) if self.cancel.is_some() => {
                (JobState::Canceled, None)
            }
            ending => (JobState::Failed, Some(ending.failure(None))),
        };
        self.end = Some(End { at, state, failure, deserted: false });
        self
    }

    pub(super) fn with_trace(mut self, trace: String) -> Self {
        if let Some(failure) = self.end.as_mut().and_then(|end| end.failure.as_mut())
            && !trace.is_empty()
        {
            failure.trace = Some(trace);
        }
        self
    }

    /// The row of a job whose host has not been heard of for too long.
    pub(super) fn deserted(self, now: Timestamp) -> Self {
        let host = self.claim.as_ref().map_or_else(String::new, |claim| claim.host.clone());
        let at = now.max(self.latest());
        let failure = Failure {
            kind: "HostLost".to_owned(),
            message: format!("the job is lost: host {host}, where it ran, has not been heard of"),
            trace: None,
        };
        let (state, failure) = (JobState::Failed, Some(failure));
        Self { end: Some(End { at, state, failure, deserted: true }), ..self }
    }
}

/// In what way a job came to its end.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// Its program ended.
    Exit(Exit),
    /// It was never started; the text says why, unless it was cancelled.
    Never(Option<String>),
    /// Nobody knows how it ended.
    Lost,
}

impl Ending {
    fn failure(self, trace: Option<String>) -> Failure {
        let (kind, message) = match self {
            Self::Exit(Exit { how: How::Code(code), .. }) => {
                ("ExitCode", format!("the program ended with exit code {code}"))
            }
            Self::Exit(Exit { how: How::Signal(signal), .. }) => {
                ("Signal", format!("the program was killed by signal {signal}"))
            }
            Self::Exit(Exit { how: How::NotStarted(reason), .. }) => {
                ("NotStarted", format!("the program could not be started: {reason}"))
            }
            Self::Never(reason) => (
                "NotStarted",
                reason.map_or_else(|| "the program was not started".to_owned(), |reason| {
                    format!("the program could not be started: {reason}")
                }),
            ),
            Self::Lost => (
                "ProcessLost",
                "the job is lost: its supervisor has gone without a record of how the program ended, as after a \
                 restart of the machine"
                    .to_owned(),
            ),
        };
        Failure { kind: kind.to_owned(), message, trace }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::new(Submission::new(JobId::from_bytes([1; 16])), 1, Timestamp(100))
    }

    fn exit(code: i32, asked: bool) -> Ending {
        Ending::Exit(Exit { at: Timestamp(0), asked, how: How::Code(code) })
    }

    #[test]
    fn a_job_that_nobody_has_begun_is_cancelled_at_once() {
        let row = row().cancelled(Timestamp(200)).unwrap().unwrap();
        assert_eq!(row.state(), JobState::Canceled);
        assert_eq!(row.cancelled(Timestamp(300)).unwrap(), None);
    }

    #[test]
    fn exit_codes_become_states() {
        let running = row().claimed("h", Timestamp(100));
        let state = |row: &Row, ending| row.clone().ended(ending, Timestamp(500)).state();
        assert_eq!(state(&running, exit(0, false)), JobState::Finished);
        assert_eq!(state(&running, exit(1, false)), JobState::Failed);
        assert_eq!(state(&running, exit(0, true)), JobState::Failed);
        assert_eq!(state(&running, Ending::Lost), JobState::Failed);
        let cancelled = running.cancelled(Timestamp(300)).unwrap().unwrap();
        assert_eq!(cancelled.state(), JobState::Cancelling);
        assert_eq!(state(&cancelled, exit(143, true)), JobState::Canceled);
        assert_eq!(state(&cancelled, Ending::Never(None)), JobState::Canceled);
        assert_eq!(state(&cancelled, Ending::Lost), JobState::Canceled);
        // The wish came when it was over.
        assert_eq!(state(&cancelled, exit(0, false)), JobState::Finished);
        assert_eq!(state(&cancelled, exit(1, false)), JobState::Failed);
    }

    #[test]
    fn time_does_not_go_back_in_a_row() {
        let running = Running { pid: 7, since: Timestamp(50) };
        let row = row().claimed("h", Timestamp(40)).started(running).ended(exit(0, false), Timestamp(30));
        assert_eq!(row.latest(), Timestamp(100));
        assert_eq!(row.end.unwrap().at, Timestamp(100));
    }
}
