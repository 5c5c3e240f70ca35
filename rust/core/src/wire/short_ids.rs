//! Packed ids of one and two bytes, eight bytes of them at a time.
//!
//! Which of the two an id takes no one can foretell, so a branch on it is wrong every other time. Here every byte is taken
//! for the last of an id, all of them at once, and what was not is left out afterwards by one shuffle. That takes instructions
//! which not every processor has; where they are missing, ids are read four at a time from a word.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::cursor::Cursor;
use super::varint::{HIGH_BITS, word_varint};

/// How packed ids are read here. There is one value for each way; only a processor that can go a way gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With plain words.
    Words,
    /// With a shuffle of bytes. Only [`Way::best`] makes it.
    #[cfg(target_arch = "x86_64")]
    Shuffle(shuffle::Known),
}

/// Rows by what 16 bits hold, so that no index has to be checked; ids of two bytes are below a quarter of it.
pub(crate) const SHORT: usize = 1 << 16;
/// Rows that are written past the last one, at most.
pub(crate) const PAST: usize = 8;

impl Way {
    /// The fastest way that this processor can go.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(known) = shuffle::Known::here() {
            return Self::Shuffle(known);
        }
        Self::Words
    }

    /// Runs `work` as code made for this way.
    #[inline]
    pub(crate) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Words => work(),
            #[cfg(target_arch = "x86_64")]
            Self::Shuffle(known) => known.run(work),
        }
    }

    /// The number that a word begins with and its length, as [`word_varint`].
    #[inline(always)]
    pub(crate) fn varint(self, word: u64) -> Option<(u64, usize)> {
        match self {
            Self::Words => word_varint(word),
            #[cfg(target_arch = "x86_64")]
            Self::Shuffle(known) => {
                let ends = !word & HIGH_BITS;
                if ends == 0 {
                    return None;
                }
                let bits = ends.trailing_zeros() + 1;
                let kept = u64::MAX >> (64 - bits);
                Some((known.squeeze(word & kept), bits as usize / 8))
            }
        }
    }

    /// Writes the row of each id to the front of `into`, which has room for [`PAST`] more, and tells their number. `None` when an id takes more than two bytes or is cut off, or when the ids stand so near the end of
    /// the content that no whole word can be read.
    #[inline]
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
    #[inline]
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
        }
    }
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

