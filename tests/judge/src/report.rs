//! What was counted, and the classes of what differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::readings::{READINGS, Reading};

/// A way in which both judges differ about a value.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// Its name: equal for what has the same cause.
    pub(crate) name: String,
    /// What was said of this value.
    pub(crate) said: String,
}

impl Class {
    pub(crate) fn new(direction: &str, cause: &str, said: &str) -> Self {
        Self { name: format!("{direction}: {cause}"), said: said.to_owned() }
    }
}

/// One kind of difference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) count: usize,
    /// The first values: where, from what, and what was said.
    pub(crate) examples: Vec<String>,
}

impl Found {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        let room = SHOWN.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room.max(1)).cloned());
    }
}

/// What was found out about a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) schemas: usize,
    pub(crate) values: usize,
    pub(crate) differing: usize,
    /// Examples of the document, and those among them that are valid and were refused.
    pub(crate) examples: usize,
    pub(crate) examples_refused: usize,
    /// Differences that a reading explains, by its name.
    pub(crate) explained: BTreeMap<&'static str, Found>,
    /// The others.
    pub(crate) classes: BTreeMap<String, Found>,
    pub(crate) unjudged: Vec<String>,
}

/// How many values of a class are shown.
const SHOWN: usize = 3;

impl Report {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(crate) fn unjudged(&mut self, pointer: &str, why: &str) {
        self.unjudged.push(format!("{pointer}: {}", short(why, 200)));
    }

    /// One more value.
    pub(crate) fn count(&mut self, origin: &str) {
        self.values += 1;
        self.examples += usize::from(origin == "example");
    }

    /// The judges differ about a value; `reading` explains why.
    pub(crate) fn differs(
        &mut self,
        pointer: &str,
        origin: &str,
        value: &Value,
        class: Class,
        reading: Option<&'static Reading>,
    ) {
        self.differing += 1;
        self.examples_refused += usize::from(origin == "example" && class.name.starts_with("refuses"));
        let found = match reading {
            Some(reading) => self.explained.entry(reading.name).or_default(),
            None => self.classes.entry(class.name).or_default(),
        };
        found.count += 1;
        if found.examples.len() < SHOWN {
            let (value, said) = (short(&value.to_string(), 300), short(&class.said, 200));
            found
                .examples
                .push(format!("{} {pointer} ({origin})\n        {said}\n        {value}", self.name));
        }
    }

    /// Adds another document's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.schemas += other.schemas;
        self.values += other.values;
        self.differing += other.differing;
        self.examples += other.examples;
        self.examples_refused += other.examples_refused;
        self.unjudged.extend(other.unjudged.iter().map(|line| format!("{} {line}", other.name)));
        for (name, found) in &other.explained {
            self.explained.entry(name).or_default().add(found);
        }
        for (name, found) in &other.classes {
            self.classes.entry(name.clone()).or_default().add(found);
        }
    }

    /// The share of values about which both judges agree, in percent.
    pub(crate) fn agreement(&self) -> f64 {
        let agreed = self.values - self.differing;
        if self.values == 0 { 100.0 } else { 100.0 * agreed as f64 / self.values as f64 }
    }

    /// How many differences no reading explains.
    pub(crate) fn unexplained(&self) -> usize {
        self.classes.values().map(|found| found.count).sum()
    }

    /// One line of the table.
    pub(crate) fn row(&self) -> String {
        format!(
            "{:<30} {:>7} {:>8} {:>9.3} {:>8} {:>12} {:>8} {:>8}",
            self.name,
            self.schemas,
            self.values,
            self.agreement(),
            self.differing,
            self.unexplained(),
            self.examples,
            self.examples_refused
        )
    }

    /// The heading of the table.
    pub(crate) fn heading() -> String {
        format!(
            "{:<30} {:>7} {:>8} {:>9} {:>8} {:>12} {:>8} {:>8}",
            "document", "schemas", "values", "agree %", "differ", "unexplained", "examples", "refused"
        )
    }

    /// The readings that explain differences and the other classes, the largest first, each with a few values.
    pub(crate) fn classes(&self) -> String {
        let mut out = String::new();
        for reading in &READINGS {
            if let Some(found) = self.explained.get(reading.name) {
                let _ = writeln!(out, "{:>7}  explained: {}: {}", found.count, reading.name, reading.reason);
                for example in &found.examples {
                    let _ = writeln!(out, "      {example}");
                }
            }
        }
        let mut classes: Vec<_> = self.classes.iter().collect();
        classes.sort_by_key(|(_, found)| std::cmp::Reverse(found.count));
        for (name, found) in classes {
            let _ = writeln!(out, "{:>7}  {name}", found.count);
            for example in &found.examples {
                let _ = writeln!(out, "      {example}");
            }
        }
        out
    }
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most).collect::<String>() + "\u{2026}"
    }
}
