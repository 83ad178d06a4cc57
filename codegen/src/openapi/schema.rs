use super::fields::entries;
use super::{Fields, Reading, Reference, Text};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::Docs;
use crate::source::{Node, Span, Value};

/// A description of values.
#[derive(Clone, Debug)]
pub struct Schema<'a> {
    /// The object that it was read from.
    pub node: &'a Node,
    /// `$ref`: then nothing else counts.
    pub reference: Option<Reference<'a>>,
    /// `type`.
    pub kind: Option<SchemaType>,
    /// `format`.
    pub format: Option<String>,
    /// `nullable`.
    pub nullable: bool,
    /// `enum`.
    pub values: Option<&'a [Node]>,
    /// `properties` in document order.
    pub properties: Vec<(Text, &'a Node)>,
    /// `required`.
    pub required: Vec<Text>,
    /// `additionalProperties`.
    pub additional: Option<AdditionalProperties<'a>>,
    /// `items`.
    pub items: Option<&'a Node>,
    /// `allOf`.
    pub all_of: &'a [Node],
    /// `oneOf`.
    pub one_of: &'a [Node],
    /// `anyOf`.
    pub any_of: &'a [Node],
    /// `not`.
    pub not: Option<&'a Node>,
    /// `discriminator`.
    pub discriminator: Option<Discriminator>,
    /// `default`, which may be `null`.
    pub default: Option<&'a Node>,
    /// `readOnly`.
    pub read_only: bool,
    /// `writeOnly`.
    pub write_only: bool,
    /// The document's words.
    pub docs: Docs,
}

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SchemaType {
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
    Null,
}

/// `additionalProperties`.
#[derive(Clone, Copy, Debug)]
pub enum AdditionalProperties<'a> {
    /// `true` or `false`.
    Allowed(bool),
    /// A schema.
    Schema(&'a Node),
}

/// `discriminator`.
#[derive(Clone, Debug)]
pub struct Discriminator {
    /// `propertyName`.
    pub property: Text,
    /// `mapping`: value to reference or name.
    pub mapping: Vec<(Text, Text)>,
}

impl<'a> Schema<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If something that carries meaning is broken.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "a schema")?;
        let reference = Reference::of(node);
        if let (None, Some(target)) = (&reference, fields.get("$ref")) {
            let message = format!("`$ref` must be a string, this is {}", target.kind());
            return Err(Problem::new(code::WRONG_TYPE, target.span, message).report(reading.sink));
        }
        let (kind, meant_format) =
            kind(reading, fields)?.map_or((None, None), |(kind, format)| (Some(kind), format));
        let format = fields.string("format")?.map(|format| format.value);
        Ok(Self {
            node,
            reference,
            kind,
            format: format.or(meant_format.map(str::to_owned)),
            nullable: fields.flag("nullable").unwrap_or(false),
            values: fields.get("enum").map(|_| fields.array("enum")).transpose()?,
            properties: properties(fields)?,
            required: required(reading, fields),
            additional: additional(reading, fields)?,
            items: fields.get("items"),
            all_of: fields.array("allOf")?,
            one_of: fields.array("oneOf")?,
            any_of: fields.array("anyOf")?,
            not: fields.get("not"),
            discriminator: discriminator(reading, fields)?,
            default: node.get("default"),
            read_only: fields.flag("readOnly").unwrap_or(false),
            write_only: fields.flag("writeOnly").unwrap_or(false),
            docs: docs(fields),
        })
    }

    /// Its members, for what is read only where it applies.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    /// Where it begins.
    #[must_use]
    pub fn span(&self) -> Span {
        self.node.span
    }
}

