//! The stacks of a merged profile, each once, as rows of the merged location table.
//!
//! Rows are kept as they are and not packed: they are compared far more often than they are read, once for each
//! sample that comes in, and comparing words of a known length beats comparing varints.

use super::tables::mix;
use crate::table::RowIndex;

/// Distinct lists of location rows, leaf first.
#[derive(Debug, Clone, Default)]
pub(super) struct StackSet {
    frames: Vec<u32>,
    ends: Vec<u64>,
    index: RowIndex,
}

impl StackSet {
    /// Number of stacks.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The location rows of a stack.
    pub(super) fn get(&self, row: u32) -> &[u32] {
        frames_of(&self.frames, &self.ends, row)
    }

    /// The row of a stack, added if it is new.
    pub(super) fn intern(&mut self, stack: &[u32]) -> u32 {
        self.intern_hashed(hash(stack), stack)
    }

    /// The same, where [`hash`] has been computed before.
    #[inline]
    pub(super) fn intern_hashed(&mut self, hash: u64, stack: &[u32]) -> u32 {
        let Self { frames, ends, index } = self;
        let next = ends.len() as u32;
        let row = index.find_or_insert(hash, next, |row| frames_of(frames, ends, row) == stack);
        if row == next {
            frames.extend_from_slice(stack);
            ends.push(frames.len() as u64);
        }
        row
    }

    /// The rows of several stacks, which lie end to end in `frames`.
    ///
    /// Looking one stack up waits for memory three times: for the slot, the place of the row, the row. Several at once wait
    /// together, so each step is done for all before the next.
    pub(super) fn intern_all(&mut self, stacks: &[Hashed], frames: &[u32], rows: &mut Vec<u32>) {
        rows.clear();
        rows.extend(
            stacks
                .iter()
                .map(|stack| self.index.candidate(stack.hash).unwrap_or(u32::MAX)),
        );
        let mut touched = 0;
        for &row in rows.iter().filter(|row| **row != u32::MAX) {
            let found = self.get(row);
            touched ^= found.first().copied().unwrap_or(0) ^ found.last().copied().unwrap_or(0);
        }
        std::hint::black_box(touched);
        let mut start = 0;
        for (stack, row) in stacks.iter().zip(rows) {
            let own = &frames[start..stack.end as usize];
            start = stack.end as usize;
            if *row == u32::MAX || self.get(*row) != own {
                *row = self.intern_hashed(stack.hash, own);
            }
        }
    }
}

/// A stack that waits to be looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hashed {
    pub hash: u64,
    /// Where its frames end.
    pub end: u32,
}

#[inline]
fn frames_of<'a>(frames: &'a [u32], ends: &[u64], row: u32) -> &'a [u32] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { ends[row - 1] as usize };
    &frames[start..ends[row] as usize]
}

/// Four rows a multiplication, as wyhash does with bytes.
#[inline]
pub(super) fn hash(stack: &[u32]) -> u64 {
    const SEEDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db];
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let mut hash = stack.len() as u64 ^ SEEDS[1];
    let mut chunks = stack.chunks_exact(4);
    for chunk in &mut chunks {
        hash = mix(
            pair(chunk[0], chunk[1]) ^ SEEDS[0],
            pair(chunk[2], chunk[3]) ^ hash,
        );
    }
    let rest = match *chunks.remainder() {
        [a] => (u64::from(a), 0),
        [a, b] => (pair(a, b), 0),
        [a, b, c] => (pair(a, b), u64::from(c)),
        _ => (0, 0),
    };
    mix(rest.0 ^ SEEDS[0], rest.1 ^ hash)
}
