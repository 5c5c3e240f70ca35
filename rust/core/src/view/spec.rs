//! All filters of a report, and the one order in which they apply.

use super::names::NameFilters;
use super::{Granularity, NumLabelUnits, TagFilter, View};
use crate::error::Result;
use crate::pattern::Pattern;

/// The filters as given; an empty text is a filter that was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterSpec {
    /// Keep samples with a matching frame.
    pub focus: String,
    /// Drop samples with a matching frame.
    pub ignore: String,
    /// Drop matching frames.
    pub hide: String,
    /// Keep only matching frames.
    pub show: String,
    /// Drop frames above the highest match.
    pub show_from: String,
    /// Keep samples with a matching label.
    pub tagfocus: String,
    /// Drop samples with a matching label.
    pub tagignore: String,
    /// Keep labels with a matching key.
    pub tagshow: String,
    /// Drop labels with a matching key.
    pub taghide: String,
    /// Drop frames below the match.
    pub prune_from: String,
    /// Label keys that become frames at the root, comma separated.
    pub tagroot: String,
    /// Label keys that become frames at the leaf, comma separated.
    pub tagleaf: String,
    /// What counts as the same node.
    pub granularity: Granularity,
    /// Attribute inlined work to the function it was inlined into.
    pub noinlines: bool,
    /// Keep columns at line granularity.
    pub showcolumns: bool,
    /// Percentages are of what the filters left.
    pub relative_percentages: bool,
}

/// What a filter has to say: options that matched nothing, and values read as ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// pprof's name of each option that matched nothing, in its order (`Focus`, `TagIgnore`, ...).
    pub nothing: Vec<&'static str>,
    /// Option and value of each label expression that was read as a range of numbers.
    pub ranges: Vec<(&'static str, String)>,
}

impl Matched {
    fn note(&mut self, given: bool, matched: bool, option: &'static str) {
        if given && !matched {
            self.nothing.push(option);
        }
    }

    fn note_range(&mut self, option: &'static str, filter: Option<&TagFilter>) {
        if let Some(range) = filter.and_then(TagFilter::as_range) {
            self.ranges.push((option, range.to_owned()));
        }
    }
}

/// Label keys of a comma-separated list.
#[must_use]
pub fn keys(list: &str) -> Vec<String> {
    list.split(',')
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect()
}

impl FilterSpec {
    /// Adds the frames of `tagroot` and `tagleaf`; numbers are written in `unit`. To be done before the total is taken.
    pub fn add_label_frames(&self, view: &mut View<'_>, unit: &str, matched: &mut Matched) {
        let (root, leaf) = view.add_label_frames(&keys(&self.tagroot), &keys(&self.tagleaf), unit);
        matched.note(!self.tagroot.is_empty(), root, "TagRoot");
        matched.note(!self.tagleaf.is_empty(), leaf, "TagLeaf");
    }

    /// Applies the filters in pprof's order: ignore, focus, hide and show; `show_from`; tagfocus and tagignore; tagshow and
    /// taghide; `prune_from`. `units` are those of the profile before any filter ([`View::num_label_units`]).
    ///
    /// # Errors
    ///
    /// A regular expression that does not compile.
    pub fn apply(&self, view: &mut View<'_>, units: &NumLabelUnits, matched: &mut Matched) -> Result<()> {
        let focus = Pattern::optional("focus", &self.focus)?;
        let ignore = Pattern::optional("ignore", &self.ignore)?;
        let hide = Pattern::optional("hide", &self.hide)?;
        let show = Pattern::optional("show", &self.show)?;
        let show_from = Pattern::optional("show_from", &self.show_from)?;
        let tag = |option, expression: &String| {
            Some(expression)
                .filter(|e| !e.is_empty())
                .map(|e| TagFilter::new(option, e))
                .transpose()
        };
        let tagfocus = tag("tagfocus", &self.tagfocus)?;
        matched.note_range("tagfocus", tagfocus.as_ref());
        let tagignore = tag("tagignore", &self.tagignore)?;
        matched.note_range("tagignore", tagignore.as_ref());
        let prune_from = Pattern::optional("prune_from", &self.prune_from)?;
        let tagshow = Pattern::optional("tagshow", &self.tagshow)?;
        let taghide = Pattern::optional("taghide", &self.taghide)?;

        let names = view.filter_by_name(NameFilters {
            focus: focus.as_ref(),
            ignore: ignore.as_ref(),
            hide: hide.as_ref(),
            show: show.as_ref(),
        });
        matched.note(focus.is_some(), names.focus, "Focus");
        matched.note(ignore.is_some(), names.ignore, "Ignore");
        matched.note(hide.is_some(), names.hide, "Hide");
        matched.note(show.is_some(), names.show, "Show");
        if let Some(show_from) = &show_from {
            matched.note(true, view.show_from(show_from), "ShowFrom");
        }
        if tagfocus.is_some() || tagignore.is_some() {
            let (focused, ignored) = view.filter_by_tag(tagfocus.as_ref(), tagignore.as_ref(), units);
            matched.note(tagfocus.is_some(), focused, "TagFocus");
            matched.note(tagignore.is_some(), ignored, "TagIgnore");
        }
        if tagshow.is_some() || taghide.is_some() {
            let (shown, hidden) = view.filter_tags_by_name(tagshow.as_ref(), taghide.as_ref());
            matched.note(tagshow.is_some(), shown, "TagShow");
            matched.note(taghide.is_some(), hidden, "TagHide");
        }
        if let Some(prune_from) = &prune_from {
            view.prune_from(prune_from);
        }
        Ok(())
    }

    /// Keeps only what the granularity looks at.
    pub fn aggregate(&self, view: &mut View<'_>) {
        view.aggregate(self.granularity, self.noinlines, self.showcolumns);
    }
}
