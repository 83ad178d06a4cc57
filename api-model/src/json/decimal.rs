use std::fmt;
use std::str::FromStr;

use super::{Json, Node, Refusal, Writer, number};
use crate::constraint::{Bound, Checked, Constraints};
use crate::{InvalidText, Path, Scalar, Validate, Violations};

/// A number with all its digits, as they are written: for amounts that binary fractions and 64 bits can't hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// The number as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as a float, rounded.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl FromStr for Decimal {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if number::is_number(text) {
            return Ok(Self(text.to_owned()));
        }
        let mut violations = Violations::default();
        violations.add(&Path::ROOT, "type", || "must be a number such as `-12.50`".to_owned());
        Err(violations.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Scalar for Decimal {}

impl Validate for Decimal {}

impl Checked for Decimal {
    fn check(&self, constraints: &Constraints<'_>, path: &Path<'_>, violations: &mut Violations) {
        let value = number::integer(&self.0).map_or_else(|| Bound::Float(self.to_f64()), Bound::Integer);
        crate::constraint::check_number(value, constraints, path, violations);
    }
}

impl Json for Decimal {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        let text = node.number("a number")?;
        if number::is_number(text) { Ok(Self(text.to_owned())) } else { Err(node.refuse("a number")) }
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.raw(self.0.as_bytes());
    }
}

crate::__private::serde_by_json!(Decimal);
