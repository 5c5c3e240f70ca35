//! Thirty-two bytes at a time: every byte is taken for the last of an id, and what was not is left out by one compression of lanes.

#![allow(
    unsafe_code,
    reason = "the one way to instructions that are only there on some processors; what has to hold is checked in this module"
)]
#![allow(clippy::unused_self, reason = "to have one is the proof that is asked for")]

use super::{Way, Work, shuffle};
use std::arch::x86_64::{
    __m256i, _mm256_maskz_loadu_epi8, _mm256_movepi8_mask, _mm512_and_si512, _mm512_cvtepu8_epi16,
    _mm512_mask_blend_epi16, _mm512_maskz_compress_epi16, _mm512_or_si512, _mm512_set1_epi16,
    _mm512_slli_epi16, _mm512_storeu_si512,
};

/// Proof that this processor has the instructions below, those of the other way among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known(pub(super) shuffle::Known);

impl Known {
    pub(super) fn here() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi2");
        shuffle::Known::here().filter(|_| all).map(Self)
    }

    #[inline]
    pub(super) fn run<W: Work>(self, work: W) -> W::Outcome {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt,bmi1,bmi2")]
        fn inner<W: Work>(known: Known, work: W) -> W::Outcome {
            work.run(Way::Compress(known))
        }
        // SAFETY: a `Known` is only made where the processor has what the function asks for.
        unsafe { inner(self, work) }
    }

    #[inline]
    pub(super) fn read<T>(
        self,
        bytes: &[u8],
        len: usize,
        into: &mut [T],
        row: impl Fn(u16) -> T,
    ) -> Option<usize> {
        // SAFETY: as above.
        unsafe { read(bytes.get(..len)?, into, row) }
    }
}

/// Bytes that are taken apart at a time.
const LANES: usize = 32;
/// Bytes that are taken apart before their rows are looked up.
const TOGETHER: usize = 128;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt,bmi1,bmi2")]
fn read<T>(bytes: &[u8], into: &mut [T], row: impl Fn(u16) -> T) -> Option<usize> {
    let (mut count, mut carried, mut too_long) = (0, 0, 0);
    let mut ids = [0; TOGETHER + LANES];
    for (start, some) in (0..).step_by(TOGETHER).zip(bytes.chunks(TOGETHER)) {
        let mut found = 0;
        for (at, block) in (start..).step_by(LANES).zip(some.chunks(LANES)) {
            let all = u32::MAX >> (LANES - block.len());
            let from = bytes.as_ptr().wrapping_add(at);
            // The first byte has none before it.
            let has_before = all ^ u32::from(at == 0);
            // SAFETY: the mask has the bytes of the block, which are those from `at` on; each has the one before it but the first.
            let (now, before) = unsafe { (load(from, all), load(from.wrapping_sub(1), has_before)) };
            let continued = _mm256_movepi8_mask(now);
            // The bytes behind a continued one, which end an id of two bytes or go on with a longer one.
            let second = continued << 1 | carried;
            carried = continued >> (LANES - 1);
            too_long |= continued & second;
            let (one, before) = (_mm512_cvtepu8_epi16(now), _mm512_cvtepu8_epi16(before));
            let low = _mm512_and_si512(before, _mm512_set1_epi16(0x7f));
            let two = _mm512_or_si512(low, _mm512_slli_epi16::<7>(one));
            let ends = !continued & all;
            let whole = _mm512_maskz_compress_epi16(ends, _mm512_mask_blend_epi16(second, one, two));
            let place: &mut [u16; LANES] = ids.get_mut(found..)?.first_chunk_mut()?;
            // SAFETY: there are the 64 bytes that are written, and they need no alignment.
            unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), whole) };
            found += ends.count_ones() as usize;
        }
        look_up(ids.get(..found)?, into.get_mut(count..count + found)?, &row);
        count += found;
    }
    let is_whole = bytes.last().is_none_or(|last| *last < 0x80);
    (too_long == 0 && is_whole).then_some(count)
}

/// Writes the row of each id. Without the instructions above on purpose: those that look up many at a time are slower here.
#[inline(never)]
fn look_up<T>(ids: &[u16], into: &mut [T], row: &impl Fn(u16) -> T) {
    for (place, &id) in into.iter_mut().zip(ids) {
        *place = row(id);
    }
}

/// The bytes at `from` that `mask` has; zero for others.
///
/// # Safety
///
/// The bytes of the mask have to be there. Others are not touched.
#[inline]
#[target_feature(enable = "avx512bw,avx512vl")]
unsafe fn load(from: *const u8, mask: u32) -> __m256i {
    // SAFETY: the caller has seen to it.
    unsafe { _mm256_maskz_loadu_epi8(mask, from.cast()) }
}
