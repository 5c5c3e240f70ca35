//! Packed ids of one and two bytes, many bytes of them at a time.
//!
//! Which of the two an id takes no one can foretell, so a branch on it is wrong every other time. Here every byte is taken
//! for the last of an id, all of them at once, and what was not is left out afterwards. That takes instructions which not every
//! processor has; where they are missing, ids are read four at a time from a word.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

#[cfg(target_arch = "x86_64")]
mod compress;
#[cfg(target_arch = "x86_64")]
mod shuffle;

use super::cursor::Cursor;
use super::varint::{HIGH_BITS, word_varint};

/// How packed ids are read here. There is one value for each way; only a processor that can go a way gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With plain words.
    Words,
    /// With a shuffle of bytes, eight at a time.
    #[cfg(target_arch = "x86_64")]
    Shuffle(shuffle::Known),
    /// With a compression of lanes, thirty-two bytes at a time.
    #[cfg(target_arch = "x86_64")]
    Compress(compress::Known),
}

/// Rows by what 16 bits hold, so that no index has to be checked; ids of two bytes are below a quarter of it.
pub(crate) const SHORT: usize = 1 << 16;
/// Rows that are written past the last one, at most.
pub(crate) const PAST: usize = 8;

/// Work that reads much, of which code is made for each [`Way`].
///
/// That holds for `run` and for what is inlined into it always. A closure is not: it would be made once, for no way in
/// particular, and what takes one instruction here would be a call from there.
pub(crate) trait Work {
    /// What comes of it.
    type Outcome;

    /// Does the work; `#[inline(always)]`.
    fn run(self, way: Way) -> Self::Outcome;
}

impl Way {
    /// The fastest way that this processor can go.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(known) = compress::Known::here() {
            return Self::Compress(known);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(known) = shuffle::Known::here() {
            return Self::Shuffle(known);
        }
        Self::Words
    }

    /// Runs `work` as code made for this way.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        match self {
            Self::Words => work.run(Self::Words),
            #[cfg(target_arch = "x86_64")]
            Self::Shuffle(known) => known.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Compress(known) => known.run(work),
        }
    }

    /// The number that a word begins with and its length, as [`word_varint`].
    #[inline(always)]
    pub(crate) fn varint(self, word: u64) -> Option<(u64, usize)> {
        match self {
            Self::Words => word_varint(word),
            #[cfg(target_arch = "x86_64")]
            Self::Shuffle(known) => squeezed(known, word),
            #[cfg(target_arch = "x86_64")]
            Self::Compress(known) => squeezed(known.0, word),
        }
    }

    /// Writes the row of each id to the front of `into`, which has room for [`PAST`] more, and tells their number. `None` when an id
    /// takes more than two bytes or is cut off, or when the ids stand so near the end of the content that no whole word can be read.
    #[inline(always)]
    pub(crate) fn translate(
        self,
        packed: Cursor<'_>,
        rows: &[u32; SHORT],
        into: &mut [u32],
    ) -> Option<usize> {
        self.read(packed.words()?, packed.rest_len(), into, |id| {
            rows[usize::from(id)]
        })
    }

    /// As [`Way::translate`], of ids that are the first `len` of `bytes`; `row` says what to write for an id.
    #[inline(always)]
    pub(crate) fn read<T>(
        self,
        bytes: &[u8],
        len: usize,
        into: &mut [T],
        row: impl Fn(u16) -> T,
    ) -> Option<usize> {
        match self {
            Self::Words => by_words(bytes, len, into, row),
            #[cfg(target_arch = "x86_64")]
            Self::Shuffle(known) => known.read(bytes, len, into, row),
            #[cfg(target_arch = "x86_64")]
            Self::Compress(known) => known.read(bytes, len, into, row),
        }
    }
}

/// The number that a word begins with and its length.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn squeezed(known: shuffle::Known, word: u64) -> Option<(u64, usize)> {
    let ends = !word & HIGH_BITS;
    if ends == 0 {
        return None;
    }
    let bits = ends.trailing_zeros() + 1;
    Some((known.squeeze(word & (u64::MAX >> (64 - bits))), bits as usize / 8))
}

