//! By hand, what the generator emits for four operations and two tags.

#![allow(missing_docs, dead_code, unreachable_pub)]

pub mod jars;
pub mod jobs;
pub mod model;

use std::convert::Infallible;
use std::sync::Arc;

use ::planewright_server::__private::{self as __rt, http};

pub use jars::JarsApi;
pub use jobs::JobsApi;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    GetJob,
    GetLog,
    TriggerSavepoint,
    UploadJar,
}

impl Operation {
    pub const ALL: &'static [Self] = &[Self::GetJob, Self::GetLog, Self::TriggerSavepoint, Self::UploadJar];

    pub const fn info(self) -> &'static ::planewright_server::OperationInfo {
        &OPERATIONS[self as usize]
    }
}

impl __rt::Operation for Operation {
    fn info(self) -> &'static ::planewright_server::OperationInfo {
        self.info()
    }
}

static OPERATIONS: [::planewright_server::OperationInfo; 4] = [
    ::planewright_server::OperationInfo {
        id: "getJob",
        tag: "jobs",
        method: "GET",
        path: "/jobs/{jobid}",
        detached: false,
    },
    ::planewright_server::OperationInfo {
        id: "getLog",
        tag: "jobs",
        method: "GET",
        path: "/jobs/{jobid}/log",
        detached: false,
    },
    ::planewright_server::OperationInfo {
        id: "triggerSavepoint",
        tag: "jobs",
        method: "POST",
        path: "/jobs/{jobid}/savepoints",
        detached: true,
    },
    ::planewright_server::OperationInfo {
        id: "uploadJar",
        tag: "jars",
        method: "POST",
        path: "/jars/upload",
        detached: true,
    },
];

const PARAMETERS: usize = 1;

static ROUTES: __rt::RouteTable<Operation, PARAMETERS> = __rt::RouteTable {
    base_paths: &[&["v1"], &[]],
    nodes: &[
        __rt::Node { literals: &[("jars", 1), ("jobs", 3)], templates: &[], operations: &[], allow: "" },
        __rt::Node { literals: &[("upload", 2)], templates: &[], operations: &[], allow: "" },
        __rt::Node {
            literals: &[],
            templates: &[],
            operations: &[(http::Method::POST, Operation::UploadJar)],
            allow: "OPTIONS, POST",
        },
        __rt::Node {
            literals: &[],
            templates: &[(&[__rt::Piece::Parameter], 4)],
            operations: &[],
            allow: "",
        },
        __rt::Node {
            literals: &[("log", 5), ("savepoints", 6)],
            templates: &[],
            operations: &[(http::Method::GET, Operation::GetJob)],
            allow: "GET, HEAD, OPTIONS",
        },
        __rt::Node {
            literals: &[],
            templates: &[],
            operations: &[(http::Method::GET, Operation::GetLog)],
            allow: "GET, HEAD, OPTIONS",
        },
        __rt::Node {
            literals: &[],
            templates: &[],
            operations: &[(http::Method::POST, Operation::TriggerSavepoint)],
            allow: "OPTIONS, POST",
        },
    ],
};

/// An API that answers 501 to everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unimplemented;

impl JobsApi for Unimplemented {}
impl JarsApi for Unimplemented {}

/// The implementations behind the API, one for each tag.
#[derive(Clone, Debug)]
pub struct Service<Jobs = Unimplemented, Jars = Unimplemented> {
    jobs: Jobs,
    jars: Jars,
}

impl Service {
    #[must_use]
    pub fn new() -> Self {
        Self { jobs: Unimplemented, jars: Unimplemented }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: JobsApi + JarsApi + Clone> Service<T, T> {
    pub fn all(api: T) -> Self {
        Self { jobs: api.clone(), jars: api }
    }
}

impl<Jobs, Jars> Service<Jobs, Jars> {
    #[must_use]
    pub fn jobs<T: JobsApi>(self, jobs: T) -> Service<T, Jars> {
        Service { jobs, jars: self.jars }
    }

    #[must_use]
    pub fn jars<T: JarsApi>(self, jars: T) -> Service<Jobs, T> {
        Service { jobs: self.jobs, jars }
    }
}

impl<Jobs: JobsApi, Jars: JarsApi> Service<Jobs, Jars> {
    pub fn into_service<B: ::planewright_server::RequestBody>(
        self,
    ) -> impl __rt::tower_service::Service<
        http::Request<B>,
        Response = http::Response<::planewright_server::ResponseBody>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        self.into_service_with::<::planewright_server::conventions::Flink, B>()
    }

    pub fn into_service_with<C: ::planewright_server::Conventions, B: ::planewright_server::RequestBody>(
        self,
    ) -> impl __rt::tower_service::Service<
        http::Request<B>,
        Response = http::Response<::planewright_server::ResponseBody>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        let apis = Arc::new(self);
        __rt::HttpService::new(move |request| answer::<C, B, Jobs, Jars>(apis.clone(), request))
    }
}

async fn answer<C, B, Jobs, Jars>(
    __apis: Arc<Service<Jobs, Jars>>,
    __request: http::Request<B>,
) -> Result<http::Response<::planewright_server::ResponseBody>, Infallible>
where
    C: ::planewright_server::Conventions,
    B: ::planewright_server::RequestBody,
    Jobs: JobsApi,
    Jars: JarsApi,
{
    let __rt::Admitted { operation, captures: __captures, context: __context, body: __body, head: __head } =
        match __rt::admit::<C, Operation, B, PARAMETERS>(&ROUTES, __request) {
            Ok(admitted) => admitted,
            Err(response) => return Ok(response),
        };
    let __response = match operation {
        Operation::GetJob => {
            __rt::ignore_body(__body).await;
            match jobs::decode_get_job::<C>(&__context, &__captures) {
                Ok(request) => {
                    let result = __apis.jobs.get_job(&__context, request).await;
                    __rt::outcome::<C>(&__context, result.and_then(jobs::encode_get_job))
                }
                Err(rejection) => __rt::refused::<C>(&__context, rejection),
            }
        }
        Operation::GetLog => {
            __rt::ignore_body(__body).await;
            match jobs::decode_get_log::<C>(&__context, &__captures) {
                Ok(request) => {
                    let result = __apis.jobs.get_log(&__context, request).await;
                    __rt::outcome::<C>(&__context, result.and_then(jobs::encode_get_log))
                }
                Err(rejection) => __rt::refused::<C>(&__context, rejection),
            }
        }
        Operation::TriggerSavepoint => {
            match jobs::decode_trigger_savepoint::<C, B>(&__context, &__captures, __body).await {
                Ok(request) => {
                    __rt::detach(async move {
                        let result = __apis.jobs.trigger_savepoint(&__context, request).await;
                        __rt::outcome::<C>(&__context, result.and_then(jobs::encode_trigger_savepoint))
                    })
                    .await
                }
                Err(rejection) => __rt::refused::<C>(&__context, rejection),
            }
        }
        Operation::UploadJar => match jars::decode_upload_jar::<C, B>(&__context, &__captures, __body) {
            Ok(request) => {
                __rt::detach(async move {
                    let result = __apis.jars.upload_jar(&__context, request).await;
                    __rt::outcome::<C>(&__context, result.and_then(jars::encode_upload_jar))
                })
                .await
            }
            Err(rejection) => __rt::refused::<C>(&__context, rejection),
        },
    };
    Ok(__rt::conclude(__response, __head))
}
