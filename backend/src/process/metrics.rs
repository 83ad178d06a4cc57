//! Processor time and memory, under the names that Flink has for them where it has any.

use std::fs;

use crate::executor::{Metric, MetricValue};
use crate::time::Timestamp;

use super::row::Row;
use super::system::Usage;

fn metric(name: &str, value: MetricValue) -> Metric {
    Metric { name: name.to_owned(), value }
}

fn int(name: &str, value: impl TryInto<i64>) -> Metric {
    metric(name, MetricValue::Integer(value.try_into().unwrap_or(i64::MAX)))
}

/// How long a job has been in the states that matter.
pub(super) fn job(row: &Row, now: Timestamp) -> Vec<Metric> {
    let now = row.end.as_ref().map_or(now, |end| end.at);
    let since = |moment: Option<Timestamp>| moment.map_or(0, |at| now.millis_since(at).max(0));
    let running = row.running.map(|running| running.at);
    let alive = row.end.is_none();
    vec![
        int("cancellingTime", if alive { since(row.cancel) } else { 0 }),
        int("createdTime", if alive && running.is_none() { since(Some(row.submitted)) } else { 0 }),
        int("numRestarts", 0),
        int("runningTime", if alive && row.cancel.is_none() { since(running) } else { 0 }),
        int("uptime", if alive { since(running) } else { 0 }),
    ]
}

/// What the processes of one program use. The load is that of its whole life: one processor is 1.
pub(super) fn processes(usage: Usage, row: &Row, now: Timestamp) -> Vec<Metric> {
    let lived = row.running.map_or(0, |running| now.millis_since(running.at)).max(1);
    let load = usage.cpu.as_secs_f64() * 1000.0 / lived as f64;
    vec![
        metric("Status.JVM.CPU.Load", MetricValue::Float(load)),
        int("Status.JVM.CPU.Time", usage.cpu.as_nanos()),
        int("Status.JVM.Threads.Count", usage.threads),
        int("Status.Process.Count", usage.processes),
        int("Status.Process.Memory.Resident", usage.resident),
    ]
}

/// What the machine has.
pub(super) fn machine(usage: Usage, slots: u32, free: u32) -> Vec<Metric> {
    let mut metrics = vec![
        int("Status.JVM.CPU.Time", usage.cpu.as_nanos()),
        int("Status.JVM.Threads.Count", usage.threads),
        int("Status.Process.Count", usage.processes),
        int("Status.Process.Memory.Resident", usage.resident),
        int("System.Memory.Available", memory("MemAvailable")),
        int("System.Memory.Total", memory("MemTotal")),
        int("taskSlotsAvailable", free),
        int("taskSlotsTotal", slots),
    ];
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let names = ["System.CPU.Load1min", "System.CPU.Load5min", "System.CPU.Load15min"];
    let loads = names.into_iter().zip(load.split_whitespace());
    metrics
        .extend(loads.filter_map(|(name, load)| Some(metric(name, MetricValue::Float(load.parse().ok()?)))));
    metrics
}

/// What the control plane has as a whole.
pub(super) fn cluster(hosts: usize, slots: u32, free: u32, running: usize) -> Vec<Metric> {
    vec![
        int("numRegisteredTaskManagers", hosts),
        int("numRunningJobs", running),
        int("taskSlotsAvailable", free),
        int("taskSlotsTotal", slots),
    ]
}

/// The memory of this machine in bytes; 0 if it doesn't say.
pub(super) fn machine_memory() -> u64 {
    memory("MemTotal")
}

fn memory(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}
