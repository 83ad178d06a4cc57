//! Both ways, asked by the typed client in this process.

use integrator::{Ledger, Mill};
use planewright_client::Upload;
use planewright_client::flink::Client;
use planewright_client::flink::model::{JarId, JobStatus};
use planewright_reference_server::ControlPlane;
use planewright_server::flink::Service;

#[tokio::test]
async fn the_reference_server_asks_the_ledger() {
    let plane = ControlPlane::builder().executor(Ledger::default()).build().await.expect("a server");
    let flink = Client::over(plane.into_service());

    let jar = flink.jars().upload_jar(Upload::bytes("mill.jar", &b"flour"[..])).send().await.unwrap();
    let id: JarId = jar.filename.rsplit('/').next().unwrap().parse().unwrap();
    let job = flink.jars().submit_job_from_jar(id).entry_class("Mill").send().await.unwrap().jobid;
    let details = flink.jobs().get_job_details(job).send().await.unwrap();
    assert_eq!((details.name.as_str(), details.state), ("a job on paper", JobStatus::Running));

    let savepoint = flink.checkpoints().trigger_savepoint(job).target_directory("/tmp").send().await;
    assert_eq!(savepoint.unwrap_err().status().map(|status| status.as_u16()), Some(501));

    flink.jobs().cancel_job(job).send().await.unwrap();
    let jobs = flink.jobs().get_jobs_overview().send().await.unwrap().jobs;
    assert_eq!(jobs.iter().map(|job| &job.state).collect::<Vec<_>>(), [&JobStatus::Canceled]);
}

#[tokio::test]
async fn the_mill_answers_what_it_implements() {
    let flink = Client::over(Service::new().cluster(Mill { stones: 3, turning: 1 }).into_service());
    let overview = flink.cluster().get_cluster_overview().send().await.unwrap();
    assert_eq!((overview.slots_total, overview.slots_available, overview.jobs_running), (3, 2, 1));

    let left_out = flink.cluster().shutdown_cluster().send().await.unwrap_err();
    assert_eq!(left_out.status().map(|status| status.as_u16()), Some(501));
}
