use serde_json::Number;

use crate::diagnostic::{Problem, code};
use crate::ir::{Assertion, Constraints, Type, TypeUse};
use crate::openapi::{Reading, Schema, SchemaType};
use crate::source::{Node, Span, Value};

/// The keywords that assert something about values of one type, and that type.
const KEYWORDS: [(&str, &[SchemaType]); 13] = [
    ("minimum", NUMERIC),
    ("maximum", NUMERIC),
    ("exclusiveMinimum", NUMERIC),
    ("exclusiveMaximum", NUMERIC),
    ("multipleOf", NUMERIC),
    ("minLength", &[SchemaType::String]),
    ("maxLength", &[SchemaType::String]),
    ("pattern", &[SchemaType::String]),
    ("minItems", &[SchemaType::Array]),
    ("maxItems", &[SchemaType::Array]),
    ("uniqueItems", &[SchemaType::Array]),
    ("minProperties", &[SchemaType::Object]),
    ("maxProperties", &[SchemaType::Object]),
];
const NUMERIC: &[SchemaType] = &[SchemaType::Integer, SchemaType::Number];

/// Reads the constraints that stand in a schema, whatever its type.
pub(super) fn read(reading: Reading<'_>, schema: &Schema<'_>) -> Constraints {
    let keyword = |key: &str| schema.member(key);
    if KEYWORDS.iter().all(|(key, _)| keyword(key).is_none()) {
        return Constraints::default();
    }
    let mut constraints = Constraints {
        multiple_of: keyword("multipleOf").and_then(|node| number(reading, node)).filter(|number| {
            let positive = number.as_f64().is_some_and(|value| value > 0.0);
            if !positive {
                bad(reading, keyword("multipleOf"), "`multipleOf` must be greater than zero");
            }
            positive
        }),
        min_length: keyword("minLength").and_then(|node| count(reading, node)),
        max_length: keyword("maxLength").and_then(|node| count(reading, node)),
        pattern: keyword("pattern").and_then(|node| pattern(reading, node)),
        min_items: keyword("minItems").and_then(|node| count(reading, node)),
        max_items: keyword("maxItems").and_then(|node| count(reading, node)),
        unique_items: keyword("uniqueItems").is_some_and(|node| flag(reading, node)),
        min_properties: keyword("minProperties").and_then(|node| count(reading, node)),
        max_properties: keyword("maxProperties").and_then(|node| count(reading, node)),
        ..Constraints::default()
    };
    (constraints.minimum, constraints.exclusive_minimum) =
        bound(reading, keyword("minimum"), keyword("exclusiveMinimum"));
    (constraints.maximum, constraints.exclusive_maximum) =
        bound(reading, keyword("maximum"), keyword("exclusiveMaximum"));
    drop_contradictions(reading, schema, &mut constraints);
    constraints
}

/// What of `constraints` says something about values of this type.
pub(super) fn applicable(constraints: Constraints, kind: Option<SchemaType>) -> Constraints {
    // A value of any type may be one that they speak of.
    if kind.is_none() {
        return constraints;
    }
    let mut rest = Constraints {
        one_of: constraints.one_of,
        assertions: constraints.assertions,
        ..Constraints::default()
    };
    match kind {
        Some(SchemaType::Integer | SchemaType::Number) => {
            rest.minimum = constraints.minimum;
            rest.maximum = constraints.maximum;
            rest.exclusive_minimum = constraints.exclusive_minimum;
            rest.exclusive_maximum = constraints.exclusive_maximum;
            rest.multiple_of = constraints.multiple_of;
        }
        Some(SchemaType::String) => {
            rest.min_length = constraints.min_length;
            rest.max_length = constraints.max_length;
            rest.pattern = constraints.pattern;
        }
        Some(SchemaType::Array) => {
            rest.min_items = constraints.min_items;
            rest.max_items = constraints.max_items;
            rest.unique_items = constraints.unique_items;
        }
        Some(SchemaType::Object) => {
            rest.min_properties = constraints.min_properties;
            rest.max_properties = constraints.max_properties;
        }
        Some(SchemaType::Boolean | SchemaType::Null) | None => {}
    }
    rest
}

