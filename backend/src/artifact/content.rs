//! The bytes of artifacts, addressed by what they are.
//!
//! ```text
//! staging/<unique>              an upload under way
//! content/<sha256>              complete bytes
//! claims/<sha256>/<unique>      "the artifact <unique> needs these bytes"
//! trash/<sha256>/<unique>       bytes that somebody is about to delete
//! ```
//!
//! Object storage has no transactions, so the order of steps carries the two promises: bytes that an artifact needs are
//! never deleted, and bytes that none needs are in the end.
//!
//! An upload stages its bytes, then *claims* their checksum, and then moves them to their place, always, also when equal bytes
//! are there already. Whoever deletes bytes looks for claims, moves the bytes to the trash, and *looks for claims again*: if
//! there is one by now, the bytes move back. A claim that is made after that second look belongs to an upload whose move
//! comes later still, so that it brings the bytes itself. A crash in between leaves bytes in the trash, where readers find them
//! too, and the next collection decides about them anew.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, pin_mut, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};

use crate::executor::ByteStream;
use crate::time::Timestamp;

use super::{ArtifactError, unique};

const STAGING: &str = "staging";
const CONTENT: &str = "content";
const CLAIMS: &str = "claims";
const TRASH: &str = "trash";

#[derive(Clone, Debug)]
pub(super) struct Content {
    objects: Arc<dyn ObjectStore>,
}

/// Bytes that are complete, but not yet in their place.
pub(super) struct Staged {
    pub size: u64,
    pub sha256: String,
}

pub(super) fn path(sha256: &str) -> Path {
    Path::from(CONTENT).join(sha256)
}

fn claims(sha256: &str) -> Path {
    Path::from(CLAIMS).join(sha256)
}

fn trash(sha256: &str) -> Path {
    Path::from(TRASH).join(sha256)
}

fn staging(unique: &str) -> Path {
    Path::from(STAGING).join(unique)
}

