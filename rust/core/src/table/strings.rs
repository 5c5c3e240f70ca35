//! The string table: every string once, as bytes.
//!
//! pprof strings should be UTF-8, but files with other bytes exist and `go tool pprof` passes them through, so the
//! table keeps bytes and only a reader that needs text converts.

use super::arena::{ByteArena, Interner};
use crate::ids::StringId;
use std::borrow::Cow;

/// All strings of a profile; row 0 is the empty string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strings {
    arena: ByteArena,
}

impl Default for Strings {
    fn default() -> Self {
        StringsBuilder::default().finish()
    }
}

impl Strings {
    /// The bytes of a string.
    #[must_use]
    pub fn get(&self, id: StringId) -> &[u8] {
        self.arena.get(id.index())
    }

    /// The string as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self, id: StringId) -> Cow<'_, str> {
        String::from_utf8_lossy(self.get(id))
    }

    /// The id of a string, if the table has it. Linear in the number of strings.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<StringId> {
        self.arena
            .iter()
            .position(|row| row == bytes)
            .map(StringId::from_index)
    }

    /// Number of strings, the empty one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Never true: the empty string is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.is_empty()
    }

    /// Bytes of all strings.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.arena.byte_len()
    }

    /// A table of rows that are distinct, the empty string first.
    #[must_use]
    pub(crate) fn from_arena(arena: ByteArena) -> Self {
        Self { arena }
    }

    /// All strings in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + '_ {
        self.arena.iter()
    }
}

/// Collects strings, each once.
#[derive(Debug, Clone)]
pub struct StringsBuilder {
    interner: Interner,
}

impl Default for StringsBuilder {
    fn default() -> Self {
        let mut interner = Interner::default();
        interner.intern(b"");
        Self { interner }
    }
}

impl StringsBuilder {
    /// The id of `bytes`, added if it is new.
    pub fn intern(&mut self, bytes: &[u8]) -> StringId {
        StringId(self.interner.intern(bytes))
    }

    /// The rows of several strings, of which those that are new are added in order; quicker than one at a time.
    pub(crate) fn intern_all(&mut self, strings: &[&[u8]], rows: &mut Vec<u32>) {
        self.interner.intern_all(strings, rows);
    }

    /// The bytes of a string interned before.
    #[must_use]
    pub fn get(&self, id: StringId) -> &[u8] {
        self.interner.arena().get(id.index())
    }

    /// Number of strings so far, the empty one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.interner.len()
    }

    /// Never true: the empty string is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.interner.is_empty()
    }

    /// Bytes of all strings so far.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.interner.arena().byte_len()
    }

    /// The finished table.
    #[must_use]
    pub fn finish(self) -> Strings {
        Strings {
            arena: self.interner.into_arena(),
        }
    }
}

impl From<Strings> for StringsBuilder {
    fn from(strings: Strings) -> Self {
        Self {
            interner: Interner::from(strings.arena),
        }
    }
}
