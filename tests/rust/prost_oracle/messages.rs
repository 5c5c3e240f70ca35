//! Random valid messages.

use crate::message::{Function, Label, Line, Location, Mapping, Profile, Sample, ValueType};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Fewest and most rows of each table.
pub type Rows = std::ops::Range<usize>;

fn string() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        select(vec![
            "",
            "cpu",
            "nanoseconds",
            "main.run",
            "main.go",
            "request",
            "bytes"
        ])
        .prop_map(|text: &str| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..6),
    ]
}

/// Ids for `count` rows: counted from 1, or any others.
fn ids(count: usize) -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        Just((1..=count as u64).collect::<Vec<_>>()),
        proptest::collection::btree_set(1..u64::MAX, count)
            .prop_map(|ids| ids.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
        Just((1..=count as u64).rev().collect::<Vec<_>>()),
    ]
}

fn pick(ids: &[u64], index: Index) -> u64 {
    ids[index.index(ids.len())]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 1..200i64, any::<i64>()]
}

fn address() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0x1000..0x2000u64, any::<u64>()]
}

prop_compose! {
    fn mappings(strings: usize, rows: Rows)(count in rows)(
        ids in ids(count),
        rows in vec((address(), address(), address(), 0..strings, 0..strings, any::<[bool; 4]>()), count),
    ) -> Vec<Mapping> {
        ids.into_iter().zip(rows).map(|(id, (memory_start, memory_limit, file_offset, file, build, flags))| Mapping {
            id,
            memory_start,
            memory_limit,
            file_offset,
            filename: file as i64,
            build_id: build as i64,
            has_functions: flags[0],
            has_filenames: flags[1],
            has_line_numbers: flags[2],
            has_inline_frames: flags[3],
        }).collect()
    }
}

prop_compose! {
    fn functions(strings: usize, rows: Rows)(count in rows)(
        ids in ids(count),
        rows in vec((0..strings, 0..strings, 0..strings, number()), count),
    ) -> Vec<Function> {
        ids.into_iter().zip(rows).map(|(id, (name, system_name, filename, start_line))| Function {
            id,
            name: name as i64,
            system_name: system_name as i64,
            filename: filename as i64,
            start_line,
        }).collect()
    }
}

prop_compose! {
    fn locations(mappings: Vec<u64>, functions: Vec<u64>, rows: Rows)(count in rows)(
        ids in ids(count),
        rows in vec((any::<Index>(), address(), vec((any::<Index>(), number(), number()), 0..4), any::<bool>()), count),
        mappings in Just([vec![0], mappings.clone()].concat()),
        functions in Just(functions.clone()),
    ) -> Vec<Location> {
        ids.into_iter().zip(rows).map(|(id, (mapping, address, lines, is_folded))| Location {
            id,
            mapping_id: pick(&mappings, mapping),
            address,
            line: lines
                .into_iter()
                .filter(|_| !functions.is_empty())
                .map(|(function, line, column)| Line { function_id: pick(&functions, function), line, column })
                .collect(),
            is_folded,
        }).collect()
    }
}

fn label(strings: usize) -> impl Strategy<Value = Label> {
    let index = 0..strings as i64;
    (index.clone(), index.clone(), number(), index).prop_flat_map(|(key, str, num, num_unit)| {
        select(vec![
            Label {
                key,
                str,
                ..Label::default()
            },
            Label {
                key,
                num,
                ..Label::default()
            },
            Label {
                key,
                num,
                num_unit,
                ..Label::default()
            },
            Label {
                key,
                str,
                num,
                num_unit,
            },
        ])
    })
}

prop_compose! {
    fn samples(strings: usize, locations: Vec<u64>, types: usize, rows: Rows)(
        rows in vec((vec(any::<Index>(), 0..6), vec(number(), types), vec(label(strings), 0..5)), rows),
        locations in Just(locations.clone()),
    ) -> Vec<Sample> {
        rows.into_iter().map(|(stack, value, label)| Sample {
            location_id: stack
                .into_iter()
                .filter(|_| !locations.is_empty())
                .map(|index| pick(&locations, index))
                .collect(),
            value,
            label,
        }).collect()
    }
}

fn value_type(strings: usize) -> impl Strategy<Value = ValueType> {
    (0..strings, 0..strings).prop_map(|(r#type, unit)| ValueType {
        r#type: r#type as i64,
        unit: unit as i64,
    })
}

/// A message without contradictions, of `rows` rows in every table.
pub fn message(rows: Rows) -> impl Strategy<Value = Profile> {
    let tables = vec(string(), 0..8).prop_flat_map(move |mut string_table| {
        string_table.insert(0, Vec::new());
        let strings = string_table.len();
        let tables = (mappings(strings, rows.clone()), functions(strings, rows.clone()));
        (
            Just(string_table),
            tables,
            vec(value_type(strings), 1..4),
            Just(rows.clone()),
        )
    });
    let stacks = tables.prop_flat_map(|(string_table, (mapping, function), sample_type, rows)| {
        let mappings = mapping.iter().map(|row| row.id).collect();
        let functions = function.iter().map(|row| row.id).collect();
        let location = locations(mappings, functions, rows.clone());
        (
            Just(Profile {
                sample_type,
                mapping,
                function,
                string_table,
                ..Profile::default()
            }),
            location,
            Just(rows),
        )
    });
    stacks.prop_flat_map(|(profile, location, rows)| {
        let strings = profile.string_table.len();
        let index = 0..strings as i64;
        let locations = location.iter().map(|row| row.id).collect();
        (
            samples(strings, locations, profile.sample_type.len(), rows),
            (
                index.clone(),
                index.clone(),
                index.clone(),
                index.clone(),
                vec(index, 0..5),
            ),
            (number(), number(), number()),
            proptest::option::of(value_type(strings)),
        )
            .prop_map(move |(sample, texts, numbers, period_type)| Profile {
                sample,
                location: location.clone(),
                drop_frames: texts.0,
                keep_frames: texts.1,
                default_sample_type: texts.2,
                doc_url: texts.3,
                comment: texts.4,
                time_nanos: numbers.0,
                duration_nanos: numbers.1,
                period: numbers.2,
                period_type,
                ..profile.clone()
            })
    })
}
