//! LZ4 frames, skippable frames included.
//!
//! The frame is walked block by block before it is decoded: the decoder takes a missing end for the end.

use super::inflater::Fill;
use super::zstd::is_skippable;
use crate::error::{Error, Place, Result};
use lz4_flex::frame::{Error as Lz4Error, FrameDecoder};
use std::io::BufRead;

pub(super) const MAGIC: &[u8] = b"\x04\x22\x4d\x18";
const FLAG_BLOCK_CHECKSUM: u8 = 1 << 4;
const FLAG_CONTENT_SIZE: u8 = 1 << 3;
const FLAG_CONTENT_CHECKSUM: u8 = 1 << 2;
const FLAG_DICTIONARY: u8 = 1;
const UNCOMPRESSED: u32 = 1 << 31;

/// Frames, one behind the other.
pub(super) struct Lz4<'a> {
    bytes: &'a [u8],
    /// End of the frame that is being read, or beginning of the next.
    at: usize,
    decoder: Option<FrameDecoder<&'a [u8]>>,
}

impl<'a> Lz4<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            decoder: None,
        }
    }

    pub(super) fn input_len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn consumed(&self) -> usize {
        self.at - self.decoder.as_ref().map_or(0, |decoder| decoder.get_ref().len())
    }

    /// The size in the header of the first frame, when it has one.
    pub(super) fn size_hint(&self) -> Option<u64> {
        let flags = self.bytes.get(MAGIC.len())?;
        let size = self.bytes.get(MAGIC.len() + 2..)?.first_chunk()?;
        (self.bytes.starts_with(MAGIC) && flags & FLAG_CONTENT_SIZE != 0).then(|| u64::from_le_bytes(*size))
    }

    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                if self.at == self.bytes.len() {
                    return Ok(Fill::End);
                }
                self.next_frame()?;
                continue;
            };
            let left = decoder.get_ref().len();
            let at = (self.at - left) as u64;
            let block = decoder
                .fill_buf()
                .map_err(|error| corrupt(error.into()).at(Place::InputOffset(at)))?;
            if !block.is_empty() {
                let spare = out.capacity() - out.len();
                if spare == 0 {
                    return Ok(Fill::More);
                }
                let take = block.len().min(spare);
                out.extend_from_slice(block.get(..take).unwrap_or(block));
                decoder.consume(take);
                continue;
            }
            match decoder.get_ref().len() {
                0 => self.decoder = None,
                now if now == left => {
                    return Err(corrupt(Lz4Error::InvalidBlockInfo).at(Place::InputOffset(at)));
                }
                _ => {} // a block without content
            }
        }
    }

    /// Steps over a skippable frame or takes up a real one.
    fn next_frame(&mut self) -> Result<()> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if is_skippable(rest) {
            let at = self.at + MAGIC.len();
            self.at = self.skip(at, self.u32(at)?, 0)?;
            return Ok(());
        }
        if !rest.starts_with(MAGIC) {
            if rest.len() < MAGIC.len() && MAGIC.starts_with(rest) {
                return Err(self.cut());
            }
            let error = Error::invalid("bytes behind the LZ4 data that are no LZ4 data");
            return Err(error.at(Place::InputOffset(self.at as u64)));
        }
        let end = self.frame_end()?;
        self.decoder = self.bytes.get(self.at..end).map(FrameDecoder::new);
        self.at = end;
        Ok(())
    }

    /// Offset behind the frame that begins at `self.at`.
    fn frame_end(&self) -> Result<usize> {
        let Some(&flags) = self.bytes.get(self.at + MAGIC.len()) else {
            return Err(self.cut());
        };
        let has = |flag: u8| flags & flag != 0;
        let block_checksum = 4 * usize::from(has(FLAG_BLOCK_CHECKSUM));
        // Magic, flags, block size, then what the flags announce, then the checksum of the header.
        let optional = 8 * usize::from(has(FLAG_CONTENT_SIZE)) + 4 * usize::from(has(FLAG_DICTIONARY));
        let mut at = self.at + MAGIC.len() + 2 + optional + 1;
        loop {
            let size = self.u32(at)?;
            if size == 0 {
                let end = at + 4 + 4 * usize::from(has(FLAG_CONTENT_CHECKSUM));
                return if end > self.bytes.len() {
                    Err(self.cut())
                } else {
                    Ok(end)
                };
            }
            at = self.skip(at, size & !UNCOMPRESSED, block_checksum)?;
        }
    }

    /// Offset behind the piece whose `size` stands at `at`, and `extra` bytes more.
    fn skip(&self, at: usize, size: u32, extra: usize) -> Result<usize> {
        let end = at
            .saturating_add(4)
            .saturating_add(size as usize)
            .saturating_add(extra);
        if end > self.bytes.len() {
            Err(self.cut())
        } else {
            Ok(end)
        }
    }

    fn u32(&self, at: usize) -> Result<u32> {
        let number = self.bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
        number.map(u32::from_le_bytes).ok_or_else(|| self.cut())
    }

    fn cut(&self) -> Error {
        Error::truncated("the bytes end inside an LZ4 frame").at(Place::InputOffset(self.bytes.len() as u64))
    }
}

/// The decoder names its errors in code; this says them.
fn corrupt(error: Lz4Error) -> Error {
    Error::invalid(match error {
        Lz4Error::HeaderChecksumError => "checksum of the LZ4 frame header".to_owned(),
        Lz4Error::BlockChecksumError => "checksum of an LZ4 block".to_owned(),
        Lz4Error::ContentChecksumError => "checksum of the LZ4 content".to_owned(),
        Lz4Error::DictionaryNotSupported => {
            "LZ4 data that need a dictionary, which is not at hand".to_owned()
        }
        Lz4Error::UnsupportedVersion(_) => "an LZ4 frame of another version than 1".to_owned(),
        Lz4Error::BlockTooBig => "an LZ4 block larger than the frame header admits".to_owned(),
        Lz4Error::ContentLengthError { expected, actual } => {
            format!("the LZ4 header says {expected} bytes, the content has {actual}")
        }
        other => format!("the LZ4 data are corrupt: {other}"),
    })
}
