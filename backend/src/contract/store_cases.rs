use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};

use super::{Breach, cases, ensure, ensure_eq};
use crate::store::{
    Change, Changes, Key, KeyRange, Page, Precondition, Revision, Store, StoreError, StoreExt, Transaction,
    WatchStream,
};

/// After this long a change that a watch owes counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

fn key(text: &str) -> Result<Key, Breach> {
    Ok(Key::new(text)?)
}

async fn put(store: &dyn Store, at: &str, value: &str) -> Result<Revision, Breach> {
    let transaction = Transaction::new().put(key(at)?, value.to_owned());
    Ok(store.commit(transaction).await?)
}

async fn delete(store: &dyn Store, at: &str) -> Result<Revision, Breach> {
    Ok(store.commit(Transaction::new().delete(key(at)?)).await?)
}

async fn value(store: &dyn Store, at: &str) -> Result<Option<Bytes>, Breach> {
    Ok(store.get(&key(at)?).await?.map(|found| found.value))
}

/// The next item of a watch that is no bookmark.
async fn next(watch: &mut WatchStream) -> Result<Changes, Breach> {
    loop {
        let item = tokio::time::timeout(PATIENCE, watch.next()).await;
        match item.map_err(|_| Breach::new("a change was not delivered"))? {
            Some(Ok(changes)) if changes.changes.is_empty() => {}
            Some(Ok(changes)) => return Ok(changes),
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Breach::new("the watch ended without an error")),
        }
    }
}

/// Fails unless watching from there says `Compacted`, at once or as the first item.
async fn ensure_compacted(store: &dyn Store, after: Revision) -> Result<(), Breach> {
    let error = match store.watch(KeyRange::all(), after).await {
        Ok(mut watch) => match tokio::time::timeout(PATIENCE, watch.next()).await {
            Ok(Some(Err(error))) => error,
            other => {
                return Err(Breach::new(format!("expected `Compacted`, saw {other:?}")));
            }
        },
        Err(error) => error,
    };
    ensure!(error.is_compacted(), "expected `Compacted`, saw {error:?}");
    Ok(())
}

fn changes(revision: Revision, of: &[(&str, Option<&str>)]) -> Result<Changes, Breach> {
    let changes = of.iter().map(|(at, value)| {
        let value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        key(at).map(|key| Change { key, value })
    });
    Ok(Changes { revision, changes: changes.collect::<Result<_, _>>()? })
}

fn keys(page: &Page) -> Vec<&str> {
    page.entries.iter().map(|entry| entry.key.as_str()).collect()
}

