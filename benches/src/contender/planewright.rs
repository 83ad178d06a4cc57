//! The generated server: what an integrator writes, and nothing else.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use planewright_server::conventions::Problem;
use planewright_server::layer::{Limits, default_stack};
use planewright_server::{ApiError, Reply, RequestContext, ResponseBody};

use super::{Data, Generated};
use crate::deployments::server::{
    CreateDeploymentRequest, CreateDeploymentResponse, DeploymentsApi, GetDeploymentRequest,
    GetDeploymentResponse, ListDeploymentsRequest, ListDeploymentsResponse, Service,
};

struct Deployments(Arc<Data<Generated>>);

impl DeploymentsApi for Deployments {
    async fn get_deployment(
        &self,
        _: &RequestContext,
        request: GetDeploymentRequest,
    ) -> Result<GetDeploymentResponse, ApiError> {
        match self.0.get(&request.name) {
            Some(deployment) => Ok(GetDeploymentResponse::Ok(Reply::Shared(deployment))),
            None => Err(ApiError::not_found(format!("there is no deployment `{}`", request.name))),
        }
    }

    async fn list_deployments(
        &self,
        _: &RequestContext,
        _: ListDeploymentsRequest,
    ) -> Result<ListDeploymentsResponse, ApiError> {
        Ok(ListDeploymentsResponse::Ok(Reply::Shared(self.0.list())))
    }

    async fn create_deployment(
        &self,
        _: &RequestContext,
        request: CreateDeploymentRequest,
    ) -> Result<CreateDeploymentResponse, ApiError> {
        Ok(CreateDeploymentResponse::Created(Reply::Shared(self.0.create(request.body))))
    }
}

type Answer = Result<Response<ResponseBody>, Infallible>;

/// The service as it is.
pub(crate) fn bare(
    data: Arc<Data<Generated>>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Future<Output = Answer> + Send,
> + Clone
+ Send
+ 'static {
    TowerToHyperService::new(Service::new().deployments(Deployments(data)).into_service())
}

/// The service inside all default layers.
pub(crate) fn layered(
    data: Arc<Data<Generated>>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Future<Output = Answer> + Send,
> + Clone
+ Send
+ 'static {
    let service = Service::new().deployments(Deployments(data)).into_service();
    TowerToHyperService::new(default_stack::<Problem, _, Incoming>(service, Limits::default()))
}
