//! gzip (RFC 1952), as strict and as lenient as the reader in Go's standard library, which pprof uses.
//!
//! Members may follow one another and their contents are joined. Whatever else follows is an error, zero bytes too.

use super::deflate::Deflate;
use super::inflater::Fill;
use crate::error::{Error, Place, Result};
use flate2::Crc;

pub(super) const MAGIC: &[u8] = b"\x1f\x8b";
const METHOD_DEFLATE: u8 = 8;
const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
const FIXED_HEADER: usize = 10;
const TRAILER: usize = 8;
/// The longest name or comment, its final zero included. Source: the buffer of Go's reader.
const LONGEST_TEXT: usize = 512;

/// Members, one behind the other.
pub(super) struct Gzip<'a> {
    bytes: &'a [u8],
    deflate: Deflate<'a>,
    crc: Crc,
    in_member: bool,
}

impl<'a> Gzip<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            deflate: Deflate::new(bytes, 0),
            crc: Crc::new(),
            in_member: false,
        }
    }

    pub(super) fn input_len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn consumed(&self) -> usize {
        self.deflate.position()
    }

    /// The size in the last trailer: right for a single member of under 4 GiB.
    pub(super) fn size_hint(&self) -> Option<u64> {
        self.bytes
            .last_chunk::<4>()
            .map(|&size| u32::from_le_bytes(size).into())
    }

    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill> {
        loop {
            if !self.in_member {
                let at = self.deflate.position();
                if at == self.bytes.len() {
                    return Ok(Fill::End);
                }
                self.deflate.restart(
                    Header {
                        bytes: self.bytes,
                        at,
                    }
                    .end()?,
                );
                self.crc.reset();
                self.in_member = true;
            }
            let before = out.len();
            let fill = self.deflate.fill(out)?;
            self.crc.update(out.get(before..).unwrap_or_default());
            if fill == Fill::More {
                return Ok(Fill::More);
            }
            self.trailer()?;
            self.in_member = false;
        }
    }

    /// Compares the checksum and the size behind a member with what came out.
    fn trailer(&mut self) -> Result<()> {
        let at = self.deflate.position();
        let number = |at: usize| {
            self.bytes
                .get(at..)?
                .first_chunk()
                .copied()
                .map(u32::from_le_bytes)
        };
        let (Some(crc), Some(size)) = (number(at), number(at + TRAILER / 2)) else {
            return Err(cut("trailer", self.bytes));
        };
        if crc != self.crc.sum() {
            let detail = format!("gzip checksum {crc:08x}, the content has {:08x}", self.crc.sum());
            return Err(Error::invalid(detail).at(Place::InputOffset(at as u64)));
        }
        if size != self.crc.amount() {
            let detail = format!(
                "gzip trailer says {size} bytes, the content has {}",
                self.crc.amount()
            );
            return Err(Error::invalid(detail).at(Place::InputOffset(at as u64 + 4)));
        }
        self.deflate.restart(at + TRAILER);
        Ok(())
    }
}

fn cut(part: &str, bytes: &[u8]) -> Error {
    Error::truncated(format!("the bytes end inside a gzip {part}")).at(Place::InputOffset(bytes.len() as u64))
}

/// The header of a member.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl Header<'_> {
    /// Offset of the first byte behind the header.
    pub(super) fn end(self) -> Result<usize> {
        let Some(&[id1, id2, method, flags, ..]) = self
            .bytes
            .get(self.at..)
            .and_then(<[u8]>::first_chunk::<FIXED_HEADER>)
        else {
            // Fewer than ten bytes that are no beginning of a header were never one.
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let magic = &MAGIC[..MAGIC.len().min(rest.len())];
            return Err(if rest.starts_with(magic) {
                cut("header", self.bytes)
            } else {
                self.broken("no gzip header")
            });
        };
        if [id1, id2] != MAGIC {
            return Err(self.broken("bytes behind the gzip data that are no gzip data"));
        }
        if method != METHOD_DEFLATE {
            return Err(self.broken(&format!(
                "gzip compression method {method}, only {METHOD_DEFLATE} exists"
            )));
        }
        let mut end = self.at + FIXED_HEADER;
        if flags & FLAG_EXTRA != 0 {
            end += 2 + usize::from(self.u16(end)?);
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            if flags & flag != 0 {
                end += self.text_len(end)?;
            }
        }
        if end > self.bytes.len() {
            return Err(cut("header", self.bytes));
        }
        if flags & FLAG_HEADER_CRC != 0 {
            let mut crc = Crc::new();
            crc.update(self.bytes.get(self.at..end).unwrap_or_default());
            if self.u16(end)? != crc.sum() as u16 {
                return Err(self.broken("checksum of the gzip header"));
            }
            end += 2;
        }
        Ok(end)
    }

    fn u16(self, at: usize) -> Result<u16> {
        let number = self.bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
        number
            .map(u16::from_le_bytes)
            .ok_or_else(|| cut("header", self.bytes))
    }

    /// Length of the text at `at`, its zero included.
    fn text_len(self, at: usize) -> Result<usize> {
        let text = self.bytes.get(at..).unwrap_or_default();
        let text = text.get(..LONGEST_TEXT).unwrap_or(text);
        match text.iter().position(|&byte| byte == 0) {
            Some(len) => Ok(len + 1),
            None if text.len() == LONGEST_TEXT => {
                Err(self.broken("a name or comment of over 511 bytes in a gzip header"))
            }
            None => Err(cut("header", self.bytes)),
        }
    }

    fn broken(self, detail: &str) -> Error {
        Error::invalid(detail).at(Place::InputOffset(self.at as u64))
    }
}
