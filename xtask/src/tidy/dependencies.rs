//! Who may depend on whom, and where versions and lints are declared.

use toml::{Table, Value};

use super::{Tree, Violation};

/// The workspace's crates that a crate may depend on.
enum Allowed {
    /// These alone. The second list is for tests: they may look further than the crate itself.
    Only(&'static [&'static str], &'static [&'static str]),
    /// All of them: it sits on top.
    Every,
}

use Allowed::{Every, Only};

/// The direction of dependencies, by folder. A folder that isn't here may depend on no other crate of ours.
const EDGES: &[(&str, Allowed)] = &[
    ("spec", Only(&[], &[])),
    ("codegen", Only(&[], &["planewright-spec"])),
    ("api-model", Only(&[], &["planewright-spec"])),
    ("api-server", Only(&["planewright-model"], &["planewright-spec"])),
    ("api-client", Only(&["planewright-model"], &["planewright-spec", "planewright-server"])),
    ("backend", Only(&["planewright-model", "planewright-client"], &[])),
    (
        "reference-server",
        Only(
            &["planewright-model", "planewright-server", "planewright-backend"],
            &["planewright-spec", "planewright-client"],
        ),
    ),
    // A judge doesn't share the accused's parser: not even its tests see a generated crate.
    (
        "conformance-tests",
        Only(&["planewright-spec", "planewright-sample", "planewright-linearizability"], &[]),
    ),
    (
        "tests/broken",
        Only(
            &[
                "planewright-conformance",
                "planewright-reference-server",
                "planewright-backend",
                "planewright-server",
            ],
            &[],
        ),
    ),
    ("tests/histories", Only(&["planewright-backend", "planewright-linearizability"], &[])),
    ("tests/judge", Only(&["planewright-codegen", "planewright-sample"], &[])),
    ("tests/linearizability", Only(&[], &[])),
    ("tests/sample", Only(&[], &[])),
    ("xtask", Only(&["planewright-codegen", "planewright-spec"], &[])),
    ("cli", Every),
    ("benches", Every),
    ("examples/*", Every),
    ("fuzz", Every),
];

/// Edges that exist only while a feature is on: (folder, crate).
const ONLY_OPTIONAL: &[(&str, &str)] = &[("backend", "planewright-client")];

/// Crates that a folder doesn't depend on without a feature: (folder, crate).
const KEPT_OUT: &[(&str, &[&str])] = &[
    ("api-model", &["hyper", "hyper-util", "tower", "axum", "askama", "tokio"]),
    ("backend", &["hyper", "hyper-util", "tower", "axum", "askama"]),
    ("api-server", &["hyper", "hyper-util", "askama"]),
    ("codegen", &["hyper", "tokio", "tower"]),
    (
        "conformance-tests",
        &["planewright-model", "planewright-server", "planewright-client", "planewright-backend"],
    ),
];

const TABLES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

/// One line of a dependency table.
struct Dependency<'a> {
    name: &'a str,
    value: &'a Value,
    for_tests: bool,
}

impl Dependency<'_> {
    fn flag(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A crate may name itself for its tests: that is how they switch its features on.
    fn is_self(&self, manifest: &Table) -> bool {
        self.for_tests && manifest["package"].get("name").and_then(Value::as_str) == Some(self.name)
    }

    fn is_ours(&self) -> bool {
        self.name.starts_with("planewright-") || self.name == "xtask"
    }
}

/// Every crate's folder and manifest; the root's has no package.
fn manifests(tree: &Tree) -> Vec<(&str, Table)> {
    let folder = |name| if name == "Cargo.toml" { Some("") } else { str::strip_suffix(name, "/Cargo.toml") };
    tree.files()
        .filter_map(|(name, text)| Some((folder(name)?, text)))
        .filter(|(folder, _)| !folder.contains("/tests/") && !folder.contains("/golden"))
        .filter_map(|(folder, text)| Some((folder, text.parse::<Table>().ok()?)))
        .filter(|(_, manifest)| manifest.contains_key("package"))
        .collect()
}

fn dependencies(manifest: &Table) -> Vec<Dependency<'_>> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let groups = std::iter::once(manifest)
        .chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
    let mut all = Vec::new();
    for group in groups {
        for table in TABLES {
            let lines = group.get(table).and_then(Value::as_table);
            all.extend(lines.into_iter().flatten().map(|(name, value)| Dependency {
                name,
                value,
                for_tests: table == "dev-dependencies",
            }));
        }
    }
    all
}

fn allowed(folder: &str) -> &'static Allowed {
    let row = EDGES.iter().find(|(pattern, _)| match pattern.strip_suffix("/*") {
        Some(parent) => folder.split_once('/').is_some_and(|(first, _)| first == parent),
        None => folder == *pattern,
    });
    row.map_or(&Only(&[], &[]), |(_, allowed)| allowed)
}

/// Crates depend on each other only along [`EDGES`].
pub(super) fn direction(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, manifest) in manifests(tree) {
        let file = format!("{folder}/Cargo.toml");
        for dependency in dependencies(&manifest).iter().filter(|dependency| dependency.is_ours()) {
            let name = dependency.name;
            if dependency.is_self(&manifest) {
                continue;
            }
            let fine = match allowed(folder) {
                Every => name != "xtask",
                Only(always, tests) => {
                    always.contains(&name) || dependency.for_tests && tests.contains(&name)
                }
            };
            if !fine {
                found.push(Violation::new(
                    &file,
                    0,
                    format!("may not depend on {name}; the edges are in xtask/src/tidy/dependencies.rs"),
                ));
            }
            let must_be_optional = ONLY_OPTIONAL.contains(&(folder, name)) && !dependency.for_tests;
            if must_be_optional && !dependency.flag("optional") {
                found.push(Violation::new(&file, 0, format!("{name} must be optional, behind a feature")));
            }
        }
    }
    found
}

