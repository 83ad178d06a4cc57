use std::time::Duration;

use planewright_client::{ErrorKind, OperationState};

use crate::client;
use crate::exemplar::model::{FailureCause, SavepointTrigger};
use crate::script::{Script, Step, json, status};
use planewright_model::Json;

const PENDING: &str = r#"{"status":{"id":"IN_PROGRESS"},"operation":null}"#;
const DONE: &str = r#"{"status":{"id":"COMPLETED"},"operation":{"location":"file:/sp-1"}}"#;

#[tokio::test(start_paused = true)]
async fn a_savepoint_is_one_await() {
    let script = Script::new([
        json(202, r#"{"request-id":"abc"}"#),
        json(200, PENDING),
        json(200, PENDING),
        json(200, DONE),
    ]);
    let operation =
        client(&script).trigger_savepoint("j 1").target_directory("/sp").send().await.expect("accepted");
    assert_eq!(operation.trigger_id(), "abc");
    assert_eq!(operation.wait().await.expect("a savepoint").location, "file:/sp-1");
    let poll = "GET /jobs/j%201/savepoints/abc";
    assert_eq!(script.lines(), ["POST /jobs/j%201/savepoints", poll, poll, poll]);
    // The first poll comes at once, the others after pauses of at most 1 and 2 seconds.
    let asked = script.asked();
    assert_eq!(asked[1].at, Duration::ZERO);
    let total = asked[3].at.as_secs_f64();
    assert!((1.5..=3.0).contains(&total), "{total}");
}

#[tokio::test(start_paused = true)]
async fn a_retried_trigger_sends_the_same_id() {
    let accepted = json(202, r#"{"request-id":"abc"}"#);
    let script = Script::new([Step::Lose, status(503), Step::Refuse, accepted]);
    client(&script).trigger_savepoint("1").send().await.expect("the fourth attempt");
    let asked = script.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.windows(2).all(|pair| pair[0].body == pair[1].body), "one body, byte for byte");
    let id = SavepointTrigger::read_json(&asked[0].body).expect("a body").trigger_id.expect("an id");
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
}

#[tokio::test(start_paused = true)]
async fn two_triggers_have_two_ids_and_the_callers_own_is_kept() {
    let accepted = || json(202, r#"{"request-id":"abc"}"#);
    let script = Script::new([accepted(), accepted(), accepted()]);
    let client = client(&script);
    client.trigger_savepoint("1").send().await.expect("accepted");
    client.trigger_savepoint("1").send().await.expect("accepted");
    client.trigger_savepoint("1").trigger_id("mine").send().await.expect("accepted");
    let asked = script.asked();
    assert_ne!(asked[0].body, asked[1].body);
    assert_eq!(asked[2].text(), r#"{"triggerId":"mine"}"#);
}

#[tokio::test(start_paused = true)]
async fn another_process_takes_the_operation_up() {
    let script = Script::new([json(200, PENDING), json(200, DONE)]);
    let operation = client(&script).resume_trigger_savepoint("1", "abc");
    assert_eq!(operation.poll().await.expect("a state"), OperationState::InProgress("IN_PROGRESS".into()));
    let OperationState::Completed(savepoint) = operation.poll().await.expect("a state") else {
        panic!("not done")
    };
    assert_eq!(savepoint.location, "file:/sp-1");
}

#[tokio::test(start_paused = true)]
async fn a_failure_carries_its_cause() {
    let body = r#"{"status":{"id":"COMPLETED"},"operation":{"failure-cause":
        {"class":"java.io.IOException","stack-trace":"java.io.IOException: disk full\n\tat X"}}}"#;
    let script = Script::new([json(200, body)]);
    let error = client(&script).resume_trigger_savepoint("1", "abc").wait().await.expect_err("it failed");
    assert_eq!(error.kind(), ErrorKind::Operation);
    assert_eq!(
        error.to_string(),
        "getSavepointStatus: GET /jobs/1/savepoints/abc: the operation abc failed: java.io.IOException: disk full"
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
    let operation = client(&script).resume_trigger_savepoint("1", "abc");
    assert_eq!(operation.poll().await.expect("a state"), OperationState::InProgress("QUEUED".into()));
    assert_eq!(operation.wait().await.expect("a savepoint").location, "x");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_limit_and_says_the_last_state() {
    let script = Script::new((0..100).map(|_| json(200, PENDING)));
    let operation = client(&script).resume_trigger_savepoint("1", "abc");
    let started = tokio::time::Instant::now();
    let error = operation.wait_timeout(Duration::from_secs(20)).await.expect_err("it goes on");
    assert_eq!(started.elapsed().as_secs(), 20);
    assert!(error.is_deadline());
    assert_eq!(error.to_string(), "the operation abc is still IN_PROGRESS after 20s");
    // Pauses of 0.5–1, 1–2, then 2–4 seconds.
    let polls = script.asked().len();
    assert!((7..=12).contains(&polls), "{polls}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_retried_like_any_read() {
    let script = Script::new([Step::Lose, status(503), json(200, DONE)]);
    client(&script).resume_trigger_savepoint("1", "abc").wait().await.expect("a savepoint");
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_state_is_an_error() {
    for body in ["{}", "[]", "not json", r#"{"status":"COMPLETED"}"#] {
        let script = Script::new([json(200, body)]);
        let error = client(&script).resume_trigger_savepoint("1", "abc").poll().await.expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_accepted_trigger_without_an_id_is_an_error() {
    let script = Script::new([json(202, "{}")]);
    let error = client(&script).trigger_savepoint("1").send().await.expect_err("no id");
    assert_eq!(error.kind(), ErrorKind::Decode);
}
