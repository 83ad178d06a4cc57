//! Values that go up to each rule of a schema, and over it.

use std::ptr;

use serde_json::{Map, Value, json};

use super::{Drawing, LONG, Size, number, whole};
use crate::flat::{Bound, Flat, Types};
use crate::misses::deeper;
use crate::random::Random;
use crate::{Sampler, pattern, text};

/// A value that goes up to one rule of a schema, or over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The names that lead to the node, joined by dots: those of members, `each` for items of a list, `any` for members
    /// whose names are data, and the name or the number of an alternative. Empty for the value itself.
    pub place: String,
    /// JSON pointer of the node in `value`. If the probe is that a member isn't there, the pointer of where it would be.
    pub pointer: String,
    /// The rule: `minimum`, `required`, `type`, …
    pub keyword: &'static str,
    /// On which side of the rule: `below`, `at`, `above`, `missing`, …
    pub side: String,
    /// The whole value.
    pub value: Value,
}

/// Members and alternatives that lead from the value to a node, at most.
const DEEPEST: usize = 8;
/// Members of an enumeration of which each is a probe.
const LISTED: usize = 40;

impl<'a> Sampler<'a> {
    /// For each node of the values of `schema`, and each rule there: values on each side of it, with as little else as
    /// may be. At most `most` of them.
    ///
    /// The same seed gives the same texts and numbers; places, keywords and sides are the same with any.
    ///
    /// As with misses, a validator has the last word on which side a value is: several rules can speak of one node.
    #[must_use]
    pub fn probes(&self, schema: &'a Value, seed: u64, most: usize) -> Vec<Probe> {
        let drawing = Drawing {
            root: self.root,
            random: Random::new(seed),
            size: Size::Small,
            nodes: 0,
            steps: 0,
            misses: Vec::new(),
        };
        let mut probing = Probing { drawing, above: Vec::new(), left: most };
        probing.node(&[schema])
    }
}

struct Probing<'a> {
    drawing: Drawing<'a>,
    /// The schemas on the way to the node, so that what contains itself ends.
    above: Vec<&'a Value>,
    left: usize,
}

impl<'a> Probing<'a> {
    fn node(&mut self, schemas: &[&'a Value]) -> Vec<Probe> {
        let again = |schema: &&Value| self.above.iter().filter(|above| ptr::eq(**above, *schema)).count() > 1;
        if self.above.len() > DEEPEST || schemas.iter().any(again) {
            return Vec::new();
        }
        (self.drawing.nodes, self.drawing.steps) = (0, 0);
        self.drawing.misses.clear();
        let mut flat = Flat::default();
        if !schemas.iter().all(|schema| flat.add(self.drawing.root, schema)) {
            return Vec::new();
        }
        // The first of several parts stands for all: they come together again if they come again.
        let Some(first) = schemas.first() else { return Vec::new() };
        self.above.push(first);
        let probes = self.alternatives(flat);
        self.above.pop();
        probes
    }

    fn alternatives(&mut self, mut flat: Flat<'a>) -> Vec<Probe> {
        let Some(choices) = flat.choices.pop() else { return self.rules(&flat) };
        let null = |choice: &Value| choice.get("type") == Some(&json!("null"));
        let several = choices.iter().filter(|choice| !null(choice)).count() > 1;
        let mut probes = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let mut narrowed = flat.clone();
            if !narrowed.add(self.drawing.root, choice) {
                continue;
            }
            let found = self.alternatives(narrowed);
            let named = choice.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
            let name = named.map_or_else(|| (index + 1).to_string(), str::to_owned);
            probes
                .extend(found.into_iter().map(|probe| if several { under(&name, "", probe) } else { probe }));
        }
        probes
    }

