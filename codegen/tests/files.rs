//! Documents of several files: from disk, and from texts.

mod show;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use planewright_codegen::diagnostic::render;
use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

fn compare(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("PLANEWRIGHT_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(recorded, text, "{name} records something else");
}

/// The files of a document, with names that don't depend on where the checkout is.
fn texts(names: &[&str]) -> IndexMap<String, String> {
    let text = |name: &&str| std::fs::read_to_string(folder().join(name)).unwrap();
    names.iter().map(|name| ((*name).to_owned(), text(name))).collect()
}

#[test]
fn references_lead_through_files() {
    let (api, diagnostics) = lower(&SourceSet::load(folder().join("api.yaml")).unwrap());
    assert!(diagnostics.is_empty(), "{diagnostics}");
    compare("api.txt", &show::Show(&api.unwrap()).api());
}

#[test]
fn every_file_that_was_read_is_listed() {
    let sources = SourceSet::load(folder().join("api.yaml")).unwrap();
    let strip = |name: &str| Path::new(name).strip_prefix(folder()).unwrap().display().to_string();
    let mut names: Vec<String> = sources.files().iter().map(|file| strip(file.name())).collect();
    assert_eq!(names.remove(0), "api.yaml");
    names.sort();
    let expected = [
        "paths/owner.yaml",
        "paths/pets.json",
        "types/a shelf.schema.json",
        "types/owner.yaml",
        "types/parameters.yaml",
        "types/pets.yaml",
    ];
    assert_eq!(names, expected);
}

#[test]
fn texts_are_as_good_as_files() {
    let others = [
        "paths/owner.yaml",
        "paths/pets.json",
        "types/a shelf.schema.json",
        "types/owner.yaml",
        "types/parameters.yaml",
        "types/pets.yaml",
    ];
    let root = std::fs::read_to_string(folder().join("api.yaml")).unwrap();
    let (api, diagnostics) = lower(&SourceSet::from_texts("api.yaml", root, &texts(&others)));
    assert!(diagnostics.is_empty(), "{diagnostics}");
    compare("api.txt", &show::Show(&api.unwrap()).api());
}

#[test]
fn broken_files_cost_what_refers_to_them() {
    let root = std::fs::read_to_string(folder().join("broken.yaml")).unwrap();
    let others = texts(&["syntax.yaml", "circle.yaml", "wrong-type.yaml", "types/pets.yaml"]);
    let sources = SourceSet::from_texts("broken.yaml", root, &others);
    let (api, diagnostics) = lower(&sources);
    let mut told: String = diagnostics.iter().map(|one| render(one, &sources) + "\n").collect();
    told += &show::Show(&api.unwrap()).api();
    compare("broken.txt", &told);
}

#[test]
fn what_is_no_file_is_told() {
    let (_, diagnostics) = lower(&SourceSet::load(folder().join("broken.yaml")).unwrap());
    let help = |pointer: &str| {
        let found = diagnostics.iter().find(|one| one.location.pointer.starts_with(pointer)).unwrap();
        (found.code.id, found.help.clone().unwrap())
    };
    let (code, reason) = help("/paths/~1folder");
    assert!(code == "E0305" && reason.ends_with("types` is no file"), "{code} {reason}");
    let (code, reason) = help("/paths/~1missing");
    assert!(code == "E0305" && reason.contains("can't be read"), "{code} {reason}");
}
