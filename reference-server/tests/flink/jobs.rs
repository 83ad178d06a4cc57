//! Jobs from their submission to their end, and after.

use http::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, UNKNOWN};

const ID: &str = "abababababababababababababababab";

async fn cancel(bench: &Bench, job: &str, query: &str) -> crate::bench::Answer {
    bench.call(Method::PATCH, &format!("/jobs/{job}{query}"), "").await
}

#[tokio::test]
async fn a_job_lives_from_created_to_canceled() {
    let bench = Bench::new().await;
    let job = bench.run("StreamingJob", &["--name", "counting"]).await;
    bench.advance(5000);
    assert_eq!(bench.status(&job).await, "RUNNING");
    let details = bench.get(&format!("/jobs/{job}")).await.ok();
    assert_eq!((&details["name"], &details["end-time"]), (&json!("counting"), &json!(-1)));
    assert_eq!(details["vertices"][0]["tasks"]["RUNNING"], 2);
    assert!(details["timestamps"]["RUNNING"].as_i64().unwrap() > 0);
    let overview = bench.get("/overview").await.ok();
    assert_eq!(overview["jobs-running"], 1);
    let result = bench.get(&format!("/jobs/{job}/execution-result")).await.ok();
    assert_eq!(result, json!({ "status": { "id": "IN_PROGRESS" } }));

    let answer = cancel(&bench, &job, "?mode=CANCEL").await;
    assert_eq!((answer.status, answer.json()), (202, json!({})));
    bench.advance(1000);
    assert_eq!(bench.status(&job).await, "CANCELED");
    assert_eq!(cancel(&bench, &job, "").await.status, 202);
    let result = bench.get(&format!("/jobs/{job}/execution-result")).await.ok();
    assert_eq!(result["job-execution-result"]["application-status"], "CANCELED");
    let overview = bench.get("/overview").await.ok();
    assert_eq!((&overview["jobs-running"], &overview["jobs-cancelled"]), (&json!(0), &json!(1)));
    assert_eq!(bench.get(&format!("/jobs/{job}/metrics")).await.ok(), json!([]));
}

#[tokio::test]
async fn a_job_that_has_finished_can_not_be_cancelled() {
    let bench = Bench::new().await;
    let job = bench.run("BoundedJob", &["--n", "10"]).await;
    bench.advance(60_000);
    assert_eq!(bench.status(&job).await, "FINISHED");
    let message = cancel(&bench, &job, "").await.error(409);
    assert!(message.contains("FINISHED"), "{message}");
    cancel(&bench, UNKNOWN, "").await.error(404);
    cancel(&bench, &job, "?mode=stop").await.error(400);
    cancel(&bench, &job, "?mode=bogus").await.error(400);
}

#[tokio::test]
async fn a_job_that_fails_says_why() {
    let bench = Bench::new().await;
    let job = bench.run("StreamingJob", &["--sleep-ms", "1", "--fail-at", "50", "--restarts", "1"]).await;
    bench.advance(60_000);
    assert_eq!(bench.status(&job).await, "FAILED");
    let exceptions = bench.get(&format!("/jobs/{job}/exceptions")).await.ok();
    let entries = exceptions["exceptionHistory"]["entries"].as_array().unwrap();
    assert!(entries.len() > 1, "{exceptions}");
    assert_eq!(exceptions["exceptionHistory"]["truncated"], false);
    for (query, length, truncated) in
        [("maxExceptions=1", 1, true), ("maxExceptions=0", 0, true), ("failureLabelFilter=a:b", 0, false)]
    {
        let found = bench.get(&format!("/jobs/{job}/exceptions?{query}")).await.ok();
        let history = &found["exceptionHistory"];
        assert_eq!(history["entries"].as_array().unwrap().len(), length, "{query}");
        assert_eq!(history["truncated"], truncated, "{query}");
    }
    for query in ["maxExceptions=x", "maxExceptions=-1", "failureLabelFilter=ab"] {
        bench.get(&format!("/jobs/{job}/exceptions?{query}")).await.error(400);
    }
    let result = bench.get(&format!("/jobs/{job}/execution-result")).await.ok();
    let cause = &result["job-execution-result"]["failure-cause"];
    assert!(cause["class"].as_str().unwrap().contains("Exception"), "{result}");
    let exceptions = bench.get(&format!("/applications/{job}/exceptions")).await.ok();
    assert_eq!(exceptions["exceptionHistory"]["entries"][0]["jobId"], json!(job));
}

