//! zstd frames (RFC 8878), skippable frames included.

use super::inflater::Fill;
use crate::error::{Error, Place, Result};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe::get_frame_content_size;

pub(super) const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
/// The largest window that is read, as a power of two: what the `zstd` command reads without being asked for more.
const WINDOW_LOG: u32 = 27;

/// Whether `bytes` begin with a skippable frame; LZ4 has the same.
pub(super) fn is_skippable(bytes: &[u8]) -> bool {
    matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Frames, one behind the other.
pub(super) struct Zstd<'a> {
    bytes: &'a [u8],
    at: usize,
    decoder: Decoder<'static>,
    in_frame: bool,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let set_up = || {
            let mut decoder = Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
            Ok(decoder)
        };
        let decoder = set_up().map_err(|error: std::io::Error| Error::invalid(format!("zstd: {error}")))?;
        Ok(Self {
            bytes,
            at: 0,
            decoder,
            in_frame: false,
        })
    }

    pub(super) fn input_len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn consumed(&self) -> usize {
        self.at
    }

    /// The size in the header of the first frame, when it has one.
    pub(super) fn size_hint(&self) -> Option<u64> {
        get_frame_content_size(self.bytes).ok().flatten()
    }

    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill> {
        while out.len() < out.capacity() {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if !self.in_frame {
                if rest.is_empty() {
                    return Ok(Fill::End);
                }
                self.check_magic(rest)?;
                self.in_frame = true;
            }
            let before = out.len();
            let mut input = InBuffer::around(rest);
            let mut output = OutBuffer::around_pos(out, before);
            let remaining = self
                .decoder
                .run(&mut input, &mut output)
                .map_err(|error| self.corrupt(&error))?;
            let (read, written) = (input.pos(), output.pos() - before);
            self.at += read;
            if remaining == 0 {
                self.in_frame = false;
            } else if read == 0 && written == 0 {
                return Err(self.cut());
            }
        }
        Ok(Fill::More)
    }

    fn check_magic(&self, rest: &[u8]) -> Result<()> {
        if rest.starts_with(MAGIC) || is_skippable(rest) {
            return Ok(());
        }
        if rest.len() < MAGIC.len() && MAGIC.starts_with(rest) {
            return Err(self.cut());
        }
        Err(Error::invalid("bytes behind the zstd data that are no zstd data")
            .at(Place::InputOffset(self.at as u64)))
    }

    fn cut(&self) -> Error {
        Error::truncated("the bytes end inside a zstd frame").at(Place::InputOffset(self.bytes.len() as u64))
    }

    fn corrupt(&self, error: &std::io::Error) -> Error {
        let mut detail = format!("the zstd data are corrupt: {error}");
        if detail.ends_with("too much memory for decoding") {
            detail = format!(
                "a zstd window of over {} MiB; compress it again without `--long`",
                (1 << WINDOW_LOG) >> 20
            );
        }
        Error::invalid(detail).at(Place::InputOffset(self.at as u64))
    }
}
