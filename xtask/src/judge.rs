//! The judges: `planewright-judge` over our own documents and those of the corpus.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::place;
use crate::process::{self, cargo};
use crate::tools::Missing;

/// Which documents are judged.
#[derive(Args, Default)]
pub(crate) struct Selection {
    /// The documents; by default our own and a few small ones of the corpus.
    documents: Vec<PathBuf>,
    /// Every document of the corpus.
    #[arg(long, conflicts_with = "documents")]
    all: bool,
}

/// Documents of ours that are always judged.
const OWN: &[&str] = &[
    "spec/openapi/flink.yaml",
    "codegen/tests/golden/constraints/openapi.yaml",
    "codegen/tests/golden/parameters/openapi.yaml",
    "codegen/tests/golden/shapes/openapi.yaml",
    "codegen/tests/golden/unions/openapi.yaml",
    "codegen/tests/golden/wire/openapi.yaml",
];

/// Documents of the corpus that a test run judges: small ones, of every dialect.
const FEW: &[&str] = &[
    "petstore-v3.yaml",
    "marquez.yaml",
    "oai-tictactoe.json",
    "ververica-platform.json",
    "oxide-keeper.json",
];

/// Judges the types by values, against a JSON Schema validator.
pub(crate) fn oracle(selection: &Selection) -> Result<()> {
    judge("oracle", selection)
}

/// Lets the generated clients call the generated servers.
pub(crate) fn round_trip(selection: &Selection) -> Result<()> {
    judge("round-trip", selection)
}

/// A part of the test run.
pub(crate) fn step(judge: fn(&Selection) -> Result<()>) -> Result<String> {
    judge(&Selection::default())?;
    if place::shared().is_none() {
        Err(Missing("PLANEWRIGHT_SHARED names no folder: only our own documents were judged".to_owned()))?;
    }
    Ok(format!("{} documents", OWN.len() + FEW.len()))
}

fn judge(what: &str, selection: &Selection) -> Result<()> {
    let documents = documents(selection)?;
    ensure!(!documents.is_empty(), "there is no document");
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "planewright-judge", "--", "--root"]).arg(place::root());
    process::run(command.arg("--target").arg(place::target()).arg(what).args(documents))
}

fn documents(selection: &Selection) -> Result<Vec<PathBuf>> {
    if !selection.documents.is_empty() {
        return selection.documents.iter().map(|path| Ok(path.canonicalize()?)).collect();
    }
    let mut documents: Vec<PathBuf> = OWN.iter().map(|path| place::root().join(path)).collect();
    match place::shared().map(|shared| shared.join("corpus")) {
        Some(corpus) if selection.all => documents.extend(of_folder(&corpus)?),
        Some(corpus) => documents.extend(FEW.iter().map(|name| corpus.join(name))),
        None => eprintln!("PLANEWRIGHT_SHARED names no folder: only our own documents are judged"),
    }
    Ok(documents)
}

/// The documents in a folder, the small ones first.
fn of_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sized = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "json") {
            sized.push((fs::metadata(&path)?.len(), path));
        }
    }
    sized.sort();
    Ok(sized.into_iter().map(|(_, path)| path).collect())
}
