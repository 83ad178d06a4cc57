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

/// Lines that say no more than a status of 500 does.
const FILLERS: [&str; 3] = ["Internal server error.", "Internal Server Error", "<Exception on server side:"];

/// The line that tells most: the first, unless it is a filler. Stack traces follow after it.
pub(crate) fn telling_line(messages: &[String]) -> Option<&str> {
    let mut lines = messages.iter().flat_map(|message| message.lines()).map(str::trim);
    let first = lines.clone().next()?;
    Some(lines.find(|line| !line.is_empty() && !FILLERS.contains(line)).unwrap_or(first))
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
    }

    #[test]
    fn the_line_that_tells_most_is_found() {
        let line = |messages: &[&str]| {
            let messages: Vec<_> = messages.iter().map(|&message| message.to_owned()).collect();
            telling_line(&messages).map(str::to_owned)
        };
        assert_eq!(line(&["X: no disk\r\n\tat Y"]).as_deref(), Some("X: no disk"));
        let two = ["Internal server error.", "<Exception on server side:\nX: no class\n\tat Y"];
        assert_eq!(line(&two).as_deref(), Some("X: no class"));
        assert_eq!(line(&["Internal server error."]).as_deref(), Some("Internal server error."));
        assert_eq!(line(&[]), None);
    }
}
