//! What a good store's watchers receive passes; each planted fault is found within 20 histories.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
use planewright_backend::store::Store;
use planewright_histories::registers::Finding;
use planewright_histories::watching::{Tally, judge};
use planewright_histories::workload::Load;

use crate::store::{Fault, Planted};

async fn histories(store: impl Fn() -> Arc<dyn Store>) -> Result<Tally, (u64, Finding)> {
    let mut sum = Tally::default();
    for seed in 0..20 {
        let load = Load { dropped: 0, ..Load::of_seed(seed) };
        sum += judge(&[store()], "h/", &load).await.map_err(|finding| (seed, finding))?;
    }
    Ok(sum)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_good_store_passes_and_nothing_is_left_untried() {
    let sum = histories(|| Arc::new(MemoryStore::new())).await.unwrap();
    println!("{sum:?}");
    assert!(sum.items > 1000 && sum.resumed > 100 && sum.compactions > 20 && sum.compacted > 10, "{sum:?}");
}

async fn is_found(fault: Fault) {
    match histories(|| Arc::new(Planted::new(fault))).await {
        Err((seed, finding @ Finding::Violation(_))) => println!("history {seed}: {finding}"),
        other => panic!("{fault:?}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_item_left_out_is_found() {
    is_found(Fault::SkipsOne).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_item_repeated_after_a_resume_is_found() {
    is_found(Fault::RepeatsWhenResumed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn items_in_another_order_are_found() {
    is_found(Fault::Reorders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_in_two_items_is_found() {
    is_found(Fault::SplitsCommits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_place_lost_for_nothing_is_found() {
    is_found(Fault::CompactedForNothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_skip_over_a_compaction_is_found() {
    is_found(Fault::SkipsWhatIsCompacted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_that_does_not_join_its_watch_is_found() {
    is_found(Fault::PageIsOld).await;
}
