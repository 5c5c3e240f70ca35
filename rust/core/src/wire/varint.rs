//! Reading and writing the protobuf wire format: varints, tags and fields.

use crate::error::{Error, Place, Result};

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire types 1 and 5.
    Fixed,
    /// Wire type 2.
    Bytes(&'a [u8]),
}

/// Reads fields one after the other.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Offset of `bytes` in the whole input, for messages.
    base: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, at: 0, base }
    }

    /// Position of the next byte in the bytes that are read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Offset of the next byte in the whole input.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64> {
        // Most numbers of a profile are one byte, most of the rest two.
        match self.bytes.get(self.at..) {
            Some([byte @ ..0x80, ..]) => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            Some([low, high @ ..0x80, ..]) => {
                self.at += 2;
                Ok(u64::from(*low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64> {
        let start = self.at;
        let word = self.bytes.get(start..).and_then(<[u8]>::first_chunk).copied();
        if let Some((value, len)) = word.map(u64::from_le_bytes).and_then(word_varint) {
            self.at += len;
            return Ok(value);
        }
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(Error::truncated("the bytes end inside a number")
                    .at(Place::Offset(self.base + start as u64)));
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::invalid("a number of more than ten bytes").at(Place::Offset(self.base + start as u64)))
    }

    /// The next field, or `None` at the end.
    #[inline]
    pub(super) fn field(&mut self) -> Result<Option<(u64, Value<'a>)>> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let start = self.offset();
        let tag = self.varint()?;
        let number = tag >> 3;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.skip(8, start)?;
                Value::Fixed
            }
            2 => Value::Bytes(self.prefixed()?),
            5 => {
                self.skip(4, start)?;
                Value::Fixed
            }
            wire_type => {
                return Err(
                    Error::invalid(format!("field {number} has the unknown wire type {wire_type}"))
                        .at(Place::Offset(start)),
                );
            }
        };
        Ok(Some((number, value)))
    }

    /// The bytes behind a length.
    #[inline]
    pub(super) fn prefixed(&mut self) -> Result<&'a [u8]> {
        let at = self.offset();
        let len = self.varint()?;
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let Some(bytes) = usize::try_from(len).ok().and_then(|len| rest.get(..len)) else {
            return Err(
                Error::truncated(format!("{len} bytes are claimed, {} are left", rest.len()))
                    .at(Place::Offset(at)),
            );
        };
        self.at += bytes.len();
        Ok(bytes)
    }

    fn skip(&mut self, len: usize, start: u64) -> Result<()> {
        if self.bytes.len() - self.at < len {
            return Err(Error::truncated("the bytes end inside a fixed-size number").at(Place::Offset(start)));
        }
        self.at += len;
        Ok(())
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// The high bit of every byte.
pub(crate) const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The varint of up to eight bytes that a word begins with, and its length: without a branch for each byte.
#[inline]
pub(crate) fn word_varint(word: u64) -> Option<(u64, usize)> {
    let ends = !word & HIGH_BITS;
    if ends == 0 {
        return None;
    }
    let len = ends.trailing_zeros() as usize / 8 + 1;
    let word = word & (u64::MAX >> (64 - 8 * len)) & !HIGH_BITS;
    // Seven bits a byte, brought together two, four and eight bytes at a time.
    let word = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x3fff_0000_3fff_0000) >> 2;
    let word = (word & 0x0fff_ffff) | (word & 0x0fff_ffff_0000_0000) >> 4;
    Some((word, len))
}

/// Appends a varint.
pub(crate) fn put_varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Bytes of a varint.
pub(super) const fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a field of wire type 0, unless it is zero.
pub(super) fn put_opt(number: u64, value: u64, into: &mut Vec<u8>) {
    if value != 0 {
        put_varint(number << 3, into);
        put_varint(value, into);
    }
}

/// Appends a field of wire type 2.
pub(super) fn put_bytes(number: u64, bytes: &[u8], into: &mut Vec<u8>) {
    put_varint(number << 3 | 2, into);
    put_varint(bytes.len() as u64, into);
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_is_read_as_written_and_as_long_as_foretold() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                put_varint(value, &mut bytes);
                assert_eq!(bytes.len(), varint_len(value), "{value}");
                assert_eq!(Reader::new(&bytes, 0).varint(), Ok(value));
                let len = bytes.len();
                bytes.extend([0xff; 8]);
                assert_eq!(Reader::new(&bytes, 0).varint(), Ok(value));
                let word = u64::from_le_bytes(*bytes.first_chunk().unwrap());
                assert_eq!(word_varint(word), (len <= 8).then_some((value, len)), "{value}");
            }
        }
    }
}
