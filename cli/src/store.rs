//! `planewright store`: moves the content of a store, as JSON lines.
//!
//! The first line names the format, each further one is a key with its value, and the last says how many there were: a file
//! that was cut is noticed. Values that are JSON stand there as they are, byte for byte, all others in base64.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use planewright_backend::store::{Entry, Key, KeyRange, Precondition, Store, StoreError, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Failure;
use crate::arguments::{StoreCommand, StoreImport};
use crate::backends::store::StoreOptions;

/// The format of the lines.
const FORMAT: u64 = 1;

/// How many entries are read at once: one may have a mebibyte.
const PAGE: usize = 64;

/// One line. Which fields it has decides what it is.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(rename = "planewright-store", default, skip_serializing_if = "Option::is_none")]
    format: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
}

/// Exports, imports or checks.
pub(crate) fn run(command: &StoreCommand) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not("starting the runtime", &error))?;
    runtime.block_on(async {
        match command {
            StoreCommand::Export(options) => export(options).await,
            StoreCommand::Import(arguments) => import(arguments).await,
            StoreCommand::Check(options) => check(options).await,
        }
    })
}

async fn export(options: &StoreOptions) -> Result<(), Failure> {
    let store = options.open_existing().await?;
    let mut out = BufWriter::new(io::stdout().lock());
    print(&mut out, &Line { format: Some(FORMAT), ..Line::default() })?;
    let walked = walk(&*store, |entry| {
        let key = Some(Cow::Borrowed(entry.key.as_str()));
        match as_json(&entry.versioned.value) {
            Some(json) => print(&mut out, &Line { key, json: Some(json), ..Line::default() }),
            None => {
                let base64 = Some(STANDARD.encode(&entry.versioned.value));
                print(&mut out, &Line { key, base64, ..Line::default() })
            }
        }
    });
    let keys = walked.await?;
    print(&mut out, &Line { end: Some(keys), ..Line::default() })?;
    out.flush().map_err(|error| Failure::could_not("writing the lines", &error))?;
    eprintln!("{keys} keys exported");
    Ok(())
}

async fn check(options: &StoreOptions) -> Result<(), Failure> {
    let store = options.open_existing().await?;
    let mut bytes = 0;
    let counted = walk(&*store, |entry| {
        bytes += entry.key.as_str().len() + entry.versioned.value.len();
        Ok(())
    });
    let keys = counted.await?;
    println!("{keys} keys, {bytes} bytes: all of them can be read");
    Ok(())
}

/// Shows all entries, as they are at one revision. Returns how many there are.
async fn walk(
    store: &dyn Store,
    mut show: impl FnMut(&Entry) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let (mut range, mut revision, mut keys) = (KeyRange::all(), None, 0);
    loop {
        let page = store.list(&range, PAGE).await.map_err(|error| failed("reading the store", &error))?;
        if *revision.get_or_insert(page.revision) != page.revision {
            let message = "the store is being written: stop the servers that work on it";
            return Err(Failure::new(Failure::COULD_NOT_RUN, message));
        }
        for entry in &page.entries {
            show(entry)?;
            keys += 1;
        }
        match page.next {
            Some(next) => range = next,
            None => return Ok(keys),
        }
    }
}

/// The value as it stands in its line, if it can stand there: JSON in one line, and nothing around it that would get lost.
/// `null` can't, since it would read as no value.
fn as_json(value: &[u8]) -> Option<&RawValue> {
    let json: &RawValue = serde_json::from_slice(value).ok()?;
    let whole = json.get().len() == value.len() && json.get() != "null";
    (whole && !json.get().contains(['\n', '\r'])).then_some(json)
}

fn print(out: &mut impl io::Write, line: &Line<'_>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::could_not("writing the lines", &error);
    serde_json::to_writer(&mut *out, line).map_err(|error| failed(error.into()))?;
    out.write_all(b"\n").map_err(failed)
}

async fn import(arguments: &StoreImport) -> Result<(), Failure> {
    // Once for nothing: a file that is no good must not be found out about when half of it has been written.
    let mut entries = Entries::open(&arguments.file)?;
    while entries.next()?.is_some() {}

    let store = arguments.store.open_kept().await?;
    let mut entries = Entries::open(&arguments.file)?;
    let mut written = 0;
    let mut batch = Batch::default();
    if !arguments.merge {
        batch.transaction = batch.transaction.require(Precondition::Empty(KeyRange::all()));
    }
    loop {
        let entry = entries.next()?;
        let last = entry.is_none();
        if let Some((key, value)) = entry {
            if !batch.has_room(&key, &value) {
                written += std::mem::take(&mut batch).commit(&*store, written).await?;
            }
            batch.add(key, value, arguments.merge);
        }
        if last {
            written += batch.commit(&*store, written).await?;
            eprintln!("{written} keys imported");
            return Ok(());
        }
    }
}

/// What one commit takes.
#[derive(Default)]
struct Batch {
    transaction: Transaction,
    bytes: usize,
}

