//! `-proto`: the profile that is left, gzipped.

use super::context::Report;
use crate::error::Result;
use crate::unit::truncated;
use crate::wire::{Compression, encode as encode_profile};

/// The level that Go's gzip writer takes when none is asked for.
pub(super) const COMPRESSION: Compression = Compression::Gzip(6);

/// The decompressed bytes are those that pprof writes; another deflate may compress them differently.
///
/// # Errors
///
/// None that is known: the level is valid.
pub(super) fn encode(report: &Report<'_, '_>) -> Result<Vec<u8>> {
    let mut profile = report.view.to_profile();
    if let Some(factor) = report.factor() {
        for value in profile.samples.values.iter_mut().flatten() {
            *value = truncated(*value as f64 * factor);
        }
    }
    encode_profile(&profile, COMPRESSION)
}
