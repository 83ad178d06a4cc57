use planewright_backend::executor::{Metric, MetricScope};
use planewright_backend::id::{JobId, VertexId};
use planewright_server::{ApiError, RequestContext};

use super::convert::measurement;
use super::{Answer, Flink, backend_job, server::*, wire, worker_id};
use crate::kernel::KernelError;
use crate::kernel::metric::{self, Aggregate, Aggregation, Ranges, Sample, Wanted};

impl Flink {
    /// What one scope reports of what is wanted.
    async fn samples(&self, scope: &MetricScope, wanted: &Wanted) -> Answer<Vec<Sample>> {
        let names = match wanted.names() {
            // An executor takes no names for all of them.
            Some([]) => return Ok(Vec::new()),
            Some(names) => names,
            None => &[],
        };
        let found = self.kernel.executor.metrics(scope, names).await.map_err(KernelError::from)?;
        let sample = |metric: Metric| Sample { value: metric.value.to_string(), id: metric.name };
        Ok(found.into_iter().map(sample).collect())
    }

    async fn of_one(&self, scope: MetricScope, get: Option<Vec<String>>) -> Answer<Vec<wire::Metric>> {
        let wanted = Wanted::from_get(get.as_deref());
        let samples = self.samples(&scope, &wanted).await?;
        Ok(match &wanted {
            Wanted::Names => {
                let names = metric::names([samples.as_slice()]).into_iter();
                names.map(|id| wire::Metric { id, value: None }).collect()
            }
            Wanted::Values(names) => {
                let samples = metric::select(names, &samples).into_iter();
                samples.map(|sample| wire::Metric { id: sample.id, value: Some(sample.value) }).collect()
            }
        })
    }

    async fn of_many(
        &self,
        scopes: Vec<MetricScope>,
        get: Option<Vec<String>>,
        agg: Option<Vec<wire::AggregationMode>>,
    ) -> Answer<Vec<wire::AggregatedMetric>> {
        let wanted = Wanted::from_get(get.as_deref());
        let aggregations = aggregations(agg)?;
        let mut sources = Vec::with_capacity(scopes.len());
        for scope in &scopes {
            sources.push(self.samples(scope, &wanted).await?);
        }
        let aggregates = match &wanted {
            Wanted::Names => metric::names(sources.iter().map(Vec::as_slice))
                .into_iter()
                .map(|id| Aggregate { id, ..Aggregate::default() })
                .collect(),
            Wanted::Values(names) => metric::aggregate(names, &sources, &aggregations),
        };
        Ok(aggregates.into_iter().map(aggregated_metric).collect())
    }
}

/// All, unless some are chosen.
fn aggregations(chosen: Option<Vec<wire::AggregationMode>>) -> Answer<Vec<Aggregation>> {
    let Some(chosen) = chosen else {
        return Ok(Aggregation::ALL.to_vec());
    };
    if chosen.is_empty() {
        return Err(ApiError::bad_request("The query names no aggregation after `agg`."));
    }
    let aggregation = |mode| match mode {
        wire::AggregationMode::Min => Some(Aggregation::Min),
        wire::AggregationMode::Max => Some(Aggregation::Max),
        wire::AggregationMode::Sum => Some(Aggregation::Sum),
        wire::AggregationMode::Avg => Some(Aggregation::Avg),
        wire::AggregationMode::Skew => Some(Aggregation::Skew),
        wire::AggregationMode::Unknown(_) => None,
    };
    Ok(chosen.into_iter().filter_map(aggregation).collect())
}

fn aggregated_metric(found: Aggregate) -> wire::AggregatedMetric {
    let number = |number: Option<f64>| number.map(|number| measurement(Some(number)));
    wire::AggregatedMetric {
        id: found.id,
        min: number(found.min),
        max: number(found.max),
        avg: number(found.avg),
        sum: number(found.sum),
        skew: number(found.skew),
    }
}

impl Flink {
    /// The ids of a vertex that is known to exist.
    async fn vertex_ids(&self, job: wire::JobId, vertex: wire::VertexId) -> Answer<(JobId, VertexId)> {
        self.with_vertex(job, vertex, |job, vertex| Ok((job.id, vertex.id))).await
    }
}

impl MetricsApi for Flink {
    async fn get_job_manager_metrics(
        &self,
        _: &RequestContext,
        request: GetJobManagerMetricsRequest,
    ) -> Answer<GetJobManagerMetricsResponse> {
        Ok(self.of_one(MetricScope::Coordinator, request.get).await?.into())
    }

