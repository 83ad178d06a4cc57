//! Equal input gives equal bytes, whichever door it comes in by.

use std::fs;
use std::path::{Path, PathBuf};

use planewright_codegen::build_script::Builder;
use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::source::SourceSet;
use planewright_codegen::{GeneratedFile, emit, generate};

fn documents() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut documents: Vec<_> =
        fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path().join("openapi.yaml")).collect();
    documents.sort();
    documents
}

fn files(document: &Path, layout: Layout) -> Vec<GeneratedFile> {
    let config = Config { layout, remake: "cargo build".to_owned(), ..Config::tree() };
    generate(&config, &SourceSet::load(document).unwrap()).unwrap().files
}

/// A fresh folder of this test run.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn two_runs_give_equal_bytes() {
    let flink = SourceSet::from_text("flink.yaml", planewright_spec::FLINK);
    let [one, other] = [(); 2].map(|()| generate(&Config::tree(), &flink).unwrap().files);
    assert_eq!(one, other);
    for document in documents() {
        assert_eq!(files(&document, Layout::Tree), files(&document, Layout::Tree), "{}", document.display());
    }
}

#[test]
fn the_build_script_and_the_crate_have_equal_parts() {
    for document in documents() {
        let out = scratch("build-script");
        Builder::new(&document).out_dir(&out).run().unwrap();
        let runtime = Runtime::Version("0.1".to_owned());
        let files = files(&document, Layout::Crate { name: "whole".to_owned(), runtime });
        let parts = files.iter().filter_map(|file| {
            // A crate gates the parts of `webhooks` by features, a tree doesn't.
            let is_part = |path: &&str| path.contains('/') && *path != "webhooks/mod.rs";
            let path = file.path.strip_prefix("src/").filter(is_part)?;
            Some((path, &file.text))
        });
        let mut count = 0;
        for (path, text) in parts {
            assert_eq!(&fs::read_to_string(out.join(path)).unwrap(), text, "{path}");
            count += 1;
        }
        assert!(count > 3, "only {count} files");
    }
}

#[test]
fn a_part_is_the_same_with_and_without_the_others() {
    let document = documents().pop().unwrap();
    let sources = SourceSet::load(&document).unwrap();
    let all = generate(&Config::tree(), &sources).unwrap().files;
    let parts = Parts { model: true, server: false, client: false };
    let model = generate(&Config { parts, ..Config::tree() }, &sources).unwrap().files;
    for file in model.iter().filter(|file| file.path != "mod.rs") {
        assert!(all.contains(file), "{}", file.path);
    }
}

#[test]
fn writing_again_touches_nothing_and_drift_is_told() {
    let document = documents().pop().unwrap();
    let out = scratch("emit");
    let files = files(&document, Layout::Tree);
    assert_eq!(emit::write(&out, &files).unwrap().written.len(), files.len());
    let again = emit::write(&out, &files).unwrap();
    assert_eq!((again.written.len(), again.unchanged, again.removed.len()), (0, files.len(), 0));

    fs::write(out.join("model/mod.rs"), "by hand").unwrap();
    fs::remove_file(out.join("mod.rs")).unwrap();
    fs::write(out.join("model/old.rs"), &files[0].text).unwrap();
    fs::write(out.join("model/mine.rs"), "//! Not generated.").unwrap();
    let mut drifts: Vec<_> = emit::check(&out, &files).unwrap().iter().map(ToString::to_string).collect();
    drifts.sort();
    assert_eq!(
        drifts,
        [
            "`mod.rs` is missing",
            "`model/mod.rs` has another text",
            "`model/old.rs` is made by nothing any more"
        ]
    );

    let repaired = emit::write(&out, &files).unwrap();
    assert_eq!(repaired.removed, ["model/old.rs"]);
    assert!(emit::check(&out, &files).unwrap().is_empty());
    assert!(out.join("model/mine.rs").exists());
}