fn kind(
    reading: Reading<'_>,
    fields: Fields<'_>,
) -> Result<Option<(SchemaType, Option<&'static str>)>, Reported> {
    let Some(node) = fields.get("type") else { return Ok(None) };
    let known = node.as_str().and_then(|text| {
        Some(match text {
            "boolean" => SchemaType::Boolean,
            "integer" => SchemaType::Integer,
            "number" => SchemaType::Number,
            "string" => SchemaType::String,
            "array" => SchemaType::Array,
            "object" => SchemaType::Object,
            "null" => SchemaType::Null,
            _ => return None,
        })
    });
    if let Some(kind) = known {
        return Ok(Some((kind, None)));
    }
    // Names of other languages, which say plainly what is meant.
    let meant = node.as_str().and_then(|text| {
        Some(match text {
            "long" | "int64" => ("integer", SchemaType::Integer, Some("int64")),
            "int" | "int32" => ("integer", SchemaType::Integer, Some("int32")),
            "float" => ("number", SchemaType::Number, Some("float")),
            "double" => ("number", SchemaType::Number, Some("double")),
            "bool" => ("boolean", SchemaType::Boolean, None),
            "file" => ("string", SchemaType::String, Some("binary")),
            _ => return None,
        })
    });
    if let Some((name, kind, format)) = meant {
        let format_words = format.map_or_else(String::new, |format| format!(" with the format `{format}`"));
        let message = format!(
            "there is no type `{}`; `{name}`{format_words} is taken",
            reading.tree.sources().slice(node.span)
        );
        Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
        return Ok(Some((kind, format)));
    }
    let message = match node.as_str() {
        Some(text) => format!("there is no type `{text}`"),
        None => format!("`type` must be a string, this is {}", node.kind()),
    };
    Err(Problem::new(code::BAD_SCHEMA_TYPE, node.span, message)
        .help("`type` is one of boolean, integer, number, string, array, object")
        .report(reading.sink))
}

fn properties<'a>(fields: Fields<'a>) -> Result<Vec<(Text, &'a Node)>, Reported> {
    // Names of properties may begin with `x-`.
    let object = fields.object("properties")?;
    let members = object.into_iter().flat_map(|object| object.iter());
    Ok(members
        .map(|member| (Text { value: member.key.clone(), span: member.key_span }, &member.value))
        .collect())
}

fn required(reading: Reading<'_>, fields: Fields<'_>) -> Vec<Text> {
    let Some(node) = fields.get("required") else { return Vec::new() };
    let Some(nodes) = node.as_array() else {
        // The place for `required: true` is a parameter, or the list in the enclosing object.
        let message =
            format!("`required` of a schema must be a list of names, this is {}; it is ignored", node.kind());
        Problem::new(code::IGNORED_MEMBER, node.span, message).report(reading.sink);
        return Vec::new();
    };
    let texts = nodes
        .iter()
        .filter_map(|node| node.as_str().map(|value| Text { value: value.to_owned(), span: node.span }));
    texts.collect()
}

fn additional<'a>(
    reading: Reading<'a>,
    fields: Fields<'a>,
) -> Result<Option<AdditionalProperties<'a>>, Reported> {
    let Some(node) = fields.get("additionalProperties") else { return Ok(None) };
    match &node.value {
        Value::Bool(allowed) => Ok(Some(AdditionalProperties::Allowed(*allowed))),
        Value::Object(_) => Ok(Some(AdditionalProperties::Schema(node))),
        _ => {
            let message =
                format!("`additionalProperties` must be a boolean or a schema, this is {}", node.kind());
            Err(Problem::new(code::WRONG_TYPE, node.span, message).report(reading.sink))
        }
    }
}

fn discriminator(reading: Reading<'_>, fields: Fields<'_>) -> Result<Option<Discriminator>, Reported> {
    let Some(node) = fields.get("discriminator") else { return Ok(None) };
    // Swagger 2.0 had the property's name here.
    if let Some(name) = node.as_str() {
        let message =
            "`discriminator` must be an object with `propertyName`; the string is taken as that name";
        Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
        let property = Text { value: name.to_owned(), span: node.span };
        return Ok(Some(Discriminator { property, mapping: Vec::new() }));
    }
    let fields = Fields::of(Reading { tree: reading.tree, sink: reading.sink }, node, "a discriminator")?;
    let property = fields.required_string("propertyName")?;
    let mapping = fields.object("mapping")?.into_iter().flat_map(entries).filter_map(|(value, node)| {
        Some((value, Text { value: node.as_str()?.to_owned(), span: node.span }))
    });
    Ok(Some(Discriminator { property, mapping: mapping.collect() }))
}

fn docs(fields: Fields<'_>) -> Docs {
    let mut docs = fields.docs();
    docs.summary = fields.text("title");
    docs
}
