//! The pages that list the rules of an API are made of the rules.

use std::fmt::Write;
use std::path::Path;

use planewright_conformance::{Case, Layer, Suite, apis};

/// The page of an API, which is called so in sentences.
fn page(api: &str, called: &str) -> String {
    let api = apis::named(api).unwrap();
    let rules: Vec<&Case> = api.cases.iter().filter(|case| case.layer == Layer::Rules).collect();
    let mut page = format!(
        "# Rules of {called}\n\n\
         What `planewright conformance {}` demands in its rules layer: {} rules. A rule is `MUST` if an implementation that breaks \
         it doesn't conform.\n\n\
         This page is made of the rules; `UPDATE_GOLDEN=1 cargo test -p planewright-conformance --test pages` makes it anew.\n",
        api.name,
        rules.len()
    );
    let mut part = "";
    for rule in rules {
        let of = rule.id.split('.').nth(1).unwrap_or_default();
        if of != part {
            part = of;
            write!(page, "\n## {part}\n\n| rule | level | what is demanded | where it is written |\n|---|---|---|---|\n").unwrap();
        }
        let needs = rule.needs.iter().map(|feature| format!(" Needs {feature}.")).collect::<String>();
        let Case { id, requirement, source, .. } = rule;
        writeln!(page, "| `{id}` | {} | {requirement}{needs} | {source} |", rule.level.name()).unwrap();
    }
    page
}

fn check(file: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/{file} isn't what the rules say; UPDATE_GOLDEN=1 has this test write it");
}

#[test]
fn the_page_of_flink_says_what_its_rules_say() {
    check("conformance-flink.md", &page("flink", "Flink's API"));
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_source() {
    let cases = apis::named("flink").unwrap().cases;
    for (number, case) in cases.iter().enumerate() {
        assert!(!cases[..number].iter().any(|other| other.id == case.id), "{} twice", case.id);
        assert!(case.id.starts_with("flink."), "{}", case.id);
        if case.layer == Layer::Rules {
            assert!(case.requirement.ends_with('.') && !case.source.is_empty(), "{}", case.id);
        }
    }
}

#[test]
fn every_known_difference_is_one_of_a_case() {
    let suite = Suite::new(apis::named("flink").unwrap());
    let list = include_str!("../src/apis/flink/differences.txt");
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (id, reason) = line.split_once("  # ").unwrap_or((line, ""));
        assert!(!reason.is_empty(), "{line}");
        assert!(suite.clone().only(id).cases().next().is_some(), "{id}");
    }
}
