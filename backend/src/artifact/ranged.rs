//! Reads a few places of a stored object without fetching it whole: an archive's directory is at its end.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;

use super::Manifest;

/// The manifest of a stored archive. Failures count as "no manifest": they must not lose an upload that is complete.
pub(super) async fn read_manifest(objects: &Arc<dyn ObjectStore>, path: Path, size: u64) -> Option<Manifest> {
    let reader = RangedReader {
        objects: Arc::clone(objects),
        path,
        size,
        position: 0,
        block: (0, Bytes::new()),
        runtime: Handle::current(),
    };
    tokio::task::spawn_blocking(move || Manifest::of_archive(reader)).await.ok().flatten()
}

/// A blocking reader, for threads outside the runtime, that fetches one block at a time.
struct RangedReader {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    position: u64,
    /// The block fetched last, and where it begins.
    block: (u64, Bytes),
    runtime: Handle,
}

impl RangedReader {
    const BLOCK: u64 = 64 * 1024;

    fn fetch(&mut self) -> io::Result<()> {
        let start = self.position - self.position % Self::BLOCK;
        let end = (start + Self::BLOCK).min(self.size);
        let fetch = self.objects.get_range(&self.path, start..end);
        let bytes = self.runtime.block_on(fetch).map_err(io::Error::from)?;
        self.block = (start, bytes);
        Ok(())
    }
}

impl Read for RangedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let (start, bytes) = &self.block;
        if self.position < *start || self.position >= start + bytes.len() as u64 {
            self.fetch()?;
        }
        let (start, bytes) = &self.block;
        // Less than a block, so it fits.
        let rest = bytes.get((self.position - start) as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for RangedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning"))?;
        Ok(self.position)
    }
}
