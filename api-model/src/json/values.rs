//! The values that every document knows.

use super::number::integer;
use super::tape::Kind;
use super::{Json, Node, Refusal, Writer};
use crate::{Any, Map, Nullable};

impl Json for () {
    fn read(_: Node<'_>) -> Result<Self, Refusal> {
        Ok(())
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.null();
    }
}

impl Json for bool {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        match node.kind() {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            Kind::Untyped | Kind::Forms => match node.text()? {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(node.refuse("`true` or `false`")),
            },
            _ => Err(node.refuse("a boolean")),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.raw(if *self { b"true" } else { b"false" });
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl Json for $ty {
            fn read(node: Node<'_>) -> Result<Self, Refusal> {
                let text = node.number("an integer")?;
                if let Ok(value) = text.parse::<$ty>() {
                    return Ok(value);
                }
                match integer(text) {
                    Some(value) => <$ty>::try_from(value).map_err(|_| {
                        node.refuse(concat!("an integer of the range of ", stringify!($ty)))
                    }),
                    None => Err(node.refuse("an integer")),
                }
            }

            fn write(&self, out: &mut Writer<'_>) {
                out.raw(itoa::Buffer::new().format(*self).as_bytes());
            }
        }
    )* };
}

integers!(i32, i64, u32, u64);

impl Json for f64 {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        match node.number("a number")?.parse::<Self>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(node.refuse("a number of the range of f64")),
            Err(_) => Err(node.refuse("a number")),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        if self.is_finite() {
            out.float(*self);
        } else {
            out.refuse("JSON has no number that is infinite or no number");
        }
    }
}

impl Json for String {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        node.text().map(str::to_owned)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.text(self);
    }
}

impl<T: Json> Json for Vec<T> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        let items = node.items()?;
        let mut list = Self::with_capacity(items.size_hint().0);
        for (index, item) in items.enumerate() {
            list.push(T::read(item).map_err(|refusal| refusal.inside_index(index))?);
        }
        Ok(list)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.list(self);
    }
}

impl<T: Json> Json for Option<T> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        if node.is_null() { Ok(None) } else { T::read(node).map(Some) }
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Some(value) => value.write(out),
            None => out.null(),
        }
    }
}

impl<T: Json> Json for Nullable<T> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        Ok(Option::read(node)?.map_or(Self::Null, Self::Value))
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Value(value) => value.write(out),
            Self::Null => out.null(),
        }
    }
}

impl<T: Json> Json for Box<T> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        T::read(node).map(Self::new)
    }

    fn write(&self, out: &mut Writer<'_>) {
        (**self).write(out);
    }
}

impl<T: Json> Json for Map<T> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        node.object()?.others()
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object().others(self).end();
    }
}

impl Json for Any {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        if let Kind::Untyped | Kind::Forms = node.kind()
            && let Some(&form) = node.forms().first()
            && form.kind() != Kind::Untyped
        {
            return Self::read(form);
        }
        Ok(match node.kind() {
            Kind::Null => Self::Null,
            Kind::False => Self::Bool(false),
            Kind::True => Self::Bool(true),
            Kind::Number | Kind::MadeNumber => {
                let text = node.number("a number")?;
                let number = match (text.parse::<i64>(), text.parse::<u64>()) {
                    (Ok(value), _) => Some(value.into()),
                    (_, Ok(value)) => Some(value.into()),
                    _ => text.parse().ok().and_then(serde_json::Number::from_f64),
                };
                Self::Number(number.ok_or_else(|| node.refuse("a number of the range of f64"))?)
            }
            Kind::Text | Kind::MadeText | Kind::Untyped | Kind::Forms => {
                Self::String(node.text()?.to_owned())
            }
            Kind::Array => Self::Array(Vec::read(node)?),
            Kind::Object => Self::Object(node.object()?.others::<Self>()?.into_iter().collect()),
        })
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => value.write(out),
            Self::Number(value) => out.raw(value.to_string().as_bytes()),
            Self::String(text) => out.text(text),
            Self::Array(items) => out.list(items),
            Self::Object(members) => {
                let mut object = out.object();
                for (name, value) in members {
                    object.member(name, value);
                }
                object.end();
            }
        }
    }
}
