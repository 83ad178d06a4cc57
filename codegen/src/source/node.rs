use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq};
use serde_json::Number;

/// Which file of a [`SourceSet`](super::SourceSet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(super) u32);

impl FileId {
    /// The document's first file.
    pub const ROOT: Self = Self(0);
}

/// Some bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    pub(super) fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: start as u32, end: end.max(start) as u32 }
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// A value and where it stands. Serializes as the plain value.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its text. Containers: from the first byte to the last.
    pub span: Span,
}

/// A JSON value whose parts know where they stand.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number. Integers beyond 64 bits become the nearest double.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// Members in document order.
    Object(Object),
}

impl Node {
    /// The members, if it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The member `key`, if it is an object that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_object()?.get(key)
    }

    /// A value of a reader's own making that stands for these bytes.
    pub(crate) fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// The member `key`, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Object(object) => object.get_mut(key),
            _ => None,
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// The plain value.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => value.clone().into(),
            Value::String(value) => value.as_str().into(),
            Value::Array(nodes) => nodes.iter().map(Node::to_json).collect(),
            Value::Object(object) => {
                object.iter().map(|member| (member.key.clone(), member.value.to_json())).collect()
            }
        }
    }

    /// Which node it is, for as long as its tree lives. Equal only for the very same node.
    #[must_use]
    pub fn identity(&self) -> NodeIdentity {
        NodeIdentity(std::ptr::from_ref(self) as usize)
    }
}

/// See [`Node::identity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeIdentity(usize);

/// The members of an object, in document order, each key once.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<Member>,
    /// Positions in the order of the keys; empty for small objects.
    by_key: Vec<u32>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Its text.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// Up to this size, looking at each key is as fast as a search.
const SMALL: usize = 12;

impl Object {
    /// Of members with equal keys, `together` makes one value of the first and each later one.
    pub(super) fn new(mut members: Vec<Member>, together: &mut dyn FnMut(&Member, &Member) -> Node) -> Self {
        let mut by_key: Vec<u32> = (0..members.len() as u32).collect();
        by_key.sort_by(|left, right| {
            let key = |at: &u32| (members[*at as usize].key.as_str(), *at);
            key(left).cmp(&key(right))
        });
        let same = |left: &u32, right: &u32| members[*left as usize].key == members[*right as usize].key;
        let repeated: Vec<Vec<u32>> =
            by_key.chunk_by(same).filter(|run| run.len() > 1).map(<[u32]>::to_vec).collect();
        if !repeated.is_empty() {
            let mut away = std::collections::BTreeSet::new();
            for run in repeated {
                for later in &run[1..] {
                    let value = together(&members[run[0] as usize], &members[*later as usize]);
                    members[run[0] as usize].value = value;
                    away.insert(*later);
                }
            }
            let rest = (0_u32..).zip(members).filter(|(at, _)| !away.contains(at));
            return Self::of(rest.map(|(_, member)| member).collect());
        }
        if members.len() <= SMALL {
            by_key = Vec::new();
        }
        Self { members, by_key }
    }

    /// These members, of which no two have one key.
    pub(crate) fn of(members: Vec<Member>) -> Self {
        Self::new(members, &mut |first, _| first.value.clone())
    }

    /// The value of a member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    /// A member.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Member> {
        if self.by_key.is_empty() {
            return self.members.iter().find(|member| member.key == key);
        }
        let found =
            self.by_key.binary_search_by(|at| self.members[*at as usize].key.as_str().cmp(key)).ok()?;
        Some(&self.members[self.by_key[found] as usize])
    }

    /// The value of a member, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.members.iter_mut().find(|member| member.key == key).map(|member| &mut member.value)
    }

    /// Adds a member at the end, unless there is one with its key.
    pub(crate) fn insert(&mut self, member: Member) {
        let mut members = std::mem::take(&mut self.members);
        members.push(member);
        *self = Self::new(members, &mut |first, _| first.value.clone());
    }

    /// Keeps the members for which `keep` says so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Member) -> bool) {
        self.retain_mut(|member| keep(member));
    }

    /// As [`Object::retain`], for who changes what it keeps.
    pub(crate) fn retain_mut(&mut self, keep: impl FnMut(&mut Member) -> bool) {
        let mut members = std::mem::take(&mut self.members);
        members.retain_mut(keep);
        *self = Self::new(members, &mut |first, _| first.value.clone());
    }

    /// The members in document order.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.members.iter()
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(value) => value.serialize(serializer),
            Value::String(value) => serializer.serialize_str(value),
            Value::Array(nodes) => {
                let mut list = serializer.serialize_seq(Some(nodes.len()))?;
                for node in nodes {
                    list.serialize_element(node)?;
                }
                list.end()
            }
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for member in object.iter() {
                    map.serialize_entry(&member.key, &member.value)?;
                }
                map.end()
            }
        }
    }
}