cases! { cases: dyn Store;

"store.order.1" concurrent_increments_lose_nothing(store) {
    const WRITERS: usize = 8;
    const INCREMENTS: u64 = 25;
    let counter = key("counter")?;
    let writers = (0..WRITERS).map(|_| {
        let (store, counter) = (store.clone(), counter.clone());
        tokio::spawn(async move {
            for _ in 0..INCREMENTS {
                let add = |count: Option<u64>| Ok::<_, std::convert::Infallible>(Some(count.unwrap_or(0) + 1));
                store.update_json(&counter, add).await?;
            }
            Ok::<_, Breach>(())
        })
    });
    for writer in try_join_all(writers).await? {
        writer?;
    }
    let total = store.get_json::<u64>(&counter).await?.map(|(count, _)| count);
    ensure_eq!(total, Some(WRITERS as u64 * INCREMENTS), "increments were lost");
}

"store.order.2" reads_see_what_was_acknowledged(store) {
    for round in 0..50 {
        let written = round.to_string();
        let revision = put(&*store, "a", &written).await?;
        ensure_eq!(value(&*store, "a").await?, Some(Bytes::from(written)), "get after commit");
        let page = store.list(&KeyRange::all(), 10).await?;
        ensure!(page.revision >= revision, "list is older than an acknowledged commit");
        ensure_eq!(page.entries[0].versioned.modified, revision, "list after commit");
    }
}

"store.get.1" values_come_back_byte_for_byte(store) {
    let values: [Vec<u8>; 4] = [
        Vec::new(),
        (0..=255).collect(),
        vec![0; 1000],
        vec![0xff; Transaction::MAX_BYTES - 1],
    ];
    for put in values {
        let at = key("v")?;
        store.commit(Transaction::new().put(at.clone(), put.clone())).await?;
        let got = store.get(&at).await?.map(|found| found.value);
        ensure!(got.as_deref() == Some(&put[..]), "a value of {} bytes came back changed", put.len());
    }
    for odd in ["a b", "ä/ö", "%2F", "a'b\"c\\", "\u{10ffff}", &"x".repeat(Key::MAX_BYTES)] {
        put(&*store, odd, odd).await?;
        ensure_eq!(value(&*store, odd).await?, Some(Bytes::from(odd.to_owned())), "key {odd:?}");
    }
}

"store.get.2" what_is_not_there_is_none(store) {
    ensure_eq!(store.get(&key("never")?).await?, None, "a key that was never put");
    put(&*store, "gone", "1").await?;
    delete(&*store, "gone").await?;
    ensure_eq!(store.get(&key("gone")?).await?, None, "a key that was deleted");
    put(&*store, "prefix/of", "1").await?;
    ensure_eq!(store.get(&key("prefix")?).await?, None, "a prefix of a key");
}

"store.get.3" revisions_are_those_of_the_commits(store) {
    let at = key("k")?;
    let created = put(&*store, "k", "1").await?;
    let modified = put(&*store, "k", "2").await?;
    put(&*store, "other", "1").await?;
    let found = store.get(&at).await?.map(|found| (found.created, found.modified));
    ensure_eq!(found, Some((created, modified)), "after two puts");
    delete(&*store, "k").await?;
    let again = put(&*store, "k", "3").await?;
    let found = store.get(&at).await?.map(|found| (found.created, found.modified));
    ensure_eq!(found, Some((again, again)), "after a delete and a put");
}

"store.list.1" a_range_is_listed_in_byte_order(store) {
    let all = ["B", "a", "a!", "a/", "a/1", "a/10", "a/2", "a/é", "a0", "b", "é"];
    let mut shuffled = all;
    shuffled.reverse();
    for at in shuffled {
        put(&*store, at, at).await?;
    }
    let page = store.list(&KeyRange::all(), 100).await?;
    ensure_eq!(keys(&page), all, "all keys");
    let page = store.list(&KeyRange::prefix("a/"), 100).await?;
    ensure_eq!(keys(&page), ["a/", "a/1", "a/10", "a/2", "a/é"], "a prefix");
    let page = store.list(&KeyRange::between("a", "a/1"), 100).await?;
    ensure_eq!(keys(&page), ["a", "a!", "a/"], "from one key to another");
    let page = store.list(&KeyRange::only(&key("a")?), 100).await?;
    ensure_eq!(keys(&page), ["a"], "one key");
    let page = store.list(&KeyRange::between("b", "a"), 100).await?;
    ensure_eq!(keys(&page), [""; 0], "a range upside down");
    ensure_eq!(page.next, None, "a range upside down continues");
}

"store.list.2" pages_continue_where_they_ended(store) {
    for number in 0..10 {
        put(&*store, &format!("p/{number}"), "x").await?;
    }
    put(&*store, "q", "x").await?;
    let mut seen = Vec::new();
    let mut range = Some(KeyRange::prefix("p/"));
    while let Some(part) = range {
        let page = store.list(&part, 3).await?;
        ensure!(page.entries.len() <= 3, "{} entries for a limit of 3", page.entries.len());
        ensure!(!page.entries.is_empty() || page.next.is_none(), "an empty page continues");
        seen.extend(page.entries.into_iter().map(|entry| entry.key.to_string()));
        range = page.next;
    }
    let expected: Vec<_> = (0..10).map(|number| format!("p/{number}")).collect();
    ensure_eq!(seen, expected, "pages of three");
    let page = store.list(&KeyRange::prefix("p/"), 10).await?;
    ensure_eq!(page.next, None, "an exact fit continues");
    let page = store.list(&KeyRange::prefix("p/"), 0).await?;
    ensure_eq!((page.entries.len(), page.next), (0, Some(KeyRange::prefix("p/"))), "a limit of 0");
    let page = store.list(&KeyRange::prefix("r/"), 0).await?;
    ensure_eq!(page.next, None, "a limit of 0 on nothing");
}

"store.list.3" a_page_shows_all_of_a_commit_or_nothing(store) {
    const ROUNDS: u32 = 100;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let text = round.to_string();
                let both = Transaction::new().put(key("pair/a")?, text.clone()).put(key("pair/b")?, text);
                store.commit(both).await?;
                // A store that answers at once would otherwise be done before the first page is read.
                tokio::task::yield_now().await;
            }
            Ok::<_, Breach>(())
        })
    };
    loop {
        let last = writer.is_finished();
        let page = store.list(&KeyRange::prefix("pair/"), 10).await?;
        let states: BTreeSet<_> = page.entries.iter().map(|e| (&e.versioned.value, e.versioned.modified)).collect();
        ensure!(states.len() <= 1 && page.entries.len() != 1, "a page shows half a commit: {page:?}");
        ensure!(states.iter().all(|(_, modified)| *modified <= page.revision), "a page is older than its entries");
        if last {
            break;
        }
        tokio::task::yield_now().await;
    }
    writer.await??;
}

