//! The stacks of a merged profile, each once, as rows of the merged location table.
//!
//! Rows are kept as they are and not packed: they are compared far more often than they are read, once for each
//! sample that comes in, and comparing words of a known length beats comparing varints.

use super::tables::mix;
use crate::table::{NO_ROW, RowIndex};

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

    /// The rows of several stacks, each its hash and where its locations end in `frames`; those that are new are added in order.
    ///
    /// Looking one up waits for memory three times: for the place in the index, the row, the locations. Several at once wait
    /// together.
    pub(super) fn intern_all(&mut self, stacks: &[(u64, u32)], frames: &[u32], rows: &mut Vec<StackRow>) {
        let hashes: Vec<u64> = stacks.iter().map(|&(hash, _)| hash).collect();
        let mut candidates = Vec::with_capacity(hashes.len());
        self.index.candidates(&hashes, &mut candidates);
        let mut touched = 0;
        for &row in candidates.iter().filter(|row| **row != NO_ROW) {
            let stack = self.get(row);
            touched ^= stack.first().copied().unwrap_or(0) ^ stack.last().copied().unwrap_or(0);
        }
        std::hint::black_box(touched);
        let mut start = 0;
        for (&(hash, end), candidate) in stacks.iter().zip(candidates) {
            let own = &frames[start..end as usize];
            start = end as usize;
            rows.push(match candidate {
                row if row != NO_ROW && self.get(row) == own => StackRow { row, hash },
                _ => self.intern(hash, own),
            });
        }
    }

    /// The row of a stack of that [`hash`], added if it is new.
    #[inline]
    pub(super) fn intern(&mut self, hash: u64, stack: &[u32]) -> StackRow {
        let Self { frames, ends, index } = self;
        let next = ends.len() as u32;
        let row = index.find_or_insert(hash, next, |row| frames_of(frames, ends, row) == stack);
        if row == next {
            frames.extend_from_slice(stack);
            ends.push(frames.len() as u64);
        }
        StackRow { row, hash }
    }
}

/// A stack of a [`StackSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StackRow {
    pub row: u32,
    pub hash: u64,
}

#[inline]
fn frames_of<'a>(frames: &'a [u32], ends: &[u64], row: u32) -> &'a [u32] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { ends[row - 1] as usize };
    &frames[start..ends[row] as usize]
}

/// The hash of a stack.
#[inline]
pub(super) fn hash(stack: &[u32]) -> u64 {
    let (groups, rest) = stack.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(last);
    hash_groups(groups.iter().copied().chain(last), stack.len())
}

/// The same from groups of four rows, the last filled up with zeros: one multiplication a group, as wyhash does with bytes.
#[inline]
pub(super) fn hash_groups(groups: impl Iterator<Item = [u32; 4]>, depth: usize) -> u64 {
    const SEEDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db];
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    groups.fold(depth as u64 ^ SEEDS[1], |hash, [a, b, c, d]| {
        mix(pair(a, b) ^ SEEDS[0], pair(c, d) ^ hash)
    })
}
