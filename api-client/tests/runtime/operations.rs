use std::time::Duration;

use planewright_client::{ErrorKind, OperationState};

use planewright_client::flink::model::{FailureCause, SavepointTrigger};
use planewright_model::{Json, Nullable};

use crate::script::{Script, Step, json, status};
use crate::{JOB, JOB_PATH, TRIGGER, client};

const PENDING: &str = r#"{"status":{"id":"IN_PROGRESS"},"operation":null}"#;
const DONE: &str = r#"{"status":{"id":"COMPLETED"},"operation":{"location":"file:/sp-1"}}"#;

fn accepted() -> Step {
    json(202, &format!(r#"{{"request-id":"{TRIGGER}"}}"#))
}

#[tokio::test(start_paused = true)]
async fn a_savepoint_is_one_await() {
    let script = Script::new([accepted(), json(200, PENDING), json(200, PENDING), json(200, DONE)]);
    let operation = client(&script)
        .checkpoints()
        .trigger_savepoint(JOB)
        .target_directory("/sp")
        .send()
        .await
        .expect("accepted");
    assert_eq!(operation.trigger_id(), TRIGGER.to_string());
    assert_eq!(operation.wait().await.expect("a savepoint").location.as_deref(), Some("file:/sp-1"));
    let poll = format!("GET {JOB_PATH}/savepoints/{TRIGGER}");
    assert_eq!(script.lines(), [format!("POST {JOB_PATH}/savepoints"), poll.clone(), poll.clone(), poll]);
    // The first poll comes at once, the others after pauses of at most 1 and 2 seconds.
    let asked = script.asked();
    assert_eq!(asked[1].at, Duration::ZERO);
    let total = asked[3].at.as_secs_f64();
    assert!((1.5..=3.0).contains(&total), "{total}");
}

#[tokio::test(start_paused = true)]
async fn a_retried_trigger_sends_the_same_id() {
    let script = Script::new([Step::Lose, status(503), Step::Refuse, accepted()]);
    client(&script).checkpoints().trigger_savepoint(JOB).send().await.expect("the fourth attempt");
    let asked = script.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.windows(2).all(|pair| pair[0].body == pair[1].body), "one body, byte for byte");
    let body = SavepointTrigger::read_json(&asked[0].body).expect("a body");
    assert!(matches!(body.trigger_id, Some(Nullable::Value(_))), "{body:?}");
}

#[tokio::test(start_paused = true)]
async fn two_triggers_have_two_ids_and_the_callers_own_is_kept() {
    let script = Script::new([accepted(), accepted(), accepted()]);
    let client = client(&script);
    client.checkpoints().trigger_savepoint(JOB).send().await.expect("accepted");
    client.checkpoints().trigger_savepoint(JOB).send().await.expect("accepted");
    client.checkpoints().trigger_savepoint(JOB).trigger_id(TRIGGER).send().await.expect("accepted");
    let asked = script.asked();
    assert_ne!(asked[0].body, asked[1].body);
    assert_eq!(asked[2].text(), format!(r#"{{"triggerId":"{TRIGGER}"}}"#));
}

#[tokio::test(start_paused = true)]
async fn another_process_takes_the_operation_up() {
    let script = Script::new([json(200, PENDING), json(200, DONE)]);
    let operation = client(&script).checkpoints().resume_trigger_savepoint(JOB, TRIGGER);
    assert_eq!(operation.poll().await.expect("a state"), OperationState::InProgress("IN_PROGRESS".into()));
    let OperationState::Completed(savepoint) = operation.poll().await.expect("a state") else {
        panic!("not done")
    };
    assert_eq!(savepoint.location.as_deref(), Some("file:/sp-1"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_carries_its_cause() {
    let body = r#"{"status":{"id":"COMPLETED"},"operation":{"failure-cause":
        {"class":"java.io.IOException","stack-trace":"java.io.IOException: disk full\n\tat X","serialized-throwable":""}}}"#;
    let script = Script::new([json(200, body)]);
    let error = client(&script)
        .checkpoints()
        .resume_trigger_savepoint(JOB, TRIGGER)
        .wait()
        .await
        .expect_err("it failed");
    assert_eq!(error.kind(), ErrorKind::Operation);
    assert_eq!(
        error.to_string(),
        format!(
            "getSavepointStatus: GET {JOB_PATH}/savepoints/{TRIGGER}: the operation {TRIGGER} failed: \
             java.io.IOException: disk full"
        )
    );
    assert_eq!(error.decode::<FailureCause>().expect("the cause").class, "java.io.IOException");
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_state_that_nobody_knows_goes_on_until_there_is_a_result() {
    let script = Script::new([
        json(200, r#"{"status":{"id":"QUEUED"},"operation":null}"#),
        json(200, r#"{"status":{"id":"DONE_AND_DUSTED"},"operation":{"location":"x"}}"#),
    ]);
    let operation = client(&script).checkpoints().resume_trigger_savepoint(JOB, TRIGGER);
    assert_eq!(operation.poll().await.expect("a state"), OperationState::InProgress("QUEUED".into()));
    assert_eq!(operation.wait().await.expect("a savepoint").location.as_deref(), Some("x"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_limit_and_says_the_last_state() {
    let script = Script::new((0..100).map(|_| json(200, PENDING)));
    let operation = client(&script).checkpoints().resume_trigger_savepoint(JOB, TRIGGER);
    let started = tokio::time::Instant::now();
    let error = operation.wait_timeout(Duration::from_secs(20)).await.expect_err("it goes on");
    assert_eq!(started.elapsed().as_secs(), 20);
    assert!(error.is_deadline());
    assert_eq!(error.to_string(), format!("the operation {TRIGGER} is still IN_PROGRESS after 20s"));
    // Pauses of 0.5–1, 1–2, then 2–4 seconds.
    let polls = script.asked().len();
    assert!((7..=12).contains(&polls), "{polls}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_retried_like_any_read() {
    let script = Script::new([Step::Lose, status(503), json(200, DONE)]);
    client(&script).checkpoints().resume_trigger_savepoint(JOB, TRIGGER).wait().await.expect("a savepoint");
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_state_is_an_error() {
    for body in ["{}", "[]", "not json", r#"{"status":"COMPLETED"}"#] {
        let script = Script::new([json(200, body)]);
        let error = client(&script)
            .checkpoints()
            .resume_trigger_savepoint(JOB, TRIGGER)
            .poll()
            .await
            .expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_accepted_trigger_without_an_id_is_an_error() {
    let script = Script::new([json(202, "{}")]);
    let error = client(&script).checkpoints().trigger_savepoint(JOB).send().await.expect_err("no id");
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_null_for_the_id_is_no_choice() {
    let script = Script::new([Step::Lose, accepted()]);
    let body = SavepointTrigger { trigger_id: Some(Nullable::Null), ..SavepointTrigger::default() };
    client(&script).checkpoints().trigger_savepoint(JOB).body(body).send().await.expect("the second attempt");
    let asked = script.asked();
    assert_eq!(asked[0].body, asked[1].body);
    assert!(!asked[0].text().contains("null"), "{}", asked[0].text());
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_the_caller_cannot_name_is_sent_once() {
    let script = Script::new([Step::Lose, accepted()]);
    client(&script)
        .checkpoints()
        .trigger_savepoint_disposal("file:/sp")
        .send()
        .await
        .expect_err("no second attempt");
    assert_eq!(script.lines(), ["POST /savepoint-disposal"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_polled_where_savepoints_are() {
    let script = Script::new([accepted(), json(200, DONE)]);
    let stop = client(&script)
        .checkpoints()
        .trigger_stop_with_savepoint(JOB)
        .drain(true)
        .send()
        .await
        .expect("accepted");
    assert_eq!(stop.wait().await.expect("stopped").location.as_deref(), Some("file:/sp-1"));
    assert_eq!(
        script.lines(),
        [format!("POST {JOB_PATH}/stop"), format!("GET {JOB_PATH}/savepoints/{TRIGGER}")]
    );
}
