//! Every code is explained with an example, and the page about codes lists them all.
//!
//! The examples are what the fixtures under `tests/negative` are told. With `PLANEWRIGHT_BLESS=1` missing ones are added,
//! those that no fixture gives any more are replaced, and the page is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use planewright_codegen::diagnostic::{Code, code, example, explain};

/// Codes that no fixture gives, as a user sees them.
const BY_HAND: [(&str, &str); 8] = [
    (
        "E0101",
        "error[E0101]: the file can't be read: No such file or directory (os error 2)\n  |\n  = note: at the root\n",
    ),
    (
        "E0102",
        "error[E0102]: the file has 301989888 bytes, more than the limit of 268435456\n  |\n  = note: at the root\n",
    ),
    (
        "E0103",
        "error[E0103]: byte 57, in line 3, isn't UTF-8\n  |\n  = note: at the root\n  = help: save the file as UTF-8\n",
    ),
    (
        "E0110",
        "error[E0110]: aliases add more than 500000 values\n --> shop.yaml:12:9\n   |\n12 |   g: [*f, *f, *f, *f, *f, *f, *f, *f]\n   |       ^^\n   |\n   = note: at /x/g/0\n",
    ),
    (
        "E0801",
        "error[E0801]: the action has no `target`\n --> fix.yaml:4:5\n  |\n4 |   - remove: true\n  |     ^^^^^^^^^^^^\n  |\n  = note: at /actions/0\n  = help: an overlay has `overlay: 1.0.0`, `info`, and a list of `actions`, each with a `target`\n",
    ),
    (
        "W0802",
        "warning[W0802]: `$.paths['/job']` selects nothing in the document\n --> fix.yaml:4:13\n  |\n4 |   - target: $.paths['/job']\n  |             ^^^^^^^^^^^^^^^\n  |\n  = note: at /actions/0/target\n",
    ),
    (
        "E0803",
        "error[E0803]: `paths./jobs` isn't a JSONPath\n --> fix.yaml:4:13\n  |\n4 |   - target: paths./jobs\n  |             ^^^^^^^^^^^\n  |\n  = note: at /actions/0/target\n  = help: a target looks like `$.paths['/jobs'].get` (RFC 9535)\n",
    ),
    (
        "W0804",
        "warning[W0804]: `include-tags` names the tag `Job`, which the document doesn't have\n --> shop.yaml:1:1\n  |\n1 | openapi: 3.0.3\n  | ^^^^^^^^^^^^^^\n  |\n  = note: at the root\n",
    ),
];

fn bless() -> bool {
    std::env::var_os("PLANEWRIGHT_BLESS").is_some()
}

/// What the fixtures are told, by code; each text as it stands in a `.txt`.
fn told() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/negative");
    let folders = std::fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let mut texts: Vec<_> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    texts.sort();
    for path in texts {
        for block in std::fs::read_to_string(path).unwrap().split("\n\n") {
            let id = block.split_once('[').and_then(|(_, rest)| rest.get(..5));
            if let Some(id) = id.filter(|_| block.starts_with("error[") || block.starts_with("warning[")) {
                found.entry(id.to_owned()).or_default().push(format!("{}\n", block.trim_end()));
            }
        }
    }
    for (id, text) in BY_HAND {
        found.entry(id.to_owned()).or_default().push(text.to_owned());
    }
    found
}

#[test]
fn every_code_has_an_example_that_is_true() {
    let told = told();
    let mut text = String::new();
    let mut wrong = Vec::new();
    for code in code::ALL {
        let real = told.get(code.id).cloned().unwrap_or_default();
        let kept = example(*code).filter(|example| real.iter().any(|text| text == *example));
        if kept.is_none() {
            wrong.push(code.id);
        }
        // The shortest says the most: it has no second place and no long line.
        let best = kept.map(str::to_owned).or_else(|| real.into_iter().min_by_key(String::len));
        writeln!(text, "## {}\n{}", code.id, best.unwrap_or_default().trim_end()).unwrap();
    }
    if bless() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostic/examples.txt");
        std::fs::write(path, text).unwrap();
    } else {
        assert!(wrong.is_empty(), "no fixture gives the examples of {wrong:?}: run with PLANEWRIGHT_BLESS=1");
    }
}

#[test]
fn an_explanation_says_what_why_and_what_to_do() {
    for code in code::ALL {
        let text = explain(*code);
        assert!(text.starts_with(&format!("{}: {}\n", code.id, code.name)), "{text}");
        assert!(bless() || text.contains("For example:\n\n"), "{text}");
        assert!(
            text.lines().filter(|line| !line.contains(['|', '='])).all(|line| line.len() < 300),
            "{text}"
        );
    }
    assert_eq!(Code::find("e0301"), Code::find("dangling-reference"));
    assert_eq!(Code::find("no-such-code"), None);
}

#[test]
fn the_page_lists_every_code() {
    let mut rows = String::new();
    for code in code::ALL {
        let meaning = code.explanation.replace('|', "\\|");
        writeln!(rows, "| `{}` | `{}` | {meaning} |", code.id, code.name).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let head = "|---|---|---|\n";
    let (before, after) = page.split_once("| Code | Name | What it means |\n").unwrap();
    let behind = after.strip_prefix(head).unwrap().split_once("\n\n").map_or("", |(_, behind)| behind);
    let expected = format!("{before}| Code | Name | What it means |\n{head}{rows}\n{behind}");
    if bless() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert!(
            page == expected,
            "docs/diagnostics.md isn't what the codes say: run with PLANEWRIGHT_BLESS=1"
        );
    }
}
