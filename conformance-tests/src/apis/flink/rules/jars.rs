//! Uploaded programs.

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{PROGRAM, Scene, encoded, items};
use crate::{Answer, Case, Context, Stop};

/// The entry of a jar in the list.
async fn entry(cx: &Context, id: &str) -> Result<Option<Value>, Stop> {
    let files = cx.read("/v1/jars").await?.member("/files")?;
    Ok(items(&files).iter().find(|file| file["id"] == id).cloned())
}

/// An upload of parts, each a name, the name of a file if it is one, and the content.
async fn upload(cx: &Context, parts: &[(&str, Option<&str>, &str)]) -> Result<Answer, Stop> {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body.push_str(&format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--edge--\r\n");
    cx.post("/v1/jars/upload").body("multipart/form-data; boundary=edge", body).send().await
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.jars.upload-is-listed",
            "An uploaded jar is in the list: its id is the last part of the file name in the answer, its name the one it was \
             uploaded under.",
        )
        .source(format!("{REST}, /jars/upload"))
        .proved_by(async |cx: Context| {
            let file = format!("{}.jar", cx.name("list"));
            let answer = cx.post("/v1/jars/upload").file("jarfile", &file, PROGRAM).send().await?.expect(200)?;
            let place = answer.text("/filename")?;
            let id = place.rsplit('/').next().unwrap_or(&place).to_owned();
            cx.afterwards(cx.delete(format!("/v1/jars/{id}")));
            answer.check(answer.text("/status")? == "success", "status success")?;
            answer.check(id.ends_with(&format!("_{file}")), format!("a filename that ends in _{file}"))?;
            match entry(&cx, &id).await? {
                Some(found) if found["name"] == file && found["uploaded"].is_u64() => Ok(()),
                found => Err(Stop::fail(format!("{id} in the list, with the name {file} and a time"), json!(found))),
            }
        }),
        Case::must(
            "flink.jars.entry-class",
            "The list names the class that a jar's manifest declares as its entry.",
        )
        .source(format!("{REST}, /jars"))
        .proved_by(async |cx: Context| {
            let program = cx.program().await?;
            let found = entry(&cx, &program).await?.unwrap_or_default();
            let entries = json!([{ "name": "StreamingJob", "description": null }]);
            if found["entry"] == entries { Ok(()) } else { Err(Stop::fail(entries, found)) }
        }),
        Case::must("flink.jars.same-name-twice", "Two jars uploaded under one name are two jars with two ids.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let file = format!("{}.jar", cx.name("twice"));
                let (one, two) = (cx.upload(&file, PROGRAM).await?, cx.upload(&file, PROGRAM).await?);
                let jars = cx.jars().await?;
                let both = one != two && jars.contains(&one) && jars.contains(&two);
                if both { Ok(()) } else { Err(Stop::fail("two ids, both listed", json!([one, two, jars]))) }
            }),
        Case::must(
            "flink.jars.upload-changes-nothing-else",
            "An upload adds one jar to the list and leaves the entries of all others as they were.",
        )
        .source(format!("{REST}, /jars/upload"))
        .proved_by(async |cx: Context| {
            let first = cx.program().await?;
            let before = cx.read("/v1/jars").await?.member("/files")?;
            let second = cx.program().await?;
            let answer = cx.read("/v1/jars").await?;
            let after = answer.member("/files")?;
            let others: Vec<&Value> = items(&after).iter().filter(|file| file["id"] != second).collect();
            let mut kept = items(&before).iter().filter(|file| others.contains(file));
            answer.check(kept.clone().any(|file| file["id"] == first), format!("{first} among the jars"))?;
            answer.check(
                kept.by_ref().count() == items(&before).len() && others.len() == items(&before).len(),
                format!("what was there before and {second}"),
            )
        }),
        Case::must("flink.jars.ids-are-unique", "No two jars of the list have the same id.")
            .source(format!("{REST}, /jars"))
            .proved_by(async |cx: Context| {
                cx.program().await?;
                cx.program().await?;
                let mut jars = cx.jars().await?;
                let listed = jars.len();
                jars.sort_unstable();
                jars.dedup();
                if jars.len() == listed { Ok(()) } else { Err(Stop::fail("ids that differ", json!(cx.jars().await?))) }
            }),
        Case::must(
            "flink.jars.newest-first",
            "The list of jars begins with the one that was uploaded last.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            for _ in 0..3 {
                cx.program().await?;
                cx.pause(std::time::Duration::from_millis(2)).await;
            }
            let answer = cx.read("/v1/jars").await?;
            let files = answer.member("/files")?;
            answer.check(items(&files).is_sorted_by_key(|file| -file["uploaded"].as_i64().unwrap_or(0)), "the newest first")
        }),
        Case::must(
            "flink.jars.delete-removes-it-alone",
            "A deleted jar is gone from the list, and no other is.",
        )
        .source(format!("{REST}, DELETE /jars/:jarid"))
        .proved_by(async |cx: Context| {
            let (one, two, three) = (cx.program().await?, cx.program().await?, cx.program().await?);
            let mut expected = cx.jars().await?;
            expected.retain(|id| *id != two);
            let answer = cx.delete(format!("/v1/jars/{two}")).send().await?.expect(200)?;
            answer.check(answer.json()? == json!({}), "an empty object")?;
            let left = cx.jars().await?;
            if left == expected && left.contains(&one) && left.contains(&three) {
                return Ok(());
            }
            Err(Stop::fail(json!(expected), json!(left)))
        }),
        Case::must(
            "flink.jars.deleted-does-not-run",
            "A deleted jar can't be run, and the attempt starts no job.",
        )
        .source(format!("{REST}, DELETE /jars/:jarid"))
        .proved_by(async |cx: Context| {
            let program = cx.program().await?;
            cx.delete(format!("/v1/jars/{program}")).send().await?.expect(200)?;
            let before = cx.jobs().await?;
            let answer = cx.post(format!("/v1/jars/{program}/run")).json(&json!({})).send().await?;
            answer.check(answer.status() >= 400, "a refusal")?;
            let after = cx.jobs().await?;
            if after == before { Ok(()) } else { Err(Stop::fail(json!(before), json!(after))) }
        }),
        Case::must("flink.jars.delete-unknown", "A jar that isn't there can't be deleted: 400 or 404.")
            .source(format!("{OBSERVED}: 400; {DOCUMENT}: 404"))
            .proved_by(async |cx: Context| {
                let program = cx.program().await?;
                cx.delete(format!("/v1/jars/{program}")).send().await?.expect(200)?;
                cx.delete(format!("/v1/jars/{program}")).send().await?.expect_one_of(&[400, 404])?;
                Ok(())
            }),
        Case::must("flink.jars.unknown-is-404", "What names a jar that isn't there is not found: 404.")
            .source(format!("{DOCUMENT}, Errors"))
            .proved_by(async |cx: Context| {
                let jar = "/v1/jars/00000000-0000-4000-8000-000000000000_x.jar";
                cx.post(format!("{jar}/run")).json(&json!({})).send().await?.expect(404)?;
                cx.post(format!("{jar}/plan")).json(&json!({})).send().await?.expect(404)?;
                cx.delete(jar).send().await?.expect(404)?;
                Ok(())
            }),
        Case::must(
            "flink.jars.refused-upload-leaves-nothing",
            "An upload of something else than exactly one file whose name ends in `.jar` is refused with 400 and adds no jar.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let before = cx.jars().await?;
            let [jar, other, text] = ["1.jar", "2.jar", "3.txt"].map(|end| format!("{}-{end}", cx.name("no")));
            upload(&cx, &[("jarfile", Some(&text), "1")]).await?.expect(400)?;
            upload(&cx, &[("a", Some(&jar), "1"), ("b", Some(&other), "2")]).await?.expect(400)?;
            upload(&cx, &[]).await?.expect(400)?;
            let after = cx.jars().await?;
            if after == before { Ok(()) } else { Err(Stop::fail(json!(before), json!(after))) }
        }),
        Case::must(
            "flink.jars.part-name-does-not-matter",
            "The part that holds the jar may have any name, and its content isn't looked at.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let file = format!("{}.jar", cx.name("part"));
            let answer = upload(&cx, &[("whatever", Some(&file), "no jar at all")]).await?.expect(200)?;
            let place = answer.text("/filename")?;
            let id = place.rsplit('/').next().unwrap_or(&place).to_owned();
            cx.afterwards(cx.delete(format!("/v1/jars/{id}")));
            let listed = entry(&cx, &id).await?.is_some();
            if listed { Ok(()) } else { Err(Stop::fail(format!("{id} in the list"), "it isn't there")) }
        }),
        Case::must(
            "flink.jars.names-with-spaces",
            "A jar whose name has a space in it can be named in a path in percent-encoding.",
        )
        .source("RFC 3986, 2.1; observed on Flink 2.3.0")
        .proved_by(async |cx: Context| {
            let id = cx.upload(&format!("{} and more.jar", cx.name("a")), PROGRAM).await?;
            let plan = cx.post(format!("/v1/jars/{}/plan", encoded(&id))).json(&json!({})).send().await?;
            plan.expect(200)?.member("/plan/nodes")?;
            cx.delete(format!("/v1/jars/{}", encoded(&id))).send().await?.expect(200)?;
            let left = cx.jars().await?;
            if left.contains(&id) { Err(Stop::fail("a list without it", json!(left))) } else { Ok(()) }
        }),
        Case::must(
            "flink.jars.plan-starts-nothing",
            "A plan of a jar shows its vertices with the parallelism that was asked for, and starts no job.",
        )
        .source(format!("{REST}, /jars/:jarid/plan"))
        .proved_by(async |cx: Context| {
            let program = cx.program().await?;
            let before = cx.jobs().await?;
            let path = format!("/v1/jars/{program}/plan");
            let posted = cx.post(&path).json(&json!({ "parallelism": 2 })).send().await?.expect(200)?;
            let got = cx.read(format!("{path}?parallelism=2")).await?;
            for answer in [posted, got] {
                let nodes = answer.member("/plan/nodes")?;
                let two = items(&nodes).iter().all(|node| node["parallelism"] == 2);
                answer.check(!items(&nodes).is_empty() && two, "nodes with parallelism 2")?;
            }
            let after = cx.jobs().await?;
            if after == before { Ok(()) } else { Err(Stop::fail(json!(before), json!(after))) }
        }),
    ]
}
