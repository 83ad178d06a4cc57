//! Metrics and call stacks.

use planewright_client::flink::model;
use planewright_client::{Error, Transport};

use super::FlinkExecutor;
use super::convert::{from_flame_graph, from_metric, job_id, task_manager_id, vertex_id};
use super::describe::has_subtask;
use super::error::{absent, unavailable};
use crate::executor::{ExecutorError, FlameGraph, FlameGraphRequest, Metric, MetricScope, ThreadStates};
use crate::id::{JobId, VertexId};
use crate::time::Timestamp;

/// How long a query of names may be; the cluster refuses a request line of 4,096 bytes.
const LONGEST_QUERY: usize = 3000;

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn metrics_of(
        &self,
        scope: &MetricScope,
        names: &[String],
    ) -> Result<Vec<Metric>, ExecutorError> {
        // The cluster tells names alone, or the values of names.
        let listed: Vec<String>;
        let names = if names.is_empty() {
            listed = self.ask_metrics(scope, None).await?.into_iter().map(|metric| metric.id).collect();
            &listed
        } else {
            names
        };
        let mut metrics: Vec<Metric> = Vec::with_capacity(names.len());
        for names in queries(names) {
            let found = self.ask_metrics(scope, Some(names)).await?;
            metrics.extend(found.into_iter().filter_map(from_metric));
        }
        metrics.sort_by(|one, other| one.name.cmp(&other.name));
        metrics.dedup_by(|one, other| one.name == other.name);
        Ok(metrics)
    }

    async fn ask_metrics(
        &self,
        scope: &MetricScope,
        get: Option<Vec<&str>>,
    ) -> Result<Vec<model::Metric>, ExecutorError> {
        macro_rules! send {
            ($call:expr) => {{
                let call = $call;
                match get {
                    Some(names) => call.get(names).send().await,
                    None => call.send().await,
                }
            }};
        }
        let metrics = self.client.metrics();
        let found: Result<Vec<model::Metric>, Error> = match scope {
            MetricScope::Coordinator => send!(metrics.get_job_manager_metrics()),
            MetricScope::CoordinatorOperator(job, vertex) => {
                send!(metrics.get_job_manager_operator_metrics(job_id(*job), vertex_id(*vertex)))
            }
            MetricScope::Worker(worker) => send!(metrics.get_task_manager_metrics(task_manager_id(worker))),
            MetricScope::Job(job) => send!(metrics.get_job_metrics(job_id(*job))),
            MetricScope::Vertex(job, vertex) => {
                send!(metrics.get_job_vertex_metrics(job_id(*job), vertex_id(*vertex)))
            }
            MetricScope::Subtask(job, vertex, subtask) => {
                send!(metrics.get_subtask_metrics(
                    job_id(*job),
                    vertex_id(*vertex),
                    Self::wire_index(*subtask)
                ))
            }
        };
        Ok(absent(found)?.unwrap_or_default())
    }

    pub(super) async fn sample_stacks(
        &self,
        job: JobId,
        vertex: VertexId,
        request: FlameGraphRequest,
    ) -> Result<Option<FlameGraph>, ExecutorError> {
        let vertices = self.client.vertices();
        let details = absent(vertices.get_job_vertex_details(job_id(job), vertex_id(vertex)).send().await)?;
        let details =
            details.ok_or_else(|| ExecutorError::not_found(format!("vertex {vertex} of job {job}")))?;
        if let Some(subtask) = request.subtask
            && !has_subtask(&details, subtask)
        {
            return Err(ExecutorError::not_found(format!("subtask {subtask} of vertex {vertex}")));
        }
        let threads = match request.threads {
            ThreadStates::Full => model::FlameGraphType::Full,
            ThreadStates::OnCpu => model::FlameGraphType::OnCpu,
            ThreadStates::OffCpu => model::FlameGraphType::OffCpu,
        };
        let mut call = vertices.get_job_vertex_flame_graph(job_id(job), vertex_id(vertex)).type_(threads);
        if let Some(subtask) = request.subtask {
            call = call.subtaskindex(Self::wire_index(subtask));
        }
        let found = match call.send().await {
            Ok(found) => found,
            Err(error) if error.is_not_found() => {
                return Err(ExecutorError::Unsupported {
                    what: "flame graphs".to_owned(),
                    reason: Some("the cluster needs `rest.flamegraph.enabled: true`".to_owned()),
                });
            }
            Err(error) => return Err(unavailable(error)),
        };
        let ended = Timestamp(found.end_timestamp);
        Ok(found.data.map(|root| FlameGraph { ended, root: from_flame_graph(root) }))
    }
}

/// Names in groups that fit into a query each. A name with a comma can't be asked for.
fn queries(names: &[String]) -> Vec<Vec<&str>> {
    let mut queries: Vec<Vec<&str>> = Vec::new();
    let mut length = usize::MAX;
    for name in names.iter().filter(|name| !name.is_empty() && !name.contains(',')) {
        // A byte takes up to three in a URL.
        let more =
            name.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum::<usize>() + 3;
        if length.saturating_add(more) > LONGEST_QUERY {
            queries.push(Vec::new());
            length = 0;
        }
        length += more;
        if let Some(query) = queries.last_mut() {
            query.push(name);
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_become_several_queries() {
        let names: Vec<String> = (0..500).map(|number| format!("Status.JVM.Memory.Pool {number}")).collect();
        let queries = queries(&names);
        assert!(queries.len() > 1);
        assert_eq!(queries.iter().map(Vec::len).sum::<usize>(), 500);
        assert!(queries.iter().all(|query| query.join(",").len() < LONGEST_QUERY));
        assert!(super::queries(&["a,b".to_owned()]).is_empty());
    }
}
