//! YAML 1.2 with spans, from the events of `granit_parser`. Plain scalars mean what the core schema says: `no`
//! is a text, `012` is twelve.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use indexmap::IndexMap;
use serde_json::Number;

use super::json::object;
use super::{FileId, MAX_ALIASED_NODES, MAX_DEPTH, Member, Node, Object, Span, Value};
use crate::diagnostic::{Problem, Reported, Sink, code};

pub(super) fn read(file: FileId, text: &str, skipped: usize, sink: &Sink) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        // Paths and descriptions as keys are longer than YAML's own limit on implicit keys.
        simple_key_max_lookahead: 16 * 1024,
    };
    let parser = Parser::new_from_str_with_options(&text[skipped..], options);
    let anchors = IndexMap::new();
    let mut builder = Builder { parser, file, skipped, length: text.len(), sink, anchors, aliased: 0 };
    builder.document().ok()
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    file: FileId,
    skipped: usize,
    length: usize,
    sink: &'a Sink,
    /// What each anchor names; `None` while it is being read.
    anchors: IndexMap<usize, Option<Node>>,
    aliased: usize,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Node, Reported> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    let message = "the file holds more than one YAML document";
                    return Err(self.problem(code::SEVERAL_DOCUMENTS, span, message).report(self.sink));
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        root.ok_or_else(|| {
            let span = Span::new(self.file, 0, 0);
            Problem::new(code::EMPTY_FILE, span, "the file holds no YAML document").report(self.sink)
        })
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Reported> {
        if depth > MAX_DEPTH {
            let message = format!("values are nested deeper than {MAX_DEPTH} levels");
            return Err(self.problem(code::NESTED_TOO_DEEP, span, message).report(self.sink));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = Node { value: scalar(&text, style, tag.as_deref()), span };
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.reserve(anchor);
                let mut nodes: Vec<Node> = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if event == Event::SequenceEnd {
                        let end = nodes.last().map_or(at.end, |last| last.span.end.max(at.start));
                        let node = Node { value: Value::Array(nodes), span: Span { end, ..span } };
                        self.remember(anchor, &node);
                        return Ok(node);
                    }
                    nodes.push(self.node(event, at, depth + 1)?);
                }
            }
            Event::MappingStart(_, anchor, _) => {
                self.reserve(anchor);
                let node = self.mapping(span, depth)?;
                self.remember(anchor, &node);
                Ok(node)
            }
            Event::Alias(id) => self.alias(id, span),
            _ => Err(self.problem(code::INVALID_YAML, span, "a value is expected here").report(self.sink)),
        }
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Node, Reported> {
        let mut members: Vec<Member> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        let end = loop {
            let (event, key_span) = self.next()?;
            let (key, plain) = match event {
                Event::MappingEnd => break key_span.end,
                Event::Scalar(text, style, anchor, _) => {
                    let value = Value::String(text.clone().into_owned());
                    self.remember(anchor, &Node { value, span: key_span });
                    (text.into_owned(), style == ScalarStyle::Plain)
                }
                Event::Alias(id) => match self.alias(id, key_span)?.value {
                    Value::String(text) => (text, false),
                    _ => return Err(self.bad_key(key_span)),
                },
                _ => return Err(self.bad_key(key_span)),
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            if key == "<<" && plain {
                merged.push(value);
            } else {
                members.push(Member { key, key_span, value });
            }
        };
        let own = members.last().map_or(span.start, |last| last.value.span.end.max(last.key_span.end));
        let span = Span { end: own.max(end.min(self.length as u32)), ..span };
        let mut whole = object(members, self.sink);
        for node in merged {
            whole = self.merge(whole, node)?;
        }
        Ok(Node { value: Value::Object(whole), span })
    }

    /// The merge key of YAML 1.1, which documents go on using: members that aren't there yet are added.
    fn merge(&self, object: Object, node: Node) -> Result<Object, Reported> {
        match node.value {
            Value::Object(other) => {
                let added: Vec<_> =
                    other.iter().filter(|member| object.get(&member.key).is_none()).cloned().collect();
                let members = object.iter().cloned().chain(added).collect();
                Ok(Object::of(members))
            }
            Value::Array(nodes) => {
                nodes.into_iter().try_fold(object, |object, node| self.merge(object, node))
            }
            _ => {
                let message = "`<<` must be given an object or a list of objects";
                Err(self.problem(code::INVALID_YAML, node.span, message).report(self.sink))
            }
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Reported> {
        let Some(Some(node)) = self.anchors.get(&id) else {
            let message = "an alias stands inside the value that it names";
            return Err(self.problem(code::INVALID_YAML, span, message).report(self.sink));
        };
        self.aliased += count(node);
        if self.aliased > MAX_ALIASED_NODES {
            let message = format!("aliases make more than {MAX_ALIASED_NODES} values");
            return Err(self.problem(code::TOO_MANY_ALIASES, span, message).report(self.sink));
        }
        Ok(node.clone())
    }

    fn reserve(&mut self, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, Some(node.clone()));
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Reported> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.span(span))),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => {
                let span = Span::new(self.file, self.length, self.length);
                Err(self.problem(code::INVALID_YAML, span, "the text ends too early").report(self.sink))
            }
        }
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or(0) + self.skipped;
        Span::new(self.file, offset(span.start), offset(span.end).min(self.length))
    }

    fn syntax(&self, error: &ScanError) -> Reported {
        let at = (error.marker().byte_offset().unwrap_or(0) + self.skipped).min(self.length);
        let span = Span::new(self.file, at, (at + 1).min(self.length));
        self.problem(code::INVALID_YAML, span, error.info()).report(self.sink)
    }

    fn bad_key(&self, span: Span) -> Reported {
        self.problem(code::INVALID_YAML, span, "a key must be a text").report(self.sink)
    }

    fn problem(&self, code: crate::diagnostic::Code, span: Span, message: impl Into<String>) -> Problem {
        Problem::new(code, span, message)
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::Array(nodes) => nodes.iter().map(count).sum(),
        Value::Object(object) => object.iter().map(|member| count(&member.value)).sum(),
        _ => 0,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let tag = tag.and_then(Tag::core_suffix);
    if tag == Some("str") || (style != ScalarStyle::Plain && tag.is_none()) {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// A number of the core schema; those that JSON can't hold (`.inf`, `1e999`) stay texts.
fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix)?;
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        valid.then(|| u64::from_str_radix(digits, radix).ok().map(Number::from)).flatten()
    };
    if let Some(number) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Some(number);
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let plus_free = text.strip_prefix('+').unwrap_or(text);
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = plus_free
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| plus_free.parse::<u64>().map(Number::from));
        return whole.ok().or_else(|| Number::from_f64(plus_free.parse().ok()?));
    }
    let decimal = unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !decimal || !unsigned.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Number::from_f64(plus_free.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn reads_numbers_of_the_core_schema() {
        let shown = |text| number(text).map(|number| number.to_string());
        assert_eq!(shown("012"), Some("12".to_owned()));
        assert_eq!(shown("0x1F"), Some("31".to_owned()));
        assert_eq!(shown("-3"), Some("-3".to_owned()));
        assert_eq!(shown("+1.5"), Some("1.5".to_owned()));
        assert_eq!(shown("18446744073709551615"), Some("18446744073709551615".to_owned()));
        // How the exponent is spelled is no business of ours.
        let large = number("18446744073709551616").and_then(|number| number.as_f64());
        assert_eq!(large, Some(18_446_744_073_709_551_616.0));
        for text in ["1.2.3", ".inf", "1_000", "2020-01-01", "-", ".", "1e999", "0o9", "e5"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
