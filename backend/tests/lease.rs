//! Leases among several servers on one store.

use std::sync::Arc;
use std::time::Duration;

use planewright_backend::memory::MemoryStore;
use planewright_backend::store::{Key, Lease, Store, StoreError, Transaction};
use planewright_backend::time::{Timestamp, VirtualClock};
use proptest::prelude::*;

const TIME: Duration = Duration::from_secs(10);

fn lease(store: &MemoryStore, clock: &VirtualClock) -> Lease<MemoryStore> {
    Lease::new(store.clone(), "lease", TIME, Arc::new(clock.clone())).unwrap()
}

async fn write(store: &MemoryStore, lease: &Lease<MemoryStore>) -> Result<(), StoreError> {
    let write = Transaction::new().put(Key::new("work").unwrap(), "done");
    let guarded = lease.guard().into_iter().fold(write, Transaction::require);
    store.commit(guarded).await.map(drop)
}

#[tokio::test]
async fn another_takes_over_only_after_the_time_and_fences_the_first() {
    let store = MemoryStore::new();
    let clock = VirtualClock::starting_at(Timestamp(0));
    let (mut first, mut second) = (lease(&store, &clock), lease(&store, &clock));
    assert!(first.tick().await.unwrap());
    assert!(!second.tick().await.unwrap());
    for _ in 0..5 {
        clock.advance(Duration::from_secs(4));
        assert!(first.tick().await.unwrap());
        assert!(!second.tick().await.unwrap());
    }
    write(&store, &first).await.unwrap();

    clock.advance(Duration::from_millis(9_999));
    assert!(!second.tick().await.unwrap());
    assert!(first.is_held());
    clock.advance(Duration::from_millis(1));
    assert!(!first.is_held());
    // Late, but nobody else has taken over.
    write(&store, &first).await.unwrap();
    assert!(second.tick().await.unwrap());
    assert!(write(&store, &first).await.unwrap_err().is_conflict());
    assert!(!first.tick().await.unwrap());
    write(&store, &second).await.unwrap();
}

#[tokio::test]
async fn a_lease_given_back_is_free_at_once() {
    let store = MemoryStore::new();
    let clock = VirtualClock::starting_at(Timestamp(0));
    let (mut first, mut second) = (lease(&store, &clock), lease(&store, &clock));
    assert!(first.tick().await.unwrap());
    first.release().await.unwrap();
    assert!(!first.is_held());
    assert!(second.tick().await.unwrap());
    second.release().await.unwrap();
    first.release().await.unwrap();
    assert!(first.tick().await.unwrap());
}

proptest! {
    /// Each server has its own clock, and may stand still for any time.
    #[test]
    fn never_two_hold_it(turns in proptest::collection::vec((0..3_usize, 0..6_000_u64, any::<bool>()), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = MemoryStore::new();
            let clocks: Vec<_> = (0..3).map(|n| VirtualClock::starting_at(Timestamp(n * 1_000_000))).collect();
            let mut leases: Vec<_> = clocks.iter().map(|clock| lease(&store, clock)).collect();
            for (server, millis, ticks) in turns {
                for clock in &clocks {
                    clock.advance(Duration::from_millis(millis));
                }
                if ticks {
                    leases[server].tick().await.unwrap();
                }
                let holders = leases.iter().filter(|lease| lease.is_held()).count();
                prop_assert!(holders <= 1, "{holders} hold the lease");
                let mut able = 0;
                for lease in leases.iter().filter(|lease| lease.guard().is_some()) {
                    able += usize::from(write(&store, lease).await.is_ok());
                }
                prop_assert!(able <= 1, "{able} can write");
            }
            Ok(())
        })?;
    }
}
