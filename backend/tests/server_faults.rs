//! Stores on real database servers that are killed, shared, or not what they should be. `cargo xtask test stores` starts the
//! servers and names them in the environment; without them there is nothing to test, and each test says so.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use planewright_backend::etcd::EtcdStore;
use planewright_backend::postgres::PostgresStore;
use planewright_backend::store::{
    Key, KeyRange, OpenError, Precondition, Revision, Store, StoreError, StoreExt, Transaction, WatchStream,
};
use tokio::sync::watch;

/// After this long a test has failed.
const PATIENCE: Duration = Duration::from_secs(120);
const WRITERS: usize = 8;
const KILLS: u64 = 5;
/// Commits between two kills.
const ROUND: u64 = 60;

/// A server for one test.
struct Server {
    url: String,
    pid: PathBuf,
    /// Closed at the end of the test, which ends its turn.
    _turn: File,
}

/// The server, which others use at the same time.
fn shared(name: &str) -> Option<Server> {
    server(name, File::lock_shared)
}

/// The server, which nobody else uses, so that it may be killed.
fn alone(name: &str) -> Option<Server> {
    server(name, File::lock)
}

fn server(name: &str, lock: fn(&File) -> std::io::Result<()>) -> Option<Server> {
    match (std::env::var(name), std::env::var_os(format!("{name}_PID"))) {
        (Ok(url), Some(pid)) => {
            let turn = std::env::temp_dir().join(format!("planewright-turn-{name}"));
            let turn = File::options().create(true).append(true).open(turn).expect("a file for the turn");
            lock(&turn).expect("files can be locked");
            Some(Server { url, pid: pid.into(), _turn: turn })
        }
        _ => {
            eprintln!("not run: {name} and {name}_PID are not set; `cargo xtask test stores` sets them");
            None
        }
    }
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("fault_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn postgres(url: &str, schema: &str) -> PostgresStore {
    PostgresStore::connect(&format!("{url}?schema={schema}")).await.expect("PostgreSQL can be used")
}

async fn etcd(url: &str) -> EtcdStore {
    EtcdStore::connect(&format!("{url}/{}", unique())).await.expect("etcd can be used")
}

fn key(text: &str) -> Key {
    Key::new(text).expect("a valid key")
}

async fn within_patience<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("done in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_killed_under_writers() {
    let Some(server) = alone("PLANEWRIGHT_POSTGRES") else { return };
    let store = postgres(&server.url, &unique()).await;
    within_patience(killed_under_writers(Arc::new(store), &server.pid)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_is_killed_under_writers() {
    let Some(server) = alone("PLANEWRIGHT_ETCD") else { return };
    let store = etcd(&server.url).await;
    within_patience(killed_under_writers(Arc::new(store), &server.pid)).await;
}

async fn killed_under_writers(store: Arc<dyn Store>, pid: &Path) {
    let (progress, mut made) = watch::channel(0_u64);
    let (stop, stopped) = watch::channel(false);
    let mut watching = store.watch(KeyRange::prefix("counter/"), Revision(0)).await.expect("a watch");
    let writers = (0..WRITERS).map(|number| {
        let (store, progress, stopped) = (Arc::clone(&store), progress.clone(), stopped.clone());
        tokio::spawn(count(store, key(&format!("counter/{number}")), progress, stopped))
    });
    let writers: Vec<_> = writers.collect();
    for round in 1..=KILLS {
        made.wait_for(|made| *made >= round * ROUND).await.expect("writers are there");
        let running = std::fs::read_to_string(pid).expect("a process id");
        let killed = Command::new("kill").args(["-9", running.trim()]).status().expect("kill runs");
        assert!(killed.success());
    }
    made.wait_for(|made| *made >= (KILLS + 1) * ROUND).await.expect("it recovers by itself");
    stop.send_replace(true);
    let mut last = BTreeMap::new();
    for (number, writer) in join_all(writers).await.into_iter().enumerate() {
        let at = key(&format!("counter/{number}"));
        let count = writer.expect("the store kept its word");
        let (stored, revision) = store.get_json::<u64>(&at).await.expect("a read").expect("a count");
        assert_eq!(stored, count, "{at}");
        last.insert(at, (stored, revision));
    }
    all_was_seen(&mut watching, last).await;
}

/// Counts up one key, of which this is the only writer, and checks each answer.
async fn count(
    store: Arc<dyn Store>,
    at: Key,
    progress: watch::Sender<u64>,
    stopped: watch::Receiver<bool>,
) -> u64 {
    let mut known: Option<(u64, Revision)> = None;
    while !*stopped.borrow() {
        let next = known.map_or(1, |(count, _)| count + 1);
        let condition = match known {
            Some((_, revision)) => Transaction::new().require_modified_at(at.clone(), revision),
            None => Transaction::new().require_absent(at.clone()),
        };
        let result = store.commit(condition.put(at.clone(), next.to_string())).await;
        if let Ok(revision) = result {
            known = Some((next, revision));
            progress.send_modify(|made| *made += 1);
            continue;
        }
        let found = read(&*store, &at).await;
        match result {
            Err(StoreError::Unavailable { .. }) => assert_eq!(found, known, "unavailable, and yet written"),
            Err(StoreError::OutcomeUnknown { .. }) => {
                assert!(found == known || found.is_some_and(|(count, _)| count == next), "{found:?}");
                known = found;
            }
            other => panic!("nobody else writes {at}, and yet {other:?}; known {known:?}, found {found:?}"),
        }
    }
    known.map_or(0, |(count, _)| count)
}

/// Reads until it works.
async fn read(store: &dyn Store, at: &Key) -> Option<(u64, Revision)> {
    loop {
        match store.get_json(at).await {
            Ok(found) => return found,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// The watch has delivered every count of every key once and in order.
async fn all_was_seen(watching: &mut WatchStream, last: BTreeMap<Key, (u64, Revision)>) {
    let end = last.values().map(|(_, revision)| *revision).max().expect("keys");
    let mut seen: BTreeMap<Key, u64> = BTreeMap::new();
    let mut before = Revision(0);
    while before < end {
        let changes = watching.next().await.expect("no end").expect("no error");
        assert!(changes.revision > before, "{} after {before}", changes.revision);
        before = changes.revision;
        for change in changes.changes {
            let value = change.value.expect("nothing is deleted");
            let count: u64 = std::str::from_utf8(&value).expect("digits").parse().expect("a number");
            let seen = seen.entry(change.key.clone()).or_default();
            assert_eq!(count, *seen + 1, "{}", change.key);
            *seen = count;
        }
    }
    assert_eq!(seen, last.into_iter().map(|(key, (count, _))| (key, count)).collect());
}

#[tokio::test]
async fn postgres_has_a_long_log() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let url = &server.url;
    within_patience(long_log(&postgres(url, &unique()).await)).await;
}

#[tokio::test]
async fn etcd_has_a_long_log() {
    let Some(server) = shared("PLANEWRIGHT_ETCD") else { return };
    within_patience(long_log(&etcd(&server.url).await)).await;
}

/// Commits of many keys and of many bytes arrive whole, however a watch reads them.
async fn long_log(store: &dyn Store) {
    let mut made = Vec::new();
    for round in 0..20 {
        let keys = if round % 2 == 0 { Transaction::MAX_OPERATIONS } else { 1 };
        let value = vec![b'x'; (1 << 19) / keys];
        let transaction = (0..keys)
            .fold(Transaction::new(), |all, number| all.put(key(&format!("k{number:03}")), value.clone()));
        let revision = store.commit(transaction).await.expect("a commit");
        made.push((revision, keys));
    }
    let mut watching = store.watch(KeyRange::all(), Revision(0)).await.expect("a watch");
    for (revision, keys) in made {
        let changes = watching.next().await.expect("no end").expect("no error");
        assert_eq!((changes.revision, changes.changes.len()), (revision, keys));
        assert!(changes.changes.is_sorted_by_key(|change| &change.key));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_its_log_short() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let store = postgres(&server.url, &unique()).await;
    within_patience(short_log(Arc::new(store))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_keeps_its_log_short() {
    // Alone, since what is compacted is that of all who use it.
    let Some(server) = alone("PLANEWRIGHT_ETCD") else { return };
    let store = etcd(&server.url).await;
    within_patience(short_log(Arc::new(store))).await;
}

/// Nobody asks for a compaction, and yet the first changes go; the last 20,000 stay.
async fn short_log(store: Arc<dyn Store>) {
    const KEPT: u64 = 20_000;
    let first = store.revision().await.expect("a revision");
    let callers = (0..64).map(|caller| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let at = key(&format!("k{caller}"));
            loop {
                let put = Transaction::new().put(at.clone(), "");
                if store.commit(put).await.expect("a commit").0 > first.0 + KEPT + 1000 {
                    return;
                }
            }
        })
    });
    join_all(callers).await.into_iter().for_each(|caller| caller.expect("no panic"));
    // It goes on beside the commits, and the first of them after a failure tries again.
    while let Ok(mut watching) = store.watch(KeyRange::all(), first).await {
        if let Some(Err(error)) = watching.next().await {
            assert!(error.is_compacted(), "{error:?}");
            break;
        }
        store.commit(Transaction::new().put(key("k"), "")).await.expect("a commit");
    }
    let last = store.revision().await.expect("a revision");
    let mut watching = store.watch(KeyRange::all(), Revision(last.0 - KEPT)).await.expect("a watch");
    let changes = watching.next().await.expect("no end").expect("no error");
    assert_eq!(changes.revision, Revision(last.0 - KEPT + 1));
}

#[tokio::test]
async fn the_largest_transaction_is_taken_and_its_conflict_told() {
    let (Some(one), Some(other)) = (shared("PLANEWRIGHT_ETCD"), shared("PLANEWRIGHT_POSTGRES")) else {
        return;
    };
    let etcd = etcd(&one.url).await;
    let postgres = postgres(&other.url, &unique()).await;
    for store in [&etcd as &dyn Store, &postgres] {
        // Keys, bounds and values as long and as many as they may be.
        let long = |number: usize| format!("{number:04}{}", "k".repeat(Key::MAX_BYTES - 4));
        let value = Transaction::MAX_BYTES / Transaction::MAX_OPERATIONS - Key::MAX_BYTES;
        let mut largest = Transaction::new();
        for number in 0..Transaction::MAX_OPERATIONS {
            largest = largest
                .require(Precondition::Empty(KeyRange::between(long(number), long(number + 1))))
                .put(key(&long(number)), vec![0; value]);
        }
        let revision = store.commit(largest.clone()).await.expect("a commit");
        match store.commit(largest).await {
            Err(StoreError::Conflict { key, found }) => {
                assert_eq!((key.as_str(), found), (long(0).as_str(), Some(revision)));
            }
            other => panic!("{store:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn servers_that_start_together_share_a_database() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let url = &server.url;
    let schema = unique();
    let stores = join_all((0..6).map(|_| postgres(url, &schema))).await;
    let mut watching = stores[0].watch(KeyRange::all(), Revision(0)).await.expect("a watch");
    for (number, store) in stores.iter().enumerate() {
        let revision =
            store.commit(Transaction::new().put(key("k"), number.to_string())).await.expect("a commit");
        assert_eq!(revision, Revision(number as u64 + 1));
        let changes = within_patience(watching.next()).await.expect("no end").expect("no error");
        assert_eq!(changes.revision, revision);
    }
    let other = postgres(url, &unique()).await;
    assert_eq!(other.list(&KeyRange::all(), 1).await.expect("a list").revision, Revision(0));
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let url = &server.url;
    let schema = unique();
    drop(postgres(url, &schema).await);
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(&format!("UPDATE {schema}.format SET steps = 99")).await.expect("an update");
    drop(client);
    driver.await.expect("no panic").expect("no error");
    let refused = PostgresStore::connect(&format!("{url}?schema={schema}")).await;
    assert!(matches!(refused, Err(OpenError::NewerFormat { found: 99, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_password_is_not_repeated() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let url = &server.url;
    let wrong = url.replace("not-secret", "hush");
    assert_ne!(*url, wrong);
    let error = PostgresStore::connect(&wrong).await.expect_err("a wrong password");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn a_connection_is_encrypted_to_a_server_with_a_trusted_name() {
    let Some(server) = shared("PLANEWRIGHT_POSTGRES") else { return };
    let url = &server.url;
    let authorities = std::env::var("PLANEWRIGHT_POSTGRES_CA").expect("set with the others");
    let url = format!("{url}?schema={}&sslmode=require", unique());
    let store = PostgresStore::connect(&format!("{url}&sslrootcert={authorities}")).await.expect("trusted");
    store.commit(Transaction::new().put(key("k"), "v")).await.expect("a commit");
    let error = PostgresStore::connect(&url).await.expect_err("certified by itself");
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let error = PostgresStore::connect(&format!("{elsewhere}&sslrootcert={authorities}")).await;
    assert!(format!("{error:?}").contains("NotValidForName"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    // Nobody listens on this port of this machine.
    for error in [
        PostgresStore::connect("postgres://u@127.0.0.1:1/d").await.expect_err("nobody is there"),
        EtcdStore::connect("etcd://127.0.0.1:1").await.expect_err("nobody is there"),
    ] {
        assert!(matches!(error, OpenError::Store(StoreError::Unavailable { .. })), "{error:?}");
    }
}
