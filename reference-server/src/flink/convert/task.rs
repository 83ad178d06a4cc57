//! What subtasks have in common with each other and with what is made up of them.

use std::collections::BTreeMap;

use planewright_backend::executor::{Accumulator, Attempt, TaskState};
use planewright_backend::time::Timestamp;

use super::{distribution, long, measurement};
use crate::flink::wire;

/// When a group of attempts was at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    /// When the first was deployed.
    pub(super) start: Option<Timestamp>,
    /// When the last ended; `None` as long as one hasn't.
    pub(super) end: Option<Timestamp>,
}

impl Times {
    pub(super) fn of<'a>(attempts: impl Iterator<Item = &'a Attempt> + Clone) -> Self {
        let ends: Option<Vec<Timestamp>> = attempts.clone().map(|attempt| attempt.ended).collect();
        Self {
            start: attempts.filter_map(Attempt::deployed).min(),
            end: ends.and_then(|ends| ends.into_iter().max()),
        }
    }
}

pub(super) fn io_metrics<'a>(attempts: impl Iterator<Item = &'a Attempt> + Clone) -> wire::IoMetrics {
    let sum = |of: fn(&Attempt) -> u64| long(attempts.clone().map(of).fold(0, u64::saturating_add));
    let complete = attempts.clone().all(|attempt| attempt.counters.complete);
    let busy = attempts.clone().map(|attempt| attempt.counters.busy_millis).sum();
    wire::IoMetrics {
        read_bytes: sum(|attempt| attempt.counters.read_bytes),
        read_bytes_complete: complete,
        write_bytes: sum(|attempt| attempt.counters.write_bytes),
        write_bytes_complete: complete,
        read_records: sum(|attempt| attempt.counters.read_records),
        read_records_complete: complete,
        write_records: sum(|attempt| attempt.counters.write_records),
        write_records_complete: complete,
        accumulated_backpressured_time: sum(|attempt| attempt.counters.backpressured_millis),
        accumulated_idle_time: sum(|attempt| attempt.counters.idle_millis),
        accumulated_busy_time: measurement(Some(busy)),
    }
}

/// The states that an attempt passes through on its way, in their order.
const PHASES: [TaskState; 5] = [
    TaskState::Created,
    TaskState::Scheduled,
    TaskState::Deploying,
    TaskState::Initializing,
    TaskState::Running,
];

/// How long an attempt has been in each phase, in milliseconds; -1 for those that it hasn't reached.
fn phase_durations(attempt: &Attempt, now: Timestamp) -> [(TaskState, i64); 5] {
    PHASES.map(|phase| {
        let Some(&entered) = attempt.entered.get(&phase) else {
            return (phase, -1);
        };
        let later = attempt.entered.iter().filter(|(state, at)| {
            let after = PHASES.iter().position(|other| other == *state);
            let place = PHASES.iter().position(|other| *other == phase);
            **at >= entered && (after.is_none() || after > place)
        });
        let left = later.map(|(_, at)| *at).min().or(attempt.ended).unwrap_or(now);
        (phase, left.millis_since(entered).max(0))
    })
}

pub(super) fn status_durations(attempt: &Attempt, now: Timestamp) -> wire::Map<i64> {
    let durations = phase_durations(attempt, now).into_iter();
    durations.map(|(state, millis)| (state.as_str().to_owned(), millis)).collect()
}

