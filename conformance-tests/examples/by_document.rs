//! Judges a server by its document alone: `cargo run --example by_document -- openapi.yaml http://127.0.0.1:8000`. Patterns of
//! ids may follow, of cases that are left out.

use std::process::ExitCode;

use planewright_conformance::{Api, Outcome, Suite, Target};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [document, url, left_out @ ..] = &arguments[..] else {
        return Err("usage: by_document DOCUMENT URL [PATTERN...]".into());
    };
    let api = Api::of_document(&std::fs::read_to_string(document)?)?;
    let suite = left_out.iter().cloned().fold(Suite::new(api), Suite::skip);
    let report = suite.run(&Target::url(url)?).await?;
    for case in report.failures() {
        if let Outcome::Fail(failure) = &case.outcome {
            println!(
                "{} {}\n  expected {}\n  came {}",
                case.level.name(),
                case.id,
                failure.expected,
                failure.came
            );
        }
    }
    println!("{} cases: {:?}", report.cases.len(), report.verdict());
    Ok(ExitCode::from(u8::from(report.failures().next().is_some())))
}
