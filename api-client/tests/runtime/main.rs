//! The runtime of the clients, driven through the pattern that generated code follows.

mod exemplar;
mod operations;
mod retries;
mod script;
mod streams;
mod wire;

use std::time::Duration;

use planewright_client::{Backoff, Connection, RetryPolicy, Settings};

use exemplar::Flink;
use script::Script;

/// A client over the script, with pauses that are easy to reckon with: 1 s, 2 s, 4 s at most.
fn client(script: &Script) -> Flink<Script> {
    Flink::new(Connection::over(script.clone()).with_settings(settings()))
}

fn settings() -> Settings {
    let pauses = Backoff::new(Duration::from_secs(1), 2.0, Duration::from_secs(4));
    Settings::new().retry(RetryPolicy::new(4, pauses)).poll(pauses)
}
