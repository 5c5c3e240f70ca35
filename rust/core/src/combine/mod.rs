//! Several profiles -> one: aligning sample types, merging, subtracting.

mod absorb;
mod align;
mod batch;
mod build;
mod canonical;
mod diff;
mod file_labels;
mod finish;
mod fold;
mod fold_samples;
mod gathered;
mod ids;
mod location_set;
mod many;
mod merge;
mod parallel;
mod partial;
mod scale;
mod shape;
mod shipped;
mod side_by_side;
mod snapshot;
mod stack_set;
mod sums;
mod tables;

pub use align::align;
pub use diff::{DiffMode, diff};
pub use finish::{Combined, Merged};
pub use many::{Failure, Input, Inputs, Progress, Work, merge_all};
pub use merge::merge;
pub use partial::{MergeOptions, Partial};
pub use scale::{normalize, scale};
pub use side_by_side::side_by_side;
pub use snapshot::{Snapshots, is_snapshot};

use crate::error::Result;
use crate::profile::Profile;
use std::borrow::Cow;

/// Profiles fetched one after the other as one profile: sample types aligned, units made equal, then merged.
///
/// A single profile is not merged, so it keeps its rows and ids.
///
/// # Errors
///
/// No profiles, no common sample type, units or period types that do not go together.
pub fn combine(profiles: Vec<Cow<'_, Profile>>) -> Result<Cow<'_, Profile>> {
    let mut aligned = align(profiles)?;
    if aligned.len() == 1
        && let Some(single) = aligned.pop()
    {
        return Ok(single);
    }
    let borrowed: Vec<&Profile> = aligned.iter().map(AsRef::as_ref).collect();
    merge(&borrowed).map(Cow::Owned)
}