    fn rules(&mut self, flat: &Flat<'a>) -> Vec<Probe> {
        let mut found = Found { probes: Vec::new() };
        let types = flat.likely_types();
        if let Some(values) = &flat.values {
            for value in values.iter().filter(|value| flat.types.has(Types::of(value))).take(LISTED) {
                let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                found.add("enum", name, (*value).clone());
            }
            found.add("enum", "none", json!("none-of-these"));
            let text = values.iter().find_map(|value| value.as_str());
            if let Some(other) = text.map(other_case).filter(|other| !values.contains(&&json!(other))) {
                found.add("enum", "other-case", json!(other));
            }
            self.types(flat, &mut found);
        } else {
            self.types(flat, &mut found);
            if types.has(Types::WHOLE) || types.has(Types::FRACTION) {
                self.numbers(flat, types.has(Types::FRACTION), &mut found);
            }
            if types.has(Types::STRING) {
                self.texts(flat, &mut found);
            }
            if types.has(Types::BOOLEAN) && types != Types::ALL {
                found.add("type", "true", json!(true));
                found.add("type", "false", json!(false));
            }
        }
        self.left = self.left.saturating_sub(found.probes.len());
        if flat.values.is_none() && self.left > 0 {
            if types.has(Types::ARRAY) && types != Types::ALL {
                self.items(flat, &mut found);
            }
            if types.has(Types::OBJECT) && types != Types::ALL {
                self.members(flat, &mut found);
            }
        }
        found.probes
    }

    /// Values of each other type, and null.
    fn types(&mut self, flat: &Flat<'a>, found: &mut Found) {
        if flat.types == Types::ALL {
            return;
        }
        let number = !flat.types.has(Types::WHOLE);
        let others = [
            ("null", json!(null), true),
            ("boolean", json!(true), !flat.types.has(Types::BOOLEAN)),
            ("number", json!(7), number),
            ("fraction", json!(1.5), !number && !flat.types.has(Types::FRACTION)),
            ("text", json!("7"), !flat.types.has(Types::STRING)),
            ("list", json!([]), !flat.types.has(Types::ARRAY)),
            ("object", json!({}), !flat.types.has(Types::OBJECT)),
        ];
        for (side, value, _) in others.into_iter().filter(|(.., other)| *other) {
            found.add("type", side, value);
        }
    }

    fn numbers(&mut self, flat: &Flat<'a>, fraction: bool, found: &mut Found) {
        let step = flat.multiple_of.unwrap_or(if fraction { 0.5 } else { 1.0 });
        for (keyword, bound, outwards) in [("minimum", flat.low, -1.0), ("maximum", flat.high, 1.0)] {
            let Some(bound) = bound else { continue };
            for (side, steps) in [("outside", outwards), ("at", 0.0), ("inside", -outwards)] {
                if let Some(value) = beside(bound, steps * step, fraction) {
                    found.add(keyword, side, value);
                }
            }
        }
        // A small one, which most things can be.
        let small = |bound: Option<Bound>| bound.and_then(|bound| beside(bound, 0.0, fraction));
        let (low, high) = (small(flat.low), small(flat.high));
        let least = flat.low.map_or(2.0, |low| if low.exclusive { low.at + step } else { low.at });
        let most = flat.high.map_or(f64::MAX, |high| if high.exclusive { high.at - step } else { high.at });
        let near = if least > 2.0 {
            low
        } else if most < 2.0 {
            high
        } else {
            whole(2)
        };
        let drawn = match (flat.multiple_of, fraction) {
            (None, _) => near,
            (Some(_), true) => self.drawing.fraction(flat, ""),
            (Some(_), false) => self.drawing.whole(flat, ""),
        };
        let Some(drawn) = drawn else { return };
        if let Some(step) = flat.multiple_of
            && let Some(off) = drawn.as_f64().and_then(|drawn| number(drawn + step / 2.0))
        {
            found.add("multipleOf", "between", off);
        }
        if let (false, Some(small)) =
            (fraction, drawn.as_i64().filter(|drawn| drawn.unsigned_abs() < 1 << 50))
        {
            found.add("type", "integral-fraction", json!(small as f64));
        }
        found.add("type", "valid", drawn);
    }

