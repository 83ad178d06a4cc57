use std::fmt;

use super::{Checked, Constraints, Validate, Violations};

/// The way from a document's root to a value; prints as a JSON pointer.
///
/// It lives on the stack of whoever validates, so that the way to a valid value costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The whole document.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// The member with this name.
    #[must_use]
    pub fn member(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Member(name) }
    }

    /// The element at this place.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// Validates the value that stands here.
    pub fn validate(&self, value: &(impl Validate + ?Sized), violations: &mut Violations) {
        value.validate(self, violations);
    }

    /// Checks what is asserted about the value that stands here.
    pub fn check(
        &self,
        value: &(impl Checked + ?Sized),
        constraints: &Constraints<'_>,
        violations: &mut Violations,
    ) {
        value.check(constraints, self, violations);
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => write!(f, "/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_as_a_json_pointer() {
        assert_eq!(Path::ROOT.to_string(), "");
        let vertices = Path::ROOT.member("vertices");
        assert_eq!(vertices.index(3).member("a/b~c").to_string(), "/vertices/3/a~1b~0c");
    }
}
