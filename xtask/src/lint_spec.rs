//! The OpenAPI documents under three linters that others wrote. A warning counts as an error.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{place, process, tools};

/// The linters, as their registries know them.
const NODE_LINTERS: [&str; 2] = ["@stoplight/spectral-cli@6.16.3", "@redocly/cli@2.77.0"];
const PYTHON_LINTERS: [&str; 1] = ["openapi-spec-validator==0.9.0"];

/// Lints every document in `spec/openapi` and returns how many there are.
///
/// # Errors
/// If a linter has anything to say, or could not be fetched.
pub(crate) fn run() -> Result<usize> {
    let spec = place::root().join("spec");
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(spec.join("openapi")).context("cannot list spec/openapi")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            documents.push(PathBuf::from("openapi").join(entry_name(&path)?));
        }
    }
    documents.sort();
    ensure!(!documents.is_empty(), "no document in spec/openapi");

    let node = tools::NodePackages::fetch(&NODE_LINTERS.map(flat).join("+"), &NODE_LINTERS)?;
    let python = tools::python_packages(&PYTHON_LINTERS.join("+"), &PYTHON_LINTERS)?;

    let mut spectral = node.program("spectral");
    spectral
        .args(["lint", "--ruleset", ".spectral.yaml", "--fail-severity", "hint", "--quiet"])
        .args(&documents);
    process::read(spectral.current_dir(&spec)).context("Spectral")?;

    let mut redocly = node.program("redocly");
    redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    redocly.args(["lint", "--config", "redocly.yaml", "--format", "json"]).args(&documents);
    let report = process::finish(redocly.current_dir(&spec)).context("Redocly")?;
    redocly_is_content(&report.stdout).with_context(|| format!("Redocly\n{}", report.stderr.trim_end()))?;

    for document in &documents {
        let mut validator = Command::new("python3");
        validator.env("PYTHONPATH", &python).args(["-m", "openapi_spec_validator"]).arg(document);
        process::read(validator.current_dir(&spec)).context("openapi-spec-validator")?;
    }
    Ok(documents.len())
}

fn entry_name(path: &std::path::Path) -> Result<&std::ffi::OsStr> {
    path.file_name().context("a file without a name")
}

/// A package's name without what a folder's name cannot hold.
fn flat(package: &str) -> String {
    package.replace('/', "-")
}

/// Redocly ends with 0 in spite of warnings: its report says how many there are.
fn redocly_is_content(report: &str) -> Result<()> {
    let report: Value = serde_json::from_str(report).context("its report is no JSON")?;
    let problems = report["problems"].as_array().context("its report lists no `problems`")?;
    let told: Vec<_> = problems
        .iter()
        .map(|problem| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (severity, rule) = (text(&problem["severity"]), text(&problem["ruleId"]));
            let place = text(&problem["location"][0]["pointer"]);
            format!("\n  {severity} {rule} at {place}: {}", text(&problem["message"]))
        })
        .collect();
    ensure!(told.is_empty(), "{} problems{}", told.len(), told.concat());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_a_failure() {
        let clean = r#"{"totals": {"errors": 0}, "problems": []}"#;
        let warned = r#"{"problems": [{"severity": "warn", "ruleId": "r", "message": "m", "location": []}]}"#;
        assert!(redocly_is_content(clean).is_ok());
        assert!(redocly_is_content(warned).is_err());
        assert!(redocly_is_content("{}").is_err());
        assert!(redocly_is_content("").is_err());
    }
}
