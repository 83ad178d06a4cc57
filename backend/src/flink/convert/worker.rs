use planewright_client::flink::model;

use super::{count, from_job_id, small};
use crate::executor::{
    AllocatedSlot, Hardware, LogFile, MemoryConfiguration, Metric, MetricValue, Resources, ThreadInfo,
    Worker, WorkerId,
};
use crate::time::Timestamp;

pub(in crate::flink) fn from_worker(found: model::TaskManagerDetails) -> Worker {
    let memory = found.memory_configuration;
    let bytes = |bytes: Option<i64>| count(bytes.unwrap_or(0));
    Worker {
        id: WorkerId(found.id.as_str().to_owned()),
        path: found.path,
        host: host(found.id.as_str()),
        data_port: u16::try_from(found.data_port).unwrap_or(0),
        jmx_port: u16::try_from(found.jmx_port).ok(),
        heartbeat: Timestamp(found.time_since_last_heartbeat),
        slots: small(found.slots_number),
        free_slots: small(found.free_slots).min(small(found.slots_number)),
        assigned_tasks: small(found.assigned_tasks),
        allocated: found
            .allocated_slots
            .into_iter()
            .zip(0..)
            .map(|(slot, index)| AllocatedSlot {
                index,
                job: from_job_id(slot.job_id),
                resources: resources(slot.resource),
                tasks: small(slot.assigned_tasks.unwrap_or(0)),
            })
            .collect(),
        total: resources(found.total_resource),
        free: resources(found.free_resource),
        hardware: Hardware {
            cpu_cores: small(found.hardware.cpu_cores),
            physical: count(found.hardware.physical_memory),
            heap: count(found.hardware.free_memory),
            managed: count(found.hardware.managed_memory),
        },
        memory: MemoryConfiguration {
            framework_heap: bytes(memory.framework_heap),
            task_heap: bytes(memory.task_heap),
            framework_off_heap: bytes(memory.framework_off_heap),
            task_off_heap: bytes(memory.task_off_heap),
            network: bytes(memory.network_memory),
            managed: bytes(memory.managed_memory),
            jvm_metaspace: bytes(memory.jvm_metaspace),
            jvm_overhead: bytes(memory.jvm_overhead),
            total_engine: bytes(memory.total_flink_memory),
            total_process: bytes(memory.total_process_memory),
        },
    }
}

/// The id begins with the host.
fn host(id: &str) -> String {
    id.rsplit_once(':').map_or(id, |(host, _)| host).to_owned()
}

fn resources(found: model::ResourceProfile) -> Resources {
    Resources {
        cpu_cores: found.cpu_cores,
        task_heap: count(found.task_heap_memory),
        task_off_heap: count(found.task_off_heap_memory),
        managed: count(found.managed_memory),
        network: count(found.network_memory),
        extended: found.extended_resources.into_iter().collect(),
    }
}

/// A metric, if the cluster shows a value. A number is one only if it reads the same when it is written again.
pub(in crate::flink) fn from_metric(found: model::Metric) -> Option<Metric> {
    let text = found.value?;
    let integer = text.parse().map(MetricValue::Integer).ok();
    let number = integer
        .or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(MetricValue::Float));
    let value = number.filter(|number| number.to_string() == text).unwrap_or(MetricValue::Text(text));
    Some(Metric { name: found.id, value })
}

pub(in crate::flink) fn from_log_file(found: model::LogFile) -> LogFile {
    LogFile { name: found.name, size: count(found.size), modified: Timestamp(found.mtime) }
}

pub(in crate::flink) fn from_thread(found: model::ThreadInfo) -> ThreadInfo {
    ThreadInfo { name: found.thread_name, stack: found.stringified_thread_info }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_as_they_are_written() {
        let metric = |text: &str| {
            let found = model::Metric { id: "m".to_owned(), value: Some(text.to_owned()) };
            from_metric(found).map(|metric| metric.value)
        };
        assert_eq!(metric("7"), Some(MetricValue::Integer(7)));
        assert_eq!(metric("0.5"), Some(MetricValue::Float(0.5)));
        for text in ["1.0E-5", "NaN", "007", "RUNNING", ""] {
            assert_eq!(metric(text), Some(MetricValue::Text(text.to_owned())));
        }
    }

    #[test]
    fn a_worker_runs_on_a_host() {
        assert_eq!(host("127.0.0.1:18083-889639"), "127.0.0.1");
        assert_eq!(host("worker"), "worker");
    }
}
