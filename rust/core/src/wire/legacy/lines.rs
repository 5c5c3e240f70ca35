//! A text read line by line.

use crate::error::{Error, Place};

/// Lines of a text, with the place of the current one.
///
/// A line ends at `\n` or at the end of the text; one `\r` before that is taken off. Before the first
/// [`Lines::scan`] and after the last, the current line is empty.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    text: &'a [u8],
    /// Offset of the current line in the whole input.
    offset: u64,
    /// Offset of `rest` in the whole input.
    next: u64,
    number: u64,
    /// Whether the input is text from its first byte, so that a place can be a line.
    counted: bool,
}

impl<'a> Lines<'a> {
    /// Lines of an input that is all text.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            text: &[],
            offset: 0,
            next: 0,
            number: 0,
            counted: true,
        }
    }

    /// Lines of a text that follows `offset` bytes of something else.
    pub(super) fn behind(text: &'a [u8], offset: u64) -> Self {
        Self {
            rest: text,
            text: &[],
            offset,
            next: offset,
            number: 0,
            counted: false,
        }
    }

    /// Goes to the next line; false when there is none.
    pub(super) fn scan(&mut self) -> bool {
        if self.rest.is_empty() {
            self.text = &[];
            return false;
        }
        let (line, rest) = match self.split() {
            Some((line, rest)) => (line, rest),
            None => (self.rest, [].as_slice()),
        };
        self.offset = self.next;
        self.next += (self.rest.len() - rest.len()) as u64;
        self.number += 1;
        self.rest = rest;
        self.text = line.strip_suffix(b"\r").unwrap_or(line);
        true
    }

    /// The current line.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The next line, if a `\n` ends it, without going there.
    pub(super) fn peek_terminated(&self) -> Option<&'a [u8]> {
        self.split().map(|(line, _)| line)
    }

    fn split(&self) -> Option<(&'a [u8], &'a [u8])> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        Some((self.rest.get(..end)?, self.rest.get(end + 1..)?))
    }

    /// Where the current line is.
    pub(super) fn place(&self) -> Place {
        if self.counted {
            Place::Line(self.number.max(1))
        } else {
            Place::Offset(self.offset)
        }
    }

    /// An error at the current line.
    pub(super) fn invalid(&self, detail: impl Into<String>) -> Error {
        Error::invalid(detail).at(self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_newlines_and_at_the_end_and_lose_one_carriage_return() {
        let mut lines = Lines::new(b"a\r\r\n\nb");
        let mut seen = Vec::new();
        while lines.scan() {
            seen.push((lines.text().to_vec(), lines.place()));
        }
        let expected = [(b"a\r".to_vec(), 1), (Vec::new(), 2), (b"b".to_vec(), 3)];
        assert_eq!(seen, expected.map(|(text, number)| (text, Place::Line(number))));
        assert!(lines.text().is_empty());
        assert!(!lines.scan());
    }

    #[test]
    fn a_text_behind_binary_has_offsets_for_places() {
        let mut lines = Lines::behind(b"ab\ncd\n", 100);
        assert!(lines.scan() && lines.scan());
        assert_eq!(lines.place(), Place::Offset(103));
    }

    #[test]
    fn peeking_sees_only_lines_with_an_end() {
        let mut lines = Lines::new(b"ab\ncd");
        assert_eq!(lines.peek_terminated(), Some(b"ab".as_slice()));
        assert!(lines.scan());
        assert_eq!(lines.peek_terminated(), None);
    }
}
