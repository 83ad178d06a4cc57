//! What holds for every operation: versions, methods, bodies, errors.

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items};
use crate::{Answer, Case, Context, Stop};

/// Operations that answer the same from one moment to the next.
const STEADY: [&str; 4] = ["/config", "/jobmanager/config", "/datasets", "/jobmanager/environment"];

/// Fails unless the answer is an error in the shape of this API.
fn is_error(answer: &Answer) -> Result<(), Stop> {
    let body = answer.json()?;
    let told = |message: &Value| message.as_str().is_some_and(|text| !text.is_empty());
    let messages = items(&body["errors"]);
    let only = body.as_object().is_some_and(|members| members.len() == 1);
    answer.check(
        only && !messages.is_empty() && messages.iter().all(told),
        "an object with `errors`, a list of texts",
    )?;
    is_json(answer)
}

fn is_json(answer: &Answer) -> Result<(), Stop> {
    let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    answer.check(kind.starts_with("application/json"), "content-type application/json")
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.http.two-versions",
            "Each path is there with /v1 and without a version, and means the same.",
        )
        .source(format!("{REST}, API versioning"))
        .proved_by(async |cx: Context| {
            for path in STEADY {
                let (with, without) = (cx.read(format!("/v1{path}")).await?, cx.read(path).await?);
                without.check(without.json()? == with.json()?, format!("the answer to /v1{path}"))?;
            }
            Ok(())
        }),
        Case::must("flink.http.no-other-version", "Versions that don't exist are not found: 404.")
            .source(format!("{REST}, API versioning; {OBSERVED}"))
            .proved_by(async |cx: Context| {
                for version in ["v0", "v2", "V1", "v1.0"] {
                    is_error(&cx.get(format!("/{version}/config")).send().await?.expect(404)?)?;
                }
                Ok(())
            }),
        Case::must("flink.http.unknown-path", "A path that doesn't exist is not found: 404, with an error.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for path in ["/v1/nope", "/nope", "/v1/jobs/overview/nope", "/v1/jars/a/b/c"] {
                    is_error(&cx.get(path).send().await?.expect(404)?)?;
                }
                Ok(())
            }),
        Case::must(
            "flink.http.errors-have-one-shape",
            "Every refusal is an object with a list of messages named `errors`, as JSON.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.id();
            is_error(&cx.get(format!("/v1/jobs/{job}")).send().await?.expect(404)?)?;
            is_error(&cx.get("/v1/jobs/xyz").send().await?.expect(400)?)?;
            is_error(&cx.post("/v1/savepoint-disposal").json(&json!({})).send().await?.expect(400)?)?;
            is_error(&cx.get(format!("/v1/jobs/{job}/savepoints/{job}")).send().await?.expect(404)?)?;
            let ended = cx.finished().await?;
            is_error(&cx.patch(format!("/v1/jobs/{ended}")).send().await?.expect(409)?)
        }),
        Case::must("flink.http.answers-are-json", "Answers that aren't files are JSON and say so.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for path in
                    ["/v1/overview", "/v1/jobs", "/v1/jars", "/v1/taskmanagers", "/v1/jobmanager/metrics"]
                {
                    for accept in ["application/json", "*/*", "text/html"] {
                        let answer = cx.get(path).header("accept", accept).send().await?.expect(200)?;
                        is_json(&answer)?;
                        answer.json()?;
                    }
                }
                Ok(())
            }),
        Case::must(
            "flink.http.body-on-get",
            "A GET may have `{}` as its body: Flink's own client always sends it.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            for path in ["/v1/overview", "/v1/jobs/overview", "/v1/jars"] {
                cx.get(path).json(&json!({})).send().await?.expect(200)?;
            }
            Ok(())
        }),
        Case::must(
            "flink.http.media-type-of-a-body",
            "A body is read as JSON whatever media type it claims to have.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let program = cx.program().await?;
            let path = format!("/v1/jars/{program}/plan");
            let body = r#"{"parallelism":2}"#;
            let calls =
                [cx.post(&path).body("text/plain", body), cx.post(&path).body("text/plain", body).untyped()];
            for call in calls {
                let answer = call.send().await?.expect(200)?;
                let nodes = answer.member("/plan/nodes")?;
                let two = items(&nodes).iter().all(|node| node["parallelism"] == 2);
                answer.check(!items(&nodes).is_empty() && two, "nodes with parallelism 2")?;
            }
            Ok(())
        }),
        Case::must("flink.http.slash-at-the-end", "A slash at the end of a path means nothing.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for path in STEADY {
                    let (with, without) =
                        (cx.read(format!("/v1{path}/")).await?, cx.read(format!("/v1{path}")).await?);
                    with.check(with.json()? == without.json()?, format!("the answer to /v1{path}"))?;
                }
                Ok(())
            }),
        Case::must("flink.http.percent-encoding", "Letters of a path may be percent-encoded.")
            .source("RFC 3986, 6.2.2.2; observed on Flink 2.3.0")
            .proved_by(async |cx: Context| {
                let (plain, encoded) = (cx.read("/v1/config").await?, cx.read("/v1/%63onfig").await?);
                encoded.check(encoded.json()? == plain.json()?, "the answer to /v1/config")?;
                let job = cx.running().await?;
                let (first, rest) = job.split_at(1);
                let first = format!("%{:02X}", first.as_bytes().first().copied().unwrap_or_default());
                let answer = cx.read(format!("/v1/jobs/{first}{rest}/status")).await?;
                answer.check(answer.text("/status")? == "RUNNING", "status RUNNING")
            }),
        Case::must("flink.http.unknown-query", "Parameters of a query that aren't known are ignored.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for query in ["?bogus=1", "?a&b=&=c", "?get"] {
                    cx.read(format!("/v1/config{query}")).await?;
                }
                let job = cx.running().await?;
                cx.read(format!("/v1/jobs/{job}?bogus=%20")).await?;
                Ok(())
            }),
        Case::must("flink.http.any-origin", "Pages of any origin may read answers.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for path in ["/v1/overview", "/v1/jobs"] {
                    let answer =
                        cx.get(path).header("origin", "http://elsewhere.test").send().await?.expect(200)?;
                    let any = answer.header("access-control-allow-origin") == Some("*");
                    answer.check(any, "access-control-allow-origin: *")?;
                }
                Ok(())
            }),
        Case::must(
            "flink.http.wrong-method",
            "A method that a path doesn't have is refused with 405, and `Allow` names those that it has.",
        )
        .source(format!("RFC 9110, 15.5.6; {DOCUMENT}"))
        .proved_by(async |cx: Context| {
            let job = cx.id();
            for (path, allowed) in [
                ("/v1/overview".to_owned(), &["GET"][..]),
                ("/v1/jars/upload".to_owned(), &["POST"]),
                (format!("/v1/jobs/{job}"), &["GET", "PATCH"]),
                (format!("/v1/jobs/{job}/stop"), &["POST"]),
            ] {
                let answer = cx.put(&path).json(&json!({})).send().await?.expect(405)?;
                let allow = answer.header("allow").unwrap_or_default().to_owned();
                let named: Vec<&str> = allow.split(',').map(str::trim).collect();
                answer.check(
                    allowed.iter().all(|method| named.contains(method)),
                    format!("Allow: {}", allowed.join(", ")),
                )?;
                answer.check(!named.contains(&"PUT"), "Allow without PUT")?;
                is_error(&answer)?;
            }
            Ok(())
        }),
        Case::must("flink.http.head", "HEAD is answered as GET is, without the body.")
            .source(format!("RFC 9110, 9.3.2; {DOCUMENT}"))
            .proved_by(async |cx: Context| {
                for path in ["/v1/config", "/v1/jobs/xyz", "/v1/nope"] {
                    let got = cx.get(path).send().await?;
                    let head = cx.call(http::Method::HEAD, path).send().await?.expect(got.status())?;
                    head.check(head.bytes().is_empty(), "no body")?;
                    let same = head.header("content-type") == got.header("content-type");
                    head.check(same, format!("content-type {:?}", got.header("content-type")))?;
                }
                Ok(())
            }),
        Case::must(
            "flink.http.options",
            "OPTIONS names the methods of a path, and lets pages of any origin use them.",
        )
        .source(format!("RFC 9110, 9.3.7; {DOCUMENT}"))
        .proved_by(async |cx: Context| {
            let path = format!("/v1/jobs/{}", cx.id());
            let ask = cx.call(http::Method::OPTIONS, path).header("origin", "http://elsewhere.test");
            let answer = ask.header("access-control-request-method", "PATCH").send().await?;
            let answer = answer.expect_one_of(&[200, 204])?;
            let allow = answer.header("allow").or(answer.header("access-control-allow-methods"));
            let named = allow.unwrap_or_default().to_owned();
            answer.check(named.contains("GET") && named.contains("PATCH"), "GET and PATCH")
        }),
        Case::must(
            "flink.http.refused-leaves-no-trace",
            "Requests that are refused change nothing: neither jobs nor jars nor numbers of the overview.",
        )
        .source(format!("{DOCUMENT}, Errors"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let program = cx.program().await?;
            let look = async || -> Result<Value, Stop> {
                let overview = cx.read("/v1/overview").await?.json()?;
                Ok(json!([
                    cx.jobs().await?,
                    cx.jars().await?,
                    overview["jobs-running"],
                    overview["jobs-failed"]
                ]))
            };
            let before = look().await?;
            let broken = |path: String| cx.post(path).body("application/json", "{\"a\":");
            for call in [
                broken(format!("/v1/jars/{program}/run")),
                broken(format!("/v1/jobs/{job}/savepoints")),
                broken(format!("/v1/jobs/{job}/stop")),
                cx.patch(format!("/v1/jobs/{job}?mode=bogus")),
                cx.post(format!("/v1/jars/{program}/run?parallelism=abc")),
            ] {
                is_error(&call.send().await?.expect(400)?)?;
            }
            let after = look().await?;
            if after != before {
                return Err(Stop::fail(before, after));
            }
            let answer = cx.read(format!("/v1/jobs/{job}/status")).await?;
            answer.check(answer.text("/status")? == "RUNNING", "status RUNNING")
        }),
    ]
}
