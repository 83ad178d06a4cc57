//! Real documents, from `$PLANEWRIGHT_SHARED/corpus`: none panics, and little is left out, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use planewright_codegen::diagnostic::{Cost, Diagnostics, Severity};
use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;

#[test]
fn our_own_document_is_without_defects() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/openapi/flink.yaml");
    let sources = SourceSet::load(&path).unwrap();
    let (api, diagnostics) = lower(&sources);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let api = api.unwrap();
    let written =
        sources.files()[0].text().lines().filter(|line| line.trim_start().starts_with("operationId:"));
    // Links name operations too.
    let links: usize = api
        .operations
        .iter()
        .flat_map(|operation| &operation.responses)
        .map(|response| response.links.len())
        .sum();
    assert!(
        api.operations.len() <= written.clone().count() && written.count() <= api.operations.len() + links
    );
    assert!(api.operations.iter().any(|operation| operation.async_operation.is_some()));
    assert_eq!(api.base_paths, ["", "/v1"]);
}

#[test]
fn real_documents_lose_little() {
    let Some(shared) = std::env::var_os("PLANEWRIGHT_SHARED").map(PathBuf::from) else {
        assert!(std::env::var_os("CI").is_none(), "PLANEWRIGHT_SHARED must be set under CI");
        eprintln!("real_documents_lose_little: PLANEWRIGHT_SHARED isn't set, so no document was read");
        return;
    };
    let mut documents: Vec<PathBuf> = std::fs::read_dir(shared.join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "json"))
        .collect();
    documents.sort();
    println!(
        "{:<28} {:>5} {:>5} {:>6} {:>5}  seconds  what was said",
        "document", "ops", "lost", "types", "said"
    );
    let (mut kept, mut lost) = (0, 0);
    for document in documents {
        let name = document.file_stem().unwrap().to_string_lossy().into_owned();
        let start = Instant::now();
        let sources = SourceSet::load(&document).unwrap();
        let (api, diagnostics) = lower(&sources);
        let seconds = start.elapsed().as_secs_f64();
        let Some(api) = api else {
            let unsupported = diagnostics.iter().all(|diagnostic| diagnostic.code.id == "U0202");
            assert!(unsupported, "{name} is left out as a whole:\n{diagnostics}");
            println!("{name:<28} {}", diagnostics.iter().map(|one| one.message.as_str()).collect::<String>());
            continue;
        };
        let dropped = dropped(&diagnostics);
        kept += api.operations.len();
        lost += dropped.len();
        println!(
            "{name:<28} {:>5} {:>5} {:>6} {:>5}  {seconds:>7.2}  {}",
            api.operations.len(),
            dropped.len(),
            api.types.len(),
            diagnostics.len(),
            said(&diagnostics)
        );
    }
    println!("{kept} operations are left, {lost} are lost");
    assert!(kept > 5000 && lost * 100 < kept, "{lost} of {} operations are lost", kept + lost);
}

fn dropped(diagnostics: &Diagnostics) -> BTreeSet<&str> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .filter_map(|diagnostic| match &diagnostic.costs {
            Cost::Operation(id) => Some(id.as_str()),
            _ => None,
        })
        .collect()
}

fn said(diagnostics: &Diagnostics) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        *counts.entry(diagnostic.code.name).or_default() += 1;
    }
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