"store.list.4" a_watch_continues_a_list(store) {
    put(&*store, "w/1", "1").await?;
    let (entries, revision) = store.list_all(&KeyRange::prefix("w/")).await?;
    ensure_eq!(entries.len(), 1, "entries");
    let later = put(&*store, "w/2", "2").await?;
    let mut watch = store.watch(KeyRange::prefix("w/"), revision).await?;
    ensure_eq!(next(&mut watch).await?, changes(later, &[("w/2", Some("2"))])?, "first change after the list");
}

"store.commit.1" writes_become_visible_together(store) {
    put(&*store, "old", "1").await?;
    let transaction = Transaction::new().put(key("new")?, "2").delete(key("old")?).put(key("newer")?, "3");
    let revision = store.commit(transaction).await?;
    let page = store.list(&KeyRange::all(), 10).await?;
    ensure_eq!(keys(&page), ["new", "newer"], "keys");
    ensure!(page.entries.iter().all(|e| e.versioned.modified == revision), "not all writes carry the revision");
}

"store.commit.2" a_failed_precondition_writes_nothing(store) {
    let first = put(&*store, "a", "1").await?;
    let second = put(&*store, "a", "2").await?;
    let broken = [
        (Precondition::Absent(key("a")?), "a", Some(second)),
        (Precondition::ModifiedAt(key("a")?, first), "a", Some(second)),
        (Precondition::ModifiedAt(key("b")?, first), "b", None),
        (Precondition::Present(key("b")?), "b", None),
        (Precondition::Empty(KeyRange::all()), "a", Some(second)),
    ];
    for (precondition, at, expected) in broken {
        let transaction = Transaction::new()
            .require(Precondition::Present(key("a")?))
            .require(precondition.clone())
            .put(key("a")?, "3")
            .put(key("c")?, "3");
        match store.commit(transaction).await {
            Err(StoreError::Conflict { key, found }) => {
                ensure_eq!((key.as_str(), found), (at, expected), "{precondition:?}");
            }
            other => return Err(Breach::new(format!("{precondition:?}: expected a conflict, saw {other:?}"))),
        }
        ensure_eq!(value(&*store, "a").await?, Some(Bytes::from("2")), "a after {precondition:?}");
        ensure_eq!(value(&*store, "c").await?, None, "c after {precondition:?}");
    }
    let transaction = Transaction::new()
        .require(Precondition::Present(key("a")?))
        .require_modified_at(key("a")?, second)
        .require_absent(key("b")?)
        .require(Precondition::Empty(KeyRange::prefix("b")))
        .put(key("a")?, "3");
    store.commit(transaction).await?;
    ensure_eq!(value(&*store, "a").await?, Some(Bytes::from("3")), "all preconditions hold");
}

