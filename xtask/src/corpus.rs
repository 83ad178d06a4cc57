//! `cargo xtask corpus DIR`: what becomes of a folder of documents, a row for each.

mod check;
mod document;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::place;
use check::{Checked, Checker};
use document::Generated;

/// What is asked for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder with the documents.
    dir: PathBuf,
    /// Only documents whose file name fits, such as `oxide-*`.
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Only generates; doesn't run `cargo check`.
    #[arg(long)]
    no_check: bool,
    /// Also writes the table into this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Generates a crate from each document, checks it, and prints a table.
///
/// Fails if a document can't be generated, if an operation is missing that no message names, or if a crate doesn't
/// check without an error and a warning.
///
/// # Errors
/// If the folder or a file can't be read or written, or cargo can't be started.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let documents = documents(&arguments.dir, arguments.only.as_deref())?;
    ensure!(!documents.is_empty(), "no document in {}", arguments.dir.display());
    let folder = place::scratch("corpus");
    let checker = if arguments.no_check { None } else { Some(Checker::prepare(&folder)?) };
    println!("{HEADING}");
    let (mut rows, mut complaints) = (Vec::new(), Vec::new());
    for path in documents {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let out = folder.join(&name);
        let generated = document::generate(&path, &name, &out)?;
        let checked = match (&checker, generated.failure.is_none()) {
            (Some(checker), true) => Some(checker.check(&out)?),
            _ => None,
        };
        println!("{}", line(&name, &generated, checked.as_ref()));
        complaints
            .extend(complaint(&generated, checked.as_ref()).map(|complaint| format!("{name}: {complaint}")));
        rows.push(row(&name, &generated, checked.as_ref()));
    }
    let sums = sums(&rows);
    println!("\n{}", summed(&sums));
    for complaint in &complaints {
        println!("{complaint}");
    }
    if let Some(path) = &arguments.json {
        let text = format!("{:#}\n", json!({ "documents": rows, "sums": sums }));
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const HEADING: &str = "\
document                       dialect       operations schemas errors warnings  gen s    lines | check: err warn   wall s   cpu s   MB | unsupported";

fn documents(dir: &Path, only: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        let is_document = path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let stem = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if is_document && path.is_file() && only.is_none_or(|glob| fits(glob, &name) || fits(glob, &stem)) {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Whether a name fits a pattern of letters, `?` and `*`.
fn fits(glob: &str, name: &str) -> bool {
    match (glob.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), first) => {
            fits(&glob[1..], name) || first.is_some_and(|first| fits(glob, &name[first.len_utf8()..]))
        }
        (Some(wanted), Some(first)) if wanted == '?' || wanted == first => {
            fits(&glob[wanted.len_utf8()..], &name[first.len_utf8()..])
        }
        _ => false,
    }
}

fn line(name: &str, generated: &Generated, checked: Option<&Checked>) -> String {
    let Generated { dialect, kept, declared, schemas, errors, warnings, seconds, lines, .. } = generated;
    let unsupported = generated.unsupported.iter().map(|(name, count)| format!("{name} {count}"));
    let unsupported = unsupported.collect::<Vec<_>>().join(", ");
    let operations = format!("{kept}/{declared}");
    let check = match checked {
        Some(Checked { errors, warnings, wall, cpu, megabytes }) => {
            let or_nothing =
                |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |value| format!("{value:.1}"));
            let megabytes = megabytes.map_or_else(|| "?".to_owned(), |it| it.to_string());
            format!("{errors:>10} {warnings:>4} {wall:>8.1} {:>7} {megabytes:>4}", or_nothing(*cpu))
        }
        None => format!("{:>10} {:>4} {:>8} {:>7} {:>4}", "-", "-", "-", "-", "-"),
    };
    format!(
        "{name:<30} {dialect:<14} {operations:>9} {schemas:>7} {errors:>6} {warnings:>8} {seconds:>6.2} {lines:>8} | {check} | {unsupported}"
    )
}

/// What must not be.
fn complaint(generated: &Generated, checked: Option<&Checked>) -> Option<String> {
    if let Some(failure) = &generated.failure {
        return Some(failure.clone());
    }
    if generated.unexplained > 0 {
        return Some(format!("{} operations are missing, and no message names them", generated.unexplained));
    }
    let checked = checked?;
    let sound = checked.errors == 0 && checked.warnings == 0;
    (!sound).then(|| format!("cargo check: {} errors, {} warnings", checked.errors, checked.warnings))
}

