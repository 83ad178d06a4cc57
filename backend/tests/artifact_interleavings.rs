//! The artifact store on object storage that fails, and under others who do things at the same time.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use planewright_backend::artifact::{Artifact, ArtifactStore};
use planewright_backend::time::Timestamp;

/// Object storage in memory. Renaming is copying and deleting, as in a cloud.
#[derive(Clone, Debug)]
struct Storage {
    objects: Arc<InMemory>,
    /// How many calls succeed before all fail, as they do when a process ends.
    calls: Arc<AtomicU64>,
    /// Where calls yield to others; 0 for never.
    random: Arc<AtomicU64>,
}

impl Storage {
    fn new(calls: u64, seed: u64) -> Self {
        Self {
            objects: Arc::default(),
            calls: Arc::new(AtomicU64::new(calls)),
            random: Arc::new(AtomicU64::new(seed)),
        }
    }

    /// The same objects as a new process finds them.
    fn restarted(&self) -> Self {
        Self { objects: Arc::clone(&self.objects), ..Self::new(u64::MAX, 0) }
    }

    fn store(&self) -> ArtifactStore {
        ArtifactStore::new(Arc::new(self.clone()))
    }

    fn draw(&self) -> u64 {
        // Marsaglia's xorshift: any sequence will do that is the same for the same seed.
        let mut x = self.random.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.store(x, Ordering::Relaxed);
        x
    }

    async fn call(&self) -> Result<()> {
        if self.random.load(Ordering::Relaxed) != 0 {
            for _ in 0..self.draw() % 4 {
                tokio::task::yield_now().await;
            }
        }
        let left = self.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| object_store::Error::Generic {
            store: "test",
            source: "the process has ended".into(),
        })
    }

    fn names(&self, folder: &str) -> impl Future<Output = BTreeSet<String>> {
        let listed = self.objects.list(Some(&Path::from(folder)));
        async { listed.map_ok(|object| object.location.to_string()).try_collect().await.unwrap() }
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("test storage")
    }
}

#[async_trait]
impl ObjectStore for Storage {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.call().await?;
        self.objects.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.call().await?;
        self.objects.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.call().await?;
        self.objects.get_opts(at, options).await
    }

    fn delete_stream(&self, places: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let storage = self.clone();
        let delete = move |place: Path| {
            let storage = storage.clone();
            async move {
                storage.call().await?;
                storage.objects.delete(&place).await?;
                Ok(place)
            }
        };
        places.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (storage, prefix) = (self.clone(), prefix.cloned());
        let listed = async move {
            storage.call().await?;
            Ok::<_, object_store::Error>(storage.objects.list(prefix.as_ref()))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.call().await?;
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.call().await?;
        self.objects.copy_opts(from, to, options).await
    }
}

fn content(bytes: &'static [u8]) -> impl futures_core::Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(bytes.chunks(2).map(|chunk| Ok(Bytes::from_static(chunk))))
}

/// Every artifact that is listed opens, and its bytes are right.
async fn ensure_whole(store: &ArtifactStore) -> Vec<Artifact> {
    let listed = store.list().await.unwrap();
    for artifact in &listed {
        let (_, bytes) = store.open(&artifact.id).await.unwrap();
        bytes.try_collect::<Vec<Bytes>>().await.unwrap();
    }
    listed
}

const LATE: Timestamp = Timestamp(i64::MAX);

#[tokio::test]
async fn a_crash_at_any_call_of_an_upload_leaves_all_or_nothing() {
    let mut seen = 0;
    for calls in 0.. {
        let storage = Storage::new(calls, 0);
        let put = storage.store().put("a.jar", content(b"bytes")).await;
        let storage = storage.restarted();
        let listed = ensure_whole(&storage.store()).await;
        seen += listed.len();
        storage.store().collect_garbage(LATE).await.unwrap();
        assert_eq!(ensure_whole(&storage.store()).await, listed, "after {calls} calls");
        for folder in ["staging", "content", "claims", "trash"] {
            let left = storage.names(folder).await;
            let expected = if matches!(folder, "content" | "claims") { listed.len() } else { 0 };
            assert_eq!(left.len(), expected, "{folder} after {calls} calls: {left:?}");
        }
        if let Ok(put) = put {
            assert_eq!(listed, [put]);
            assert!(calls >= 5, "the upload of an artifact has taken {calls} calls only");
            break;
        }
    }
    assert_eq!(seen, 1, "the record is the last step");
}

#[tokio::test]
async fn a_crash_at_any_call_of_a_deletion_leaves_all_or_nothing() {
    for calls in 0.. {
        let storage = Storage::new(u64::MAX, 0);
        let (gone, kept) =
            tokio::join!(async { storage.store().put("gone.jar", content(b"gone")).await.unwrap() }, async {
                storage.store().put("kept.jar", content(b"kept")).await.unwrap()
            },);
        storage.calls.store(calls, Ordering::Relaxed);
        let deleted = storage.store().delete(&gone.id).await;
        let storage = storage.restarted();
        let listed = ensure_whole(&storage.store()).await;
        assert!(listed.contains(&kept));
        storage.store().collect_garbage(LATE).await.unwrap();
        assert_eq!(ensure_whole(&storage.store()).await, listed, "after {calls} calls");
        assert_eq!(storage.names("content").await.len(), listed.len(), "after {calls} calls");
        assert_eq!(storage.names("trash").await, BTreeSet::new(), "after {calls} calls");
        if deleted.is_ok() {
            assert_eq!(listed, [kept]);
            break;
        }
    }
}

/// Uploads and deletions of the same few bytes, beside collections that run all the time.
#[tokio::test]
async fn no_interleaving_loses_bytes_that_are_needed() {
    for seed in 1..=400 {
        let storage = Storage::new(u64::MAX, seed);
        let uploads = (0..4).map(|n| {
            let storage = storage.clone();
            async move {
                let store = storage.store();
                let kept = store.put("kept.jar", content(b"same")).await.unwrap();
                let gone = store.put("gone.jar", content([&b"same"[..], b"other"][n % 2])).await.unwrap();
                store.open(&gone.id).await.unwrap().1.try_collect::<Vec<Bytes>>().await.unwrap();
                store.delete(&gone.id).await.unwrap();
                store.open(&kept.id).await.unwrap().1.try_collect::<Vec<Bytes>>().await.unwrap();
            }
        });
        let collections = (0..2).map(|_| async {
            for _ in 0..4 {
                // Nothing is old: what is under way stays, and what nobody claims goes.
                storage.store().collect_garbage(Timestamp(0)).await.unwrap();
            }
        });
        tokio::join!(join_all(uploads), join_all(collections));
        let storage = storage.restarted();
        assert_eq!(ensure_whole(&storage.store()).await.len(), 4, "seed {seed}");
        storage.store().collect_garbage(LATE).await.unwrap();
        assert_eq!(ensure_whole(&storage.store()).await.len(), 4, "seed {seed}");
        assert_eq!(storage.names("content").await.len(), 1, "seed {seed}");
        assert_eq!(storage.names("trash").await, BTreeSet::new(), "seed {seed}");
    }
}
