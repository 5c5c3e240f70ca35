//! `tagfocus`, `tagignore`, `tagshow`, `taghide`: filters by label; and the units of numeric labels.

use super::{TagFilter, View};
use crate::ids::{LabelSetId, StringId};
use crate::pattern::{Memo, Pattern};
use crate::table::LabelValue;
use std::collections::{BTreeMap, BTreeSet};

/// The unit in which each numeric label is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumLabelUnits {
    units: BTreeMap<StringId, String>,
    /// Units that were met and not used, for keys that came with several.
    pub ignored: BTreeMap<String, Vec<String>>,
}

impl NumLabelUnits {
    /// The unit of a key; empty for a key that no sample has.
    #[must_use]
    pub fn get(&self, key: StringId) -> &str {
        self.units.get(&key).map_or("", String::as_str)
    }
}

impl View<'_> {
    /// The unit of each numeric label: the first that a sample gives, else inferred from the key.
    ///
    /// `alignment` and `request` are bytes; any other key without a unit is a unit of its own.
    #[must_use]
    pub fn num_label_units(&self) -> NumLabelUnits {
        let mut found: BTreeMap<StringId, Option<StringId>> = BTreeMap::new();
        let mut ignored: BTreeMap<StringId, BTreeSet<StringId>> = BTreeMap::new();
        let mut seen = vec![false; self.label_sets.len()];
        for sample in self.samples() {
            if std::mem::replace(&mut seen[sample.label_set.index()], true) {
                continue;
            }
            for label in self.label_sets.get(sample.label_set) {
                let LabelValue::Num(_, unit) = label.value else {
                    continue;
                };
                let first = found.entry(label.key).or_default();
                match first {
                    _ if unit.is_empty() => {}
                    None => *first = Some(unit),
                    Some(first) if *first != unit => {
                        ignored.entry(label.key).or_default().insert(unit);
                    }
                    Some(_) => {}
                }
            }
        }
        let text = |id: StringId| self.strings.text(id).into_owned();
        let units = found
            .into_iter()
            .map(|(key, unit)| {
                let unit = unit.map_or_else(
                    || match self.strings.get(key) {
                        b"alignment" | b"request" => "bytes".to_owned(),
                        _ => text(key),
                    },
                    text,
                );
                (key, unit)
            })
            .collect();
        let ignored = ignored
            .into_iter()
            .map(|(key, units)| {
                let mut units: Vec<String> = units.into_iter().map(text).collect();
                units.sort();
                (text(key), units)
            })
            .collect();
        NumLabelUnits { units, ignored }
    }

    /// Keeps samples that `focus` selects and drops those that `ignore` selects; tells which of the two selected any.
    ///
    /// A filter that is not given selects all (`focus`) or none (`ignore`).
    pub fn filter_by_tag(
        &mut self,
        focus: Option<&TagFilter>,
        ignore: Option<&TagFilter>,
        units: &NumLabelUnits,
    ) -> (bool, bool) {
        let sets: Vec<(bool, bool)> = self
            .label_sets
            .ids()
            .map(|set: LabelSetId| {
                let labels = self.label_sets.get(set);
                let selects = |filter: &TagFilter| filter.selects(labels, &self.strings, units);
                (focus.is_none_or(selects), ignore.is_some_and(selects))
            })
            .collect();
        let (mut focused, mut ignored) = (false, false);
        self.retain(|_, sample| {
            let (focus, ignore) = sets[sample.label_set.index()];
            focused |= focus;
            ignored |= ignore;
            focus && !ignore
        });
        (focused, ignored)
    }

    /// Keeps the labels whose key matches `show` and not `hide`; tells which of the two matched any.
    pub fn filter_tags_by_name(&mut self, show: Option<&Pattern>, hide: Option<&Pattern>) -> (bool, bool) {
        let used: BTreeSet<LabelSetId> = self.samples().map(|sample| sample.label_set).collect();
        let mut show = show.map(|pattern| Memo::new(pattern, self.strings.len()));
        let mut hide = hide.map(|pattern| Memo::new(pattern, self.strings.len()));
        let mut verdict = |strings: &crate::table::Strings, key| {
            let shown = show.as_mut().is_none_or(|memo| memo.is_match(key, strings));
            let hidden = hide.as_mut().is_some_and(|memo| memo.is_match(key, strings));
            (shown, hidden)
        };
        let (mut any_shown, mut any_hidden) = (false, false);
        for label in used.iter().flat_map(|&set| self.label_sets.get(set)) {
            let (shown, hidden) = verdict(&self.strings, label.key);
            any_shown |= shown;
            any_hidden |= hidden;
        }
        self.filter_labels(|strings, label| {
            let (shown, hidden) = verdict(strings, label.key);
            shown && !hidden
        });
        (any_shown, any_hidden)
    }

    /// Which label sets mark samples of a diff base (`pprof::base` is `true`); `None` when none does.
    #[must_use]
    pub fn base_label_sets(&self) -> Option<Vec<bool>> {
        let key = self.strings.find(b"pprof::base")?;
        let value = self.strings.find(b"true")?;
        let marked = |set| {
            self.label_sets
                .get(set)
                .iter()
                .any(|l| l.key == key && l.value == LabelValue::Str(value))
        };
        Some(self.label_sets.ids().map(marked).collect())
    }
}
