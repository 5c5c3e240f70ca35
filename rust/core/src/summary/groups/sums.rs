//! Sums of samples: by stack, and by the kinds of stacks.

use super::answer::KindSums;
use super::stack::{Read, Reader, SpotKey};
use crate::error::Result;
use crate::ids::StackId;
use crate::interrupt;
use rustc_hash::FxHashMap;

#[derive(Default)]
pub(super) struct Sums {
    pub(super) values: Vec<i64>,
    pub(super) samples: u64,
    pub(super) events: f64,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        add(&mut self.values, &other.values);
        self.samples += other.samples;
        self.events += other.events;
    }
}

pub(super) fn add(into: &mut Vec<i64>, values: &[i64]) {
    if into.is_empty() {
        into.resize(values.len(), 0);
    }
    for (sum, value) in into.iter_mut().zip(values) {
        *sum = sum.wrapping_add(*value);
    }
}

/// What was found, by stack and the kind that a label gave it.
pub(super) struct Found {
    pub(super) stacks: Vec<StackId>,
    pub(super) given: Vec<u8>,
    pub(super) reads: Vec<Read>,
    pub(super) sums: Vec<Sums>,
}

pub(super) fn find(reader: &Reader<'_, '_>) -> Result<Found> {
    let view = &reader.prepared.view;
    let mut by_stack: FxHashMap<(StackId, u8), Sums> = FxHashMap::default();
    let columns = view.values();
    let given = reader.query.kind_label.by_set(view);
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let sums = by_stack
            .entry((sample.stack, given[sample.label_set.index()]))
            .or_default();
        if sums.values.is_empty() {
            sums.values.resize(columns.len(), 0);
        }
        for (sum, column) in sums.values.iter_mut().zip(columns) {
            *sum = sum.wrapping_add(column[sample.row as usize]);
        }
        sums.samples += 1;
        if let Some(sampling) = reader.query.sampling {
            let value = |index: usize| columns[index][sample.row as usize];
            sums.events += sampling.events(value(sampling.objects), value(sampling.bytes));
        }
    }
    let mut pairs: Vec<((StackId, u8), Sums)> = by_stack.into_iter().collect();
    pairs.sort_unstable_by_key(|(key, _)| *key);
    let mut frames = Vec::new();
    let mut reads = Vec::with_capacity(pairs.len());
    for (number, ((stack, given), _)) in pairs.iter().enumerate() {
        interrupt::check_at(number)?;
        reader.frames(*stack, &mut frames);
        reads.push(reader.read(&frames, *given));
    }
    let (keys, sums): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (stacks, given) = keys.into_iter().unzip();
    Ok(Found {
        stacks,
        given,
        reads,
        sums,
    })
}

pub(super) fn kinds(reader: &Reader<'_, '_>, found: &Found) -> Vec<KindSums> {
    let mut kinds: Vec<KindSums> = (0..=u8::MAX)
        .map(|kind| KindSums {
            kind,
            ..KindSums::default()
        })
        .collect();
    let mut occurs = [false; 256];
    let mut owners: Vec<FxHashMap<SpotKey, Vec<i64>>> = vec![FxHashMap::default(); kinds.len()];
    for (read, sums) in found.reads.iter().zip(&found.sums) {
        let kind = &mut kinds[usize::from(read.kind)];
        add(&mut kind.first, &sums.values);
        kind.samples += sums.samples;
        occurs[usize::from(read.kind)] = true;
        add(&mut kinds[usize::from(read.leaf)].leaf, &sums.values);
        occurs[usize::from(read.leaf)] = true;
        for &kind in &read.within {
            add(&mut kinds[usize::from(kind)].within, &sums.values);
            occurs[usize::from(kind)] = true;
        }
        for &kind in &read.below {
            let at = usize::from(kind);
            add(&mut kinds[at].below, &sums.values);
            kinds[at].below_samples += sums.samples;
            kinds[at].below_events += sums.events;
            if let Some(owner) = read.owner {
                add(owners[at].entry(owner).or_default(), &sums.values);
            }
        }
    }
    for (kind, owners) in kinds.iter_mut().zip(owners) {
        kind.owners = reader.parts(owners);
    }
    let width = found.sums.first().map_or(0, |sums| sums.values.len());
    kinds.retain(|kind| occurs[usize::from(kind.kind)]);
    for kind in &mut kinds {
        for values in [&mut kind.first, &mut kind.leaf, &mut kind.within, &mut kind.below] {
            values.resize(width, 0);
        }
    }
    kinds
}