/// The crates of [`KEPT_OUT`] come in under a feature only.
pub(super) fn foreign(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, manifest) in manifests(tree) {
        let kept_out =
            KEPT_OUT.iter().find(|(name, _)| *name == folder).map_or(&[][..], |(_, crates)| crates);
        for dependency in dependencies(&manifest) {
            let by_default = !dependency.for_tests && !dependency.flag("optional");
            if by_default && kept_out.contains(&dependency.name) {
                let message =
                    format!("{} must not be compiled by everyone who depends on this crate", dependency.name);
                found.push(Violation::new(&format!("{folder}/Cargo.toml"), 0, message));
            }
        }
    }
    found
}

/// Members say `name.workspace = true`.
pub(super) fn shared_versions(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, manifest) in manifests(tree) {
        // Fuzz targets are a workspace of their own, by cargo-fuzz's custom.
        if manifest.contains_key("workspace") {
            continue;
        }
        for dependency in dependencies(&manifest) {
            if !dependency.flag("workspace") && !dependency.is_self(&manifest) {
                let message = format!(
                    "{} must say `workspace = true`; its version stands in the root's table",
                    dependency.name
                );
                found.push(Violation::new(&format!("{folder}/Cargo.toml"), 0, message));
            }
        }
    }
    found
}

/// Members say `[lints] workspace = true`.
pub(super) fn shared_lints(tree: &Tree) -> Vec<Violation> {
    let takes = |manifest: &Table| {
        manifest.get("lints").and_then(|lints| lints.get("workspace")) == Some(&Value::Boolean(true))
    };
    manifests(tree)
        .iter()
        .filter(|(_, manifest)| !manifest.contains_key("workspace") && !takes(manifest))
        .map(|(folder, _)| {
            Violation::new(&format!("{folder}/Cargo.toml"), 0, "must say `[lints] workspace = true`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(find: fn(&Tree) -> Vec<Violation>, file: &str, rest: &str) -> usize {
        let manifest = format!("[package]\nname = \"x\"\n{rest}");
        find(&Tree::of(&[(file, &manifest)])).len()
    }

    #[test]
    fn an_edge_against_the_direction_is_found() {
        let on_server = "[dependencies]\nplanewright-server.workspace = true";
        assert_eq!(check(direction, "backend/Cargo.toml", on_server), 1);
        assert_eq!(check(direction, "api-model/Cargo.toml", on_server), 1);
        assert_eq!(check(direction, "a-new-crate/Cargo.toml", on_server), 1);
        assert_eq!(check(direction, "reference-server/Cargo.toml", on_server), 0);
        assert_eq!(check(direction, "cli/Cargo.toml", on_server), 0);
        assert_eq!(check(direction, "examples/hello/Cargo.toml", on_server), 0);
    }

    #[test]
    fn nothing_depends_on_the_chores() {
        assert_eq!(check(direction, "cli/Cargo.toml", "[dependencies]\nxtask.workspace = true"), 1);
    }

    #[test]
    fn a_test_may_look_further_but_the_judge_may_not() {
        let for_tests = "[dev-dependencies]\nplanewright-server.workspace = true";
        assert_eq!(check(direction, "api-client/Cargo.toml", for_tests), 0);
        assert_eq!(check(direction, "conformance-tests/Cargo.toml", for_tests), 1);
        assert_eq!(
            check(direction, "api-client/Cargo.toml", "[dependencies]\nplanewright-server.workspace = true"),
            1
        );
    }

    #[test]
    fn an_edge_for_one_platform_counts() {
        let unix = "[target.'cfg(unix)'.dependencies]\nplanewright-server.workspace = true";
        assert_eq!(check(direction, "api-model/Cargo.toml", unix), 1);
    }

    #[test]
    fn the_backend_needs_the_client_only_under_a_feature() {
        let always = "[dependencies]\nplanewright-client.workspace = true";
        let optional = "[dependencies]\nplanewright-client = { workspace = true, optional = true }";
        assert_eq!(check(direction, "backend/Cargo.toml", always), 1);
        assert_eq!(check(direction, "backend/Cargo.toml", optional), 0);
    }

    #[test]
    fn a_server_inside_the_backend_is_found() {
        assert_eq!(check(foreign, "backend/Cargo.toml", "[dependencies]\nhyper.workspace = true"), 1);
        assert_eq!(check(foreign, "backend/Cargo.toml", "[dev-dependencies]\nhyper.workspace = true"), 0);
        assert_eq!(check(foreign, "api-client/Cargo.toml", "[dependencies]\nhyper.workspace = true"), 0);
    }

    #[test]
    fn a_crate_may_switch_its_own_features_on_for_its_tests() {
        let own =
            "name = \"planewright-backend\"\n[dev-dependencies]\nplanewright-backend = { path = \".\" }";
        let manifest = format!("[package]\n{own}");
        let tree = Tree::of(&[("backend/Cargo.toml", &manifest)]);
        assert_eq!((direction(&tree), shared_versions(&tree)), (vec![], vec![]));
    }

    #[test]
    fn a_version_of_its_own_is_found() {
        assert_eq!(check(shared_versions, "cli/Cargo.toml", "[dependencies]\nserde = \"1\""), 1);
        assert_eq!(
            check(shared_versions, "cli/Cargo.toml", "[build-dependencies]\nserde = { path = \"x\" }"),
            1
        );
        assert_eq!(check(shared_versions, "cli/Cargo.toml", "[dependencies]\nserde.workspace = true"), 0);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(check(shared_lints, "cli/Cargo.toml", ""), 1);
        assert_eq!(check(shared_lints, "cli/Cargo.toml", "[lints]\nworkspace = true"), 0);
    }
}