#[cfg(target_arch = "x86_64")]
mod shuffle {
    #![allow(
        unsafe_code,
        reason = "the one way to instructions that are only there on some processors; what has to hold is checked in this module"
    )]
    #![allow(clippy::unused_self, reason = "to have one is the proof that is asked for")]

    use super::HIGH_BITS;
    use std::arch::x86_64::{
        _mm_and_si128, _mm_blendv_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_extract_epi64,
        _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi16, _mm_shuffle_epi8, _mm_slli_epi16,
        _mm_srai_epi16, _mm_srli_epi16, _mm_unpacklo_epi8, _pext_u64,
    };

    /// Proof that this processor has the instructions below.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Known(());

    impl Known {
        pub(super) fn here() -> Option<Self> {
            let all = is_x86_feature_detected!("sse4.1")
                && is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            all.then_some(Self(()))
        }

        #[inline]
        pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
            #[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
            fn inner<T>(work: impl FnOnce() -> T) -> T {
                work()
            }
            // SAFETY: a `Known` is only made where the processor has what the function asks for.
            unsafe { inner(work) }
        }

        /// Seven bits of each byte, side by side.
        #[inline]
        pub(super) fn squeeze(self, word: u64) -> u64 {
            // SAFETY: as above.
            unsafe { _pext_u64(word, !HIGH_BITS) }
        }

        #[inline]
        pub(super) fn read<T>(
            self,
            bytes: &[u8],
            len: usize,
            into: &mut [T],
            row: impl Fn(u16) -> T,
        ) -> Option<usize> {
            // SAFETY: a `Known` is only made where the processor has what the function asks for.
            unsafe { read(bytes, len, into, row) }
        }
    }

    /// For each set of bytes that end an id: which of eight lanes to keep, in order. The first of them fills up the rest, so
    /// that no lane holds what is no id.
    static KEPT: [[u64; 2]; 256] = kept();

    const fn kept() -> [[u64; 2]; 256] {
        let mut all = [[0; 2]; 256];
        let mut mask = 0;
        while mask < 256 {
            let mut lanes = [0u64; 2];
            let first = (mask as u64 | 0x80).trailing_zeros() as u64;
            let (mut lane, mut to) = (0, 0);
            while lane < 8 {
                if mask >> lane & 1 == 1 {
                    lanes[to / 4] |= bytes_of(lane) << (16 * (to % 4));
                    to += 1;
                }
                lane += 1;
            }
            while to < 8 {
                lanes[to / 4] |= bytes_of(first) << (16 * (to % 4));
                to += 1;
            }
            all[mask] = lanes;
            mask += 1;
        }
        all
    }

    /// The numbers of the two bytes of a lane.
    const fn bytes_of(lane: u64) -> u64 {
        (2 * lane) | ((2 * lane + 1) << 8)
    }

    #[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
    fn read<T>(bytes: &[u8], len: usize, into: &mut [T], row: impl Fn(u16) -> T) -> Option<usize> {
        let (mut at, mut count, mut before, mut too_long) = (0, 0, 0, 0);
        while at < len {
            let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            // Bits of the last word that lie behind the ids.
            let behind = (u64::MAX << 1)
                .checked_shl(8 * (len - at) as u32 - 1)
                .unwrap_or(0);
            let previous = word << 8 | before;
            before = word >> 56;
            too_long |= word & previous & HIGH_BITS & !behind;
            // What lies behind ends no id.
            let (ids, kept) = put(word | behind, previous);
            let eight: &mut [T; 8] = into.get_mut(count..)?.first_chunk_mut()?;
            for (place, id) in eight.iter_mut().zip(ids) {
                *place = row(id);
            }
            count += kept;
            at += 8;
        }
        let is_whole = bytes.get(len.wrapping_sub(1)).is_none_or(|last| *last < 0x80);
        (too_long == 0 && is_whole).then_some(count)
    }

    /// The ids that end in `word`, of which `previous` has the byte before each; and how many there are.
    #[inline]
    #[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
    fn put(word: u64, previous: u64) -> ([u16; 8], usize) {
        let bytes = _mm_cvtsi64_si128(word as i64);
        let pairs = _mm_unpacklo_epi8(_mm_cvtsi64_si128(previous as i64), bytes);
        let one = _mm_srli_epi16::<8>(pairs);
        let two = _mm_or_si128(
            _mm_and_si128(pairs, _mm_set1_epi16(0x7f)),
            _mm_and_si128(_mm_srli_epi16::<1>(pairs), _mm_set1_epi16(0x3f80)),
        );
        let is_two = _mm_srai_epi16::<15>(_mm_slli_epi16::<8>(pairs));
        let ids = _mm_blendv_epi8(one, two, is_two);
        // The high bits of the bytes, side by side.
        let ends = !_mm_movemask_epi8(bytes) as usize & 0xff;
        let [low, high] = KEPT[ends];
        let ids = _mm_shuffle_epi8(ids, _mm_set_epi64x(high as i64, low as i64));
        let mut lanes = [0; 8];
        let halves = [_mm_cvtsi128_si64(ids) as u64, _mm_extract_epi64::<1>(ids) as u64];
        for (four, half) in lanes.as_chunks_mut::<4>().0.iter_mut().zip(halves) {
            *four = [
                half as u16,
                (half >> 16) as u16,
                (half >> 32) as u16,
                (half >> 48) as u16,
            ];
        }
        (lanes, ends.count_ones() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::varint::put_varint;
    use super::*;
    use proptest::prelude::*;

    fn ways() -> Vec<Way> {
        let mut ways = vec![Way::Words, Way::best()];
        ways.dedup();
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
        fn ids_come_out_as_they_were_written(ids in prop::collection::vec(prop_oneof![0u16..128, 0u16..1 << 14], 0..70)) {
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
            before in prop::collection::vec(0u16..1 << 14, 0..20),
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
