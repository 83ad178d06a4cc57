use std::fmt;

use super::Path;

/// One assertion that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// JSON pointer of the value; empty for the whole document.
    pub path: String,
    /// The keyword that is broken, as the document spells it: `minimum`, `pattern`, `enum`, `format`.
    pub constraint: &'static str,
    /// What the value must be, such as `must be at least 1`.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}` ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a value. The first [`Violations::LIMIT`] are kept, the others counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    kept: Vec<Violation>,
    more: usize,
}

impl Violations {
    /// How many are kept, so that a hostile value can't fill the memory with complaints.
    pub const LIMIT: usize = 100;

    /// Adds one. The message is only made if it is kept.
    pub fn add(&mut self, path: &Path<'_>, constraint: &'static str, message: impl FnOnce() -> String) {
        if self.kept.len() < Self::LIMIT {
            self.kept.push(Violation { path: path.to_string(), constraint, message: message() });
        } else {
            self.more += 1;
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many there are, kept or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len() + self.more
    }

    /// Those that are kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.kept.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.kept.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}
