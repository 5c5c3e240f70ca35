//! Labels summed by node, for pictures.

use super::graph::{Group, Weight};
use crate::ids::{LabelSetId, StringId};
use crate::table::LabelValue;
use crate::unit::scaled_label;
use crate::view::{NumLabelUnits, View};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// How labels are named.
#[derive(Debug, Clone)]
pub struct TagOptions {
    /// Units of numeric labels.
    pub units: NumLabelUnits,
    /// Unit in which numbers are written.
    pub output_unit: String,
}

/// One label value at a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tag {
    /// Text, or the number with its unit.
    pub name: Vec<u8>,
    /// Unit of `value`; empty for text.
    pub unit: String,
    /// The number.
    pub value: i64,
    /// Of samples that end at the node.
    pub flat: Weight,
    /// Of samples that go through the node.
    pub cum: Weight,
}

/// The labels at a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeTags {
    /// All text labels of a sample, joined, are one tag.
    pub labels: BTreeMap<Vec<u8>, Tag>,
    /// Numbers, under the joined text labels they came with.
    pub numeric: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Tag>>,
}

/// A label set as nodes sum it.
struct Entry {
    joined: Vec<u8>,
    /// Printed form, unit and number of each numeric label that is kept.
    numbers: Vec<(Vec<u8>, String, i64)>,
}

/// Label sets prepared once for all nodes.
pub(super) struct TagBook<'a> {
    view: &'a View<'a>,
    options: &'a TagOptions,
    bytes_key: Option<StringId>,
    base_key: Option<StringId>,
    entries: FxHashMap<LabelSetId, Entry>,
}

impl<'a> TagBook<'a> {
    pub(super) fn new(view: &'a View<'a>, options: &'a TagOptions) -> Self {
        Self {
            view,
            options,
            bytes_key: view.strings().find(b"bytes"),
            base_key: view.strings().find(b"pprof::base"),
            entries: FxHashMap::default(),
        }
    }

    /// Of numeric labels only `bytes` is shown, as in pprof; the mark of base samples is not.
    fn entry(&self, set: LabelSetId) -> Entry {
        let strings = self.view.strings();
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut numbers = Vec::new();
        for label in self.view.label_sets().get(set) {
            match label.value {
                LabelValue::Str(text) if Some(label.key) != self.base_key => {
                    texts.push([strings.get(label.key), b":", strings.get(text)].concat());
                }
                LabelValue::Num(value, _) if Some(label.key) == self.bytes_key => {
                    let unit = self.options.units.get(label.key).to_owned();
                    numbers.push((
                        scaled_label(value, &unit, &self.options.output_unit).into_bytes(),
                        unit,
                        value,
                    ));
                }
                _ => {}
            }
        }
        texts.sort();
        Entry {
            joined: texts.join(&br"\n"[..]),
            numbers,
        }
    }

    pub(super) fn add(&mut self, tags: &mut NodeTags, group: &Group, flat: bool) {
        if !self.entries.contains_key(&group.label_set) {
            let entry = self.entry(group.label_set);
            self.entries.insert(group.label_set, entry);
        }
        let Some(entry) = self.entries.get(&group.label_set) else {
            return;
        };
        let add = |tag: &mut Tag| {
            if flat {
                tag.flat.add(group.weight);
            } else {
                tag.cum.add(group.weight);
            }
        };
        if !entry.joined.is_empty() {
            add(tags.labels.entry(entry.joined.clone()).or_insert_with(|| Tag {
                name: entry.joined.clone(),
                ..Tag::default()
            }));
        }
        if entry.numbers.is_empty() {
            return;
        }
        let numeric = tags.numeric.entry(entry.joined.clone()).or_default();
        for (name, unit, value) in &entry.numbers {
            add(numeric.entry(name.clone()).or_insert_with(|| Tag {
                name: name.clone(),
                unit: unit.clone(),
                value: *value,
                ..Tag::default()
            }));
        }
    }
}

impl NodeTags {
    /// Drops tags that count for less than `cutoff`.
    pub fn trim(&mut self, cutoff: u64) {
        let keep =
            |tag: &Tag| tag.flat.value.unsigned_abs() >= cutoff || tag.cum.value.unsigned_abs() >= cutoff;
        self.labels.retain(|_, tag| keep(tag));
        for numeric in self.numeric.values_mut() {
            numeric.retain(|_, tag| keep(tag));
        }
    }

    /// Tags with a flat value.
    #[must_use]
    pub fn flat_count(&self) -> usize {
        self.labels
            .values()
            .chain(self.numeric.values().flat_map(BTreeMap::values))
            .filter(|tag| tag.flat.value != 0)
            .count()
    }
}

/// Heaviest first (by flat, or by cum and then flat), then by name.
pub fn sort_tags(tags: &mut [Tag], flat: bool) {
    tags.sort_by(|l, r| {
        let by_cum = if flat {
            std::cmp::Ordering::Equal
        } else {
            r.cum.value.unsigned_abs().cmp(&l.cum.value.unsigned_abs())
        };
        by_cum
            .then_with(|| r.flat.value.unsigned_abs().cmp(&l.flat.value.unsigned_abs()))
            .then_with(|| l.name.cmp(&r.name))
    });
}
