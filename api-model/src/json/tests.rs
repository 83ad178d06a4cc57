use proptest::prelude::*;

use super::*;
use crate::{Map, Path, Validate, Violations};

#[test]
fn what_is_refused_has_its_place() {
    let error = Map::<Vec<i32>>::read_json(br#"{"a": [1], "b/c": [2, "x"]}"#).unwrap_err();
    assert_eq!((error.path(), error.offset(), error.is_syntax()), ("/b~1c/1", Some(22), false));
    assert_eq!(error.message(), "an integer is expected, this is a string");
    for (text, offset, message) in [
        ("", 0, "the text ends too early"),
        ("[1, ", 4, "the text ends too early"),
        ("[1 2]", 3, "`,` or `]` is expected"),
        ("01", 1, "a number doesn't begin with a zero"),
        ("1.", 2, "the text ends too early"),
        ("[+1]", 1, "a value is expected"),
        (r#""\x""#, 2, "there is no such escape"),
        (r#""\ud800""#, 3, "half of a surrogate pair is no character"),
        ("\"\n\"", 1, "a control character in a string must be escaped"),
        ("{} {}", 3, "there is more behind the value"),
        ("{1: 2}", 1, "the name of a member is expected"),
    ] {
        let error = Any::read_json(text.as_bytes()).unwrap_err();
        assert_eq!(
            (error.offset(), error.message(), error.is_syntax()),
            (Some(offset), message, true),
            "{text}"
        );
    }
    assert_eq!(Any::read_json(b"\"\xff\"").unwrap_err().offset(), Some(1));
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Any::read_json(nested(128).as_bytes()).is_ok());
    assert!(Any::read_json(nested(129).as_bytes()).unwrap_err().is_syntax());
    assert!(Any::read_json("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn integers_may_be_written_as_floats() {
    assert_eq!(Vec::<i32>::read_json(b"[1, 1.0, -2e3, 150E-1]"), Ok(vec![1, 1, -2000, 15]));
    assert!(i64::read_json(b"1.5").is_err());
    assert!(i32::read_json(b"2147483648").is_err());
    assert_eq!(u64::read_json(b"18446744073709551615"), Ok(u64::MAX));
    assert!(f64::read_json(b"1e999").is_err());
    let digits = "123456789012345678901234567890.10";
    assert_eq!(Decimal::read_json(digits.as_bytes()).unwrap().to_string(), digits);
    assert!(f64::NAN.write_json(&mut Vec::new()).is_err());
}

/// As a generated type would read it.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    x: i64,
    label: Option<String>,
    note: Option<String>,
}

impl Json for Point {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        let mut object = node.object()?;
        let value = Self {
            x: object.required("x")?,
            label: object.optional("label")?,
            note: object.nullable("note")?,
        };
        object.end_closed()?;
        Ok(value)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object().member("x", &self.x).optional("label", &self.label).member("note", &self.note).end();
    }
}

impl Validate for Point {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        if self.x < 0 {
            violations.add(&path.member("x"), "minimum", || "must not be negative".to_owned());
        }
    }
}

#[test]
fn an_object_is_read_in_any_order_and_written_in_its_own() {
    let point = Point::read_json(br#"{"note": null, "x": 1, "label": "a"}"#).unwrap();
    assert_eq!(point, Point { x: 1, label: Some("a".to_owned()), note: None });
    let mut text = Vec::new();
    point.write_json(&mut text).unwrap();
    assert_eq!(text, br#"{"x":1,"label":"a","note":null}"#);
}

#[test]
fn what_is_forbidden_is_refused_by_strict_readers_alone() {
    for (text, message) in [
        (r#"{"x": 1, "note": null, "y": 2}"#, "there is no member `y` in such an object"),
        (r#"{"x": 1}"#, "the member `note` is missing"),
        (r#"{"x": 1, "note": null, "label": null}"#, "a string is expected, this is null"),
    ] {
        assert_eq!(Point::read_json(text.as_bytes()).unwrap().x, 1, "{text}");
        assert_eq!(Point::read_json_strict(text.as_bytes()).unwrap_err().message(), message, "{text}");
    }
    for text in [r#"{"note": null}"#, "[]", r#"{"x": 1, "x": 2, "note": null}"#, "null"] {
        assert!(Point::read_json(text.as_bytes()).is_err(), "{text}");
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Number(i64),
    Point(Point),
    Open(Map<Any>),
    Text(String),
}

impl Validate for Shape {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        if let Self::Point(point) = self {
            point.validate(path, violations);
        }
    }
}

impl Json for Shape {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        node.alternative(
            Fit::One,
            &[
                |node| node.read().map(Self::Text),
                |node| node.read().map(Self::Number),
                |node| node.read().map(Self::Point),
                |node| node.read().map(Self::Open),
            ],
        )
    }

    fn write(&self, _: &mut Writer<'_>) {}
}

#[test]
fn a_union_takes_what_fits_best() {
    assert_eq!(Shape::read_json(b"7"), Ok(Shape::Number(7)));
    assert_eq!(Shape::read_json_strict(b"\"7\""), Ok(Shape::Text("7".to_owned())));
    let both = br#"{"x": 1, "note": null}"#;
    assert!(matches!(Shape::read_json(both), Ok(Shape::Point(_))));
    assert!(Shape::read_json_strict(both).unwrap_err().message().contains("2 alternatives fit"));
    assert!(matches!(Shape::read_json_strict(br#"{"x": -1, "note": null}"#), Ok(Shape::Open(_))));
    assert!(Shape::read_json(b"true").is_err());
}

#[test]
fn nested_ambiguity_can_not_keep_a_reader_busy() {
    #[derive(Debug)]
    struct Deep;
    impl Validate for Deep {}
    impl Json for Deep {
        fn read(node: Node<'_>) -> Result<Self, Refusal> {
            node.alternative(Fit::Any, &[|node| inner(node), |node| inner(node)])
        }
        fn write(&self, _: &mut Writer<'_>) {}
    }
    fn inner(node: Node<'_>) -> Result<Deep, Refusal> {
        node.items()?.try_for_each(|item| Deep::read(item).map(drop))?;
        Ok(Deep)
    }
    assert!(Deep::read_json(b"[[[[]]]]").is_ok());
    let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let error = Deep::read_json(text.as_bytes()).unwrap_err();
    assert!(error.message().contains("too ambiguous"), "{error}");
}

fn value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Null),
        proptest::prelude::any::<bool>().prop_map(Any::from),
        proptest::prelude::any::<i64>().prop_map(Any::from),
        proptest::prelude::any::<u64>().prop_map(Any::from),
        proptest::prelude::any::<f64>().prop_map(Any::from),
        ".{0,12}".prop_map(Any::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Any::from),
            prop::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|members| Any::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_read_as_serde_json_reads_it(value in self::value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(Any::read_json(text.as_bytes()), Ok(value.clone()));
        let mut written = Vec::new();
        value.write_json(&mut written).unwrap();
        prop_assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&value).unwrap());
        prop_assert_eq!(Any::from_any(&value), Ok(value));
    }

    #[test]
    fn a_text_is_json_where_serde_json_says_so(text in r#"[\[\]{}",:0-9eE+.\-truefalsnl\\u \n]{0,12}"#) {
        // Repeated members, and numbers beyond f64, are refused here.
        if let (Ok(_), Err(error)) = (serde_json::from_str::<Any>(&text), Any::read_json(text.as_bytes())) {
            prop_assert!(error.message().contains("twice"), "{}: {}", text, error);
        }
        prop_assert!(!(serde_json::from_str::<Any>(&text).is_err() && Any::read_json(text.as_bytes()).is_ok()), "{}", text);
    }

    #[test]
    fn equal_values_have_one_canonical_text(value in self::value()) {
        let mut reversed = value.clone();
        if let Any::Object(members) = &mut reversed {
            *members = std::mem::take(members).into_iter().rev().collect();
        }
        prop_assert_eq!(canonical(&value), canonical(&reversed));
    }
}
