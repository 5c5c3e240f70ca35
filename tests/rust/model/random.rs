//! Random small profiles, as the model has them and as the crate does.

use super::naive::{Label, Line, Location, Mapping, Profile, Sample};
use pprof_core::table;
use pprof_core::wire::{decode_proto, encode_proto};
use pprof_core::{Limits, Profile as Columns, ProfileBuilder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn name() -> impl Strategy<Value = String> {
    select(vec![
        "main",
        "run",
        "work",
        "alloc",
        "lib.sort(int)",
        ".run",
        "A::operator()(int)",
        "",
    ])
    .prop_map(str::to_owned)
}

fn file() -> impl Strategy<Value = String> {
    select(vec!["main.go", "lib/x.go", "./lib/../lib/x.go", ""]).prop_map(str::to_owned)
}

prop_compose! {
    fn function()(name in name(), file in file(), start_line in select(vec![0, 3])) -> (String, String, i64) {
        (name, file, start_line)
    }
}

prop_compose! {
    fn mapping()(
        start in select(vec![0x1000u64, 0x40_0000]),
        size in select(vec![0u64, 0xfff, 0x1000, 0x1001]),
        offset in select(vec![0u64, 0x1000]),
        file in select(vec!["/bin/app", "libc.so", ""]),
        build_id in select(vec!["", "abc"]),
    ) -> Mapping {
        Mapping { start, limit: start + size, offset, file: file.to_owned(), build_id: build_id.to_owned() }
    }
}

fn label() -> impl Strategy<Value = Label> {
    let text = (
        select(vec!["thread", "zone", "pprof::base"]),
        select(vec!["a", "b", "true", "zone"]),
    )
        .prop_map(|(key, value)| Label::Text(key.to_owned(), value.to_owned()));
    let number = (
        select(vec!["bytes", "request", "latency", "size"]),
        select(vec![1, 2, 5, 1024, 2048, 4096]),
        select(vec!["", "bytes", "kb", "ms"]),
    )
        .prop_map(|(key, value, unit)| Label::Number(key.to_owned(), value, unit.to_owned()));
    prop_oneof![text, number]
}

/// Labels in the order in which a label set keeps them.
pub fn in_order(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_by_key(|label| (matches!(label, Label::Number(..)), label.key().to_owned()));
    labels
}

prop_compose! {
    /// A location, with the index of its mapping in the table, or none.
    fn location(functions: Vec<(String, String, i64)>, mappings: Vec<Mapping>)(
        mapping in proptest::option::of(any::<Index>()),
        address in select(vec![0u64, 0x10, 0x20]),
        lines in vec((any::<Index>(), select(vec![0i64, 7, 8]), select(vec![0i64, 1])), 0..4),
        functions in Just(functions),
        mappings in Just(mappings),
    ) -> Location {
        let mapping = mapping.filter(|_| !mappings.is_empty()).map(|index| index.get(&mappings).clone());
        let address = mapping.as_ref().map_or(0, |mapping| mapping.start) + address;
        let lines = lines.into_iter().map(|(function, line, column)| {
            let (name, file, start_line) = function.get(&functions).clone();
            Line { name, file, start_line, line, column }
        });
        Location { row: 0, mapping, address, lines: lines.collect() }
    }
}

/// A profile of at most ten samples with two values each.
pub fn profile() -> impl Strategy<Value = Profile> {
    (vec(function(), 1..5), vec(mapping(), 0..3))
        .prop_flat_map(|(functions, mappings)| vec(location(functions, mappings), 1..7))
        .prop_flat_map(|mut locations| {
            for (row, location) in locations.iter_mut().enumerate() {
                location.row = row;
            }
            let value = || prop_oneof![6 => 0..60i64, 1 => -60..0i64];
            let labels = prop_oneof![1 => Just(Vec::new()), 1 => vec(label(), 0..4)];
            let sample = (vec(any::<Index>(), 0..7), [value(), value()], labels);
            let drop = select(vec![
                "",
                "",
                "run",
                "alloc|work",
                "lib.sort|main",
                "A::operator\\(\\)",
            ]);
            (
                Just(locations),
                vec(sample, 0..10),
                drop,
                select(vec!["", "", "work|main"]),
            )
        })
        .prop_map(|(locations, samples, drop, keep)| Profile {
            samples: samples
                .into_iter()
                .map(|(stack, values, labels)| Sample {
                    stack: stack.iter().map(|index| index.get(&locations).clone()).collect(),
                    values: values.to_vec(),
                    labels: in_order(labels),
                })
                .collect(),
            locations,
            drop_frames: drop.to_owned(),
            keep_frames: keep.to_owned(),
        })
}

/// The same profile in columns, by way of the bytes of a file.
pub fn columns(naive: &Profile) -> Columns {
    let mut builder = ProfileBuilder::default();
    let types = [
        builder.value_type(b"samples", b"count"),
        builder.value_type(b"space", b"bytes"),
    ];
    builder.header.sample_types = types.to_vec();
    builder.header.drop_frames = builder.string(naive.drop_frames.as_bytes());
    builder.header.keep_frames = builder.string(naive.keep_frames.as_bytes());
    let mut mappings = Vec::new();
    let mut functions = Vec::new();
    let mut locations = Vec::new();
    for location in &naive.locations {
        let mapping = location.mapping.as_ref().map(|mapping| {
            if let Some((_, id)) = mappings.iter().find(|(known, _)| known == mapping) {
                return *id;
            }
            let (file, build_id) = (
                builder.string(mapping.file.as_bytes()),
                builder.string(mapping.build_id.as_bytes()),
            );
            let Mapping {
                start, limit, offset, ..
            } = *mapping;
            let id = builder.mapping(table::Mapping {
                start,
                limit,
                offset,
                file,
                build_id,
                ..Default::default()
            });
            mappings.push((mapping.clone(), id));
            id
        });
        let lines: Vec<table::Line> = location
            .lines
            .iter()
            .map(|line| {
                let key = (line.name.clone(), line.file.clone(), line.start_line);
                let known = functions
                    .iter()
                    .find(|(known, _)| *known == key)
                    .map(|(_, id)| *id);
                let function = known.unwrap_or_else(|| {
                    let name = builder.string(line.name.as_bytes());
                    let filename = builder.string(line.file.as_bytes());
                    let start_line = line.start_line;
                    builder.function(table::Function {
                        name,
                        filename,
                        start_line,
                        ..Default::default()
                    })
                });
                if known.is_none() {
                    functions.push((key, function));
                }
                table::Line {
                    function,
                    line: line.line,
                    column: line.column,
                }
            })
            .collect();
        let row = table::Location {
            mapping,
            address: location.address,
            is_folded: false,
        };
        locations.push(builder.location(row, &lines).unwrap());
    }
    for sample in &naive.samples {
        let stack: Vec<_> = sample
            .stack
            .iter()
            .map(|location| locations[location.row])
            .collect();
        let mut labels: Vec<_> = sample
            .labels
            .iter()
            .map(|label| match label {
                Label::Text(key, value) => builder.label(key.as_bytes(), value.as_bytes()),
                Label::Number(key, value, unit) => builder.num_label(key.as_bytes(), *value, unit.as_bytes()),
            })
            .collect();
        builder.sample(&stack, &sample.values, &mut labels).unwrap();
    }
    decode_proto(&encode_proto(&builder.finish()), &Limits::default()).unwrap()
}
