//! What a store holds, exported, imported and checked by the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use planewright_backend::redb::RedbStore;
use planewright_backend::store::{Key, KeyRange, Store, StoreExt, Transaction};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn planewright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_planewright")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must end with this exit code, and returns what it said.
fn told(folder: &Path, code: i32, arguments: &[&str]) -> String {
    let output = planewright(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
    text(if code == 0 { &output.stdout } else { &output.stderr })
}

/// Values that a text format could change.
fn values() -> Vec<(String, Vec<u8>)> {
    let json = r#"{"b":1,"a":[1.0,1e400,"\u00e9"],"a":null}"#;
    let mut values = vec![
        ("json".to_owned(), json.into()),
        ("json/spaced".to_owned(), format!(" {json}").into_bytes()),
        ("json/lines".to_owned(), b"[1,\n2]".to_vec()),
        ("null".to_owned(), b"null".to_vec()),
        ("nothing".to_owned(), Vec::new()),
        ("bytes".to_owned(), (0..=255).collect()),
        ("\u{1}key \"with\n everything\u{10ffff}".to_owned(), b"text".to_vec()),
        ("large".to_owned(), vec![7; 1_000_000]),
    ];
    values.extend((0..300).map(|number| (format!("many/{number}"), number.to_string().into_bytes())));
    values.sort();
    values
}

/// A store with these values in `folder/data`.
#[tokio::main]
async fn fill(folder: &Path, data: &str) {
    let store = RedbStore::open(folder.join(data).join("state.redb")).unwrap();
    for (key, value) in values() {
        store.commit(Transaction::new().put(Key::new(key).unwrap(), value)).await.unwrap();
    }
}

#[tokio::main]
async fn content(folder: &Path, data: &str) -> Vec<(String, Vec<u8>)> {
    let store = RedbStore::open(folder.join(data).join("state.redb")).unwrap();
    let (entries, _) = store.list_all(&KeyRange::all()).await.unwrap();
    entries.into_iter().map(|entry| (entry.key.to_string(), entry.versioned.value.to_vec())).collect()
}

#[test]
fn what_is_exported_comes_back_byte_for_byte() {
    let folder = folder("back");
    fill(&folder, "old");
    let lines = told(&folder, 0, &["store", "export", "--data", "old"]);
    assert!(lines.starts_with("{\"planewright-store\":1}\n"), "{lines}");
    assert!(lines.ends_with("{\"end\":308}\n"));
    assert!(lines.contains(r#"{"key":"json","json":{"b":1,"a":[1.0,1e400,"\u00e9"],"a":null}}"#));
    std::fs::write(folder.join("lines"), &lines).unwrap();
    told(&folder, 0, &["store", "import", "lines", "--data", "new"]);
    assert_eq!(content(&folder, "new"), values());
    assert_eq!(told(&folder, 0, &["store", "export", "--data", "new"]), lines);
    let checked = told(&folder, 0, &["store", "check", "--data", "new"]);
    assert!(checked.starts_with("308 keys, "), "{checked}");
}

#[test]
fn a_store_that_holds_something_is_left_alone() {
    let folder = folder("alone");
    fill(&folder, "old");
    let lines = "{\"planewright-store\":1}\n{\"key\":\"bytes\",\"json\":1}\n{\"end\":1}\n";
    std::fs::write(folder.join("lines"), lines).unwrap();
    let refused = told(&folder, 1, &["store", "import", "lines", "--data", "old"]);
    assert!(refused.contains("isn't empty"), "{refused}");
    assert_eq!(content(&folder, "old"), values());
    told(&folder, 0, &["store", "import", "lines", "--merge", "--data", "old"]);
    let mut expected = values();
    expected.iter_mut().find(|(key, _)| key == "bytes").unwrap().1 = b"1".to_vec();
    assert_eq!(content(&folder, "old"), expected);
}

#[test]
fn a_file_that_is_not_whole_imports_nothing() {
    let folder = folder("cut");
    fill(&folder, "old");
    let lines = told(&folder, 0, &["store", "export", "--data", "old"]);
    let mut without_one: Vec<_> = lines.lines().collect();
    without_one.remove(5);
    let newer = lines.replacen(":1}", ":2}", 1);
    let cases = [
        (lines[..lines.len() - 12].to_owned(), "its last line is missing"),
        (lines[..lines.len() / 2].to_owned(), "this line has no end"),
        (without_one.join("\n") + "\n", "308 keys were exported, and 307 are here"),
        (format!("{lines}{{}}\n"), "there is something after the end"),
        (newer, "format 2 is newer"),
        (String::new(), "no export of a store"),
        (lines.replace("\"json\":17}", "\"base64\":\"?\"}"), "no base64"),
        (lines.replace("\"many/17\"", "\"\""), "key is empty"),
        (lines.replace("\"many/17\"", "17"), "lines:"),
    ];
    for (broken, reason) in cases {
        std::fs::write(folder.join("lines"), broken).unwrap();
        let refused = told(&folder, 1, &["store", "import", "lines", "--data", "new"]);
        assert!(refused.contains(reason), "expected {reason:?}: {refused}");
        assert!(!folder.join("new").exists());
    }
}

#[test]
fn what_can_not_be_is_refused() {
    let folder = folder("refused");
    told(&folder, 3, &["store", "export", "--data", "absent"]);
    assert!(!folder.join("absent").exists());
    told(&folder, 2, &["store", "export", "--store", "memory"]);
    told(&folder, 3, &["store", "import", "absent"]);
    std::fs::write(folder.join("state.redb"), "something else").unwrap();
    let refused = told(&folder, 3, &["store", "check", "--data", "."]);
    assert!(refused.contains("is not a store of this program"), "{refused}");
}
