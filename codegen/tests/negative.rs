//! Defective documents: what is said about each, to the letter.
//!
//! `tests/negative/<object>/<case>.yaml` (or `.json`) is a document, `<case>.txt` beside it every diagnostic as a user
//! sees it, and what is left of the document. With `PLANEWRIGHT_BLESS=1` the texts are written instead of compared;
//! read them before you commit them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use planewright_codegen::diagnostic::{code, render};
use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;

/// Codes that no fixture can give, each tested elsewhere.
const WITHOUT_FIXTURE: [&str; 8] = [
    "E0101", // no file: `source::tests`
    "E0102", // a file of 256 MiB
    "E0103", // not UTF-8: `source::tests`
    "E0110", // half a million values: `hostile.rs`
    "E0801", // overlays: `edit::overlay::tests`
    "W0802", "E0803", "W0804", // a choice, not a document: `edit::select::tests`
];

#[test]
fn every_defect_is_told_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/negative");
    let bless = std::env::var_os("PLANEWRIGHT_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let documents = documents(&root);
    assert!(documents.len() >= 200, "only {} fixtures were found", documents.len());
    for document in documents {
        let name = document.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&document).unwrap();
        let sources = SourceSet::from_text(name.clone(), text);
        let (api, diagnostics) = lower(&sources);
        if diagnostics.is_empty() {
            wrong.push(format!("{name} is told to be without defects"));
            continue;
        }
        let mut told = String::new();
        for diagnostic in &diagnostics {
            seen.insert(diagnostic.code.id);
            writeln!(told, "{}", render(diagnostic, &sources)).unwrap();
        }
        match &api {
            None => told.push_str("left: nothing\n"),
            Some(api) => {
                let operations: Vec<_> =
                    api.operations.iter().map(|operation| operation.id.as_str()).collect();
                writeln!(told, "left: operations [{}], {} types", operations.join(", "), api.types.len())
                    .unwrap();
            }
        }
        let expected = document.with_extension("txt");
        if bless {
            std::fs::write(&expected, &told).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{name}:\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "differs from the recorded text:\n\n{}", wrong.join("\n"));
    let missing: Vec<_> = code::ALL
        .iter()
        .map(|code| code.id)
        .filter(|id| !seen.contains(id) && !WITHOUT_FIXTURE.contains(id))
        .collect();
    assert!(missing.is_empty(), "no fixture gives {missing:?}");
}

fn documents(root: &Path) -> Vec<PathBuf> {
    let mut list = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension != "txt") {
                list.push(path);
            }
        }
    }
    list.sort();
    list
}
