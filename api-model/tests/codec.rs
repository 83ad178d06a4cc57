//! Reading and writing through the codec trait: errors say where, texts keep their spelling.

use planewright_model::{Any, Base64, Date, DateTime, DecodeError, Json, Map, Nullable, Uuid, Validate};
use proptest::prelude::*;

fn refused<T: Json + std::fmt::Debug>(text: &str) -> DecodeError {
    T::read_json(text.as_bytes()).unwrap_err()
}

#[test]
fn an_error_tells_the_path_and_the_byte() {
    let error = refused::<Map<Vec<Option<bool>>>>(r#"{"a/b": [true, null, 3]}"#);
    assert_eq!(error.path(), "/a~1b/2");
    assert_eq!(error.message(), "a boolean is expected, this is `3`");
    assert_eq!(error.offset(), Some(21));
    assert!(!error.is_syntax());
    assert_eq!(error.to_string(), "`/a~1b/2`: a boolean is expected, this is `3` (at byte 21)");
}

#[test]
fn broken_json_is_told_from_json_of_another_type() {
    for text in ["", "[1", "[1] 2", "{\"a\":}", "nul"] {
        assert!(refused::<Any>(text).is_syntax(), "{text}");
    }
    assert!(Any::read_json(b"[\"\xff\"]").unwrap_err().is_syntax());
    assert!(!refused::<Vec<i64>>("{}").is_syntax());
    assert!(!refused::<i32>("2147483648").is_syntax());
    assert!(refused::<Any>(&"[".repeat(10_000)).is_syntax());
}

#[test]
fn null_is_a_value_of_its_own() {
    assert_eq!(Nullable::<i64>::read_json(b"null"), Ok(Nullable::Null));
    assert_eq!(Nullable::<i64>::read_json(b"7"), Ok(Nullable::Value(7)));
    let mut out = Vec::new();
    vec![Nullable::Null, Nullable::Value(7)].write_json(&mut out).unwrap();
    assert_eq!(out, b"[null,7]");
}

#[test]
fn texts_are_decoded_as_they_stand_and_checked_on_demand() {
    let times = Vec::<DateTime>::read_json(br#"["2024-01-01t00:00:00.10+00:00", "yesterday"]"#).unwrap();
    assert_eq!(times[0].as_str(), "2024-01-01t00:00:00.10+00:00");
    let violations = times.check().unwrap_err();
    let places: Vec<_> =
        violations.iter().map(|violation| (violation.path.as_str(), violation.constraint)).collect();
    assert_eq!(places, [("/1", "format")]);
    assert!("2023-02-29".parse::<Date>().is_err());
    assert!("67e55044-10b1-426f-9247-bb680e5fe0c8".parse::<Uuid>().is_ok());
}

proptest! {
    #[test]
    fn octets_survive_base64(octets: Vec<u8>) {
        let text = Base64::encode(&octets);
        prop_assert!(text.check().is_ok());
        prop_assert_eq!(text.decode(), Ok(octets));
    }

    #[test]
    fn floats_come_back_bit_for_bit(number in any::<f64>().prop_filter("JSON has no such numbers", |number| number.is_finite())) {
        let mut out = Vec::new();
        number.write_json(&mut out).unwrap();
        prop_assert_eq!(f64::read_json(&out).map(f64::to_bits), Ok(number.to_bits()));
    }

    #[test]
    fn no_text_makes_the_reader_panic(bytes: Vec<u8>) {
        let _ = Any::read_json(&bytes);
        let _ = Map::<Vec<Nullable<DateTime>>>::read_json(&bytes);
    }
}
