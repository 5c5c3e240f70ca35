//! Samples, taken up packed as they lie and resolved when all tables are known.

use super::decode::{Rows, StringIds, Unknown, base, numbers};
use super::plain_samples::{Batch, IdRange};
use super::varint::{Reader, Value, put_bytes, put_varint};
use crate::error::{Error, Place, Result};
use crate::ids::{LabelSetId, LocationId, StackId};
use crate::interrupt;
use crate::limits::Limits;
use crate::table::{
    ByteArena, Interner, Label, LabelSets, LabelSetsBuilder, LabelValue, Samples, Stacks, StringsBuilder,
};
use std::mem::take;

/// Samples with stacks and labels still in the numbers of the file.
#[derive(Default)]
pub(super) struct RawSamples {
    /// Distinct lists of location ids, as canonical varints.
    stacks: Interner,
    /// Distinct lists of label fields, as they lie, each with its tag and its length.
    label_sets: Interner,
    samples: Samples,
    /// The smallest and the largest location id of all samples.
    ids: IdRange,
    stack_scratch: Vec<u8>,
    label_scratch: Vec<u8>,
    value_scratch: Vec<i64>,
    rows_scratch: Vec<u32>,
}

impl RawSamples {
    /// Adds the samples of a batch and empties it.
    pub(super) fn add_all(&mut self, batch: &mut Batch<'_>, limits: &Limits) -> Result<()> {
        let mut rows = take(&mut self.rows_scratch);
        self.stacks.intern_all(&batch.stacks, &mut rows);
        let mut start = 0;
        for (&stack, sample) in rows.iter().zip(&batch.samples) {
            let values = batch.values.get(start..sample.values_end).unwrap_or_default();
            start = sample.values_end;
            self.ids.add_range(sample.ids);
            self.add(StackId(stack), sample.labels, values, limits)?;
        }
        self.rows_scratch = rows;
        batch.clear();
        Ok(())
    }

    /// Takes up one sample message.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        offset: u64,
        unknown: &mut Unknown,
        limits: &Limits,
    ) -> Result<()> {
        self.stack_scratch.clear();
        self.label_scratch.clear();
        self.value_scratch.clear();
        let (mut depth, mut labels) = (0u64, 0u64);
        let mut reader = Reader::new(bytes, offset);
        loop {
            let at = reader.offset();
            let Some((number, value)) = reader.field()? else {
                break;
            };
            match (number, value) {
                (1, Value::Bytes(packed)) => {
                    let mut ids = Reader::new(packed, base(packed, reader.offset()));
                    while !ids.is_done() {
                        let id = ids.varint()?;
                        put_varint(id, &mut self.stack_scratch);
                        self.ids.add(id);
                        depth += 1;
                        self.check(depth, limits)?;
                    }
                }
                (1, Value::Varint(id)) => {
                    put_varint(id, &mut self.stack_scratch);
                    self.ids.add(id);
                    depth += 1;
                    self.check(depth, limits)?;
                }
                (2, Value::Bytes(packed)) => {
                    let mut values = Reader::new(packed, base(packed, reader.offset()));
                    while !values.is_done() {
                        self.value_scratch.push(values.varint()? as i64);
                        self.check(depth, limits)?;
                    }
                }
                (2, Value::Varint(value)) => {
                    self.value_scratch.push(value as i64);
                    self.check(depth, limits)?;
                }
                (3, Value::Bytes(label)) => {
                    labels += 1;
                    self.check(labels, limits)?;
                    check_label(label, base(label, reader.offset()), unknown)?;
                    put_bytes(3, label, &mut self.label_scratch);
                }
                (1..=3, _) => {
                    return Err(
                        Error::invalid(format!("field {number} of Sample has the wrong wire type"))
                            .at(Place::Offset(at)),
                    );
                }
                _ => *unknown.entry(("Sample", number)).or_default() += 1,
            }
        }
        let stack = StackId(self.stacks.intern(&self.stack_scratch));
        let (labels, values) = (take(&mut self.label_scratch), take(&mut self.value_scratch));
        let added = self.add(stack, &labels, &values, limits);
        (self.label_scratch, self.value_scratch) = (labels, values);
        added
    }

    /// Adds a sample.
    fn add(&mut self, stack: StackId, labels: &[u8], values: &[i64], limits: &Limits) -> Result<()> {
        if self.samples.len() as u64 >= limits.samples {
            return Err(Error::too_large("samples", limits.samples, "samples"));
        }
        if self.samples.is_empty() {
            self.samples = Samples::with_sample_types(values.len());
        } else if self.samples.values.len() != values.len() {
            return Err(Error::invalid(format!(
                "a sample has {} values, those before it {}",
                values.len(),
                self.samples.values.len()
            ))
            .at(Place::Row {
                table: "sample",
                id: self.samples.len() as u64,
            }));
        }
        let labels = match labels {
            [] => LabelSetId::EMPTY,
            // Row 0 of the final table is the empty set, so rows here are counted from 1.
            labels => LabelSetId(self.label_sets.intern(labels) + 1),
        };
        self.samples.push(stack, labels, values.iter().copied());
        Ok(())
    }

    /// Refuses a sample with more locations or labels (`rows`), or more values, than allowed, as soon as that is known.
    fn check(&self, rows: u64, limits: &Limits) -> Result<()> {
        let place = Place::Row {
            table: "sample",
            id: self.samples.len() as u64,
        };
        if rows > limits.stack_depth {
            let what = "locations or labels of one sample";
            return Err(Error::too_large(what, limits.stack_depth, "stack_depth").at(place));
        }
        if self.value_scratch.len() as u64 > limits.sample_values {
            return Err(
                Error::too_large("values of one sample", limits.sample_values, "sample_values").at(place),
            );
        }
        Ok(())
    }

    /// Resolves the numbers of the file.
    pub(super) fn finish(
        self,
        sample_types: usize,
        locations: &Rows,
        strings: StringIds<'_>,
        table: &mut StringsBuilder,
    ) -> Result<(Stacks, LabelSets, Samples)> {
        let mut samples = self.samples;
        if samples.is_empty() {
            samples = Samples::with_sample_types(sample_types);
        } else if samples.values.len() != sample_types {
            return Err(Error::invalid(if sample_types == 0 {
                "there are samples but no sample types".to_owned()
            } else {
                format!(
                    "samples have {} values, the profile {sample_types} sample types",
                    samples.values.len()
                )
            })
            .at(Place::Row {
                table: "sample",
                id: 0,
            }));
        }
        let stacks = self.stacks.into_arena();
        let stacks = if self.ids.is_within(locations) {
            Stacks::from_arena(stacks)
        } else {
            resolve_stacks(&stacks, locations)?
        };
        let (label_sets, rows) = resolve_label_sets(self.label_sets.arena(), strings, table)?;
        for set in &mut samples.label_set {
            *set = rows[set.index()];
        }
        samples.shrink_to_fit();
        Ok((stacks, label_sets, samples))
    }
}

