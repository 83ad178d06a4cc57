//! Lists whose elements have types of their own.

use super::write::Elements as Out;
use super::{Items, Json, Node, Refusal, Writer};
use crate::{Path, Validate, Violations};

/// A list whose first elements have types of their own, and which may have more: `AtLeast<(String, i64), bool>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AtLeast<T, R> {
    /// The elements that are always there, a tuple.
    pub first: T,
    /// The others.
    pub rest: Vec<R>,
}

impl<T: Default, R> Default for AtLeast<T, R> {
    fn default() -> Self {
        Self { first: T::default(), rest: Vec::new() }
    }
}

/// The first elements of a list: tuples of up to twelve.
pub trait Elements: Sized {
    /// How many there are.
    const COUNT: usize;

    #[doc(hidden)]
    fn take(list: Node<'_>, items: &mut Items<'_>) -> Result<Self, Refusal>;

    #[doc(hidden)]
    fn put(&self, out: &mut Out<'_, '_>);
}

fn one<T: Json>(list: Node<'_>, items: &mut Items<'_>, index: usize) -> Result<T, Refusal> {
    match items.next() {
        Some(item) => T::read(item).map_err(|refusal| refusal.inside_index(index)),
        None => Err(list.fault(format!("the list ends before its element {index}"))),
    }
}

impl<T: Elements, R: Json> Json for AtLeast<T, R> {
    fn read(node: Node<'_>) -> Result<Self, Refusal> {
        let mut items = node.items()?;
        let first = T::take(node, &mut items)?;
        let rest = items.zip(T::COUNT..);
        let rest = rest.map(|(item, index)| R::read(item).map_err(|refusal| refusal.inside_index(index)));
        Ok(Self { first, rest: rest.collect::<Result<_, _>>()? })
    }

    fn write(&self, out: &mut Writer<'_>) {
        let mut out = out.elements();
        self.first.put(&mut out);
        for item in &self.rest {
            out.element(item);
        }
        out.end();
    }
}

impl<T: Elements + Validate, R: Validate> Validate for AtLeast<T, R> {
    fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
        self.first.validate(path, violations);
        for (item, index) in self.rest.iter().zip(T::COUNT..) {
            item.validate(&path.index(index), violations);
        }
    }
}

macro_rules! tuples {
    ($($count:literal: $($ty:ident $index:tt),+;)*) => { $(
        impl<$($ty: Json),+> Elements for ($($ty,)+) {
            const COUNT: usize = $count;

            fn take(list: Node<'_>, items: &mut Items<'_>) -> Result<Self, Refusal> {
                Ok(($(one::<$ty>(list, items, $index)?,)+))
            }

            fn put(&self, out: &mut Out<'_, '_>) {
                $(out.element(&self.$index);)+
            }
        }

        impl<$($ty: Json),+> Json for ($($ty,)+) {
            fn read(node: Node<'_>) -> Result<Self, Refusal> {
                let mut items = node.items()?;
                let tuple = <Self as Elements>::take(node, &mut items)?;
                // A lenient reader passes over what it doesn't know.
                if node.is_strict() && items.next().is_some() {
                    return Err(node.fault(concat!("a list of ", $count, " elements is expected, this has more")));
                }
                Ok(tuple)
            }

            fn write(&self, out: &mut Writer<'_>) {
                let mut out = out.elements();
                self.put(&mut out);
                out.end();
            }
        }

        impl<$($ty: Validate),+> Validate for ($($ty,)+) {
            fn validate(&self, path: &Path<'_>, violations: &mut Violations) {
                $(self.$index.validate(&path.index($index), violations);)+
            }
        }
    )* };
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_has_all_its_elements_and_no_more() {
        type Pair = (String, Option<i64>);
        let pair = Pair::read_json_strict(br#"["a", 1]"#).unwrap();
        assert_eq!(pair, ("a".to_owned(), Some(1)));
        let mut out = Vec::new();
        pair.write_json(&mut out).unwrap();
        assert_eq!(out, br#"["a",1]"#);
        assert_eq!(Pair::read_json_strict(br#"["a", null]"#).unwrap().1, None);
        let refused = |text: &str| Pair::read_json_strict(text.as_bytes()).unwrap_err().to_string();
        assert!(refused(r#"["a"]"#).contains("ends before its element 1"));
        assert!(refused(r#"["a", 1, 2]"#).contains("this has more"));
        assert!(refused(r#"["a", "b"]"#).contains("`/1`"));
        assert_eq!(Pair::read_json(br#"["a", 1, 2]"#).unwrap(), pair);
    }

    #[test]
    fn a_list_of_at_least_has_a_rest() {
        type Row = AtLeast<(String,), i64>;
        let row = Row::read_json_strict(br#"["a", 1, 2]"#).unwrap();
        assert_eq!(row, AtLeast { first: ("a".to_owned(),), rest: vec![1, 2] });
        let mut out = Vec::new();
        row.write_json(&mut out).unwrap();
        assert_eq!(out, br#"["a",1,2]"#);
        assert!(Row::read_json_strict(b"[]").is_err());
        assert!(Row::read_json_strict(br#"["a", "b"]"#).unwrap_err().to_string().contains("`/1`"));
    }
}
