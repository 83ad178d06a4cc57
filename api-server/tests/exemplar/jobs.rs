use std::future::Future;

use ::planewright_server::__private::{self as __rt, http};

use super::model;

/// Jobs.
pub trait JobsApi: Send + Sync + 'static {
    /// Details of a job.
    fn get_job(
        &self,
        context: &::planewright_server::RequestContext,
        request: GetJobRequest,
    ) -> impl Future<Output = Result<GetJobResponse, ::planewright_server::ApiError>> + Send {
        let _ = request;
        __rt::not_implemented(context)
    }

    /// The log of a job.
    fn get_log(
        &self,
        context: &::planewright_server::RequestContext,
        request: GetLogRequest,
    ) -> impl Future<Output = Result<GetLogResponse, ::planewright_server::ApiError>> + Send {
        let _ = request;
        __rt::not_implemented(context)
    }

    /// Triggers a savepoint.
    fn trigger_savepoint(
        &self,
        context: &::planewright_server::RequestContext,
        request: TriggerSavepointRequest,
    ) -> impl Future<Output = Result<TriggerSavepointResponse, ::planewright_server::ApiError>> + Send {
        let _ = request;
        __rt::not_implemented(context)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct GetJobRequest {
    pub jobid: u64,
    pub subtasks: Option<Vec<u32>>,
    pub verbose: bool,
    pub x_trace: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GetLogRequest {
    pub jobid: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TriggerSavepointRequest {
    pub jobid: String,
    pub body: Option<model::SavepointTrigger>,
}

#[derive(Debug)]
pub enum GetJobResponse {
    Ok(::planewright_server::Reply<model::JobDetails>),
    NotFound(::planewright_server::Reply<String>),
}

impl From<model::JobDetails> for GetJobResponse {
    fn from(body: model::JobDetails) -> Self {
        Self::Ok(body.into())
    }
}

#[derive(Debug)]
pub enum GetLogResponse {
    Ok { body: ::planewright_server::ResponseBody, x_lines: Option<i64> },
}

#[derive(Debug)]
pub enum TriggerSavepointResponse {
    Accepted(::planewright_server::Reply<model::Trigger>),
}

impl From<model::Trigger> for TriggerSavepointResponse {
    fn from(body: model::Trigger) -> Self {
        Self::Accepted(body.into())
    }
}

pub(super) fn decode_get_job<C: ::planewright_server::Conventions>(
    __context: &::planewright_server::RequestContext,
    __captures: &__rt::Captures<{ super::PARAMETERS }>,
) -> Result<GetJobRequest, ::planewright_server::Rejection> {
    let __parameters = __rt::Parameters::<C, _>::new(__context, __captures);
    let __request = GetJobRequest {
        jobid: __parameters.path(0, "jobid")?,
        subtasks: __parameters.query_list("subtasks", true)?,
        verbose: __parameters.query("verbose")?.unwrap_or(false),
        x_trace: __parameters.header("x-trace")?,
    };
    __parameters.refuse_unknown_query(&["subtasks", "verbose"])?;
    Ok(__request)
}

pub(super) fn decode_get_log<C: ::planewright_server::Conventions>(
    __context: &::planewright_server::RequestContext,
    __captures: &__rt::Captures<{ super::PARAMETERS }>,
) -> Result<GetLogRequest, ::planewright_server::Rejection> {
    let __parameters = __rt::Parameters::<C, _>::new(__context, __captures);
    Ok(GetLogRequest { jobid: __parameters.path(0, "jobid")? })
}

pub(super) async fn decode_trigger_savepoint<
    C: ::planewright_server::Conventions,
    B: ::planewright_server::RequestBody,
>(
    __context: &::planewright_server::RequestContext,
    __captures: &__rt::Captures<{ super::PARAMETERS }>,
    __body: B,
) -> Result<TriggerSavepointRequest, ::planewright_server::Rejection> {
    let __parameters = __rt::Parameters::<C, _>::new(__context, __captures);
    let __request = TriggerSavepointRequest {
        jobid: __parameters.path(0, "jobid")?,
        body: __rt::decode::optional_json::<C, _, _>(__context, __body).await?,
    };
    __rt::validate(|__path, __violations| {
        __rt::Validate::validate(&__request.body, __path, __violations);
    })?;
    Ok(__request)
}

pub(super) fn encode_get_job(
    __response: GetJobResponse,
) -> Result<http::Response<::planewright_server::ResponseBody>, ::planewright_server::ApiError> {
    static LENGTH: __rt::LengthHint = __rt::LengthHint::new();
    match __response {
        GetJobResponse::Ok(body) => __rt::encode::json(http::StatusCode::OK, &body, &LENGTH),
        GetJobResponse::NotFound(body) => __rt::encode::json(http::StatusCode::NOT_FOUND, &body, &LENGTH),
    }
}

pub(super) fn encode_get_log(
    __response: GetLogResponse,
) -> Result<http::Response<::planewright_server::ResponseBody>, ::planewright_server::ApiError> {
    match __response {
        GetLogResponse::Ok { body, x_lines } => {
            let mut __response = __rt::encode::with_type(http::StatusCode::OK, "text/plain", body);
            if let Some(value) = &x_lines {
                __rt::encode::header(&mut __response, "x-lines", value)?;
            }
            Ok(__response)
        }
    }
}

pub(super) fn encode_trigger_savepoint(
    __response: TriggerSavepointResponse,
) -> Result<http::Response<::planewright_server::ResponseBody>, ::planewright_server::ApiError> {
    static LENGTH: __rt::LengthHint = __rt::LengthHint::new();
    match __response {
        TriggerSavepointResponse::Accepted(body) => {
            __rt::encode::json(http::StatusCode::ACCEPTED, &body, &LENGTH)
        }
    }
}
