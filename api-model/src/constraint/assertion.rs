//! What is told about a value by looking at it as JSON: `not`, `anyOf`, `contains` and their like.

use super::{Path, Violations};
use crate::{Any, Json};

/// The value as JSON; null if it has no form there.
pub fn json<T: Json>(value: &T) -> Any {
    value.to_any().unwrap_or_default()
}

/// Whether `json` is a value of type `T` that passes `checks`.
pub fn is<T: Json>(json: &Any, checks: impl FnOnce(&T, &Path<'_>, &mut Violations)) -> bool {
    T::from_any(json).is_ok_and(|value| {
        let mut violations = Violations::default();
        checks(&value, &Path::ROOT, &mut violations);
        violations.is_empty()
    })
}

/// Whether `json` passes `checks`.
pub fn holds(json: &Any, checks: impl FnOnce(&Any, &Path<'_>, &mut Violations)) -> bool {
    let mut violations = Violations::default();
    checks(json, &Path::ROOT, &mut violations);
    violations.is_empty()
}

/// Reports a value that is none of these, each a JSON text; null is a value like others.
pub fn listed_json(json: &Any, known: &[&str], path: &Path<'_>, violations: &mut Violations) {
    let is_known = super::is_one_of(json, known);
    if !is_known {
        violations.add(path, "enum", || format!("must be one of {}", known.join(", ")));
    }
}

/// Reports what is forbidden: `fits` says whether the value is that.
pub fn not(fits: bool, path: &Path<'_>, violations: &mut Violations) {
    if fits {
        violations.add(path, "not", || "must not be what its schema excludes".to_owned());
    }
}

/// Reports a value of none of the alternatives.
pub fn any_of(fits: &[bool], path: &Path<'_>, violations: &mut Violations) {
    match fits {
        [false] => violations.add(path, "allOf", || "must fit every part of its schema".to_owned()),
        _ if !fits.contains(&true) => {
            violations.add(path, "anyOf", || format!("must fit one of {} alternatives", fits.len()));
        }
        _ => {}
    }
}

/// Reports a value of none, or of several, of the alternatives.
pub fn exactly_one(fits: &[bool], path: &Path<'_>, violations: &mut Violations) {
    let count = fits.iter().filter(|fits| **fits).count();
    if count != 1 {
        violations.add(path, "oneOf", || {
            format!("must fit exactly one of {} alternatives, fits {count}", fits.len())
        });
    }
}

/// Reports a value that isn't what its `if` makes it.
pub fn conditional(fits: bool, path: &Path<'_>, violations: &mut Violations) {
    if !fits {
        violations.add(path, "if", || "must be what its schema demands in this case".to_owned());
    }
}

/// Reports members that are missing.
pub fn required(json: &Any, names: &[&str], path: &Path<'_>, violations: &mut Violations) {
    let Any::Object(members) = json else { return };
    for name in names.iter().filter(|name| !members.contains_key(**name)) {
        violations.add(path, "required", || format!("must have the member `{name}`"));
    }
}

/// Reports what is missing beside `member`, if that is there.
pub fn dependent(
    json: &Any,
    member: &str,
    names: &[&str],
    fits: impl FnOnce(&Any) -> bool,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    let Any::Object(members) = json else { return };
    if !members.contains_key(member) {
        return;
    }
    for name in names.iter().filter(|name| !members.contains_key(**name)) {
        violations.add(path, "dependentRequired", || format!("must have `{name}`, for it has `{member}`"));
    }
    if !fits(json) {
        violations.add(path, "dependentSchemas", || format!("must be what it has to be with `{member}`"));
    }
}

/// Reports members that don't fit what is said of their names.
pub fn members_fit(
    json: &Any,
    fits: impl Fn(&str, &Any) -> bool,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    let Any::Object(members) = json else { return };
    for (name, _) in members.iter().filter(|(name, value)| !fits(name, value)) {
        violations
            .add(&path.member(name), "properties", || "must not be here, or not with this value".to_owned());
    }
}

/// Reports members whose names aren't among those allowed.
pub fn member_names(json: &Any, fits: impl Fn(&Any) -> bool, path: &Path<'_>, violations: &mut Violations) {
    let Any::Object(members) = json else { return };
    for name in members.keys().filter(|name| !fits(&Any::String(String::clone(name)))) {
        violations.add(&path.member(name), "propertyNames", || "must have another name".to_owned());
    }
}

/// Reports elements that don't fit what is said of their places.
pub fn items_fit(
    json: &Any,
    fits: impl Fn(usize, &Any) -> bool,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    let Any::Array(items) = json else { return };
    for (index, _) in items.iter().enumerate().filter(|(index, item)| !fits(*index, item)) {
        violations.add(&path.index(index), "items", || "must not be here, or not with this value".to_owned());
    }
}

/// Reports a list with too few or too many elements that fit.
pub fn contains(
    json: &Any,
    fits: impl Fn(&Any) -> bool,
    least: usize,
    most: Option<usize>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    let Any::Array(items) = json else { return };
    let count = items.iter().filter(|item| fits(item)).count();
    if count < least {
        violations.add(path, "contains", || {
            format!("must hold at least {least} of the elements that its schema describes")
        });
    }
    if let Some(most) = most.filter(|most| count > *most) {
        violations.add(path, "maxContains", || {
            format!("must hold at most {most} of the elements that its schema describes")
        });
    }
}
