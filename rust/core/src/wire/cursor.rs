//! Reading known-good bytes fast: no places, no messages, `None` for anything odd.

#![allow(
    clippy::inline_always,
    reason = "a call for each byte or number would cost more than what it does"
)]

use super::short_ids::Way;
use super::varint::word_varint;

/// The tag that [`Cursor::field`] gives behind the last field.
const END: u16 = 1 << 8;

/// A stretch of `content` that is being read. Numbers are taken from whole words, which may reach behind the stretch: what
/// lies there is never used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    content: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// All of `content`.
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Self {
            content,
            at: 0,
            end: content.len(),
        }
    }

    /// The part from `start` to `end`, both inside the content.
    pub(crate) fn part(self, start: usize, end: usize) -> Self {
        Self {
            content: self.content,
            at: start,
            end: end.min(self.content.len()),
        }
    }

    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// Position of the next byte in the content.
    #[inline(always)]
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    #[inline(always)]
    pub(crate) fn rest_len(&self) -> usize {
        self.end - self.at
    }

    /// Bytes of the content between two positions.
    #[inline(always)]
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.content.get(start..end).unwrap_or_default()
    }

    /// The bytes that are left.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.between(self.at, self.end)
    }

    /// The next eight bytes of the content, also behind the end of the stretch; `None` near the end of the content.
    #[inline(always)]
    pub(crate) fn word(&self) -> Option<u64> {
        self.content
            .get(self.at..)?
            .first_chunk()
            .copied()
            .map(u64::from_le_bytes)
    }

    /// The bytes that are left and all behind them.
    #[inline(always)]
    pub(crate) fn behind(&self) -> Option<&'a [u8]> {
        self.content.get(self.at..)
    }

    /// The same, if a word at least is behind them.
    #[inline(always)]
    pub(crate) fn words(&self) -> Option<&'a [u8]> {
        let bytes = self.behind()?;
        (bytes.len() >= self.rest_len() + 8).then_some(bytes)
    }

    /// Goes on behind `len` bytes.
    #[inline(always)]
    pub(crate) fn skip(&mut self, len: usize) -> Option<()> {
        let at = self.at.checked_add(len)?;
        if at > self.end {
            return None;
        }
        self.at = at;
        Some(())
    }

    /// The next byte: a tag, since all known fields have numbers that fit one.
    #[inline(always)]
    pub(crate) fn tag(&mut self) -> Option<u8> {
        let byte = *self.content.get(self.at)?;
        self.at += 1;
        (self.at <= self.end && byte < 0x80).then_some(byte)
    }

    /// Whether the next byte is this one.
    #[inline(always)]
    pub(crate) fn follows(&self, byte: u8) -> bool {
        self.at < self.end && self.content.get(self.at) == Some(&byte)
    }

    /// The next number.
    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let Some(word) = self.word() else {
            return self.varint_near_the_end();
        };
        let (value, len) = if word & 0x80 == 0 {
            (word & 0x7f, 1)
        } else if word & 0x8000 == 0 {
            ((word & 0x7f) | (word >> 1 & 0x3f80), 2)
        } else {
            match word_varint(word) {
                Some(found) => found,
                None => return self.varint_near_the_end(),
            }
        };
        self.skip(len)?;
        Some(value)
    }

    /// A number that eight bytes do not hold, or that stands in the last eight bytes of the content.
    #[inline(never)]
    fn varint_near_the_end(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (at, &byte) in self.rest().iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f).wrapping_shl(7 * at as u32);
            if byte < 0x80 {
                self.skip(at + 1)?;
                return Some(value);
            }
        }
        None
    }

    /// The next number where any length is as likely as another: without a branch on it.
    #[inline(always)]
    pub(crate) fn even_varint(&mut self, way: Way) -> Option<u64> {
        let Some((value, len)) = self.word().and_then(|word| way.varint(word)) else {
            return self.varint_near_the_end();
        };
        self.skip(len)?;
        Some(value)
    }

    /// The tag and the number of the next field, [`END`] when there is none; `None` when one word does not hold both.
    #[inline(always)]
    pub(crate) fn field(&mut self, way: Way) -> Option<(u16, u64)> {
        if self.is_done() {
            return Some((END, 0));
        }
        let word = self.word()?;
        // In the place of the byte that is shifted in is one that ends no number.
        let (value, len) = way.varint(word >> 8 | 0x80 << 56)?;
        self.skip(1 + len)?;
        Some((u16::from(word as u8), value))
    }

    /// The numbers of the fields 1, 2, ..., of which any may be missing and then is 0; and behind them any other field.
    #[inline(always)]
    pub(crate) fn numbers<const N: usize>(&mut self, way: Way) -> Option<[u64; N]> {
        let mut numbers = [0; N];
        let mut behind = *self;
        let mut field = behind.field(way)?;
        for (number, tag) in numbers.iter_mut().zip((0x08..).step_by(8)) {
            if field.0 == tag {
                *number = field.1;
                *self = behind;
                field = behind.field(way)?;
            }
        }
        Some(numbers)
    }

    /// The numbers of the next field, if it has this tag and is a message of nothing but the fields 1 and 2, and if one word holds
    /// all of that.
    #[inline(always)]
    pub(crate) fn two_numbers(&mut self, way: Way, tag: u8) -> Option<[u64; 2]> {
        let word = self.word()?;
        let len = (word >> 8) as usize & 0xff;
        let (one, one_len) = way.varint(word >> 24)?;
        let second = word >> (24 + 8 * one_len.min(4));
        let (two, two_len) = way.varint(second >> 8)?;
        let is_it = word & 0x00ff_00ff == 0x0008_0000 | u64::from(tag)
            && second & 0xff == 0x10
            && len == 2 + one_len + two_len
            && len <= 6;
        if !is_it {
            return None;
        }
        self.skip(2 + len)?;
        Some([one, two])
    }

    /// The next `len` bytes.
    #[inline(always)]
    pub(crate) fn take(&mut self, len: u64) -> Option<Self> {
        let start = self.at;
        self.skip(usize::try_from(len).ok()?)?;
        Some(Self {
            content: self.content,
            at: start,
            end: self.at,
        })
    }

    /// The stretch behind a length.
    #[inline(always)]
    pub(crate) fn prefixed(&mut self) -> Option<Self> {
        // Lengths of samples are around what one byte holds: a branch on it would be wrong every other time.
        let len = match self.content.get(self.at..).and_then(<[u8]>::first_chunk) {
            Some(&[low, high]) if low & high < 0x80 => {
                let is_long = usize::from(low >> 7);
                self.at += 1 + is_long;
                usize::from(low & 0x7f) | usize::from(high) << 7 & is_long.wrapping_neg()
            }
            _ => usize::try_from(self.varint()?).ok()?,
        };
        self.take(len as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::varint::put_varint;
    use super::*;

    #[test]
    fn numbers_are_read_wherever_they_stand() {
        for shift in 0..64 {
            for value in [1u64 << shift, u64::MAX >> shift] {
                for behind in [0, 3, 8, 20] {
                    let mut bytes = Vec::new();
                    put_varint(value, &mut bytes);
                    let len = bytes.len();
                    bytes.resize(len + behind, 0xff);
                    let mut cursor = Cursor::new(&bytes).part(0, len);
                    assert_eq!(cursor.varint(), Some(value));
                    assert!(cursor.is_done());
                    assert_eq!(Cursor::new(&bytes).part(0, len - 1).varint(), None);
                }
            }
        }
    }

    #[test]
    fn a_length_past_the_end_is_refused() {
        assert!(Cursor::new(&[3, 1, 2]).prefixed().is_none());
        assert!(Cursor::new(&[0xff; 30]).varint().is_none());
        let inner = Cursor::new(&[2, 8, 9, 7]).prefixed().unwrap();
        assert_eq!(inner.rest(), [8, 9]);
    }
}
