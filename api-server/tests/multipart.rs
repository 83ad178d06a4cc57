//! Multipart bodies as they come from clients, whole and broken.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use planewright_server::multipart::Multipart;
use planewright_server::rejection::BodyRejection;
use proptest::prelude::*;
use support::{Frames, pieces};

const TYPE: Option<&str> = Some("multipart/form-data; boundary=XyZ");

/// Name, file name, content.
type Seen = Vec<(String, Option<String>, Vec<u8>)>;

async fn read(body: Vec<u8>, size: usize) -> Result<Seen, BodyRejection> {
    let mut multipart = Multipart::new(TYPE, pieces(body, size), 1 << 20)?;
    let mut seen = Vec::new();
    while let Some(mut part) = multipart.next_part().await? {
        let (name, file_name) = (part.name().to_owned(), part.file_name().map(str::to_owned));
        seen.push((name, file_name, part.bytes(1 << 20).await?.to_vec()));
    }
    Ok(seen)
}

#[tokio::test]
async fn parts_are_found_however_the_body_is_cut() {
    let body = "preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"C:\\jars\\a \\\"b\\\".jar\"\r\n\
                Content-Type: application/java-archive\r\n\r\nPK\r\n--Xy\r\n--XyZ \t\r\n\
                content-disposition: form-data; name=comment\r\n\r\n\r\n--XyZ\r\n\r\nbare\r\n--XyZ--\r\nepilogue";
    for size in 1..body.len() {
        let seen = read(body.into(), size).await.unwrap();
        assert_eq!(
            seen,
            [
                ("jarfile".into(), Some("a \"b\".jar".into()), b"PK\r\n--Xy".to_vec()),
                ("comment".into(), None, vec![]),
                (String::new(), None, b"bare".to_vec()),
            ],
            "in pieces of {size}"
        );
    }
}

proptest! {
    #[test]
    fn any_content_survives(contents in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\r\n-XyZa".to_vec()), 0..40), 0..4), size in 1usize..64) {
        let mut body = Vec::new();
        let contents: Vec<_> = contents.into_iter().filter(|content| !memmem(content, b"\r\n--XyZ") && !content.starts_with(b"--XyZ")).collect();
        for content in &contents {
            body.extend_from_slice(b"--XyZ\r\nContent-Disposition: form-data; name=x\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XyZ--\r\n");
        let seen = block_on(read(body, size)).unwrap();
        let seen: Vec<_> = seen.into_iter().map(|(_, _, content)| content).collect();
        prop_assert_eq!(seen, contents);
    }

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(prop::sample::select(b"\r\n-XyZ:; =\"\\a".to_vec()), 0..200), size in 1usize..20) {
        let _ = block_on(read([b"--XyZ\r\n".to_vec(), body].concat(), size));
    }
}

fn memmem(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[tokio::test]
async fn broken_bodies_are_refused() {
    let head = "--XyZ\r\nContent-Disposition: form-data; name=x\r\n\r\n";
    let long = format!("--XyZ\r\nx: {}", "y".repeat(20_000));
    for (body, reason) in [
        ("", "the last boundary is missing"),
        (head, "the last boundary is missing"),
        (&format!("{head}content"), "the last boundary is missing"),
        ("--XyZnot\r\n\r\n", "a boundary isn't followed by a line break"),
        (&long, "the header of a part is too long"),
    ] {
        match read(body.into(), 7).await {
            Err(BodyRejection::Multipart(said)) => assert_eq!(said, reason, "{body:.60}"),
            other => panic!("{body:.60}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_content_type_must_name_a_boundary() {
    let status = |content_type| Multipart::new(content_type, String::new(), 0).unwrap_err().status().as_u16();
    assert_eq!(status(None), 415);
    assert_eq!(status(Some("application/json")), 415);
    assert_eq!(status(Some("multipart/mixed; boundary=x")), 415);
    assert_eq!(status(Some("multipart/form-data")), 400);
    assert_eq!(status(Some("multipart/form-data; boundary=")), 400);
    for fine in
        ["Multipart/Form-Data;boundary=x", "multipart/form-data; charset=\"a;b=\\\"\"; BOUNDARY=\"x y\""]
    {
        assert!(Multipart::new(Some(fine), String::new(), 0).is_ok(), "{fine}");
    }
}

#[tokio::test]
async fn extended_file_names_are_decoded_and_lose_their_folders() {
    let body = "--XyZ\r\nContent-Disposition: form-data; name=j; filename=\"x.jar\"; filename*=UTF-8''..%2Fna%C3%AFve.jar\r\n\r\n\r\n--XyZ--";
    assert_eq!(read(body.into(), 1000).await.unwrap()[0].1.as_deref(), Some("naïve.jar"));
}

#[tokio::test]
async fn a_large_file_passes_in_the_pieces_in_which_it_arrives() {
    const FRAME: usize = 64 << 10;
    const FRAMES: usize = 800;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let head = Bytes::from_static(
        b"--XyZ\r\nContent-Disposition: form-data; name=jarfile; filename=big.jar\r\n\r\n",
    );
    let frames = std::iter::once(head)
        .chain(std::iter::repeat_n(Bytes::from(vec![b'\r'; FRAME]), FRAMES))
        .chain(std::iter::once(Bytes::from_static(b"\r\n--XyZ--\r\n")))
        .inspect(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
    let mut multipart = Multipart::new(TYPE, Frames(frames), 1 << 20).unwrap();
    let mut part = multipart.next_part().await.unwrap().unwrap();
    let (mut total, mut biggest) = (0, 0);
    while let Some(chunk) = part.chunk().await.unwrap() {
        total += chunk.len();
        biggest = biggest.max(chunk.len());
        // The client is never asked for more than what was taken, and one frame.
        let arrived = (sent.load(Ordering::SeqCst) - 1) * FRAME;
        assert!(arrived <= total + FRAME, "{arrived} arrived, {total} taken");
    }
    assert_eq!(total, FRAME * FRAMES);
    assert!(biggest <= 2 * FRAME, "{biggest}");
    assert!(multipart.next_part().await.unwrap().is_none());
}

#[tokio::test]
async fn a_part_that_is_not_read_is_skipped() {
    let body = "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nlong\r\n--XyZ\r\nContent-Disposition: form-data; name=b\r\n\r\n1\r\n--XyZ--";
    let mut multipart = Multipart::new(TYPE, pieces(body.into(), 3), 1 << 20).unwrap();
    assert_eq!(multipart.next_part().await.unwrap().unwrap().name(), "a");
    let mut part = multipart.next_part().await.unwrap().unwrap();
    assert_eq!(part.json::<i64>().await.unwrap(), 1);
}

#[tokio::test]
async fn text_has_a_limit() {
    let body =
        format!("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n{}\r\n--XyZ--", "x".repeat(100));
    let mut multipart = Multipart::new(TYPE, body, 99).unwrap();
    let mut part = multipart.next_part().await.unwrap().unwrap();
    assert!(matches!(part.text().await, Err(BodyRejection::TooLarge { limit: 99 })));
}
