//! The embedded store as a file: what is refused, what outlives the process, what the log keeps.
#![cfg(feature = "redb")]

mod folder;

use std::error::Error;
use std::path::Path;

use futures_util::StreamExt;
use futures_util::future::join_all;
use planewright_backend::redb::{OpenError, RedbStore};
use planewright_backend::store::{Key, KeyRange, Revision, Store, StoreExt, Transaction};
use redb::{Database, TableDefinition};

use folder::Folder;

type Outcome = Result<(), Box<dyn Error>>;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

fn put(key: &str, value: &str) -> Transaction {
    Transaction::new().put(Key::new(key).unwrap(), value.to_owned())
}

/// Why the file isn't opened.
fn refusal(path: &Path) -> OpenError {
    RedbStore::open(path).expect_err("the file was opened")
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() -> Outcome {
    let folder = Folder::new("redb-again");
    let path = folder.path().join("deep/er/state.redb");
    let store = RedbStore::open(&path)?;
    let first = store.commit(put("a", "1")).await?;
    let second = store.commit(put("a", "2")).await?;
    drop(store);

    let store = RedbStore::open(&path)?;
    let found = store.get(&Key::new("a")?).await?.ok_or("nothing")?;
    assert_eq!((&found.value[..], found.created, found.modified), (&b"2"[..], first, second));
    let changes: Vec<_> = store.watch(KeyRange::all(), Revision(0)).await?.take(2).collect().await;
    assert_eq!(changes.into_iter().map(|item| item.unwrap().revision).collect::<Vec<_>>(), [first, second]);
    assert!(store.commit(put("a", "3")).await? > second);
    Ok(())
}

#[tokio::test]
async fn a_watch_keeps_the_file_open() -> Outcome {
    let folder = Folder::new("redb-watch");
    let path = folder.path().join("state.redb");
    let store = RedbStore::open(&path)?;
    let revision = store.commit(put("a", "1")).await?;
    let mut watch = store.watch(KeyRange::all(), Revision(0)).await?;
    drop(store);
    assert_eq!(watch.next().await.ok_or("no change")??.revision, revision);
    assert!(matches!(refusal(&path), OpenError::InUse { .. }));
    drop(watch);
    RedbStore::open(&path)?;
    Ok(())
}

#[tokio::test]
async fn a_file_is_opened_once() -> Outcome {
    let folder = Folder::new("redb-once");
    let path = folder.path().join("state.redb");
    let store = RedbStore::open(&path)?;
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("in use"), "{refused}");
    drop(store);
    // What a process left behind that ended while it made the file.
    std::fs::remove_file(&path)?;
    std::fs::write(folder.path().join("state.redb.new"), "half")?;
    RedbStore::open(&path)?;
    assert!(!folder.path().join("state.redb.new").exists());
    Ok(())
}

#[tokio::test]
async fn a_newer_format_is_refused() -> Outcome {
    let folder = Folder::new("redb-newer");
    let path = folder.path().join("state.redb");
    drop(RedbStore::open(&path)?);
    let set = |format| {
        let database = Database::open(&path)?;
        let transaction = database.begin_write()?;
        transaction.open_table(META)?.insert("format", format)?;
        transaction.commit()?;
        Ok::<_, Box<dyn Error>>(())
    };
    set(2)?;
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }), "{refused:?}");
    assert!(refused.to_string().contains("has format 2, and this version reads up to format 1"), "{refused}");
    set(1)?;
    RedbStore::open(&path)?;
    Ok(())
}

#[test]
fn foreign_files_are_refused() -> Outcome {
    let folder = Folder::new("redb-foreign");
    let path = folder.path().join("text");
    std::fs::write(&path, "no database at all, but long enough to be one")?;
    assert!(matches!(refusal(&path), OpenError::Foreign { .. }));
    std::fs::write(&path, "")?;
    assert!(matches!(refusal(&path), OpenError::Foreign { .. }));

    let path = folder.path().join("other.redb");
    let transaction = Database::create(&path)?.begin_write()?;
    transaction.open_table(TableDefinition::<u64, u64>::new("squares"))?.insert(2, 4)?;
    transaction.commit()?;
    assert!(matches!(refusal(&path), OpenError::Foreign { .. }));

    assert!(matches!(refusal(folder.path()), OpenError::Failed { .. }));
    Ok(())
}

