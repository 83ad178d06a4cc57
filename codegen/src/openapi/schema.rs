use super::fields::entries;
use super::kind;
use super::{Fields, Language, Reading, Reference, Text, normal};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::Docs;
use crate::resolve::target;
use crate::source::{Member, Node, Object, Span, Value};

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
    /// `nullable`, or `null` among the types.
    pub nullable: bool,
    /// `enum`, or the one value of `const`.
    pub values: Option<&'a [Node]>,
    /// `properties` in document order.
    pub properties: Vec<(Text, &'a Node)>,
    /// `required`.
    pub required: Vec<Text>,
    /// `additionalProperties`.
    pub additional: Option<AdditionalProperties<'a>>,
    /// `patternProperties`: pattern to schema.
    pub pattern_properties: Vec<(Text, &'a Node)>,
    /// `propertyNames`.
    pub property_names: Option<&'a Node>,
    /// `dependentRequired`: a member to those that it demands.
    pub dependent_required: Vec<(Text, Vec<Text>)>,
    /// `dependentSchemas`: a member to what it demands of the whole.
    pub dependent_schemas: Vec<(Text, &'a Node)>,
    /// `unevaluatedProperties`.
    pub unevaluated_properties: Option<&'a Node>,
    /// `items`. After `prefixItems`, the elements that follow.
    pub items: Option<&'a Node>,
    /// `prefixItems`, or a list in `items`: a schema for each of the first elements.
    pub prefix_items: &'a [Node],
    /// `contains`.
    pub contains: Option<&'a Node>,
    /// `unevaluatedItems`.
    pub unevaluated_items: Option<&'a Node>,
    /// `if`.
    pub if_: Option<&'a Node>,
    /// `then`.
    pub then: Option<&'a Node>,
    /// `else`.
    pub else_: Option<&'a Node>,
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
        let node = normal(reading, node);
        let fields = Fields::of(reading, node, "a schema")?;
        let reference = Reference::of(node);
        if let (None, Some(target)) = (&reference, fields.get("$ref")) {
            let message = format!("`$ref` must be a string, this is {}", target.kind());
            return Err(Problem::new(code::WRONG_TYPE, target.span, message).report(reading.sink));
        }
        let kind = kind::read(reading, fields)?;
        let format = fields.text("format");
        Ok(Self {
            node,
            reference,
            kind: kind.kind,
            format: format.or_else(|| kind.format.or(encoding(fields)).map(str::to_owned)),
            nullable: kind.nullable || is_nullable(fields),
            values: match fields.get("enum") {
                Some(_) => Some(fields.array("enum")),
                None => node.get("const").map(std::slice::from_ref),
            },
            properties: named(reading, fields, "properties")?,
            required: required(reading, fields),
            additional: additional(reading, fields)?,
            pattern_properties: named(reading, fields, "patternProperties")?,
            property_names: fields.get("propertyNames"),
            dependent_required: dependent_required(reading, fields)?,
            dependent_schemas: named(reading, fields, "dependentSchemas")?,
            unevaluated_properties: fields.get("unevaluatedProperties"),
            items: fields.get("items"),
            prefix_items: fields.array("prefixItems"),
            contains: fields.get("contains"),
            unevaluated_items: fields.get("unevaluatedItems"),
            if_: fields.get("if"),
            then: fields.get("then"),
            else_: fields.get("else"),
            all_of: fields.array("allOf"),
            one_of: fields.array("oneOf"),
            any_of: fields.array("anyOf"),
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

/// `nullable`, or what Swagger 2.0 has instead.
fn is_nullable(fields: Fields<'_>) -> bool {
    fields.flag("nullable").or_else(|| fields.flag("x-nullable")).unwrap_or(false)
}

/// The format that a text with `contentEncoding` has.
fn encoding(fields: Fields<'_>) -> Option<&'static str> {
    let encoding = fields.get("contentEncoding")?.as_str()?;
    encoding.eq_ignore_ascii_case("base64").then_some("byte")
}

/// Schemas by name, also by names that begin with `x-`. A reference among them stands for those that it leads to:
/// documents of several files have such.
fn named<'a>(reading: Reading<'a>, fields: Fields<'a>, key: &str) -> Result<Vec<(Text, &'a Node)>, Reported> {
    let mut list = Vec::new();
    let mut open: Vec<&'a Object> = fields.object(key)?.into_iter().collect();
    let mut steps = 0;
    while let Some(object) = open.pop() {
        for member in object.iter() {
            let Some(text) = leads(member).filter(|_| steps < MOST_STEPS) else {
                list.push((Text { value: member.key.clone(), span: member.key_span }, &member.value));
                continue;
            };
            steps += 1;
            let target = target(reading, &Reference { target: text, node: &member.value })?;
            let message = "a reference can't stand among members; those that it leads to are taken";
            Problem::new(code::REPAIRED_TYPE, member.value.span, message).report(reading.sink);
            open.extend(target.node.as_object());
        }
    }
    Ok(list)
}

/// How many references may stand for members of one object.
const MOST_STEPS: usize = 16;

/// The reference that a member is. A member that is called so has a schema, not a text.
fn leads(member: &Member) -> Option<Text> {
    let text = member.value.as_str().filter(|_| member.key == "$ref")?;
    Some(Text { value: text.to_owned(), span: member.value.span })
}

fn dependent_required<'a>(
    reading: Reading<'a>,
    fields: Fields<'a>,
) -> Result<Vec<(Text, Vec<Text>)>, Reported> {
    let names = |node: &Node| {
        let nodes = node.as_array().unwrap_or_default().iter();
        nodes.filter_map(|node| Some(Text { value: node.as_str()?.to_owned(), span: node.span })).collect()
    };
    Ok(named(reading, fields, "dependentRequired")?
        .into_iter()
        .map(|(name, node)| (name, names(node)))
        .collect())
}

fn required(reading: Reading<'_>, fields: Fields<'_>) -> Vec<Text> {
    let Some(node) = fields.get("required") else { return Vec::new() };
    if let Value::Bool(_) = node.value {
        // The place for `required: true` is a parameter, or the list in the enclosing object.
        let message = "`required` of a schema must be a list of names, this is a boolean; it is ignored";
        Problem::new(code::IGNORED_MEMBER, node.span, message).report(reading.sink);
        return Vec::new();
    }
    let texts = fields
        .array("required")
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
        Value::String(text) if text == "true" || text == "false" => {
            let message = "`additionalProperties` must be a boolean or a schema, this is a string";
            Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
            Ok(Some(AdditionalProperties::Allowed(text == "true")))
        }
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
        if reading.language > Language::Swagger20 {
            let message =
                "`discriminator` must be an object with `propertyName`; the string is taken as that name";
            Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
        }
        let property = Text { value: name.to_owned(), span: node.span };
        return Ok(Some(Discriminator { property, mapping: Vec::new() }));
    }
    let fields = Fields::of(reading, node, "a discriminator")?;
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
