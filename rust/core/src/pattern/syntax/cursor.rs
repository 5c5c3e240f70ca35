//! A place in the expression that is being read.

/// The text and how far it has been read; always between two characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// All of the expression.
    pub(super) fn whole(self) -> &'a str {
        self.text
    }

    /// What has not been read.
    pub(super) fn rest(self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// What `self` has read since it was `start`.
    pub(super) fn since(self, start: Self) -> &'a str {
        self.text.get(start.at..self.at).unwrap_or("")
    }

    pub(super) fn peek(self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character behind the next.
    pub(super) fn peek_second(self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Reads up to and over `end`, and gives what came before it; reads nothing if `end` does not come.
    pub(super) fn until(&mut self, end: &str) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.find(end)?;
        self.at += length + end.len();
        rest.get(..length)
    }

    /// Reads all that is left.
    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }
}