/// Whether a text has a length and a form that are asserted.
pub(super) fn text_holds(text: &str, constraints: &Constraints) -> bool {
    let length = text.chars().count() as u64;
    let matches = |pattern: &String| {
        let regex = regress::Regex::with_flags(pattern, "u").or_else(|_| regress::Regex::new(pattern));
        regex.is_ok_and(|regex| regex.find(text).is_some())
    };
    constraints.min_length.is_none_or(|least| length >= least)
        && constraints.max_length.is_none_or(|most| length <= most)
        && constraints.pattern.as_ref().is_none_or(matches)
}

/// Whether a number lies within the bounds that are asserted.
pub(super) fn number_holds(value: &Number, constraints: &Constraints) -> bool {
    let Some(value) = value.as_f64() else { return true };
    let bound = |bound: &Option<Number>, holds: fn(f64, f64) -> bool| {
        bound.as_ref().and_then(Number::as_f64).is_none_or(|bound| holds(value, bound))
    };
    bound(&constraints.minimum, |value, bound| value >= bound)
        && bound(&constraints.maximum, |value, bound| value <= bound)
        && bound(&constraints.exclusive_minimum, |value, bound| value > bound)
        && bound(&constraints.exclusive_maximum, |value, bound| value < bound)
}

/// Warns about keywords that say nothing about the type that the schema itself gives.
pub(super) fn warn_misplaced(reading: Reading<'_>, schema: &Schema<'_>) {
    let Some(kind) = schema.kind else { return };
    for (key, kinds) in KEYWORDS {
        if let Some(node) = schema.member(key).filter(|_| !kinds.contains(&kind)) {
            let message = format!("`{key}` says nothing about this type");
            Problem::new(code::MISPLACED_CONSTRAINT, node.span, message).report(reading.sink);
        }
    }
}

/// What both assert.
pub(super) fn both(first: Constraints, second: Constraints) -> Constraints {
    let number = |left: Option<Number>, right: Option<Number>, greater: bool| match (left, right) {
        (Some(left), Some(right)) => {
            let keep_left = (left.as_f64() > right.as_f64()) == greater;
            Some(if keep_left { left } else { right })
        }
        (left, right) => left.or(right),
    };
    let least = |left: Option<u64>, right: Option<u64>| left.into_iter().chain(right).max();
    let most = |left: Option<u64>, right: Option<u64>| left.into_iter().chain(right).min();
    Constraints {
        minimum: number(first.minimum, second.minimum, true),
        maximum: number(first.maximum, second.maximum, false),
        exclusive_minimum: number(first.exclusive_minimum, second.exclusive_minimum, true),
        exclusive_maximum: number(first.exclusive_maximum, second.exclusive_maximum, false),
        multiple_of: first.multiple_of.clone().or(second.multiple_of.clone()),
        min_length: least(first.min_length, second.min_length),
        max_length: most(first.max_length, second.max_length),
        pattern: first.pattern.clone().or(second.pattern.clone()),
        min_items: least(first.min_items, second.min_items),
        max_items: most(first.max_items, second.max_items),
        unique_items: first.unique_items || second.unique_items,
        min_properties: least(first.min_properties, second.min_properties),
        max_properties: most(first.max_properties, second.max_properties),
        one_of: if second.one_of.is_empty() { first.one_of } else { second.one_of },
        assertions: {
            let mut assertions = first.assertions;
            // Of these there is room for one; another is a demand of its own.
            let beside = Constraints {
                pattern: second
                    .pattern
                    .filter(|_| first.pattern.is_some())
                    .filter(|it| Some(it) != first.pattern.as_ref()),
                multiple_of: second
                    .multiple_of
                    .filter(|_| first.multiple_of.is_some())
                    .filter(|it| Some(it) != first.multiple_of.as_ref()),
                ..Constraints::default()
            };
            if !beside.is_empty() {
                let any = TypeUse { constraints: beside, ..TypeUse::plain(Type::Any) };
                assertions.push(Assertion::AnyOf(vec![any]));
            }
            for assertion in second.assertions {
                if !assertions.contains(&assertion) {
                    assertions.push(assertion);
                }
            }
            assertions
        },
    }
}

