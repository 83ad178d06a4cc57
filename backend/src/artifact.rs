//! Programs and other files that jobs need: uploaded once, never changed, named by an id.

mod manifest;
mod ranged;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path as FilePath;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::executor::ByteStream;
use crate::time::{Clock, SystemClock, Timestamp};

pub use manifest::Manifest;

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
}

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
/// The bytes go to `content/<id>` first, and only when they are complete a small record goes to `records/<id>`. What has no
/// record doesn't exist: an upload that broke off, even by a crash, is never seen, and
/// [`collect_garbage`](ArtifactStore::collect_garbage) removes what it left. Clones share the storage.
///
/// # Cancellation
///
/// A dropped `put` has stored nothing that is seen, a dropped `delete` has deleted the artifact or not.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    objects: Arc<dyn ObjectStore>,
}

impl ArtifactStore {
    /// Keeps artifacts in `objects`, which belong to this store alone. Use
    /// [`PrefixStore`](object_store::prefix::PrefixStore) for a part of a bucket.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects }
    }

    /// Keeps artifacts in a directory, which is created if missing. What was stored survives a power cut.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Storage`] if the directory can't be created.
    pub fn in_directory(directory: impl AsRef<FilePath>) -> Result<Self, ArtifactError> {
        std::fs::create_dir_all(&directory).map_err(ArtifactError::storage)?;
        let objects = LocalFileSystem::new_with_prefix(directory).map_err(ArtifactError::storage)?;
        Ok(Self::new(Arc::new(objects.with_fsync(true))))
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
        let id: ArtifactId = format!("{}_{name}", unique()?).parse()?;
        let (size, sha256) = self.write_content(&id, content).await?;
        let artifact = Artifact {
            manifest: ranged::read_manifest(&self.objects, content_path(&id), size).await,
            id,
            name: name.to_owned(),
            size,
            sha256,
            uploaded: SystemClock.now(),
        };
        let record = serde_json::to_vec(&artifact).map_err(ArtifactError::storage)?;
        self.objects.put(&record_path(&artifact.id), record.into()).await.map_err(ArtifactError::storage)?;
        Ok(artifact)
    }

    async fn write_content(
        &self,
        id: &ArtifactId,
        content: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<(u64, String), ArtifactError> {
        const PARTS_IN_FLIGHT: usize = 2;
        let upload = self.objects.put_multipart(&content_path(id)).await.map_err(ArtifactError::storage)?;
        let mut upload = WriteMultipart::new(upload);
        let (mut size, mut hash) = (0, Sha256::new());
        pin_mut!(content);
        while let Some(chunk) = content.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(source) => {
                    // The content's error is the one to report; what is left behind is garbage either way.
                    let _ = upload.abort().await;
                    return Err(ArtifactError::Content { source });
                }
            };
            size += chunk.len() as u64;
            hash.update(&chunk);
            upload.wait_for_capacity(PARTS_IN_FLIGHT).await.map_err(ArtifactError::storage)?;
            upload.put(chunk);
        }
        upload.finish().await.map_err(ArtifactError::storage)?;
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((size, sha256))
    }

    /// What is known about an artifact.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Storage`].
    pub async fn get(&self, id: &ArtifactId) -> Result<Artifact, ArtifactError> {
        let found = self.objects.get(&record_path(id)).await;
        let record = found.map_err(|error| not_found_or_storage(id, error))?;
        let record = record.bytes().await.map_err(ArtifactError::storage)?;
        serde_json::from_slice(&record).map_err(ArtifactError::storage)
    }

    /// The bytes of an artifact, as a stream, with what is known about it.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Storage`]. The stream has errors of its own.
    pub async fn open(&self, id: &ArtifactId) -> Result<(Artifact, ByteStream), ArtifactError> {
        let artifact = self.get(id).await?;
        let found = self.objects.get(&content_path(id)).await;
        let content = found.map_err(|error| not_found_or_storage(id, error))?;
        let stream = content.into_stream().map_err(io::Error::from).boxed();
        Ok((artifact, stream))
    }

    /// All artifacts, in the order of their upload.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Storage`].
    pub async fn list(&self) -> Result<Vec<Artifact>, ArtifactError> {
        const READS_AT_ONCE: usize = 16;
        let mut artifacts: Vec<Artifact> = self
            .objects
            .list(Some(&Path::from("records")))
            .map_err(ArtifactError::storage)
            .map_ok(|object| async move {
                match self.objects.get(&object.location).await {
                    Ok(record) => {
                        let record = record.bytes().await.map_err(ArtifactError::storage)?;
                        let artifact = serde_json::from_slice(&record);
                        artifact.map(Some).map_err(ArtifactError::storage)
                    }
                    // Deleted since it was listed.
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(ArtifactError::storage(error)),
                }
            })
            .try_buffer_unordered(READS_AT_ONCE)
            .try_filter_map(|artifact| async move { Ok(artifact) })
            .try_collect()
            .await?;
        artifacts.sort_by(|a, b| (a.uploaded, &a.id).cmp(&(b.uploaded, &b.id)));
        Ok(artifacts)
    }

    /// Deletes an artifact. Streams that are open may break off.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::NotFound`]; [`ArtifactError::Storage`].
    pub async fn delete(&self, id: &ArtifactId) -> Result<(), ArtifactError> {
        // Cloud storage deletes what doesn't exist without complaint, hence the look before.
        self.get(id).await?;
        let deleted = self.objects.delete(&record_path(id)).await;
        deleted.map_err(|error| not_found_or_storage(id, error))?;
        match self.objects.delete(&content_path(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ArtifactError::storage(error)),
        }
    }

    /// Removes content that has no record and was last written before `older_than`, and returns how many objects that were.
    ///
    /// Choose a moment well before every upload that may still be under way.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Storage`].
    pub async fn collect_garbage(&self, older_than: Timestamp) -> Result<usize, ArtifactError> {
        let objects: Vec<_> = self
            .objects
            .list(Some(&Path::from("content")))
            .try_collect()
            .await
            .map_err(ArtifactError::storage)?;
        let mut removed = 0;
        for object in objects {
            if object.last_modified.timestamp_millis() >= older_than.0 {
                continue;
            }
            let Some(id) = object.location.filename() else {
                continue;
            };
            match self.objects.head(&Path::from("records").join(id)).await {
                Err(object_store::Error::NotFound { .. }) => {}
                Ok(_) => continue,
                Err(error) => return Err(ArtifactError::storage(error)),
            }
            self.objects.delete(&object.location).await.map_err(ArtifactError::storage)?;
            removed += 1;
        }
        Ok(removed)
    }
}

fn content_path(id: &ArtifactId) -> Path {
    Path::from("content").join(id.as_str())
}

fn record_path(id: &ArtifactId) -> Path {
    Path::from("records").join(id.as_str())
}

fn not_found_or_storage(id: &ArtifactId, error: object_store::Error) -> ArtifactError {
    match error {
        object_store::Error::NotFound { .. } => ArtifactError::NotFound { id: id.clone() },
        error => ArtifactError::storage(error),
    }
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
