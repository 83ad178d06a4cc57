use serde::Serialize;
use serde_json::Value;

use super::{Constraints, Docs};
use crate::diagnostic::Location;

/// Names a declaration in its [`TypeTable`](super::TypeTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TypeId(pub u32);

/// A type that needs a declaration: everything with fields, variants or a name of its own.
#[derive(Clone, Debug, Serialize)]
pub struct TypeDecl {
    /// Where its name comes from.
    pub name: NameHint,
    /// The document's words.
    pub docs: Docs,
    /// What it is.
    pub kind: TypeKind,
    /// The component whose form in requests, or in answers, it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_of: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

impl TypeDecl {
    /// The component that it is, or whose form for one way it is.
    #[must_use]
    pub fn component(&self) -> Option<&str> {
        match &self.name {
            NameHint::Component(name) => Some(name),
            NameHint::Path(_) => self.form_of.as_deref(),
        }
    }
}

/// Where the name of a type comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameHint {
    /// The key under `components.schemas` (or `definitions`).
    Component(String),
    /// A schema written in place: the name of what encloses it and the way from there, such as
    /// `["triggerSavepoint", "request", "mode"]`. Words are wire names, joined and cased later.
    Path(Vec<String>),
}

/// What a declaration declares.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeKind {
    /// An object with known members.
    Struct {
        /// Members in document order; wire names are unique.
        fields: Vec<Field>,
        /// What other members may hold.
        additional: Additional,
        /// Property counts.
        constraints: Constraints,
    },
    /// A string that should be one of these.
    Enum {
        /// In document order; unique.
        values: Vec<EnumValue>,
    },
    /// One of several types.
    Union(Union),
    /// A name for another type, with its constraints: `JobId`, `Percentile`, `JobIds`.
    Alias(TypeUse),
}

/// A member of a struct.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// The member's name on the wire.
    pub name: String,
    /// Its type; `nullable` there means that `null` is a value of it.
    pub ty: TypeUse,
    /// Whether it must be present.
    pub required: bool,
    /// `default`, if it is a value of the type.
    pub default: Option<Value>,
    /// Only in responses.
    pub read_only: bool,
    /// Only in requests.
    pub write_only: bool,
    /// The document's words.
    pub docs: Docs,
}

/// `additionalProperties`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Additional {
    /// Not said: unknown members are ignored.
    Ignored,
    /// `false`: unknown members are refused by validation on the server, ignored by clients.
    Forbidden,
    /// `true` or a schema: unknown members are kept.
    Typed(Box<TypeUse>),
}

/// One value of an enumeration of strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct EnumValue {
    /// The string on the wire.
    pub value: String,
    /// From `x-enum-descriptions` and its like.
    pub description: Option<String>,
}

/// One of several types.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Union {
    /// In document order; at least one.
    pub variants: Vec<Variant>,
    /// How a reader tells them apart.
    pub tag: UnionTag,
    /// Whether a value must be one of exactly one variant (`oneOf`); otherwise of one or more (`anyOf`).
    pub exclusive: bool,
    /// What is asserted about the value, whichever variant it is.
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
}

/// How a reader tells the variants of a union apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnionTag {
    /// By the value of this member; each variant lists its values in [`Variant::tag_values`].
    Property(String),
    /// By trying them in order: shapes differ, or the document leaves it open.
    Trial,
}

/// An alternative of a union.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Variant {
    /// Its component's name, its `title`, or a word for its type such as `string`.
    pub name: String,
    /// Values of the discriminating member that choose it.
    pub tag_values: Vec<String>,
    /// What it holds.
    pub ty: TypeUse,
}

/// A type where it is used: with what is asserted there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct TypeUse {
    /// The type.
    pub ty: Type,
    /// Whether `null` is allowed too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// Assertions at this place, beyond those of a named type.
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
}

impl TypeUse {
    /// A type without null and without assertions.
    #[must_use]
    pub fn plain(ty: Type) -> Self {
        Self { ty, nullable: false, constraints: Constraints::default() }
    }
}

/// A type expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer(IntegerFormat),
    /// A number.
    Number(NumberFormat),
    /// A text.
    String(StringFormat),
    /// A list.
    Array(Box<TypeUse>),
    /// A list whose first elements have types of their own.
    Tuple(Tuple),
    /// An object whose member names are data.
    Map(Box<TypeUse>),
    /// A declared type.
    Named(TypeId),
}

/// A list whose first elements have types of their own. All of those are there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Tuple {
    /// Their types; at least one.
    pub first: Vec<TypeUse>,
    /// The type of further elements, if there may be any.
    pub rest: Option<Box<TypeUse>>,
}

impl Tuple {
    /// All types in it.
    pub fn elements(&self) -> impl Iterator<Item = &TypeUse> {
        self.first.iter().chain(self.rest.as_deref())
    }

    /// As [`elements`](Self::elements), to change them.
    pub fn elements_mut(&mut self) -> impl Iterator<Item = &mut TypeUse> {
        self.first.iter_mut().chain(self.rest.as_deref_mut())
    }
}

/// Width of an integer. Without a `format`, 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntegerFormat {
    /// `int32`.
    I32,
    /// `int64`, or no format.
    I64,
    /// `uint32`, and the narrower unsigned formats, whose bounds are constraints.
    U32,
    /// `uint64`.
    U64,
}

/// Width of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFormat {
    /// `double`, `float`, or no format: a narrower type would lose digits that a document may not have meant to forbid.
    F64,
    /// `decimal`, and whole numbers whose bounds are beyond 64 bits: a number with all its digits.
    Decimal,
}

/// What a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StringFormat {
    /// Just text, or a format without a type of its own.
    Plain,
    /// `date`.
    Date,
    /// `date-time`.
    DateTime,
    /// `uuid`.
    Uuid,
    /// `byte`: base64.
    Byte,
    /// `binary`: raw octets, outside JSON.
    Binary,
}