/// A bound and whether it is itself excluded: a boolean beside it in 3.0, a number of its own in 3.1.
fn bound(
    reading: Reading<'_>,
    bound: Option<&Node>,
    exclusive: Option<&Node>,
) -> (Option<Number>, Option<Number>) {
    let bound = bound.and_then(|node| number(reading, node));
    match exclusive.map(|node| (node, &node.value)) {
        Some((_, Value::Bool(true))) => (None, bound),
        None | Some((_, Value::Bool(false))) => (bound, None),
        Some((node, _)) => (bound, number(reading, node)),
    }
}

fn drop_contradictions(reading: Reading<'_>, schema: &Schema<'_>, constraints: &mut Constraints) {
    let value = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    if let (Some(low), Some(high)) = (value(&constraints.minimum), value(&constraints.maximum))
        && low > high
    {
        bad(reading, schema.member("minimum"), "`minimum` is greater than `maximum`");
        (constraints.minimum, constraints.maximum) = (None, None);
    }
    let pairs = [
        ("minLength", &mut constraints.min_length, &mut constraints.max_length),
        ("minItems", &mut constraints.min_items, &mut constraints.max_items),
        ("minProperties", &mut constraints.min_properties, &mut constraints.max_properties),
    ];
    for (key, least, most) in pairs {
        if let (Some(low), Some(high)) = (*least, *most)
            && low > high
        {
            bad(reading, schema.member(key), &format!("`{key}` is greater than its counterpart"));
            (*least, *most) = (None, None);
        }
    }
}

fn number(reading: Reading<'_>, node: &Node) -> Option<Number> {
    match &node.value {
        Value::Number(number) => Some(number.clone()),
        // Generators that keep everything in texts write bounds so too.
        Value::String(text) if text.trim().parse::<Number>().is_ok() => {
            let message = "a number is expected here, this is a string that holds one";
            Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
            text.trim().parse().ok()
        }
        _ => {
            bad(reading, Some(node), &format!("a number is expected here, this is {}", node.kind()));
            None
        }
    }
}

fn count(reading: Reading<'_>, node: &Node) -> Option<u64> {
    let number = number(reading, node)?;
    let count = number.as_u64().or_else(|| {
        let value = number.as_f64()?;
        // `1.0` is a whole number too; what is beyond 2^53 limits nothing.
        (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
    });
    if count.is_none() {
        bad(reading, Some(node), "a whole number, zero or greater, is expected here");
    }
    count
}

fn flag(reading: Reading<'_>, node: &Node) -> bool {
    match node.value {
        Value::Bool(value) => value,
        _ => {
            bad(reading, Some(node), &format!("a boolean is expected here, this is {}", node.kind()));
            false
        }
    }
}

fn pattern(reading: Reading<'_>, node: &Node) -> Option<String> {
    let Some(text) = node.as_str() else {
        bad(reading, Some(node), &format!("a regular expression is expected here, this is {}", node.kind()));
        return None;
    };
    is_pattern(reading, text, node.span).then(|| text.to_owned())
}

/// Whether a text is a regular expression; if it isn't, that is reported.
pub(super) fn is_pattern(reading: Reading<'_>, text: &str, place: Span) -> bool {
    let compiled = regress::Regex::new(text);
    if let Err(error) = &compiled {
        let message = format!("the pattern isn't a regular expression: {error}");
        Problem::new(code::BAD_PATTERN, place, message)
            .help("patterns follow ECMA-262; it is ignored")
            .report(reading.sink);
    }
    compiled.is_ok()
}

fn bad(reading: Reading<'_>, node: Option<&Node>, message: &str) {
    let span = node.map(|node| node.span).unwrap_or_default();
    Problem::new(code::BAD_CONSTRAINT, span, format!("{message}; it is ignored")).report(reading.sink);
}
