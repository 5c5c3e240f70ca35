//! One profile minus another.

use super::{combine, normalize, scale};
use crate::error::Result;
use crate::profile::Profile;
use crate::table::{Label, LabelSetsBuilder, LabelValue, StringsBuilder};
use std::borrow::Cow;

/// What percentages of a difference are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffMode {
    /// Of the difference itself (pprof's `-base`): for cumulative profiles of one process.
    Base,
    /// Of the base (pprof's `-diff_base`): its samples carry the label `pprof::base`.
    DiffBase,
}

/// `profile` minus `base`; with `normalized`, `profile` is first scaled to the sums of `base`.
///
/// # Errors
///
/// Profiles without a common sample type, or, to normalise, with different ones.
pub fn diff(profile: &Profile, base: &Profile, mode: DiffMode, normalized: bool) -> Result<Profile> {
    let base = match mode {
        DiffMode::Base => Cow::Borrowed(base),
        DiffMode::DiffBase => Cow::Owned(mark(base)),
    };
    let mut profile = Cow::Borrowed(profile);
    if normalized {
        profile = normalize(profile, &base)?;
    }
    let ratios = vec![-1.0; base.samples.values.len()];
    let negated = scale(base, &ratios);
    combine(vec![profile, negated]).map(Cow::into_owned)
}

/// The profile with the label `pprof::base=true` on every sample.
fn mark(profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    let mut strings = StringsBuilder::from(std::mem::take(&mut profile.strings));
    let (key, value) = (strings.intern(b"pprof::base"), strings.intern(b"true"));
    let mut builder = LabelSetsBuilder::default();
    let rows: Vec<_> = profile
        .label_sets
        .ids()
        .map(|set| {
            let mut labels: Vec<Label> = profile.label_sets.get(set).to_vec();
            labels.retain(|label| label.key != key || label.is_num());
            labels.push(Label {
                key,
                value: LabelValue::Str(value),
            });
            builder.intern(&mut labels, |id| strings.get(id))
        })
        .collect();
    for set in &mut profile.samples.label_set {
        *set = rows[set.index()];
    }
    profile.label_sets = builder.finish();
    profile.strings = strings.finish();
    profile
}