    fn texts(&mut self, flat: &Flat<'a>, found: &mut Found) {
        let (low, high) = (flat.min_length.unwrap_or(0), flat.max_length.unwrap_or(u64::MAX));
        let drawn = self.drawing.text(flat, "");
        let base = drawn.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let free = flat.patterns.is_empty() && flat.format.and_then(format_of_text).is_none();
        if free && low <= 12 && 12 <= high {
            let name = letters(10, &mut self.drawing.random);
            found.add("type", "valid", json!(name));
            found.add("type", "beyond-ascii", json!(format!("\u{e4}\u{4e2d}\u{1f600}{}", &name[..8])));
        } else if drawn.is_some() {
            found.add("type", "valid", json!(base));
        }
        let mut of_length = |length: u64, wanted: &str| -> Value {
            if free {
                return json!(letters(length as usize, &mut self.drawing.random));
            }
            let fits = |text: &String| text.chars().count() as u64 == length;
            let first = flat.patterns.first();
            let random = &mut self.drawing.random;
            let built =
                first.and_then(|first| (0..60).find_map(|_| pattern::text(first, random).filter(fits)));
            let last = base.chars().next_back().unwrap_or('a');
            json!(built.unwrap_or_else(|| match wanted {
                "longer" => base.chars().chain(std::iter::repeat(last)).take(length as usize).collect(),
                _ => base.chars().take(length as usize).collect(),
            }))
        };
        if low > 0 && low <= LONG {
            found.add("minLength", "outside", of_length(low - 1, "shorter"));
            found.add("minLength", "at", of_length(low, "shorter"));
            if low < high {
                found.add("minLength", "inside", of_length(low + 1, "longer"));
            }
            if low > 1 && free {
                found.add("minLength", "code-points", json!("\u{1f600}".repeat(low as usize - 1)));
            }
        }
        if high <= LONG {
            found.add("maxLength", "outside", of_length(high + 1, "longer"));
            found.add("maxLength", "at", of_length(high, "longer"));
            if high > low {
                found.add("maxLength", "inside", of_length(high - 1, "longer"));
            }
            if free {
                found.add("maxLength", "code-points", json!("\u{1f600}".repeat(high as usize)));
            }
        }
        if !flat.patterns.is_empty() {
            let hit = base.clone();
            if drawn.is_some() {
                found.add("pattern", "hit", json!(hit));
                found.add("pattern", "longer", json!(format!("{hit}{hit}?")));
                found.add("pattern", "line-feed", json!(format!("{hit}\n")));
                found.add("pattern", "space", json!(format!(" {hit}")));
            }
            found.add("pattern", "miss", json!("?"));
            found.add("pattern", "empty", json!(""));
        } else if let Some(format) = flat.format {
            for (index, broken) in text::not_of_format(format).iter().take(6).enumerate() {
                found.add("format", format!("miss-{}", index + 1), json!(broken));
            }
        }
    }

    fn items(&mut self, flat: &Flat<'a>, found: &mut Found) {
        let (low, high) = (flat.min_items.unwrap_or(0), flat.max_items.unwrap_or(u64::MAX));
        if !flat.prefix.is_empty() || low > 200 {
            return;
        }
        let base = self.drawing.array(flat, 0, "");
        let mut item = || self.drawing.value(&flat.items, 1, "");
        let mut list = |length: u64| -> Option<Value> {
            let mut items: Vec<Value> = Vec::new();
            for _ in 0..length * 4 {
                if items.len() as u64 == length {
                    break;
                }
                let next = item()?;
                if !flat.unique || !items.contains(&next) {
                    items.push(next);
                }
            }
            (items.len() as u64 == length).then_some(Value::Array(items))
        };
        let mut lengths = vec![("minItems", "at", low)];
        if low > 0 {
            lengths.push(("minItems", "outside", low - 1));
        }
        if low < high {
            lengths.push(("minItems", "inside", low + 1));
        }
        if high <= 200 {
            lengths.extend([("maxItems", "at", high), ("maxItems", "outside", high + 1)]);
        }
        for (keyword, side, length) in lengths {
            if let Some(list) = list(length) {
                found.add(keyword, side, list);
            }
        }
        if let (true, Some(Value::Array(two))) = (flat.unique && high > 1, list(low.max(1)))
            && let Some(first) = two.first()
        {
            let twice: Vec<_> = two.iter().chain([first]).cloned().collect();
            found.add("uniqueItems", "twice", Value::Array(twice));
        }
        let Some(Value::Array(base)) = base else { return };
        for probe in self.node(&flat.items) {
            let mut list = base.clone();
            let value = match list.first_mut() {
                Some(first) => {
                    *first = probe.value.clone();
                    Value::Array(list)
                }
                None => json!([probe.value]),
            };
            found.probes.push(Probe { value, ..under("each", "0", probe) });
        }
    }

