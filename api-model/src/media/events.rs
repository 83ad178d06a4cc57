use std::fmt;
use std::time::Duration;

/// An event of a stream (`text/event-stream`, WHATWG HTML §9.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<T> {
    /// What the caller may begin after when it comes again.
    pub id: Option<String>,
    /// Its kind; `message` if it has none.
    pub event: Option<String>,
    /// What it says.
    pub data: T,
    /// How long to wait before coming again after the connection was lost.
    pub retry: Option<Duration>,
}

/// An event as it stands in the stream.
pub type RawEvent = Event<String>;

impl<T> Event<T> {
    /// An event that says no more than this.
    pub fn new(data: T) -> Self {
        Self { id: None, event: None, data, retry: None }
    }

    /// The same event with other data.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Event<U> {
        Event { id: self.id, event: self.event, data: change(self.data), retry: self.retry }
    }
}

impl<T> From<T> for Event<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

/// A value in a stream that is longer than its reader allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFault {
    pub(super) longest: usize,
}

impl fmt::Display for StreamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of the stream is longer than {} bytes", self.longest)
    }
}

impl std::error::Error for StreamFault {}

/// Appends an event to a stream. A line break in an id or a kind becomes a space: it would end the field.
pub fn write_event(event: &Event<&str>, out: &mut Vec<u8>) {
    let one_line = |text: &str| text.replace(['\r', '\n', '\0'], " ");
    let mut field = |name: &str, value: &str| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    };
    if let Some(kind) = &event.event {
        field("event", &one_line(kind));
    }
    if let Some(id) = &event.id {
        field("id", &one_line(id));
    }
    if let Some(retry) = event.retry {
        field("retry", &retry.as_millis().to_string());
    }
    // Each kind of line break would end the field, and all come back as one.
    for line in event.data.replace("\r\n", "\n").split(['\r', '\n']) {
        field("data", line);
    }
    out.push(b'\n');
}

/// Takes a stream of events apart, in whatever pieces it comes.
///
/// ```
/// use planewright_model::media::EventDecoder;
///
/// let mut decoder = EventDecoder::new(1 << 20);
/// decoder.push(b"event: tick\r\ndata: 1\r\ndata: 2\r\n\r");
/// let event = decoder.next_event()?.unwrap();
/// assert_eq!((event.event.as_deref(), event.data.as_str()), (Some("tick"), "1\n2"));
/// assert_eq!(decoder.next_event()?, None);
/// # Ok::<(), planewright_model::media::StreamFault>(())
/// ```
#[derive(Debug)]
pub struct EventDecoder {
    buffer: Vec<u8>,
    taken: usize,
    searched: usize,
    /// Nothing of the stream was looked at yet.
    begins: bool,
    /// The last line ended in a carriage return, so a line feed that follows belongs to it.
    after_return: bool,
    event: String,
    id: Option<String>,
    data: Option<String>,
    retry: Option<Duration>,
    longest: usize,
}

impl EventDecoder {
    /// A decoder of events of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self {
            buffer: Vec::new(),
            taken: 0,
            searched: 0,
            begins: true,
            after_return: false,
            event: String::new(),
            id: None,
            data: None,
            retry: None,
            longest,
        }
    }

    /// Takes more of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event that has come whole. What comes after the last empty line is no event.
    ///
    /// # Errors
    /// If it is too long.
    pub fn next_event(&mut self) -> Result<Option<RawEvent>, StreamFault> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        loop {
            if self.begins {
                let mark = &self.buffer[..self.buffer.len().min(BYTE_ORDER_MARK.len())];
                if BYTE_ORDER_MARK.starts_with(mark) && mark.len() < BYTE_ORDER_MARK.len() {
                    return Ok(None);
                }
                if mark == BYTE_ORDER_MARK {
                    self.taken = mark.len();
                    self.searched = self.taken;
                }
                self.begins = false;
            }
            if self.after_return {
                match self.buffer.get(self.taken) {
                    None => return Ok(None),
                    Some(b'\n') => {
                        self.taken += 1;
                        self.searched = self.taken.max(self.searched);
                    }
                    Some(_) => {}
                }
                self.after_return = false;
            }
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.searched = self.buffer.len();
                self.check(self.searched - self.taken)?;
                return Ok(None);
            };
            let end = self.searched + length;
            let line = String::from_utf8_lossy(self.buffer.get(self.taken..end).unwrap_or_default());
            let line = line.into_owned();
            self.after_return = self.buffer.get(end) == Some(&b'\r');
            self.taken = end + 1;
            self.searched = self.taken;
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
            } else {
                self.field(&line);
                self.check(self.data.as_ref().map_or(0, String::len))?;
            }
        }
    }

    fn check(&self, length: usize) -> Result<(), StreamFault> {
        if length > self.longest { Err(StreamFault { longest: self.longest }) } else { Ok(()) }
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                let data = self.data.get_or_insert_default();
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            // Comments have no name.
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<RawEvent> {
        let event = std::mem::take(&mut self.event);
        let mut data = self.data.take()?;
        // The line feed behind the last line.
        data.pop();
        Some(Event {
            id: self.id.clone(),
            event: (!event.is_empty()).then_some(event),
            data,
            retry: self.retry.take(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(stream: &[u8], cut: usize) -> Vec<RawEvent> {
        let mut decoder = EventDecoder::new(1000);
        let mut events = Vec::new();
        for piece in stream.chunks(cut) {
            decoder.push(piece);
            while let Some(event) = decoder.next_event().unwrap() {
                events.push(event);
            }
        }
        events
    }

    proptest! {
        #[test]
        fn any_events_survive_any_cuts(
            sent in prop::collection::vec(("[^\r\n\0]{1,9}", "[^\r\n\0]{1,9}", "[^\r]{0,20}", 0_u64..9), 0..5),
            cut in 1_usize..9,
            ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let sent: Vec<RawEvent> = sent.into_iter().map(|(id, event, data, retry)| Event {
                id: Some(id), event: Some(event), data, retry: Some(Duration::from_millis(retry)),
            }).collect();
            let mut stream = Vec::new();
            for event in &sent {
                write_event(&Event { id: event.id.clone(), event: event.event.clone(), data: &*event.data, retry: event.retry }, &mut stream);
            }
            let stream = String::from_utf8(stream).unwrap().replace('\n', ending);
            prop_assert_eq!(all(stream.as_bytes(), cut), sent);
        }

        #[test]
        fn no_stream_makes_the_reader_panic(stream: Vec<u8>, cut in 1_usize..5) {
            all(&stream, cut);
        }
    }

    #[test]
    fn the_rules_of_the_standard_hold() {
        let data =
            |stream: &str| all(stream.as_bytes(), 1).into_iter().map(|event| event.data).collect::<Vec<_>>();
        // Examples of the standard.
        assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
        assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
        assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
        assert_eq!(data("\u{feff}: a comment\ndata: x\nother: y\n\n"), ["x"]);
        let events = all(
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            3,
        );
        let expected = [(Some("1"), "first event"), (Some(""), "second event")];
        let found: Vec<_> = events.iter().map(|event| (event.id.as_deref(), &*event.data)).collect();
        assert_eq!(found, expected);
        assert_eq!(
            all(b"retry: 1x\ndata: a\n\nretry: 7\ndata: b\n\n", 2)[1].retry,
            Some(Duration::from_millis(7))
        );
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut decoder = EventDecoder::new(5);
        decoder.push(b"data: 123\ndata: 456\n");
        assert!(decoder.next_event().is_err());
    }
}
