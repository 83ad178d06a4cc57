//! Our own server conforms.

use planewright_broken::Plane;
use planewright_conformance::{Suite, Verdict, apis};

#[tokio::test(flavor = "multi_thread")]
async fn our_server_conforms_to_flinks_api() {
    let target = Plane::new().await.target();
    let report = Suite::new(apis::named("flink").unwrap()).seed(1).run(&target).await.unwrap();
    for case in report.failures() {
        eprintln!("{} {:?}", case.id, case.outcome);
    }
    assert_eq!(report.verdict(), Verdict::Conformant);
}
