//! What the generator makes of small documents, kept to be read and reviewed; and it must compile. A `run.rs` beside a
//! document is a test of the crate that was made.
//!
//! `UPDATE_GOLDEN=1 cargo test -p planewright-codegen --test golden` writes `expected/` anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::source::SourceSet;
use planewright_codegen::{Generated, emit, generate};

const MODEL: Parts = Parts { model: true, server: false, client: false };
const CLIENT: Parts = Parts { model: true, server: false, client: true };

/// The folders under `golden/`, and the parts that are generated from the document in each.
const CASES: &[(&str, Parts)] = &[
    ("assertions", MODEL),
    ("client", CLIENT),
    ("constraints", MODEL),
    ("naming", MODEL),
    ("parameters", Parts::ALL),
    ("shapes", MODEL),
    ("types-only", Parts::ALL),
    ("unions", MODEL),
    ("webhooks", Parts::ALL),
    ("whole", Parts::ALL),
    ("wire", Parts::ALL),
];

/// What the programs in `run.rs` use: they drive the generated server by the generated client.
const DEV_DEPENDENCIES: &str = r#"
[dev-dependencies]
futures-util = { version = "0.3", default-features = false }
http = "1"
tokio = { version = "1", features = ["macros", "rt"] }
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn generated(case: &str, parts: Parts, name: String, runtime: &str) -> Generated {
    let config = Config {
        parts,
        layout: Layout::Crate { name, runtime: Runtime::Path(runtime.to_owned()) },
        remake: "planewright generate openapi.yaml".to_owned(),
        ..Config::tree()
    };
    let text = fs::read_to_string(folder().join(case).join("openapi.yaml")).unwrap();
    generate(&config, &SourceSet::from_text("openapi.yaml", text)).unwrap()
}

#[test]
fn every_case_is_in_the_table() {
    let mut folders: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let cases: Vec<_> = CASES.iter().map(|(case, _)| *case).collect();
    assert_eq!(cases, folders);
}

#[test]
fn output_is_as_expected() {
    let mut different = Vec::new();
    for (case, parts) in CASES {
        let expected = folder().join(case).join("expected");
        // From `expected/` up to the workspace, so that what is kept is a crate that builds where it stands.
        let files = generated(case, *parts, format!("golden-{case}"), "../../../../..").files;
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let _ = fs::remove_dir_all(&expected);
            emit::write(&expected, &files).unwrap();
        }
        let drifts = emit::check(&expected, &files).unwrap();
        different.extend(drifts.iter().map(|drift| format!("{case}: {drift}")));
    }
    assert!(different.is_empty(), "if this is meant, run with UPDATE_GOLDEN=1:\n{}", different.join("\n"));
}

/// All of them in one workspace and one run of clippy, which warns of whatever rustc warns of, and one of rustdoc.
#[test]
fn output_compiles_without_a_warning_and_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    let mut members = Vec::new();
    for (case, parts) in CASES {
        let generated = generated(case, *parts, format!("golden-{case}"), root.to_str().unwrap());
        let mut files = generated.files;
        let run = fs::read_to_string(folder().join(case).join("run.rs")).ok();
        for file in files.iter_mut().filter(|file| file.path == "Cargo.toml") {
            // Each is a workspace of its own as written; here they are members of one.
            file.text = file.text.replace("\n[workspace]\n", "\n");
            if run.is_some() {
                file.text.push_str(DEV_DEPENDENCIES);
            }
        }
        emit::write(&workspace.join(case), &files).unwrap();
        if let Some(run) = run {
            fs::create_dir_all(workspace.join(case).join("tests")).unwrap();
            fs::write(workspace.join(case).join("tests/run.rs"), run).unwrap();
        }
        members.push(format!("{case:?}"));
    }
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    fs::write(workspace.join("Cargo.toml"), manifest).unwrap();
    // The versions that the project has been built with: nothing new is fetched.
    fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    for command in [&["clippy"][..], &["doc", "--no-deps"][..], &["test", "--tests"][..]] {
        let output = Command::new(env!("CARGO"))
            .args(command)
            .args(["--workspace", "--quiet", "--all-features", "--target-dir"])
            .arg(target.join("golden"))
            .current_dir(&workspace)
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && stderr.is_empty(), "cargo {}: {stdout}{stderr}", command[0]);
    }
}
