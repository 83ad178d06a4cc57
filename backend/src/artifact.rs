//! Programs and other files that jobs need: uploaded once, never changed, named by an id.

mod content;
mod location;
mod manifest;
mod ranged;

use std::error::Error;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::executor::ByteStream;
use crate::time::{Clock, SystemClock, Timestamp};

pub use location::OpenArtifactStoreError;
pub use manifest::Manifest;

use content::Content;

/// Names an artifact: a unique part, an underscore, and the file name under which it was uploaded.
///
/// It is one component of a path: it has no separator, no control character, and at most 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactId(String);

/// A text can't be the id or the file name of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a file name of 1 to 255 bytes without path separators or control characters")]
pub struct ParseArtifactIdError;

impl ArtifactId {
    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The unique part, if this is the id of anything. It is all that storage needs to know, and unlike the file name it is
    /// short and plain ASCII.
    fn unique(&self) -> Option<&str> {
        let (unique, _) = self.0.split_once('_')?;
        let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        (unique.len() == UNIQUE_LENGTH && unique.bytes().all(plain)).then_some(unique)
    }
}

/// The length of a UUID.
const UNIQUE_LENGTH: usize = 36;

impl FromStr for ArtifactId {
    type Err = ParseArtifactIdError;

    fn from_str(text: &str) -> Result<Self, ParseArtifactIdError> {
        let forbidden = |c: char| matches!(c, '/' | '\\') || c.is_control();
        let valid =
            (1..=255).contains(&text.len()) && !matches!(text, "." | "..") && !text.contains(forbidden);
        if valid { Ok(Self(text.to_owned())) } else { Err(ParseArtifactIdError) }
    }
}

impl TryFrom<String> for ArtifactId {
    type Error = ParseArtifactIdError;

    fn try_from(text: String) -> Result<Self, ParseArtifactIdError> {
        text.parse()
    }
}

impl From<ArtifactId> for String {
    fn from(id: ArtifactId) -> Self {
        id.0
    }
}

impl fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is known about an artifact besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The file name under which it was uploaded.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// When its upload was complete.
    pub uploaded: Timestamp,
    /// The main section of its manifest, if it is a Java archive that has one.
    pub manifest: Option<Manifest>,
}

/// Why an [`ArtifactStore`] did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// There is no artifact with this id.
    #[error("artifact {id} does not exist")]
    NotFound {
        /// The id.
        id: ArtifactId,
    },
    /// The file name is not acceptable.
    #[error("artifact name is not acceptable")]
    InvalidName(#[from] ParseArtifactIdError),
    /// The content could not be read to its end; nothing was stored.
    #[error("artifact content could not be read")]
    Content {
        /// What the content's stream said.
        source: io::Error,
    },
    /// The stored bytes are not those that were uploaded, or are gone.
    #[error("artifact {id} is damaged: {reason}")]
    Damaged {
        /// The id.
        id: ArtifactId,
        /// What is wrong.
        reason: String,
    },
    /// The storage failed.
    #[error("artifact storage failed")]
    Storage {
        /// What the storage said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ArtifactError {
    /// Whether the artifact doesn't exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    fn storage(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Storage { source: Box::new(source) }
    }
}

/// Keeps artifacts on any object storage: a directory, or a bucket in a cloud.
///
/// Equal bytes are kept once, however often they are uploaded and under whatever names; the layout stands
/// in `artifact/content.rs`. An artifact exists from the moment its record is written, which is the last step of an upload, and its bytes are
/// complete by then: an upload that broke off, even by a crash, is never seen, and
/// [`collect_garbage`](ArtifactStore::collect_garbage) removes what it left. Several servers may work on one storage. Clones
/// share it.
///
/// # Cancellation
///
/// A dropped `put` has stored nothing that is seen, or all; a dropped `delete` has deleted the artifact or not.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    content: Content,
}

