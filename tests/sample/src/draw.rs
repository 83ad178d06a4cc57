use serde_json::{Map, Number, Value, json};

use crate::flat::{Flat, Types};
use crate::misses::{Change, Miss, Sample, deeper};
use crate::random::Random;
use crate::{pattern, text};

mod probes;

pub use probes::Probe;

/// Draws values from the schemas of one root value.
#[derive(Clone, Debug)]
pub struct Sampler<'a> {
    root: &'a Value,
}

/// How much of what may be left out is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Nothing of it.
    Small,
    /// Some.
    Medium,
    /// All, as far as the value stays of a size to look at.
    Large,
}

/// Nodes after which nothing optional is added any more.
const MANY_NODES: usize = 250;
/// Depth from which nothing optional is added any more.
const DEEP: usize = 9;
/// Depth at which a value can't be drawn.
const TOO_DEEP: usize = 40;
/// Attempts after which a value can't be drawn.
const TOO_LONG: usize = 20_000;
/// Texts longer than this are only made where the schema demands them.
const LONG: u64 = 3_000;

struct Drawing<'a> {
    root: &'a Value,
    random: Random,
    size: Size,
    nodes: usize,
    steps: usize,
    misses: Vec<Miss>,
}

impl<'a> Sampler<'a> {
    /// For schemas that stand in `root` or refer into it.
    #[must_use]
    pub fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// A value of `schema`. None if there seems to be none.
    #[must_use]
    pub fn draw(&self, schema: &'a Value, size: Size, seed: u64) -> Option<Sample> {
        let random = Random::new(seed);
        let mut drawing = Drawing { root: self.root, random, size, nodes: 0, steps: 0, misses: Vec::new() };
        let value = drawing.value(&[schema], 0, "")?;
        Some(Sample { value, misses: drawing.misses })
    }
}

impl<'a> Drawing<'a> {
    /// A value that satisfies all of `schemas`.
    fn value(&mut self, schemas: &[&'a Value], depth: usize, pointer: &str) -> Option<Value> {
        let mut flat = Flat::default();
        schemas.iter().all(|schema| flat.add(self.root, schema)).then_some(())?;
        let marked = self.misses.len();
        let value = self.chosen(flat, depth, pointer);
        if value.is_none() {
            self.misses.truncate(marked);
        }
        value
    }

    /// Chooses from the unions, then draws.
    fn chosen(&mut self, mut flat: Flat<'a>, depth: usize, pointer: &str) -> Option<Value> {
        self.steps += 1;
        if depth > TOO_DEEP || self.steps > TOO_LONG {
            return None;
        }
        let Some(choices) = flat.choices.pop() else { return self.flat(&flat, depth, pointer) };
        let first = self.random.below(choices.len());
        for offset in 0..choices.len() {
            let mut narrowed = flat.clone();
            if !narrowed.add(self.root, &choices[(first + offset) % choices.len()]) {
                continue;
            }
            let (nodes, misses) = (self.nodes, self.misses.len());
            if let Some(value) = self.chosen(narrowed, depth, pointer) {
                return Some(value);
            }
            self.nodes = nodes;
            self.misses.truncate(misses);
        }
        None
    }

    fn flat(&mut self, flat: &Flat<'a>, depth: usize, pointer: &str) -> Option<Value> {
        self.nodes += 1;
        for example in &flat.examples {
            self.miss(pointer, "example", Change::Replace((*example).clone()));
        }
        if let Some(values) = &flat.values {
            let fitting: Vec<_> = values.iter().filter(|value| flat.types.has(Types::of(value))).collect();
            let value = (**self.random.pick(&fitting)?).clone();
            self.other_than_listed(&value, pointer);
            self.other_type(flat.types, pointer);
            return Some(value);
        }
        let types = flat.likely_types();
        let mut each: Vec<_> = Types::EACH.into_iter().filter(|one| types.has(*one)).collect();
        if types == Types::ALL && depth > 2 {
            each.retain(|one| !Types::ARRAY.or(Types::OBJECT).has(*one));
        }
        // Null is the least interesting of several.
        if each.len() > 1 && each[0] == Types::NULL && !self.random.one_in(5) && depth < DEEP {
            each.remove(0);
        }
        self.other_type(flat.types, pointer);
        let first = self.random.below(each.len());
        each.rotate_left(first);
        each.into_iter().find_map(|kind| match kind {
            Types::NULL => Some(Value::Null),
            Types::BOOLEAN => Some(Value::Bool(self.random.one_in(2))),
            Types::WHOLE => self.whole(flat, pointer),
            Types::FRACTION => self.fraction(flat, pointer),
            Types::STRING => self.text(flat, pointer),
            Types::ARRAY => self.array(flat, depth, pointer),
            _ => self.object(flat, depth, pointer),
        })
    }

    fn miss(&mut self, pointer: &str, keyword: &'static str, change: Change) {
        self.misses.push(Miss { pointer: pointer.to_owned(), keyword, change });
    }

    fn other_type(&mut self, types: Types, pointer: &str) {
        let others = [
            json!(null),
            json!(true),
            json!(0),
            json!(0.5),
            json!("other"),
            json!([]),
            json!({}),
            json!("0"),
            json!([0]),
            json!({"other": 0}),
            json!(1.0),
        ];
        let others: Vec<_> = others.into_iter().filter(|value| !types.has(Types::of(value))).collect();
        if let Some(other) = self.random.pick(&others).cloned() {
            self.miss(pointer, "type", Change::Replace(other));
        }
    }

    fn other_than_listed(&mut self, value: &Value, pointer: &str) {
        let other = match value {
            Value::String(text) if self.random.one_in(2) => json!(format!("{text}?")),
            Value::String(text) => json!(text.to_uppercase() + "_"),
            Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 1009.0),
            _ => json!("none of them"),
        };
        self.miss(pointer, "enum", Change::Replace(other));
    }

