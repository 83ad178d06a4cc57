//! The resource as a careful person writes it by hand, with serde's derives: for the contenders that aren't ours.

use planewright_model::Map;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeploymentList {
    pub(crate) items: Vec<Deployment>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub(crate) kind: String,
    pub(crate) api_version: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: DeploymentSpec,
    pub(crate) status: DeploymentStatus,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeploymentDraft {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Map<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Map<String>>,
    pub(crate) spec: DeploymentSpec,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) created_at: String,
    pub(crate) modified_at: String,
    pub(crate) resource_version: i64,
    pub(crate) labels: Map<String>,
    pub(crate) annotations: Map<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentSpec {
    state: State,
    upgrade_strategy: String,
    template: Template,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Running,
    Suspended,
    Cancelled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    artifact: Artifact,
    parallelism: i32,
    number_of_task_managers: i32,
    resources: Map<Resources>,
    flink_configuration: Map<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    kind: String,
    jar_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_args: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Resources {
    cpu: f64,
    memory: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeploymentStatus {
    pub(crate) state: String,
    pub(crate) running: RunningStatus,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunningStatus {
    pub(crate) job_id: String,
    pub(crate) transition_time: i64,
}