"store.commit.3" revisions_ascend(store) {
    let before = store.revision().await?;
    let mut revisions = vec![before];
    for round in 0..20 {
        revisions.push(put(&*store, "a", "same value").await?);
        ensure_eq!(store.revision().await?, revisions[round + 1], "revision after commit");
    }
    let concurrent = (0..20).map(|number| {
        let store = store.clone();
        async move { put(&*store, &format!("c/{number}"), "x").await }
    });
    let concurrent: BTreeSet<_> = try_join_all(concurrent).await?.into_iter().collect();
    ensure_eq!(concurrent.len(), 20, "revisions of concurrent commits");
    revisions.extend(concurrent);
    ensure!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "revisions do not ascend: {revisions:?}");
}

"store.commit.4" what_changes_nothing_is_no_change(store) {
    let revision = put(&*store, "a", "1").await?;
    ensure_eq!(store.commit(Transaction::new()).await?, revision, "an empty transaction");
    ensure_eq!(delete(&*store, "absent").await?, revision, "a delete of an absent key");
    let check = Transaction::new().require_modified_at(key("a")?, revision);
    ensure_eq!(store.commit(check).await?, revision, "preconditions alone");
    let mut watch = store.watch(KeyRange::all(), revision).await?;
    let same = put(&*store, "a", "1").await?;
    ensure!(same > revision, "putting the same value is a change");
    ensure_eq!(next(&mut watch).await?, changes(same, &[("a", Some("1"))])?, "first change that is one");
    let mixed = store.commit(Transaction::new().delete(key("absent")?).put(key("b")?, "1")).await?;
    ensure_eq!(next(&mut watch).await?, changes(mixed, &[("b", Some("1"))])?, "a delete of an absent key beside a put");
}

"store.commit.5" one_of_many_rivals_wins(store) {
    for round in 0..10 {
        let at = key(&format!("prize/{round}"))?;
        let rivals = (0..16).map(|number: u32| {
            let (store, at) = (store.clone(), at.clone());
            tokio::spawn(async move {
                store.commit(Transaction::new().require_absent(at.clone()).put(at, number.to_string())).await
            })
        });
        let mut won = Vec::new();
        for (number, outcome) in join_all(rivals).await.into_iter().enumerate() {
            match outcome? {
                Ok(revision) => won.push((number, revision)),
                Err(error) => ensure!(error.is_conflict(), "a rival failed with {error:?}"),
            }
        }
        ensure_eq!(won.len(), 1, "winners of an absent key");
        let (winner, revision) = won[0];
        let stored = store.get(&at).await?.map(|found| (found.value, found.modified));
        ensure_eq!(stored, Some((Bytes::from(winner.to_string()), revision)), "what the winner wrote");
    }
}

