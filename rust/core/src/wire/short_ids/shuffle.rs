//! Eight bytes at a time: every byte is taken for the last of an id, and what was not is left out by one shuffle.

#![allow(
    unsafe_code,
    reason = "the one way to instructions that are only there on some processors; what has to hold is checked in this module"
)]
#![allow(clippy::unused_self, reason = "to have one is the proof that is asked for")]

use super::{HIGH_BITS, Way, Work};
use std::arch::x86_64::{
    _mm_and_si128, _mm_blendv_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
    _mm_set1_epi16, _mm_shuffle_epi8, _mm_slli_epi16, _mm_srai_epi16, _mm_srli_epi16, _mm_storeu_si128,
    _mm_unpacklo_epi8, _pext_u64,
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
    pub(super) fn run<W: Work>(self, work: W) -> W::Outcome {
        #[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
        fn inner<W: Work>(known: Known, work: W) -> W::Outcome {
            work.run(Way::Shuffle(known))
        }
        // SAFETY: a `Known` is only made where the processor has what the function asks for.
        unsafe { inner(self, work) }
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

/// Bytes that are taken apart before their rows are looked up: one after the other they keep the processor busier.
const TOGETHER: usize = 64;

#[inline]
#[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
fn read<T>(bytes: &[u8], len: usize, into: &mut [T], row: impl Fn(u16) -> T) -> Option<usize> {
    let (mut at, mut count, mut before, mut too_long) = (0, 0, 0, 0);
    let mut ids = [0; TOGETHER + 8];
    while at < len {
        let end = len.min(at + TOGETHER);
        let mut found = 0;
        while at < end {
            let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            // Bits of the last word that lie behind the ids.
            let behind = (u64::MAX << 1)
                .checked_shl(8 * (len - at) as u32 - 1)
                .unwrap_or(0);
            let previous = word << 8 | before;
            before = word >> 56;
            too_long |= word & previous & HIGH_BITS & !behind;
            // What lies behind ends no id.
            found += put(word | behind, previous, ids.get_mut(found..)?.first_chunk_mut()?);
            at += 8;
        }
        for (place, &id) in into.get_mut(count..count + found)?.iter_mut().zip(&ids) {
            *place = row(id);
        }
        count += found;
    }
    let is_whole = bytes.get(len.wrapping_sub(1)).is_none_or(|last| *last < 0x80);
    (too_long == 0 && is_whole).then_some(count)
}

/// Writes the ids that end in `word`, of which `previous` has the byte before each, to the front of `into`; tells how many.
#[inline]
#[target_feature(enable = "sse4.1,popcnt,bmi1,bmi2")]
fn put(word: u64, previous: u64, into: &mut [u16; 8]) -> usize {
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
    // SAFETY: there are the sixteen bytes that are written, and they need no alignment.
    unsafe { _mm_storeu_si128(into.as_mut_ptr().cast(), ids) };
    ends.count_ones() as usize
}
