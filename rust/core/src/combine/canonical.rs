//! The one order of a merged profile that depends on its contents alone.
//!
//! Strings are ranked by their bytes first; everything else is then compared by numbers.

use super::build::{Order, numbers};
use super::location_set::Place;
use super::sums::{NONE, Sums};
use super::tables::{MappingKey, Tables};
use crate::ids::{LabelSetId, MappingId, StringId};
use crate::table::{Label, LabelValue, Line};

/// Samples by stack (leaf first), then by the value of the first label, then by all labels; stacks by their locations; locations by mapping, offset and lines; functions by
/// name, linker name, file and line; mappings by file, build id, offset and size, the main binary first.
pub(super) fn canonical(tables: &Tables, sums: &Sums, main: Option<MappingId>) -> Order {
    let samples: Vec<u32> = (0..sums.len() as u32)
        .filter(|&row| sums.values(row).iter().any(|&value| value != 0))
        .collect();
    let used = Used::of(tables, sums, &samples);
    let strings = used.string_ranks(tables);
    let functions = functions(tables, &used, &strings);
    let mappings = mappings(tables, main);
    let locations = locations(tables, &used, &functions, &mappings);
    let mut order = Order {
        samples,
        locations,
        functions,
        mappings,
    };
    sort_samples(tables, sums, &used, &strings, &mut order);
    order
}

/// Rows that some sample needs.
struct Used {
    stacks: Vec<bool>,
    label_sets: Vec<bool>,
    locations: Vec<bool>,
    functions: Vec<bool>,
}

impl Used {
    fn of(tables: &Tables, sums: &Sums, samples: &[u32]) -> Self {
        let mut used = Self {
            stacks: vec![false; tables.stacks.len()],
            label_sets: vec![false; tables.label_sets.sets().len()],
            locations: vec![false; tables.locations.len()],
            functions: vec![false; tables.functions.len()],
        };
        for &row in samples {
            used.label_sets[sums.label_set(row) as usize] = true;
            let stack = sums.stack(row);
            if !std::mem::replace(&mut used.stacks[stack as usize], true) {
                for &location in tables.stacks.get(stack) {
                    used.locations[location as usize] = true;
                }
            }
        }
        for location in rows(&used.locations) {
            for line in tables.locations.lines(location) {
                used.functions[line.function.index()] = true;
            }
        }
        used
    }

    /// The rank of each string that a function, mapping or label names.
    fn string_ranks(&self, tables: &Tables) -> Vec<u32> {
        let mut named = vec![false; tables.strings.len()];
        let mut name = |id: StringId| named[id.index()] = true;
        for row in rows(&self.functions) {
            let function = &tables.functions[row as usize];
            name(function.name);
            name(function.system_name);
            name(function.filename);
        }
        for label in rows(&self.label_sets).flat_map(|set| tables.label_sets.sets().get(LabelSetId(set))) {
            name(label.key);
            match label.value {
                LabelValue::Str(text) => name(text),
                LabelValue::Num(_, unit) => name(unit),
            }
        }
        let bytes = |row: u32| tables.strings.get(StringId(row));
        // The first eight bytes, as a number, decide most comparisons of ids and short names.
        let mut order: Vec<(u64, u32)> = rows(&named).map(|row| (beginning(bytes(row)), row)).collect();
        super::parallel::sort(&mut order, |a, b| {
            a.0.cmp(&b.0).then_with(|| bytes(a.1).cmp(bytes(b.1)))
        });
        positions(&order, named.len())
    }
}

/// The first eight bytes as a number that compares as they do; zeros where there are fewer.
fn beginning(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let len = bytes.len().min(8);
    first[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(first)
}

/// The position of each row, by row, of rows that were sorted with a key.
fn positions<K>(sorted: &[(K, u32)], len: usize) -> Vec<u32> {
    let mut ranks = vec![NONE; len];
    for (rank, (_, row)) in sorted.iter().enumerate() {
        ranks[*row as usize] = rank as u32;
    }
    ranks
}

/// The rows that are marked.
fn rows(marked: &[bool]) -> impl Iterator<Item = u32> + '_ {
    (0..)
        .zip(marked)
        .filter(|(_, marked)| **marked)
        .map(|(row, _)| row)
}

