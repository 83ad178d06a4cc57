use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::json::{Fit, Node, Refusal, Writer};
use crate::{Map as Open, Validate};

#[derive(Clone, Debug, PartialEq)]
struct Flat {
    text: String,
    number: i64,
    real: f64,
    flag: bool,
    left_out: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
struct Nested {
    flat: Flat,
    list: Vec<i64>,
    texts: Vec<String>,
    objects: Vec<Flat>,
}

#[derive(Clone, Debug, PartialEq)]
enum Union {
    Number(i64),
    Flat(Flat),
    Text(String),
}

/// What the generator writes for an object.
macro_rules! object {
    ($ty:ident: $($required:ident)*; $($optional:ident)*) => {
        impl Json for $ty {
            fn read(node: Node<'_>) -> Result<Self, Refusal> {
                let mut object = node.object()?;
                let value = Self {
                    $($required: object.required(stringify!($required))?,)*
                    $($optional: object.optional(stringify!($optional))?,)*
                };
                object.end()?;
                Ok(value)
            }

            fn write(&self, out: &mut Writer<'_>) {
                let mut object = out.object();
                $(object.member(stringify!($required), &self.$required);)*
                $(object.optional(stringify!($optional), &self.$optional);)*
                object.end();
            }
        }
    };
}

object!(Flat: text number real flag; left_out);
object!(Nested: flat list texts objects;);

impl Validate for Union {}

impl Json for Union {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        node.alternative(
            Fit::Any,
            &[
                |node| node.read().map(Self::Number),
                |node| node.read().map(Self::Flat),
                |node| node.read().map(Self::Text),
            ],
        )
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Number(value) => value.write(out),
            Self::Flat(value) => value.write(out),
            Self::Text(value) => value.write(out),
        }
    }
}

const NONE: Members = Members::Only(&[]);
const FLAT: Members = Members::Only(&["text", "number", "real", "flag", "left_out"]);
const OPEN: Members = Members::Except(&["other"]);

const STYLES: [Style; 8] = [
    Style::Simple,
    Style::Label,
    Style::Matrix,
    Style::Form,
    Style::SpaceDelimited,
    Style::PipeDelimited,
    Style::DeepObject,
    Style::Json,
];

fn flat() -> impl Strategy<Value = Flat> {
    (any::<String>(), any::<i64>(), -1e9..1e9, any::<bool>(), any::<Option<u32>>())
        .prop_map(|(text, number, real, flag, left_out)| Flat { text, number, real, flag, left_out })
}

/// Writes and reads in every place that a style has. A value that a style can't separate must be refused, not changed.
fn survives<T>(style: Style, explode: bool, members: Members, value: &T) -> Result<(), TestCaseError>
where
    T: Json + PartialEq + Debug,
{
    let styled = Styled { name: "p é", style, explode };
    let fail = |error: ParameterError| TestCaseError::fail(format!("{style:?} {explode}: {error}"));
    let in_path = matches!(style, Style::Simple | Style::Label | Style::Matrix);
    if in_path || style == Style::Json {
        let text = styled.write_path(value).map_err(fail)?;
        prop_assert!(!text.contains(['/', '?', '#', ' ']), "{text}");
        prop_assert_eq!(&styled.read_path::<T>(&text).map_err(fail)?, value, "{}", text);
    }
    if matches!(style, Style::Simple | Style::Json) {
        match styled.write_header(value) {
            Ok(text) => {
                let spaced = text.split([',', '=']).any(|part| part.trim() != part);
                if !spaced {
                    prop_assert_eq!(&styled.read_header::<T>(&text).map_err(fail)?, value, "{}", text);
                }
            }
            Err(error) => prop_assert!(error.to_string().ends_with("has a separator")),
        }
    }
    if in_path {
        return Ok(());
    }
    let pairs = match styled.write_pairs(value) {
        Ok(pairs) => pairs,
        Err(error) => {
            prop_assert!(matches!(style, Style::SpaceDelimited | Style::PipeDelimited), "{error}");
            return Ok(());
        }
    };
    let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!("other=1&{}", text.join("&"));
    let read = styled.read_query::<T>(Query::new(&text), members).map_err(fail)?;
    let read = read.or_else(nothing);
    prop_assert_eq!(read.as_ref(), Some(value), "{}", text);
    let cookies = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let read = styled.read_cookies::<T>(cookies, members).map_err(fail)?;
    let read = read.or_else(nothing);
    prop_assert_eq!(read.as_ref(), Some(value), "{}", text);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        text: String, number: i64, real in -1e9..1e9, flag: bool,
        texts in prop::collection::vec(".+", 0..4), numbers: Vec<i64>,
        flat in flat(), open in prop::collection::vec((".+", any::<i64>()), 0..4),
        style in prop::sample::select(&STYLES[..]), explode: bool,
    ) {
        survives(style, explode, NONE, &text)?;
        survives(style, explode, NONE, &number)?;
        survives(style, explode, NONE, &real)?;
        survives(style, explode, NONE, &flag)?;
        survives(style, explode, NONE, &texts)?;
        survives(style, explode, NONE, &numbers)?;
        survives(style, explode, FLAT, &flat)?;
        let open: Open<i64> = open.into_iter().filter(|(name, _)| name != "other").collect();
        survives(style, explode, OPEN, &open)?;
    }

    #[test]
    fn what_is_not_flat_survives_too(
        one in flat(), list: Vec<i64>, texts: Vec<String>, objects in prop::collection::vec(flat(), 0..3),
        style in prop::sample::select(&STYLES[..]), explode: bool,
    ) {
        survives(style, explode, NONE, &objects)?;
        let nested = Nested { flat: one, list, texts, objects };
        survives(style, explode, Members::Only(&["flat", "list", "texts", "objects"]), &nested)?;
    }

    #[test]
    fn a_union_takes_the_variant_that_fits(
        flat in flat(), number: i64, text in "[a-z]{2}[^,]*",
        style in prop::sample::select(&STYLES[..]), explode: bool,
    ) {
        survives(style, explode, FLAT, &Union::Number(number))?;
        survives(style, explode, FLAT, &Union::Text(text))?;
        let flat = Flat { text: format!("a{}", flat.text), ..flat };
        survives(style, explode, FLAT, &Union::Flat(flat))?;
    }

    #[test]
    fn no_text_makes_a_reader_panic(text: String, style in prop::sample::select(&STYLES[..]), explode: bool) {
        let styled = Styled { name: "p", style, explode };
        let _ = styled.read_path::<Flat>(&text);
        let _ = styled.read_header::<Vec<Union>>(&text);
        let _ = styled.read_query::<Open<Vec<Open<i64>>>>(Query::new(&text), OPEN);
        let text = text.replace(char::is_alphanumeric, "p[").replace(char::is_whitespace, "]=");
        let _ = styled.read_query::<crate::Any>(Query::new(&text), OPEN);
    }
}

