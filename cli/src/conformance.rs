//! `planewright conformance`: runs the suite against a target, and tells what it found.

use std::fs;
use std::io::{IsTerminal, Write as _, stdout};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use planewright_conformance::{
    Api, CaseReport, Level, Outcome, Program, Report, Suite, Target, Verdict, apis,
};

use crate::Failure;
use crate::arguments::Conformance;
use crate::progress::{clear, count, doing, grouped};

/// The word in the place of an API that asks for one case again.
const REPLAY: &str = "replay";

/// Runs the suite.
pub(crate) fn run(arguments: &Conformance) -> Result<(), Failure> {
    let (suite, seed) = suite(arguments)?;
    if arguments.list {
        return list(&suite);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not("starting the runtime", &error))?;
    let report = runtime.block_on(async {
        let target = target(arguments).await?;
        eprintln!("{} at {}, seed {seed}", count(suite.cases().count(), "case"), target.base());
        let mut done = 0;
        let mut progress = |case: &CaseReport, total: usize| {
            done += 1;
            tell(case);
            doing("running", format_args!("{} of {}", grouped(done), grouped(total)));
        };
        let ran = suite.run_with(&target, &mut progress).await;
        clear();
        ran.map_err(|error| Failure::could_not("the target", &error))
    })?;
    write_files(arguments, &report)?;
    conclude(&report)?;
    judged(&report)
}

/// The cases that are to run, and from which number they are drawn.
fn suite(arguments: &Conformance) -> Result<(Suite, u64), Failure> {
    let (mut seed, mut salt) = (arguments.seed, arguments.salt);
    let mut only = arguments.only.clone();
    let mut name = arguments.api.clone();
    if name.as_deref() == Some(REPLAY) {
        let Some(id) = &arguments.id else {
            return Err(Failure::new(
                Failure::USAGE,
                "replay what? `planewright conformance replay ID --url URL`",
            ));
        };
        let (case, drawn) = id.rsplit_once('@').unwrap_or((id, ""));
        if !drawn.is_empty() {
            let wrong = |_| Failure::new(Failure::USAGE, format!("{id}: what follows `@` is no seed"));
            seed = Some(drawn.parse().map_err(wrong)?);
        }
        // The server may well remember the names of the first time.
        salt = salt.or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|now| now.as_secs()));
        name = case.split('.').next().map(str::to_owned);
        only = vec![case.to_owned()];
    } else if let Some(id) = &arguments.id {
        return Err(Failure::new(Failure::USAGE, format!("{id}: only `replay` takes the id of a case")));
    }
    let seed = seed.unwrap_or(0);
    let mut suite = Suite::new(api(name.as_deref(), arguments)?).seed(seed);
    if let Some(salt) = salt {
        suite = suite.salt(salt);
    }
    if let Some(token) = &arguments.token {
        let mut header: HeaderValue = format!("Bearer {token}")
            .parse()
            .map_err(|_| Failure::new(Failure::USAGE, "the token has characters that no header may have"))?;
        header.set_sensitive(true);
        suite = suite.token(header);
    }
    suite = only.into_iter().fold(suite, Suite::only);
    suite = arguments.skip.iter().cloned().fold(suite, Suite::skip);
    suite = arguments.without.iter().cloned().fold(suite, Suite::without);
    if let Some(path) = &arguments.known_failing {
        let listed = fs::read_to_string(path)
            .map_err(|error| Failure::could_not(&format!("reading {}", path.display()), &error))?;
        for line in listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (pattern, reason) = line.split_once('#').unwrap_or((line, "listed without a reason"));
            suite = suite.known(pattern.trim(), reason.trim());
        }
    }
    if suite.cases().next().is_none() {
        return Err(Failure::new(Failure::USAGE, "no case has such an id; `--list` shows them all"));
    }
    Ok((suite, seed))
}

fn api(name: Option<&str>, arguments: &Conformance) -> Result<Api, Failure> {
    let histories = arguments.cases.unwrap_or(apis::HISTORIES);
    match (name, arguments.document.as_deref()) {
        (_, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::could_not(&format!("reading {}", path.display()), &error))?;
            Api::of_document(&text)
                .map_err(|error| Failure::new(Failure::USAGE, format!("{}: {error}", path.display())))
        }
        (Some(name), None) => apis::named_with(name, histories).ok_or_else(|| {
            let known = apis::NAMES.join(", ");
            let message =
                format!("no rules of {name} yet; known: {known}. Any API can be judged by --document DOC");
            Failure::new(Failure::USAGE, message)
        }),
        (None, None) => Err(Failure::new(Failure::USAGE, "which API? Name one, or give its --document DOC")),
    }
}

