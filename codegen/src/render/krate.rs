use askama::Template;

use super::{Files, RenderFault, outgoing};
use crate::config::{Parts, Runtime};
use crate::ir::{Api, BodyKind};
use crate::rust::{RustApi, docs};

#[derive(Template)]
#[template(path = "crate/Cargo.toml.j2", escape = "none")]
struct Manifest<'a> {
    remake: &'a str,
    name: String,
    version: String,
    description: String,
    features: String,
    parts: Parts,
    dependencies: Vec<String>,
}

#[derive(Template)]
#[template(path = "crate/lib.rs.j2", escape = "none")]
struct Root {
    docs: Vec<String>,
    parts: Parts,
    gated: bool,
    webhooks: bool,
}

#[derive(Template)]
#[template(path = "crate/tree.rs.j2", escape = "none")]
struct Tree {
    parts: Parts,
    gated: bool,
    webhooks: bool,
}

#[derive(Template)]
#[template(path = "crate/README.md.j2", escape = "none")]
struct Readme<'a> {
    name: &'a str,
    title: &'a str,
    version: &'a str,
    contents: String,
    remake: &'a str,
}

/// The files around the parts: those that make them a crate.
pub(super) fn render(
    rust: &RustApi<'_>,
    name: &str,
    runtime: &Runtime,
    files: &mut Files,
) -> Result<(), RenderFault> {
    let api = rust.api();
    let parts = rust.config().parts;
    let title = one_line(&api.title);
    let written = one_line(&api.version);
    let remake = one_line(&rust.config().remake);
    let manifest = Manifest {
        remake: &remake,
        name: toml(name),
        version: toml(&version(&api.version)),
        description: toml(&format!("{title} {written}")),
        features: features(parts),
        parts,
        dependencies: dependencies(parts, runtime, uses_yaml(api)),
    };
    files.add("Cargo.toml".to_owned(), "crate/Cargo.toml.j2", &manifest)?;
    let heading = format!("{title} {written}.");
    let lines = docs::lines([Some(heading.as_str()), api.description.as_deref()]);
    files.add(
        "src/lib.rs".to_owned(),
        "crate/lib.rs.j2",
        &Root { docs: lines, parts, gated: true, webhooks: outgoing::exists(rust) },
    )?;
    let contents =
        [(parts.model, "the types"), (parts.server, "a server's traits"), (parts.client, "a client")];
    let contents: Vec<_> = contents.into_iter().filter(|(there, _)| *there).map(|(_, noun)| noun).collect();
    let readme =
        Readme { name, title: &title, version: &written, contents: contents.join(", "), remake: &remake };
    files.add("README.md".to_owned(), "crate/README.md.j2", &readme)
}

/// The file that holds the parts together where a crate includes them.
pub(super) fn render_tree(rust: &RustApi<'_>, files: &mut Files) -> Result<(), RenderFault> {
    let tree = Tree { parts: rust.config().parts, gated: false, webhooks: outgoing::exists(rust) };
    files.add("mod.rs".to_owned(), "crate/tree.rs.j2", &tree)
}

fn features(parts: Parts) -> String {
    let features = [(parts.server, "\"server\""), (parts.client, "\"client\""), (parts.client, "\"tls\"")];
    let features: Vec<_> = features.into_iter().filter(|(there, _)| *there).map(|(_, name)| name).collect();
    features.join(", ")
}

fn dependencies(parts: Parts, runtime: &Runtime, uses_yaml: bool) -> Vec<String> {
    let dependency = |part: &str, options: &str| {
        let place = match runtime {
            Runtime::Path(path) => {
                format!("path = {}", toml(&format!("{}/api-{part}", path.trim_end_matches('/'))))
            }
            Runtime::Version(version) => format!("version = {}", toml(version)),
        };
        format!("planewright-{part} = {{ {place}{options} }}")
    };
    let mut lines = Vec::new();
    let features = if uses_yaml { ", features = [\"yaml\"]" } else { "" };
    if parts.client {
        lines.push(dependency("client", ", default-features = false, optional = true"));
    }
    lines.push(dependency("model", &format!(", default-features = false{features}")));
    if parts.server {
        lines.push(dependency("server", ", default-features = false, optional = true"));
    }
    lines
}

/// Whether a body can be YAML.
fn uses_yaml(api: &Api) -> bool {
    let operations = || api.operations.iter().chain(&api.outgoing);
    let requests = operations().filter_map(|operation| operation.body.as_ref());
    let requests = requests.flat_map(|body| &body.contents);
    let responses = operations().flat_map(|operation| &operation.responses);
    let mut contents = requests.chain(responses.flat_map(|response| &response.contents));
    contents.any(|content| matches!(content.kind, BodyKind::Yaml(_)))
}

/// The document's version as Cargo demands it: `v1.2` is `1.2.0`, `2024-05-01` is `2024.5.1`, and what has no number in
/// it is `0.1.0`.
fn version(text: &str) -> String {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '_')).unwrap_or(text.len());
    let numbers: Vec<u64> =
        text[..end].split(['.', '-', '_']).map_while(|number| number.parse().ok()).take(3).collect();
    if numbers.is_empty() {
        return "0.1.0".to_owned();
    }
    let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
    format!("{}.{}.{}", number(0), number(1), number(2))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A basic string of TOML.
fn toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_what_cargo_accepts() {
        for (written, expected) in [
            ("1.2.3", "1.2.3"),
            ("v1/2.3.0", "1.0.0"),
            ("v2.1", "2.1.0"),
            ("2024-05-01", "2024.5.1"),
            ("2024-05-01-preview", "2024.5.1"),
            ("1.2.3.4", "1.2.3"),
            ("next", "0.1.0"),
            ("", "0.1.0"),
            ("99999999999999999999", "0.1.0"),
            ("3é", "3.0.0"),
        ] {
            assert_eq!(version(written), expected, "{written}");
        }
    }

    #[test]
    fn no_text_breaks_the_manifest() {
        for text in ["a\"b", "a\\b", "'", "a\u{7f}\u{0}"] {
            let line = format!("x = {}", toml(text));
            assert_eq!(line.parse::<toml::Table>().unwrap()["x"].as_str(), Some(text));
        }
    }
}
