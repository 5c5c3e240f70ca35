//! One layer of compression, taken off piece by piece.

use super::deflate::Deflate;
use super::form::{Form, sniff};
use super::gzip::Gzip;
use super::lz4::Lz4;
use super::zstd::Zstd;
use crate::error::Result;

/// What a call of [`Inflater::fill`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// There may be more.
    More,
    /// That was all, and its checksums were right.
    End,
}

/// Takes off one layer of compression in pieces as large as the caller wants them.
///
/// What it has given is tentative until [`Fill::End`]: a checksum stands behind the bytes it covers.
pub struct Inflater<'a>(Kind<'a>);

/// The decoders differ much in size and only one is alive, so each is on the heap.
enum Kind<'a> {
    Gzip(Box<Gzip<'a>>),
    Zstd(Box<Zstd<'a>>),
    Lz4(Box<Lz4<'a>>),
    Deflate(Box<Deflate<'a>>),
}

impl<'a> Inflater<'a> {
    /// The layer that `bytes` begin with, or `None` when they are not compressed.
    ///
    /// # Errors
    ///
    /// A decoder that can not be set up.
    pub fn of(bytes: &'a [u8]) -> Result<Option<Self>> {
        Ok(match sniff(bytes) {
            Form::Gzip => Some(Self(Kind::Gzip(Box::new(Gzip::new(bytes))))),
            Form::Zstd => Some(Self::zstd(bytes)?),
            Form::Lz4 => Some(Self(Kind::Lz4(Box::new(Lz4::new(bytes))))),
            _ => None,
        })
    }

    /// Bare deflate, as zip entries have it.
    pub(super) fn deflate(bytes: &'a [u8]) -> Self {
        Self(Kind::Deflate(Box::new(Deflate::new(bytes, 0))))
    }

    /// zstd frames.
    pub(super) fn zstd(bytes: &'a [u8]) -> Result<Self> {
        Ok(Self(Kind::Zstd(Box::new(Zstd::new(bytes)?))))
    }

    /// Appends to `out` without growing it: the spare capacity is the size of the piece.
    ///
    /// # Errors
    ///
    /// Truncated or corrupt bytes, or bytes behind the end of the layer, each with its offset in the bytes given to
    /// [`Inflater::of`].
    pub fn fill(&mut self, out: &mut Vec<u8>) -> Result<Fill> {
        match &mut self.0 {
            Kind::Gzip(layer) => layer.fill(out),
            Kind::Zstd(layer) => layer.fill(out),
            Kind::Lz4(layer) => layer.fill(out),
            Kind::Deflate(layer) => layer.fill(out),
        }
    }

    /// Compressed bytes in all.
    pub(super) fn input_len(&self) -> usize {
        match &self.0 {
            Kind::Gzip(layer) => layer.input_len(),
            Kind::Zstd(layer) => layer.input_len(),
            Kind::Lz4(layer) => layer.input_len(),
            Kind::Deflate(layer) => layer.input_len(),
        }
    }

    /// Compressed bytes read so far.
    pub(super) fn consumed(&self) -> usize {
        match &self.0 {
            Kind::Gzip(layer) => layer.consumed(),
            Kind::Zstd(layer) => layer.consumed(),
            Kind::Lz4(layer) => layer.consumed(),
            Kind::Deflate(layer) => layer.position(),
        }
    }

    /// What the bytes claim to come to. A claim: to be capped by whoever reserves by it.
    pub(super) fn size_hint(&self) -> Option<usize> {
        let size = match &self.0 {
            Kind::Gzip(layer) => layer.size_hint(),
            Kind::Zstd(layer) => layer.size_hint(),
            Kind::Lz4(layer) => layer.size_hint(),
            Kind::Deflate(_) => None,
        };
        size.map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }
}
