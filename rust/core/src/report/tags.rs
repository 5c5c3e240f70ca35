//! `-tags`: every label value with the sum of its samples.

use super::context::{Report, label};
use super::out::put;
use super::tabs::align_right;
use crate::ids::LabelSetId;
use crate::table::LabelValue;
use crate::unit::percentage;
use std::collections::BTreeMap;

/// The values of one key, by their text.
#[derive(Default)]
struct Key {
    values: BTreeMap<Vec<u8>, i64>,
    total: i64,
}

pub(super) fn print(report: &Report<'_, '_>, out: &mut Vec<u8>) {
    let mut table = Vec::new();
    let total = report.total;
    for (name, key) in keys(report) {
        table.extend_from_slice(&name);
        table.extend_from_slice(b":\t Total ");
        table.extend(report.format(key.total));
        table.extend_from_slice(b" of ");
        table.extend(report.format(total));
        if total > 0 {
            put(&mut table, format_args!(" ({})", percentage(key.total, total)));
        }
        table.push(b'\n');
        let mut values: Vec<(Vec<u8>, i64)> = key.values.into_iter().collect();
        values.sort_by_key(|&(_, value)| std::cmp::Reverse(value.unsigned_abs()));
        for (text, value) in values {
            table.extend_from_slice(b" \t");
            table.extend(report.format(value));
            if total > 0 {
                put(&mut table, format_args!(" ({})", percentage(value, total)));
            }
            table.extend_from_slice(b":\t ");
            table.extend_from_slice(&text);
            table.push(b'\n');
        }
        table.push(b'\n');
    }
    out.extend(align_right(&table));
}

/// All keys in byte order. Text and numeric values of one key stand together.
fn keys(report: &Report<'_, '_>) -> BTreeMap<Vec<u8>, Key> {
    let view = report.view;
    let mut by_set: Vec<Option<i64>> = vec![None; view.label_sets().len()];
    for sample in view.samples() {
        let (value, _) = report.value.of(view.values(), sample.row);
        let sum = by_set[sample.label_set.index()].get_or_insert(0);
        *sum = sum.wrapping_add(value);
    }
    let strings = view.strings();
    let mut keys: BTreeMap<Vec<u8>, Key> = BTreeMap::new();
    for (row, sum) in by_set.into_iter().enumerate() {
        let Some(sum) = sum else { continue };
        for group in view.label_sets().groups(LabelSetId::from_index(row)) {
            let Some(first) = group.first() else { continue };
            let key = keys.entry(strings.get(first.key).to_vec()).or_default();
            for one in group {
                let text = match one.value {
                    LabelValue::Str(text) => strings.get(text).to_vec(),
                    LabelValue::Num(number, _) => {
                        label(number, report.units.get(one.key).as_bytes(), &report.output_unit)
                    }
                };
                let value = key.values.entry(text).or_default();
                *value = value.wrapping_add(sum);
                key.total = key.total.wrapping_add(sum);
            }
        }
    }
    keys
}
