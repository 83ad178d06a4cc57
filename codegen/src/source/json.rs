//! JSON with spans, by hand: documents of ten megabytes and more are usual here, and no JSON crate gives both
//! the spans of keys and an error for a key that comes twice.

use serde_json::Number;

use super::{FileId, MAX_DEPTH, Member, Node, Object, Span, Value};
use crate::diagnostic::{Problem, Reported, Sink, code};

pub(super) fn read(file: FileId, text: &str, skipped: usize, sink: &Sink) -> Option<Node> {
    let mut reader = Reader { file, text, at: skipped, sink };
    reader.document().ok()
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    sink: &'a Sink,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Node, Reported> {
        self.skip_space();
        let node = self.node(0)?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.fail("text after the end of the document"));
        }
        Ok(node)
    }

    fn node(&mut self, depth: usize) -> Result<Node, Reported> {
        if depth > MAX_DEPTH {
            let span = Span::new(self.file, self.at, self.at + 1);
            let message = format!("values are nested deeper than {MAX_DEPTH} levels");
            return Err(Problem::new(code::NESTED_TOO_DEEP, span, message).report(self.sink));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return Err(self.fail("a value is expected here")),
            None => return Err(self.fail("a value is expected here")),
        };
        Ok(Node { value, span: Span::new(self.file, start, self.at) })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Reported> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(Object::default()));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fail("a key in double quotes is expected here"));
            }
            let key = self.string()?;
            let key_span = Span::new(self.file, start, self.at);
            self.skip_space();
            if !self.take(b':') {
                return Err(self.fail("`:` is expected here"));
            }
            self.skip_space();
            let value = self.node(depth + 1)?;
            members.push(Member { key, key_span, value });
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(object(members, self.sink)));
            }
            if !self.take(b',') {
                return Err(self.fail("`,` or `}` is expected here"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Reported> {
        self.at += 1;
        let mut nodes = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(nodes));
        }
        loop {
            self.skip_space();
            nodes.push(self.node(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(nodes));
            }
            if !self.take(b',') {
                return Err(self.fail("`,` or `]` is expected here"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Reported> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(plain) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) else {
                return Err(self.fail("a string has no end"));
            };
            // Quotes, backslashes and control characters are ASCII, so both ends are character boundaries.
            text.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match rest[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return Err(self.fail("a control character in a string must be escaped")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Reported> {
        let character = match self.text.as_bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.fail("there is no such escape")),
        };
        self.at += 2;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, Reported> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 4)?;
            let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            hexadecimal.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        };
        let Some(first) = unit(self.at + 2) else {
            return Err(self.fail("`\\u` needs four hexadecimal digits"));
        };
        let mut taken = 6;
        let mut scalar = first;
        if (0xD800..0xDC00).contains(&first)
            && self.text[self.at + 6..].starts_with("\\u")
            && let Some(second) = unit(self.at + 8).filter(|unit| (0xDC00..0xE000).contains(unit))
        {
            scalar = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            taken = 12;
        }
        self.at += taken;
        // Half of a surrogate pair is no character; examples hold such, and no meaning depends on them.
        Ok(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn number(&mut self) -> Result<Number, Reported> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = bytes[start..].iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len() - start);
        let text = &self.text[start..start + length];
        // serde_json knows the grammar of numbers; only numbers beyond a double fail for another reason.
        let Ok(number) = text.parse::<Number>() else {
            return Err(self.fail(format!("`{text}` isn't a number, or is too big for one")));
        };
        self.at += length;
        Ok(number)
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Reported> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.fail("a value is expected here"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn fail(&self, message: impl Into<String>) -> Reported {
        let span = Span::new(self.file, self.at, (self.at + 1).min(self.text.len()));
        let ends = if self.at < self.text.len() { "" } else { ", but the text ends" };
        Problem::new(code::INVALID_JSON, span, format!("{}{ends}", message.into())).report(self.sink)
    }
}

/// Makes an object, and reports each key that comes again: equal values are one, objects that have no member in common
/// are taken together, and of others the last counts, as most readers have it.
pub(super) fn object(members: Vec<Member>, sink: &Sink) -> Object {
    Object::new(members, &mut |first, again| {
        let (value, becomes) = match (&first.value.value, &again.value.value) {
            _ if first.value.to_json() == again.value.to_json() => (first.value.clone(), "both say the same"),
            (Value::Object(one), Value::Object(other))
                if other.iter().all(|member| one.get(&member.key).is_none()) =>
            {
                let members = one.iter().chain(other.iter()).cloned().collect();
                (
                    Node { value: Value::Object(Object::of(members)), span: first.value.span },
                    "they are taken together",
                )
            }
            _ => (again.value.clone(), "the last one counts"),
        };
        let message = format!("the key `{}` comes twice in one object; {becomes}", again.key);
        Problem::new(code::REPEATED_KEY, again.key_span, message)
            .related(first.key_span, "first here")
            .help("remove or rename one of the two")
            .report(sink);
        value
    })
}
