//! The control: what a careful person writes by hand on hyper and serde_json.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use serde::Serialize;

use super::{Data, Derived, is_name};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn json<T: Serialize>(status: StatusCode, value: &T, size: usize) -> Response<Full<Bytes>> {
    let mut buffer = Vec::with_capacity(size);
    if serde_json::to_writer(&mut buffer, value).is_err() {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let mut response = Response::new(Full::new(Bytes::from(buffer)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// A match on method and path, as a service without a boxed future.
pub(crate) fn service(
    data: Arc<Data<Derived>>,
) -> impl Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    service_fn(move |request| {
        let data = data.clone();
        async move { Ok(answer(&data, request).await) }
    })
}

async fn answer(data: &Data<Derived>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    match (request.method(), path.strip_prefix("/v1/deployments")) {
        (&Method::GET, Some("")) => json(StatusCode::OK, &*data.list(), 128 * 1024),
        (&Method::POST, Some("")) => {
            let Ok(body) = request.into_body().collect().await else { return empty(StatusCode::BAD_REQUEST) };
            match serde_json::from_slice::<crate::derived::DeploymentDraft>(&body.to_bytes()) {
                Ok(draft) if is_name(&draft.name) => {
                    json(StatusCode::CREATED, &*data.create(draft), 2 * 1024)
                }
                Ok(_) => empty(StatusCode::UNPROCESSABLE_ENTITY),
                Err(_) => empty(StatusCode::BAD_REQUEST),
            }
        }
        (&Method::GET, Some(rest)) => match rest.strip_prefix('/').and_then(|name| data.get(name)) {
            Some(deployment) => json(StatusCode::OK, &*deployment, 2 * 1024),
            None => empty(StatusCode::NOT_FOUND),
        },
        _ => empty(StatusCode::NOT_FOUND),
    }
}
