//! The stack table: each distinct list of locations once.
//!
//! A stack is kept packed, as the base-128 varints of its rows plus one, leaf first. That is how encoders write the
//! locations of a sample, so decoding copies bytes instead of expanding them, and a stack costs what it costs in the
//! file. Equal stacks have equal bytes, so a set of stacks is a set of byte strings.

use super::arena::{ByteArena, Interner};
use crate::ids::{LocationId, StackId};
use crate::wire::short_ids::{PAST, Way};

/// All stacks of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stacks {
    arena: ByteArena,
}

impl Stacks {
    /// Number of stacks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.is_empty()
    }

    /// Bytes of all stacks.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.arena.byte_len()
    }

    /// The locations of a stack, leaf first.
    #[must_use]
    #[inline]
    pub fn frames(&self, id: StackId) -> StackFrames<'_> {
        let (bytes, end) = self.arena.from(id.index());
        StackFrames { bytes, at: 0, end }
    }

    /// Replaces `into` by the locations of a stack, leaf first. For whole stacks faster than [`Stacks::frames`], whose steps
    /// wait for each other: here eight bytes are read at a time.
    pub fn read(&self, id: StackId, into: &mut Vec<LocationId>) {
        let (bytes, len) = self.arena.from(id.index());
        let first = bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let continued = first & (u64::from(HIGH_BITS) * 0x1_0000_0001);
        // Where one location takes three bytes most do: such a stack is not worth a try.
        if len >= 8 && continued & (continued >> 8) == 0 {
            into.resize(len + PAST, LocationId(0));
            let row = |id| LocationId(u32::from(id).wrapping_sub(1));
            if let Some(count) = Way::best().read(bytes, len, into, row) {
                into.truncate(count);
                return;
            }
        }
        into.clear();
        into.extend(self.frames(id));
    }

    /// A stack in its packed form.
    #[must_use]
    pub(crate) fn packed(&self, id: StackId) -> &[u8] {
        self.arena.get(id.index())
    }

    /// A table of rows that are already packed and distinct.
    #[must_use]
    pub(crate) fn from_arena(arena: ByteArena) -> Self {
        Self { arena }
    }
}

/// The locations of one stack, leaf first.
#[derive(Debug, Clone)]
pub struct StackFrames<'a> {
    /// From the first location on; other stacks may follow.
    bytes: &'a [u8],
    /// Where the next location starts.
    at: usize,
    /// Where the stack ends.
    end: usize,
}

/// The high bit of every byte.
const HIGH_BITS: u32 = 0x8080_8080;

/// The varint of up to four bytes that a word begins with, and its length: without a branch for each byte.
#[inline]
fn short_varint(word: u32) -> Option<(u32, usize)> {
    let ends = !word & HIGH_BITS;
    if ends == 0 {
        return None;
    }
    let word = word & (ends ^ (ends - 1)) & !HIGH_BITS;
    // Seven bits a byte, brought together two and four bytes at a time.
    let word = (word & 0x007f_007f) | (word & 0x7f00_7f00) >> 1;
    let word = (word & 0x3fff) | (word & 0x3fff_0000) >> 2;
    Some((word, ends.trailing_zeros() as usize / 8 + 1))
}

/// A varint byte by byte, and its length.
#[inline(never)]
fn varint(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut row = 0;
    for (at, &byte) in bytes.iter().enumerate().take(5) {
        row |= u32::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Some((row, at + 1));
        }
    }
    None
}

impl Iterator for StackFrames<'_> {
    type Item = LocationId;

    #[inline]
    fn next(&mut self) -> Option<LocationId> {
        if self.at >= self.end {
            return None;
        }
        let rest = self.bytes.get(self.at..)?;
        let word = rest.first_chunk().copied().map(u32::from_le_bytes);
        let (row, len) = match word.and_then(short_varint) {
            Some(found) => found,
            None => varint(rest)?,
        };
        self.at += len;
        Some(LocationId(row.wrapping_sub(1)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.at);
        (left / 5, Some(left))
    }
}

