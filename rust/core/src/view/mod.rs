//! Filters, without copying: a view is a profile with some of its tables replaced.
//!
//! Every table is borrowed from the profile until a filter changes it. The filters are methods, to be called in
//! pprof's own order; [`spec::FilterSpec::apply`] is that order. Each does to the view what pprof does to its copy of
//! the profile, so that any sequence gives the same samples.

mod granularity;
mod labels;
mod names;
mod prune;
mod pseudo;
pub mod spec;
mod tag_filter;

pub use granularity::Granularity;
pub use labels::NumLabelUnits;
pub use names::{NameFilters, NameMatches};
pub use spec::{FilterSpec, Matched};
pub use tag_filter::TagFilter;

use crate::ids::{LabelSetId, LocationId, StackId};
use crate::profile::{Header, Profile};
use crate::table::{
    Functions, LabelSets, LabelSetsBuilder, Locations, Mappings, Samples, Stacks, StacksBuilder, Strings,
};
use std::borrow::Cow;

/// One sample of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleRef {
    /// Row in the value columns.
    pub row: u32,
    /// Stack in the view's stack table.
    pub stack: StackId,
    /// Labels in the view's label-set table.
    pub label_set: LabelSetId,
}

/// A profile with filters applied.
#[derive(Debug, Clone)]
pub struct View<'p> {
    profile: &'p Profile,
    strings: Cow<'p, Strings>,
    functions: Cow<'p, Functions>,
    mappings: Cow<'p, Mappings>,
    locations: Cow<'p, Locations>,
    stacks: Cow<'p, Stacks>,
    label_sets: Cow<'p, LabelSets>,
    stack: Cow<'p, [StackId]>,
    label_set: Cow<'p, [LabelSetId]>,
    /// Rows of the samples that are left; all when `None`.
    kept: Option<Vec<u32>>,
}

impl<'p> View<'p> {
    /// Everything in the profile, the frames it asks to drop included. See [`View::remove_uninteresting`].
    #[must_use]
    pub fn all(profile: &'p Profile) -> Self {
        Self {
            profile,
            strings: Cow::Borrowed(&profile.strings),
            functions: Cow::Borrowed(&profile.functions),
            mappings: Cow::Borrowed(&profile.mappings),
            locations: Cow::Borrowed(&profile.locations),
            stacks: Cow::Borrowed(&profile.stacks),
            label_sets: Cow::Borrowed(&profile.label_sets),
            stack: Cow::Borrowed(&profile.samples.stack),
            label_set: Cow::Borrowed(&profile.samples.label_set),
            kept: None,
        }
    }

    /// The profile as it is loaded by pprof: its own `drop_frames` and `keep_frames` applied.
    ///
    /// An expression in the profile that does not compile is passed over, as pprof does.
    #[must_use]
    pub fn new(profile: &'p Profile) -> Self {
        let mut view = Self::all(profile);
        view.remove_uninteresting();
        view
    }

    /// What the profile says about itself.
    #[must_use]
    pub fn header(&self) -> &'p Header {
        &self.profile.header
    }

    /// The strings.
    #[must_use]
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The functions.
    #[must_use]
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The mappings.
    #[must_use]
    pub fn mappings(&self) -> &Mappings {
        &self.mappings
    }

    /// The locations.
    #[must_use]
    pub fn locations(&self) -> &Locations {
        &self.locations
    }

    /// The stacks.
    #[must_use]
    pub fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// The label sets.
    #[must_use]
    pub fn label_sets(&self) -> &LabelSets {
        &self.label_sets
    }

    /// The value columns, one for each sample type, addressed by [`SampleRef::row`].
    #[must_use]
    pub fn values(&self) -> &'p [Vec<i64>] {
        &self.profile.samples.values
    }

    /// Number of samples left.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.kept.as_ref().map_or(self.stack.len(), Vec::len)
    }

    /// The samples left, in the order of the profile.
    pub fn samples(&self) -> impl Iterator<Item = SampleRef> + '_ {
        let count = self.sample_count();
        (0..count).map(|position| {
            let row = self.kept.as_ref().map_or(position as u32, |kept| kept[position]);
            SampleRef {
                row,
                stack: self.stack[row as usize],
                label_set: self.label_set[row as usize],
            }
        })
    }

    /// Keeps the samples for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Self, SampleRef) -> bool) {
        let kept: Vec<u32> = self
            .samples()
            .filter(|&sample| keep(self, sample))
            .map(|sample| sample.row)
            .collect();
        if kept.len() != self.sample_count() {
            self.kept = Some(kept);
        }
    }

    /// Gives every stack the frames that `change` leaves in the vector it is given (leaf first); it may only take some out.
    ///
    /// Stacks that become equal become the same row.
    fn map_stacks(&mut self, mut change: impl FnMut(&mut Vec<LocationId>)) {
        let mut builder = StacksBuilder::default();
        let mut frames = Vec::new();
        let rows: Vec<StackId> = (0..self.stacks.len())
            .map(|row| {
                let row = StackId::from_index(row);
                self.stacks.read(row, &mut frames);
                let before = frames.len();
                change(&mut frames);
                if frames.len() == before {
                    builder.intern_packed(self.stacks.packed(row))
                } else {
                    builder.intern(frames.iter().copied())
                }
            })
            .collect();
        self.stacks = Cow::Owned(builder.finish());
        self.stack = Cow::Owned(self.stack.iter().map(|stack| rows[stack.index()]).collect());
    }

    /// Keeps the `count` innermost locations of every stack.
    pub fn keep_leaves(&mut self, count: usize) {
        self.map_stacks(|frames| frames.truncate(count));
    }

    /// Gives every label set the labels for which `keep` says so.
    fn filter_labels(&mut self, mut keep: impl FnMut(&Strings, crate::table::Label) -> bool) {
        let mut builder = LabelSetsBuilder::default();
        let mut labels = Vec::new();
        let rows: Vec<LabelSetId> = self
            .label_sets
            .ids()
            .map(|id| {
                labels.clear();
                labels.extend(
                    self.label_sets
                        .get(id)
                        .iter()
                        .copied()
                        .filter(|&label| keep(&self.strings, label)),
                );
                builder.intern_sorted(&labels)
            })
            .collect();
        self.label_sets = Cow::Owned(builder.finish());
        self.label_set = Cow::Owned(self.label_set.iter().map(|set| rows[set.index()]).collect());
    }

    /// The view as a profile of its own. Tables keep rows that no sample uses any more, as pprof's do.
    #[must_use]
    pub fn to_profile(&self) -> Profile {
        let mut samples = Samples::with_sample_types(self.values().len());
        for sample in self.samples() {
            samples.push(
                sample.stack,
                sample.label_set,
                self.profile.samples.row(sample.row as usize),
            );
        }
        Profile {
            header: self.profile.header.clone(),
            strings: self.strings.clone().into_owned(),
            functions: self.functions.clone().into_owned(),
            mappings: self.mappings.clone().into_owned(),
            locations: self.locations.clone().into_owned(),
            stacks: self.stacks.clone().into_owned(),
            label_sets: self.label_sets.clone().into_owned(),
            samples,
            notes: self.profile.notes.clone(),
        }
    }
}