fn functions(tables: &Tables, used: &Used, strings: &[u32]) -> Vec<u32> {
    let rank = |id: StringId| strings[id.index()];
    let mut order: Vec<u32> = rows(&used.functions).collect();
    let key = |row: u32| {
        let function = &tables.functions[row as usize];
        let names = (rank(function.name), rank(function.system_name));
        (names, rank(function.filename), function.start_line)
    };
    super::parallel::sort(&mut order, |&a, &b| key(a).cmp(&key(b)));
    order
}

/// What mappings are ordered by: nothing that depends on which of several equal ones stands in the row.
pub(super) fn mapping_key(tables: &Tables, row: MappingId) -> (bool, &[u8], u64, u64) {
    let key = MappingKey::of(&tables.mappings[row.index()]);
    let name = tables.strings.get(key.build_id_or_file);
    (name.is_empty(), name, key.offset, key.size)
}

fn mappings(tables: &Tables, main: Option<MappingId>) -> Vec<u32> {
    let mut order: Vec<u32> = rows(&tables.settled).collect();
    order.sort_unstable_by(|&a, &b| {
        let key = |row: u32| (main != Some(MappingId(row)), mapping_key(tables, MappingId(row)));
        key(a).cmp(&key(b))
    });
    order
}

fn locations(tables: &Tables, used: &Used, functions: &[u32], mappings: &[u32]) -> Vec<u32> {
    let function_ranks = numbers(functions, tables.functions.len());
    let mapping_ranks = numbers(mappings, tables.mappings.len());
    let head = |place: Place| {
        let mapping = place
            .mapping
            .map_or(0, |mapping| u64::from(mapping_ranks[mapping.index()]) + 1);
        (mapping << 1 | u64::from(place.is_folded), place.relative)
    };
    let line = |line: Line| (function_ranks[line.function.index()], line.line, line.column);
    let mut order: Vec<((u64, u64), u32)> = rows(&used.locations)
        .map(|row| (head(tables.locations.place(row)), row))
        .collect();
    super::parallel::sort(&mut order, |a, b| {
        a.0.cmp(&b.0).then_with(|| {
            let (a, b) = (tables.locations.lines(a.1), tables.locations.lines(b.1));
            a.map(line).cmp(b.map(line))
        })
    });
    order.into_iter().map(|(_, row)| row).collect()
}

/// The rank of each stack that is used, by row.
fn stack_ranks(tables: &Tables, used: &Used, locations: &[u32]) -> Vec<u32> {
    let ranks = numbers(locations, tables.locations.len());
    // As many frames as a number of 64 bits holds are compared at a time, from the leaf on; zero is the end of a stack.
    let bits = u32::BITS - (locations.len().max(1) as u32).leading_zeros();
    let frames = (u64::BITS / bits) as usize;
    let word = |row: u32, at: usize| {
        let rest = tables.stacks.get(row).get(at * frames..).unwrap_or_default();
        (0..frames).fold(0, |word, frame| {
            let rank = rest.get(frame).map(|&location| ranks[location as usize]);
            word << bits | rank.map_or(0, |rank| u64::from(rank) + 1)
        })
    };
    let mut stacks: Vec<(u64, u32)> = rows(&used.stacks).map(|row| (word(row, 0), row)).collect();
    super::parallel::sort(&mut stacks, |a, b| a.0.cmp(&b.0));
    let first_half = stacks.len() / 2;
    let middle = stacks.get(first_half).map_or(0, |stack| stack.0);
    let middle = stacks.partition_point(|stack| stack.0 < middle);
    let (low, high) = stacks.split_at_mut(middle);
    let (lows, highs) = (|| sort_equal(low, word), || sort_equal(high, word));
    super::parallel::both(first_half, lows, highs);
    positions(&stacks, tables.stacks.len())
}

