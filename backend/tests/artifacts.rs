//! The artifact store on a real directory.

use std::io::{self, Cursor, Write};
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use planewright_backend::artifact::{ArtifactError, ArtifactId, ArtifactStore};
use planewright_backend::time::Timestamp;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn store(&self) -> ArtifactStore {
        ArtifactStore::in_directory(&self.0).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pieces(content: &[u8]) -> impl futures_core::Stream<Item = io::Result<Bytes>> + Send + use<> {
    let pieces: Vec<_> = content.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

fn archive(manifest: &str, padding: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("META-INF/MANIFEST.MF", options).unwrap();
    zip.write_all(manifest.as_bytes()).unwrap();
    zip.start_file("padding", options.compression_method(zip::CompressionMethod::Stored)).unwrap();
    zip.write_all(&vec![7; padding]).unwrap();
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn what_was_put_comes_back_whole() {
    let directory = Directory::new("artifacts-whole");
    let content = archive("Main-Class: StreamingJob\n", 300_000);
    let put = directory.store().put("word count.jar", pieces(&content)).await.unwrap();
    assert_eq!(put.size, content.len() as u64);
    assert_eq!(put.manifest.as_ref().unwrap().entry_classes(), ["StreamingJob"]);
    assert!(put.id.as_str().ends_with("_word count.jar"), "{}", put.id);

    // A new store on the same directory is what a restarted server sees.
    let (got, bytes) = directory.store().open(&put.id).await.unwrap();
    let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
    assert_eq!(got, put);
    assert_eq!(bytes.concat(), content);
    assert_eq!(directory.store().list().await.unwrap(), [put]);
}

#[tokio::test]
async fn the_checksum_is_that_of_the_bytes() {
    let directory = Directory::new("artifacts-checksum");
    let put = directory.store().put("a.jar", pieces(b"abc")).await.unwrap();
    assert_eq!(put.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(put.manifest, None);
}

#[tokio::test]
async fn equal_names_are_different_artifacts() {
    let directory = Directory::new("artifacts-names");
    let store = directory.store();
    let first = store.put("a.jar", pieces(b"1")).await.unwrap();
    let second = store.put("a.jar", pieces(b"2")).await.unwrap();
    assert_ne!(first.id, second.id);
    store.delete(&first.id).await.unwrap();
    assert_eq!(store.list().await.unwrap(), [second]);
    assert!(store.get(&first.id).await.unwrap_err().is_not_found());
    assert!(store.delete(&first.id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn content_that_breaks_off_is_never_seen() {
    let directory = Directory::new("artifacts-broken");
    let store = directory.store();
    let broken = pieces(&[1; 20_000_000]).chain(stream::iter([Err(io::Error::other("connection lost"))]));
    let error = store.put("a.jar", broken).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Content { .. }), "{error}");
    assert_eq!(store.list().await.unwrap(), []);
}

#[tokio::test]
async fn content_without_a_record_is_garbage() {
    let directory = Directory::new("artifacts-garbage");
    let store = directory.store();
    let kept = store.put("kept.jar", pieces(b"kept")).await.unwrap();
    // What a crash between content and record leaves.
    std::fs::write(directory.0.join("content/orphan.jar"), "x").unwrap();
    assert_eq!(store.list().await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(store.collect_garbage(Timestamp(0)).await.unwrap(), 0);
    assert_eq!(store.collect_garbage(Timestamp(i64::MAX)).await.unwrap(), 1);
    assert!(!directory.0.join("content/orphan.jar").exists());
    assert!(store.open(&kept.id).await.is_ok());
}

#[tokio::test]
async fn names_that_leave_the_directory_are_refused() {
    let directory = Directory::new("artifacts-escape");
    let store = directory.store();
    for name in ["", "..", "../a.jar", "a/b.jar", "a\\b.jar", "a\0.jar", &"x".repeat(300)] {
        let error = store.put(name, pieces(b"x")).await.unwrap_err();
        assert!(matches!(error, ArtifactError::InvalidName(_)), "{name:?}: {error}");
        assert!(name.parse::<ArtifactId>().is_err(), "{name:?}");
    }
    assert_eq!(store.list().await.unwrap(), []);
}
