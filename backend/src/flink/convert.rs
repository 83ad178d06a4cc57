//! From the words of Flink's wire to those of an executor.
//!
//! The wire says -1 where something hasn't happened or doesn't apply, 0 for a state that was never entered, and counts in
//! signed numbers.

mod checkpoint;
mod job;
mod rescale;
mod worker;

use std::collections::BTreeMap;

use planewright_client::flink::model;
use planewright_model::{Nullable, id as wire};

use crate::executor::{JobState, Quantiles, TaskState, WorkerId};
use crate::id;
use crate::time::Timestamp;

pub(super) use checkpoint::*;
pub(super) use job::*;
pub(super) use rescale::*;
pub(super) use worker::*;

/// An id of one crate as the same id of the other: both are sixteen bytes.
macro_rules! ids {
    ($($function:ident: $from:ty => $to:ty;)*) => {
        $(
            pub(in crate::flink) fn $function(id: $from) -> $to {
                <$to>::from_bytes(*id.as_bytes())
            }
        )*
    };
}

ids! {
    job_id: id::JobId => wire::JobId;
    from_job_id: wire::JobId => id::JobId;
    vertex_id: id::VertexId => wire::VertexId;
    from_vertex_id: wire::VertexId => id::VertexId;
    trigger_id: id::TriggerId => wire::TriggerId;
    data_set_id: id::DataSetId => wire::DataSetId;
    from_data_set_id: wire::DataSetId => id::DataSetId;
    rescale_id: id::RescaleId => wire::RescaleId;
    from_rescale_id: wire::RescaleId => id::RescaleId;
    from_group_id: wire::SlotSharingGroupId => id::SlotSharingGroupId;
}

/// The id as the cluster's client takes it: whatever the cluster calls a worker is fine.
pub(super) fn task_manager_id(worker: &WorkerId) -> model::TaskManagerId {
    model::TaskManagerId::unchecked(worker.0.as_str())
}

/// A count; what is negative is unknown, and counts as none.
pub(super) fn count<T: TryInto<u64>>(number: T) -> u64 {
    number.try_into().unwrap_or(0)
}

pub(super) fn small<T: TryInto<u32>>(number: T) -> u32 {
    number.try_into().unwrap_or(0)
}

/// A moment, if it has come.
pub(super) fn moment(millis: i64) -> Option<Timestamp> {
    (millis > 0).then_some(Timestamp(millis))
}

/// A measured number; 0 where nothing was measured, since an executor's numbers are kept as JSON, which has no NaN.
pub(super) fn number(measurement: &model::Measurement) -> f64 {
    match measurement {
        model::Measurement::Number(number) if number.is_finite() => *number,
        _ => 0.0,
    }
}

pub(super) fn value<T>(member: Option<Nullable<T>>) -> Option<T> {
    member.and_then(Nullable::into_option)
}

/// A state that this version doesn't know is one that goes on.
pub(super) fn job_state(status: &model::JobStatus) -> JobState {
    let text = status.as_str();
    JobState::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(JobState::Running)
}

pub(super) fn task_state(state: &model::ExecutionState) -> TaskState {
    let text = state.as_str();
    TaskState::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(TaskState::Running)
}

/// When states were entered, by their names; 0 means never.
pub(super) fn entered<K: Ord>(
    timestamps: &planewright_model::Map<i64>,
    all: impl IntoIterator<Item = K>,
    name: impl Fn(&K) -> &'static str,
) -> BTreeMap<K, Timestamp> {
    let at = |state: K| Some((moment(*timestamps.get(name(&state))?), state));
    all.into_iter().filter_map(at).filter_map(|(at, state)| Some((state, at?))).collect()
}

pub(super) fn quantiles(found: &model::StatsSummary) -> Quantiles {
    let measured = |measurement: &model::Measurement| match measurement {
        model::Measurement::Number(number) if number.is_finite() => Some(*number),
        _ => None,
    };
    let quantiles = [&found.p50, &found.p90, &found.p95, &found.p99, &found.p999].map(measured);
    Quantiles {
        min: count(found.min),
        max: count(found.max),
        avg: count(found.avg),
        quantiles: match quantiles {
            [Some(a), Some(b), Some(c), Some(d), Some(e)] => Some([a, b, c, d, e]),
            _ => None,
        },
    }
}
