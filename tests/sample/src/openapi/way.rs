//! Requests and answers: members that go one way only need not be there on the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::flat::resolve;

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the server: what is read-only isn't required.
    Request,
    /// To the client: what is write-only isn't required.
    Answer,
}

/// The schemas, as they are for values that go this way. None if that makes no difference.
#[must_use]
pub fn on_way(schemas: &Value, way: Way) -> Option<Value> {
    let spare = Sparing { root: schemas, key: if way == Way::Request { "readOnly" } else { "writeOnly" } };
    let mut changed = schemas.clone();
    let mut any = false;
    spare.walk(&mut changed, &BTreeSet::new(), &mut any);
    any.then_some(changed)
}

struct Sparing<'a> {
    root: &'a Value,
    key: &'static str,
}

impl Sparing<'_> {
    /// Takes what is spared out of every `required`. `spared` are members that the whole of which this is a part spares.
    fn walk(&self, value: &mut Value, spared: &BTreeSet<String>, any: &mut bool) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, &BTreeSet::new(), any)),
            Value::Object(members) => {
                let mut spared = spared.clone();
                self.collect(members, &mut spared, 8);
                if let Some(Value::Array(required)) = members.get_mut("required") {
                    let before = required.len();
                    required.retain(|name| name.as_str().is_none_or(|name| !spared.contains(name)));
                    *any |= required.len() < before;
                }
                for (key, member) in members.iter_mut() {
                    match (key.as_str(), member) {
                        ("example" | "examples" | "default" | "enum" | "const", _) => {}
                        ("allOf", Value::Array(parts)) => {
                            parts.iter_mut().for_each(|part| self.walk(part, &spared, any));
                        }
                        (_, member) => self.walk(member, &BTreeSet::new(), any),
                    }
                }
            }
            _ => {}
        }
    }

    /// The members that an object and its parts spare.
    fn collect(&self, members: &Map<String, Value>, spared: &mut BTreeSet<String>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (name, schema) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if self.is_spared(schema, 8) {
                spared.insert(name.clone());
            }
        }
        for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(part) = self.target(part).as_object() {
                self.collect(part, spared, depth);
            }
        }
    }

    fn is_spared(&self, schema: &Value, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if let Some(says) = schema.get(self.key).and_then(Value::as_bool) {
            let other = if self.key == "readOnly" { "writeOnly" } else { "readOnly" };
            return says && schema.get(other) != Some(&Value::Bool(true));
        }
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let target = self.target(schema);
        let leads = !std::ptr::eq(target, schema) && self.is_spared(target, depth);
        leads || parts.into_iter().any(|part| self.is_spared(part, depth))
    }

    fn target<'v>(&'v self, schema: &'v Value) -> &'v Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        reference.and_then(|reference| resolve(self.root, reference)).unwrap_or(schema)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_only_is_not_required_in_requests() {
        let schemas = json!({"a": {
            "type": "object",
            "required": ["id", "name"],
            "properties": {"id": {"type": "string", "readOnly": true}, "name": {"type": "string"}},
        }});
        let request = on_way(&schemas, Way::Request).unwrap();
        assert_eq!(request["a"]["required"], json!(["name"]));
        assert_eq!(on_way(&schemas, Way::Answer), None);
    }
}
