//! The way between the types of a document and serde's: a type that implements [`Json`] has serde's traits by it, and the
//! other way round.

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::node::Mode;
use super::parse::MAX_DEPTH;
use super::tape::{Kind, Tape};
use super::{DecodeError, Json, Node, Refusal, Writer, number};
use crate::Any;

/// Gives a type that implements [`Json`] serde's `Serialize` and `Deserialize`.
#[doc(hidden)]
#[macro_export]
macro_rules! __serde_by_json {
    ($($ty:ty),* $(,)?) => { $(
        impl $crate::__private::serde::Serialize for $ty {
            fn serialize<S: $crate::__private::serde::Serializer>(&self, to: S) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::serialize(self, to)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $ty {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(from: D) -> ::core::result::Result<Self, D::Error> {
                $crate::__private::deserialize(from)
            }
        }
    )* };
}

/// Gives a type that implements serde's `Serialize` and `Deserialize` the trait [`Json`](crate::Json), so that it can stand in
/// the place of a generated type.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Money(u64);
///
/// planewright_model::json_by_serde!(Money);
///
/// assert_eq!(planewright_model::Json::read_json(b"5").map(|Money(cents)| cents), Ok(5));
/// ```
#[macro_export]
macro_rules! json_by_serde {
    ($($ty:ty),* $(,)?) => { $(
        impl $crate::Json for $ty {
            fn read(node: $crate::json::Node<'_>) -> ::core::result::Result<Self, $crate::json::Refusal> {
                $crate::__private::read_by_serde(node)
            }

            fn write(&self, out: &mut $crate::json::Writer<'_>) {
                $crate::__private::write_by_serde(self, out);
            }
        }
    )* };
}

/// Serializes a value by the JSON that it is.
pub fn serialize<T: Json, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    let mut text = Vec::new();
    value.write_json(&mut text).map_err(S::Error::custom)?;
    let tape = super::parsed(&text).map_err(|refusal| S::Error::custom(DecodeError::from(refusal)))?;
    Node::root(&tape, Mode::Lenient).serialize(to)
}

/// Deserializes a value from the JSON that is there.
pub fn deserialize<'de, T: Json, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let mut tape = Tape::default();
    Entries { tape: &mut tape, depth: 0 }.deserialize(from)?;
    let value = T::read(Node::root(&tape, Mode::Lenient));
    value.map_err(|refusal| de::Error::custom(DecodeError::from(refusal)))
}

/// Reads a type that only serde knows.
pub fn read_by_serde<T: DeserializeOwned>(node: Node<'_>) -> Result<T, Refusal> {
    T::deserialize(Any::read(node)?).map_err(|error| node.fault(error.to_string()))
}

/// Writes a type that only serde knows.
pub fn write_by_serde<T: Serialize>(value: &T, out: &mut Writer<'_>) {
    match serde_json::to_vec(value) {
        Ok(text) => out.raw(&text),
        Err(_) => out.refuse("the value's own serializer refuses it"),
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let fault = |refusal| S::Error::custom(DecodeError::from(refusal));
        match self.kind() {
            Kind::Null => to.serialize_unit(),
            Kind::False => to.serialize_bool(false),
            Kind::True => to.serialize_bool(true),
            Kind::Number | Kind::MadeNumber => {
                let text = self.number("a number").map_err(fault)?;
                match number::integer(text).filter(|_| !text.contains(['.', 'e', 'E'])) {
                    Some(value) => match (i64::try_from(value), u64::try_from(value)) {
                        (Ok(value), _) => to.serialize_i64(value),
                        (_, Ok(value)) => to.serialize_u64(value),
                        _ => to.serialize_f64(text.parse().map_err(S::Error::custom)?),
                    },
                    None => to.serialize_f64(text.parse().map_err(S::Error::custom)?),
                }
            }
            Kind::Text | Kind::MadeText | Kind::Untyped | Kind::Forms => {
                to.serialize_str(self.text().map_err(fault)?)
            }
            Kind::Array => {
                let items = self.items().map_err(fault)?;
                let mut list = to.serialize_seq(Some(items.size_hint().0))?;
                for item in items {
                    list.serialize_element(&item)?;
                }
                list.end()
            }
            Kind::Object => {
                let mut object = to.serialize_map(Some(self.entry().from as usize))?;
                for (name, value) in self.object().map_err(fault)?.all() {
                    object.serialize_entry(name, &value)?;
                }
                object.end()
            }
        }
    }
}

/// Puts a value of any format on a tape.
struct Entries<'a, 't> {
    tape: &'a mut Tape<'t>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

fn custom<E: de::Error>(refusal: Refusal) -> E {
    E::custom(DecodeError::from(refusal))
}

impl Entries<'_, '_> {
    fn deeper<E: de::Error>(&mut self, kind: Kind) -> Result<usize, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("lists and objects are nested too deeply"));
        }
        Ok(self.tape.open(kind))
    }

    fn number<E: de::Error>(self, text: impl fmt::Display) -> Result<(), E> {
        self.tape.made(Kind::MadeNumber, &text.to_string()).map_err(custom)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.tape.scalar(Kind::Null);
        Ok(())
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.tape.scalar(if value { Kind::True } else { Kind::False });
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<(), E> {
        self.number(value)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<(), E> {
        self.number(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        if !value.is_finite() {
            return Err(E::custom("JSON has no number that is infinite or no number"));
        }
        // Not `0` for `0.0`: who asks for any value gets a float back.
        self.number(serde_json::to_string(&value).map_err(E::custom)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.tape.made(Kind::MadeText, text).map_err(custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let opened = self.deeper(Kind::Array)?;
        let mut count = 0;
        while items.next_element_seed(Entries { tape: self.tape, depth: self.depth + 1 })?.is_some() {
            count += 1;
        }
        self.tape.close(opened, count).map_err(custom)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let opened = self.deeper(Kind::Object)?;
        let mut count = 0;
        while let Some(name) = members.next_key::<String>()? {
            self.tape.made(Kind::MadeText, &name).map_err(custom)?;
            members.next_value_seed(Entries { tape: self.tape, depth: self.depth + 1 })?;
            count += 1;
        }
        self.tape.close(opened, count).map_err(custom)
    }
}

/// Puts a value of any format on a tape.
pub(super) fn tape_of<'de, D: Deserializer<'de>>(from: D) -> Result<Tape<'static>, D::Error> {
    let mut tape = Tape::default();
    Entries { tape: &mut tape, depth: 0 }.deserialize(from)?;
    Ok(tape)
}

/// Puts a value of any format at the end of a tape.
pub(super) fn append<'de, D: Deserializer<'de>>(tape: &mut Tape<'_>, from: D) -> Result<(), D::Error> {
    Entries { tape, depth: 0 }.deserialize(from)
}