/// Four ids of a word at a time.
fn by_words<T>(bytes: &[u8], len: usize, into: &mut [T], row: impl Fn(u16) -> T) -> Option<usize> {
    let (mut at, mut count) = (0, 0);
    while at < len {
        let mut word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        let continued = word & HIGH_BITS;
        if len - at < 8 || continued & (continued >> 8) != 0 {
            let (id, used) = match [word as u8, (word >> 8) as u8] {
                [byte @ ..0x80, _] => (u16::from(byte), 1),
                [low, high @ ..0x80] => (u16::from(low & 0x7f) | u16::from(high) << 7, 2),
                _ => return None,
            };
            *into.get_mut(count)? = row(id);
            count += 1;
            at += used;
            continue;
        }
        let four: &mut [T; 4] = into.get_mut(count..)?.first_chunk_mut()?;
        for place in four {
            let is_long = (word >> 7) & 1;
            let id = (word & 0x7f) | ((word >> 1) & 0x3f80 & is_long.wrapping_neg());
            *place = row(id as u16);
            at += 1 + is_long as usize;
            word >>= 8 + 8 * is_long;
        }
        count += 4;
    }
    (at == len).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::super::varint::put_varint;
    use super::*;
    use proptest::prelude::*;

    fn ways() -> Vec<Way> {
        let mut ways = vec![Way::Words];
        #[cfg(target_arch = "x86_64")]
        {
            ways.extend(shuffle::Known::here().map(Way::Shuffle));
            ways.extend(compress::Known::here().map(Way::Compress));
        }
        ways
    }

    fn read(way: Way, packed: &[u8]) -> Option<Vec<u16>> {
        // What lies behind is never part of an id.
        let content = [packed, &[0xff, 1, 2, 3, 0xff, 0xff, 0xff, 0xff]].concat();
        let mut into = vec![0; packed.len() + PAST];
        let count = way.translate(Cursor::new(&content).part(0, packed.len()), &same(), &mut into)?;
        into.truncate(count);
        Some(into.iter().map(|&row| row as u16).collect())
    }

    /// The row of each id is the id.
    fn same() -> Box<[u32; SHORT]> {
        let rows: Vec<u32> = (0..SHORT as u32).collect();
        rows.try_into().unwrap()
    }

    proptest! {
        #[test]
        fn ids_come_out_as_they_were_written(ids in prop::collection::vec(prop_oneof![0u16..128, 0u16..1 << 14], 0..200)) {
            let mut packed = Vec::new();
            for &id in &ids {
                put_varint(id.into(), &mut packed);
            }
            for way in ways() {
                prop_assert_eq!(read(way, &packed), Some(ids.clone()), "{:?}", way);
            }
        }

        #[test]
        fn an_id_of_three_bytes_or_one_that_is_cut_off_is_refused(
            before in prop::collection::vec(0u16..1 << 14, 0..90),
            odd in prop::sample::select(vec![&[0x80, 0x80, 0x01][..], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0x81]]),
        ) {
            let mut packed = Vec::new();
            for &id in &before {
                put_varint(id.into(), &mut packed);
            }
            packed.extend_from_slice(odd);
            for way in ways() {
                prop_assert_eq!(read(way, &packed), None, "{:?}", way);
            }
            // In front of others it is no better.
            if odd.len() > 1 {
                packed.extend([1; 9]);
                for way in ways() {
                    prop_assert_eq!(read(way, &packed), None, "{:?}", way);
                }
            }
        }
    }

    #[test]
    fn near_the_end_of_the_content_nothing_is_read() {
        let content = [1; 20];
        for way in ways() {
            let mut rows = [0; 30];
            let mut count = |len| way.translate(Cursor::new(&content).part(0, len), &same(), &mut rows);
            assert_eq!((count(13), count(12)), (None, Some(12)));
        }
    }
}
