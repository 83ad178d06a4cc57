use serde::Serialize;
use serde_json::Number;

use super::TypeUse;

/// The assertions of a schema that a Rust type doesn't make by itself.
///
/// Lengths count Unicode code points; patterns are ECMA-262 expressions, unanchored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Constraints {
    /// `minimum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// `maximum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// `exclusiveMinimum`, in the numeric form of 3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<Number>,
    /// `exclusiveMaximum`, in the numeric form of 3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<Number>,
    /// `multipleOf`; greater than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<Number>,
    /// `minLength`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// `maxLength`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// `pattern`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// `minItems`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// `maxItems`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// `uniqueItems: true`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique_items: bool,
    /// `minProperties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_properties: Option<u64>,
    /// `maxProperties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_properties: Option<u64>,
    /// `enum` of values that aren't all strings: numbers, booleans, lists. Empty means that nothing is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<serde_json::Value>,
    /// What is told by looking at the value as JSON; all of them hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// What a schema asserts that is neither a type nor a bound: it is checked on the JSON form of a value.
///
/// The types in it only tell values apart. Objects written in place stand there as [`Members`](Self::Members) of any map,
/// so that nothing is declared for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assertion {
    /// `not`: it is none of these values.
    Not(TypeUse),
    /// `anyOf`: it is a value of at least one. With one alternative: it is a value of that too.
    AnyOf(Vec<TypeUse>),
    /// `oneOf`: it is a value of exactly one.
    OneOf(Vec<TypeUse>),
    /// `if`, `then` and `else`.
    If {
        /// What decides.
        condition: Box<TypeUse>,
        /// What it must be if that holds.
        then: Option<Box<TypeUse>>,
        /// What it must be if that doesn't hold.
        otherwise: Option<Box<TypeUse>>,
    },
    /// `required`, where no field says it.
    Required(Vec<String>),
    /// `dependentRequired` and `dependentSchemas` of one member.
    Dependent {
        /// If this member is there,
        member: String,
        /// these must be too,
        required: Vec<String>,
        /// and the whole must be a value of this.
        schema: Option<TypeUse>,
    },
    /// `properties`, `patternProperties` and `additionalProperties`.
    Members {
        /// By name.
        named: Vec<(String, TypeUse)>,
        /// By patterns, each of which may match; for named members too.
        patterns: Vec<(String, TypeUse)>,
        /// All others.
        others: Option<TypeUse>,
    },
    /// `propertyNames`: each name, as a text.
    MemberNames(TypeUse),
    /// `prefixItems` and `items`.
    Items {
        /// The first elements, one by one.
        first: Vec<TypeUse>,
        /// Those that follow.
        rest: Option<TypeUse>,
    },
    /// `contains`, `minContains` and `maxContains`.
    Contains {
        /// What is counted.
        item: TypeUse,
        /// At least so many.
        least: u64,
        /// At most so many.
        most: Option<u64>,
    },
}

impl Assertion {
    /// Every type in it.
    pub fn types(&self) -> Vec<&TypeUse> {
        match self {
            Self::Not(ty) | Self::MemberNames(ty) | Self::Contains { item: ty, .. } => vec![ty],
            Self::AnyOf(types) | Self::OneOf(types) => types.iter().collect(),
            Self::If { condition, then, otherwise } => {
                std::iter::once(condition).chain(then).chain(otherwise).map(|ty| &**ty).collect()
            }
            Self::Required(_) => Vec::new(),
            Self::Dependent { schema, .. } => schema.iter().collect(),
            Self::Members { named, patterns, others } => {
                named.iter().chain(patterns).map(|(_, ty)| ty).chain(others).collect()
            }
            Self::Items { first, rest } => first.iter().chain(rest).collect(),
        }
    }

    /// As [`types`](Self::types), to change them.
    pub fn types_mut(&mut self) -> Vec<&mut TypeUse> {
        match self {
            Self::Not(ty) | Self::MemberNames(ty) | Self::Contains { item: ty, .. } => vec![ty],
            Self::AnyOf(types) | Self::OneOf(types) => types.iter_mut().collect(),
            Self::If { condition, then, otherwise } => {
                std::iter::once(condition).chain(then).chain(otherwise).map(|ty| &mut **ty).collect()
            }
            Self::Required(_) => Vec::new(),
            Self::Dependent { schema, .. } => schema.iter_mut().collect(),
            Self::Members { named, patterns, others } => {
                named.iter_mut().chain(patterns).map(|(_, ty)| ty).chain(others).collect()
            }
            Self::Items { first, rest } => first.iter_mut().chain(rest).collect(),
        }
    }
}

impl Constraints {
    /// Whether nothing is asserted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