fn check_label(label: &[u8], offset: u64, unknown: &mut Unknown) -> Result<()> {
    numbers(
        "Label",
        label,
        offset,
        unknown,
        |number, _| (1..=4).contains(&number),
        4,
    )
}

/// Replaces location ids by rows.
fn resolve_stacks(raw: &ByteArena, locations: &Rows) -> Result<Stacks> {
    let mut resolved = ByteArena::default();
    let mut scratch = Vec::new();
    for (number, stack) in raw.iter().enumerate() {
        interrupt::check_at(number)?;
        scratch.clear();
        let mut ids = Reader::new(stack, 0);
        while !ids.is_done() {
            let id = ids.varint()?;
            let row = locations.get(id).ok_or_else(|| {
                Error::invalid(format!("a sample names location {id}, which does not exist")).at(Place::Row {
                    table: "location",
                    id,
                })
            })?;
            crate::table::pack(LocationId(row), &mut scratch);
        }
        resolved.push(&scratch);
    }
    resolved.shrink_to_fit();
    Ok(Stacks::from_arena(resolved))
}

/// The label sets, and the row of each raw set (counted from 1, see [`RawSamples::push`]).
fn resolve_label_sets(
    raw: &ByteArena,
    strings: StringIds<'_>,
    table: &mut StringsBuilder,
) -> Result<(LabelSets, Vec<LabelSetId>)> {
    let mut sets = LabelSetsBuilder::default();
    let mut rows = vec![LabelSetId::EMPTY];
    let mut labels = Vec::new();
    let mut unknown = Unknown::new();
    for (number, set) in raw.iter().enumerate() {
        interrupt::check_at(number)?;
        labels.clear();
        let mut reader = Reader::new(set, 0);
        while let Some((_, Value::Bytes(label))) = reader.field()? {
            let mut raw = [0u64; 4];
            let known = |number: u64, value| {
                let slot = number.checked_sub(1).and_then(|slot| raw.get_mut(slot as usize));
                slot.map(|slot| *slot = value).is_some()
            };
            numbers("Label", label, 0, &mut unknown, known, 4)?;
            let [key, text, number, unit] = raw;
            let key = strings.get(key)?;
            if text != 0 {
                labels.push(Label {
                    key,
                    value: LabelValue::Str(strings.get(text)?),
                });
            } else if number != 0 || unit != 0 {
                labels.push(Label {
                    key,
                    value: LabelValue::Num(number as i64, strings.get(unit)?),
                });
            }
        }
        rows.push(sets.intern(&mut labels, |id| table.get(id)));
    }
    Ok((sets.finish(), rows))
}