fn row(name: &str, generated: &Generated, checked: Option<&Checked>) -> Value {
    let mut row = json!({
        "document": name,
        "dialect": generated.dialect,
        "operations": generated.kept,
        "declared": generated.declared,
        "unexplained": generated.unexplained,
        "schemas": generated.schemas,
        "errors": generated.errors,
        "warnings": generated.warnings,
        "unsupported": generated.unsupported,
        "seconds": generated.seconds,
        "lines": generated.lines,
        "failure": generated.failure,
    });
    if let Some(checked) = checked {
        row["check"] = json!({
            "errors": checked.errors,
            "warnings": checked.warnings,
            "wall": checked.wall,
            "cpu": checked.cpu,
            "megabytes": checked.megabytes,
        });
    }
    row
}

fn sums(rows: &[Value]) -> Value {
    let sum =
        |way: &str| rows.iter().filter_map(|row| row.pointer(way)?.as_f64()).fold(0.0, |sum, it| sum + it);
    let count = |test: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| test(row)).count();
    let clean = |row: &Value| {
        let none = |way| row.pointer(way).and_then(Value::as_u64) == Some(0);
        none("/check/errors") && none("/check/warnings")
    };
    json!({
        "documents": rows.len(),
        "generated": count(&|row| row["failure"].is_null()),
        "checked": count(&|row| row.get("check").is_some()),
        "clean": count(&clean),
        "operations": sum("/operations"),
        "declared": sum("/declared"),
        "unexplained": sum("/unexplained"),
        "schemas": sum("/schemas"),
        "errors": sum("/errors"),
        "warnings": sum("/warnings"),
        "lines": sum("/lines"),
        "seconds": sum("/seconds"),
        "check_cpu": sum("/check/cpu"),
        "check_wall": sum("/check/wall"),
    })
}

fn summed(sums: &Value) -> String {
    let number = |name: &str| sums[name].as_f64().unwrap_or_default();
    let dropped = number("declared") - number("operations");
    format!(
        "{} documents, {} generated, {} checked, {} of these without an error or a warning\n\
         {} of {} operations ({:.2} % dropped, {} of them without a message), {} schemas, {} errors, {} warnings\n\
         {} lines in {:.1} s{}, cargo check {:.0} CPU s, {:.0} s",
        number("documents"),
        number("generated"),
        number("checked"),
        number("clean"),
        number("operations"),
        number("declared"),
        100.0 * dropped / number("declared").max(1.0),
        number("unexplained"),
        number("schemas"),
        number("errors"),
        number("warnings"),
        number("lines"),
        number("seconds"),
        if cfg!(debug_assertions) { " (a generator without optimisation)" } else { "" },
        number("check_cpu"),
        number("check_wall"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Generated {
        Generated { kept: 2, declared: 2, ..Generated::default() }
    }

    fn checked(errors: usize, warnings: usize) -> Checked {
        Checked { errors, warnings, ..Checked::default() }
    }

    #[test]
    fn patterns_fit_names() {
        for (glob, name, expected) in [
            ("oxide-*", "oxide-nexus", true),
            ("*.yaml", "a.json", false),
            ("a?c", "abc", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn anything_unsound_is_complained_about() {
        assert_eq!(complaint(&sound(), Some(&checked(0, 0))), None);
        assert_eq!(complaint(&sound(), None), None);
        assert!(complaint(&sound(), Some(&checked(0, 1))).is_some());
        assert!(complaint(&sound(), Some(&checked(1, 0))).is_some());
        assert!(complaint(&Generated { unexplained: 1, ..sound() }, Some(&checked(0, 0))).is_some());
        assert!(complaint(&Generated { failure: Some("no".to_owned()), ..sound() }, None).is_some());
    }

    #[test]
    fn sums_add_up() {
        let rows = [row("a", &sound(), Some(&checked(0, 0))), row("b", &sound(), Some(&checked(0, 3)))];
        let sums = sums(&rows);
        assert_eq!((&sums["checked"], &sums["clean"]), (&json!(2), &json!(1)));
        assert_eq!(sums["operations"], 4.0);
        assert!(summed(&sums).contains("4 of 4 operations (0.00 % dropped"));
    }
}