/// Sorts stacks that their first word does not tell apart by those that follow.
fn sort_equal(stacks: &mut [(u64, u32)], word: impl Fn(u32, usize) -> u64) {
    let mut equal = Vec::new();
    let find = |stacks: &[(u64, u32)], from: usize, at: usize, equal: &mut Vec<_>| {
        let mut start = from;
        for run in stacks.chunk_by(|a, b| a.0 == b.0) {
            // Stacks that have ended differ in nothing; there are no two of them.
            if run.len() > 1 && run[0].0 != 0 {
                equal.push((start..start + run.len(), at));
            }
            start += run.len();
        }
    };
    find(stacks, 0, 1, &mut equal);
    while let Some((run, at)) = equal.pop() {
        let start = run.start;
        let run = &mut stacks[run];
        for stack in &mut *run {
            stack.0 = word(stack.1, at);
        }
        run.sort_unstable_by_key(|stack| stack.0);
        find(run, start, at + 1, &mut equal);
    }
}

fn sort_samples(tables: &Tables, sums: &Sums, used: &Used, strings: &[u32], order: &mut Order) {
    let stack_ranks = stack_ranks(tables, used, &order.locations);
    let stack = |row: u32| stack_ranks[sums.stack(row) as usize] as usize;
    // Labels only tell samples of one stack apart, so whole sets are never sorted among themselves.
    let sets = tables.label_sets.sets();
    let labels = |row: u32| sets.get(LabelSetId(sums.label_set(row)));
    let rank = |id: StringId| strings[id.index()];
    let key = |label: &Label| match label.value {
        LabelValue::Str(text) => (false, rank(label.key), i64::from(rank(text)), 0),
        LabelValue::Num(value, unit) => (true, rank(label.key), value, rank(unit)),
    };
    let first_text = |row: u32| match labels(row).first().map(|label| label.value) {
        Some(LabelValue::Str(text)) => rank(text),
        _ => 0,
    };
    // Where the samples of each stack go follows from how many each has.
    let mut starts = vec![0u32; tables.stacks.len() + 1];
    for &row in &order.samples {
        starts[stack(row) + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let middle = starts[starts.partition_point(|&start| (start as usize) < order.samples.len() / 2)];
    let mut samples = vec![(0, 0); order.samples.len()];
    for &row in &order.samples {
        let start = &mut starts[stack(row)];
        samples[*start as usize] = (first_text(row), row);
        *start += 1;
    }
    let sort_each = |samples: &mut [(u32, u32)]| {
        for of_one in samples.chunk_by_mut(|a, b| sums.stack(a.1) == sums.stack(b.1)) {
            of_one.sort_unstable_by(|a, b| {
                a.0.cmp(&b.0)
                    .then_with(|| labels(a.1).iter().map(key).cmp(labels(b.1).iter().map(key)))
            });
        }
    };
    let (low, high) = samples.split_at_mut(middle as usize);
    super::parallel::both(order.samples.len(), || sort_each(low), || sort_each(high));
    order.samples = samples.into_iter().map(|(_, row)| row).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_that_begin_alike_are_sorted_by_what_follows(
            all in prop::collection::btree_set(prop::collection::vec(1u64..3, 1..9), 0..40),
            seed in any::<prop::sample::Index>(),
        ) {
            let expected: Vec<Vec<u64>> = all.into_iter().collect();
            let mut rows: Vec<&Vec<u64>> = expected.iter().collect();
            if !rows.is_empty() {
                let middle = seed.index(rows.len());
                rows.rotate_left(middle);
            }
            let word = |row: u32, at: usize| rows[row as usize].get(at).copied().unwrap_or(0);
            let mut stacks: Vec<(u64, u32)> = (0..rows.len() as u32).map(|row| (word(row, 0), row)).collect();
            stacks.sort_unstable_by_key(|stack| stack.0);
            sort_equal(&mut stacks, word);
            let sorted: Vec<&Vec<u64>> = stacks.iter().map(|stack| rows[stack.1 as usize]).collect();
            prop_assert_eq!(sorted, expected.iter().collect::<Vec<_>>());
        }
    }
}