impl Content {
    pub(super) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects }
    }

    pub(super) fn objects(&self) -> &dyn ObjectStore {
        &*self.objects
    }

    pub(super) fn shared(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Writes an upload where nobody looks for it.
    pub(super) async fn stage(
        &self,
        unique: &str,
        content: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Staged, ArtifactError> {
        const PARTS_IN_FLIGHT: usize = 2;
        let upload = self.objects.put_multipart(&staging(unique)).await.map_err(ArtifactError::storage)?;
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
        Ok(Staged { size, sha256: hex(hash) })
    }

    /// Moves a staged upload to its place, claimed for the artifact.
    pub(super) async fn publish(&self, unique: &str, staged: &Staged) -> Result<(), ArtifactError> {
        let claim = claims(&staged.sha256).join(unique);
        self.objects.put(&claim, Bytes::new().into()).await.map_err(ArtifactError::storage)?;
        let placed = self.objects.rename(&staging(unique), &path(&staged.sha256)).await;
        placed.map_err(ArtifactError::storage)
    }

    /// Drops the claim of an artifact, and the bytes if it was the last one.
    pub(super) async fn give_up(&self, sha256: &str, unique: &str) -> Result<(), ArtifactError> {
        self.delete(&claims(sha256).join(unique)).await?;
        self.sweep(sha256).await?;
        Ok(())
    }

    /// The bytes; `None` if they are nowhere.
    pub(super) async fn open(&self, sha256: &str, size: u64) -> Result<Option<ByteStream>, ArtifactError> {
        /// How often they may move between the two places while we look.
        const LOOKS: usize = 3;
        for _ in 0..LOOKS {
            if let Some(found) = self.find(&path(sha256)).await? {
                return Ok(Some(checked(found, size, sha256.to_owned())));
            }
            for aside in self.all(&trash(sha256)).await? {
                if let Some(found) = self.find(&aside.location).await? {
                    return Ok(Some(checked(found, size, sha256.to_owned())));
                }
            }
        }
        Ok(None)
    }

    async fn find(&self, path: &Path) -> Result<Option<ByteStream>, ArtifactError> {
        match self.objects.get(path).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(io::Error::from).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(ArtifactError::storage(error)),
        }
    }

    /// Deletes bytes that nobody claims, and returns whether it did.
    async fn sweep(&self, sha256: &str) -> Result<bool, ArtifactError> {
        if self.is_claimed(sha256).await? {
            return Ok(false);
        }
        let aside = trash(sha256).join(unique()?);
        match self.objects.rename(&path(sha256), &aside).await {
            Ok(()) => self.decide(sha256, &aside).await,
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(ArtifactError::storage(error)),
        }
    }

    /// Deletes bytes in the trash for good, or brings them back if somebody claims them; returns whether they were deleted.
    async fn decide(&self, sha256: &str, aside: &Path) -> Result<bool, ArtifactError> {
        if !self.is_claimed(sha256).await? {
            self.delete(aside).await?;
            return Ok(true);
        }
        match self.objects.rename(aside, &path(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(ArtifactError::storage(error)),
        }
    }

    async fn is_claimed(&self, sha256: &str) -> Result<bool, ArtifactError> {
        let first = self.objects.list(Some(&claims(sha256))).try_next().await;
        first.map(|claim| claim.is_some()).map_err(ArtifactError::storage)
    }

    async fn all(&self, folder: &Path) -> Result<Vec<ObjectMeta>, ArtifactError> {
        self.objects.list(Some(folder)).try_collect().await.map_err(ArtifactError::storage)
    }

    /// Deletes what may be gone already.
    async fn delete(&self, path: &Path) -> Result<(), ArtifactError> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ArtifactError::storage(error)),
        }
    }

    /// Removes staged bytes and claims without an artifact that are old, and bytes without a claim; returns how many objects.
    pub(super) async fn collect_garbage(
        &self,
        older_than: Timestamp,
        record_path: fn(&str) -> Path,
    ) -> Result<usize, ArtifactError> {
        let is_old = |object: &ObjectMeta| object.last_modified.timestamp_millis() < older_than.0;
        let mut removed = 0;
        for object in self.all(&Path::from(STAGING)).await?.iter().filter(|object| is_old(object)) {
            self.delete(&object.location).await?;
            removed += 1;
        }
        for object in self.all(&Path::from(CLAIMS)).await?.iter().filter(|object| is_old(object)) {
            let Some(unique) = object.location.filename() else { continue };
            match self.objects.head(&record_path(unique)).await {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => {
                    self.delete(&object.location).await?;
                    removed += 1;
                }
                Err(error) => return Err(ArtifactError::storage(error)),
            }
        }
        for object in self.all(&Path::from(TRASH)).await? {
            let sha256 = object.location.parts().nth(1);
            let Some(sha256) = sha256.as_ref().map(AsRef::as_ref) else { continue };
            removed += usize::from(self.decide(sha256, &object.location).await?);
        }
        for object in self.all(&Path::from(CONTENT)).await? {
            let Some(sha256) = object.location.filename() else { continue };
            removed += usize::from(self.sweep(sha256).await?);
        }
        Ok(removed)
    }
}

/// The same bytes, and an error in place of the end if they are not what they should be.
fn checked(bytes: ByteStream, size: u64, sha256: String) -> ByteStream {
    struct Check {
        bytes: ByteStream,
        seen: u64,
        hash: Sha256,
        size: u64,
        sha256: String,
    }
    let check = Check { bytes, seen: 0, hash: Sha256::new(), size, sha256 };
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    stream::try_unfold(Some(check), move |check| async move {
        let Some(mut check) = check else { return Ok(None) };
        if let Some(chunk) = check.bytes.try_next().await? {
            check.seen += chunk.len() as u64;
            check.hash.update(&chunk);
            return Ok(Some((chunk, Some(check))));
        }
        if check.seen != check.size {
            return Err(damaged(format!("{} bytes are stored, {} were uploaded", check.seen, check.size)));
        }
        let found = hex(check.hash);
        if found != check.sha256 {
            return Err(damaged(format!(
                "stored bytes have SHA-256 {found}, {} were uploaded",
                check.sha256
            )));
        }
        Ok(None)
    })
    .boxed()
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
