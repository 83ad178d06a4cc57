//! Nothing is acknowledged without effect, whatever fails: our server keeps that, and two mistaken ones are caught.
//!
//! Time of the runtime stands still and goes on where nobody works, so that a server's deadline passes at once.

use std::rc::Rc;

use planewright_broken::FaultyServer;
use planewright_conformance::fault::{Faulty, Part};
use planewright_conformance::{Api, Outcome, Report, Suite, Verdict, apis};

async fn judge(server: FaultyServer, only: &str) -> Report {
    let faulty: Rc<dyn Faulty> = Rc::new(server.clone());
    let api = Api { cases: apis::flink::faults(&faulty), ..apis::flink::api(0) };
    Suite::new(api).seed(1).only(only).run(&server.target()).await.unwrap()
}

fn failures(report: &Report) -> Vec<String> {
    report
        .cases
        .iter()
        .filter(|case| !matches!(case.outcome, Outcome::Pass))
        .map(|case| format!("{} {:?}", case.id, case.outcome))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn our_server_acknowledges_nothing_without_effect() {
    let report = judge(FaultyServer::start().await, "*").await;
    assert_eq!(report.verdict(), Verdict::Conformant, "{:#?}", failures(&report));
    assert_eq!(report.cases.len(), 36);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_acknowledges_before_its_store_commits_is_caught() {
    let report = judge(FaultyServer::deaf_to(Part::Store).await, "*.store.fails").await;
    let found = failures(&report);
    assert!(found.iter().any(|case| case.starts_with("flink.fault.savepoint.")), "{found:#?}");
    assert!(found.iter().any(|case| case.starts_with("flink.fault.stop.")), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_swallows_errors_of_its_executor_is_caught() {
    let report = judge(FaultyServer::deaf_to(Part::Executor).await, "*.executor.fails").await;
    let found = failures(&report);
    assert!(found.iter().any(|case| case.starts_with("flink.fault.cancel.")), "{found:#?}");
    assert!(found.iter().any(|case| case.starts_with("flink.fault.run.")), "{found:#?}");
}