#[tokio::test]
async fn damage_is_told_and_never_a_panic() -> Outcome {
    let folder = Folder::new("redb-damage");
    let path = folder.path().join("state.redb");
    let store = RedbStore::open(&path)?;
    for number in 0..50 {
        store.commit(put(&format!("key/{number}"), &"value".repeat(100))).await?;
    }
    drop(store);
    let whole = std::fs::read(&path)?;
    // The pages in use are among the first; each is hit somewhere.
    let (mut refused, mut unharmed) = (0, 0);
    for page in 0..40 {
        let mut damaged = whole.clone();
        for byte in &mut damaged[page * 4096 + 100..][..64] {
            *byte = !*byte;
        }
        std::fs::write(&path, damaged)?;
        match RedbStore::open(&path) {
            Err(OpenError::Damaged { .. } | OpenError::Foreign { .. }) => refused += 1,
            Err(other) => return Err(other.into()),
            // A page that nothing uses.
            Ok(store) => {
                assert_eq!(store.list_all(&KeyRange::all()).await?.0.len(), 50);
                unharmed += 1;
            }
        }
    }
    assert!(refused > 0 && unharmed > 0, "{refused} refused, {unharmed} unharmed");
    let cut = &whole[..whole.len() / 2];
    std::fs::write(&path, cut)?;
    assert!(matches!(refusal(&path), OpenError::Damaged { .. } | OpenError::Foreign { .. }));
    Ok(())
}

#[tokio::test]
async fn the_log_is_bounded() -> Outcome {
    let folder = Folder::new("redb-log");
    let store = RedbStore::open_with_retention(folder.path().join("state.redb"), 80)?;
    for number in 0..200 {
        store.commit(put("a", &number.to_string())).await?;
    }
    let store = &store;
    let watchable = |after| async move {
        match store.watch(KeyRange::all(), Revision(after)).await {
            Ok(_) => true,
            Err(error) => !error.is_compacted(),
        }
    };
    assert!(watchable(120).await, "the last 80 commits are kept");
    assert!(!watchable(109).await, "an eighth more at most is kept");
    Ok(())
}

#[tokio::test]
async fn a_slow_watch_is_cut_and_not_skipped() -> Outcome {
    let folder = Folder::new("redb-slow");
    let store = RedbStore::open_with_retention(folder.path().join("state.redb"), 100)?;
    let mut slow = store.watch(KeyRange::all(), Revision(0)).await?;
    store.commit(put("a", "first")).await?;
    assert_eq!(slow.next().await.ok_or("no change")??.revision, Revision(1));
    for number in 0..300 {
        store.commit(put("a", &number.to_string())).await?;
    }
    let error = slow.next().await.ok_or("no end")?.expect_err("changes were skipped");
    assert!(error.is_compacted(), "{error:?}");
    assert!(slow.next().await.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_share_commits() -> Outcome {
    let folder = Folder::new("redb-group");
    let store = RedbStore::open(folder.path().join("state.redb"))?;
    // More at once than the queue takes, some of which are given up.
    let commits = (0..3000).map(|number| {
        let store = store.clone();
        let commit = tokio::spawn(async move { store.commit(put(&format!("k/{number}"), "x")).await });
        if number % 7 == 0 {
            commit.abort();
        }
        async move { (number, commit.await) }
    });
    let outcomes = join_all(commits).await;
    let (entries, _) = store.list_all(&KeyRange::all()).await?;
    let found: std::collections::HashMap<_, _> =
        entries.iter().map(|entry| (entry.key.as_str(), entry.versioned.modified)).collect();
    for (number, outcome) in outcomes {
        let found = found.get(format!("k/{number}").as_str());
        match outcome {
            Ok(revision) => assert_eq!(found, Some(&revision?)),
            Err(given_up) => assert!(given_up.is_cancelled()),
        }
    }
    Ok(())
}
