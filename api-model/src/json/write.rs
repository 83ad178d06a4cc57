use super::Json;

/// Writes JSON without any space.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    fault: Option<&'static str>,
}

/// Writes an object member by member.
#[derive(Debug)]
pub struct Members<'w, 'o> {
    writer: &'w mut Writer<'o>,
    first: bool,
}

/// Writes a list element by element.
#[derive(Debug)]
pub struct Elements<'w, 'o> {
    writer: &'w mut Writer<'o>,
    first: bool,
}

impl Elements<'_, '_> {
    pub(super) fn element<T: Json>(&mut self, value: &T) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(b',');
        }
        value.write(self.writer);
    }

    pub(super) fn end(self) {
        self.writer.out.push(b']');
    }
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, fault: None }
    }

    pub(super) fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    /// Writes what is JSON already.
    pub(super) fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Writes a finite number, by the fewest digits that lead back to it.
    pub(super) fn float(&mut self, value: f64) {
        // Writing to memory can't fail.
        let _ = serde_json::to_writer(&mut *self.out, &value);
    }

    /// Notes that a value has no form in JSON, and why; `null` stands in its place.
    #[cold]
    pub fn refuse(&mut self, why: &'static str) {
        self.fault = Some(why);
        self.null();
    }

    /// Writes a value.
    pub fn value<T: Json>(&mut self, value: &T) {
        value.write(self);
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        self.out.push(b'"');
        let bytes = text.as_bytes();
        let mut run = 0;
        while let Some(plain) = first_escaped(&bytes[run..]) {
            let place = run + plain;
            self.out.extend_from_slice(&bytes[run..place]);
            self.escape(bytes[place]);
            run = place + 1;
        }
        self.out.extend_from_slice(&bytes[run..]);
        self.out.push(b'"');
    }

    #[cold]
    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            8 => b'b',
            9 => b't',
            10 => b'n',
            12 => b'f',
            13 => b'r',
            _ => {
                self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    /// Writes an object: its members follow.
    pub fn object(&mut self) -> Members<'_, 'o> {
        self.out.push(b'{');
        Members { writer: self, first: true }
    }

    /// Writes a list.
    pub fn list<'t, T: Json + 't>(&mut self, items: impl IntoIterator<Item = &'t T>) {
        self.out.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            item.write(self);
        }
        self.out.push(b']');
    }

    /// Writes a list: its elements follow.
    pub(super) fn elements(&mut self) -> Elements<'_, 'o> {
        self.out.push(b'[');
        Elements { writer: self, first: true }
    }

    /// Writes an object with the member that tells it apart from the other alternatives of a union, which its type may
    /// leave out.
    pub fn tagged<T: Json>(&mut self, member: &str, tag: &str, value: &T) {
        let start = self.out.len();
        value.write(self);
        let written = &self.out[start..];
        let has = super::parsed(written).is_ok_and(|tape| {
            let node = super::Node::root(&tape, super::node::Mode::Lenient);
            node.object().map_or(true, |object| object.peek(member).is_some())
        });
        if has {
            return;
        }
        let rest = self.out.split_off(start + 1);
        let mut members = Members { writer: self, first: true };
        members.name(member);
        members.writer.text(tag);
        if rest != b"}" {
            self.out.push(b',');
        }
        self.out.extend_from_slice(&rest);
    }
}

impl Members<'_, '_> {
    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(b',');
        }
        self.writer.text(name);
        self.writer.out.push(b':');
    }

    /// Writes a member.
    pub fn member<T: Json>(&mut self, name: &str, value: &T) -> &mut Self {
        self.name(name);
        value.write(self.writer);
        self
    }

    /// Writes a member if it is there.
    pub fn optional<T: Json>(&mut self, name: &str, value: &Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.member(name, value);
        }
        self
    }

    /// Writes members whose names are data.
    pub fn others<T: Json>(&mut self, others: &crate::Map<T>) -> &mut Self {
        for (name, value) in others {
            self.member(name, value);
        }
        self
    }

    /// Ends the object.
    pub fn end(&mut self) {
        self.writer.out.push(b'}');
    }
}

/// Where the first byte stands that a JSON string can't hold as it is.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let mut chunks = bytes.chunks_exact(8);
    let mut place = 0;
    for chunk in &mut chunks {
        let Ok(eight) = chunk.try_into().map(u64::from_ne_bytes) else { break };
        // A byte is marked if it is smaller than 0x20, or equal to one of the two: the classic test for a zero byte.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGHS;
        if control | zero(eight ^ (ONES * u64::from(b'"'))) | zero(eight ^ (ONES * u64::from(b'\\'))) != 0 {
            break;
        }
        place += 8;
    }
    let rest = bytes[place..].iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    rest.map(|rest| place + rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text in "[\\x00-\\x7f\u{80}-\u{10ffff}]{0,40}") {
            let mut out = Vec::new();
            Writer::new(&mut out).text(&text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
