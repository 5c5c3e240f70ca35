//! Bare deflate (RFC 1951).

use super::inflater::Fill;
use crate::error::{Error, Place, Result};
use flate2::{Decompress, FlushDecompress, Status};

/// One deflate stream somewhere in `bytes`.
pub(super) struct Deflate<'a> {
    bytes: &'a [u8],
    at: usize,
    state: Decompress,
}

impl<'a> Deflate<'a> {
    /// The stream that begins at `at`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            state: Decompress::new(false),
        }
    }

    /// Goes on with another stream, which begins at `at`.
    pub(super) fn restart(&mut self, at: usize) {
        self.at = at;
        self.state.reset(false);
    }

    /// The next byte to be read; behind the stream once it has ended.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn input_len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill> {
        while out.len() < out.capacity() {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let (read, written) = (self.state.total_in(), out.len());
            let status = self
                .state
                .decompress_vec(rest, out, FlushDecompress::None)
                .map_err(|error| {
                    let why = error.message().unwrap_or("corrupt").to_owned();
                    let at = self.at as u64 + (self.state.total_in() - read);
                    Error::invalid(format!("the deflate data are corrupt: {why}")).at(Place::InputOffset(at))
                })?;
            let read = (self.state.total_in() - read) as usize;
            self.at += read;
            if status == Status::StreamEnd {
                return Ok(Fill::End);
            }
            if read == 0 && out.len() == written {
                return Err(Error::truncated("the deflate data have no end")
                    .at(Place::InputOffset(self.bytes.len() as u64)));
            }
        }
        Ok(Fill::More)
    }
}
