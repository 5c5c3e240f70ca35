//! How much may come out of one input, and inflating up to there.

use super::inflater::{Fill, Inflater};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The first reservation where no size is known: what profiles compress to, roughly (measured: 2 to 6).
const USUAL_RATIO: usize = 4;
/// No size from a header reserves more than this for each compressed byte.
const TRUSTED_RATIO: usize = 32;
/// The least that is worth reserving.
const LEAST: usize = 4 << 10;
/// Room for the decoder to see the end of the stream without growing the buffer.
const SLACK: usize = 64;

/// The most bytes that may come out of an input, and which limit says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    bytes: u64,
    by_ratio: bool,
    limits: Limits,
}

impl Ceiling {
    /// What `limits` admit for an input of `input` bytes.
    pub(super) fn of(limits: &Limits, input: usize) -> Self {
        let by_ratio = expanded(limits, input);
        Self {
            bytes: by_ratio.min(limits.inflated_bytes),
            by_ratio: by_ratio < limits.inflated_bytes,
            limits: *limits,
        }
    }

    /// The smaller of two ceilings.
    pub(super) fn min(self, other: Self) -> Self {
        if other.bytes < self.bytes { other } else { self }
    }

    /// What is left when `used` bytes have come out already.
    pub(super) fn less(self, used: usize) -> Self {
        let bytes = self.bytes.saturating_sub(used as u64);
        Self { bytes, ..self }
    }

    /// Refuses `len` bytes when they are too many.
    pub(super) fn check(&self, len: usize) -> Result<()> {
        if len as u64 <= self.bytes {
            Ok(())
        } else if self.by_ratio {
            Err(self.over_ratio())
        } else {
            Err(self.over("decompressed bytes"))
        }
    }

    /// Refuses `len` bytes when they are too many, or too many for the `consumed` bytes they came from.
    pub(super) fn check_on_the_way(&self, len: usize, consumed: usize) -> Result<()> {
        self.check(len)?;
        if len as u64 > expanded(&self.limits, consumed) {
            return Err(self.over_ratio());
        }
        Ok(())
    }

    /// Whether `size` bytes from `input` compressed ones are allowed and so few that they may be reserved on a header's word.
    pub(super) fn is_usual(&self, input: usize, size: usize) -> bool {
        size as u64 <= self.bytes && size <= input.saturating_mul(TRUSTED_RATIO)
    }

    /// Everything that comes out of `layer`.
    ///
    /// The buffer grows with what has really come out and never past one byte over the ceiling. The ratio is
    /// also compared on the way, so that a bomb is known long before the ceiling for its whole length.
    pub(super) fn inflate(&self, layer: &mut Inflater<'_>) -> Result<Vec<u8>> {
        // One byte over: enough to see that there is more.
        let most = usize::try_from(self.bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let input = layer.input_len();
        let hint = match layer.size_hint() {
            Some(size) => size
                .saturating_add(SLACK)
                .min(input.saturating_mul(TRUSTED_RATIO)),
            None => input.saturating_mul(USUAL_RATIO),
        };
        let mut out = Vec::new();
        self.reserve(&mut out, hint.max(LEAST).min(most))?;
        loop {
            let fill = layer.fill(&mut out)?;
            self.check_on_the_way(out.len(), layer.consumed())?;
            if fill == Fill::End {
                return Ok(out);
            }
            if out.len() == out.capacity() {
                let wanted = out.capacity().saturating_mul(2).clamp(LEAST, most.max(LEAST));
                let more = wanted.saturating_sub(out.len()).max(1);
                self.reserve(&mut out, more)?;
            }
        }
    }

    fn reserve(&self, out: &mut Vec<u8>, more: usize) -> Result<()> {
        out.try_reserve_exact(more)
            .map_err(|_| self.over("decompressed bytes (memory has run out)"))
    }

    fn over(&self, what: &'static str) -> Error {
        Error::too_large(what, self.limits.inflated_bytes, "inflated_bytes")
    }

    fn over_ratio(&self) -> Error {
        let what = "decompressed bytes for each compressed one";
        Error::too_large(what, self.limits.ratio, "ratio")
    }
}

/// What the ratio admits for `input` compressed bytes.
fn expanded(limits: &Limits, input: usize) -> u64 {
    limits.ratio.saturating_mul(input as u64).max(limits.ratio_floor)
}
