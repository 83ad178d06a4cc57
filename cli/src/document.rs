//! The commands that read an OpenAPI document: `generate`, `check`, `dump`.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use planewright_codegen::config::{Layout, Parts, Runtime};
use planewright_codegen::{GenerateError, GeneratedFile, dump as stages, emit, generate_api};

use crate::Failure;
use crate::arguments::{Check, Dump, Generate, Part};
use crate::input::Read;
use crate::progress::{count, doing, grouped, step};

/// `planewright generate`
pub(crate) fn generate(arguments: &Generate) -> Result<(), Failure> {
    let start = Instant::now();
    let mut read = Read::new(&arguments.input)?;
    settle(&mut read, arguments)?;
    let api = read.api()?;
    doing("making", format_args!("{} of {}", count(api.operations.len(), "operation"), read.name()));
    let files = generate_api(&read.config, &api)
        .map_err(|fault| Failure::could_not("generating", &GenerateError::from(fault)))?;
    if arguments.check {
        return compare(&arguments.out, &files);
    }
    doing("writing", count(files.len(), "file"));
    let written = emit::write(&arguments.out, &files)
        .map_err(|error| Failure::could_not("writing the crate", &error))?;
    let lines = files.iter().map(|file| file.text.lines().count()).sum();
    let seconds = start.elapsed().as_secs_f64();
    if read.is_json() {
        let summary = serde_json::json!({
            "dialect": api.dialect,
            "operations": api.operations.len(),
            "types": api.types.len(),
            "files": files.len(),
            "lines": lines,
            "seconds": seconds,
        });
        println!("{summary}");
        return Ok(());
    }
    step(
        "wrote",
        format_args!(
            "{}, {}, {}, {seconds:.1} s{}",
            arguments.out.display(),
            count(files.len(), "file"),
            count(lines, "line"),
            if written.written.is_empty() { " (nothing had changed)" } else { "" },
        ),
    );
    Ok(())
}

/// `planewright check`
pub(crate) fn check(arguments: &Check) -> Result<(), Failure> {
    let read = Read::new(&arguments.input)?;
    read.api()?;
    if read.errors() > 0 { Err(Failure::said(Failure::CHECKED)) } else { Ok(()) }
}

/// `planewright dump`
pub(crate) fn dump(arguments: &Dump) -> Result<(), Failure> {
    let stage = arguments
        .stage
        .parse::<stages::Stage>()
        .map_err(|error| Failure::new(Failure::USAGE, format!("--stage {}: {error}", arguments.stage)))?;
    let read = Read::new(&arguments.input)?;
    let (shown, diagnostics) =
        stages::dump(&read.config, &read.sources, stage, arguments.operation.as_deref());
    read.tell(&diagnostics)?;
    let Some(shown) = shown else {
        let message = arguments.operation.as_ref().map(|id| format!("{stage} has no operation `{id}`"));
        return Err(Failure { code: Failure::CHECKED, message });
    };
    print(&format!("{shown:#}\n"))
}

/// Writes to the standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // `dump … | head` closes the pipe; that is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::could_not("writing", &error))
        }
        _ => Ok(()),
    }
}

/// What is chosen about the crate: on the command line, or else in the configuration.
fn settle(read: &mut Read, arguments: &Generate) -> Result<(), Failure> {
    if !arguments.emit.is_empty() {
        read.config.parts = Parts {
            model: arguments.emit.contains(&Part::Model),
            server: arguments.emit.contains(&Part::Server),
            client: arguments.emit.contains(&Part::Client),
        };
    }
    if !read.config.parts.model {
        let message = "--emit: the server and the client need the model; add `model`";
        return Err(Failure::new(Failure::USAGE, message));
    }
    let name = match arguments.name.as_ref().or(read.package.as_ref()) {
        Some(name) if package_name(name) == *name => name.clone(),
        Some(name) => {
            let message = format!("--name {name}: not a package name; `{}` would be one", package_name(name));
            return Err(Failure::new(Failure::USAGE, message));
        }
        // As `cargo new` does: the folder gives the name.
        None => package_name(&folder_name(&arguments.out)),
    };
    let runtime = match arguments.runtime.as_ref().or(read.runtime.as_ref()) {
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
    read.config.layout = Layout::Crate { name, runtime };
    "planewright generate".clone_into(&mut read.config.remake);
    Ok(())
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
