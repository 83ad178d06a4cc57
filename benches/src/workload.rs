//! What is asked of every contender, and what it must answer.

use serde_json::{Value, json};

/// One kind of request, repeated.
pub(crate) struct Workload {
    /// Short name.
    pub(crate) name: &'static str,
    /// What it is, for the report.
    pub(crate) title: &'static str,
    /// The request's bytes.
    pub(crate) request: Vec<u8>,
    /// The status of the answer.
    pub(crate) status: u16,
    /// Requests in the small and in the large run of the instruction count.
    pub(crate) counts: (usize, usize),
}

/// The three workloads.
pub(crate) fn all() -> Vec<Workload> {
    let draft = serde_json::to_vec(&draft()).unwrap_or_default();
    let mut create = format!(
        "POST /v1/deployments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        draft.len()
    )
    .into_bytes();
    create.extend_from_slice(&draft);
    vec![
        Workload {
            name: "read",
            title: "GET of a 1.2 KB resource",
            request: b"GET /v1/deployments/deployment-042 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            status: 200,
            counts: (50, 350),
        },
        Workload { name: "create", title: "POST of 1 KB", request: create, status: 201, counts: (50, 350) },
        Workload {
            name: "list",
            title: "list of 100",
            request: b"GET /v1/deployments HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            status: 200,
            counts: (4, 24),
        },
    ]
}

/// How many deployments every contender holds at the start.
pub(crate) const HELD: usize = 100;

fn labels() -> Value {
    json!({ "team": "payments", "tier": "production", "region": "eu-central-1", "cost-centre": "cc-4711" })
}

fn annotations() -> Value {
    json!({
        "deploy.example.org/commit": "0b1f6c2a9d4e8f7355aa10c2d3e4f5061728394a",
        "deploy.example.org/pipeline": "https://ci.example.org/pipelines/81422",
    })
}

fn spec() -> Value {
    json!({
        "state": "RUNNING",
        "upgradeStrategy": "STATEFUL",
        "template": {
            "artifact": {
                "kind": "JAR",
                "jarUri": "s3://artifacts/payments/fraud-detection-1.42.0.jar",
                "entryClass": "org.example.payments.FraudDetection",
                "mainArgs": "--window 30s --topic transactions --sink alerts",
            },
            "parallelism": 8,
            "numberOfTaskManagers": 4,
            "resources": {
                "jobmanager": { "cpu": 1.0, "memory": "1g" },
                "taskmanager": { "cpu": 2.0, "memory": "4g" },
            },
            "flinkConfiguration": {
                "execution.checkpointing.interval": "60s",
                "state.backend.type": "rocksdb",
                "state.savepoints.dir": "s3://savepoints/payments",
                "high-availability.type": "kubernetes",
            },
        },
    })
}

/// The body of the POST.
pub(crate) fn draft() -> Value {
    json!({ "name": "deployment-042", "labels": labels(), "annotations": annotations(), "spec": spec() })
}

/// The resource with this number, as every contender holds it.
pub(crate) fn deployment(number: usize) -> Value {
    json!({
        "kind": "Deployment",
        "apiVersion": "v1",
        "metadata": {
            "id": format!("7d0a1c9e-5b1f-4f0e-9a64-0000000{number:05}"),
            "name": format!("deployment-{number:03}"),
            "namespace": "payments",
            "createdAt": "2026-03-01T09:30:00.000Z",
            "modifiedAt": "2026-03-04T17:05:12.482Z",
            "resourceVersion": 17,
            "labels": labels(),
            "annotations": annotations(),
        },
        "spec": spec(),
        "status": {
            "state": "RUNNING",
            "running": { "jobId": "df9c573a0c8506bc11a2b73160637f03", "transitionTime": 1_772_644_712_482_i64 },
        },
    })
}