impl Batch {
    fn has_room(&self, key: &Key, value: &[u8]) -> bool {
        // One precondition may be that of an empty store.
        self.transaction.writes.len() + 1 < Transaction::MAX_OPERATIONS
            && self.bytes + key.as_str().len() + value.len() <= Transaction::MAX_BYTES
    }

    fn add(&mut self, key: Key, value: Vec<u8>, merge: bool) {
        self.bytes += key.as_str().len() + value.len();
        let mut transaction = std::mem::take(&mut self.transaction);
        if !merge {
            transaction = transaction.require_absent(key.clone());
        }
        self.transaction = transaction.put(key, value);
    }

    /// Returns how many keys it wrote.
    async fn commit(self, store: &dyn Store, before: u64) -> Result<u64, Failure> {
        let keys = self.transaction.writes.len() as u64;
        match store.commit(self.transaction).await {
            Ok(_) => Ok(keys),
            Err(StoreError::Conflict { key, .. }) => {
                let message = match before {
                    0 => format!("the store isn't empty, it holds {key}: --merge writes over what is there"),
                    _ => format!("key {key} has come into the store meanwhile; {before} keys were imported"),
                };
                Err(Failure::new(Failure::CHECKED, message))
            }
            Err(error) => Err(failed(&format!("writing the store, {before} keys were imported"), &error)),
        }
    }
}

fn failed(what: &str, error: &StoreError) -> Failure {
    match error {
        StoreError::Corrupt { .. } => Failure::new(Failure::CHECKED, format!("{what}: {error}")),
        error => Failure::could_not(what, error),
    }
}

/// Reads the lines of a file, and makes sure that all are there.
struct Entries {
    file: PathBuf,
    reader: BufReader<File>,
    text: String,
    line: u64,
    keys: u64,
}

impl Entries {
    fn open(file: &Path) -> Result<Self, Failure> {
        let could_not = |error| Failure::could_not(&format!("reading {}", file.display()), &error);
        let reader = File::open(file).map_err(could_not)?;
        if !reader.metadata().map_err(could_not)?.is_file() {
            let message = format!("{} is no file; it is read twice", file.display());
            return Err(Failure::new(Failure::USAGE, message));
        }
        let reader = BufReader::new(reader);
        let mut entries = Self { file: file.to_owned(), reader, text: String::new(), line: 0, keys: 0 };
        match entries.read()? {
            Some(Line { format: Some(FORMAT), key: None, end: None, .. }) => Ok(entries),
            Some(Line { format: Some(format), .. }) if format > FORMAT => {
                let reason =
                    format!("format {format} is newer than this version, which reads format {FORMAT}");
                Err(entries.wrong(&reason))
            }
            _ => Err(entries.wrong("this is no export of a store")),
        }
    }

    fn next(&mut self) -> Result<Option<(Key, Vec<u8>)>, Failure> {
        let keys = self.keys;
        let line = self.read()?;
        let wrong = |reason: String| Err(reason);
        let parsed = match line {
            None => wrong("the file is cut: its last line is missing".to_owned()),
            Some(Line { format: None, key: None, json: None, base64: None, end: Some(end) }) => {
                if end == keys {
                    Ok(None)
                } else {
                    wrong(format!("{end} keys were exported, and {keys} are here"))
                }
            }
            Some(Line { format: None, key: Some(key), json, base64, end: None }) => {
                let value = match (json, base64) {
                    (Some(json), None) => Ok(json.get().as_bytes().to_vec()),
                    (None, Some(text)) => {
                        STANDARD.decode(text).map_err(|error| format!("the value is no base64: {error}"))
                    }
                    _ => Err("a key has one value, in `json` or `base64`".to_owned()),
                };
                let key = Key::new(key).map_err(|error| error.to_string());
                value.and_then(|value| Ok(Some((key?, value))))
            }
            Some(_) => wrong("this is neither a key with its value nor the end".to_owned()),
        };
        match parsed {
            Ok(Some(entry)) => {
                self.keys += 1;
                Ok(Some(entry))
            }
            Ok(None) => match self.read()? {
                None => Ok(None),
                Some(_) => Err(self.wrong("there is something after the end")),
            },
            Err(reason) => Err(self.wrong(&reason)),
        }
    }

    fn read(&mut self) -> Result<Option<Line<'_>>, Failure> {
        self.text.clear();
        self.line += 1;
        let read = self.reader.read_line(&mut self.text);
        let read =
            read.map_err(|error| Failure::could_not(&format!("reading {}", self.file.display()), &error))?;
        if read == 0 {
            return Ok(None);
        }
        if !self.text.ends_with('\n') {
            return Err(self.wrong("the file is cut: this line has no end"));
        }
        let place = format!("{}:{}", self.file.display(), self.line);
        match serde_json::from_str(&self.text) {
            Ok(line) => Ok(Some(line)),
            Err(error) => Err(Failure::new(Failure::CHECKED, format!("{place}: {error}"))),
        }
    }

    fn wrong(&self, reason: &str) -> Failure {
        Failure::new(Failure::CHECKED, format!("{}:{}: {reason}", self.file.display(), self.line))
    }
}
