use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use planewright_client::{CallOptions, Download, ErrorKind, Upload};

use crate::script::{Asked, Script, Step};
use crate::{client, uploaded};

/// A file that is deleted at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("planewright-client-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a scratch file");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The parts of a form, read by another implementation.
async fn parts(asked: &Asked) -> Vec<(String, String, String, Bytes)> {
    let content_type = asked.header("content-type").expect("a content type");
    let boundary = multer::parse_boundary(content_type).expect("a boundary");
    let body = asked.body.clone();
    let mut form = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.expect("a readable form") {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let name = text(field.name());
        let file_name = text(field.file_name());
        let content_type = field.content_type().map(ToString::to_string).unwrap_or_default();
        parts.push((name, file_name, content_type, field.bytes().await.expect("bytes")));
    }
    parts
}

#[tokio::test]
async fn a_file_is_streamed_from_disk_in_small_pieces() {
    let content: Vec<u8> = (0..1_000_000u32).map(|i| i as u8).collect();
    let file = Scratch::new("word \"count\".jar", &content);
    let told = Arc::new(Mutex::new(Vec::new()));
    let script = Script::new([uploaded()]);
    let tell = Arc::clone(&told);
    let call = client(&script).jars().upload_jar(&file.0);
    call.on_progress(move |sent, total| tell.lock().expect("no panic").push((sent, total)))
        .send()
        .await
        .expect("sent");

    let asked = script.asked().remove(0);
    assert!(asked.biggest_chunk <= 64 * 1024, "{}", asked.biggest_chunk);
    let parts = parts(&asked).await;
    assert_eq!(parts.len(), 1);
    let (name, file_name, content_type, bytes) = &parts[0];
    assert_eq!((name.as_str(), content_type.as_str()), ("jarfile", "application/octet-stream"));
    assert!(file_name.ends_with("word %22count%22.jar"), "{file_name}");
    assert_eq!(bytes, &content);

    let told = told.lock().expect("no panic");
    assert!(told.len() > 10 && told.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(told.iter().all(|(_, total)| *total == Some(1_000_000)));
    assert_eq!(told.last(), Some(&(1_000_000, Some(1_000_000))));
}

#[tokio::test(start_paused = true)]
async fn a_file_is_opened_anew_for_each_attempt() {
    let file = Scratch::new("again.jar", b"the jar");
    let script = Script::new([Step::Lose, uploaded()]);
    let call = client(&script).jars().upload_jar(&file.0).options(CallOptions::new().repeatable());
    call.send().await.expect("the second attempt");
    let asked = script.asked();
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(parts(&asked[1]).await[0].3, "the jar");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_once_even_if_a_repeat_would_be_harmless() {
    let script = Script::new([Step::Lose, uploaded()]);
    let chunks = stream::iter(["one ", "two"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text))));
    let call = client(&script).jars().upload_jar(Upload::stream("a.jar", chunks, Some(7)));
    let error = call.options(CallOptions::new().repeatable()).send().await.expect_err("no second attempt");
    assert_eq!(error.kind(), ErrorKind::Transport);
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(parts(&asked[0]).await[0].3, "one two");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_an_error_before_anything_is_sent() {
    let script = Script::new([]);
    let error = client(&script).jars().upload_jar("/no/such/file.jar").send().await.expect_err("no file");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(error.to_string(), "uploadJar: POST /jars/upload: the body can't be sent");
    let chain = std::error::Error::source(&error).expect("a source").to_string();
    assert_eq!(chain, "cannot read /no/such/file.jar");
    assert!(script.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn uploads_have_no_deadline_but_the_callers() {
    let slow = || {
        let chunks = stream::once(async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"late"))
        });
        Upload::stream("a.jar", chunks, None)
    };
    let script = Script::new([uploaded()]);
    client(&script).jars().upload_jar(slow()).send().await.expect("ten minutes are fine");
    let options = CallOptions::new().timeout(Duration::from_secs(60));
    let error =
        client(&script).jars().upload_jar(slow()).options(options).send().await.expect_err("a deadline");
    assert!(error.is_deadline());
}

fn log(text: &'static str) -> Step {
    Step::Answer {
        status: 200,
        headers: vec![("content-type", "text/plain".into()), ("content-length", text.len().to_string())],
        body: Bytes::from_static(text.as_bytes()),
    }
}

async fn download(step: Step) -> Download {
    client(&Script::new([step])).jobmanager().get_job_manager_log().send().await.expect("a log")
}

#[tokio::test]
async fn a_log_is_a_stream() {
    let mut log = download(log("first\nsecond\n")).await;
    assert_eq!((log.content_type(), log.content_length()), (Some("text/plain"), Some(13)));
    assert_eq!(log.chunk().await.expect("a chunk").expect("bytes"), "first\nsecond\n");
    assert!(log.chunk().await.expect("the end").is_none());
    assert!(log.next().await.is_none());
}

#[tokio::test]
async fn a_log_can_be_had_whole_or_saved() {
    assert_eq!(download(log("text")).await.text().await.expect("a text"), "text");
    let file = Scratch::new("log", b"what was there before");
    assert_eq!(download(log("saved")).await.save(&file.0).await.expect("saved"), 5);
    assert_eq!(std::fs::read_to_string(&file.0).expect("a file"), "saved");
}

#[tokio::test]
async fn a_log_that_breaks_off_is_an_error_of_the_next_chunk() {
    let mut log = download(Step::Cut { body: "begin".into() }).await;
    assert_eq!(log.chunk().await.expect("a chunk").expect("bytes"), "begin");
    let error = log.chunk().await.expect_err("cut");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().starts_with("getJobManagerLog: GET /jobmanager/log: "), "{error}");
}
