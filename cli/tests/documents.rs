//! The commands that read a document, as a script sees them: exit codes, messages, files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Its tag is described twice, which is a warning.
const SHOP: &str = r#"openapi: 3.0.3
info: {title: Shop, version: "1"}
tags: [{name: books}, {name: books}]
paths:
  /books:
    get: {operationId: listBooks, tags: [books], responses: {"204": {description: None.}}}
  /orders:
    get: {operationId: listOrders, tags: [orders], responses: {"204": {description: None.}}}
"#;

/// A folder of one test, with the document in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    write(&folder, "shop.yaml", SHOP);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn planewright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_planewright")).args(arguments).current_dir(folder).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn strict_makes_warnings_errors() {
    let folder = folder("strict");
    let lenient = planewright(&folder, &["check", "shop.yaml"]);
    assert_eq!(lenient.status.code(), Some(0), "{}", stderr(&lenient));
    assert!(stderr(&lenient).contains("shop.yaml:3:30: warning[W0210]"), "{}", stderr(&lenient));

    let strict = planewright(&folder, &["check", "--strict", "shop.yaml"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(stderr(&strict).contains("shop.yaml:3:30: error[W0210]"), "{}", stderr(&strict));

    let generate = planewright(&folder, &["generate", "--strict", "shop.yaml", "--out", "crate"]);
    assert_eq!(generate.status.code(), Some(1));
    assert!(!folder.join("crate").exists());
}

#[test]
fn messages_for_editors_are_json_lines() {
    let folder = folder("json");
    let told = planewright(&folder, &["check", "--message-format", "json", "shop.yaml"]);
    let lines: Vec<serde_json::Value> =
        stderr(&told).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{}", stderr(&told));
    assert_eq!((&lines[0]["code"], &lines[0]["line"]), (&"W0210".into(), &3.into()));

    let done = planewright(&folder, &["generate", "--message-format", "json", "shop.yaml", "--out", "crate"]);
    let summary: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(summary["operations"], 2);
}

#[test]
fn a_configuration_and_the_command_line_choose_together() {
    let folder = folder("configuration");
    write(&folder, "fix.yaml", "overlay: 1.0.0\nactions: [{target: '$.tags[1]', remove: true}]\n");
    write(
        &folder,
        "planewright.toml",
        "document = 'shop.yaml'\noverlays = ['fix.yaml']\npackage = 'books'\n[select]\ninclude-tags = ['books']\n",
    );
    let arguments = ["generate", "--config", "planewright.toml", "--strict", "--out", "crate"];
    let done = planewright(&folder, &arguments);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let read = |path: &str| std::fs::read_to_string(folder.join("crate").join(path)).unwrap();
    assert!(read("Cargo.toml").contains("name = \"books\""));
    assert!(read("src/client/books.rs").contains("fn list_books"));
    assert!(!folder.join("crate/src/client/orders.rs").exists());
    assert_eq!(planewright(&folder, &[&arguments[..], &["--check"]].concat()).status.code(), Some(0));

    let more = [&arguments[..], &["--include-operation", "listOrders", "--check"]].concat();
    assert_eq!(planewright(&folder, &more).status.code(), Some(1));

    write(&folder, "planewright.toml", "document = 'shop.yaml'\n[select]\ninclude-tag = ['books']\n");
    let wrong = planewright(&folder, &["check", "--config", "planewright.toml"]);
    assert_eq!(wrong.status.code(), Some(3));
    assert!(stderr(&wrong).contains("line 3, column 1"), "{}", stderr(&wrong));
}

#[test]
fn a_code_is_explained_with_an_example() {
    let folder = folder("explain");
    let told = planewright(&folder, &["explain", "w0210"]);
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(text.starts_with("W0210: duplicate-tag\n") && text.contains("For example:"), "{text}");
    assert_eq!(planewright(&folder, &["explain", "W9999"]).status.code(), Some(2));
    let list = planewright(&folder, &["explain", "--list"]);
    assert!(String::from_utf8_lossy(&list.stdout).lines().count() > 70);
}

#[test]
fn a_build_script_makes_the_same() {
    let folder = folder("build-script");
    let done = planewright(&folder, &["generate", "shop.yaml", "--out", "crate"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let tree = folder.join("tree");
    planewright_codegen::build_script::Builder::new(folder.join("shop.yaml")).out_dir(&tree).run().unwrap();
    let mut count = 0;
    for part in ["model", "server", "client"] {
        for file in std::fs::read_dir(tree.join(part)).unwrap() {
            let file = file.unwrap().path();
            let made = std::fs::read_to_string(&file).unwrap();
            let other = folder.join("crate/src").join(part).join(file.file_name().unwrap());
            let written = std::fs::read_to_string(&other).unwrap_or_default();
            // The line that says how to remake it names the one or the other.
            assert_eq!(
                made.replace("`cargo build`", "`planewright generate`"),
                written,
                "{}",
                file.display()
            );
            count += 1;
        }
        let files = std::fs::read_dir(folder.join("crate/src").join(part)).unwrap().count();
        assert_eq!(files, std::fs::read_dir(tree.join(part)).unwrap().count(), "{part}");
    }
    assert!(count > 6, "only {count} files");
}

#[test]
fn what_is_piped_has_no_escapes() {
    let folder = folder("plain");
    let done = planewright(&folder, &["generate", "shop.yaml", "--out", "crate"]);
    assert_eq!(done.status.code(), Some(0));
    assert!(!stderr(&done).contains(['\u{1b}', '\r']), "{:?}", stderr(&done));
}
