//! The generated Flink server, from requests to responses, without a socket.
#![cfg(feature = "flink")]

mod support;

use bytes::Bytes;
use http::{Method, Request, Response};
use planewright_model::flink::{TriggeredOperation, UploadStatus, UploadedJar};
use planewright_server::conventions::{Flink, Problem};
use planewright_server::flink::*;
use planewright_server::{ApiError, Conventions, Reply, RequestContext, ResponseBody};
use support::{Frames, pieces, text};
use tower::ServiceExt;

const JOB: &str = "df9c573a0c8506bc11a2b73160637f03";

/// Answers with what it was asked.
#[derive(Clone)]
struct Echo;

fn echo(request: &impl std::fmt::Debug) -> ApiError {
    ApiError::conflict(format!("{request:?}"))
}

impl JobsApi for Echo {
    async fn get_job_details(
        &self,
        _: &RequestContext,
        request: GetJobDetailsRequest,
    ) -> Result<GetJobDetailsResponse, ApiError> {
        Ok(GetJobDetailsResponse::Ok(Reply::Encoded(Bytes::from(format!(
            "{{\"jid\":\"{}\"}}",
            request.jobid
        )))))
    }

    async fn get_job_exceptions(
        &self,
        _: &RequestContext,
        request: GetJobExceptionsRequest,
    ) -> Result<GetJobExceptionsResponse, ApiError> {
        Err(echo(&request))
    }

    async fn get_job_plan(
        &self,
        context: &RequestContext,
        request: GetJobPlanRequest,
    ) -> Result<GetJobPlanResponse, ApiError> {
        let _ = request;
        assert!(!context.request_id().is_empty());
        Err(ApiError::internal("the disk is full of secrets"))
    }

    async fn cancel_job(
        &self,
        _: &RequestContext,
        request: CancelJobRequest,
    ) -> Result<CancelJobResponse, ApiError> {
        Err(echo(&request))
    }
}

impl MetricsApi for Echo {
    async fn get_aggregated_job_metrics(
        &self,
        _: &RequestContext,
        request: GetAggregatedJobMetricsRequest,
    ) -> Result<GetAggregatedJobMetricsResponse, ApiError> {
        Err(echo(&(request.get, request.agg)))
    }
}

impl CheckpointsApi for Echo {
    async fn trigger_savepoint(
        &self,
        _: &RequestContext,
        request: TriggerSavepointRequest,
    ) -> Result<TriggerSavepointResponse, ApiError> {
        match request.body {
            None => Ok(TriggeredOperation { request_id: JOB.parse().unwrap() }.into()),
            Some(body) => Err(echo(&body.target_directory)),
        }
    }

    async fn trigger_savepoint_disposal(
        &self,
        _: &RequestContext,
        request: TriggerSavepointDisposalRequest,
    ) -> Result<TriggerSavepointDisposalResponse, ApiError> {
        Err(echo(&request))
    }
}

impl RescalingApi for Echo {
    async fn update_job_resource_requirements(
        &self,
        _: &RequestContext,
        request: UpdateJobResourceRequirementsRequest,
    ) -> Result<UpdateJobResourceRequirementsResponse, ApiError> {
        Err(echo(&request.body.len()))
    }
}

impl JarsApi for Echo {
    async fn upload_jar(
        &self,
        _: &RequestContext,
        mut request: UploadJarRequest,
    ) -> Result<UploadJarResponse, ApiError> {
        let mut names = Vec::new();
        while let Some(part) = request.body.next_part().await? {
            let (UploadJarPart::Jarfile(mut part) | UploadJarPart::Other(mut part)) = part;
            let mut length = 0;
            while let Some(chunk) = part.chunk().await? {
                length += chunk.len();
            }
            names.push(format!("{}={}:{length}", part.name(), part.file_name().unwrap_or("?")));
        }
        Ok(UploadedJar { filename: names.join(" "), status: UploadStatus::Success }.into())
    }
}