impl ArtifactStore {
    /// Keeps artifacts in `objects`, which belong to this store alone. Use
    /// [`PrefixStore`](object_store::prefix::PrefixStore) for a part of a bucket.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { content: Content::new(objects) }
    }

    fn objects(&self) -> &dyn ObjectStore {
        self.content.objects()
    }

    /// Stores a new artifact under a fresh id.
    ///
    /// `name` is the file name without a directory; `content` is read to its end, some megabytes at a time.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::InvalidName`] before anything is read; [`ArtifactError::Content`] if the content breaks off;
    /// [`ArtifactError::Storage`].
    pub async fn put(
        &self,
        name: &str,
        content: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Artifact, ArtifactError> {
        // The name alone must be acceptable, so that the id can't be made so by what stands before it.
        name.parse::<ArtifactId>()?;
        let unique = unique()?;
        let id: ArtifactId = format!("{unique}_{name}").parse()?;
        let staged = self.content.stage(&unique, content).await?;
        self.content.publish(&unique, &staged).await?;
        let manifest =
            ranged::read_manifest(self.content.shared(), content::path(&staged.sha256), staged.size).await;
        let artifact = Artifact {
            id,
            name: name.to_owned(),
            size: staged.size,
            sha256: staged.sha256,
            uploaded: SystemClock.now(),
            manifest,
        };
        let record = serde_json::to_vec(&artifact).map_err(ArtifactError::storage)?;
        self.objects().put(&record_path(&unique), record.into()).await.map_err(ArtifactError::storage)?;
        Ok(artifact)
    }

    /// What is known about an artifact.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Storage`].
    pub async fn get(&self, id: &ArtifactId) -> Result<Artifact, ArtifactError> {
        let not_found = || ArtifactError::NotFound { id: id.clone() };
        let unique = id.unique().ok_or_else(not_found)?;
        let artifact = self.read_record(&record_path(unique)).await?.ok_or_else(not_found)?;
        // The file name is part of the id, so another name is another id.
        if artifact.id == *id { Ok(artifact) } else { Err(not_found()) }
    }

    async fn read_record(&self, path: &Path) -> Result<Option<Artifact>, ArtifactError> {
        let record = match self.objects().get(path).await {
            Ok(record) => record.bytes().await.map_err(ArtifactError::storage)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(ArtifactError::storage(error)),
        };
        serde_json::from_slice(&record).map(Some).map_err(ArtifactError::storage)
    }

    /// The bytes of an artifact, as a stream, with what is known about it.
    ///
    /// The stream ends with an error unless length and checksum are those of the upload, so whoever reads it to its end
    /// has the right bytes.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Damaged`] if the bytes are gone; [`ArtifactError::Storage`]. The stream
    /// has errors of its own.
    pub async fn open(&self, id: &ArtifactId) -> Result<(Artifact, ByteStream), ArtifactError> {
        let artifact = self.get(id).await?;
        match self.content.open(&artifact.sha256, artifact.size).await? {
            Some(stream) => Ok((artifact, stream)),
            // Perhaps it was deleted a moment ago.
            None => Err(match self.get(id).await {
                Ok(_) => ArtifactError::Damaged { id: id.clone(), reason: "its content is gone".to_owned() },
                Err(error) => error,
            }),
        }
    }

    /// All artifacts, in the order of their upload.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Storage`].
    pub async fn list(&self) -> Result<Vec<Artifact>, ArtifactError> {
        const READS_AT_ONCE: usize = 16;
        let mut artifacts: Vec<Artifact> = self
            .objects()
            .list(Some(&Path::from(RECORDS)))
            .map_err(ArtifactError::storage)
            .map_ok(|object| async move { self.read_record(&object.location).await })
            .try_buffer_unordered(READS_AT_ONCE)
            // Without those that were deleted since they were listed.
            .try_filter_map(|artifact| async move { Ok(artifact) })
            .try_collect()
            .await?;
        artifacts.sort_by(|a, b| (a.uploaded, &a.id).cmp(&(b.uploaded, &b.id)));
        Ok(artifacts)
    }

    /// Deletes an artifact, and its bytes if no other artifact has the same. Streams that are open may break off.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Storage`].
    pub async fn delete(&self, id: &ArtifactId) -> Result<(), ArtifactError> {
        // Cloud storage deletes what doesn't exist without complaint, hence the look before.
        let artifact = self.get(id).await?;
        let Some(unique) = id.unique() else {
            return Err(ArtifactError::NotFound { id: id.clone() });
        };
        let deleted = self.objects().delete(&record_path(unique)).await;
        deleted.map_err(|error| match error {
            object_store::Error::NotFound { .. } => ArtifactError::NotFound { id: id.clone() },
            error => ArtifactError::storage(error),
        })?;
        self.content.give_up(&artifact.sha256, unique).await
    }

    /// Removes what uploads that broke off have left, if it was last written before `older_than`, and returns how many
    /// objects that were.
    ///
    /// Choose a moment well before the beginning of every upload that may still be under way. Safe beside everything else,
    /// other collections included.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Storage`]; what was removed until then stays so.
    pub async fn collect_garbage(&self, older_than: Timestamp) -> Result<usize, ArtifactError> {
        self.content.collect_garbage(older_than, record_path).await
    }
}

const RECORDS: &str = "records";

fn record_path(unique: &str) -> Path {
    Path::from(RECORDS).join(unique)
}

/// A random version 4 UUID, as Flink puts before the names of its jars.
fn unique() -> Result<String, ArtifactError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(ArtifactError::storage)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}
