//! What the model generator would emit for the exemplar.

use planewright_model::{Json, Path, Validate, Violations};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobDetails {
    pub jid: String,
    pub name: String,
    pub timestamps: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavepointTrigger {
    #[serde(rename = "target-directory", skip_serializing_if = "Option::is_none")]
    pub target_directory: Option<String>,
    #[serde(rename = "cancel-job", skip_serializing_if = "Option::is_none")]
    pub cancel_job: Option<bool>,
    #[serde(rename = "triggerId", skip_serializing_if = "Option::is_none")]
    pub trigger_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    #[serde(rename = "request-id")]
    pub request_id: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Uploaded {
    pub filename: String,
    pub bytes: u64,
}

impl Json for JobDetails {}
impl Json for SavepointTrigger {}
impl Json for Trigger {}
impl Json for Uploaded {}

impl Validate for SavepointTrigger {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        for (name, value) in [("triggerId", &self.trigger_id), ("target-directory", &self.target_directory)] {
            if value.as_ref().is_some_and(String::is_empty) {
                violations.add(&path.member(name), "minLength", || "must not be empty".to_owned());
            }
        }
    }
}
