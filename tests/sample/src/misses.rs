use serde_json::Value;

/// A value drawn from a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The value.
    pub value: Value,
    /// Changes that step over one keyword each, or put an example in place.
    pub misses: Vec<Miss>,
}

/// A change of one node of a [`Sample`].
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// JSON pointer of the node.
    pub pointer: String,
    /// The keyword that the change steps over: `minimum`, `required`, `type`, …; `example` if the document says that it doesn't.
    pub keyword: &'static str,
    /// What is done to the node.
    pub change: Change,
}

/// What is done to a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Another value stands there.
    Replace(Value),
    /// Its member with this name is gone.
    Remove(String),
    /// It has one more member.
    Insert(String, Value),
}

impl Sample {
    /// The value with one change.
    #[must_use]
    pub fn with(&self, miss: &Miss) -> Value {
        let mut value = self.value.clone();
        match (value.pointer_mut(&miss.pointer), &miss.change) {
            (Some(node), Change::Replace(other)) => *node = other.clone(),
            (Some(Value::Object(members)), Change::Remove(name)) => {
                members.shift_remove(name);
            }
            (Some(Value::Object(members)), Change::Insert(name, member)) => {
                members.insert(name.clone(), member.clone());
            }
            _ => {}
        }
        value
    }
}

/// A pointer with one more token.
pub(crate) fn deeper(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
