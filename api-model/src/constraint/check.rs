use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;

use super::{Path, Pattern, Violations};
use crate::json::canonical;
use crate::{Any, Json, Map, Nullable};

/// What is asserted about one value. Those that don't apply to its type hold.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Constraints<'a> {
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    pub exclusive_minimum: Option<Bound>,
    pub exclusive_maximum: Option<Bound>,
    pub multiple_of: Option<Bound>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub pattern: Option<&'a Pattern>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    pub min_properties: Option<usize>,
    pub max_properties: Option<usize>,
}

impl Constraints<'_> {
    /// Nothing is asserted.
    pub const NONE: Self = Self {
        minimum: None,
        maximum: None,
        exclusive_minimum: None,
        exclusive_maximum: None,
        multiple_of: None,
        min_length: None,
        max_length: None,
        pattern: None,
        min_items: None,
        max_items: None,
        unique_items: false,
        min_properties: None,
        max_properties: None,
    };
}

/// A number of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A whole one.
    Integer(i128),
    /// Any other.
    Float(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

impl Bound {
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(&other)),
            (Self::Integer(one), Self::Float(other)) => (one as f64).partial_cmp(&other),
            (Self::Float(one), Self::Integer(other)) => one.partial_cmp(&(other as f64)),
            (Self::Float(one), Self::Float(other)) => one.partial_cmp(&other),
        }
    }

    /// Exact in decimals, so that 19.99 is a multiple of 0.01, as far as 128 bits go.
    fn is_multiple_of(self, divisor: Self) -> bool {
        match (decimal(self), decimal(divisor)) {
            (Some((value, value_scale)), Some((divisor, divisor_scale))) => {
                let scale = value_scale.max(divisor_scale);
                let value =
                    10_i128.checked_pow(scale - value_scale).and_then(|factor| value.checked_mul(factor));
                let divisor =
                    10_i128.checked_pow(scale - divisor_scale).and_then(|factor| divisor.checked_mul(factor));
                match (value, divisor) {
                    (Some(value), Some(divisor)) => divisor == 0 || value % divisor == 0,
                    _ => true,
                }
            }
            _ => true,
        }
    }
}

/// Digits and how many of them stand behind the point.
fn decimal(number: Bound) -> Option<(i128, u32)> {
    match number {
        Bound::Integer(value) => Some((value, 0)),
        Bound::Float(value) => {
            let text = value.to_string();
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let digits = format!("{whole}{fraction}").parse().ok()?;
            Some((digits, u32::try_from(fraction.len()).ok()?))
        }
    }
}

/// A value whose [`Constraints`] can be checked.
pub trait Checked {
    /// Adds what the value breaks; what it holds isn't looked at.
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations);
}

pub(crate) fn check_number(
    value: Bound,
    constraints: &Constraints<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    let breaks = |bound: Option<Bound>, allowed: &[Ordering]| {
        bound.filter(|&bound| value.compare(bound).is_none_or(|order| !allowed.contains(&order)))
    };
    if let Some(bound) = breaks(constraints.minimum, &[Ordering::Greater, Ordering::Equal]) {
        violations.add(path, "minimum", || format!("must be at least {bound}"));
    }
    if let Some(bound) = breaks(constraints.exclusive_minimum, &[Ordering::Greater]) {
        violations.add(path, "exclusiveMinimum", || format!("must be greater than {bound}"));
    }
    if let Some(bound) = breaks(constraints.maximum, &[Ordering::Less, Ordering::Equal]) {
        violations.add(path, "maximum", || format!("must be at most {bound}"));
    }
    if let Some(bound) = breaks(constraints.exclusive_maximum, &[Ordering::Less]) {
        violations.add(path, "exclusiveMaximum", || format!("must be less than {bound}"));
    }
    if let Some(divisor) = constraints.multiple_of.filter(|&divisor| !value.is_multiple_of(divisor)) {
        violations.add(path, "multipleOf", || format!("must be a multiple of {divisor}"));
    }
}

fn check_text(text: &str, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
    if !settled_by_bytes(text.len(), constraints) {
        let length = text.chars().count();
        check_count(
            length,
            ("minLength", constraints.min_length),
            ("maxLength", constraints.max_length),
            "characters",
            path,
            violations,
        );
    }
    if let Some(pattern) = constraints.pattern.filter(|pattern| !pattern.matches(text)) {
        violations.add(path, "pattern", || format!("must match the pattern `{}`", pattern.as_str()));
    }
}

/// Whether a text of so many bytes has a length within the bounds, whatever its characters are: each has one to four
/// bytes. Mostly it does, and counting them is then saved.
fn settled_by_bytes(bytes: usize, constraints: &Constraints<'_>) -> bool {
    constraints.min_length.is_none_or(|least| bytes.div_ceil(4) >= least)
        && constraints.max_length.is_none_or(|most| bytes <= most)
}

fn check_list<T: Json>(
    items: &[T],
    constraints: &Constraints<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    check_count(
        items.len(),
        ("minItems", constraints.min_items),
        ("maxItems", constraints.max_items),
        "elements",
        path,
        violations,
    );
    if constraints.unique_items {
        // By a text that equal values share, so that a long list takes no quadratic time.
        let mut seen = HashSet::with_capacity(items.len());
        if !items.iter().all(|item| canonical(item).is_none_or(|text| seen.insert(text))) {
            violations.add(path, "uniqueItems", || "must not hold equal elements".to_owned());
        }
    }
}

