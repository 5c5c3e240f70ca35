//! Values by label.

use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::{percent, text};
use crate::error::Result;
use crate::ids::StringId;
use crate::profile::Profile;
use crate::table::LabelValue;
use crate::unit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to show.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TagsQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Only this key; empty for all.
    pub key: String,
    /// Values of a key to pass over.
    pub offset: usize,
    /// Values of one key, at most.
    pub limit: usize,
}

impl Default for TagsQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            key: String::new(),
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// One value of a key.
#[derive(Debug, Clone, Serialize)]
pub struct TagRow {
    /// The text, or the number with its unit.
    pub value: String,
    /// The number; null for text.
    pub number: Option<i64>,
    /// The number's unit; null for text.
    pub unit: Option<String>,
    /// Values of the samples that have it.
    pub flat: i64,
    /// In percent of the total.
    pub flat_pct: f64,
    /// `flat` with its unit.
    pub flat_text: String,
}

/// What is not shown of one key.
#[derive(Debug, Clone, Serialize)]
pub struct TagsLeftOut {
    /// Values of the key.
    pub values: usize,
    /// What they count.
    pub flat: i64,
}

/// One key.
#[derive(Debug, Clone, Serialize)]
pub struct TagKey {
    /// The key.
    pub key: String,
    /// Whether its values are numbers.
    pub numeric: bool,
    /// Values of all samples that have the key; a sample with several values of it counts once for each.
    pub total: i64,
    /// In percent of the profile's total.
    pub total_pct: f64,
    /// Values of the samples without the key.
    pub unlabelled: i64,
    /// In percent of the profile's total.
    pub unlabelled_pct: f64,
    /// Different values.
    pub distinct: usize,
    /// Smallest number; null for text.
    pub min: Option<i64>,
    /// Largest number; null for text.
    pub max: Option<i64>,
    /// The values, heaviest first.
    pub values: Vec<TagRow>,
    /// What is before and behind the values.
    pub left_out: TagsLeftOut,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Tags {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// The unit of the values.
    pub unit: String,
    /// What percentages are of.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// The keys, in the order of their names; text before numbers.
    pub keys: Vec<TagKey>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

#[derive(Default)]
struct Sums {
    /// By number, or by text.
    values: BTreeMap<(Option<i64>, StringId), i64>,
    total: i64,
    labelled: i64,
}

/// Values by label, for each key.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn tags(profile: &Profile, query: &TagsQuery) -> Result<Tags> {
    let prepared = prepare(profile, &query.filters)?;
    let view = &prepared.view;
    let units = view.num_label_units();
    let mut by_set = vec![0i64; view.label_sets().len()];
    for sample in view.samples() {
        let value = prepared.value.of(view.values(), sample.row).0;
        by_set[sample.label_set.index()] = by_set[sample.label_set.index()].wrapping_add(value);
    }
    let all = by_set.iter().fold(0i64, |sum, &value| sum.wrapping_add(value));
    let mut keys: BTreeMap<(Vec<u8>, bool), Sums> = BTreeMap::new();
    let mut key_ids: BTreeMap<Vec<u8>, StringId> = BTreeMap::new();
    for (set, &value) in view.label_sets().ids().zip(&by_set) {
        for group in view.label_sets().groups(set) {
            let key = view.strings().get(group[0].key).to_vec();
            if !query.key.is_empty() && key != query.key.as_bytes() {
                continue;
            }
            key_ids.insert(key.clone(), group[0].key);
            let sums = keys.entry((key, group[0].is_num())).or_default();
            sums.labelled = sums.labelled.wrapping_add(value);
            for label in group {
                let slot = match label.value {
                    LabelValue::Str(text) => (None, text),
                    LabelValue::Num(number, _) => (Some(number), StringId::EMPTY),
                };
                let entry = sums.values.entry(slot).or_default();
                *entry = entry.wrapping_add(value);
                sums.total = sums.total.wrapping_add(value);
            }
        }
    }
    let total = prepared.total as f64;
    let keys: Vec<TagKey> = keys
        .into_iter()
        .map(|((key, numeric), sums)| {
            let unit = key_ids.get(&key).map_or("", |&id| units.get(id));
            let mut values: Vec<TagRow> = sums
                .values
                .iter()
                .map(|(&(number, id), &flat)| TagRow {
                    value: number.map_or_else(|| text(view.strings().get(id)), |n| unit::label(n, unit)),
                    number,
                    unit: number.map(|_| unit.to_owned()),
                    flat,
                    flat_pct: percent(flat as f64, total),
                    flat_text: prepared.label(flat),
                })
                .collect();
            values.sort_by(|l, r| {
                let heavier = r.flat.unsigned_abs().cmp(&l.flat.unsigned_abs());
                heavier
                    .then_with(|| l.number.cmp(&r.number))
                    .then_with(|| l.value.cmp(&r.value))
            });
            let numbers = || sums.values.keys().filter_map(|(number, _)| *number);
            let distinct = values.len();
            let values: Vec<TagRow> = values.into_iter().skip(query.offset).take(query.limit).collect();
            let shown = values.iter().fold(0i64, |sum, row| sum.wrapping_add(row.flat));
            let unlabelled = all.wrapping_sub(sums.labelled);
            TagKey {
                key: text(&key),
                numeric,
                total: sums.total,
                total_pct: percent(sums.total as f64, total),
                unlabelled,
                unlabelled_pct: percent(unlabelled as f64, total),
                distinct,
                min: numbers().min(),
                max: numbers().max(),
                left_out: TagsLeftOut {
                    values: distinct - values.len(),
                    flat: sums.total.wrapping_sub(shown),
                },
                values,
            }
        })
        .collect();
    let total_text = prepared.label(prepared.total);
    let Prepared {
        sample_type,
        mut warnings,
        ..
    } = prepared;
    if keys.is_empty() && !profile.samples.is_empty() {
        warnings.push(if query.key.is_empty() {
            "no sample has labels".to_owned()
        } else {
            format!("no sample has the label {:?}", query.key)
        });
    }
    Ok(Tags {
        unit: sample_type.unit.clone(),
        sample_type,
        total: prepared.total,
        total_text,
        keys,
        warnings,
    })
}
