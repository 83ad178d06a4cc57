//! Our own server conforms, whatever the seed and whatever it keeps its state in.
//!
//! `PLANEWRIGHT_SEEDS` says how many seeds to try, one if it isn't set; with `PLANEWRIGHT_POSTGRES` PostgreSQL is among the stores.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
use planewright_backend::postgres::PostgresStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::Store;
use planewright_broken::Plane;
use planewright_conformance::{Report, Suite, Verdict, apis};

async fn judge(store: Arc<dyn Store>, seed: u64) -> Report {
    let plane = Plane::on(store).await;
    let suite = Suite::new(apis::named("flink").unwrap()).seed(seed);
    suite.run(&plane.target()).await.unwrap()
}

fn assert_conformant(report: &Report) {
    let failures: Vec<_> =
        report.failures().map(|case| format!("{} {:?}\n", case.id, case.outcome)).collect();
    assert_eq!(report.verdict(), Verdict::Conformant, "seed {}\n{}", report.seed, failures.concat());
}

/// How many seeds to try.
fn seeds() -> u64 {
    std::env::var("PLANEWRIGHT_SEEDS")
        .map_or(1, |seeds| seeds.parse().expect("PLANEWRIGHT_SEEDS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn our_server_conforms_in_memory() {
    for seed in 0..seeds() {
        assert_conformant(&judge(Arc::new(MemoryStore::default()), seed).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_server_conforms_on_redb() {
    for seed in 0..seeds() {
        let file = format!("conformant-{}-{seed}.redb", std::process::id());
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        let store = RedbStore::open(&file).unwrap();
        assert_conformant(&judge(Arc::new(store), seed).await);
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_server_conforms_on_postgresql() {
    let Ok(url) = std::env::var("PLANEWRIGHT_POSTGRES") else {
        eprintln!("no PLANEWRIGHT_POSTGRES: not run; `cargo xtask test conformance` starts one");
        return;
    };
    let schema = format!("conformant_{}", std::process::id());
    for seed in 0..seeds() {
        let store = PostgresStore::connect(&format!("{url}?schema={schema}_{seed}")).await.unwrap();
        assert_conformant(&judge(Arc::new(store), seed).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_report() {
    let report = async || {
        let suite = Suite::new(apis::named("flink").unwrap()).seed(3);
        // Some of each layer: what is drawn, what is waited for, and what fails.
        let suite =
            suite.only("flink.run.*").only("flink.state.*").only("flink.document.trigger*").only("*.answers");
        suite.run(&Plane::new().await.target()).await.unwrap()
    };
    let [first, second] = [report().await, report().await];
    assert_eq!(first.to_json().to_string(), second.to_json().to_string());
    assert_eq!(first.to_junit(), second.to_junit());
    assert_eq!(first.to_html(), second.to_html());
}