    async fn get_aggregated_task_manager_metrics(
        &self,
        _: &RequestContext,
        request: GetAggregatedTaskManagerMetricsRequest,
    ) -> Answer<GetAggregatedTaskManagerMetricsResponse> {
        let workers = self.kernel.executor.workers().await.map_err(KernelError::from)?;
        let chosen = |id: &str| match &request.taskmanagers {
            None => true,
            Some(ids) => ids.iter().any(|chosen| chosen.as_str() == id),
        };
        let workers = workers.into_iter().filter(|worker| chosen(&worker.id.0));
        let scopes = workers.map(|worker| MetricScope::Worker(worker.id)).collect();
        Ok(self.of_many(scopes, request.get, request.agg).await?.into())
    }

    async fn get_task_manager_metrics(
        &self,
        _: &RequestContext,
        request: GetTaskManagerMetricsRequest,
    ) -> Answer<GetTaskManagerMetricsResponse> {
        self.worker(&request.taskmanagerid).await?;
        let scope = MetricScope::Worker(worker_id(&request.taskmanagerid));
        Ok(self.of_one(scope, request.get).await?.into())
    }

    async fn get_aggregated_job_metrics(
        &self,
        _: &RequestContext,
        request: GetAggregatedJobMetricsRequest,
    ) -> Answer<GetAggregatedJobMetricsResponse> {
        let jobs = self.kernel.jobs().await?;
        let chosen = |id: JobId| match &request.jobs {
            None => true,
            Some(ids) => ids.iter().any(|chosen| backend_job(*chosen) == id),
        };
        let jobs = jobs.into_iter().filter(|job| !job.state.is_terminal() && chosen(job.id));
        let scopes = jobs.map(|job| MetricScope::Job(job.id)).collect();
        Ok(self.of_many(scopes, request.get, request.agg).await?.into())
    }

    async fn get_job_metrics(
        &self,
        _: &RequestContext,
        request: GetJobMetricsRequest,
    ) -> Answer<GetJobMetricsResponse> {
        let job = self.kernel.summary(backend_job(request.jobid)).await?;
        if job.state.is_terminal() {
            return Ok(Vec::new().into());
        }
        Ok(self.of_one(MetricScope::Job(job.id), request.get).await?.into())
    }

    async fn get_job_vertex_metrics(
        &self,
        _: &RequestContext,
        request: GetJobVertexMetricsRequest,
    ) -> Answer<GetJobVertexMetricsResponse> {
        let (job, vertex) = self.vertex_ids(request.jobid, request.vertexid).await?;
        Ok(self.of_one(MetricScope::Vertex(job, vertex), request.get).await?.into())
    }

    async fn get_job_manager_operator_metrics(
        &self,
        _: &RequestContext,
        request: GetJobManagerOperatorMetricsRequest,
    ) -> Answer<GetJobManagerOperatorMetricsResponse> {
        let (job, vertex) = self.vertex_ids(request.jobid, request.vertexid).await?;
        let scope = MetricScope::CoordinatorOperator(job, vertex);
        Ok(self.of_one(scope, request.get).await?.into())
    }

    async fn get_aggregated_subtask_metrics(
        &self,
        _: &RequestContext,
        request: GetAggregatedSubtaskMetricsRequest,
    ) -> Answer<GetAggregatedSubtaskMetricsResponse> {
        let chosen = request.subtasks.as_ref().map(|texts| Ranges::parse(texts.iter().map(String::as_str)));
        let scopes = self
            .with_vertex(request.jobid, request.vertexid, |job, vertex| {
                let subtasks = vertex.subtasks.iter().map(|subtask| subtask.index);
                let subtasks =
                    subtasks.filter(|index| chosen.as_ref().is_none_or(|chosen| chosen.contains(*index)));
                Ok(subtasks.map(|index| MetricScope::Subtask(job.id, vertex.id, index)).collect())
            })
            .await?;
        Ok(self.of_many(scopes, request.get, request.agg).await?.into())
    }

    async fn get_subtask_metrics(
        &self,
        _: &RequestContext,
        request: GetSubtaskMetricsRequest,
    ) -> Answer<GetSubtaskMetricsResponse> {
        let scope = self
            .with_vertex(request.jobid, request.vertexid, |job, vertex| {
                let subtask = super::subtask(vertex, request.subtaskindex)?;
                Ok(MetricScope::Subtask(job.id, vertex.id, subtask.index))
            })
            .await?;
        Ok(self.of_one(scope, request.get).await?.into())
    }
}