/// Appends a location to a packed stack.
pub(crate) fn pack(location: LocationId, into: &mut Vec<u8>) {
    let mut value = u64::from(location.0) + 1;
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Packs stacks of rows that get other numbers: what is written for each row is made once, before.
#[derive(Debug)]
pub(crate) struct Packer {
    /// By row, the bytes of its number and, in the highest byte, how many they are.
    written: Vec<u32>,
}

/// Bytes that a [`Packer`] writes at a time, and so the room behind a stack that it needs.
const AT_ONCE: usize = 4;

impl Packer {
    /// Numbers by row; `None` when one takes more than three bytes.
    pub(crate) fn new(numbers: &[u32]) -> Option<Self> {
        let written = |&number: &u32| {
            let value = number.wrapping_add(1);
            let len = (32 - value.leading_zeros()).div_ceil(7);
            let bytes = value & 0x7f | (value & 0x3f80) << 1 | (value & 0x1f_c000) << 2;
            let more = 0x80_8080 & ((1 << (8 * len.saturating_sub(1))) - 1);
            bytes | more | len << 24
        };
        // No number at all, which is what a row has that is not used, becomes no bytes.
        let is_short = |&number: &u32| number.wrapping_add(1) < 1 << 21;
        numbers.iter().all(is_short).then(|| Self {
            written: numbers.iter().map(written).collect(),
        })
    }

    /// Replaces `into` by the packed form of a stack.
    #[inline]
    pub(crate) fn pack(&self, rows: &[u32], into: &mut Vec<u8>) {
        into.resize(AT_ONCE * (rows.len() + 1), 0);
        let mut end = 0;
        for &row in rows {
            let written = self.written[row as usize];
            if let Some(place) = into.get_mut(end..).and_then(<[u8]>::first_chunk_mut) {
                *place = written.to_le_bytes();
            }
            end += (written >> 24) as usize;
        }
        into.truncate(end);
    }
}

/// Collects stacks, each once.
#[derive(Debug, Clone, Default)]
pub struct StacksBuilder {
    interner: Interner,
    scratch: Vec<u8>,
}

impl StacksBuilder {
    /// The id of the stack with these locations, leaf first.
    pub fn intern(&mut self, locations: impl IntoIterator<Item = LocationId>) -> StackId {
        self.scratch.clear();
        for location in locations {
            pack(location, &mut self.scratch);
        }
        StackId(self.interner.intern(&self.scratch))
    }

    /// The id of a stack that is already packed, in as few bytes as it can be.
    pub(crate) fn intern_packed(&mut self, packed: &[u8]) -> StackId {
        StackId(self.interner.intern(packed))
    }

    /// Number of stacks so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.interner.len()
    }

    /// Whether there are none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.interner.is_empty()
    }

    /// The finished table.
    #[must_use]
    pub fn finish(self) -> Stacks {
        Stacks {
            arena: self.interner.into_arena(),
        }
    }
}

impl From<Stacks> for StacksBuilder {
    fn from(stacks: Stacks) -> Self {
        Self {
            interner: Interner::from(stacks.arena),
            scratch: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stack_comes_back_as_it_went_in() {
        let mut builder = StacksBuilder::default();
        let rows = [
            0,
            1,
            126,
            127,
            128,
            16_382,
            16_383,
            2_097_150,
            2_097_151,
            u32::MAX - 1,
        ]
        .map(LocationId);
        let id = builder.intern(rows);
        let empty = builder.intern([]);
        let stacks = builder.finish();
        assert_eq!(stacks.frames(id).collect::<Vec<_>>(), rows);
        assert_eq!(stacks.frames(empty).count(), 0);
        let mut read = vec![LocationId(7)];
        stacks.read(id, &mut read);
        assert_eq!(read, rows);
        stacks.read(empty, &mut read);
        assert_eq!(read, []);
    }

    #[test]
    fn a_packer_writes_what_packing_one_by_one_writes() {
        let numbers = [0, 126, 127, 128, 16_382, 16_383, 16_384, (1 << 21) - 2, u32::MAX];
        let packer = Packer::new(&numbers).unwrap();
        for rows in [&[0, 1, 2, 3, 4, 5, 6, 7][..], &[7], &[], &[7, 7, 7, 0]] {
            let mut one_by_one = Vec::new();
            for &row in rows {
                pack(LocationId(numbers[row as usize]), &mut one_by_one);
            }
            let mut packed = vec![9; 3];
            packer.pack(rows, &mut packed);
            assert_eq!(packed, one_by_one);
        }
        assert!(Packer::new(&[(1 << 21) - 1]).is_none());
    }

    proptest! {
        #[test]
        fn stacks_are_read_alike_by_words_and_one_location_at_a_time(
            stacks in prop::collection::vec(
                prop::collection::vec(prop_oneof![0u32..128, 0u32..16_384, 16_000u32..2_100_000], 0..40),
                1..6,
            ),
        ) {
            let mut builder = StacksBuilder::default();
            let ids: Vec<StackId> = stacks
                .iter()
                .map(|stack| builder.intern(stack.iter().copied().map(LocationId)))
                .collect();
            let table = builder.finish();
            let mut whole = vec![LocationId(7); 3];
            for (id, stack) in ids.into_iter().zip(stacks) {
                table.read(id, &mut whole);
                prop_assert_eq!(&whole, &table.frames(id).collect::<Vec<_>>());
                prop_assert_eq!(whole.iter().map(|location| location.0).collect::<Vec<_>>(), stack);
            }
        }
    }
}
