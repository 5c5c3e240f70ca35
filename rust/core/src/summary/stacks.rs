//! Stacks as the profile has them, each with what its samples count: what answers about functions and lines walk.

use super::query::{Filters, Prepared, prepare};
use crate::aggregate::SampleValue;
use crate::error::Result;
use crate::ids::{FunctionId, StackId};
use crate::interrupt;
use crate::pattern::Pattern;
use crate::profile::Profile;
use crate::table::Line;
use crate::view::View;
use rustc_hash::FxHashMap;

/// As [`prepare`], at the granularity that leaves every frame as it is, whichever was asked for.
pub(super) fn prepare_frames<'p>(profile: &'p Profile, filters: &Filters) -> Result<Prepared<'p>> {
    let filters = Filters {
        granularity: "addresses".to_owned(),
        ..filters.clone()
    };
    prepare(profile, &filters)
}

/// What the samples of a stack count.
#[derive(Debug, Clone, Copy)]
pub(super) struct StackSum {
    pub(super) stack: StackId,
    pub(super) value: i64,
    pub(super) samples: u64,
}

/// Sums samples by stack, in the order of the table.
pub(super) fn sums_by_stack(view: &View<'_>, value: SampleValue) -> Result<Vec<StackSum>> {
    let mut sums: FxHashMap<StackId, (i64, i64, u64)> = FxHashMap::default();
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let (value, divisor) = value.of(view.values(), sample.row);
        let sum = sums.entry(sample.stack).or_default();
        *sum = (sum.0.wrapping_add(value), sum.1.wrapping_add(divisor), sum.2 + 1);
    }
    let sum = |(stack, (value, divisor, samples)): (StackId, (i64, i64, u64))| StackSum {
        stack,
        value: if divisor == 0 {
            value
        } else {
            value.wrapping_div(divisor)
        },
        samples,
    };
    let mut sums: Vec<StackSum> = sums.into_iter().map(sum).collect();
    sums.sort_unstable_by_key(|sum| sum.stack);
    Ok(sums)
}

/// The lines of a stack from the leaf on, and whether each is the leaf: frames without a function have none.
pub(super) fn lines_of<'v>(view: &'v View<'_>, stack: StackId) -> impl Iterator<Item = (Line, bool)> + 'v {
    let locations = view.stacks().frames(stack).enumerate();
    locations.flat_map(|(depth, location)| {
        let lines = view.locations().lines(location).iter().enumerate();
        lines.map(move |(at, &line)| (line, depth == 0 && at == 0))
    })
}

/// Which functions have a name that matches, by row.
pub(super) fn matches(view: &View<'_>, pattern: &Pattern) -> Vec<bool> {
    let is_match = |row| {
        let name = view.functions().get(FunctionId::from_index(row)).name;
        pattern.is_match(view.strings().get(name))
    };
    (0..view.functions().len()).map(is_match).collect()
}

/// Flat and cum as they are summed, and the stack that was seen last, so that cum counts it once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub(super) flat: i64,
    pub(super) cum: i64,
    pub(super) samples: u64,
    seen: Option<StackId>,
}

impl Sum {
    pub(super) const NONE: Self = Self {
        flat: 0,
        cum: 0,
        samples: 0,
        seen: None,
    };

    /// Counts a stack that passes here.
    pub(super) fn pass(&mut self, sum: StackSum, is_leaf: bool) {
        if is_leaf {
            self.flat = self.flat.wrapping_add(sum.value);
        }
        if self.seen != Some(sum.stack) {
            self.seen = Some(sum.stack);
            self.cum = self.cum.wrapping_add(sum.value);
            self.samples += sum.samples;
        }
    }
}
