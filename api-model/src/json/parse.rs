//! JSON text as RFC 8259 has it, into a tape.

use super::refusal::Refusal;
use super::tape::{Entry, Kind, Tape, offset};

/// How deep lists and objects may be nested.
pub(super) const MAX_DEPTH: usize = 128;

/// Reads a text that is one JSON value and white space.
pub(super) fn parse(text: &str) -> Result<Tape<'_>, Refusal> {
    offset(text.len())?;
    // Real texts have one value in ten to twenty bytes.
    let tape = Tape { text, entries: Vec::with_capacity(text.len() / 16 + 4), ..Tape::default() };
    let mut parser = Parser { bytes: text.as_bytes(), place: 0, tape };
    parser.value(0)?;
    parser.space();
    match parser.place == parser.bytes.len() {
        true => Ok(parser.tape),
        false => Err(parser.fault("there is more behind the value")),
    }
}

struct Parser<'t> {
    bytes: &'t [u8],
    place: usize,
    tape: Tape<'t>,
}

impl Parser<'_> {
    #[cold]
    fn fault(&self, message: &'static str) -> Refusal {
        let message = if self.place == self.bytes.len() { "the text ends too early" } else { message };
        Refusal::syntax(message, self.place)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.place += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Refusal> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            _ => Err(self.fault("a value is expected")),
        }
    }

    fn push(&mut self, kind: Kind, at: usize, from: usize, to: usize) {
        // The text is shorter than 4 GiB, so that every place in it fits; what is unescaped is shorter than the text.
        let entry = Entry { kind, at: at as u32, from: from as u32, to: to as u32 };
        self.tape.entries.push(entry);
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Refusal> {
        let at = self.place;
        if !self.bytes[at..].starts_with(word.as_bytes()) {
            return Err(self.fault("a value is expected"));
        }
        self.place += word.len();
        self.push(kind, at, at, self.place);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let at = self.place;
        if self.peek() == Some(b'-') {
            self.place += 1;
        }
        match self.peek() {
            Some(b'0') => {
                self.place += 1;
                if let Some(b'0'..=b'9') = self.peek() {
                    return Err(self.fault("a number doesn't begin with a zero"));
                }
            }
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.place += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.place += 1;
            }
            self.digits()?;
        }
        self.push(Kind::Number, at, at, self.place);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        let from = self.place;
        while let Some(b'0'..=b'9') = self.peek() {
            self.place += 1;
        }
        if self.place == from { Err(self.fault("a digit is expected")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let at = self.place;
        self.place += 1;
        let from = self.place;
        self.plain();
        if self.peek() == Some(b'"') {
            self.push(Kind::Text, at, from, self.place);
            self.place += 1;
            return Ok(());
        }
        let made = self.tape.scratch.len();
        let mut run = from;
        loop {
            self.plain();
            // Both ends stand beside an ASCII character, so between whole characters.
            self.tape.scratch.push_str(&self.tape.text[run..self.place]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.fault("a control character in a string must be escaped")),
                None => return Err(self.fault("the text ends too early")),
            }
            run = self.place;
        }
        self.place += 1;
        self.push(Kind::MadeText, at, made, self.tape.scratch.len());
        Ok(())
    }

    /// Passes over what stands for itself.
    fn plain(&mut self) {
        let rest = &self.bytes[self.place..];
        let length = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.place += length.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        self.place += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.place += 1;
                let character = self.unicode()?;
                self.tape.scratch.push(character);
                return Ok(());
            }
            _ => return Err(self.fault("there is no such escape")),
        };
        self.place += 1;
        self.tape.scratch.push(character);
        Ok(())
    }

    fn unicode(&mut self) -> Result<char, Refusal> {
        let start = self.place;
        let first = self.hexadecimal()?;
        let code = match first {
            0xd800..=0xdbff if self.bytes[self.place..].starts_with(b"\\u") => {
                self.place += 2;
                match self.hexadecimal()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => first,
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| Refusal::syntax("half of a surrogate pair is no character", start))
    }

    fn hexadecimal(&mut self) -> Result<u32, Refusal> {
        let digits = self
            .bytes
            .get(self.place..self.place + 4)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.fault("four hexadecimal digits are expected"))?;
        self.place += 4;
        Ok(code)
    }

    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, Refusal> {
        if depth == MAX_DEPTH {
            return Err(self.fault("lists and objects are nested too deeply"));
        }
        let opened = self.tape.entries.len();
        self.push(kind, self.place, 0, 0);
        self.place += 1;
        self.space();
        Ok(opened)
    }

    fn close(&mut self, opened: usize, count: u32) {
        self.place += 1;
        let behind = self.tape.entries.len() as u32;
        let entry = &mut self.tape.entries[opened];
        entry.from = count;
        entry.to = behind;
    }

    fn array(&mut self, depth: usize) -> Result<(), Refusal> {
        let opened = self.open(Kind::Array, depth)?;
        let mut count = 0;
        if self.peek() != Some(b']') {
            loop {
                self.value(depth + 1)?;
                count += 1;
                self.space();
                match self.peek() {
                    Some(b',') => self.place += 1,
                    Some(b']') => break,
                    _ => return Err(self.fault("`,` or `]` is expected")),
                }
            }
        }
        self.close(opened, count);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Refusal> {
        let opened = self.open(Kind::Object, depth)?;
        let mut count = 0;
        if self.peek() != Some(b'}') {
            loop {
                self.space();
                if self.peek() != Some(b'"') {
                    return Err(self.fault("the name of a member is expected"));
                }
                self.string()?;
                self.space();
                if self.peek() != Some(b':') {
                    return Err(self.fault("`:` is expected"));
                }
                self.place += 1;
                self.value(depth + 1)?;
                count += 1;
                self.space();
                match self.peek() {
                    Some(b',') => self.place += 1,
                    Some(b'}') => break,
                    _ => return Err(self.fault("`,` or `}` is expected")),
                }
            }
        }
        self.close(opened, count);
        Ok(())
    }
}
