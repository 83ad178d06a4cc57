use serde_json::Value;

/// How much of a text that isn't JSON is taken for the server's message.
const LONGEST_TEXT: usize = 500;

/// What a server says about a failure, in its own words: the messages of the error bodies in common use, most
/// telling first. Empty if the body holds none.
pub(crate) fn messages(body: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => collect(&value, &mut messages),
        Err(_) => {
            if let Ok(text) = std::str::from_utf8(body) {
                let text = text.trim();
                if !text.is_empty() && !text.starts_with('<') {
                    messages.push(text.chars().take(LONGEST_TEXT).collect());
                }
            }
        }
    }
    messages
}

/// The members that hold a message, in the order in which they are believed.
const MEMBERS: [&str; 11] = [
    "errors",
    "message",
    "detail",
    "error_description",
    "error",
    "reason",
    "title",
    "description",
    "stack-trace",
    "stackTrace",
    "class",
];

fn collect(value: &Value, messages: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => messages.push(text.trim().to_owned()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, messages)),
        Value::Object(members) => {
            for member in MEMBERS {
                if let Some(value) = members.get(member) {
                    collect(value, messages);
                    if !messages.is_empty() {
                        return;
                    }
                }
            }
        }
        _ => {}
    }
}

/// The first line of a message: stack traces follow after it.
pub(crate) fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_error_bodies_are_understood() {
        let cases = [
            (r#"{"errors":["Job 1 not found","at X"]}"#, vec!["Job 1 not found", "at X"]),
            (r#"{"code":404,"message":"no such namespace"}"#, vec!["no such namespace"]),
            (r#"{"title":"Not Found","status":404,"detail":"no deployment a"}"#, vec!["no deployment a"]),
            (r#"{"error":{"code":3,"message":"nested"}}"#, vec!["nested"]),
            (r#"{"errors":[{"message":"first"},{"message":"second"}]}"#, vec!["first"]),
            (r#"{"class":"X","stack-trace":"X: no disk\n\tat Y"}"#, vec!["X: no disk\n\tat Y"]),
            ("plain words\n", vec!["plain words"]),
            (r#""a string""#, vec!["a string"]),
            ("<html>Bad Gateway</html>", vec![]),
            (r#"{"errors":[]}"#, vec![]),
            ("{}", vec![]),
            ("", vec![]),
        ];
        for (body, expected) in cases {
            let found = messages(body.as_bytes());
            assert_eq!(found.first().map(String::as_str), expected.first().copied(), "{body}");
        }
        assert_eq!(messages(br#"{"errors":["a","b"]}"#), ["a", "b"]);
        assert_eq!(first_line("X: no disk\r\n\tat Y"), "X: no disk");
    }
}
