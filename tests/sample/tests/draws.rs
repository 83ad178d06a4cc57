//! What is drawn satisfies its schema, and what misses doesn't, in the eyes of a validator.

use std::collections::BTreeMap;

use planewright_sample::{Sampler, Size};
use serde_json::{Value, json};

fn schemas() -> Vec<Value> {
    vec![
        json!({"type": "integer", "minimum": 3, "maximum": 9, "multipleOf": 3}),
        json!({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 2}),
        json!({"type": "number", "minimum": 0.5, "exclusiveMaximum": 0.75}),
        json!({"type": "number", "multipleOf": 0.01, "minimum": 0}),
        json!({"type": "string", "minLength": 2, "maxLength": 3}),
        json!({"type": "string", "pattern": "^[a-z]{2,4}-\\d+$", "maxLength": 9}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "format": "date"}),
        json!({"type": "string", "format": "uuid"}),
        json!({"type": ["string", "null"], "enum": ["a", "b", null]}),
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2, "uniqueItems": true}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2, "maxProperties": 3}),
        json!({"type": "object", "patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": false}),
        json!({
            "allOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
                {"properties": {"a": {"maxLength": 1}, "b": {"const": 7}}, "additionalProperties": false},
            ],
        }),
        json!({"oneOf": [{"type": "string"}, {"type": "object", "required": ["k"], "properties": {"k": {"const": "v"}}}]}),
        json!({
            "$defs": {"tree": {"type": "object", "required": ["left"], "properties": {
                "left": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}, "right": {"$ref": "#/$defs/tree"},
            }}},
            "$ref": "#/$defs/tree",
        }),
    ]
}

#[test]
fn drawn_values_are_valid_and_misses_are_not() {
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for schema in schemas() {
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for seed in 0..30 {
            for size in [Size::Small, Size::Medium, Size::Large] {
                let sample = Sampler::new(&schema)
                    .draw(&schema, size, seed)
                    .unwrap_or_else(|| panic!("{schema} {seed}"));
                assert!(validator.is_valid(&sample.value), "{schema}\n{}", sample.value);
                // Large samples have thousands; a few of them tell as much.
                for miss in sample.misses.iter().step_by(1 + sample.misses.len() / 40) {
                    let counts = seen.entry(miss.keyword).or_default();
                    counts.0 += 1;
                    counts.1 += usize::from(!validator.is_valid(&sample.with(miss)));
                }
            }
        }
    }
    for keyword in [
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "required",
        "enum",
        "type",
    ] {
        let (all, invalid) = seen[keyword];
        assert!(invalid * 10 >= all * 9, "{keyword}: {invalid} of {all} misses are invalid");
    }
    for keyword in ["pattern", "format", "multipleOf", "additionalProperties"] {
        let (all, invalid) = seen[keyword];
        assert!(invalid * 50 >= all, "{keyword}: {invalid} of {all} misses are invalid");
    }
}

#[test]
fn equal_seeds_give_equal_samples() {
    for schema in schemas() {
        let sampler = Sampler::new(&schema);
        for seed in 0..5 {
            assert_eq!(sampler.draw(&schema, Size::Medium, seed), sampler.draw(&schema, Size::Medium, seed));
        }
    }
}

#[test]
fn bounds_beyond_all_numbers_are_no_panic() {
    for schema in [
        json!({"type": "integer", "maximum": 1e300}),
        json!({"type": "integer", "minimum": -1e300, "exclusiveMaximum": 1e300}),
        json!({"type": "number", "minimum": 1e300, "multipleOf": 1e-300}),
        json!({"type": "string", "maxLength": u64::MAX, "minLength": 0}),
        json!({"type": "array", "maxItems": u64::MAX}),
        json!({"type": "object", "maxProperties": u64::MAX, "minProperties": u64::MAX}),
    ] {
        for seed in 0..50 {
            let _ = Sampler::new(&schema).draw(&schema, Size::Large, seed);
        }
    }
}

#[test]
fn what_nothing_satisfies_is_not_drawn() {
    for schema in [
        json!(false),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!({"$defs": {"a": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"}),
        json!({"$ref": "#/nowhere"}),
        json!({"$ref": "#"}),
    ] {
        assert_eq!(Sampler::new(&schema).draw(&schema, Size::Large, 1), None, "{schema}");
    }
}

#[test]
fn probes_go_up_to_each_rule_and_over_it() {
    let schema = serde_json::json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 5},
            "size": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
            "way": {"enum": ["in", "out"]},
            "parts": {"type": "array", "maxItems": 2, "items": {"type": "string", "pattern": "^[a-z]{3}$"}},
        },
        "additionalProperties": false,
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let probes = planewright_sample::Sampler::new(&schema).probes(&schema, 7, 1000);
    let side = |place: &str, keyword: &str, side: &str| {
        let found = probes
            .iter()
            .find(|one| (one.place.as_str(), one.keyword, one.side.as_str()) == (place, keyword, side));
        let found = found.unwrap_or_else(|| panic!("{place} {keyword} {side}"));
        validator.is_valid(&found.value)
    };
    for (place, keyword, valid, invalid) in [
        ("name", "minLength", &["at", "inside"][..], &["outside", "code-points"][..]),
        ("name", "maxLength", &["at", "inside", "code-points"], &["outside"]),
        ("name", "required", &[], &["missing"]),
        ("name", "type", &["valid"], &["null", "number", "boolean", "list", "object"]),
        ("size", "minimum", &["at", "inside"], &["outside"]),
        ("size", "maximum", &["at", "inside"], &["outside"]),
        ("size", "type", &["null", "integral-fraction"], &["text", "fraction"]),
        ("way", "enum", &["in", "out"], &["none", "other-case"]),
        ("parts", "maxItems", &["at"], &["outside"]),
        ("parts.each", "pattern", &["hit"], &["miss", "line-feed", "space", "longer", "empty"]),
        ("", "additionalProperties", &[], &["unforeseen"]),
    ] {
        for one in valid {
            assert!(side(place, keyword, one), "{place} {keyword} {one}");
        }
        for one in invalid {
            assert!(!side(place, keyword, one), "{place} {keyword} {one}");
        }
    }
}
