use super::{Fields, Reading};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::SecurityRequirement;
use crate::source::Node;

/// `security`: alternatives, each of them schemes with their scopes.
///
/// # Errors
/// If it isn't a list of objects.
pub fn security_requirements(
    reading: Reading<'_>,
    fields: Fields<'_>,
) -> Result<Vec<SecurityRequirement>, Reported> {
    let mut list = Vec::new();
    for node in fields.array("security") {
        let Some(object) = node.as_object() else {
            let message = format!("a security requirement must be an object, this is {}", node.kind());
            return Err(Problem::new(code::WRONG_TYPE, node.span, message).report(reading.sink));
        };
        let scopes = |node: &Node| {
            let texts = node.as_array().unwrap_or_default().iter().filter_map(Node::as_str);
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        list.push(object.iter().map(|member| (member.key.clone(), scopes(&member.value))).collect());
    }
    Ok(list)
}
