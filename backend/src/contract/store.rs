//! The contract of [`Store`].

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use crate::store::Store;

use super::{Case, CaseTrial, run_trials, store_cases, trials_of};

/// All cases. Each wants an empty store of its own.
pub fn cases() -> Vec<Case<dyn Store>> {
    store_cases::cases()
}

/// Runs all cases as a test binary: `build` makes a guard and an empty store for each.
pub fn run<S, G, F, Fut>(name: &str, build: F) -> ExitCode
where
    S: Store + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = (G, S)>,
{
    run_trials(trials(name, build))
}

/// All cases as trials, for [`run_trials`].
pub fn trials<S, G, F, Fut>(name: &str, build: F) -> Vec<CaseTrial>
where
    S: Store + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = (G, S)>,
{
    trials_of(name, cases(), move || {
        let built = build();
        async move {
            let (guard, store) = built.await;
            let store: Arc<dyn Store> = Arc::new(store);
            (guard, store)
        }
    })
}
