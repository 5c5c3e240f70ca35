//! Byte strings laid end to end, and the set that keeps each of them once.

use super::index::RowIndex;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Rows that share one 64-bit base, so that an end costs four bytes whatever the size of the arena.
const BLOCK: usize = 1 << 12;

/// Byte strings of any length in one allocation, addressed by row.
///
/// Costs its bytes plus four a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByteArena {
    bytes: Vec<u8>,
    /// Where the first row of each block of [`BLOCK`] rows starts.
    bases: Vec<u64>,
    /// End of each row, counted from the base of its block.
    ends: Vec<u32>,
}

impl ByteArena {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all rows together.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of `row`; empty when there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> &[u8] {
        let (from, len) = self.from(row);
        from.get(..len).unwrap_or(&[])
    }

    /// All bytes from `row` on, those of later rows included, and how many are its own: for readers of whole words.
    #[inline]
    pub(super) fn from(&self, row: usize) -> (&[u8], usize) {
        let Some(&end) = self.ends.get(row) else {
            return (&[], 0);
        };
        let base = self.bases.get(row / BLOCK).copied().unwrap_or(0) as usize;
        let start = if row.is_multiple_of(BLOCK) {
            base
        } else {
            base + self.ends[row - 1] as usize
        };
        let from = self.bytes.get(start..).unwrap_or(&[]);
        (from, base + end as usize - start)
    }

    /// Adds a row and returns its number.
    ///
    /// A block holds at most `u32::MAX` bytes; the limits on strings and stack depth keep rows far below that.
    pub fn push(&mut self, row: &[u8]) -> usize {
        let number = self.ends.len();
        if number.is_multiple_of(BLOCK) {
            self.bases.push(self.bytes.len() as u64);
        }
        let base = self.bases.last().copied().unwrap_or(0) as usize;
        self.bytes.extend_from_slice(row);
        self.ends.push((self.bytes.len() - base) as u32);
        number
    }

    /// All rows in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Removes all rows and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bases.clear();
        self.ends.clear();
    }

    /// Gives back what was reserved and not used.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.bases.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// A [`ByteArena`] in which every byte string occurs once.
///
/// The index holds row numbers only; the bytes stay in the arena.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    arena: ByteArena,
    index: RowIndex,
}

impl Interner {
    /// The row of `bytes`, added if it is new.
    pub fn intern(&mut self, bytes: &[u8]) -> u32 {
        let Self { arena, index } = self;
        let next = arena.len() as u32;
        let row = index.find_or_insert(FxBuildHasher.hash_one(bytes), next, |row| {
            arena.get(row as usize) == bytes
        });
        if row == next {
            arena.push(bytes);
        }
        row
    }

    /// The rows of several byte strings, of which those that are new are added in order.
    ///
    /// Looking one up waits for memory three times: for the slot, the place of the row, the row. Several at once wait
    /// together, so each step is done for all before the next.
    pub(crate) fn intern_all(&mut self, strings: &[&[u8]], rows: &mut Vec<u32>) {
        let hashes: Vec<u64> = strings
            .iter()
            .map(|bytes| FxBuildHasher.hash_one(bytes))
            .collect();
        rows.clear();
        self.index.candidates(&hashes, rows);
        let mut touched = 0;
        for &row in rows.iter().filter(|&&row| row != u32::MAX) {
            touched ^= self.arena.from(row as usize).0.first().copied().unwrap_or(0);
        }
        std::hint::black_box(touched);
        for (row, &bytes) in rows.iter_mut().zip(strings) {
            if *row == u32::MAX || self.arena.get(*row as usize) != bytes {
                *row = self.intern(bytes);
            }
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.is_empty()
    }

    /// Removes all rows and keeps the room.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.index.clear();
    }

    /// What has been interned so far.
    #[must_use]
    pub fn arena(&self) -> &ByteArena {
        &self.arena
    }

    /// The arena, without the set.
    #[must_use]
    pub fn into_arena(self) -> ByteArena {
        let mut arena = self.arena;
        arena.shrink_to_fit();
        arena
    }
}

impl From<ByteArena> for Interner {
    /// Reopens an arena whose rows are already distinct.
    fn from(arena: ByteArena) -> Self {
        let mut index = RowIndex::with_capacity(arena.len());
        for (row, bytes) in arena.iter().enumerate() {
            index.find_or_insert(FxBuildHasher.hash_one(bytes), row as u32, |_| false);
        }
        Self { arena, index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_pushed_across_blocks() {
        let mut arena = ByteArena::default();
        let rows: Vec<Vec<u8>> = (0..3 * BLOCK).map(|n| vec![n as u8; n % 7]).collect();
        for row in &rows {
            arena.push(row);
        }
        assert_eq!(arena.len(), rows.len());
        assert!(arena.iter().zip(&rows).all(|(a, b)| a == b));
        assert_eq!(arena.get(rows.len()), b"");
    }

    #[test]
    fn interning_twice_gives_the_same_row() {
        let mut interner = Interner::default();
        let first = interner.intern(b"runtime.main");
        let other = interner.intern(b"");
        assert_eq!(interner.intern(b"runtime.main"), first);
        assert_eq!(interner.intern(b""), other);
        assert_ne!(first, other);
        let mut reopened = Interner::from(interner.into_arena());
        assert_eq!(reopened.intern(b"runtime.main"), first);
        assert_eq!(reopened.len(), 2);
    }
}
