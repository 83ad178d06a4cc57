//! YAML is read into a JSON value first, and that as its type: one reader decides what a type takes.

use super::codec::text;
use crate::{Any, DecodeError, EncodeError, Json};

/// How many values all the aliases of a text may stand for: a short text can't become a large value.
const MOST_REPEATED: usize = 10_000;

pub(super) fn read<T: Json>(bytes: &[u8]) -> Result<T, DecodeError> {
    T::read_json(&json(bytes)?)
}

pub(super) fn read_strict<T: Json>(bytes: &[u8]) -> Result<T, DecodeError> {
    T::read_json_strict(&json(bytes)?)
}

fn json(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let text = text(bytes)?;
    let mut options = serde_saphyr::options! {
        // `yes` and `no` are texts: the same value has one meaning in YAML and in JSON.
        strict_booleans: true,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = MOST_REPEATED;
    let value: Any = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.to_string();
        let message = message.lines().next().unwrap_or_default();
        DecodeError::malformed(message, None)
    })?;
    let mut json = Vec::with_capacity(text.len());
    value.write_json(&mut json).map_err(|error| DecodeError::malformed(&error.to_string(), None))?;
    Ok(json)
}

pub(super) fn write<T: Json>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let text = serde_saphyr::to_string(&value.to_any()?);
    out.extend_from_slice(text.map_err(|_| EncodeError::new("it can't be YAML"))?.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Any> {
        let leaf = prop_oneof![
            Just(Any::Null),
            any::<bool>().prop_map(Any::from),
            any::<i64>().prop_map(Any::from),
            (-1.0e9..1.0e9).prop_map(Any::from),
            ".{0,12}".prop_map(Any::from),
            prop::sample::select(vec![
                "yes",
                "null",
                "~",
                "1",
                "1.0",
                "0x1",
                "- a",
                "a: b",
                "#",
                " x ",
                "a\nb\n",
                "2001-01-01",
                "<<",
                "*a",
                "&a"
            ])
            .prop_map(Any::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Any::from),
                prop::collection::vec((".{0,8}", inner), 0..5)
                    .prop_map(|members| Any::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_value_survives(value in any_value()) {
            let mut out = Vec::new();
            write(&value, &mut out).unwrap();
            let read = read::<Any>(&out);
            prop_assert_eq!(read.as_ref().ok(), Some(&value), "{}", String::from_utf8_lossy(&out));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]{}&*a:,\\- \n!|>'\"#%]{0,40}") {
            let _ = read::<Any>(text.as_bytes());
        }
    }

    #[test]
    fn what_people_write_is_read() {
        let text = "name: Rex # a dog\nanswer: yes\nlist: [1, 2.5, null]\nbase: &b {x: 1}\nsame: *b\n";
        let value: Any = read(text.as_bytes()).unwrap();
        let expected = r#"{"name":"Rex","answer":"yes","list":[1,2.5,null],"base":{"x":1},"same":{"x":1}}"#;
        assert_eq!(value.to_string(), expected);
        assert_eq!(read::<Vec<i64>>(b"- 1\n- x\n").unwrap_err().path(), "/1");
    }

    #[test]
    fn aliases_and_depth_have_limits() {
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
        for (name, before) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
            let list = vec![format!("*{before}"); 10].join(",");
            bomb.push_str(&format!("{name}: &{name} [{list}]\n"));
        }
        assert!(read::<Any>(bomb.as_bytes()).unwrap_err().is_syntax());
        assert!(read::<Any>("[".repeat(100_000).as_bytes()).unwrap_err().is_syntax());
    }
}
