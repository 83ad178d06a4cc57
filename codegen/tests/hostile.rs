//! Documents that mean harm: whatever the text, reading it ends soon, and without a panic.

use std::fmt::Write as _;

use planewright_codegen::config::Config;
use planewright_codegen::diagnostic::Diagnostics;
use planewright_codegen::dump::{Stage, dump};
use planewright_codegen::ir::Api;
use planewright_codegen::lower::lower;
use planewright_codegen::source::SourceSet;
use proptest::prelude::*;

const DOCUMENT: &str = include_str!("hostile/small.yaml");

fn read(name: &str, text: &str) -> (Option<Api>, Diagnostics) {
    lower(&SourceSet::from_text(name, text))
}

fn codes(name: &str, text: &str) -> Vec<&'static str> {
    let (_, diagnostics) = read(name, text);
    let mut codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    codes.dedup();
    codes
}

fn with_schemas(schemas: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}"
    )
}

#[test]
fn the_small_document_is_sound() {
    let (api, diagnostics) = read("small.yaml", DOCUMENT);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    assert_eq!(api.unwrap().operations.len(), 3);
}

#[test]
fn a_file_that_is_missing_or_not_utf8_is_told() {
    let missing = SourceSet::load("/nowhere/at/all.yaml").unwrap_err();
    assert_eq!(missing.iter().next().unwrap().code.id, "E0101");
    let path = std::env::temp_dir().join(format!("planewright-not-utf8-{}.yaml", std::process::id()));
    std::fs::write(&path, b"openapi: 3.0.3\ninfo: \xff\n").unwrap();
    let unreadable = SourceSet::load(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let diagnostic = unreadable.iter().next().unwrap();
    assert_eq!((diagnostic.code.id, diagnostic.is_fatal()), ("E0103", true));
    assert!(diagnostic.message.contains("line 2"), "{}", diagnostic.message);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    for (name, text) in
        [("a.yaml", DOCUMENT.to_owned()), ("a.json", "{\"openapi\":\"3.0.0\",\"paths\":{}}".to_owned())]
    {
        assert!(read(name, &format!("\u{feff}{text}")).0.is_some(), "{name}");
    }
}

#[test]
fn aliases_that_multiply_are_stopped() {
    let mut text = String::from("openapi: 3.0.3\na: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = level - 1;
        let list = vec![format!("*a{before}"); 10].join(", ");
        writeln!(text, "b{level}: &a{level} [{list}]").unwrap();
    }
    assert_eq!(codes("a.yaml", &text), ["E0110"]);
}

#[test]
fn parts_that_multiply_are_stopped() {
    let mut schemas = String::new();
    for level in 0..40 {
        let next = level + 1;
        let part = format!("{{$ref: '#/components/schemas/A{next}'}}");
        writeln!(schemas, "    A{level}: {{allOf: [{part}, {part}, {{type: object}}]}}").unwrap();
    }
    schemas.push_str("    A40: {type: object, properties: {a: {type: string}}}\n");
    assert!(codes("a.yaml", &with_schemas(&schemas)).contains(&"E0109"));
}

#[test]
fn chains_are_followed_or_stopped() {
    let mut schemas = String::new();
    for level in 0..1000 {
        let next = level + 1;
        writeln!(
            schemas,
            "    A{level}: {{allOf: [{{$ref: '#/components/schemas/A{next}'}}, {{type: object}}]}}"
        )
        .unwrap();
        writeln!(schemas, "    B{level}: {{$ref: '#/components/schemas/B{next}'}}").unwrap();
        writeln!(
            schemas,
            "    C{level}: {{items: {{$ref: '#/components/schemas/C{next}/items'}}, type: array}}"
        )
        .unwrap();
    }
    schemas.push_str("    A1000: {type: object}\n    B1000: {type: string}\n    C1000: {type: array, items: {type: string}}\n");
    let (api, _) = read("a.yaml", &with_schemas(&schemas));
    assert!(api.is_some());
}

#[test]
fn nesting_ends() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text =
            format!("{{\"openapi\":\"3.0.0\",\"x\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(codes("a.json", &text), ["E0109"]);
    }
    let blocks: String = (0..2000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(!codes("a.yaml", &blocks).is_empty());
    assert!(!codes("a.yaml", &"- ".repeat(100_000)).is_empty());
}

#[test]
fn alternatives_of_each_other_end() {
    let mut schemas = String::new();
    for one in 0..24 {
        let all: Vec<_> = (0..24).map(|other| format!("{{$ref: '#/components/schemas/A{other}'}}")).collect();
        writeln!(schemas, "    A{one}: {{default: 1, anyOf: [{}]}}", all.join(", ")).unwrap();
        writeln!(
            schemas,
            "    B{one}: {{type: object, properties: {{a: {{$ref: '#/components/schemas/A{one}'}}}}}}"
        )
        .unwrap();
    }
    assert!(codes("a.yaml", &with_schemas(&schemas)).contains(&"E0303"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6, any::<u8>()), 1..8)) {
        let mut bytes = DOCUMENT.as_bytes().to_vec();
        for (index, kind, byte) in changes {
            let at = index.index(bytes.len().max(1));
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, b"{}[]:,'\"#&*-\n $/~%"[byte as usize % 18]),
                3 => bytes.truncate(at.max(40)),
                // A line elsewhere, and a line away: the mistakes of editors.
                4 => { let line = line(&bytes, at); let to = index.index(bytes.len()); bytes.splice(to..to, line); }
                _ => { let line = line(&bytes, at); bytes = remove(&bytes, &line); }
            }
            prop_assume!(!bytes.is_empty());
        }
        let text = String::from_utf8_lossy(&bytes);
        let sources = SourceSet::from_text("a.yaml", text.as_ref());
        let (api, diagnostics) = lower(&sources);
        prop_assert!(api.is_some() || diagnostics.is_fatal());
        for diagnostic in &diagnostics {
            prop_assert!(!planewright_codegen::diagnostic::render(diagnostic, &sources).is_empty());
        }
        for stage in Stage::ALL {
            let _ = dump(&Config::tree(), &sources, stage, Some("getThing"));
        }
    }

    #[test]
    fn json_texts_never_panic(text in "[\\[\\]{}:,\"\\\\u0-9eE+.a-f -]{0,64}") {
        let _ = read("a.json", &text);
        let _ = read("a.json", &format!("{{\"openapi\":\"3.0.0\",\"paths\":{text}"));
    }

    #[test]
    fn any_value_anywhere_is_survived(at in any::<prop::sample::Index>(), value in "(null|1|-0.5|true|text|\\[\\]|\\{\\}|\\[a, 1\\]|\\{a: 1\\}|\\{\\$ref: '#/components/schemas/Thing'\\})") {
        // What follows the colon of some line becomes something else.
        let lines: Vec<&str> = DOCUMENT.lines().collect();
        let at = at.index(lines.len());
        let line = lines[at];
        let Some((key, _)) = line.split_once(": ") else { return Ok(()) };
        let mut changed = lines.clone();
        let replaced = format!("{key}: {value}");
        changed[at] = &replaced;
        let (api, diagnostics) = read("a.yaml", &changed.join("\n"));
        prop_assert!(api.is_some() || diagnostics.is_fatal());
    }
}

fn line(bytes: &[u8], at: usize) -> Vec<u8> {
    let start =
        bytes[..at.min(bytes.len())].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
    let end =
        bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |found| start + found + 1);
    bytes[start..end].to_vec()
}

fn remove(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let found = bytes.windows(part.len().max(1)).position(|window| window == part);
    let mut rest = bytes.to_vec();
    if let Some(found) = found {
        rest.drain(found..found + part.len());
    }
    rest
}
