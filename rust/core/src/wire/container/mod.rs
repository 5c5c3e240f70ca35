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
mod zip;
mod zstd;

pub use form::{Form, sniff};
pub use inflater::{Fill, Inflater};
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
