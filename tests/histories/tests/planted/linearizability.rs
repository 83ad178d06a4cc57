//! A good store passes; each planted fault is found within 20 histories.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
use planewright_backend::store::Store;
use planewright_histories::registers::Finding;
use planewright_histories::workload::{Load, judge};

use crate::store::{Fault, Planted};

async fn first_finding(store: impl Fn() -> Arc<dyn Store>) -> Option<(u64, Finding)> {
    for seed in 0..20 {
        if let Err(finding) = judge(&[store()], "h/", &Load::of_seed(seed)).await {
            return Some((seed, finding));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_good_store_passes() {
    let found = first_finding(|| Arc::new(MemoryStore::new())).await;
    assert!(found.is_none(), "{}", found.unwrap().1);
}

async fn is_found(fault: Fault) {
    let found = first_finding(|| Arc::new(Planted::new(fault))).await;
    match found {
        Some((seed, finding @ Finding::Violation(_))) => println!("history {seed}: {finding}"),
        other => panic!("{fault:?}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_update_is_found() {
    is_found(Fault::LostUpdate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stale_read_is_found() {
    is_found(Fault::StaleRead).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_between_check_and_write_is_found() {
    is_found(Fault::CheckBeforeWrite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_a_commit_is_found() {
    is_found(Fault::WritesOneByOne).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revision_that_goes_back_is_found() {
    is_found(Fault::RevisionGoesBack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conflict_that_writes_is_found() {
    is_found(Fault::WritesInSpiteOfConflict).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_of_a_dropped_commit_is_found() {
    is_found(Fault::HalfOfWhatIsDropped).await;
}
