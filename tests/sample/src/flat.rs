//! What a schema and all that it is made of say about one value, side by side.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// A set of types; numbers are whole ones and fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const WHOLE: Self = Self(4);
    pub(crate) const FRACTION: Self = Self(8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);
    pub(crate) const EACH: [Self; 7] =
        [Self::NULL, Self::BOOLEAN, Self::WHOLE, Self::FRACTION, Self::STRING, Self::ARRAY, Self::OBJECT];

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::WHOLE,
            "number" => Self::WHOLE.or(Self::FRACTION),
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self(0),
        }
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => {
                Self::FRACTION
            }
            Value::Number(_) => Self::WHOLE,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

/// A bound of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) at: f64,
    /// As it stands in the schema, if it is whole.
    pub(crate) whole: Option<i128>,
    pub(crate) exclusive: bool,
}

/// `additionalProperties` of one part: it speaks of members that this part doesn't name.
#[derive(Clone, Debug)]
pub(crate) struct Extra<'a> {
    pub(crate) schema: &'a Value,
    pub(crate) known: BTreeSet<&'a str>,
    pub(crate) patterns: Vec<&'a str>,
}

/// A schema and the parts of its `allOf`, merged; unions are still to choose from.
#[derive(Clone, Debug)]
pub(crate) struct Flat<'a> {
    pub(crate) types: Types,
    pub(crate) values: Option<Vec<&'a Value>>,
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) patterns: Vec<&'a str>,
    pub(crate) format: Option<&'a str>,
    pub(crate) prefix: Vec<Vec<&'a Value>>,
    pub(crate) items: Vec<&'a Value>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) properties: IndexMap<&'a str, Vec<&'a Value>>,
    pub(crate) required: Vec<&'a str>,
    pub(crate) extras: Vec<Extra<'a>>,
    pub(crate) by_pattern: Vec<(&'a str, &'a Value)>,
    pub(crate) names: Vec<&'a Value>,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
    pub(crate) examples: Vec<&'a Value>,
    /// Lists of alternatives, one of each to be chosen.
    pub(crate) choices: Vec<&'a [Value]>,
}

impl Default for Flat<'_> {
    fn default() -> Self {
        Self {
            types: Types::ALL,
            values: None,
            low: None,
            high: None,
            multiple_of: None,
            min_length: None,
            max_length: None,
            patterns: Vec::new(),
            format: None,
            prefix: Vec::new(),
            items: Vec::new(),
            min_items: None,
            max_items: None,
            unique: false,
            properties: IndexMap::new(),
            required: Vec::new(),
            extras: Vec::new(),
            by_pattern: Vec::new(),
            names: Vec::new(),
            min_properties: None,
            max_properties: None,
            examples: Vec::new(),
            choices: Vec::new(),
        }
    }
}

/// How many references and parts may lead from one to the next.
const MOST_HOPS: usize = 64;

impl<'a> Flat<'a> {
    /// Adds what `schema` says. `false` if nothing can satisfy it.
    pub(crate) fn add(&mut self, root: &'a Value, schema: &'a Value) -> bool {
        self.add_within(root, schema, MOST_HOPS)
    }