pub(super) fn check_members(
    count: usize,
    constraints: &Constraints<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    check_count(
        count,
        ("minProperties", constraints.min_properties),
        ("maxProperties", constraints.max_properties),
        "members",
        path,
        violations,
    );
}

fn check_count(
    count: usize,
    (min_name, min): (&'static str, Option<usize>),
    (max_name, max): (&'static str, Option<usize>),
    noun: &str,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if let Some(min) = min.filter(|&min| count < min) {
        violations.add(path, min_name, || format!("must have at least {min} {noun}"));
    }
    if let Some(max) = max.filter(|&max| count > max) {
        violations.add(path, max_name, || format!("must have at most {max} {noun}"));
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl Checked for $ty {
            fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
                check_number(Bound::Integer(i128::from(*self)), constraints, path, violations);
            }
        }
    )* };
}

integers!(i32, i64, u32, u64);

impl Checked for f64 {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        check_number(Bound::Float(*self), constraints, path, violations);
    }
}

impl Checked for bool {
    fn check(&self, _: &Constraints<'_>, _: &Path<'_>, _: &mut Violations) {}
}

impl Checked for str {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        check_text(self, constraints, path, violations);
    }
}

impl Checked for String {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        check_text(self, constraints, path, violations);
    }
}

impl<T: Json> Checked for Vec<T> {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        check_list(self, constraints, path, violations);
    }
}

impl<T> Checked for Map<T> {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        check_members(self.len(), constraints, path, violations);
    }
}

impl<T: Checked + ?Sized> Checked for Box<T> {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        (**self).check(constraints, path, violations);
    }
}

impl<T: Checked> Checked for Option<T> {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        if let Some(value) = self {
            value.check(constraints, path, violations);
        }
    }
}

impl<T: Checked> Checked for Nullable<T> {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        if let Self::Value(value) = self {
            value.check(constraints, path, violations);
        }
    }
}

impl Checked for Any {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        match self {
            Any::Null | Any::Bool(_) => {}
            Any::Number(number) => {
                let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                let value = integer.map(Bound::Integer).or_else(|| number.as_f64().map(Bound::Float));
                if let Some(value) = value {
                    check_number(value, constraints, path, violations);
                }
            }
            Any::String(text) => check_text(text, constraints, path, violations),
            Any::Array(items) => check_list(items, constraints, path, violations),
            Any::Object(members) => check_members(members.len(), constraints, path, violations),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(value: &(impl Checked + ?Sized), constraints: Constraints<'_>) -> Vec<&'static str> {
        let mut violations = Violations::default();
        value.check(&constraints, &Path::ROOT, &mut violations);
        violations.iter().map(|violation| violation.constraint).collect()
    }

    #[test]
    fn every_broken_assertion_is_reported() {
        let even = Constraints {
            minimum: Some(Bound::Integer(4)),
            multiple_of: Some(Bound::Integer(2)),
            exclusive_maximum: Some(Bound::Float(8.5)),
            ..Constraints::NONE
        };
        assert_eq!(broken(&6_i64, even), [""; 0]);
        assert_eq!(broken(&3_i64, even), ["minimum", "multipleOf"]);
        assert_eq!(broken(&9_u32, even), ["exclusiveMaximum", "multipleOf"]);
        assert_eq!(broken(&f64::NAN, even), ["minimum", "exclusiveMaximum"]);
    }

    #[test]
    fn multiples_are_exact_in_decimals() {
        let cents = Constraints { multiple_of: Some(Bound::Float(0.01)), ..Constraints::NONE };
        assert_eq!(broken(&19.99_f64, cents), [""; 0]);
        assert_eq!(broken(&19.995_f64, cents), ["multipleOf"]);
        assert_eq!(broken(&1e300_f64, cents), [""; 0]);
    }

    #[test]
    fn lengths_count_code_points() {
        let two = Constraints { min_length: Some(2), max_length: Some(2), ..Constraints::NONE };
        assert_eq!(broken("é🦀", two), [""; 0]);
        assert_eq!(broken("e\u{301}x", two), ["maxLength"]);
        assert_eq!(broken("", two), ["minLength"]);
    }

    #[test]
    fn bytes_settle_only_what_characters_would() {
        for text in ["", "a", "ab", "é", "éa", "€", "€€", "🦀", "🦀🦀a", "abcdefgh"] {
            for (least, most) in (0..9).flat_map(|least| (0..9).map(move |most| (least, most))) {
                let bounds =
                    Constraints { min_length: Some(least), max_length: Some(most), ..Constraints::NONE };
                let right = (least..=most).contains(&text.chars().count());
                assert_eq!(broken(text, bounds).is_empty(), right, "{text:?} in {least}..={most}");
            }
        }
    }

    #[test]
    fn patterns_are_ecma_and_unanchored() {
        let word = Pattern::new(r"[\w-.]b$");
        let constraints = Constraints { pattern: Some(&word), ..Constraints::NONE };
        assert_eq!(broken("xx-b", constraints), [""; 0]);
        assert_eq!(broken("-b\n", constraints), ["pattern"]);
    }

    #[test]
    fn lists_and_maps_are_counted() {
        let unique = Constraints { unique_items: true, max_items: Some(2), ..Constraints::NONE };
        assert_eq!(broken(&vec![1, 2], unique), [""; 0]);
        assert_eq!(broken(&vec![1, 2, 1], unique), ["maxItems", "uniqueItems"]);
        let some = Constraints { min_properties: Some(1), ..Constraints::NONE };
        assert_eq!(broken(&Map::<i64>::new(), some), ["minProperties"]);
    }
}
