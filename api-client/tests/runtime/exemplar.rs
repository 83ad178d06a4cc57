//! What the generator makes of four operations, by hand: the pattern of the templates.

use planewright_client::__private::http;
use planewright_client::{
    AsyncOperation, Call, CallOptions, Connection, Download, Error, Form, OnProgress, Operation, Polling,
    Transport, Upload,
};
use serde::{Deserialize, Serialize};

pub(crate) mod model {
    use super::*;

    macro_rules! json {
        ($($name:ident),*) => {$(
            impl planewright_model::Json for $name {}
        )*};
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(crate) struct SavepointTrigger {
        #[serde(rename = "target-directory", skip_serializing_if = "Option::is_none")]
        pub(crate) target_directory: Option<String>,
        #[serde(rename = "triggerId", skip_serializing_if = "Option::is_none")]
        pub(crate) trigger_id: Option<String>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct SavepointOutcome {
        pub(crate) location: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct FailureCause {
        pub(crate) class: String,
        #[serde(rename = "stack-trace")]
        pub(crate) stack_trace: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Exceptions {
        pub(crate) root: Option<String>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct UploadedJar {
        pub(crate) filename: String,
    }

    json!(SavepointTrigger, SavepointOutcome, FailureCause, Exceptions, UploadedJar);
}

#[derive(Clone, Debug)]
pub(crate) struct Flink<S> {
    connection: Connection<S>,
}

impl<S: Transport> Flink<S> {
    pub(crate) fn new(connection: Connection<S>) -> Self {
        Self { connection }
    }

    pub(crate) fn get_job_exceptions(&self, jobid: impl Into<String>) -> GetJobExceptions<S> {
        GetJobExceptions {
            __connection: self.connection.clone(),
            __options: CallOptions::new(),
            jobid: jobid.into(),
            max_exceptions: None,
            filter: None,
        }
    }

    pub(crate) fn trigger_savepoint(&self, jobid: impl Into<String>) -> TriggerSavepoint<S> {
        TriggerSavepoint {
            __connection: self.connection.clone(),
            __options: CallOptions::new(),
            __body: None,
            jobid: jobid.into(),
        }
    }

    pub(crate) fn resume_trigger_savepoint(
        &self,
        jobid: impl Into<String>,
        triggerid: impl Into<String>,
    ) -> AsyncOperation<model::SavepointOutcome> {
        let triggerid = triggerid.into();
        let __trigger_id = triggerid.to_string();
        let __poll = self.get_savepoint_status(jobid, triggerid);
        AsyncOperation::new(&self.connection, &TRIGGER_SAVEPOINT_POLLING, __trigger_id, move || {
            __poll.clone().into_call()
        })
    }

    pub(crate) fn get_savepoint_status(
        &self,
        jobid: impl Into<String>,
        triggerid: impl Into<String>,
    ) -> GetSavepointStatus<S> {
        GetSavepointStatus {
            __connection: self.connection.clone(),
            __options: CallOptions::new(),
            jobid: jobid.into(),
            triggerid: triggerid.into(),
        }
    }

    pub(crate) fn upload_jar(&self, jarfile: impl Into<Upload>) -> UploadJar<S> {
        UploadJar {
            __connection: self.connection.clone(),
            __options: CallOptions::new(),
            __on_progress: None,
            jarfile: jarfile.into(),
        }
    }

    pub(crate) fn get_log(&self) -> GetLog<S> {
        GetLog { __connection: self.connection.clone(), __options: CallOptions::new() }
    }
}

static GET_JOB_EXCEPTIONS: Operation = Operation {
    id: "getJobExceptions",
    method: http::Method::GET,
    path: "/jobs/{jobid}/exceptions",
    accept: Some("application/json"),
    repeatable: true,
};

#[must_use = "nothing is sent before `send`"]
#[derive(Clone, Debug)]
pub(crate) struct GetJobExceptions<S> {
    __connection: Connection<S>,
    __options: CallOptions,
    jobid: String,
    max_exceptions: Option<i32>,
    filter: Option<Vec<String>>,
}

impl<S: Transport> GetJobExceptions<S> {
    pub(crate) fn max_exceptions(mut self, value: i32) -> Self {
        self.max_exceptions = Some(value);
        self
    }

    pub(crate) fn filter(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.filter = Some(values.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn options(mut self, options: CallOptions) -> Self {
        self.__options = options;
        self
    }

    pub(crate) fn into_call(self) -> Call {
        let mut __call = self.__connection.call(&GET_JOB_EXCEPTIONS, self.__options);
        __call.literal("/jobs/");
        __call.path("jobid", &self.jobid);
        __call.literal("/exceptions");
        if let Some(__value) = &self.max_exceptions {
            __call.query("maxExceptions", __value);
        }
        if let Some(__values) = &self.filter {
            __call.query_list("filter", __values, false);
        }
        __call
    }

    pub(crate) async fn send(self) -> Result<model::Exceptions, Error> {
        let __connection = self.__connection.clone();
        __connection.fetch(self.into_call()).await?.json()
    }
}

static TRIGGER_SAVEPOINT: Operation = Operation {
    id: "triggerSavepoint",
    method: http::Method::POST,
    path: "/jobs/{jobid}/savepoints",
    accept: Some("application/json"),
    repeatable: false,
};

static TRIGGER_SAVEPOINT_POLLING: Polling = Polling {
    state: &["status", "id"],
    pending: &["IN_PROGRESS"],
    done: &["COMPLETED"],
    result: Some(&["operation"]),
    failure: Some(&["operation", "failure-cause"]),
};

#[must_use = "nothing is sent before `send`"]
#[derive(Clone, Debug)]
pub(crate) struct TriggerSavepoint<S> {
    __connection: Connection<S>,
    __options: CallOptions,
    __body: Option<model::SavepointTrigger>,
    jobid: String,
}

impl<S: Transport> TriggerSavepoint<S> {
    pub(crate) fn target_directory(mut self, value: impl Into<String>) -> Self {
        self.__body.get_or_insert_default().target_directory = Some(value.into());
        self
    }

    pub(crate) fn trigger_id(mut self, value: impl Into<String>) -> Self {
        self.__body.get_or_insert_default().trigger_id = Some(value.into());
        self
    }

    pub(crate) fn options(mut self, options: CallOptions) -> Self {
        self.__options = options;
        self
    }

    pub(crate) fn into_call(mut self) -> Call {
        let __body = self.__body.get_or_insert_default();
        if __body.trigger_id.is_none() {
            __body.trigger_id = planewright_client::__private::fresh_id();
        }
        let __repeat = __body.trigger_id.is_some();
        let mut __call = self.__connection.call(&TRIGGER_SAVEPOINT, self.__options);
        __call.literal("/jobs/");
        __call.path("jobid", &self.jobid);
        __call.literal("/savepoints");
        if let Some(__body) = &self.__body {
            __call.json(__body);
        }
        if __repeat {
            __call.allow_repeat();
        }
        __call
    }

    pub(crate) async fn send(self) -> Result<AsyncOperation<model::SavepointOutcome>, Error> {
        let __tag = Flink { connection: self.__connection.clone() };
        let __jobid = self.jobid.clone();
        let __reply = __tag.connection.fetch(self.into_call()).await?;
        let __triggerid: String = __reply.member(&["request-id"])?;
        Ok(__tag.resume_trigger_savepoint(__jobid, __triggerid))
    }
}

static GET_SAVEPOINT_STATUS: Operation = Operation {
    id: "getSavepointStatus",
    method: http::Method::GET,
    path: "/jobs/{jobid}/savepoints/{triggerid}",
    accept: Some("application/json"),
    repeatable: true,
};

#[must_use = "nothing is sent before `send`"]
#[derive(Clone, Debug)]
pub(crate) struct GetSavepointStatus<S> {
    __connection: Connection<S>,
    __options: CallOptions,
    jobid: String,
    triggerid: String,
}

impl<S: Transport> GetSavepointStatus<S> {
    pub(crate) fn into_call(self) -> Call {
        let mut __call = self.__connection.call(&GET_SAVEPOINT_STATUS, self.__options);
        __call.literal("/jobs/");
        __call.path("jobid", &self.jobid);
        __call.literal("/savepoints/");
        __call.path("triggerid", &self.triggerid);
        __call
    }
}

static UPLOAD_JAR: Operation = Operation {
    id: "uploadJar",
    method: http::Method::POST,
    path: "/jars/upload",
    accept: Some("application/json"),
    repeatable: false,
};

#[must_use = "nothing is sent before `send`"]
#[derive(Debug)]
pub(crate) struct UploadJar<S> {
    __connection: Connection<S>,
    __options: CallOptions,
    __on_progress: Option<OnProgress>,
    jarfile: Upload,
}

impl<S: Transport> UploadJar<S> {
    pub(crate) fn on_progress(mut self, tell: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        self.__on_progress = Some(OnProgress::new(tell));
        self
    }

    pub(crate) fn options(mut self, options: CallOptions) -> Self {
        self.__options = options;
        self
    }

    pub(crate) fn into_call(self) -> Call {
        let mut __call = self.__connection.call(&UPLOAD_JAR, self.__options);
        __call.literal("/jars/upload");
        let mut __form = Form::new();
        __form = __form.file("jarfile", "application/octet-stream", self.jarfile);
        __call.form(__form, self.__on_progress);
        __call
    }

    pub(crate) async fn send(self) -> Result<model::UploadedJar, Error> {
        let __connection = self.__connection.clone();
        __connection.fetch(self.into_call()).await?.json()
    }
}

static GET_LOG: Operation = Operation {
    id: "getLog",
    method: http::Method::GET,
    path: "/jobmanager/log",
    accept: Some("text/plain"),
    repeatable: true,
};

#[must_use = "nothing is sent before `send`"]
#[derive(Clone, Debug)]
pub(crate) struct GetLog<S> {
    __connection: Connection<S>,
    __options: CallOptions,
}

impl<S: Transport> GetLog<S> {
    pub(crate) fn into_call(self) -> Call {
        let mut __call = self.__connection.call(&GET_LOG, self.__options);
        __call.literal("/jobmanager/log");
        __call
    }

    pub(crate) async fn send(self) -> Result<Download, Error> {
        let __connection = self.__connection.clone();
        __connection.open(self.into_call()).await
    }
}
