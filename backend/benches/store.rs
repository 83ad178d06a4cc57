//! What the embedded store costs, beside what the disk itself costs, in one run: `cargo bench -p planewright-backend`.
//!
//! - **Durable commits**: 1, 16 and 64 callers, each of whom waits for its commit of 1 KiB before the next one. The peer appends as
//!   much to a file and calls `fdatasync`, one after another. The ratio is the store's rate, divided by that of as many callers
//!   who would each have the disk for themselves. A commit of the store waits for the disk twice, so 0.5 is the limit.
//! - **Reads**: 16 callers get random keys of 10,000; the peer is the store in memory.
//!
//! The measurements take turns, since the disk and the neighbours change their minds; figures are medians of the rounds.

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use planewright_backend::memory::MemoryStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::{Key, Store, Transaction};

const ROUNDS: usize = 9;
const SLICE: Duration = Duration::from_millis(700);
const VALUE: usize = 1024;
const CALLERS: [usize; 3] = [1, 16, 64];
const KEYS: usize = 10_000;
const READERS: usize = 16;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        commits(folder.clone()).await?;
        reads(&folder).await
    });
    std::fs::remove_dir_all(&folder)?;
    outcome
}

async fn commits(folder: PathBuf) -> Outcome<()> {
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(folder.join("commits.redb"))?);
    let raw = File::create(folder.join("raw"))?;
    let mut syncs = Vec::new();
    let mut rates = [const { Vec::new() }; CALLERS.len()];
    let mut waits = [const { Vec::new() }; CALLERS.len()];
    for round in 0..ROUNDS {
        syncs.extend(sync(&raw)?);
        for (number, callers) in CALLERS.into_iter().enumerate() {
            let start = Instant::now();
            let made =
                together(callers, |caller| commit_for_a_slice(Arc::clone(&store), round, caller)).await?;
            let made: Vec<Duration> = made.into_iter().flatten().collect();
            rates[number].push(made.len() as f64 / start.elapsed().as_secs_f64());
            waits[number].extend(made);
        }
    }
    let sync = median(&mut syncs);
    println!("durable commits of {VALUE} bytes; append and fdatasync takes {} ms", millis(sync));
    println!("  {:>7} {:>10} {:>10} {:>8}", "callers", "commits/s", "median ms", "ratio");
    for (number, callers) in CALLERS.into_iter().enumerate() {
        let rate = median(&mut rates[number]);
        let ratio = rate * sync.as_secs_f64() / callers as f64;
        println!("  {callers:>7} {rate:>10.0} {:>10} {ratio:>8.2}", millis(median(&mut waits[number])));
    }
    Ok(())
}

/// What each append took until the disk had it.
fn sync(mut raw: &File) -> Outcome<Vec<Duration>> {
    let (end, mut took) = (Instant::now() + SLICE, Vec::new());
    while Instant::now() < end {
        let start = Instant::now();
        raw.write_all(&[7; VALUE])?;
        raw.sync_data()?;
        took.push(start.elapsed());
    }
    Ok(took)
}

async fn commit_for_a_slice(store: Arc<dyn Store>, round: usize, caller: usize) -> Outcome<Vec<Duration>> {
    let (end, mut took) = (Instant::now() + SLICE, Vec::new());
    while Instant::now() < end {
        let start = Instant::now();
        let key = Key::new(format!("{caller}/{}", (took.len() + round) % 50))?;
        store.commit(Transaction::new().put(key, vec![7; VALUE])).await?;
        took.push(start.elapsed());
    }
    Ok(took)
}

async fn reads(folder: &Path) -> Outcome<()> {
    let redb: Arc<dyn Store> = Arc::new(RedbStore::open(folder.join("reads.redb"))?);
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for store in [&redb, &memory] {
        for first in (0..KEYS).step_by(100) {
            let mut transaction = Transaction::new();
            for number in first..first + 100 {
                transaction = transaction.put(Key::new(format!("jobs/{number}"))?, vec![7; VALUE]);
            }
            store.commit(transaction).await?;
        }
    }
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (store, rates) in [&redb, &memory].into_iter().zip(&mut rates) {
            let start = Instant::now();
            let read = together(READERS, |reader| get_for_a_slice(Arc::clone(store), reader)).await?;
            rates.push(read.into_iter().sum::<usize>() as f64 / start.elapsed().as_secs_f64());
        }
    }
    let [redb, memory] = rates.map(|mut rates| median(&mut rates));
    println!("\nreads by {READERS} callers, per second: {redb:.0}, of the store in memory {memory:.0}");
    println!("  ratio {:.3}", redb / memory);
    Ok(())
}

async fn get_for_a_slice(store: Arc<dyn Store>, reader: usize) -> Outcome<usize> {
    let (end, mut read, mut number) = (Instant::now() + SLICE, 0, reader);
    while Instant::now() < end {
        number = (number * 7919 + 104_729) % KEYS;
        let found = store.get(&Key::new(format!("jobs/{number}"))?).await?;
        assert!(found.is_some(), "a key is gone");
        read += 1;
        // The store in memory never waits, and the others shall have their turn.
        tokio::task::consume_budget().await;
    }
    Ok(read)
}

async fn together<T, F>(callers: usize, work: impl Fn(usize) -> F) -> Outcome<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let tasks: Vec<_> = (0..callers).map(|caller| tokio::spawn(work(caller))).collect();
    join_all(tasks).await.into_iter().map(|done| done?).collect()
}

fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("a figure is a number"));
    values[values.len() / 2]
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}
