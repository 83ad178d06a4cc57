//! The files of a document: the root, and what references lead to, from there on and so forth.

use std::path::Path;

use super::tree::read_file;
use super::{FileId, MAX_FILE_BYTES, MAX_FILES, Node, SourceFile, SourceSet, Value, percent_decode};
use crate::diagnostic::Sink;

impl SourceSet {
    /// Adds every file that a reference leads to. What can't be had is remembered with the reason, and told where the
    /// reference is followed.
    pub(super) fn follow(&mut self, read: &mut dyn FnMut(&str) -> Result<String, String>) {
        let mut bytes: u64 = self.files.iter().map(|file| file.text.len() as u64).sum();
        let mut at = 0;
        while at < self.files.len() {
            let from = FileId(at as u32);
            for reference in references(&self.files[at]) {
                let known = self.links.contains_key(&(from, reference.clone()));
                if known || is_remote(&reference) {
                    continue;
                }
                let name = beside(self.files[at].name(), &reference);
                let found = self.files.iter().position(|file| file.name == name);
                let target = match found {
                    Some(found) => Ok(FileId(found as u32)),
                    None if self.files.len() >= MAX_FILES => {
                        Err(format!("it is one of more than {MAX_FILES} files"))
                    }
                    None => read(&name).and_then(|text| {
                        bytes += text.len() as u64;
                        if bytes > MAX_FILE_BYTES {
                            return Err(format!("all files together have more than {MAX_FILE_BYTES} bytes"));
                        }
                        self.files.push(SourceFile::new(name, text));
                        Ok(FileId(self.files.len() as u32 - 1))
                    }),
                };
                self.links.insert((from, reference), target);
            }
            at += 1;
        }
    }
}

/// Reads one file from disk, or says why that can't be done.
pub(super) fn read_text(name: &str) -> Result<String, String> {
    let path = Path::new(name);
    let plain = |error: std::io::Error| format!("`{name}` can't be read: {error}");
    let metadata = std::fs::metadata(path).map_err(plain)?;
    if !metadata.is_file() {
        return Err(format!("`{name}` is no file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(format!("`{name}` has more than {MAX_FILE_BYTES} bytes"));
    }
    String::from_utf8(std::fs::read(path).map_err(plain)?).map_err(|_| format!("`{name}` isn't UTF-8"))
}

/// Whether a reference names something in the net, of which nothing is fetched.
pub(super) fn is_remote(reference: &str) -> bool {
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme);
    // A drive's letter is no scheme.
    scheme.is_some_and(|scheme| {
        scheme.len() > 1
            && scheme != "file"
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    })
}

/// The name of the file that `reference` means where it stands in the file `from`.
fn beside(from: &str, reference: &str) -> String {
    let decoded = percent_decode(reference).unwrap_or_else(|| reference.to_owned());
    let path = decoded.strip_prefix("file://").unwrap_or(&decoded);
    let path = path.split('?').next().unwrap_or_default();
    let folder = from.rfind(['/', '\\']).map_or("", |at| &from[..=at]);
    let whole = if Path::new(path).is_absolute() { path.to_owned() } else { format!("{folder}{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The files that the references of a file name, as written.
fn references(file: &SourceFile) -> Vec<String> {
    if !leads_elsewhere(&file.text) {
        return Vec::new();
    }
    let Some(root) = read_file(FileId(0), &file.name, &file.text, &Sink::new()) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![&root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Array(nodes) => open.extend(nodes.iter().rev()),
            Value::Object(object) => {
                let named = object.get("$ref").and_then(Node::as_str);
                let file = named.map(|text| text.split('#').next().unwrap_or_default());
                found.extend(file.filter(|file| !file.is_empty()).map(str::to_owned));
                open.extend(object.iter().rev().map(|member| &member.value));
            }
            _ => {}
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|file| seen.insert(file.clone()));
    found
}

/// A glance at the text: whether any `$ref` may begin with something else than `#`. Most documents are one file, and
/// large ones shouldn't be read twice to find that out.
fn leads_elsewhere(text: &str) -> bool {
    let is_between = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | ':');
    text.match_indices("$ref").any(|(at, word)| {
        let rest = text[at + word.len()..].trim_start_matches(is_between);
        !rest.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::{beside, is_remote, leads_elsewhere};

    #[test]
    fn finds_the_file_beside() {
        for (from, reference, name) in [
            ("api.yaml", "common.yaml", "common.yaml"),
            ("spec/api.yaml", "./types/a%20b.yaml", "spec/types/a b.yaml"),
            ("spec/types/a.yaml", "../api.yaml", "spec/api.yaml"),
            ("api.yaml", "../../other.yaml", "../../other.yaml"),
            ("/abs/api.yaml", "../other.yaml", "/other.yaml"),
            ("/abs/api.yaml", "/else/where.yaml", "/else/where.yaml"),
            ("api.yaml", "file:///else/where.yaml", "/else/where.yaml"),
        ] {
            assert_eq!(beside(from, reference), name, "{from} {reference}");
        }
    }

    #[test]
    fn tells_files_from_the_net() {
        assert!(is_remote("https://example.com/a.yaml") && is_remote("urn:example:a"));
        assert!(!is_remote("a.yaml") && !is_remote("file:///a.yaml") && !is_remote("C:/a.yaml"));
        assert!(!leads_elsewhere("{\"$ref\": \"#/a\"}\n$ref : '#/b'\n$ref:\n  '#/c'"));
        assert!(leads_elsewhere("$ref: a.yaml") && leads_elsewhere("{\"$ref\":\"a.yaml#/b\"}"));
    }
}