#[test]
fn the_table_is_true() {
    let list = vec![3, 4];
    let object: Open<i64> = [("a".to_owned(), 1), ("b".to_owned(), 2)].into_iter().collect();
    let write = |style, explode| {
        let styled = Styled { name: "p", style, explode };
        match style {
            Style::Simple | Style::Label | Style::Matrix => {
                [styled.write_path(&list).unwrap(), styled.write_path(&object).unwrap()]
            }
            _ => [styled.write_pairs(&list).unwrap(), styled.write_pairs(&object).unwrap()].map(|pairs| {
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
            }),
        }
    };
    for (style, list, list_exploded, object, object_exploded) in [
        (Style::Simple, "3,4", "3,4", "a,1,b,2", "a=1,b=2"),
        (Style::Label, ".3,4", ".3.4", ".a,1,b,2", ".a=1.b=2"),
        (Style::Matrix, ";p=3,4", ";p=3;p=4", ";p=a,1,b,2", ";a=1;b=2"),
        (Style::Form, "p=3,4", "p=3&p=4", "p=a,1,b,2", "a=1&b=2"),
        (Style::SpaceDelimited, "p=3%204", "p=3&p=4", "p=a%201%20b%202", "a=1&b=2"),
        (Style::PipeDelimited, "p=3%7C4", "p=3&p=4", "p=a%7C1%7Cb%7C2", "a=1&b=2"),
        (Style::DeepObject, "p[]=3&p[]=4", "p[]=3&p[]=4", "p[a]=1&p[b]=2", "p[a]=1&p[b]=2"),
    ] {
        assert_eq!(write(style, false), [list, object]);
        assert_eq!(write(style, true), [list_exploded, object_exploded]);
    }
}

#[test]
fn readers_take_other_spellings() {
    let read = |style, text| {
        let styled = Styled { name: "p", style, explode: style == Style::DeepObject };
        styled.read_query::<Vec<i64>>(Query::new(text), NONE).unwrap().unwrap()
    };
    assert_eq!(read(Style::PipeDelimited, "p=3|4"), [3, 4]);
    assert_eq!(read(Style::SpaceDelimited, "p=3+4"), [3, 4]);
    assert_eq!(read(Style::DeepObject, "p=3&p=4"), [3, 4]);
    assert_eq!(read(Style::DeepObject, "p[0]=3&p%5B1%5D=4"), [3, 4]);
    assert_eq!(read(Style::DeepObject, "p=3"), [3]);
}

#[test]
fn errors_name_the_member_and_hostile_depth_is_refused() {
    let styled = Styled { name: "p", style: Style::DeepObject, explode: true };
    let error = styled.read_query::<Open<i64>>(Query::new("p[a]=x"), NONE).unwrap_err();
    assert_eq!(error.to_string(), "can't read `p`: `/a`: an integer is expected, this is `x`");
    let deep = format!("p{}=1", "[a]".repeat(20_000));
    assert_eq!(styled.read_query::<crate::Any>(Query::new(&deep), NONE), Ok(None));
    let list = Styled { name: "p", style: Style::SpaceDelimited, explode: false };
    assert!(list.write_pairs(&vec!["a b".to_owned()]).is_err());
    assert!(list.write_pairs(&Option::<i64>::None).is_err());
}
