//! Values read from texts: what a text means is what the type that reads it asks for.

use indexmap::IndexMap;
use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

/// What stands on the wire, in every way in which it may be taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// As one text.
    pub(super) whole: Option<String>,
    /// As a list; `None` for a member or an element, which can only be a list as JSON.
    pub(super) list: Option<Vec<String>>,
    /// As an object, if it can be one.
    pub(super) members: Option<IndexMap<String, Node>>,
}

impl Node {
    /// A member's value or a list's element.
    pub(super) fn leaf(text: String) -> Self {
        Self { whole: Some(text), list: None, members: None }
    }

    /// An empty list or object.
    pub(super) fn nothing() -> Self {
        Self { whole: None, list: Some(Vec::new()), members: Some(IndexMap::new()) }
    }

    /// Reads a value.
    ///
    /// A union doesn't say what it wants to see, so its texts are taken for JSON if they are numbers, booleans, lists
    /// or objects; if no variant takes that, for texts. An object is tried before a list, and that before one text.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        let mut first = None;
        for shape in [Shape::Object, Shape::List, Shape::Text] {
            for json in [true, false] {
                match T::deserialize(Reader { node: self.clone(), guess: Guess { json, shape } }) {
                    Ok(value) => return Ok(value),
                    Err(error) => first.get_or_insert(error),
                };
            }
        }
        Err(first.unwrap_or_else(|| Error::custom("the value was refused")))
    }
}

/// What a value is taken for by a type that takes anything.
#[derive(Clone, Copy)]
struct Guess {
    json: bool,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    Object,
    List,
    Text,
}

struct Reader {
    node: Node,
    guess: Guess,
}

impl Reader {
    fn text(self) -> Result<String, Error> {
        self.node.whole.ok_or_else(|| Error::custom("expected one value"))
    }
}

/// A list or an object that is written as JSON.
fn json(text: &str) -> Option<Value> {
    if text.starts_with(['[', '{']) { serde_json::from_str(text).ok() } else { None }
}

impl<'de> IntoDeserializer<'de, Error> for Reader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident),*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.text()?.parse().map_err(Error::custom)?)
        }
    )* };
}

impl<'de> Deserializer<'de> for Reader {
    type Error = Error;

    parsed! {
        deserialize_bool visit_bool,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32, deserialize_i64 visit_i64,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32, deserialize_u64 visit_u64,
        deserialize_f32 visit_f32, deserialize_f64 visit_f64
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let has_members = self.node.members.as_ref().is_some_and(|members| !members.is_empty());
        let is_list = self.node.list.as_ref().is_some_and(|list| list.len() != 1);
        let has_text = self.node.whole.is_some();
        match self.guess.shape {
            Shape::Object if has_members => return self.deserialize_map(visitor),
            Shape::Object | Shape::List if is_list && (has_text || !has_members) => {
                return self.deserialize_seq(visitor);
            }
            _ if has_text => {}
            _ if has_members => return self.deserialize_map(visitor),
            _ => return self.deserialize_seq(visitor),
        }
        let guess = self.guess.json;
        let text = self.text()?;
        match serde_json::from_str::<Value>(&text) {
            Ok(value) if guess && !value.is_string() && !value.is_null() => value.deserialize_any(visitor),
            _ => visitor.visit_string(text),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let guess = self.guess;
        let reader = |text| Reader { node: Node::leaf(text), guess };
        let is_there = |list: &Vec<_>| !list.is_empty() || self.node.whole.is_some();
        if let Some(list) = self.node.list.filter(is_there) {
            return SeqDeserializer::new(list.into_iter().map(reader)).deserialize_seq(visitor);
        }
        if let Some(members) = self.node.members {
            let elements = members.into_iter().map(|(_, node)| Reader { node, guess });
            return SeqDeserializer::new(elements).deserialize_seq(visitor);
        }
        let Some(text) = self.node.whole else { return Err(Error::custom("expected a list")) };
        match json(&text).filter(Value::is_array) {
            Some(value) => value.deserialize_seq(visitor),
            None => SeqDeserializer::new([reader(text)].into_iter()).deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_empty = self.node.members.as_ref().is_none_or(IndexMap::is_empty);
        let json = self.node.whole.as_deref().and_then(json);
        if is_empty && let Some(value) = json.filter(Value::is_object) {
            return value.deserialize_map(visitor);
        }
        let members = self.node.members.ok_or_else(|| Error::custom("expected names and values"))?;
        visitor.visit_map(Members { rest: members.into_iter(), next: None, guess: self.guess })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The members of an object; an error names the member.
struct Members {
    rest: indexmap::map::IntoIter<String, Node>,
    next: Option<(String, Node)>,
    guess: Guess,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next = self.rest.next();
        let name = self.next.as_ref().map(|(name, _)| name.as_str().into_deserializer());
        name.map(|name: StrDeserializer<'_, Error>| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, node) = self.next.take().unwrap_or_default();
        let value = seed.deserialize(Reader { node, guess: self.guess });
        value.map_err(|error| Error::custom(format_args!("`{name}`: {error}")))
    }
}
