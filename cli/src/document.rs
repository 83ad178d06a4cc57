//! The commands that read an OpenAPI document: `generate`, `check`, `dump`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::diagnostic::{Diagnostics, Severity, render, render_line};
use planewright_codegen::ir::Api;
use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;
use planewright_codegen::{GenerateError, GeneratedFile, dump as stages, emit};

use crate::Failure;
use crate::arguments::{Check, Dump, Generate, Part};
use crate::progress::{count, grouped, step};

/// `planewright generate`
pub(crate) fn generate(arguments: &Generate) -> Result<(), Failure> {
    let start = Instant::now();
    let sources = load(&arguments.document)?;
    let (api, diagnostics) = lower(&sources);
    let api = told(api, &diagnostics, &sources)?;
    let config = config(arguments)?;
    let files = planewright_codegen::generate_api(&config, &api)
        .map_err(|fault| Failure::could_not("generating", &GenerateError::from(fault)))?;
    if arguments.check {
        return compare(&arguments.out, &files);
    }
    let written = emit::write(&arguments.out, &files)
        .map_err(|error| Failure::could_not("writing the crate", &error))?;
    let lines = files.iter().map(|file| file.text.lines().count()).sum();
    step(
        "wrote",
        format_args!(
            "{}, {}, {}, {:.1} s{}",
            arguments.out.display(),
            count(files.len(), "file"),
            count(lines, "line"),
            start.elapsed().as_secs_f64(),
            if written.written.is_empty() { " (nothing had changed)" } else { "" },
        ),
    );
    Ok(())
}

/// `planewright check`
pub(crate) fn check(arguments: &Check) -> Result<(), Failure> {
    let sources = load(&arguments.document)?;
    let (api, diagnostics) = lower(&sources);
    told(api, &diagnostics, &sources)?;
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(Failure::said(Failure::CHECKED));
    }
    Ok(())
}

/// `planewright dump`
pub(crate) fn dump(arguments: &Dump) -> Result<(), Failure> {
    let stage = arguments
        .stage
        .parse::<stages::Stage>()
        .map_err(|error| Failure::new(Failure::USAGE, format!("--stage {}: {error}", arguments.stage)))?;
    let sources = load(&arguments.document)?;
    let (shown, diagnostics) = stages::dump(&sources, stage, arguments.operation.as_deref());
    print(&diagnostics, &sources);
    let Some(shown) = shown else {
        let message = arguments.operation.as_ref().map(|id| format!("{stage} has no operation `{id}`"));
        return Err(Failure { code: Failure::CHECKED, message });
    };
    let text = format!("{shown:#}\n");
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // `dump … | head` closes the pipe; that is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::could_not("writing", &error))
        }
        _ => Ok(()),
    }
}

fn load(path: &Path) -> Result<SourceSet, Failure> {
    SourceSet::load(path).map_err(|diagnostics| {
        for diagnostic in diagnostics.iter() {
            eprintln!("{}", render_line(diagnostic));
        }
        Failure::said(Failure::COULD_NOT_RUN)
    })
}

/// Prints what was read and what there is to say about it.
fn told(api: Option<Api>, diagnostics: &Diagnostics, sources: &SourceSet) -> Result<Api, Failure> {
    if let Some(api) = &api {
        let (operations, types) = (api.operations.len(), api.types.len());
        step(
            "read",
            format_args!("{}, {}, {}", api.dialect, count(operations, "operation"), count(types, "type")),
        );
    }
    print(diagnostics, sources);
    api.ok_or(Failure::said(Failure::CHECKED))
}

/// On a terminal each with its source line; in a pipe a line each.
fn print(diagnostics: &Diagnostics, sources: &SourceSet) {
    let terminal = std::io::stderr().is_terminal();
    for diagnostic in diagnostics.iter() {
        if terminal {
            eprintln!("{}\n", render(diagnostic, sources));
        } else {
            eprintln!("{}", render_line(diagnostic));
        }
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    if !diagnostics.is_empty() {
        step("found", format_args!("{}, {}", count(errors, "error"), count(warnings, "warning")));
    }
}

fn config(arguments: &Generate) -> Result<Config, Failure> {
    let parts = Parts {
        model: arguments.emit.contains(&Part::Model),
        server: arguments.emit.contains(&Part::Server),
        client: arguments.emit.contains(&Part::Client),
    };
    if !parts.model {
        let message = "--emit: the server and the client need the model; add `model`";
        return Err(Failure::new(Failure::USAGE, message));
    }
    let name = match &arguments.name {
        Some(name) if package_name(name) == *name => name.clone(),
        Some(name) => {
            let message = format!("--name {name}: not a package name; `{}` would be one", package_name(name));
            return Err(Failure::new(Failure::USAGE, message));
        }
        // As `cargo new` does: the folder gives the name.
        None => package_name(&folder_name(&arguments.out)),
    };
    let runtime = match &arguments.runtime {
        Some(path) => {
            let absolute = path.canonicalize().map_err(|error| {
                Failure::new(Failure::USAGE, format!("--runtime {}: {error}", path.display()))
            })?;
            if !absolute.join("api-model").is_dir() {
                let message = format!("--runtime {}: no checkout of Planewright is there", path.display());
                return Err(Failure::new(Failure::USAGE, message));
            }
            Runtime::Path(absolute.display().to_string())
        }
        None => Runtime::Version(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let layout = Layout::Crate { name, runtime };
    Ok(Config { parts, layout, remake: "planewright generate".to_owned(), ..Config::tree() })
}

/// The last part of a path, also of `.` and `target/..`.
fn folder_name(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The nearest name that Cargo takes for a package.
fn package_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches('-');
    // Cargo refuses a digit first, Rust's keywords, and names of the crates that come with Rust.
    let taken = ["", "test", "core", "std", "alloc", "proc-macro", "proc_macro"];
    let refused = taken.contains(&name)
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        || syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err();
    if refused { format!("api-{name}").trim_end_matches('-').to_owned() } else { name.to_owned() }
}

fn compare(out: &Path, files: &[GeneratedFile]) -> Result<(), Failure> {
    let drifts = emit::check(out, files).map_err(|error| Failure::could_not("reading the crate", &error))?;
    if drifts.is_empty() {
        step("checked", format_args!("{}, {} files as they should be", out.display(), grouped(files.len())));
        return Ok(());
    }
    for drift in &drifts {
        eprintln!("{drift}");
    }
    let message = format!("{} differ; run the same command without --check", count(drifts.len(), "file"));
    Err(Failure::new(Failure::CHECKED, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_a_name_that_cargo_takes() {
        for (folder, name) in [
            ("github-api", "github-api"),
            ("my api (v2)", "my-api-v2"),
            ("3scale", "api-3scale"),
            ("fn", "api-fn"),
            ("test", "api-test"),
            ("日本", "api"),
            ("", "api"),
        ] {
            assert_eq!(package_name(folder), name, "{folder:?}");
        }
    }
}
