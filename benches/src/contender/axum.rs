//! axum, as its documentation shows it: `Path`, `Json`, `State`.

use std::sync::Arc;

use crate::derived::DeploymentDraft;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper_util::service::TowerToHyperService;

use super::{Data, Derived, is_name};

/// The router as a hyper service.
pub(crate) fn service(data: Arc<Data<Derived>>) -> TowerToHyperService<Router> {
    let router = Router::new()
        .route("/v1/deployments", get(list).post(create))
        .route("/v1/deployments/{name}", get(read))
        .with_state(data);
    TowerToHyperService::new(router)
}

async fn read(State(data): State<Arc<Data<Derived>>>, Path(name): Path<String>) -> Response {
    match data.get(&name) {
        Some(deployment) => Json(&*deployment).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list(State(data): State<Arc<Data<Derived>>>) -> Response {
    Json(&*data.list()).into_response()
}

async fn create(State(data): State<Arc<Data<Derived>>>, Json(draft): Json<DeploymentDraft>) -> Response {
    if !is_name(&draft.name) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    (StatusCode::CREATED, Json(&*data.create(draft))).into_response()
}