"store.commit.6" what_no_store_accepts_is_refused(store) {
    let many = (0..=Transaction::MAX_OPERATIONS).map(|number| key(&format!("k{number}"))).collect::<Result<Vec<_>, _>>()?;
    let invalid = [
        ("a key twice", Transaction::new().put(key("a")?, "1").delete(key("a")?)),
        ("too many bytes", Transaction::new().put(key("a")?, vec![0; Transaction::MAX_BYTES])),
        ("too many writes", many.iter().fold(Transaction::new(), |t, key| t.put(key.clone(), ""))),
        ("too many preconditions", many.iter().fold(Transaction::new().put(key("a")?, ""), |t, key| t.require_absent(key.clone()))),
    ];
    for (what, transaction) in invalid {
        let result = store.commit(transaction).await;
        ensure!(matches!(result, Err(StoreError::Invalid { .. })), "{what}: expected `Invalid`, saw {result:?}");
    }
    ensure_eq!(store.list(&KeyRange::all(), 1).await?.entries.len(), 0, "entries afterwards");
    let most = many.iter().take(Transaction::MAX_OPERATIONS);
    let most = most.fold(Transaction::new(), |t, key| t.require_absent(key.clone()).put(key.clone(), "1"));
    store.commit(most).await?;
}

"store.commit.7" an_acknowledged_commit_needs_nothing_more(store) {
    // How much survives is for crash tests of each implementation to show. Here: the acknowledged state doesn't
    // depend on the caller, whose task is gone.
    let writer = store.clone();
    let committed = tokio::spawn(async move { put(&*writer, "a", "1").await });
    let revision = committed.await??;
    let dropped = store.clone();
    let task = tokio::spawn(async move { put(&*dropped, "b", "1").await });
    task.abort();
    let _ = task.await;
    let found = store.get(&key("a")?).await?.map(|found| found.modified);
    ensure_eq!(found, Some(revision), "an acknowledged commit");
    let whole = value(&*store, "b").await?;
    ensure!(whole.is_none() || whole == Some(Bytes::from("1")), "a dropped commit left {whole:?}");
}

"store.watch.1" every_change_is_delivered_once_in_order(store) {
    let mut expected = Vec::new();
    for number in 0..10 {
        let text = number.to_string();
        expected.push(changes(put(&*store, "a", &text).await?, &[("a", Some(&text))])?);
    }
    let from_start = store.watch(KeyRange::all(), Revision(0)).await?;
    let from_middle = store.watch(KeyRange::all(), expected[4].revision).await?;
    expected.push(changes(delete(&*store, "a").await?, &[("a", None)])?);
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut made = Vec::new();
            for number in 0..25 {
                let (at, text) = (format!("w{writer}"), number.to_string());
                let revision = put(&*store, &at, &text).await?;
                made.push(changes(revision, &[(&at, Some(&text))])?);
            }
            Ok::<_, Breach>(made)
        })
    });
    for made in try_join_all(writers).await? {
        expected.extend(made?);
    }
    expected.sort_by_key(|changes| changes.revision);
    for (mut watch, skipped) in [(from_start, 0), (from_middle, 5)] {
        for expected in &expected[skipped..] {
            ensure_eq!(next(&mut watch).await?, *expected, "a change");
        }
    }
}

"store.watch.2" a_commit_arrives_as_one_item(store) {
    put(&*store, "c", "0").await?;
    let mut watch = store.watch(KeyRange::all(), store.revision().await?).await?;
    let transaction = Transaction::new().put(key("b")?, "1").delete(key("c")?).put(key("a")?, "2");
    let revision = store.commit(transaction).await?;
    let expected = changes(revision, &[("a", Some("2")), ("b", Some("1")), ("c", None)])?;
    ensure_eq!(next(&mut watch).await?, expected, "a commit of three writes");
}

"store.watch.3" changes_outside_the_range_are_not_delivered(store) {
    let mut prefix = store.watch(KeyRange::prefix("in/"), Revision(0)).await?;
    let mut only = store.watch(KeyRange::only(&key("in/2")?), Revision(0)).await?;
    for at in ["in", "in.", "in0", "out/1"] {
        put(&*store, at, "x").await?;
    }
    let mixed = store.commit(Transaction::new().put(key("out/2")?, "x").put(key("in/1")?, "y")).await?;
    let last = put(&*store, "in/2", "z").await?;
    ensure_eq!(next(&mut prefix).await?, changes(mixed, &[("in/1", Some("y"))])?, "first change of the prefix");
    ensure_eq!(next(&mut prefix).await?, changes(last, &[("in/2", Some("z"))])?, "second change of the prefix");
    ensure_eq!(next(&mut only).await?, changes(last, &[("in/2", Some("z"))])?, "change of the one key");
}