    fn whole(&mut self, flat: &Flat<'a>, pointer: &str) -> Option<Value> {
        let low = flat.low.map(|low| match low.whole {
            Some(whole) => whole + i128::from(low.exclusive),
            None => low.at.ceil() as i128,
        });
        let high = flat.high.map(|high| match high.whole {
            Some(whole) => whole - i128::from(high.exclusive),
            None => high.at.floor() as i128,
        });
        // What is beyond any number that is drawn is out of reach all the same.
        const FAR: i128 = 1 << 100;
        let (low, high) = (low.map(|low| low.clamp(-FAR, FAR)), high.map(|high| high.clamp(-FAR, FAR)));
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            return None;
        }
        if let Some(value) = low.and_then(|low| whole(low - 1)) {
            self.miss(pointer, "minimum", Change::Replace(value));
        }
        if let Some(value) = high.and_then(|high| whole(high + 1)) {
            self.miss(pointer, "maximum", Change::Replace(value));
        }
        let usual = [0_i128, 1, -1, 7, 42, 1000, 65_536, 2_147_483_647, -2_147_483_648, 1 << 40];
        // A `float` holds whole numbers of 24 bits.
        let usual = if flat.format == Some("float") { &usual[..7] } else { &usual[..] };
        let drawn = match self.random.below(4) {
            0 => low,
            1 => high,
            2 => match (low, high) {
                (Some(low), Some(high)) => Some(self.random.between(low, high)),
                (Some(low), None) => Some(low + self.random.between(0, 1000)),
                (None, Some(high)) => Some(high - self.random.between(0, 1000)),
                (None, None) => None,
            },
            _ => None,
        };
        let drawn = drawn.or_else(|| self.random.pick(usual).copied())?;
        let mut drawn = drawn.max(low.unwrap_or(i128::MIN)).min(high.unwrap_or(i128::MAX));
        if let Some(step) = flat.multiple_of {
            let step_whole = (step.fract() == 0.0).then_some(step as i128).filter(|step| *step > 0);
            if let Some(step) = step_whole {
                drawn -= drawn.rem_euclid(step);
                if low.is_some_and(|low| drawn < low) {
                    drawn += step;
                }
                if let Some(value) = whole(drawn + 1) {
                    self.miss(pointer, "multipleOf", Change::Replace(value));
                }
            }
        }
        // The same number in another spelling.
        if drawn.abs() < 1 << 50 {
            self.miss(pointer, "spelling", Change::Replace(json!(drawn as f64)));
        }
        whole(drawn)
    }

    fn fraction(&mut self, flat: &Flat<'a>, pointer: &str) -> Option<Value> {
        let low = flat.low.map(|low| low.at);
        let high = flat.high.map(|high| high.at);
        // Quarters: exact in any width.
        let quarter = self.random.between(-4000, 4000) as f64 / 4.0;
        let mut drawn = match (low, high) {
            (Some(low), Some(high)) if high - low < 1000.0 => low + (high - low) / 2.0,
            (Some(low), _) => low + quarter.abs(),
            (None, Some(high)) => high - quarter.abs(),
            (None, None) => quarter,
        };
        if self.random.one_in(4) {
            drawn = flat.low.filter(|low| !low.exclusive).map_or(drawn, |low| low.at);
        } else if self.random.one_in(3) {
            drawn = flat.high.filter(|high| !high.exclusive).map_or(drawn, |high| high.at);
        }
        if let Some(step) = flat.multiple_of {
            // By way of decimal text, as 0.01 isn't a binary fraction.
            let places = step.to_string().split_once('.').map_or(0, |(_, places)| places.len());
            drawn = format!("{:.places$}", (drawn / step).round() * step).parse().ok()?;
            if drawn < low.unwrap_or(f64::MIN) {
                drawn += step;
            }
            self.miss(pointer, "multipleOf", Change::Replace(json!(drawn + step / 2.0)));
        }
        if let Some(bound) = flat.low {
            let outside = if bound.exclusive { bound.at } else { bound.at - 0.25 };
            self.miss(pointer, "minimum", Change::Replace(number(outside)?));
        }
        if let Some(bound) = flat.high {
            let outside = if bound.exclusive { bound.at } else { bound.at + 0.25 };
            self.miss(pointer, "maximum", Change::Replace(number(outside)?));
        }
        number(drawn)
    }

    fn text(&mut self, flat: &Flat<'a>, pointer: &str) -> Option<Value> {
        let (low, high) = (flat.min_length.unwrap_or(0), flat.max_length.unwrap_or(u64::MAX));
        if low > high || low > 1_000_000 {
            return None;
        }
        let fits = |text: &str| (low..=high).contains(&(text.chars().count() as u64));
        let mut drawn = None;
        if let Some(pattern) = flat.patterns.first() {
            for _ in 0..30 {
                drawn = pattern::text(pattern, &mut self.random).filter(|text| fits(text));
                if drawn.is_some() {
                    break;
                }
            }
            for other in ["", "?", "\u{e9} \n", "abc", "0"] {
                self.miss(pointer, "pattern", Change::Replace(json!(other)));
            }
            if let Some(text) = &drawn {
                self.miss(pointer, "pattern", Change::Replace(json!(format!("{text}\n"))));
                self.miss(pointer, "pattern", Change::Replace(json!(format!(" {text}"))));
            }
        } else if let Some(format) = flat.format {
            drawn = (0..10).find_map(|_| text::of_format(format, &mut self.random).filter(|text| fits(text)));
            for broken in text::not_of_format(format) {
                self.miss(pointer, "format", Change::Replace(json!(broken)));
            }
        }
        let drawn = drawn.or_else(|| {
            let examples = flat.examples.iter().filter_map(|example| example.as_str());
            let special = !flat.patterns.is_empty();
            examples.filter(|_| special).find(|text| fits(text)).map(str::to_owned)
        });
        let drawn = drawn.unwrap_or_else(|| {
            let most = high.min(low + 12);
            let length = match self.random.below(4) {
                0 => low,
                1 if high <= LONG => high,
                _ => self.random.between(low.into(), most.into()) as u64,
            };
            text::of_length(length as usize, &mut self.random)
        });
        if low > 0 && low <= LONG {
            let short: String = drawn.chars().take(low as usize - 1).collect();
            self.miss(pointer, "minLength", Change::Replace(json!(short)));
        }
        if high <= LONG {
            let length = drawn.chars().count() as u64;
            let missing = (high + 1).saturating_sub(length) as usize;
            // More of the same often still matches the pattern.
            let more = match drawn.chars().next_back().filter(|_| !flat.patterns.is_empty()) {
                Some(last) => std::iter::repeat_n(last, missing).collect(),
                None => text::of_length(missing, &mut self.random),
            };
            self.miss(pointer, "maxLength", Change::Replace(json!(format!("{drawn}{more}"))));
        }
        Some(Value::String(drawn))
    }

    /// Whether something that may be left out is there.
    fn wanted(&mut self, depth: usize) -> bool {
        if self.nodes > MANY_NODES || depth > DEEP {
            return false;
        }
        match self.size {
            Size::Small => false,
            Size::Medium => self.random.one_in(2),
            Size::Large => true,
        }
    }

    fn array(&mut self, flat: &Flat<'a>, depth: usize, pointer: &str) -> Option<Value> {
        let (low, high) = (flat.min_items.unwrap_or(0), flat.max_items.unwrap_or(u64::MAX));
        if low > high || low > 2_000 {
            return None;
        }
        let more = if self.wanted(depth) { 1 + self.random.below(3) as u64 } else { 0 };
        let prefix = flat.prefix.len() as u64;
        let wanted = if prefix > 0 && self.nodes < MANY_NODES { prefix } else { low + more };
        let wanted = wanted.clamp(low, high);
        let mut items: Vec<Value> = Vec::new();
        let mut attempts = 0;
        while (items.len() as u64) < wanted && attempts < 4 * wanted + 20 {
            attempts += 1;
            let place = deeper(pointer, &items.len().to_string());
            let schemas = flat.prefix.get(items.len()).unwrap_or(&flat.items);
            let marked = self.misses.len();
            match self.value(&schemas.clone(), depth + 1, &place) {
                Some(item) if !flat.unique || !items.contains(&item) => items.push(item),
                Some(_) => self.misses.truncate(marked),
                None => break,
            }
        }
        if (items.len() as u64) < low {
            return None;
        }
        if low > 0 {
            let short: Vec<_> = items.iter().take(low as usize - 1).cloned().collect();
            self.miss(pointer, "minItems", Change::Replace(Value::Array(short)));
        }
        if let Some(item) = items.first().cloned() {
            if high <= 200 {
                let missing = (high as usize + 1).saturating_sub(items.len());
                let long = items.iter().cloned().chain(std::iter::repeat_n(item.clone(), missing)).collect();
                self.miss(pointer, "maxItems", Change::Replace(Value::Array(long)));
            }
            if flat.unique {
                let twice = items.iter().cloned().chain([item]).collect();
                self.miss(pointer, "uniqueItems", Change::Replace(Value::Array(twice)));
            }
        }
        Some(Value::Array(items))
    }

    fn object(&mut self, flat: &Flat<'a>, depth: usize, pointer: &str) -> Option<Value> {
        let high = flat.max_properties.unwrap_or(u64::MAX) as usize;
        let low = flat.min_properties.unwrap_or(0) as usize;
        let mut members = Map::new();
        for (name, schemas) in &flat.properties {
            let required = flat.required.contains(name);
            if !required && (members.len() >= high || !(self.wanted(depth) || members.len() < low)) {
                continue;
            }
            match self.member(flat, name, schemas, depth, pointer) {
                Some(value) => drop(members.insert((*name).to_owned(), value)),
                None if required => return None,
                None => {}
            }
        }
        for name in &flat.required {
            if !members.contains_key(*name) {
                let value = self.member(flat, name, &[], depth, pointer)?;
                members.insert((*name).to_owned(), value);
            }
        }
        self.extra_members(flat, &mut members, (low, high), depth, pointer);
        for name in &flat.required {
            self.miss(pointer, "required", Change::Remove((*name).to_owned()));
        }
        if low > 0
            && members.len() == low
            && let Some(name) = members.keys().next_back().cloned()
        {
            self.miss(pointer, "minProperties", Change::Remove(name));
        }
        if !members.contains_key("unforeseen") {
            self.miss(
                pointer,
                "additionalProperties",
                Change::Insert("unforeseen".to_owned(), json!([null])),
            );
        }
        Some(Value::Object(members))
    }

    /// The value of one member: what its name, patterns and `additionalProperties` of other parts say.
    fn member(
        &mut self,
        flat: &Flat<'a>,
        name: &str,
        schemas: &[&'a Value],
        depth: usize,
        pointer: &str,
    ) -> Option<Value> {
        let mut schemas = schemas.to_vec();
        for extra in &flat.extras {
            if !extra.known.contains(name) && extra.patterns.is_empty() {
                schemas.push(extra.schema);
            }
        }
        self.value(&schemas, depth + 1, &deeper(pointer, name))
    }

    /// Members whose names are data, where the schema speaks of them.
    fn extra_members(
        &mut self,
        flat: &Flat<'a>,
        members: &mut Map<String, Value>,
        (low, high): (usize, usize),
        depth: usize,
        pointer: &str,
    ) {
        for (pattern, schema) in &flat.by_pattern {
            if members.len() < high
                && self.wanted(depth)
                && let Some(name) = pattern::text(pattern, &mut self.random)
                && !members.contains_key(&name)
                && let Some(value) = self.value(&[*schema], depth + 1, &deeper(pointer, &name))
            {
                members.insert(name, value);
            }
        }
        // Where nothing is said, other members mean nothing to the reader; they are a miss, not part of a value.
        let spoken = flat.extras.iter().any(|extra| *extra.schema != Value::Bool(false));
        if !spoken && members.len() >= low {
            return;
        }
        let more = if self.wanted(depth) { 1 + self.random.below(2) } else { 0 };
        let wanted = (members.len() + more).max(low).min(high);
        for attempt in 0..20 {
            if members.len() >= wanted {
                break;
            }
            let name = match flat.names.first() {
                Some(schema) => match self.value(&[*schema], depth + 1, "/\u{0}") {
                    Some(Value::String(name)) => name,
                    _ => break,
                },
                None => {
                    format!("{}{attempt}", self.random.pick(&["key", "a b", "\u{e9}", "x-y"]).unwrap_or(&"k"))
                }
            };
            if members.contains_key(&name) || flat.properties.contains_key(name.as_str()) {
                continue;
            }
            if let Some(value) = self.member(flat, &name, &[], depth, pointer) {
                members.insert(name, value);
            }
        }
    }
}

fn whole(value: i128) -> Option<Value> {
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok()
}

fn number(value: f64) -> Option<Value> {
    Number::from_f64(value).map(Value::Number)
}