#[tokio::test]
async fn an_id_of_the_callers_own_is_used_once() {
    let bench = Bench::new().await;
    let jar = bench.upload().await;
    let run = async |id: &str| bench.post(&format!("/jars/{jar}/run"), json!({ "jobId": id })).await;
    let answer = run(&ID.to_uppercase()).await.ok();
    assert_eq!(answer, json!({ "jobid": ID, "applicationId": ID }));
    for _ in 0..2 {
        run(ID).await.error(409);
    }
    run("zz").await.error(400);
    let jobs = bench.get("/jobs").await.ok();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_body_says_goes_before_what_the_query_says() {
    let bench = Bench::new().await;
    let jar = bench.upload().await;
    let name = async |query: &str, body: Value| -> String {
        let answer = bench.post(&format!("/jars/{jar}/run{query}"), body).await.ok();
        let job = answer["jobid"].as_str().unwrap();
        let plan = bench.get(&format!("/jobs/{job}/plan")).await.ok();
        format!("{} {}", plan["plan"]["type"].as_str().unwrap(), plan["plan"]["name"].as_str().unwrap())
    };
    assert_eq!(name("", json!({})).await, "STREAMING streaming-job");
    let query = "?entry-class=BoundedJob&programArg=--name,q%20name";
    assert_eq!(name(query, json!({})).await, "BATCH q name");
    let body = json!({ "entryClass": "StreamingJob", "programArgsList": ["--name", "b"] });
    assert_eq!(name(query, body).await, "STREAMING b");
    assert_eq!(name(query, json!({ "entryClass": null })).await, "BATCH q name");
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let bench = Bench::new().await;
    let jar = bench.upload().await;
    for body in [
        json!({ "parallelism": 0 }),
        json!({ "parallelism": -2 }),
        json!({ "claimMode": "X" }),
        json!({ "savepointPath": "memory://nope" }),
        Value::Null,
    ] {
        for operation in ["run", "run-application"] {
            let answer = bench.post(&format!("/jars/{jar}/{operation}"), body.clone()).await;
            assert_eq!(answer.status, 400, "{operation} {body}: {:?}", answer.bytes);
        }
    }
    for query in ["parallelism=abc", "allowNonRestoredState=maybe"] {
        bench.post(&format!("/jars/{jar}/run?{query}"), json!({})).await.error(400);
    }
    assert_eq!(bench.get("/jobs").await.ok(), json!({ "jobs": [] }));
    bench.post(&format!("/jars/{jar}/run"), json!({ "parallelism": -1 })).await.ok();
}

#[tokio::test]
async fn a_job_is_restored_from_a_savepoint() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let answer = bench.post(&format!("/jobs/{job}/stop"), json!({ "drain": false })).await.ok();
    let trigger = answer["request-id"].as_str().unwrap();
    let savepoint = bench.outcome(&format!("/jobs/{job}/savepoints/{trigger}")).await;
    let jar = bench.upload().await;
    let body = json!({ "savepointPath": savepoint["location"], "claimMode": "CLAIM" });
    let restored = bench.post(&format!("/jars/{jar}/run"), body).await.ok();
    bench.advance(5000);
    let restored = restored["jobid"].as_str().unwrap();
    let statistics = bench.get(&format!("/jobs/{restored}/checkpoints")).await.ok();
    assert_eq!(statistics["latest"]["restored"]["external_path"], savepoint["location"]);
    assert_eq!(statistics["counts"]["restored"], 1);
}

#[tokio::test]
async fn an_application_has_a_name_and_a_job_and_can_be_cancelled() {
    let bench = Bench::new().await;
    let jar = bench.upload().await;
    let body = json!({ "entryClass": "StreamingJob", "applicationId": ID });
    let answer = bench.post(&format!("/jars/{jar}/run-application"), body.clone()).await;
    assert_eq!((answer.status, answer.json()), (202, json!({ "applicationid": ID })));
    bench.post(&format!("/jars/{jar}/run-application"), body).await.error(409);
    bench.advance(5000);
    let details = bench.get(&format!("/applications/{ID}")).await.ok();
    assert_eq!((&details["name"], &details["status"]), (&json!("StreamingJob"), &json!("RUNNING")));
    let job = details["jobs"][0]["jid"].as_str().unwrap();
    assert_ne!(job, ID);
    let job_details = bench.get(&format!("/jobs/{job}")).await.ok();
    assert_eq!(job_details["application-id"], ID);

    let cancel = format!("/applications/{ID}/cancel");
    assert_eq!(bench.post(&cancel, json!({})).await.status, 202);
    bench.advance(5000);
    let overview = bench.get("/applications/overview").await.ok();
    assert_eq!(overview["applications"][0]["status"], "CANCELED");
    assert_eq!(overview["applications"][0]["jobs"], json!({ "CANCELED": 1 }));
    bench.post(&cancel, json!({})).await.error(404);
}

#[tokio::test]
async fn jobs_survive_a_restart() {
    let bench = Bench::new().await;
    let (job, ended) = (bench.running().await, bench.run("BoundedJob", &[]).await);
    bench.advance(60_000);
    let before = bench.get("/jobs/overview").await.ok();
    let bench = bench.restarted().await;
    assert_eq!(bench.get("/jobs/overview").await.ok(), before);
    assert_eq!(bench.status(&job).await, "RUNNING");
    assert_eq!(bench.status(&ended).await, "FINISHED");
}

#[tokio::test]
async fn a_plan_of_javas_is_refused_with_advice() {
    let bench = Bench::new().await;
    let request = json!({ "jobGraphFileName": "graph.bin", "jobJarFileNames": [] }).to_string();
    let big = vec![7; 1 << 20];
    let parts = [("request", None, request.as_bytes()), ("file_0", Some("graph.bin"), &big[..])];
    let answer = bench.multipart("/v1/jobs", &parts).await;
    answer.error(501);
    assert!(answer.json()["errors"][1].as_str().unwrap().contains("/jars/upload"));
}
