//! The reference server keeps its state in the journal.

use custom_store::JournalStore;
use planewright_backend::store::{KeyRange, StoreExt};
use planewright_client::Upload;
use planewright_client::flink::Client;
use planewright_client::flink::model::JarId;
use planewright_reference_server::ControlPlane;

#[tokio::test]
async fn what_the_api_did_is_there_when_the_journal_is_opened_again() {
    let file = std::env::temp_dir().join(format!("served-{}.journal", std::process::id()));
    let store = JournalStore::open(&file).unwrap();
    let plane = ControlPlane::builder().store(store.clone()).build().await.expect("a server");
    let flink = Client::over(plane.into_service());
    let jar = flink.jars().upload_jar(Upload::bytes("mill.jar", &b"flour"[..])).send().await.unwrap();
    let id: JarId = jar.filename.rsplit('/').next().unwrap().parse().unwrap();
    let job = flink.jars().submit_job_from_jar(id).entry_class("Mill").send().await.unwrap().jobid;
    drop(flink);

    let again = JournalStore::open(&file).unwrap();
    let (found, _) = again.list_all(&KeyRange::all()).await.unwrap();
    assert!(found.iter().any(|entry| entry.key.as_str().contains(&job.to_string())), "{found:?}");
    std::fs::remove_file(file).unwrap();
}
