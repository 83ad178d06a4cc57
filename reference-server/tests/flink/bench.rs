//! A control plane over a simulated cluster, with a clock that stands still, and what it takes to talk to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::{Key, KeyRange, Revision, Store};
use planewright_backend::time::{Timestamp, VirtualClock};
use planewright_reference_server::ControlPlane;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

type Service = BoxCloneSyncService<
    Request<Full<Bytes>>,
    http::Response<planewright_server::ResponseBody>,
    std::convert::Infallible,
>;

/// The id of a job that nobody has submitted.
pub(crate) const UNKNOWN: &str = "00000000000000000000000000000000";

pub(crate) struct Bench {
    pub(crate) clock: VirtualClock,
    pub(crate) executor: SimulatedExecutor,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) plane: ControlPlane,
    service: Service,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// The body as JSON; null if it isn't any.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {:?}", self.status, self.bytes);
        self.json()
    }

    /// The first message of an error with this status.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{:?}", self.bytes);
        let body = self.json();
        let message = body["errors"][0].as_str();
        message.unwrap_or_else(|| panic!("not an error in Flink's shape: {body}")).to_owned()
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Arc::new(MemoryStore::default())).await
    }

    pub(crate) async fn with(store: Arc<dyn Store>) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_795_262_880_000));
        let options = SimulatedOptions {
            savepoint_directory: Some("memory://savepoints".to_owned()),
            slots_per_worker: 16,
            ..SimulatedOptions::default()
        };
        let executor = SimulatedExecutor::with_clock(options, Arc::new(clock.clone()));
        Self::over(clock, executor, store).await
    }

    async fn over(clock: VirtualClock, executor: SimulatedExecutor, store: Arc<dyn Store>) -> Self {
        let plane = ControlPlane::builder()
            .store(store.clone())
            .executor(executor.clone())
            .clock(clock.clone())
            .build()
            .await
            .unwrap();
        let service = BoxCloneSyncService::new(plane.clone().into_service());
        Self { clock, executor, store, plane, service }
    }

    /// Another server on the same store and executor, as after a restart.
    pub(crate) async fn restarted(self) -> Self {
        let Self { clock, executor, store, .. } = self;
        Self::over(clock, executor, store).await
    }

    pub(crate) fn advance(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "flink.test:8081");
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body.to_string()).await
    }

    /// Sends parts, each a name, the name of a file if it is one, and the content.
    pub(crate) async fn multipart(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head = format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--frontier--\r\n");
        let request = Request::post(path)
            .header("content-type", "multipart/form-data; boundary=frontier")
            .body(Full::new(Bytes::from(body)));
        self.send(request.unwrap()).await
    }

    /// Uploads a jar whose manifest names `StreamingJob`, and returns its id.
    pub(crate) async fn upload(&self) -> String {
        let answer = self.multipart("/jars/upload", &[("jarfile", Some("jobs.jar"), &jar())]).await;
        let answer = answer.ok();
        let name = answer["filename"].as_str().unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    }

    /// Runs a program of a new jar and returns the id of the job, which has not got anywhere yet.
    pub(crate) async fn run(&self, class: &str, arguments: &[&str]) -> String {
        let jar = self.upload().await;
        let body = json!({ "entryClass": class, "programArgsList": arguments, "parallelism": 2 });
        let answer = self.post(&format!("/jars/{jar}/run"), body).await.ok();
        answer["jobid"].as_str().unwrap().to_owned()
    }

    /// Runs a job without end and waits until it is at work.
    pub(crate) async fn running(&self) -> String {
        let job = self.run("StreamingJob", &[]).await;
        self.advance(10_000);
        assert_eq!(self.status(&job).await, "RUNNING");
        job
    }

    pub(crate) async fn status(&self, job: &str) -> String {
        let answer = self.get(&format!("/jobs/{job}/status")).await.ok();
        answer["status"].as_str().unwrap().to_owned()
    }

    /// Waits until the end of a job is in the store, where the background task puts it.
    pub(crate) async fn written_down(&self, job: &str) {
        let key = Key::new(format!("job-ends/{job}")).unwrap();
        let mut changes = self.store.watch(KeyRange::only(&key), Revision(0)).await.unwrap();
        while self.store.get(&key).await.unwrap().is_none() {
            changes.next().await.unwrap().unwrap();
        }
    }

    /// Asks for an operation until it is over, and returns its outcome.
    pub(crate) async fn outcome(&self, path: &str) -> Value {
        for _ in 0..1000 {
            let answer = self.get(path).await.ok();
            if answer["status"]["id"] == "COMPLETED" {
                return answer["operation"].clone();
            }
            assert_eq!(answer, json!({ "status": { "id": "IN_PROGRESS" }, "operation": null }));
            self.advance(10);
        }
        panic!("{path} does not end");
    }
}

/// A jar of nothing but a manifest, without compression.
pub(crate) fn jar() -> Vec<u8> {
    let mut jar = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    jar.start_file("META-INF/MANIFEST.MF", stored).unwrap();
    std::io::Write::write_all(&mut jar, b"Manifest-Version: 1.0\r\nMain-Class: StreamingJob\r\n\r\n")
        .unwrap();
    jar.finish().unwrap().into_inner()
}