impl JobmanagerApi for Echo {
    async fn get_job_manager_log_file(
        &self,
        _: &RequestContext,
        request: GetJobManagerLogFileRequest,
    ) -> Result<GetJobManagerLogFileResponse, ApiError> {
        let lines = Frames([Bytes::from(request.filename), Bytes::from_static(b"\nline\n")].into_iter());
        Ok(ResponseBody::new(lines).into())
    }
}

async fn call<B: planewright_server::RequestBody>(request: Request<B>) -> Response<ResponseBody> {
    call_with::<Flink, B>(request).await
}

async fn call_with<C: Conventions, B: planewright_server::RequestBody>(
    request: Request<B>,
) -> Response<ResponseBody> {
    let service = Service::new()
        .jobs(Echo)
        .metrics(Echo)
        .checkpoints(Echo)
        .rescaling(Echo)
        .jars(Echo)
        .jobmanager(Echo)
        .into_service_with::<C, B>();
    service.oneshot(request).await.expect("never fails")
}

fn request(method: Method, path: &str, body: &str) -> Request<String> {
    Request::builder().method(method).uri(path).body(body.to_owned()).expect("a request")
}

async fn answer<C: Conventions>(method: Method, path: &str, body: &str) -> (u16, String) {
    let response = call_with::<C, _>(request(method, path, body)).await;
    (response.status().as_u16(), text(response).await)
}

async fn get(path: &str) -> (u16, String) {
    answer::<Flink>(Method::GET, path, "").await
}

async fn post(path: &str, body: &str) -> (u16, String) {
    answer::<Flink>(Method::POST, path, body).await
}

