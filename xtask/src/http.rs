//! A plain HTTP client for programs on this machine.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// A client that gives up after `limit` and reports every status as an answer.
pub(crate) fn client(limit: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

/// The JSON at `url`.
///
/// # Errors
/// If nothing answers in time, the status is not a success, or the body is no JSON.
pub(crate) fn get(client: &ureq::Agent, url: &str) -> Result<Value> {
    let mut answer = client.get(url).call().with_context(|| format!("GET {url}"))?;
    let body = answer.body_mut().read_to_string().with_context(|| format!("GET {url}: body"))?;
    anyhow::ensure!(answer.status().is_success(), "GET {url} answered {}: {body}", answer.status());
    serde_json::from_str(&body).with_context(|| format!("GET {url}: not JSON: {body}"))
}

/// A TCP port of 127.0.0.1 that nobody listens on at this moment.
///
/// # Errors
/// If the operating system gives none.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All are held before the first is let go, so that they differ.
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
