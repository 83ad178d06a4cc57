use super::StreamFault;

/// How values of a stream of JSON are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One value a line: `application/x-ndjson`, `application/jsonl`.
    Lines,
    /// Each value behind a record separator: `application/json-seq` (RFC 7464).
    Sequence,
}

const RECORD_SEPARATOR: u8 = 0x1e;

impl Framing {
    /// Appends a value's JSON to a stream.
    pub fn frame(self, json: &[u8], out: &mut Vec<u8>) {
        if self == Self::Sequence {
            out.push(RECORD_SEPARATOR);
        }
        out.extend_from_slice(json);
        out.push(b'\n');
    }

    /// Whether `byte` ends the value that stands before it.
    fn is_end(self, byte: u8, before: &[u8]) -> bool {
        match (self, byte) {
            (Self::Lines, b'\n') | (Self::Sequence, RECORD_SEPARATOR) => true,
            // A value ends in a line feed, and may hold others. It isn't to wait for the next value's separator.
            (Self::Sequence, b'\n') => serde_json::from_slice::<serde::de::IgnoredAny>(before).is_ok(),
            _ => false,
        }
    }
}

/// Takes a stream of JSON values apart, in whatever pieces it comes.
///
/// ```
/// use planewright_model::media::{Framing, ItemDecoder};
///
/// let mut decoder = ItemDecoder::new(Framing::Lines, 1 << 20);
/// decoder.push(b"{\"a\":1}\n\n[2");
/// assert_eq!(decoder.next_item()?.as_deref(), Some(&b"{\"a\":1}"[..]));
/// assert_eq!(decoder.next_item()?, None);
/// decoder.push(b"]");
/// decoder.finish();
/// assert_eq!(decoder.next_item()?.as_deref(), Some(&b"[2]"[..]));
/// # Ok::<(), planewright_model::media::StreamFault>(())
/// ```
#[derive(Debug)]
pub struct ItemDecoder {
    framing: Framing,
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    taken: usize,
    /// How much of it holds no separator.
    searched: usize,
    longest: usize,
}

impl ItemDecoder {
    /// A decoder of values of at most `longest` bytes.
    #[must_use]
    pub fn new(framing: Framing, longest: usize) -> Self {
        Self { framing, buffer: Vec::new(), taken: 0, searched: 0, longest }
    }

    /// Takes more of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The stream has ended: its last value needs no separator.
    pub fn finish(&mut self) {
        self.push(&[match self.framing {
            Framing::Lines => b'\n',
            Framing::Sequence => RECORD_SEPARATOR,
        }]);
    }

    /// The text of the next value that has come whole.
    ///
    /// # Errors
    /// If it is too long.
    pub fn next_item(&mut self) -> Result<Option<Vec<u8>>, StreamFault> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let is_end = |(place, byte): (usize, &u8)| {
                let before = self.buffer.get(self.taken..self.searched + place).unwrap_or_default();
                self.framing.is_end(*byte, before)
            };
            let Some(length) = rest.iter().enumerate().position(is_end) else {
                self.searched = self.buffer.len();
                if self.searched - self.taken > self.longest {
                    return Err(StreamFault { longest: self.longest });
                }
                return Ok(None);
            };
            let end = self.searched + length;
            let item = self.buffer.get(self.taken..end).unwrap_or_default().trim_ascii();
            let item = (!item.is_empty()).then(|| item.to_vec());
            self.taken = end + 1;
            self.searched = self.taken;
            match item {
                Some(item) if item.len() > self.longest => return Err(StreamFault { longest: self.longest }),
                Some(item) => return Ok(Some(item)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Any, Json};

    proptest! {
        #[test]
        fn any_values_survive_any_cuts(texts in prop::collection::vec(".{0,9}", 0..6), cut in 1_usize..9, sequence: bool) {
            let framing = if sequence { Framing::Sequence } else { Framing::Lines };
            let mut stream = Vec::new();
            for text in &texts {
                let mut json = Vec::new();
                Any::from(text.as_str()).write_json(&mut json).unwrap();
                framing.frame(&json, &mut stream);
            }
            let mut decoder = ItemDecoder::new(framing, 100);
            let mut read = Vec::new();
            for piece in stream.chunks(cut) {
                decoder.push(piece);
                while let Some(item) = decoder.next_item().unwrap() {
                    read.push(String::read_json(&item).unwrap());
                }
            }
            decoder.finish();
            while let Some(item) = decoder.next_item().unwrap() {
                read.push(String::read_json(&item).unwrap());
            }
            prop_assert_eq!(read, texts);
        }
    }

    #[test]
    fn a_value_of_a_sequence_doesnt_wait_for_the_next() {
        let mut decoder = ItemDecoder::new(Framing::Sequence, 100);
        decoder.push(b"\x1e[1,\n");
        assert_eq!(decoder.next_item().unwrap(), None);
        decoder.push(b"2]\n");
        assert_eq!(decoder.next_item().unwrap().as_deref(), Some(&b"[1,\n2]"[..]));
        decoder.push(b"\x1e3\n\x1e");
        assert_eq!(decoder.next_item().unwrap().as_deref(), Some(&b"3"[..]));
        assert_eq!(decoder.next_item().unwrap(), None);
    }

    #[test]
    fn a_value_without_end_is_refused() {
        let mut decoder = ItemDecoder::new(Framing::Lines, 3);
        decoder.push(b"1234");
        assert!(decoder.next_item().is_err());
        let mut decoder = ItemDecoder::new(Framing::Lines, 3);
        decoder.push(b"1234\n");
        assert!(decoder.next_item().is_err());
    }
}
