//! Samples, taken up packed as they lie and resolved when all tables are known.

use super::decode::{Rows, StringIds, Unknown, base, numbers};
use super::varint::{Reader, Value, put_varint};
use crate::error::{Error, Place, Result};
use crate::ids::{LabelSetId, LocationId, StackId};
use crate::limits::Limits;
use crate::table::{
    ByteArena, Interner, Label, LabelSets, LabelSetsBuilder, LabelValue, Samples, Stacks, StringsBuilder,
};

/// Samples with stacks and labels still in the numbers of the file.
#[derive(Default)]
pub(super) struct RawSamples {
    /// Distinct lists of location ids, as canonical varints.
    stacks: Interner,
    /// Distinct lists of label messages, as they lie, each behind its length.
    label_sets: Interner,
    samples: Samples,
    stack_scratch: Vec<u8>,
    label_scratch: Vec<u8>,
    value_scratch: Vec<i64>,
}

impl RawSamples {
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
                        put_varint(ids.varint()?, &mut self.stack_scratch);
                        depth += 1;
                        self.check(depth, limits)?;
                    }
                }
                (1, Value::Varint(id)) => {
                    put_varint(id, &mut self.stack_scratch);
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
                    put_varint(label.len() as u64, &mut self.label_scratch);
                    self.label_scratch.extend_from_slice(label);
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
        if self.samples.len() as u64 >= limits.samples {
            return Err(Error::too_large("samples", limits.samples, "samples"));
        }
        if self.samples.is_empty() {
            self.samples = Samples::with_sample_types(self.value_scratch.len());
        } else if self.samples.values.len() != self.value_scratch.len() {
            return Err(Error::invalid(format!(
                "a sample has {} values, those before it {}",
                self.value_scratch.len(),
                self.samples.values.len()
            ))
            .at(Place::Row {
                table: "sample",
                id: self.samples.len() as u64,
            }));
        }
        let stack = StackId(self.stacks.intern(&self.stack_scratch));
        let labels = match self.label_scratch.as_slice() {
            [] => LabelSetId::EMPTY,
            // Row 0 of the final table is the empty set, so rows here are counted from 1.
            labels => LabelSetId(self.label_sets.intern(labels) + 1),
        };
        self.samples
            .push(stack, labels, self.value_scratch.iter().copied());
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
        let stacks = resolve_stacks(self.stacks.into_arena(), locations)?;
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

/// Replaces location ids by rows. When ids are 1, 2, 3, ... the packed form is already right and is only checked.
fn resolve_stacks(raw: ByteArena, locations: &Rows) -> Result<Stacks> {
    let mut resolved = ByteArena::default();
    let mut scratch = Vec::new();
    for stack in raw.iter() {
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
        if !locations.is_sequential() {
            resolved.push(&scratch);
        }
    }
    Ok(Stacks::from_arena(if locations.is_sequential() {
        raw
    } else {
        resolved
    }))
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
    for set in raw.iter() {
        labels.clear();
        let mut reader = Reader::new(set, 0);
        while !reader.is_done() {
            let label = reader.prefixed()?;
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
