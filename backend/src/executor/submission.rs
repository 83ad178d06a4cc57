use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactId;
use crate::id::JobId;

use super::ByteStream;

/// What to run, and how.
///
/// ```
/// use planewright_backend::executor::Submission;
/// use planewright_backend::id::JobId;
///
/// let submission = Submission {
///     entry_class: Some("StreamingJob".into()),
///     arguments: vec!["--checkpoint-ms".into(), "2000".into()],
///     parallelism: Some(2),
///     ..Submission::new(JobId::from_bytes([7; 16]))
/// };
/// assert!(submission.artifact.is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The id of the job to be, chosen by the submitter.
    pub id: JobId,
    /// The name of the job; without one the program decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The program. Executors that need its bytes are constructed with an
    /// [`ArtifactStore`](crate::artifact::ArtifactStore); without one the executor knows what to run by other means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactId>,
    /// The class with the `main` method; without one the artifact's manifest decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_class: Option<String>,
    /// The arguments of `main`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// How many subtasks each vertex gets unless the program says otherwise; without it the executor's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// The state to begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,
    /// Settings of the job, under the names of the executor.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
}

impl Submission {
    /// A submission that leaves everything else to the executor.
    pub fn new(id: JobId) -> Self {
        Self {
            id,
            name: None,
            artifact: None,
            entry_class: None,
            arguments: Vec::new(),
            parallelism: None,
            restore: None,
            configuration: BTreeMap::new(),
        }
    }
}

/// State that a job begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The location of a savepoint or checkpoint.
    pub location: String,
    /// Whether state that no operator of the program wants is dropped instead of failing the job.
    #[serde(default)]
    pub allow_non_restored: bool,
    /// Who owns the savepoint afterwards.
    #[serde(default)]
    pub claim: ClaimMode,
}

/// Who owns a savepoint after a job was restored from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimMode {
    /// The job, which may delete it.
    Claim,
    /// The user; the job soon doesn't depend on it any more.
    #[default]
    NoClaim,
    /// The user; the job may depend on it for as long as it runs.
    Legacy,
}

/// A submission that only the executor can read.
pub struct OpaqueSubmission {
    /// The media type of `body`, parameters included.
    pub content_type: String,
    /// The bytes, as they came.
    pub body: ByteStream,
}

impl fmt::Debug for OpaqueSubmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueSubmission").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}
