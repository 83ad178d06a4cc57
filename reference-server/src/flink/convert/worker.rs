//! Task managers, and what is known of processes.

use planewright_backend::executor::{
    AllocatedSlot, LogFile, Metric, MetricValue, Resources, ThreadInfo, Worker,
};

use super::{int, job_id, long};
use crate::flink::wire;

pub(in crate::flink) fn task_manager(worker: &Worker) -> wire::TaskManager {
    wire::TaskManager {
        id: super::worker_id(&worker.id),
        path: worker.path.clone(),
        data_port: int(worker.data_port),
        jmx_port: worker.jmx_port.map_or(-1, int),
        time_since_last_heartbeat: worker.heartbeat.0,
        slots_number: int(worker.slots),
        free_slots: int(worker.free_slots),
        assigned_tasks: int(worker.assigned_tasks),
        total_resource: resources(&worker.total),
        free_resource: resources(&worker.free),
        hardware: wire::Hardware {
            cpu_cores: int(worker.hardware.cpu_cores),
            physical_memory: long(worker.hardware.physical),
            free_memory: long(worker.hardware.heap),
            managed_memory: long(worker.hardware.managed),
        },
        memory_configuration: memory(worker),
        blocked: None,
    }
}

pub(in crate::flink) fn task_manager_details(
    worker: &Worker,
    metrics: &[Metric],
) -> wire::TaskManagerDetails {
    let base = task_manager(worker);
    wire::TaskManagerDetails {
        id: base.id,
        path: base.path,
        data_port: base.data_port,
        jmx_port: base.jmx_port,
        time_since_last_heartbeat: base.time_since_last_heartbeat,
        slots_number: base.slots_number,
        free_slots: base.free_slots,
        assigned_tasks: base.assigned_tasks,
        total_resource: base.total_resource,
        free_resource: base.free_resource,
        hardware: base.hardware,
        memory_configuration: base.memory_configuration,
        blocked: base.blocked,
        allocated_slots: worker.allocated.iter().map(allocated_slot).collect(),
        metrics: task_manager_metrics(metrics),
    }
}

fn memory(worker: &Worker) -> wire::TaskManagerMemory {
    let memory = &worker.memory;
    let bytes = |bytes| Some(long(bytes));
    wire::TaskManagerMemory {
        framework_heap: bytes(memory.framework_heap),
        task_heap: bytes(memory.task_heap),
        framework_off_heap: bytes(memory.framework_off_heap),
        task_off_heap: bytes(memory.task_off_heap),
        network_memory: bytes(memory.network),
        managed_memory: bytes(memory.managed),
        jvm_metaspace: bytes(memory.jvm_metaspace),
        jvm_overhead: bytes(memory.jvm_overhead),
        total_flink_memory: bytes(memory.total_engine),
        total_process_memory: bytes(memory.total_process),
    }
}

fn allocated_slot(slot: &AllocatedSlot) -> wire::AllocatedSlot {
    wire::AllocatedSlot {
        job_id: job_id(slot.job),
        resource: resources(&slot.resources),
        assigned_tasks: Some(int(slot.tasks)),
    }
}

fn resources(resources: &Resources) -> wire::ResourceProfile {
    let extended = resources.extended.iter();
    wire::ResourceProfile {
        cpu_cores: resources.cpu_cores,
        task_heap_memory: int(resources.task_heap),
        task_off_heap_memory: int(resources.task_off_heap),
        managed_memory: int(resources.managed),
        network_memory: int(resources.network),
        extended_resources: extended.map(|(name, amount)| (name.clone(), *amount)).collect(),
    }
}

/// The figures of the details page, which are metrics under other names; 0 for those that the executor doesn't have.
fn task_manager_metrics(metrics: &[Metric]) -> wire::TaskManagerMetrics {
    let get = |name: &str| {
        let found = metrics.iter().find(|metric| metric.name == name);
        found.map_or(0, |metric| whole(&metric.value))
    };
    let memory = |name: &str| get(&format!("Status.JVM.Memory.{name}"));
    let shuffle = |name: &str| get(&format!("Status.Shuffle.Netty.{name}"));
    wire::TaskManagerMetrics {
        heap_used: memory("Heap.Used"),
        heap_committed: memory("Heap.Committed"),
        heap_max: memory("Heap.Max"),
        non_heap_used: memory("NonHeap.Used"),
        non_heap_committed: memory("NonHeap.Committed"),
        non_heap_max: memory("NonHeap.Max"),
        direct_count: memory("Direct.Count"),
        direct_used: memory("Direct.MemoryUsed"),
        direct_max: memory("Direct.TotalCapacity"),
        mapped_count: memory("Mapped.Count"),
        mapped_used: memory("Mapped.MemoryUsed"),
        mapped_max: memory("Mapped.TotalCapacity"),
        netty_shuffle_memory_segments_available: shuffle("AvailableMemorySegments"),
        netty_shuffle_memory_segments_used: shuffle("UsedMemorySegments"),
        netty_shuffle_memory_segments_total: shuffle("TotalMemorySegments"),
        netty_shuffle_memory_available: shuffle("AvailableMemory"),
        netty_shuffle_memory_used: shuffle("UsedMemory"),
        netty_shuffle_memory_total: shuffle("TotalMemory"),
        garbage_collectors: collectors(metrics, get),
    }
}

fn collectors(metrics: &[Metric], get: impl Fn(&str) -> i64) -> Vec<wire::GarbageCollector> {
    const PREFIX: &str = "Status.JVM.GarbageCollector.";
    let names = metrics.iter().filter_map(|metric| {
        let name = metric.name.strip_prefix(PREFIX)?.strip_suffix(".Count")?;
        Some(name.to_owned())
    });
    let collector = |name: String| wire::GarbageCollector {
        count: get(&format!("{PREFIX}{name}.Count")),
        time: get(&format!("{PREFIX}{name}.Time")),
        name,
    };
    names.map(collector).collect()
}

fn whole(value: &MetricValue) -> i64 {
    match value {
        MetricValue::Integer(number) => *number,
        // A float beyond the range of the type becomes the nearest end of it.
        other => other.as_f64().unwrap_or(0.0) as i64,
    }
}

pub(in crate::flink) fn log_file(file: &LogFile) -> wire::LogFile {
    wire::LogFile { name: file.name.clone(), size: long(file.size), mtime: file.modified.0 }
}

pub(in crate::flink) fn thread_info(thread: &ThreadInfo) -> wire::ThreadInfo {
    wire::ThreadInfo { thread_name: thread.name.clone(), stringified_thread_info: thread.stack.clone() }
}
