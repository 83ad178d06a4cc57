//! Whatever a document calls its things, the identifiers are Rust, and no two are equal.

use std::collections::BTreeSet;

use planewright_codegen::rust::names::{claim, pascal, snake};
use proptest::prelude::*;

/// Names of all kinds: words, signs, digits, other scripts, keywords, and plain noise.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_. /-]{0,12}",
        "[0-9+<>=!*-]{0,4}",
        prop::sample::select(
            &["type", "self", "Self", "async", "Option", "crate", "_", "__", "r#type", "é", "日本", "ß", "²"]
                [..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

fn is_identifier(text: &str) -> bool {
    syn::parse_str::<syn::Ident>(text).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn every_name_becomes_an_identifier(name in names()) {
        prop_assert!(is_identifier(&snake(&name)), "{}", snake(&name));
        prop_assert!(is_identifier(&pascal(&name)), "{}", pascal(&name));
    }

    #[test]
    fn identifiers_are_unique_and_whoever_is_spelled_so_keeps_its_name(names in prop::collection::vec(names(), 0..30)) {
        let claims: Vec<_> = names.iter().map(|name| (snake(name), name.clone())).collect();
        let claimed = claim(claims.clone().into_iter(), "_", &["body"]);
        let unique: BTreeSet<_> = claimed.iter().collect();
        prop_assert_eq!(unique.len(), names.len());
        prop_assert!(!claimed.iter().any(|name| name == "body"));
        for name in &claimed {
            prop_assert!(is_identifier(name), "{}", name);
        }
        for (index, (wanted, wire)) in claims.iter().enumerate() {
            let first = names.iter().position(|name| name == wire) == Some(index);
            if wanted == wire && wanted != "body" && first {
                prop_assert_eq!(&claimed[index], wanted);
            }
        }
    }
}

#[test]
fn names_read_as_a_person_would_write_them() {
    for (name, expected) in [
        ("triggerSavepoint", "trigger_savepoint"),
        ("start-time", "start_time"),
        ("X-Request-ID", "x_request_id"),
        ("filter[name]", "filter_name"),
        ("2fa", "n2fa"),
        ("type", "type_"),
        ("+1", "plus_1"),
        ("", "empty"),
    ] {
        assert_eq!(snake(name), expected);
    }
    for (name, expected) in
        [("job_status", "JobStatus"), ("JOB-STATUS", "JobStatus"), ("ApplicationID", "ApplicationId")]
    {
        assert_eq!(pascal(name), expected);
    }
}