"store.watch.4" a_watch_never_skips_silently(store) {
    let first = put(&*store, "a", "1").await?;
    let second = put(&*store, "a", "2").await?;
    put(&*store, "a", "3").await?;
    store.compact(second).await?;
    ensure_compacted(&*store, first).await?;
    ensure_compacted(&*store, Revision(0)).await?;
}

"store.watch.5" a_dropped_watch_can_be_resumed(store) {
    let mut expected = BTreeMap::new();
    for number in 0..20 {
        let text = number.to_string();
        expected.insert(put(&*store, &format!("k{}", number % 3), &text).await?, text);
    }
    let mut seen = Vec::new();
    let mut after = Revision(0);
    while seen.len() < expected.len() {
        let mut watch = store.watch(KeyRange::all(), after).await?;
        for _ in 0..3.min(expected.len() - seen.len()) {
            let changes = next(&mut watch).await?;
            after = changes.revision;
            seen.push(after);
        }
    }
    ensure_eq!(seen, expected.into_keys().collect::<Vec<_>>(), "revisions over several watches");
}

"store.watch.6" a_watch_may_start_in_the_future(store) {
    let now = put(&*store, "a", "0").await?;
    let mut watch = store.watch(KeyRange::all(), Revision(now.0 + 2)).await?;
    let mut later = Vec::new();
    for number in 1..6 {
        later.push(put(&*store, "a", &number.to_string()).await?);
    }
    later.retain(|revision| revision.0 > now.0 + 2);
    ensure_eq!(next(&mut watch).await?.revision, later[0], "first change after the future revision");
}

"store.compact.1" compaction_keeps_what_keys_hold(store) {
    let created = put(&*store, "a", "1").await?;
    let modified = put(&*store, "a", "2").await?;
    put(&*store, "gone", "1").await?;
    let last = delete(&*store, "gone").await?;
    store.compact(last).await?;
    let found = store.get(&key("a")?).await?.map(|f| (f.value, f.created, f.modified));
    ensure_eq!(found, Some((Bytes::from("2"), created, modified)), "a key after compaction");
    let page = store.list(&KeyRange::all(), 10).await?;
    ensure_eq!((keys(&page), page.revision), (vec!["a"], last), "a list after compaction");
}

"store.compact.2" a_watch_from_the_compacted_revision_works(store) {
    put(&*store, "a", "1").await?;
    let compacted = put(&*store, "a", "2").await?;
    let kept = put(&*store, "a", "3").await?;
    store.compact(compacted).await?;
    ensure_compacted(&*store, Revision(compacted.0 - 1)).await?;
    let mut watch = store.watch(KeyRange::all(), compacted).await?;
    ensure_eq!(next(&mut watch).await?, changes(kept, &[("a", Some("3"))])?, "first change kept");
    let new = put(&*store, "a", "4").await?;
    ensure_eq!(next(&mut watch).await?, changes(new, &[("a", Some("4"))])?, "change after compaction");
}

"store.compact.3" compaction_is_bounded_by_the_present(store) {
    let first = put(&*store, "a", "1").await?;
    let second = put(&*store, "a", "2").await?;
    store.compact(Revision(second.0 + 1000)).await?;
    store.compact(first).await?;
    let mut watch = store.watch(KeyRange::all(), second).await?;
    let third = put(&*store, "a", "3").await?;
    ensure!(third > second, "revisions went back after compaction");
    ensure_eq!(next(&mut watch).await?, changes(third, &[("a", Some("3"))])?, "change after compaction");
    ensure_compacted(&*store, first).await?;
}

}
