//! Connections to PostgreSQL that break at the wrong moment: between its commit and the answer, and before both.
//! `cargo xtask test stores` starts a server; without one there is nothing to test, and each test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use planewright_backend::postgres::PostgresStore;
use planewright_backend::store::{Key, Revision, Store, StoreError, Transaction};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What to do with the next transaction that passes.
const NOTHING: u8 = 0;
/// To let it through and lose the answers.
const LOSE_ANSWERS: u8 = 1;
/// To lose it altogether.
const LOSE_ALL: u8 = 2;

/// A store behind a proxy that does as the number says, once.
async fn behind_proxy(test: &str) -> Option<(PostgresStore, Arc<AtomicU8>)> {
    let Ok(url) = std::env::var("PLANEWRIGHT_POSTGRES") else {
        eprintln!("not run: PLANEWRIGHT_POSTGRES is not set; `cargo xtask test stores` sets it");
        return None;
    };
    let (rest, database) = url.rsplit_once('/').expect("a URL");
    let (user, place) = rest.rsplit_once('@').expect("a URL with a user");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = listener.local_addr().expect("an address");
    let plan = Arc::new(AtomicU8::new(NOTHING));
    tokio::spawn(pass(listener, place.to_owned(), Arc::clone(&plan)));
    let schema = format!("broken_{test}_{}", std::process::id());
    let store = PostgresStore::connect(&format!("{user}@{proxy}/{database}?schema={schema}")).await;
    Some((store.expect("PostgreSQL can be used"), plan))
}

async fn pass(listener: TcpListener, place: String, plan: Arc<AtomicU8>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&place).await else { continue };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let plan = Arc::clone(&plan);
        tokio::spawn(async move {
            // Both ends are closed when one way is over.
            tokio::select! {
                () = forth(from_client, to_server, &plan) => {}
                () = back(from_server, to_client, &plan) => {}
            }
        });
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn forth(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let lose = contains(&bytes[..length], b"BEGIN ISOLATION")
            && plan.compare_exchange(LOSE_ALL, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if lose || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    let mut lost: Option<Vec<u8>> = None;
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        // PostgreSQL says what it has done, statement by statement.
        let begins = contains(&bytes[..length], b"BEGIN\0")
            && plan.compare_exchange(LOSE_ANSWERS, NOTHING, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if begins || lost.is_some() {
            let lost = lost.get_or_insert_default();
            lost.extend_from_slice(&bytes[..length]);
            if contains(lost, b"COMMIT\0") {
                return;
            }
        } else if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

fn key() -> Key {
    Key::new("k").expect("a valid key")
}

async fn modified(store: &PostgresStore) -> Option<Revision> {
    store.get(&key()).await.expect("a read").map(|found| found.modified)
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found() {
    let Some((store, plan)) = behind_proxy("answer").await else { return };
    plan.store(LOSE_ANSWERS, Ordering::SeqCst);
    let create = Transaction::new().require_absent(key()).put(key(), "1");
    let revision = store.commit(create.clone()).await.expect("it was committed");
    assert_eq!((plan.load(Ordering::SeqCst), modified(&store).await), (NOTHING, Some(revision)));

    plan.store(LOSE_ANSWERS, Ordering::SeqCst);
    match store.commit(create).await {
        Err(StoreError::Conflict { found, .. }) => assert_eq!(found, Some(revision)),
        other => panic!("expected a conflict, saw {other:?}"),
    }
    assert_eq!((plan.load(Ordering::SeqCst), modified(&store).await), (NOTHING, Some(revision)));
}

#[tokio::test]
async fn a_transaction_that_was_lost_is_not_written() {
    let Some((store, plan)) = behind_proxy("transaction").await else { return };
    plan.store(LOSE_ALL, Ordering::SeqCst);
    let refused = store.commit(Transaction::new().put(key(), "1")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!((plan.load(Ordering::SeqCst), modified(&store).await), (NOTHING, None));
    let revision = store.commit(Transaction::new().put(key(), "2")).await.expect("a commit");
    assert_eq!(modified(&store).await, Some(revision));
}
