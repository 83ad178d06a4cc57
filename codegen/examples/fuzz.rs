//! Documents that are almost sound, until the time is up: whatever the text, the generator neither panics nor hangs.
//!
//! ```sh
//! cargo run -p planewright-codegen --example fuzz -- 600 [SEED [FOLDER...]]
//! ```
//!
//! Fixtures, and the documents of further folders up to 200 kB, are changed here and there: bytes, lines, values,
//! whole members of other documents. Each result goes through the whole generator. What panics is written to the
//! system's folder for temporary files and named; so is, beforehand, what is being tried, for the case that the process
//! dies of it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use planewright_codegen::config::Config;
use planewright_codegen::diagnostic::{render, to_json};
use planewright_codegen::generate;
use planewright_codegen::source::SourceSet;

/// Longer seeds would leave time for too few attempts.
const LONGEST_SEED: u64 = 200_000;

/// An attempt that takes longer is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// What means something somewhere in a document.
const WORDS: [&str; 48] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e400",
    "''",
    "[]",
    "{}",
    "[a]",
    "{a: b}",
    "*a",
    "&a",
    "<<",
    "$ref",
    "$anchor",
    "$id",
    "$defs",
    "type",
    "properties",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "enum",
    "const",
    "default",
    "required",
    "additionalProperties",
    "discriminator",
    "nullable",
    "format",
    "pattern",
    "content",
    "schema",
    "parameters",
    "responses",
    "'#/components/schemas/Thing'",
    "'#'",
    "'#/paths'",
    "[string, 'null']",
    "3.1.0",
    "'2.0'",
    "\u{1F600}",
    "{",
    "\"",
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")];
    folders.extend(arguments.map(PathBuf::from));
    let mut seeds = Vec::new();
    folders.iter().for_each(|folder| collect(folder, &mut seeds));
    // One order on every machine.
    seeds.sort();
    println!("{} seeds, {seconds} seconds, seed {seed}", seeds.len());
    std::panic::set_hook(Box::new(|_| ()));
    let mut chance = Chance(seed);
    let (mut tried, mut generated, mut found) = (0_u64, 0_u64, 0_u64);
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let (name, text) = changed(&mut chance, &seeds);
        let current = keep("current", &name, &text);
        let start = Instant::now();
        tried += 1;
        match catch_unwind(|| attempt(&name, &text)) {
            Ok(whole) => generated += u64::from(whole),
            Err(cause) => {
                found += 1;
                let kept = keep(&format!("panic-{seed}-{tried}"), &name, &text);
                let said = cause.downcast_ref::<String>().map(String::as_str);
                let said = said.or(cause.downcast_ref::<&str>().copied()).unwrap_or("no words");
                println!("{}: {said}", kept.display());
            }
        }
        if start.elapsed() > PATIENCE {
            found += 1;
            let kept = keep(&format!("slow-{seed}-{tried}"), &name, &text);
            println!("{}: {:.1} seconds", kept.display(), start.elapsed().as_secs_f64());
        }
        if tried == 1 {
            println!("what is tried stands in {}", current.display());
        }
    }
    println!("{tried} tried, {generated} generated, {found} found");
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The whole generator, and what a user sees of the messages. Whether something was generated.
fn attempt(name: &str, text: &str) -> bool {
    let sources = SourceSet::from_text(name, text);
    let show = |diagnostics: &planewright_codegen::diagnostic::Diagnostics| {
        for diagnostic in diagnostics {
            assert!(!render(diagnostic, &sources).is_empty());
            assert!(to_json(diagnostic, &sources).is_object());
        }
    };
    match generate(&Config::tree(), &sources) {
        Ok(generated) => {
            show(&generated.diagnostics);
            true
        }
        Err(planewright_codegen::GenerateError::Document(diagnostics)) => {
            show(&diagnostics);
            false
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            panic!("{error}: {}", cause.unwrap_or_default())
        }
    }
}

/// Numbers that look random, the same for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn changed(chance: &mut Chance, seeds: &[(String, String)]) -> (String, String) {
    let (name, text) = chance.of(seeds).clone();
    let mut bytes = text.into_bytes();
    for _ in 0..1 + chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(9) {
            0 => bytes.insert(at, b"{}[]:,'\"#&*-\n $/~%\\0aZ\x80"[chance.below(23)]),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 => {
                let word = chance.of(&WORDS).bytes().collect::<Vec<_>>();
                bytes.splice(at..at, word);
            }
            // A value becomes another.
            3 | 4 => {
                let (start, end) = line(&bytes, at);
                if let Some(colon) = bytes[start..end].windows(2).position(|pair| pair == b": ") {
                    let word = format!(" {}", chance.of(&WORDS));
                    bytes.splice(start + colon + 1..end, word.into_bytes());
                }
            }
            // A line comes again elsewhere, or goes away.
            5 => {
                let (start, end) = line(&bytes, at);
                let copy = [b"\n".as_slice(), &bytes[start..end]].concat();
                let to = line(&bytes, chance.below(bytes.len() + 1)).1;
                bytes.splice(to..to, copy);
            }
            6 => {
                let (start, end) = line(&bytes, at);
                bytes.drain(start..end);
            }
            // A block of another document.
            7 => {
                let other = chance.of(seeds).1.as_bytes();
                let (start, _) = line(other, chance.below(other.len() + 1));
                let end = (start + chance.below(600)).min(other.len());
                let to = line(&bytes, at).1;
                bytes.splice(to..to, [b"\n".as_slice(), &other[start..end]].concat());
            }
            _ => {
                // One name becomes another, everywhere: things refer to each other anew.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let names: Vec<&str> =
                    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).collect();
                if !names.is_empty() {
                    let (from, to) = (*chance.of(&names), *chance.of(&names));
                    bytes = text.replacen(from, to, 1 + chance.below(3)).into_bytes();
                }
            }
        }
    }
    (name, String::from_utf8_lossy(&bytes).into_owned())
}

/// The line around a byte, without its end.
fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let at = at.min(bytes.len());
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
    let end =
        bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |found| start + found);
    (start, end)
}

fn collect(folder: &Path, seeds: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            collect(&path, seeds);
            continue;
        }
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let small = path.metadata().is_ok_and(|metadata| metadata.len() <= LONGEST_SEED);
        if small
            && matches!(extension, "yaml" | "json")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            seeds.push((format!("fuzz.{extension}"), text));
        }
    }
}

fn keep(what: &str, name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("planewright-{what}-{}-{name}", std::process::id()));
    // What can't be kept is still told.
    let _ = std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    path
}
