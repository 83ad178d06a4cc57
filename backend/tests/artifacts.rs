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
async fn equal_bytes_are_kept_once() {
    let directory = Directory::new("artifacts-once");
    let store = directory.store();
    let first = store.put("a.jar", pieces(b"same")).await.unwrap();
    let second = store.put("b.jar", pieces(b"same")).await.unwrap();
    let kept = || std::fs::read_dir(directory.0.join("content")).unwrap().count();
    assert_eq!(kept(), 1);
    store.delete(&first.id).await.unwrap();
    assert_eq!(kept(), 1);
    let (_, bytes) = store.open(&second.id).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), b"same");
    store.delete(&second.id).await.unwrap();
    assert_eq!(kept(), 0);
}

#[tokio::test]
async fn damaged_bytes_end_in_an_error() {
    let directory = Directory::new("artifacts-damaged");
    let store = directory.store();
    let put = store.put("a.jar", pieces(b"abc")).await.unwrap();
    let file = directory.0.join("content").join(&put.sha256);
    for (damaged, expected) in [("abd", "SHA-256"), ("ab", "2 bytes"), ("abcd", "4 bytes")] {
        std::fs::write(&file, damaged).unwrap();
        let (_, bytes) = store.open(&put.id).await.unwrap();
        let error = bytes.try_collect::<Vec<Bytes>>().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{damaged}: {error}");
    }
    std::fs::remove_file(&file).unwrap();
    let Err(error) = store.open(&put.id).await else { panic!("opened what is gone") };
    assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn what_nobody_needs_is_garbage() {
    let directory = Directory::new("artifacts-garbage");
    let store = directory.store();
    // Characters that object storage has to encode, and a name that grows beyond a file name's limit by that.
    let odd = store.put("50% [off]#~.jar", pieces(b"odd")).await.unwrap();
    let long = store.put(&"\u{6771}".repeat(70), pieces(b"long")).await.unwrap();
    std::fs::create_dir_all(directory.0.join("staging")).unwrap();
    std::fs::write(directory.0.join("staging/broken-off"), "x").unwrap();
    assert_eq!(store.collect_garbage(Timestamp(0)).await.unwrap(), 0);
    assert_eq!(store.collect_garbage(Timestamp(i64::MAX)).await.unwrap(), 1);
    assert!(!directory.0.join("staging/broken-off").exists());
    for artifact in [odd, long] {
        let (_, bytes) = store.open(&artifact.id).await.unwrap();
        bytes.try_collect::<Vec<Bytes>>().await.unwrap();
    }
}

#[test]
fn a_url_names_the_place() {
    let directory = Directory::new("artifacts-url");
    let at = |url: &str| ArtifactStore::at(&url.parse().unwrap(), []);
    at(&format!("file://{}", directory.0.display())).unwrap();
    assert!(directory.0.is_dir());
    for (url, expected) in [
        ("ftp://host/folder", "file, s3, gs or az"),
        ("file://host/folder", "no directory of this host"),
        #[cfg(not(feature = "s3"))]
        ("s3://bucket/jars", "build it with feature s3"),
        #[cfg(not(feature = "gs"))]
        ("gs://bucket/jars", "build it with feature gs"),
        #[cfg(not(feature = "az"))]
        ("az://container/jars", "build it with feature az"),
    ] {
        let error = at(url).unwrap_err().to_string();
        assert!(error.contains(url) && error.contains(expected), "{error}");
    }
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