    fn members(&mut self, flat: &Flat<'a>, found: &mut Found) {
        let Some(Value::Object(base)) = self.drawing.object(flat, 0, "") else { return };
        found.add("type", "valid", Value::Object(base.clone()));
        let names: Vec<&str> = flat.properties.keys().copied().collect();
        for name in &flat.required {
            let mut without = base.clone();
            without.shift_remove(*name);
            let probe = Probe {
                place: String::new(),
                pointer: String::new(),
                keyword: "required",
                side: "missing".to_owned(),
                value: Value::Object(without),
            };
            found.probes.push(under(name, name, probe));
        }
        for name in names {
            if self.left == 0 {
                break;
            }
            let mut schemas = flat.properties.get(name).cloned().unwrap_or_default();
            for extra in &flat.extras {
                if !extra.known.contains(name) && extra.patterns.is_empty() {
                    schemas.push(extra.schema);
                }
            }
            found
                .probes
                .extend(self.node(&schemas).into_iter().map(|probe| inside(&base, name, name, probe)));
        }
        if base.len() < flat.max_properties.unwrap_or(u64::MAX) as usize {
            let mut more = base.clone();
            more.insert("unforeseen".to_owned(), json!([null]));
            found.add("additionalProperties", "unforeseen", Value::Object(more));
        }
        let spoken = flat.extras.iter().find(|extra| extra.schema.is_object());
        if let (Some(extra), true) = (spoken, flat.names.is_empty() && flat.by_pattern.is_empty()) {
            let probes = self.node(&[extra.schema]);
            found.probes.extend(probes.into_iter().map(|probe| inside(&base, "any", "key", probe)));
        }
    }
}

/// The probe of a member, in the object that has it.
fn inside(base: &Map<String, Value>, place: &str, name: &str, probe: Probe) -> Probe {
    let mut members = base.clone();
    members.insert(name.to_owned(), probe.value.clone());
    Probe { value: Value::Object(members), ..under(place, name, probe) }
}

/// The same, one level further down. An empty `token` leaves it at the same node.
fn under(name: &str, token: &str, probe: Probe) -> Probe {
    let place = if probe.place.is_empty() { name.to_owned() } else { format!("{name}.{}", probe.place) };
    let pointer =
        if token.is_empty() { probe.pointer } else { format!("{}{}", deeper("", token), probe.pointer) };
    Probe { place, pointer, ..probe }
}

struct Found {
    probes: Vec<Probe>,
}

impl Found {
    fn add(&mut self, keyword: &'static str, side: impl Into<String>, value: Value) {
        let probe = Probe { place: String::new(), pointer: String::new(), keyword, side: side.into(), value };
        self.probes.push(probe);
    }
}

/// A format that says how a text looks.
fn format_of_text(format: &str) -> Option<&str> {
    text::of_format(format, &mut Random::new(0)).map(|_| format)
}

/// The same letters, those that are small as capitals and the other way round.
fn other_case(text: &str) -> String {
    let other = |letter: char| {
        if letter.is_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
    };
    text.chars().map(other).collect()
}

/// The number that many steps from a bound.
fn beside(bound: Bound, steps: f64, fraction: bool) -> Option<Value> {
    match bound.whole.filter(|_| !fraction || steps.fract() == 0.0) {
        Some(at) => {
            let there = at.checked_add(steps as i128)?;
            // Beyond what a whole number of the format holds, further out does as well.
            whole(there).or_else(|| number(there as f64 * 2.0))
        }
        None => number(bound.at + steps),
    }
}

/// Small letters.
fn letters(length: usize, random: &mut Random) -> String {
    (0..length).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}