    fn add_within(&mut self, root: &'a Value, schema: &'a Value, hops: usize) -> bool {
        let object = match schema {
            Value::Bool(anything) => return *anything,
            Value::Object(object) => object,
            _ => return true,
        };
        let Some(hops) = hops.checked_sub(1) else { return false };
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let Some(target) = resolve(root, reference) else { return false };
            if !self.add_within(root, target, hops) {
                return false;
            }
        }
        self.scalars(object);
        self.containers(object);
        for part in list(object, "allOf") {
            if !self.add_within(root, part, hops) {
                return false;
            }
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(Value::Array(choices)) = object.get(key)
                && !choices.is_empty()
            {
                self.choices.push(choices);
            }
        }
        !self.types.is_empty() && self.values.as_ref().is_none_or(|values| !values.is_empty())
    }

    fn scalars(&mut self, object: &'a Map<String, Value>) {
        match object.get("type") {
            Some(Value::String(name)) => self.types = self.types.and(Types::named(name)),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str).map(Types::named);
                self.types = self.types.and(names.fold(Types(0), Types::or));
            }
            _ => {}
        }
        let listed = match (object.get("const"), object.get("enum")) {
            (Some(only), _) => Some(vec![only]),
            (None, Some(Value::Array(values))) => Some(values.iter().collect()),
            _ => None,
        };
        self.values = match (self.values.take(), listed) {
            (Some(mine), Some(others)) => Some(mine.into_iter().filter(|v| others.contains(v)).collect()),
            (mine, others) => others.or(mine),
        };
        for (key, exclusive) in [("minimum", false), ("exclusiveMinimum", true)] {
            if let Some(bound) = bound(object, key, exclusive)
                && self.low.is_none_or(|low| low.at <= bound.at)
            {
                self.low = Some(bound);
            }
        }
        for (key, exclusive) in [("maximum", false), ("exclusiveMaximum", true)] {
            if let Some(bound) = bound(object, key, exclusive)
                && self.high.is_none_or(|high| high.at >= bound.at)
            {
                self.high = Some(bound);
            }
        }
        let step = object.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0);
        self.multiple_of = step.or(self.multiple_of);
        self.min_length = larger(self.min_length, count(object, "minLength"));
        self.max_length = smaller(self.max_length, count(object, "maxLength"));
        self.patterns.extend(object.get("pattern").and_then(Value::as_str));
        self.format = object.get("format").and_then(Value::as_str).or(self.format);
        self.examples.extend(object.get("example"));
        self.examples.extend(object.get("default"));
        self.examples.extend(list(object, "examples"));
    }

    fn containers(&mut self, object: &'a Map<String, Value>) {
        for (index, schema) in list(object, "prefixItems").iter().enumerate() {
            if self.prefix.len() <= index {
                self.prefix.push(Vec::new());
            }
            self.prefix[index].push(schema);
        }
        self.items.extend(object.get("items").filter(|items| items.is_object() || items.is_boolean()));
        self.min_items = larger(self.min_items, count(object, "minItems"));
        self.max_items = smaller(self.max_items, count(object, "maxItems"));
        self.unique |= object.get("uniqueItems") == Some(&Value::Bool(true));
        let properties = object.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            self.properties.entry(name).or_default().push(schema);
        }
        self.required.extend(list(object, "required").iter().filter_map(Value::as_str));
        let patterns = object.get("patternProperties").and_then(Value::as_object);
        self.by_pattern.extend(patterns.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)));
        for key in ["additionalProperties", "unevaluatedProperties"] {
            if let Some(schema) = object.get(key) {
                let known = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                let patterns = patterns.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                self.extras.push(Extra { schema, known, patterns });
            }
        }
        self.names.extend(object.get("propertyNames"));
        self.min_properties = larger(self.min_properties, count(object, "minProperties"));
        self.max_properties = smaller(self.max_properties, count(object, "maxProperties"));
    }

    /// The types that a value should have: without `type`, those that the other keywords speak of.
    pub(crate) fn likely_types(&self) -> Types {
        if self.types != Types::ALL {
            return self.types;
        }
        let mut likely = Types(0);
        if !self.properties.is_empty() || !self.required.is_empty() || !self.extras.is_empty() {
            likely = likely.or(Types::OBJECT);
        }
        if !self.items.is_empty() || !self.prefix.is_empty() {
            likely = likely.or(Types::ARRAY);
        }
        if !self.patterns.is_empty() || self.format.is_some() || self.max_length.is_some() {
            likely = likely.or(Types::STRING);
        }
        if self.low.is_some() || self.high.is_some() {
            likely = likely.or(Types::WHOLE);
        }
        if likely.is_empty() { Types::ALL } else { likely }
    }
}

/// Where a reference within the same document leads; none if it leads nowhere, or elsewhere.
#[must_use]
pub fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    root.pointer(pointer).or_else(|| root.pointer(&percent_decoded(pointer)?))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let octet = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match octet.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                bytes.push(octet);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn bound(object: &Map<String, Value>, key: &str, exclusive: bool) -> Option<Bound> {
    let number = object.get(key)?.as_number()?;
    let at = number.as_f64()?;
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let whole = whole.or_else(|| (at.fract() == 0.0 && at.abs() < 1e30).then_some(at as i128));
    Some(Bound { at, whole, exclusive })
}

fn count(object: &Map<String, Value>, key: &str) -> Option<u64> {
    let number = object.get(key)?;
    number.as_u64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64))
}

fn larger(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.max(other)
}

fn smaller(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
