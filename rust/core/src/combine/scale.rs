//! Multiplying the values of a profile.

use super::merge::check_compatible;
use crate::error::Result;
use crate::profile::Profile;
use crate::table::Samples;
use std::borrow::Cow;

/// Multiplies the values of each sample type by its ratio, rounding half away from zero.
///
/// Samples in which every value that was multiplied became zero are dropped, as in pprof; with all ratios 1 nothing changes.
#[must_use]
pub fn scale<'p>(profile: Cow<'p, Profile>, ratios: &[f64]) -> Cow<'p, Profile> {
    #[allow(clippy::float_cmp, reason = "exactly one means untouched")]
    let is_one = |ratio: f64| ratio == 1.0;
    if ratios.iter().all(|&ratio| is_one(ratio)) {
        return profile;
    }
    let mut profile = profile.into_owned();
    let old = std::mem::take(&mut profile.samples);
    let mut samples = Samples::with_sample_types(old.values.len());
    let mut row = Vec::with_capacity(old.values.len());
    for sample in 0..old.len() {
        let mut keep = false;
        row.clear();
        for (value, &ratio) in old.row(sample).zip(ratios) {
            if is_one(ratio) {
                row.push(value);
            } else {
                let scaled = (value as f64 * ratio).round() as i64;
                keep |= scaled != 0;
                row.push(scaled);
            }
        }
        if keep {
            samples.push(old.stack[sample], old.label_set[sample], row.iter().copied());
        }
    }
    profile.samples = samples;
    Cow::Owned(profile)
}

/// Scales `profile` so that the sum of each sample type is that of `base`; a sample type without a sum becomes zero.
///
/// # Errors
///
/// Sample types or period types that differ.
pub fn normalize<'p>(profile: Cow<'p, Profile>, base: &Profile) -> Result<Cow<'p, Profile>> {
    check_compatible(&profile, base)?;
    let sum = |column: &Vec<i64>| column.iter().fold(0i64, |sum, &value| sum.wrapping_add(value));
    let ratios: Vec<f64> = profile
        .samples
        .values
        .iter()
        .zip(&base.samples.values)
        .map(|(own, base)| match sum(own) {
            0 => 0.0,
            own => sum(base) as f64 / own as f64,
        })
        .collect();
    Ok(scale(profile, &ratios))
}