async fn target(arguments: &Conformance) -> Result<Target, Failure> {
    let Some(url) = &arguments.url else {
        return Err(Failure::new(Failure::USAGE, "judge what? Say --url URL"));
    };
    let target = if let Some(command) = &arguments.command {
        let command = command.split_whitespace().map(str::to_owned).collect();
        Target::command(Program { command, url: url.clone(), ready: "/".to_owned() }).await
    } else if arguments.http2 {
        Target::http2(url)
    } else {
        Target::url(url)
    };
    target.map_err(|error| Failure::could_not("the target", &error))
}

fn list(suite: &Suite) -> Result<(), Failure> {
    let mut out = stdout().lock();
    for case in suite.cases() {
        let line = writeln!(out, "{:<6} {}  {}", case.level.name(), case.id, case.requirement);
        // Whoever reads the list may have seen enough.
        if line.is_err() {
            break;
        }
    }
    Ok(())
}

/// Prints what became of a case, unless all is well.
fn tell(case: &CaseReport) {
    let (sign, colour) = match &case.outcome {
        Outcome::Pass | Outcome::Known(..) => return,
        Outcome::Skip(_) => ("skip", "2"),
        Outcome::Fail(_) if case.level == Level::Should => ("warn", "33"),
        Outcome::Fail(_) => ("FAIL", "1;31"),
        Outcome::Error(_) => ("ERROR", "1;35"),
    };
    clear();
    let sign =
        if stdout().is_terminal() { format!("\x1b[{colour}m{sign:<5}\x1b[0m") } else { format!("{sign:<5}") };
    println!("{sign} {}", case.id);
    match &case.outcome {
        Outcome::Skip(reason) | Outcome::Error(reason) => println!("      {reason}"),
        _ => {}
    }
}

fn write_files(arguments: &Conformance, report: &Report) -> Result<(), Failure> {
    let json = |value: serde_json::Value| format!("{value:#}\n");
    let write = |path: &Option<std::path::PathBuf>, content: &dyn Fn() -> String| match path {
        Some(path) => fs::write(path, content())
            .map_err(|error| Failure::could_not(&format!("writing {}", path.display()), &error)),
        None => Ok(()),
    };
    write(&arguments.junit, &|| report.to_junit())?;
    write(&arguments.json, &|| json(report.to_json()))?;
    write(&arguments.har, &|| json(report.to_har()))?;
    write(&arguments.html, &|| report.to_html().unwrap_or_default())
}

/// Tells of what failed, with the verdict at the end.
fn conclude(report: &Report) -> Result<(), Failure> {
    let files = report.files();
    if !files.is_empty() {
        let folder = std::env::temp_dir().join("planewright-conformance");
        let unwritten = |error| Failure::could_not(&format!("writing into {}", folder.display()), &error);
        fs::create_dir_all(&folder).map_err(unwritten)?;
        for (name, content) in &files {
            fs::write(folder.join(name), content).map_err(unwritten)?;
        }
        println!("\nFILES={}  # what the lines below send", folder.display());
    }
    for case in report.failures() {
        let Outcome::Fail(failure) = &case.outcome else { continue };
        println!("\n{} ({})", case.id, case.level.name());
        println!("  {}", case.requirement);
        if !case.source.is_empty() {
            println!("  written: {}", case.source);
        }
        println!("  expected: {}\n  came: {}", failure.expected, failure.came);
        /// Lines that say again what a case said; the archive has them all.
        const SHOWN: usize = 8;
        let lines = case.curl(&report.target);
        if lines.len() > SHOWN {
            println!("  … {} before:", count(lines.len() - SHOWN, "call"));
        }
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            println!("  {line}");
        }
        println!("  planewright conformance replay {} --url {}", report.replay_id(case), report.target);
    }
    for pattern in &report.stale {
        println!("\n{pattern}\n  is listed as a known failure, and no case that it matches has failed");
    }
    let counts = report.counts().into_iter().map(|(name, number)| format!("{} {name}", grouped(number)));
    let hit = |map: &std::collections::BTreeMap<(String, String), bool>| {
        format!("{} of {}", grouped(map.values().filter(|hit| **hit).count()), grouped(map.len()))
    };
    println!("\n{}", counts.collect::<Vec<_>>().join(", "));
    let coverage = &report.coverage;
    if !coverage.constraints.is_empty() {
        println!(
            "{} sides of constraints tried, {} documented statuses seen",
            hit(&coverage.constraints),
            hit(&coverage.statuses)
        );
    }
    println!("{}: {}", report.verdict().name(), report.sentence());
    Ok(())
}

/// The exit code of a verdict.
fn judged(report: &Report) -> Result<(), Failure> {
    match report.verdict() {
        Verdict::Conformant | Verdict::Incomplete => Ok(()),
        Verdict::NotConformant => Err(Failure::said(Failure::CHECKED)),
        Verdict::Undecided => Err(Failure::said(Failure::COULD_NOT_RUN)),
    }
}