pub(super) fn aggregated<'a>(
    attempts: impl Iterator<Item = &'a Attempt> + Clone,
    now: Timestamp,
) -> wire::AggregatedTaskDetails {
    type Figure = (&'static str, fn(&Attempt) -> i64);
    const FIGURES: [Figure; 7] = [
        ("read-bytes", |attempt| long(attempt.counters.read_bytes)),
        ("write-bytes", |attempt| long(attempt.counters.write_bytes)),
        ("read-records", |attempt| long(attempt.counters.read_records)),
        ("write-records", |attempt| long(attempt.counters.write_records)),
        ("accumulated-backpressured-time", |attempt| long(attempt.counters.backpressured_millis)),
        ("accumulated-idle-time", |attempt| long(attempt.counters.idle_millis)),
        // A float beyond the range of the type becomes the nearest end of it.
        ("accumulated-busy-time", |attempt| attempt.counters.busy_millis as i64),
    ];
    let durations = attempts.clone().map(|attempt| phase_durations(attempt, now));
    wire::AggregatedTaskDetails {
        metrics: FIGURES
            .into_iter()
            .map(|(name, of)| (name.to_owned(), distribution(attempts.clone().map(of))))
            .collect(),
        status_duration: PHASES
            .into_iter()
            .enumerate()
            .map(|(place, phase)| {
                let durations = durations.clone().map(|all| all[place].1);
                let reached = durations.filter(|millis| *millis >= 0);
                (phase.as_str().to_owned(), distribution(reached))
            })
            .collect(),
    }
}

pub(super) fn user_accumulator(accumulator: &Accumulator) -> wire::UserAccumulator {
    wire::UserAccumulator {
        name: accumulator.name.clone(),
        type_: accumulator.kind.clone(),
        value: accumulator.value.clone(),
    }
}

/// The accumulators of several attempts: those with one name become one.
pub(super) fn merged<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Vec<Accumulator> {
    let mut merged: Vec<Accumulator> = Vec::new();
    for found in attempts.flat_map(|attempt| &attempt.accumulators) {
        match merged.iter_mut().find(|known| known.name == found.name) {
            Some(known) => known.value = merge(&found.kind, &known.value, &found.value),
            None => merged.push(found.clone()),
        }
    }
    merged
}

/// What two values of one kind of accumulator are together. Of values that can't be put together the later one stays.
fn merge(kind: &str, one: &str, other: &str) -> String {
    merge_counters(kind, one, other)
        .or_else(|| merge_histograms(one, other))
        .unwrap_or_else(|| other.to_owned())
}

fn merge_counters(kind: &str, one: &str, other: &str) -> Option<String> {
    if let (Ok(one), Ok(other)) = (one.parse::<i64>(), other.parse::<i64>()) {
        let merged = match kind {
            kind if kind.ends_with("Minimum") => one.min(other),
            kind if kind.ends_with("Maximum") => one.max(other),
            _ => one.saturating_add(other),
        };
        return Some(merged.to_string());
    }
    let (one, other): (f64, f64) = (one.parse().ok()?, other.parse().ok()?);
    let merged = match kind {
        kind if kind.ends_with("Minimum") => one.min(other),
        kind if kind.ends_with("Maximum") => one.max(other),
        _ => one + other,
    };
    Some(format!("{merged:?}"))
}

/// Histograms are written as Java writes maps: `{0=8368, 1=8367}`.
fn merge_histograms(one: &str, other: &str) -> Option<String> {
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for text in [one, other] {
        let text = text.strip_prefix('{')?.strip_suffix('}')?;
        for entry in text.split(", ").filter(|entry| !entry.is_empty()) {
            let (bucket, count) = entry.split_once('=')?;
            let total = counts.entry(bucket.parse().ok()?).or_insert(0);
            *total = total.saturating_add(count.parse().ok()?);
        }
    }
    let entries: Vec<String> = counts.iter().map(|(bucket, count)| format!("{bucket}={count}")).collect();
    Some(format!("{{{}}}", entries.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accumulators_of_a_real_cluster_add_up() {
        assert_eq!(merge("IntCounter", "12532", "12571"), "25103");
        assert_eq!(
            merge("Histogram", "{0=4177, 1=4178, 2=4177}", "{0=4191, 1=4190, 2=4190}"),
            "{0=8368, 1=8368, 2=8367}"
        );
        assert_eq!(merge("DoubleCounter", "0.5", "1.0"), "1.5");
        assert_eq!(merge("LongMaximum", "3", "2"), "3");
        assert_eq!(merge("List", "[a]", "[b]"), "[b]");
    }

    #[test]
    fn phases_last_until_the_next() {
        let mut attempt = Attempt {
            id: String::new(),
            number: 0,
            state: TaskState::Canceled,
            entered: [
                (TaskState::Created, Timestamp(10)),
                (TaskState::Scheduled, Timestamp(11)),
                (TaskState::Deploying, Timestamp(13)),
                (TaskState::Running, Timestamp(16)),
                (TaskState::Canceling, Timestamp(20)),
                (TaskState::Canceled, Timestamp(21)),
            ]
            .into(),
            ended: Some(Timestamp(21)),
            worker: None,
            endpoint: None,
            counters: Default::default(),
            accumulators: Vec::new(),
            pressure: None,
            watermark: None,
        };
        let durations =
            |attempt: &Attempt| phase_durations(attempt, Timestamp(100)).map(|(_, millis)| millis);
        assert_eq!(durations(&attempt), [1, 2, 3, -1, 4]);
        attempt.entered.retain(|state, _| !matches!(state, TaskState::Canceling | TaskState::Canceled));
        attempt.ended = None;
        assert_eq!(durations(&attempt), [1, 2, 3, -1, 84]);
    }
}
