/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(offset, _)| offset as u32 + 1)).collect();
        Self { starts }
    }

    /// Line and column, both from 1, of a byte offset; the column counts characters.
    ///
    /// An offset past the end is taken as the end.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(text.len());
        let line = self.starts.partition_point(|start| *start as usize <= offset);
        let start = self.starts[line - 1] as usize;
        let column = text.as_bytes()[start..offset].iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        (line as u32, column as u32 + 1)
    }

    /// The bytes of a line, counted from 1, without its break. A line past the end is empty.
    #[must_use]
    pub fn line_range(&self, line: u32, text: &str) -> (usize, usize) {
        let index = (line as usize).saturating_sub(1);
        let start = self.starts.get(index).map_or(text.len(), |start| *start as usize);
        let end = self.starts.get(index + 1).map_or(text.len(), |next| *next as usize - 1);
        let end = if end > start && text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn counts_characters_not_bytes() {
        let text = "a: é!\r\nb: 1\n";
        let lines = LineIndex::new(text);
        assert_eq!(lines.position(text, 0), (1, 1));
        assert_eq!(lines.position(text, 5), (1, 5));
        assert_eq!(lines.position(text, 8), (2, 1));
        assert_eq!(lines.position(text, 99), (3, 1));
        assert_eq!(lines.line_range(1, text), (0, 6));
        assert_eq!(lines.line_range(9, text), (text.len(), text.len()));
    }
}
