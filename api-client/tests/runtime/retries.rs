use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use planewright_client::flink::Client;
use planewright_client::{CallOptions, Credential, CredentialFuture, Credentials, ErrorKind, RetryPolicy};

use crate::script::{Script, Step, json, later, status};
use crate::{JOB, JOB_PATH, client, exceptions, settings, uploaded};

#[tokio::test(start_paused = true)]
async fn a_read_is_tried_again_until_it_succeeds() {
    let script = Script::new([Step::Refuse, Step::Lose, status(503), exceptions()]);
    let answer = client(&script).jobs().get_job_exceptions(JOB).send().await.expect("the fourth attempt");
    assert!(!answer.exception_history.truncated);
    let asked = script.asked();
    assert_eq!(asked.len(), 4);
    // Pauses of at most 1, 2 and 4 seconds, and at least half of that.
    let total = asked[3].at.as_secs_f64();
    assert!((3.5..=7.0).contains(&total), "{total}");
}

#[tokio::test(start_paused = true)]
async fn the_error_says_what_was_called_and_every_attempt() {
    let script = Script::new([
        Step::Refuse,
        Step::Lose,
        status(502),
        json(503, r#"{"errors":["overloaded\n\tat X"]}"#),
    ]);
    let error = client(&script)
        .jobs()
        .get_job_exceptions(JOB)
        .max_exceptions(3)
        .send()
        .await
        .expect_err("four failures");
    assert_eq!(
        error.to_string(),
        format!(
            "getJobExceptions: GET {JOB_PATH}/exceptions?maxExceptions=3: 503 Service Unavailable: overloaded \
             (attempt 4; the one before: 502 Bad Gateway)"
        )
    );
    assert_eq!(error.messages(), ["overloaded\n\tat X"]);
    assert_eq!(error.kind(), ErrorKind::Status);
    assert_eq!(error.operation(), Some("getJobExceptions"));
    assert!(error.is_retryable());
    let attempts: Vec<_> =
        error.attempts().iter().map(|attempt| (attempt.number(), attempt.failure())).collect();
    assert_eq!(
        attempts,
        [
            (1, "could not connect"),
            (2, "the connection failed before an answer came"),
            (3, "502 Bad Gateway"),
            (4, "503 Service Unavailable: overloaded"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_not_sent_again_once_the_server_may_have_it() {
    for failure in [Step::Lose, status(503), status(502), status(429), Step::Cut { body: "{".into() }] {
        let script = Script::new([failure, uploaded()]);
        let upload = planewright_client::Upload::bytes("a.jar", "jar");
        client(&script).jars().upload_jar(upload).send().await.expect_err("no second attempt");
        assert_eq!(script.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_sent_again_if_nothing_was_sent() {
    let script = Script::new([Step::Refuse, Step::Refuse, uploaded()]);
    let upload = planewright_client::Upload::bytes("a.jar", "jar");
    let jar = client(&script).jars().upload_jar(upload).send().await.expect("the third attempt");
    assert_eq!(jar.filename, "/jars/a.jar");
    let asked = script.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].body, asked[2].body);
}

#[tokio::test(start_paused = true)]
async fn the_caller_may_say_that_a_repeat_is_harmless() {
    let script = Script::new([Step::Lose, uploaded()]);
    let upload = planewright_client::Upload::bytes("a.jar", "jar");
    let call = client(&script).jars().upload_jar(upload).options(CallOptions::new().repeatable());
    call.send().await.expect("the second attempt");
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_request_is_final() {
    for code in [400, 401, 404, 409, 500, 501] {
        let script = Script::new([status(code), exceptions()]);
        let error = client(&script).jobs().get_job_exceptions(JOB).send().await.expect_err("a final answer");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(code));
        assert_eq!(error.is_not_found(), code == 404);
        assert!(!error.is_retryable());
        assert_eq!(script.asked().len(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_and_a_long_one_is_handed_to_the_caller() {
    let script = Script::new([later(503, "30"), exceptions()]);
    client(&script).jobs().get_job_exceptions(JOB).send().await.expect("the second attempt");
    let at = script.asked()[1].at.as_secs_f64();
    assert!((30.0..30.1).contains(&at), "{at}");

    let script = Script::new([later(503, "61"), exceptions()]);
    client(&script).jobs().get_job_exceptions(JOB).send().await.expect_err("longer than anyone waits");
    assert_eq!(script.asked().len(), 1);

    // It wouldn't end before the deadline: the caller is told at once what the server said.
    let script = Script::new([later(503, "30"), exceptions()]);
    let options = CallOptions::new().timeout(Duration::from_secs(20));
    let error =
        client(&script).jobs().get_job_exceptions(JOB).options(options).send().await.expect_err("too late");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_whole_call() {
    let script = Script::new([status(503), Step::Hang]);
    let options = CallOptions::new().timeout(Duration::from_secs(5));
    let started = tokio::time::Instant::now();
    let error =
        client(&script).jobs().get_job_exceptions(JOB).options(options).send().await.expect_err("a deadline");
    assert!(error.is_deadline());
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(
        error.to_string(),
        format!(
            "getJobExceptions: GET {JOB_PATH}/exceptions: no answer within 5s \
             (attempt 2; the one before: 503 Service Unavailable)"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn without_retries_there_is_one_attempt() {
    let script = Script::new([Step::Refuse, exceptions()]);
    let options = CallOptions::new().retry(RetryPolicy::never());
    let error = client(&script)
        .jobs()
        .get_job_exceptions(JOB)
        .options(options)
        .send()
        .await
        .expect_err("one attempt");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.to_string(), format!("getJobExceptions: GET {JOB_PATH}/exceptions: could not connect"));
    assert_eq!(error.source().expect("a source").to_string(), "refused");
}

#[tokio::test(start_paused = true)]
async fn an_answer_cut_off_is_read_again() {
    let script = Script::new([Step::Cut { body: r#"{"exc"#.into() }, exceptions()]);
    let answer = client(&script).jobs().get_job_exceptions(JOB).send().await.expect("the second attempt");
    assert!(!answer.exception_history.truncated);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_shape_is_an_error_with_its_body() {
    let script = Script::new([json(200, r#"{"exceptionHistory":5}"#)]);
    let error = client(&script).jobs().get_job_exceptions(JOB).send().await.expect_err("another shape");
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.body(), br#"{"exceptionHistory":5}"#);
    assert_eq!(
        error.to_string(),
        format!("getJobExceptions: GET {JOB_PATH}/exceptions: cannot read the answer (200 OK)")
    );
    let reason = error.source().expect("a source").to_string();
    assert!(reason.contains("/exceptionHistory"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_long_is_refused() {
    let script = Script::new([json(200, &format!(r#"{{"root":"{}"}}"#, "x".repeat(2000)))]);
    let flink = Client::over(script).with_settings(settings().longest_answer(1000));
    let error = flink.jobs().get_job_exceptions(JOB).send().await.expect_err("too long");
    assert!(error.to_string().ends_with("the answer is longer than 1000 bytes"), "{error}");
}

struct Renewing(Arc<AtomicU32>);

impl Credentials for Renewing {
    fn credential(&self, refused: bool) -> CredentialFuture<'_> {
        let version =
            if refused { self.0.fetch_add(1, Ordering::SeqCst) + 1 } else { self.0.load(Ordering::SeqCst) };
        Box::pin(async move { Ok(Credential::bearer(&format!("token-{version}"))?) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once() {
    let script = Script::new([status(401), uploaded(), status(401), status(401)]);
    let renewing = Renewing(Arc::default());
    let flink = Client::over(script.clone()).with_settings(settings().credentials(renewing));
    let upload = || planewright_client::Upload::bytes("a.jar", "jar");
    flink.jars().upload_jar(upload()).send().await.expect("a new token");
    let error = flink.jars().upload_jar(upload()).send().await.expect_err("refused twice");
    assert!(error.is_unauthorized());
    let tokens: Vec<_> =
        script.asked().iter().map(|asked| asked.header("authorization").map(str::to_owned)).collect();
    let token = |version: u32| Some(format!("Bearer token-{version}"));
    assert_eq!(tokens, [token(0), token(1), token(1), token(2)]);
    assert!(!format!("{:?}", script.asked()).contains("token-"), "secrets are not printed");
}
