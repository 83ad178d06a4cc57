//! Uploaded jars.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;

use crate::bench::{Bench, jar};

async fn count(bench: &Bench) -> usize {
    bench.get("/jars").await.ok()["files"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_jar_is_uploaded_listed_and_deleted() {
    let bench = Bench::new().await;
    let id = bench.upload().await;
    assert!(id.ends_with("_jobs.jar"), "{id}");
    let list = bench.get("/jars").await.ok();
    assert_eq!(list["address"], "http://flink.test:8081");
    let file = &list["files"][0];
    assert_eq!((&file["id"], &file["name"]), (&json!(id), &json!("jobs.jar")));
    assert_eq!(file["entry"], json!([{ "name": "StreamingJob", "description": null }]));
    let delete = async || bench.call(Method::DELETE, &format!("/jars/{id}"), "").await;
    assert_eq!(delete().await.ok(), json!({}));
    delete().await.error(404);
    assert_eq!(count(&bench).await, 0);
}

#[tokio::test]
async fn neither_part_name_nor_folder_nor_content_matters() {
    let bench = Bench::new().await;
    for (part, file, name) in [
        ("whatever", "a b.jar", "a b.jar"),
        ("jarfile", "../../x.jar", "x.jar"),
        ("jarfile", "C:\\jars\\y.jar", "y.jar"),
        ("jarfile", "naïve.jar", "naïve.jar"),
    ] {
        let answer = bench.multipart("/jars/upload", &[(part, Some(file), b"garbage")]).await.ok();
        assert_eq!(answer["status"], "success");
        let path = answer["filename"].as_str().unwrap();
        assert!(path.ends_with(&format!("_{name}")), "{path}");
    }
    let parts = [("request", None, &b"{}"[..]), ("jarfile", Some("z.jar"), &jar())];
    bench.multipart("/jars/upload", &parts).await.ok();
    assert_eq!(count(&bench).await, 5);
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing() {
    let bench = Bench::new().await;
    let two = [("a", Some("a.jar"), &b"1"[..]), ("b", Some("b.jar"), b"2")];
    bench.multipart("/jars/upload", &two).await.error(400);
    bench.multipart("/jars/upload", &[("jarfile", Some("x.txt"), b"1")]).await.error(400);
    bench.multipart("/jars/upload", &[("jarfile", None, b"1")]).await.error(400);
    bench.multipart("/jars/upload", &[]).await.error(400);
    bench.call(Method::POST, "/jars/upload", "").await;
    let cut =
        "--frontier\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"cut.jar\"\r\n\r\nhalf";
    let cut = Request::post("/jars/upload")
        .header("content-type", "multipart/form-data; boundary=frontier")
        .body(Full::new(Bytes::from_static(cut.as_bytes())));
    bench.send(cut.unwrap()).await.error(400);
    assert_eq!(count(&bench).await, 0);
}

#[tokio::test]
async fn a_raw_body_is_no_upload() {
    let bench = Bench::new().await;
    let raw = Request::post("/jars/upload")
        .header("content-type", "application/x-java-archive")
        .body(Full::new(Bytes::from(jar())));
    let answer = bench.send(raw.unwrap()).await;
    assert!(matches!(answer.status, 400 | 415), "{answer:?}");
}

#[tokio::test]
async fn a_plan_is_made_without_running_anything() {
    let bench = Bench::new().await;
    let jar = bench.upload().await;
    let id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let posted =
        bench.post(&format!("/jars/{jar}/plan"), json!({ "jobId": id, "parallelism": 2 })).await.ok();
    assert_eq!(posted["plan"]["jid"], id);
    assert_eq!(posted["plan"]["nodes"][0]["parallelism"], 2);
    let got = bench.get(&format!("/jars/{jar}/plan?entry-class=BoundedJob")).await.ok();
    assert_eq!(got["plan"]["type"], "BATCH");
    assert_eq!(bench.get("/jobs").await.ok(), json!({ "jobs": [] }));
}

#[tokio::test]
async fn a_jar_without_a_main_class_needs_one_to_be_named() {
    let bench = Bench::new().await;
    let answer = bench.multipart("/jars/upload", &[("jarfile", Some("bad.jar"), b"garbage")]).await.ok();
    let id = answer["filename"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let message = bench.post(&format!("/jars/{id}/run"), json!({})).await.error(400);
    assert!(message.contains("entryClass"), "{message}");
    bench.post(&format!("/jars/{id}/run"), json!({ "entryClass": "BoundedJob" })).await.ok();
}