#[tokio::test]
async fn both_base_paths_and_loose_spellings_lead_to_the_operation() {
    let jid = (200, format!("{{\"jid\":\"{JOB}\"}}"));
    for path in ["/jobs/", "/v1/jobs/", "/v1//jobs///", "/j%6Fbs/"] {
        assert_eq!(get(&format!("{path}{JOB}")).await, jid, "{path}");
        assert_eq!(get(&format!("{path}{JOB}/")).await, jid, "{path}");
    }
    // Ids are values: the case of their digits doesn't matter.
    assert_eq!(get(&format!("/jobs/{}", JOB.to_uppercase())).await, jid);
    for path in
        ["/v2/jobs", "/V1/jobs", "/v1.0/jobs", "/v1/v1/jobs", "/jobs%2Foverview", "/", "/v1", "/nothing"]
    {
        let (status, _) = get(path).await;
        assert_eq!(status, 404, "{path}");
    }
    assert_eq!(get("/nothing").await, (404, r#"{"errors":["there is nothing at this path"]}"#.to_owned()));
}

#[tokio::test]
async fn an_escaped_slash_stays_inside_its_segment() {
    assert_eq!(get("/jobmanager/logs/a%2Fb").await, (200, "a/b\nline\n".to_owned()));
    let (status, body) = get("/jobmanager/logs/a%ZZ").await;
    assert_eq!((status, &*body), (400, r#"{"errors":["the path has a malformed percent escape"]}"#));
    let (status, body) = get("/jobmanager/logs/%FF").await;
    assert_eq!(status, 400, "{body}");
}

#[tokio::test]
async fn a_method_that_the_path_does_not_have() {
    for method in [Method::PUT, Method::POST, Method::TRACE, Method::from_bytes(b"BREW").unwrap()] {
        let response = call(request(method.clone(), "/jobs/overview", "")).await;
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, HEAD, OPTIONS");
        let body = r#"{"errors":["this path allows only GET, HEAD, OPTIONS"]}"#;
        assert_eq!(text(response).await, body);
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let path = format!("/jobs/{JOB}");
    let whole = text(call(request(Method::GET, &path, "")).await).await;
    let response = call(request(Method::HEAD, &path, "")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-length"], whole.len().to_string().as_str());
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(text(response).await, "");
    let refused = call(request(Method::HEAD, "/nothing", "")).await;
    assert_eq!((refused.status().as_u16(), &*text(refused).await), (404, ""));
}

#[tokio::test]
async fn options_and_preflight() {
    let response = call(request(Method::OPTIONS, "/v1/jars/upload", "")).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()["allow"], "OPTIONS, POST");
    assert!(!response.headers().contains_key("access-control-allow-methods"));
    let preflight = Request::options("/jars/upload")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-trace")
        .body(String::new())
        .unwrap();
    let response = call(preflight).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(response.headers()["access-control-allow-methods"], "OPTIONS, POST");
    assert_eq!(response.headers()["access-control-allow-headers"], "*");
    assert_eq!(answer::<Flink>(Method::OPTIONS, "/nothing", "").await.0, 404);
    for path in [format!("/jobs/{JOB}"), "/nothing".to_owned(), "/jobs/overview".to_owned()] {
        let response = call(request(Method::GET, &path, "")).await;
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
    }
}

#[tokio::test]
async fn parameters_are_decoded_and_checked() {
    let (status, body) = get("/jobs/42").await;
    assert_eq!(status, 400);
    assert!(body.starts_with(r#"{"errors":["path parameter `jobid` can't be `42`: "#), "{body}");
    let exceptions = format!("/jobs/{JOB}/exceptions");
    let (_, body) = get(&format!("{exceptions}?maxExceptions=7&unknown=1&maxExceptions=8")).await;
    assert!(body.contains("max_exceptions: Some(7)"), "{body}");
    let (status, body) = get(&format!("{exceptions}?maxExceptions=x")).await;
    assert_eq!(status, 400);
    assert!(body.contains(r#"query parameter `maxExceptions` can't be `x`: "#), "{body}");
    let (status, body) = get(&format!("{exceptions}?maxExceptions=%ZZ")).await;
    assert_eq!(status, 400, "{body}");
}

#[tokio::test]
async fn lists_in_a_query_are_joined_however_they_are_written() {
    let said = |get: &str, agg: &str| (409, format!("{{\"errors\":[\"({get}, {agg})\"]}}"));
    let none = said("None", "None");
    assert_eq!(get("/jobs/metrics").await, none);
    let abc = r#"Some([\"a\", \"b\", \"c d\"])"#;
    for query in ["get=a,b,c+d", "get=a%2Cb%2Cc%20d", "get=a&get=b,c%20d"] {
        assert_eq!(get(&format!("/jobs/metrics?{query}")).await, said(abc, "None"), "{query}");
    }
    assert_eq!(get("/jobs/metrics?get=").await, said("Some([])", "None"));
    assert_eq!(get("/v1/jobs/metrics?agg=MIN,max").await, said("None", "Some([Min, Max])"));
    let (status, body) = get("/jobs/metrics?agg=min,median").await;
    assert_eq!(status, 400);
    assert!(body.contains(r#"query parameter `agg` `/1` must be one of"#), "{body}");
    let problem = answer::<Problem>(Method::GET, "/jobs/metrics?agg=MIN", "").await;
    assert_eq!(problem.0, 400, "{}", problem.1);
}

#[tokio::test]
async fn json_bodies_are_read_with_tolerance() {
    let path = format!("/jobs/{JOB}/savepoints");
    let accepted = (202, format!("{{\"request-id\":\"{JOB}\"}}"));
    assert_eq!(post(&path, "").await, accepted);
    let said = |text: &str| (409, format!("{{\"errors\":[\"{text}\"]}}"));
    assert_eq!(post(&path, " {} ").await, said("None"));
    assert_eq!(post(&path, r#"{"unknown":[1],"triggerId":null}"#).await, said("None"));
    let directory = said(r#"Some(Value(\"s3://sp\"))"#);
    assert_eq!(post(&path, r#"{"target-directory":"s3://sp"}"#).await, directory);
    for broken in [
        "null",
        "[]x",
        "{} x",
        "{",
        r#"{"target-directory":"a","target-directory":"b"}"#,
        r#"{"cancel-job":"maybe"}"#,
        "\u{feff}{}",
    ] {
        let (status, body) = post(&path, broken).await;
        assert_eq!(status, 400, "{broken}");
        assert!(body.starts_with(r#"{"errors":["the request body can't be decoded: "#), "{body}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let request =
            Request::post(&path).header("content-type", content_type).body("{}".to_owned()).unwrap();
        assert_eq!(call(request).await.status(), 409, "{content_type}");
    }
}

#[tokio::test]
async fn a_required_body_may_be_missing_only_where_that_means_an_empty_object() {
    let (status, body) = post("/savepoint-disposal", "").await;
    assert_eq!(status, 400);
    assert!(body.contains("the member `savepoint-path` is missing"), "{body}");
    let (status, body) = answer::<Problem>(Method::POST, "/savepoint-disposal", "").await;
    assert_eq!(status, 400);
    assert_eq!(body, r#"{"title":"Bad Request","status":400,"detail":"a request body is required"}"#);
}

#[tokio::test]
async fn a_body_is_read_in_pieces_and_up_to_a_limit() {
    let path = format!("/jobs/{JOB}/savepoints");
    let body = br#"{"target-directory":"s3://sp"}"#;
    for size in 1..body.len() {
        let response = call(Request::post(&path).body(pieces(body.to_vec(), size)).unwrap()).await;
        assert_eq!(response.status(), 409);
    }
    let long = vec![b' '; Flink::BODY_LIMIT as usize + 1];
    let declared = String::from_utf8(long.clone()).unwrap();
    assert_eq!(call(request(Method::POST, &path, &declared)).await.status(), 413);
    let response = call(Request::post(&path).body(pieces(long, 1 << 16)).unwrap()).await;
    assert_eq!(response.status(), 413);
    assert_eq!(text(response).await, r#"{"errors":["the request body is longer than 2097152 bytes"]}"#);
}

#[tokio::test]
async fn the_body_of_a_get_is_ignored() {
    for body in ["{}", "garbage", ""] {
        let (status, _) = answer::<Flink>(Method::GET, &format!("/jobs/{JOB}"), body).await;
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn violations_are_all_reported_in_the_shape_of_the_api() {
    let path = format!("/jobs/{JOB}/resource-requirements");
    let vertex = "bde003748507fe3676ee1553bea4cff0";
    let body = format!(r#"{{"{vertex}":{{"parallelism":{{"lowerBound":0,"upperBound":-1}}}}}}"#);
    let (status, said) = answer::<Flink>(Method::PUT, &path, &body).await;
    assert_eq!(status, 400);
    assert_eq!(
        said,
        format!(
            r#"{{"errors":["`/{vertex}/parallelism/lowerBound` must be at least 1","`/{vertex}/parallelism/upperBound` must be at least 1"]}}"#
        )
    );
    let strict =
        Request::put(&path).header("content-type", "application/json; charset=utf-8").body(body).unwrap();
    let response = call_with::<Problem, _>(strict).await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let said: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(said["title"], "Unprocessable Entity");
    assert_eq!(said["errors"][1]["pointer"], format!("/{vertex}/parallelism/upperBound"));
    assert_eq!(said["errors"][1]["detail"], "must be at least 1");
}

#[tokio::test]
async fn strict_conventions_check_the_content_type() {
    let path = format!("/jobs/{JOB}/savepoints");
    for (content_type, status) in [
        (None, 415),
        (Some("text/plain"), 415),
        (Some("application/json"), 409),
        (Some("Application/vnd.x+JSON ; charset=utf-8"), 409),
    ] {
        let mut request = Request::post(&path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let response = call_with::<Problem, _>(request.body("{}".to_owned()).unwrap()).await;
        assert_eq!(response.status(), status, "{content_type:?}");
    }
    let (status, body) = answer::<Problem>(Method::GET, "/jobs//overview", "").await;
    assert_eq!(status, 404);
    assert_eq!(body, r#"{"title":"Not Found","status":404,"detail":"there is nothing at this path"}"#);
}

#[tokio::test]
async fn what_is_not_implemented_says_so() {
    let said = (501, r#"{"errors":["getClusterOverview isn't implemented by this server"]}"#.to_owned());
    assert_eq!(get("/overview").await, said);
}

#[tokio::test]
async fn the_source_of_an_error_stays_in_the_log() {
    let log = support::Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let said = (500, r#"{"errors":["internal server error"]}"#.to_owned());
    assert_eq!(get(&format!("/jobs/{JOB}/plan?token=1")).await, said);
    let lines = log.lines();
    assert!(lines.contains("the disk is full of secrets"), "{lines}");
    assert!(lines.contains("operation=\"getJobPlan\""), "{lines}");
}

#[tokio::test]
async fn an_upload_streams_to_its_handler_under_any_name() {
    let part = |name: &str, file: &str, content: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n{content}\r\n"
        )
    };
    let body =
        [part("jarfile", "a.jar", "12345"), part("other", "b.jar", ""), "--b--\r\n".to_owned()].concat();
    let upload = |body: &str, content_type: &str| {
        let body = pieces(body.as_bytes().to_vec(), 7);
        Request::post("/jars/upload").header("content-type", content_type).body(body).unwrap()
    };
    let form = "multipart/form-data; boundary=b";
    let response = call(upload(&body, form)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, r#"{"filename":"jarfile=a.jar:5 other=b.jar:0","status":"success"}"#);
    let response = call(upload(&body, "application/java-archive")).await;
    assert_eq!(response.status(), 415);
    assert_eq!(text(response).await, r#"{"errors":["the request body must be multipart/form-data"]}"#);
    let response = call(upload(&body[..60], form)).await;
    assert_eq!(response.status(), 400);
    let other = [part("other", "b.jar", "1"), "--b--".to_owned()].concat();
    assert_eq!(call(upload(&other, form)).await.status(), 200);
    let response = call_with::<Problem, _>(upload(&other, form)).await;
    assert_eq!(response.status(), 400);
    assert!(text(response).await.contains(r#"the part `jarfile` is required"#));
}

#[tokio::test]
async fn a_stored_value_is_sent_without_a_copy_of_it() {
    struct Shared(std::sync::Arc<UploadedJar>);
    impl JarsApi for Shared {
        async fn upload_jar(
            &self,
            _: &RequestContext,
            _: UploadJarRequest,
        ) -> Result<UploadJarResponse, ApiError> {
            Ok(UploadJarResponse::Ok(Reply::Shared(self.0.clone())))
        }
    }
    let stored = UploadedJar { filename: "x".to_owned(), status: UploadStatus::Success };
    let service = Service::new().jars(Shared(stored.into())).into_service();
    let request = Request::post("/jars/upload")
        .header("content-type", "multipart/form-data; boundary=b")
        .body("--b--".to_owned())
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(text(response).await, r#"{"filename":"x","status":"success"}"#);
}

#[tokio::test]
async fn it_nests_in_axum() {
    let flink = Service::new().jobs(Echo).into_service::<axum::body::Body>();
    let router: axum::Router = axum::Router::new().nest_service("/flink", flink);
    let request = Request::get(format!("/flink/v1/jobs/{JOB}")).body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let bytes = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert_eq!(bytes, format!("{{\"jid\":\"{JOB}\"}}"));
}

#[test]
fn operations_know_themselves() {
    assert!(Operation::ALL.len() > 80);
    assert!(Operation::ALL.is_sorted_by_key(|operation| operation.info().id));
    assert_eq!(Operation::CancelJob.info().path, "/jobs/{jobid}");
    assert!(Operation::CancelJob.info().detached);
    assert!(!Operation::GetJobDetails.info().detached);
}
