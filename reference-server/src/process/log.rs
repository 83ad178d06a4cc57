use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use planewright_backend::time::{Clock, SystemClock, Timestamp};

/// Keeps the last lines of the server's own log, so that they can be read through its APIs.
///
/// It is a [`Write`]: give a clone to whatever formats log events. Clones share the lines. When they take up more than the ring
/// holds, the oldest go, whole lines at a time.
///
/// ```
/// use std::io::Write;
/// use planewright_reference_server::process::LogRing;
///
/// let ring = LogRing::with_capacity(16);
/// writeln!(ring.clone(), "first line")?;
/// writeln!(ring.clone(), "second line")?;
/// assert_eq!(ring.text(), "second line\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogRing(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    bytes: VecDeque<u8>,
    capacity: usize,
    modified: Timestamp,
}

impl Default for LogRing {
    fn default() -> Self {
        Self::with_capacity(1 << 20)
    }
}

impl LogRing {
    /// The name of the log among log files.
    pub const NAME: &str = "planewright.log";

    /// A ring that holds at most this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            bytes: VecDeque::new(),
            capacity: bytes,
            modified: SystemClock.now(),
        })))
    }

    /// The lines, oldest first.
    pub fn text(&self) -> Bytes {
        let lines = self.lock();
        let (front, back) = lines.bytes.as_slices();
        [front, back].concat().into()
    }

    /// How many bytes there are, and when the last of them came.
    pub fn status(&self) -> (u64, Timestamp) {
        let lines = self.lock();
        (lines.bytes.len() as u64, lines.modified)
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Bytes are bytes, whatever somebody who panicked was about to add.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Write for LogRing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut lines = self.lock();
        lines.bytes.extend(buffer);
        lines.modified = SystemClock.now();
        let excess = lines.bytes.len().saturating_sub(lines.capacity);
        if excess > 0 {
            let end_of_line = |byte: &u8| *byte == b'\n';
            // The last byte that must go may be in the middle of a line; the rest of the line goes too, if another follows.
            let rest = lines.bytes.iter().skip(excess - 1).position(end_of_line);
            let gone = rest.map_or(excess, |rest| excess + rest);
            lines.bytes.drain(..gone);
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_ring_holds_the_last_whole_lines(
            lines in proptest::collection::vec("[a-z]{0,12}", 0..40),
            capacity in 0_usize..64,
        ) {
            let ring = LogRing::with_capacity(capacity);
            let mut written = String::new();
            for line in &lines {
                writeln!(ring.clone(), "{line}").unwrap();
                written.push_str(line);
                written.push('\n');
            }
            let kept = String::from_utf8(ring.text().to_vec()).unwrap();
            prop_assert!(kept.len() <= capacity);
            prop_assert!(written.ends_with(&kept));
            let before = written.len() - kept.len();
            prop_assert!(before == 0 || written.as_bytes()[before - 1] == b'\n');
            prop_assert_eq!(ring.status().0, kept.len() as u64);
        }
    }

    #[test]
    fn a_line_longer_than_the_ring_keeps_its_end() {
        let ring = LogRing::with_capacity(4);
        ring.clone().write_all(b"abcdefgh").unwrap();
        assert_eq!(ring.text(), "efgh");
    }
}
