//! What a body is in Rust. Media types whose values have one Rust type are one [`Group`] with a codec for each; only what
//! has several groups becomes an enumeration.

use super::{RustApi, Scope, names};
use crate::ir::{BodyKind, Content, Part, Style, StyledField, TypeUse};

/// Media types whose values have one Rust type.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// What the type is.
    pub kind: GroupKind<'a>,
    /// The media types, in document order, the easiest to handle first; at least one.
    pub contents: Vec<&'a Content>,
    /// The variant in an enumeration of groups: `Json`, `Csv`; unique among them.
    pub name: String,
}

/// What a body is.
#[derive(Clone, Copy, Debug)]
pub enum GroupKind<'a> {
    /// One value, read and written by codecs.
    Value(&'a TypeUse),
    /// A text as it stands.
    Text,
    /// Octets.
    Stream,
    /// Named parts.
    Multipart(&'a [Part]),
    /// Events; without a type, of texts.
    Events(Option<&'a TypeUse>),
    /// Values one after the other; whether each stands behind a separator.
    Items(&'a TypeUse, bool),
}

const MEDIA: &str = "::planewright_model::media";

impl Group<'_> {
    /// Whether it is JSON and nothing else.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.contents.iter().all(|content| matches!(content.kind, BodyKind::Json(_)))
    }

    /// The media types with their codecs, as an expression.
    #[must_use]
    pub fn media(&self) -> String {
        let media = self.contents.iter().map(|content| {
            format!("({:?}, {})", concrete(&content.media_type, "application/json"), codec(&content.kind))
        });
        format!("&[{}]", media.collect::<Vec<_>>().join(", "))
    }

    /// The media types.
    pub fn media_types(&self) -> impl Iterator<Item = &str> {
        self.contents.iter().map(|content| content.media_type.as_str())
    }

    /// The value of `Accept` that asks for it: for several media types, the first above all.
    #[must_use]
    pub fn accept(&self) -> String {
        let types = self.media_types().enumerate().map(|(place, media_type)| match place {
            0 => media_type.to_owned(),
            _ => format!("{media_type};q=0.9"),
        });
        types.collect::<Vec<_>>().join(", ")
    }

    /// The media type, if there is but one, and that no range.
    #[must_use]
    pub fn only_media_type(&self) -> Option<&str> {
        match self.contents.as_slice() {
            [only] if !only.media_type.contains('*') => Some(&only.media_type),
            _ => None,
        }
    }
}

/// The groups of a body, the easiest to handle first.
#[must_use]
pub fn groups<'a>(rust: &RustApi<'_>, contents: &'a [Content]) -> Vec<Group<'a>> {
    let mut sorted: Vec<&Content> = contents.iter().collect();
    sorted.sort_by_key(|content| rank(&content.kind));
    let mut groups: Vec<Group<'a>> = Vec::new();
    for content in sorted {
        let kind = kind(&content.kind);
        match groups.iter_mut().find(|group| is_same(rust, group.kind, kind)) {
            Some(group) => group.contents.push(content),
            None => groups.push(Group { kind, contents: vec![content], name: String::new() }),
        }
    }
    let claims = groups.iter().map(|group| (name(group), String::new()));
    let names = names::claim(claims, "", &[]);
    groups.iter_mut().zip(names).for_each(|(group, name)| group.name = name);
    groups
}

/// A media type that can be sent: ranges such as `*/*` can't.
#[must_use]
pub fn concrete<'t>(media_type: &'t str, otherwise: &'t str) -> &'t str {
    if media_type.contains('*') { otherwise } else { media_type }
}

/// What is easiest comes first: of one value, of parts, of texts, of octets.
pub(super) fn rank(kind: &BodyKind) -> u8 {
    match kind {
        BodyKind::Json(_) => 0,
        BodyKind::Yaml(_) => 1,
        BodyKind::Form { .. } => 2,
        BodyKind::Multipart { .. } => 3,
        BodyKind::Text | BodyKind::Scalar(_) => 4,
        BodyKind::Items { .. } => 5,
        BodyKind::Events(_) => 6,
        BodyKind::Stream => 7,
    }
}

fn kind(kind: &BodyKind) -> GroupKind<'_> {
    match kind {
        BodyKind::Json(ty) | BodyKind::Yaml(ty) | BodyKind::Form { ty, .. } => GroupKind::Value(ty),
        BodyKind::Text | BodyKind::Scalar(_) => GroupKind::Text,
        BodyKind::Stream => GroupKind::Stream,
        BodyKind::Multipart { parts, .. } => GroupKind::Multipart(parts),
        BodyKind::Events(data) => GroupKind::Events(data.as_ref()),
        BodyKind::Items { item, sequence } => GroupKind::Items(item, *sequence),
    }
}

fn is_same(rust: &RustApi<'_>, one: GroupKind<'_>, other: GroupKind<'_>) -> bool {
    match (one, other) {
        (GroupKind::Value(one), GroupKind::Value(other)) => {
            rust.type_expr(one, Scope::Outside) == rust.type_expr(other, Scope::Outside)
        }
        (GroupKind::Text, GroupKind::Text) | (GroupKind::Stream, GroupKind::Stream) => true,
        _ => false,
    }
}

fn codec(kind: &BodyKind) -> String {
    match kind {
        BodyKind::Yaml(_) => format!("{MEDIA}::Codec::Yaml"),
        BodyKind::Form { styled, .. } => {
            let fields: Vec<String> = styled.iter().map(field).collect();
            format!("{MEDIA}::Codec::Form(&[{}])", fields.join(", "))
        }
        _ => format!("{MEDIA}::Codec::Json"),
    }
}

fn field(field: &StyledField) -> String {
    const MODULE: &str = "::planewright_model::parameter";
    let style = match field.style {
        None => "Json",
        Some(Style::SpaceDelimited) => "SpaceDelimited",
        Some(Style::PipeDelimited) => "PipeDelimited",
        Some(Style::DeepObject) => "DeepObject",
        Some(_) => "Form",
    };
    let StyledField { name, explode, .. } = field;
    format!("{MODULE}::Styled {{ name: {name:?}, style: {MODULE}::Style::{style}, explode: {explode} }}")
}

fn name(group: &Group<'_>) -> String {
    match (group.kind, group.contents.as_slice()) {
        (GroupKind::Value(_), [content, ..]) => match content.kind {
            BodyKind::Json(_) => "Json",
            BodyKind::Yaml(_) => "Yaml",
            _ => "Form",
        }
        .to_owned(),
        (GroupKind::Multipart(_), _) => "Multipart".to_owned(),
        (GroupKind::Events(_), _) => "Events".to_owned(),
        (GroupKind::Items(..), _) => "Items".to_owned(),
        (_, [content]) => subtype(&content.media_type),
        (GroupKind::Stream, _) => "Stream".to_owned(),
        _ => "Text".to_owned(),
    }
}

/// `text/csv` is `Csv`, `application/octet-stream` is `Stream`.
fn subtype(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        Some(("text", "plain" | "*")) => "Text".to_owned(),
        Some((_, "octet-stream")) | Some(("*", "*")) => "Stream".to_owned(),
        Some((kind, "*")) => names::pascal(kind),
        Some((_, subtype)) => names::pascal(subtype.trim_start_matches("vnd.").trim_start_matches("x-")),
        None => "Stream".to_owned(),
    }
}
