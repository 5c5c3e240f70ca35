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
    #[inline]
    pub(super) fn intern(&mut self, stack: &[u32]) -> u32 {
        let Self { frames, ends, index } = self;
        let next = ends.len() as u32;
        let row = index.find_or_insert(hash(stack), next, |row| frames_of(frames, ends, row) == stack);
        if row == next {
            frames.extend_from_slice(stack);
            ends.push(frames.len() as u64);
        }
        row
    }
}

#[inline]
fn frames_of<'a>(frames: &'a [u32], ends: &[u64], row: u32) -> &'a [u32] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { ends[row - 1] as usize };
    &frames[start..ends[row] as usize]
}

/// Four rows a multiplication, as wyhash does with bytes.
#[inline]
fn hash(stack: &[u32]) -> u64 {
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
