//! APIs of others, judged by their documents alone: a shop in Python with mistakes on demand, and a mock that keeps nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{self, Background, cargo};
use crate::tools::{NodePackages, python_packages};
use crate::{http, place};

/// What the shop needs.
const SHOP: [&str; 2] = ["fastapi==0.165.0", "uvicorn==0.54.0"];
/// A server that answers what a document says, and remembers nothing.
const MOCK: &str = "@stoplight/prism-cli@5.14.2";
/// How long a server may take to answer for the first time.
const START: Duration = Duration::from_secs(120);

/// The sound shop passes, and each of its mistakes is found; prints which case found it.
pub(crate) fn shop() -> Result<String> {
    let (judge, python) = (judge()?, python_packages("foreign-api", &SHOP)?);
    let folder = place::root().join("examples/foreign-api");
    let server = || {
        let mut command = Command::new("python3");
        command.arg(folder.join("server.py")).env("PYTHONPATH", &python);
        command
    };
    let bugs = process::read(server().arg("bugs"))?;
    let document = folder.join("openapi.yaml");
    let run = |bug: &str| {
        let [port] = http::free_ports()?;
        let _running = Background::start(server().arg(port.to_string()).env("BUG", bug))?;
        let url = format!("http://127.0.0.1:{port}");
        awaited(&format!("{url}/items"))?;
        failures(&judge, &document, &url, &[])
    };
    let sound = run("")?;
    ensure!(sound.is_empty(), "the sound shop fails {}", sound.join(", "));
    println!("{:<18} {:<6} by", "mistake", "found");
    let (mut found, mut missed) = (0, Vec::new());
    for line in bugs.lines() {
        let (bug, meaning) = line.split_once('\t').context("a mistake without a meaning")?;
        let failures = run(bug)?;
        match failures.first() {
            Some(first) => {
                found += 1;
                println!("{bug:<18} {:<6} {first}", "yes");
            }
            None => {
                println!("{bug:<18} {:<6} ({meaning})", "no");
                missed.push(bug);
            }
        }
    }
    ensure!(missed.is_empty(), "not found: {}", missed.join(", "));
    Ok(format!("the sound shop passes, {found} of {found} mistakes found"))
}

/// A mock of a document keeps to it and breaks its laws: nothing that is made can be read.
pub(crate) fn mock() -> Result<String> {
    let (judge, packages) = (judge()?, NodePackages::fetch(MOCK, &[MOCK])?);
    let mut told = Vec::new();
    for (document, expected, excused) in [
        // It takes no notice of what the document can't say, and answers what is forbidden with examples of its own.
        ("examples/foreign-api/openapi.yaml", LAWS, SHOP_EXCUSED),
        ("spec/openapi/flink.yaml", NONE, FLINK_EXCUSED),
    ] {
        let document = place::root().join(document);
        let [port] = http::free_ports()?;
        let mut mock = packages.program("prism");
        mock.arg("mock").args(["--port", &port.to_string(), "--seed", "1"]).arg(&document);
        let _running = Background::start_piped(&mut mock)?;
        let url = format!("http://127.0.0.1:{port}");
        awaited(&url)?;
        let failures = failures(&judge, &document, &url, &[UNREADABLE])?;
        for law in expected {
            ensure!(
                failures.iter().any(|id| id.contains(law)),
                "{}: the mock keeps {law}",
                document.display()
            );
        }
        let known = |id: &String| id.contains(".law.") || excused.iter().any(|(part, _)| id.contains(part));
        let unforeseen: Vec<_> = failures.iter().filter(|id| !known(id)).cloned().collect();
        ensure!(unforeseen.is_empty(), "{}: the mock fails {}", document.display(), unforeseen.join(", "));
        told.push(format!("{} laws broken", failures.iter().filter(|id| id.contains(".law.")).count()));
    }
    Ok(format!(
        "a mock keeps to the documents, save what is named, and not to their laws: {}",
        told.join(", ")
    ))
}

/// Cases that are left out: text that isn't UTF-8 ends the mock, and to broken JSON it answers with a body of its own.
const UNREADABLE: &str = "*.encoding.*";
/// Laws that nothing without a memory keeps.
const LAWS: &[&str] = &["items.law.deleted", "items.law.kept"];
const NONE: &[&str] = &[];
/// Parts of the ids of cases that the mock fails, each with the reason.
const SHOP_EXCUSED: &[(&str, &str)] = &[];
const FLINK_EXCUSED: &[(&str, &str)] = &[
    ("triggerHeartbeat", "it refuses every number of the format int64"),
    ("checkpointid", "it refuses every number of the format int64"),
    ("CheckpointStatistic", "it refuses every number of the format int64"),
    (
        "type.null",
        "it takes null for a body that isn't there, and refuses it where a reference stands beside `nullable`",
    ),
    ("submitJob.", "it doesn't take the form apart"),
];

/// The program that judges a server by its document.
fn judge() -> Result<PathBuf> {
    let build = ["build", "--quiet", "--package", "planewright-conformance", "--example", "by_document"];
    process::run(cargo().args(build))?;
    let name = format!("by_document{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join("debug/examples").join(name))
}

/// The ids of the cases that a server fails.
fn failures(judge: &Path, document: &Path, url: &str, left_out: &[&str]) -> Result<Vec<String>> {
    let finished = process::finish(Command::new(judge).arg(document).arg(url).args(left_out))?;
    let id =
        |line: &str| line.strip_prefix("MUST ").or_else(|| line.strip_prefix("SHOULD ")).map(str::to_owned);
    let failures: Vec<String> = finished.stdout.lines().filter_map(id).collect();
    ensure!(finished.stdout.lines().any(|line| line.contains(" cases: ")), "no end: {}", finished.stdout);
    Ok(failures)
}

/// Waits until something answers.
fn awaited(url: &str) -> Result<()> {
    let (client, began) = (http::client(Duration::from_secs(5)), Instant::now());
    while client.get(url).call().is_err() {
        if began.elapsed() > START {
            bail!("nothing answers at {url}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
