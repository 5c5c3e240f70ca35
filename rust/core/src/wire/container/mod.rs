//! Takes off compression, told by content, and opens zip bundles.
//!
//! Names, extensions and what a server says about its answer are never looked at: the first bytes decide. No number
//! of a header makes memory be taken; sizes found there only choose the first, capped, reservation.

mod ceiling;
mod deflate;
mod directory;
mod form;
mod gzip;
mod inflater;
mod lz4;
mod pieces;
mod whole;
mod zip;
mod zstd;

pub use form::{Form, sniff};
pub use inflater::{Fill, Inflater};
pub(super) use pieces::Pieces;
pub use zip::{ZipEntry, zip_entries};

use crate::error::{Error, Place, Result};
use crate::limits::Limits;
use ceiling::Ceiling;
use std::borrow::Cow;

/// Takes off gzip, zstd and LZ4, in any order and up to `limits.nesting` layers deep; plain bytes are borrowed.
///
/// All layers together obey one ceiling, derived from the length of `bytes`: an archive in an archive can not
/// multiply its way past [`Limits::ratio`].
///
/// # Errors
///
/// A layer that ends too early or is corrupt (with the byte at which it was noticed), bytes behind the end of a
/// layer, a passed limit.
pub fn unpack<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>> {
    check_input(bytes, limits)?;
    let ceiling = Ceiling::of(limits, bytes.len());
    let mut content = Cow::Borrowed(bytes);
    let mut layers = 0;
    let mut inflated = Vec::new();
    if limits.nesting > 0
        && let Some(size) = whole::gunzip(bytes, &ceiling, &mut inflated)
    {
        inflated.truncate(size);
        content = Cow::Owned(inflated);
        layers = 1;
    }
    loop {
        let inflated = match Inflater::of(&content)? {
            None => return Ok(content),
            Some(_) if layers == limits.nesting => {
                return Err(Error::too_large(
                    "layers of compression",
                    limits.nesting.into(),
                    "nesting",
                ));
            }
            Some(mut layer) => ceiling
                .inflate(&mut layer)
                .map_err(|error| placed(error, layers))?,
        };
        content = Cow::Owned(inflated);
        layers += 1;
    }
}

/// As [`unpack`], into memory that is used again: the content lies in `buffer`, or in `bytes` when they were plain.
///
/// # Errors
///
/// As [`unpack`].
pub(crate) fn unpack_into<'a>(bytes: &'a [u8], limits: &Limits, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    check_input(bytes, limits)?;
    if limits.nesting > 0
        && let Some(size) = whole::gunzip(bytes, &Ceiling::of(limits, bytes.len()), buffer)
        && !buffer.get(..size).is_some_and(is_packed)
    {
        return Ok(buffer.get(..size).unwrap_or_default());
    }
    Ok(match unpack(bytes, limits)? {
        Cow::Borrowed(bytes) => bytes,
        Cow::Owned(content) => {
            *buffer = content;
            buffer
        }
    })
}

/// Whether there is another layer of compression.
fn is_packed(content: &[u8]) -> bool {
    matches!(sniff(content), Form::Gzip | Form::Zstd | Form::Lz4)
}

/// Refuses more bytes than may be given.
pub(super) fn check_input(bytes: &[u8], limits: &Limits) -> Result<()> {
    if bytes.len() as u64 > limits.input_bytes {
        return Err(Error::too_large(
            "bytes of input",
            limits.input_bytes,
            "input_bytes",
        ));
    }
    Ok(())
}

/// Offsets inside an inner layer are none of the input.
fn placed(mut error: Error, layers: u32) -> Error {
    if let (Some(Place::InputOffset(at)), 1..) = (&error.place, layers) {
        error.place = Some(Place::Offset(*at));
    }
    error
}
