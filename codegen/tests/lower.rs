//! Sound documents: what each construct means, in a short notation.
//!
//! `tests/lower/<case>.yaml` is a document, `<case>.txt` beside it its intermediate representation: a line for each
//! operation, parameter, body, response and type. With `PLANEWRIGHT_BLESS=1` the texts are written instead of compared;
//! read them before you commit them.

mod show;

use std::path::Path;

use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;

#[test]
fn every_construct_means_what_is_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lower");
    let bless = std::env::var_os("PLANEWRIGHT_BLESS").is_some();
    let mut documents: Vec<_> =
        std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    documents.sort();
    assert!(documents.len() >= 12, "only {} fixtures were found", documents.len());
    let mut wrong = Vec::new();
    for document in documents {
        let name = document.file_name().unwrap().to_string_lossy().into_owned();
        let sources = SourceSet::from_text(name.clone(), std::fs::read_to_string(&document).unwrap());
        let (api, diagnostics) = lower(&sources);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let shown = show::Show(&api.unwrap()).api();
        let expected = document.with_extension("txt");
        if bless {
            std::fs::write(&expected, &shown).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != shown {
            wrong.push(format!("{name}:\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "differs from the recorded text:\n\n{}", wrong.join("\n"));
}
