//! Applications: what their jobs make of them.

use planewright_backend::executor::{JobState, JobSummary};
use planewright_backend::time::Timestamp;

use super::{application_id, duration, int, moment};
use crate::flink::wire;
use crate::kernel::job::ApplicationJobs;

/// An application as of one moment.
struct Standing {
    state: wire::ApplicationState,
    started: Timestamp,
    ended: Option<Timestamp>,
    now: Timestamp,
}

fn standing(jobs: &[JobSummary]) -> Standing {
    let any = |wanted: JobState| jobs.iter().any(|job| job.state == wanted);
    let ends: Option<Vec<Timestamp>> = jobs.iter().map(|job| job.ended).collect();
    let ended = ends.and_then(|ends| ends.into_iter().max());
    let state = match ended {
        Some(_) if any(JobState::Failed) => wire::ApplicationState::Failed,
        Some(_) if any(JobState::Canceled) => wire::ApplicationState::Canceled,
        Some(_) => wire::ApplicationState::Finished,
        None if any(JobState::Failing) => wire::ApplicationState::Failing,
        None if any(JobState::Cancelling) => wire::ApplicationState::Canceling,
        None => wire::ApplicationState::Running,
    };
    Standing {
        state,
        started: jobs.iter().map(|job| job.started).min().unwrap_or_default(),
        ended,
        now: jobs.iter().map(|job| job.now).max().unwrap_or_default(),
    }
}

/// Whether all jobs of the application have ended.
pub(in crate::flink) fn has_ended(found: &ApplicationJobs) -> bool {
    found.jobs.iter().all(|job| job.state.is_terminal())
}

pub(in crate::flink) fn summary(found: &ApplicationJobs) -> wire::ApplicationSummary {
    let standing = standing(&found.jobs);
    let mut jobs = wire::Counts::new();
    for job in &found.jobs {
        *jobs.entry(job.state.as_str().to_owned()).or_insert(0) += 1;
    }
    wire::ApplicationSummary {
        id: application_id(found.application.id),
        name: found.application.name.clone(),
        start_time: standing.started.0,
        end_time: moment(standing.ended),
        duration: duration(Some(standing.started), standing.ended, standing.now),
        status: standing.state,
        jobs,
    }
}

pub(in crate::flink) fn details(found: &ApplicationJobs) -> wire::ApplicationDetails {
    let standing = standing(&found.jobs);
    let end = |state: wire::ApplicationState| match standing.ended {
        Some(ended) if standing.state == state => ended.0,
        _ => 0,
    };
    let timestamps = [
        ("CREATED", standing.started.0),
        ("RUNNING", standing.started.0),
        ("FAILING", 0),
        ("FAILED", end(wire::ApplicationState::Failed)),
        ("CANCELING", 0),
        ("CANCELED", end(wire::ApplicationState::Canceled)),
        ("FINISHED", end(wire::ApplicationState::Finished)),
    ];
    wire::ApplicationDetails {
        id: application_id(found.application.id),
        name: found.application.name.clone(),
        status: standing.state.clone(),
        start_time: standing.started.0,
        end_time: moment(standing.ended),
        duration: duration(Some(standing.started), standing.ended, standing.now),
        timestamps: timestamps.map(|(state, at)| (state.to_owned(), at)).into_iter().collect(),
        jobs: found.jobs.iter().map(super::job::summary).collect(),
    }
}

/// How many jobs are in a state that counts as the given one in the overview of a cluster.
pub(in crate::flink) fn count(jobs: &[JobSummary], wanted: fn(JobState) -> bool) -> i32 {
    int(jobs.iter().filter(|job| wanted(job.state)).count())
}
