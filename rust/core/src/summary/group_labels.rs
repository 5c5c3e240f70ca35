//! What labels say about groups: a kind that a label gives, and the values that a group has.

use super::text;
use crate::ids::StringId;
use crate::table::LabelValue;
use crate::view::View;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A label whose values are kinds, for what function names do not say. It comes before them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct KindLabel {
    /// Its key; empty for none.
    pub key: String,
    /// Kinds by value; a value that is not here gives none.
    pub kinds: BTreeMap<String, u8>,
}

impl KindLabel {
    /// The kind that each label set gives, 0 for none.
    pub(super) fn by_set(&self, view: &View<'_>) -> Vec<u8> {
        let strings = view.strings();
        let kind_of = |value: LabelValue| match value {
            LabelValue::Str(value) => self.kinds.get(text(strings.get(value)).as_str()).copied(),
            LabelValue::Num(..) => None,
        };
        view.label_sets()
            .ids()
            .map(|set| {
                let mut labels = view.label_sets().get(set).iter();
                let found = labels.find(|label| strings.get(label.key) == self.key.as_bytes());
                found.and_then(|label| kind_of(label.value)).unwrap_or(0)
            })
            .collect()
    }
}

/// A value of a label in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelPart {
    /// The text, or the number in digits.
    pub value: String,
    /// Sum of the sample type that orders.
    pub sum: i64,
}

/// A label in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupLabel {
    /// Its key.
    pub key: String,
    /// Sum of the samples that have it.
    pub labelled: i64,
    /// Different values.
    pub distinct: usize,
    /// The smallest number; null for text.
    pub min: Option<i64>,
    /// The largest number; null for text.
    pub max: Option<i64>,
    /// The values, heaviest first.
    pub values: Vec<LabelPart>,
}

#[derive(Default)]
struct Sums {
    labelled: i64,
    values: FxHashMap<(Option<i64>, StringId), i64>,
}

/// The position of a key among those asked for, and the value: a number or a text.
type Labelled = (usize, (Option<i64>, StringId));

/// Collects the values of some labels for some groups.
pub(super) struct LabelSums<'k> {
    keys: &'k [String],
    /// By label set, the values that count: the position of the key and the value.
    sets: Vec<Vec<Labelled>>,
    sums: FxHashMap<(usize, usize), Sums>,
}

impl<'k> LabelSums<'k> {
    pub(super) fn new(view: &View<'_>, keys: &'k [String]) -> Self {
        let strings = view.strings();
        let sets = view.label_sets().ids().map(|set| {
            let labels = view.label_sets().get(set).iter();
            labels
                .filter_map(|label| {
                    let key = strings.get(label.key);
                    let at = keys.iter().position(|wanted| wanted.as_bytes() == key)?;
                    let value = match label.value {
                        LabelValue::Str(value) => (None, value),
                        LabelValue::Num(number, _) => (Some(number), StringId::EMPTY),
                    };
                    Some((at, value))
                })
                .collect()
        });
        Self {
            keys,
            sets: sets.collect(),
            sums: FxHashMap::default(),
        }
    }

    /// Counts a sample of a group. A sample with several values of a key counts once for each.
    pub(super) fn count(&mut self, group: usize, set: usize, value: i64) {
        for &(key, label) in &self.sets[set] {
            let sums = self.sums.entry((group, key)).or_default();
            sums.labelled = sums.labelled.wrapping_add(value);
            let sum = sums.values.entry(label).or_default();
            *sum = sum.wrapping_add(value);
        }
    }

    /// The labels of a group that occur in it, in the order of the keys asked for; `most` values of each.
    pub(super) fn of(&self, view: &View<'_>, group: usize, most: usize) -> Vec<GroupLabel> {
        let labels = self.keys.iter().enumerate().filter_map(|(at, key)| {
            let sums = self.sums.get(&(group, at))?;
            let mut values: Vec<(Option<i64>, String, i64)> = sums
                .values
                .iter()
                .map(|(&(number, value), &sum)| {
                    let value = number.map_or_else(|| text(view.strings().get(value)), |n| n.to_string());
                    (number, value, sum)
                })
                .collect();
            values.sort_by(|left, right| {
                let heavier = right.2.unsigned_abs().cmp(&left.2.unsigned_abs());
                heavier.then_with(|| (left.0, &left.1).cmp(&(right.0, &right.1)))
            });
            let numbers = || values.iter().filter_map(|(number, ..)| *number);
            Some(GroupLabel {
                key: key.clone(),
                labelled: sums.labelled,
                distinct: values.len(),
                min: numbers().min(),
                max: numbers().max(),
                values: values
                    .into_iter()
                    .take(most)
                    .map(|(_, value, sum)| LabelPart { value, sum })
                    .collect(),
            })
        });
        labels.collect()
    }
}
