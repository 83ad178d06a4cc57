//! The generated Flink server, from requests to responses, without a socket.
#![cfg(feature = "flink")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use planewright_model::flink::{EmptyObject, UploadedJar};
use planewright_server::conventions::{Flink, Problem};
use planewright_server::flink::*;
use planewright_server::{ApiError, Conventions, Reply, RequestContext, ResponseBody};
use support::{Frames, pieces, text};
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;

const JOB: &str = "df9c573a0c8506bc11a2b73160637f03";

/// Says what it was asked, as the messages of an error or the name of a jar.
#[derive(Clone)]
struct Recorder;

impl JobsApi for Recorder {
    async fn get_job_plan(
        &self,
        _: &RequestContext,
        request: GetJobPlanRequest,
    ) -> Result<GetJobPlanResponse, ApiError> {
        Err(ApiError::not_found(format!("job {} could not be found", request.jobid)))
    }

    async fn get_job_exceptions(
        &self,
        context: &RequestContext,
        request: GetJobExceptionsRequest,
    ) -> Result<GetJobExceptionsResponse, ApiError> {
        Err(ApiError::conflict(format!("{request:?}")).and(context.operation().id))
    }

    async fn cancel_job(
        &self,
        _: &RequestContext,
        request: CancelJobRequest,
    ) -> Result<CancelJobResponse, ApiError> {
        Err(ApiError::conflict(format!("{request:?}")))
    }
}
