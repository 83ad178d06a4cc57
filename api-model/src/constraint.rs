//! What a document asserts beyond the shape of a value, and the report of everything that breaks it.

mod assertion;
mod check;
mod format;
mod path;
mod pattern;
mod violation;

pub use assertion::{
    any_of, conditional, contains, dependent, exactly_one, holds, is, items_fit, json, listed_json,
    member_names, members_fit, not, required,
};
pub(crate) use check::check_number;
pub use check::{Bound, Checked, Constraints};
pub(crate) use format::{is_base64, is_date, is_date_time, is_uuid};
pub use path::Path;
pub use pattern::Pattern;
pub use violation::{Violation, Violations};

use crate::json::canonical;
use crate::{Any, Json, Map, StringEnum};

/// A value that can be checked against what its document asserts.
///
/// # Contract
/// - Every violation is reported, in the order of the members, up to the limit of [`Violations`].
/// - `path` is the place of the value itself.
///
/// # Panics
/// Never.
pub trait Validate {
    /// Adds the value's violations, and those of what it holds.
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        let _ = (path, violations);
    }

    /// All violations of the value, taken as the whole document.
    ///
    /// # Errors
    /// If there are any.
    fn check(&self) -> Result<(), Violations> {
        let mut violations = Violations::default();
        self.validate(&Path::ROOT, &mut violations);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// Reports a value of an enumeration that the document doesn't list.
pub fn listed<T: StringEnum>(value: &T, path: &Path<'_>, violations: &mut Violations) {
    if !value.is_listed() {
        violations.add(path, "enum", || {
            let known: Vec<_> = T::ALL.iter().map(|known| format!("`{}`", known.as_str())).collect();
            format!("must be one of {}", known.join(", "))
        });
    }
}

/// Reports a value that is none of these, each a JSON text. What is absent or null is no value.
pub fn one_of<T: Json>(value: &T, known: &[&str], path: &Path<'_>, violations: &mut Violations) {
    if !is_one_of(value, known) && !value.to_any().is_ok_and(|value| value.is_null()) {
        violations.add(path, "enum", || format!("must be one of {}", known.join(", ")));
    }
}

/// Whether a value equals one of these, each a JSON text; `1` and `1.0` are equal. One that has no form in JSON is none of ours
/// to judge.
fn is_one_of<T: Json>(value: &T, known: &[&str]) -> bool {
    let Some(value) = canonical(value) else { return true };
    known.iter().any(|known| {
        Any::read_json(known.as_bytes()).is_ok_and(|known| canonical(&known).as_ref() == Some(&value))
    })
}

/// Reports an object whose number of members is out of bounds.
pub fn members(count: usize, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
    check::check_members(count, constraints, path, violations);
}

macro_rules! unconstrained {
    ($($ty:ty),*) => { $(impl Validate for $ty {})* };
}

unconstrained!((), bool, i32, i64, u32, u64, f64, String, crate::Any);

impl<T: Validate> Validate for Option<T> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        if let Some(value) = self {
            value.validate(path, violations);
        }
    }
}

impl<T: Validate + ?Sized> Validate for Box<T> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        (**self).validate(path, violations);
    }
}

impl<T: Validate> Validate for Vec<T> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        for (index, item) in self.iter().enumerate() {
            item.validate(&path.index(index), violations);
        }
    }
}

impl<T: Validate> Validate for Map<T> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        for (name, value) in self {
            value.validate(&path.member(name), violations);
        }
    }
}
