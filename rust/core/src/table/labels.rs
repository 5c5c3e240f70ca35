//! The label-set table: each distinct set of labels once.

use super::index::RowIndex;
use crate::ids::{LabelSetId, StringId};
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// The value of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelValue {
    /// Text.
    Str(StringId),
    /// A number with its unit; the empty unit means none was given.
    Num(i64, StringId),
}

/// A key and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label {
    /// The key.
    pub key: StringId,
    /// The value.
    pub value: LabelValue,
}

impl Label {
    /// Whether the value is a number.
    #[must_use]
    pub const fn is_num(&self) -> bool {
        matches!(self.value, LabelValue::Num(..))
    }
}

/// All label sets of a profile; row 0 is the set without labels.
///
/// Within a set, text labels come before numeric ones and keys are in byte order; values of one key keep the order
/// of the file. Two sets with the same content are the same row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSets {
    labels: Vec<Label>,
    ends: Vec<u32>,
}

impl Default for LabelSets {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            ends: vec![0],
        }
    }
}

impl LabelSets {
    /// Adds a set that is in the table's order and that the table does not have.
    pub(crate) fn push_new(&mut self, labels: impl IntoIterator<Item = Label>) -> LabelSetId {
        self.labels.extend(labels);
        self.ends.push(self.labels.len() as u32);
        LabelSetId::from_index(self.ends.len() - 1)
    }

    /// Number of sets, the empty one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never true: the empty set is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The labels of a set.
    #[must_use]
    pub fn get(&self, id: LabelSetId) -> &[Label] {
        let row = id.index();
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.labels[start..self.ends[row] as usize]
    }

    /// All ids in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = LabelSetId> + use<> {
        (0..self.len() as u32).map(LabelSetId)
    }

    /// The labels of a set, one group a key: text labels first, then numeric ones, keys in byte order.
    pub fn groups(&self, id: LabelSetId) -> impl Iterator<Item = &[Label]> {
        self.get(id)
            .chunk_by(|a, b| a.key == b.key && a.is_num() == b.is_num())
    }
}

/// Collects label sets, each once.
#[derive(Debug, Clone)]
pub struct LabelSetsBuilder {
    sets: LabelSets,
    index: RowIndex,
}

impl Default for LabelSetsBuilder {
    fn default() -> Self {
        Self::from(LabelSets::default())
    }
}

fn hash(labels: &[Label]) -> u64 {
    FxBuildHasher.hash_one(labels)
}

impl LabelSetsBuilder {
    /// The id of the set with these labels, in any order; `string` gives the bytes of a key.
    pub fn intern<'s>(&mut self, labels: &mut [Label], string: impl Fn(StringId) -> &'s [u8]) -> LabelSetId {
        labels.sort_by(|a, b| {
            a.is_num().cmp(&b.is_num()).then_with(|| {
                if a.key == b.key {
                    std::cmp::Ordering::Equal
                } else {
                    string(a.key).cmp(string(b.key))
                }
            })
        });
        self.intern_sorted(labels)
    }

    /// The id of a set that is already in the table's order.
    pub fn intern_sorted(&mut self, labels: &[Label]) -> LabelSetId {
        let Self { sets, index } = self;
        let next = sets.ends.len() as u32;
        let row = index.find_or_insert(hash(labels), next, |row| sets.get(LabelSetId(row)) == labels);
        if row == next {
            sets.labels.extend_from_slice(labels);
            sets.ends.push(sets.labels.len() as u32);
        }
        LabelSetId(row)
    }

    /// What has been interned so far.
    #[must_use]
    pub fn sets(&self) -> &LabelSets {
        &self.sets
    }

    /// The finished table.
    #[must_use]
    pub fn finish(mut self) -> LabelSets {
        self.sets.labels.shrink_to_fit();
        self.sets.ends.shrink_to_fit();
        self.sets
    }
}

impl From<LabelSets> for LabelSetsBuilder {
    fn from(sets: LabelSets) -> Self {
        let mut index = RowIndex::with_capacity(sets.len());
        for id in sets.ids() {
            index.find_or_insert(hash(sets.get(id)), id.0, |_| false);
        }
        Self { sets, index }
    }
}
