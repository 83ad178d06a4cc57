//! The runtime of the clients, driven through the client of the Flink REST API.

mod operations;
mod requests;
mod retries;
mod script;
mod streams;
mod wire;

use std::time::Duration;

use planewright_client::flink::Client;
use planewright_client::{Backoff, RetryPolicy, Settings};
use planewright_model::id::{JobId, TriggerId};

use script::{Script, Step, json};

const JOB: JobId = JobId::from_bytes([0x11; 16]);
const JOB_PATH: &str = "/jobs/11111111111111111111111111111111";
const TRIGGER: TriggerId = TriggerId::from_bytes([0xab; 16]);

/// A client over the script, with pauses that are easy to reckon with: 1 s, 2 s, 4 s at most.
fn client(script: &Script) -> Client<Script> {
    Client::over(script.clone()).with_settings(settings())
}

fn settings() -> Settings {
    let pauses = Backoff::new(Duration::from_secs(1), 2.0, Duration::from_secs(4));
    Settings::new().retry(RetryPolicy::new(4, pauses)).poll(pauses)
}

/// An answer to the question for a job's exceptions.
fn exceptions() -> Step {
    json(200, r#"{"exceptionHistory":{"entries":[],"truncated":false}}"#)
}

/// An answer to an upload.
fn uploaded() -> Step {
    json(200, r#"{"filename":"/jars/a.jar","status":"success"}"#)
}
