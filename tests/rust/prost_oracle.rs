//! The hand-driven decoder and encoder against `prost`, on random messages.

use pprof_core::ids::{FunctionId, LocationId, MappingId, StringId};
use pprof_core::table::LabelValue;
use pprof_core::wire::message::{Function, Label, Line, Location, Mapping, Profile, Sample, ValueType};
use pprof_core::wire::{decode_proto, encode_proto};
use pprof_core::{Limits, Profile as Decoded};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message;

// ------------------------------------------------------------------------------------- random valid messages

/// Fewest and most rows of each table.
type Rows = std::ops::Range<usize>;

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
fn message(rows: Rows) -> impl Strategy<Value = Profile> {
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

// ------------------------------------------------------------------------- what a message and a profile mean

/// A label with its strings; a number has a unit.
#[derive(Debug, PartialEq, Clone)]
enum Tag {
    Text(Vec<u8>, Vec<u8>),
    Number(Vec<u8>, i64, Vec<u8>),
}

/// A profile with every index resolved, in the order of its tables.
#[derive(Debug, PartialEq)]
struct Meaning {
    sample_types: Vec<[Vec<u8>; 2]>,
    samples: Vec<(Vec<u64>, Vec<i64>, Vec<Tag>)>,
    mappings: Vec<(u64, [u64; 3], [Vec<u8>; 2], [bool; 4])>,
    locations: Vec<(u64, u64, u64, Vec<(u64, i64, i64)>, bool)>,
    functions: Vec<(u64, [Vec<u8>; 3], i64)>,
    /// `drop_frames`, `keep_frames`, `default_sample_type`, `doc_url`, then the comments.
    texts: Vec<Vec<u8>>,
    period_type: [Vec<u8>; 2],
    /// Time, duration and period.
    numbers: [i64; 3],
}

/// Labels in the order of a label set: text first, keys in byte order, values of a key as in the file.
fn in_order(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort_by_key(|tag| match tag {
        Tag::Text(key, _) => (false, key.clone()),
        Tag::Number(key, ..) => (true, key.clone()),
    });
    tags
}

/// What a message means by the words of the schema.
fn meaning_of_message(message: &Profile) -> Meaning {
    let text = |index: i64| message.string_table[usize::try_from(index).unwrap()].clone();
    let value_type = |value: &ValueType| [text(value.r#type), text(value.unit)];
    let label = |label: &Label| match label {
        Label { key, str, .. } if *str != 0 => Some(Tag::Text(text(*key), text(*str))),
        Label {
            num: 0, num_unit: 0, ..
        } => None,
        Label {
            key, num, num_unit, ..
        } => Some(Tag::Number(text(*key), *num, text(*num_unit))),
    };
    let has_mapping = |id: u64| message.mapping.iter().any(|mapping| mapping.id == id);
    let mut texts = vec![
        text(message.drop_frames),
        text(message.keep_frames),
        text(message.default_sample_type),
        text(message.doc_url),
    ];
    texts.extend(message.comment.iter().map(|&comment| text(comment)));
    Meaning {
        sample_types: message.sample_type.iter().map(value_type).collect(),
        samples: message
            .sample
            .iter()
            .map(|sample| {
                let tags = sample.label.iter().filter_map(label).collect();
                (sample.location_id.clone(), sample.value.clone(), in_order(tags))
            })
            .collect(),
        mappings: message
            .mapping
            .iter()
            .map(|m| {
                let flags = [
                    m.has_functions,
                    m.has_filenames,
                    m.has_line_numbers,
                    m.has_inline_frames,
                ];
                (
                    m.id,
                    [m.memory_start, m.memory_limit, m.file_offset],
                    [text(m.filename), text(m.build_id)],
                    flags,
                )
            })
            .collect(),
        locations: message
            .location
            .iter()
            .map(|l| {
                let mapping = if has_mapping(l.mapping_id) {
                    l.mapping_id
                } else {
                    0
                };
                let lines = l
                    .line
                    .iter()
                    .map(|line| (line.function_id, line.line, line.column))
                    .collect();
                (l.id, mapping, l.address, lines, l.is_folded)
            })
            .collect(),
        functions: message
            .function
            .iter()
            .map(|f| {
                (
                    f.id,
                    [text(f.name), text(f.system_name), text(f.filename)],
                    f.start_line,
                )
            })
            .collect(),
        texts,
        period_type: value_type(&message.period_type.unwrap_or_default()),
        numbers: [message.time_nanos, message.duration_nanos, message.period],
    }
}

/// What the columns of a decoded profile mean.
fn meaning_of_columns(profile: &Decoded) -> Meaning {
    let text = |id: StringId| profile.strings.get(id).to_vec();
    let location_id = |id: LocationId| profile.locations.ids.get(id.index());
    let header = &profile.header;
    let mut texts: Vec<Vec<u8>> = [
        header.drop_frames,
        header.keep_frames,
        header.default_sample_type,
        header.doc_url,
    ]
    .map(text)
    .into();
    texts.extend(header.comments.iter().map(|&comment| text(comment)));
    Meaning {
        sample_types: header
            .sample_types
            .iter()
            .map(|st| [text(st.type_), text(st.unit)])
            .collect(),
        samples: (0..profile.samples.len())
            .map(|row| {
                let stack = profile
                    .stacks
                    .frames(profile.samples.stack[row])
                    .map(location_id)
                    .collect();
                let tags = profile
                    .label_sets
                    .get(profile.samples.label_set[row])
                    .iter()
                    .map(|label| match label.value {
                        LabelValue::Str(value) => Tag::Text(text(label.key), text(value)),
                        LabelValue::Num(value, unit) => Tag::Number(text(label.key), value, text(unit)),
                    });
                (stack, profile.samples.row(row).collect(), tags.collect())
            })
            .collect(),
        mappings: (0..profile.mappings.len())
            .map(|row| {
                let m = profile.mappings.get(MappingId::from_index(row));
                let flags = [
                    m.has_functions,
                    m.has_filenames,
                    m.has_line_numbers,
                    m.has_inline_frames,
                ];
                let id = profile.mappings.ids.get(row);
                (
                    id,
                    [m.start, m.limit, m.offset],
                    [text(m.file), text(m.build_id)],
                    flags,
                )
            })
            .collect(),
        locations: profile
            .locations
            .ids()
            .map(|id| {
                let location = profile.locations.get(id);
                let mapping = location
                    .mapping
                    .map_or(0, |mapping| profile.mappings.ids.get(mapping.index()));
                let lines = profile.locations.lines(id).iter();
                let lines = lines.map(|l| (profile.functions.ids.get(l.function.index()), l.line, l.column));
                (
                    location_id(id),
                    mapping,
                    location.address,
                    lines.collect(),
                    location.is_folded,
                )
            })
            .collect(),
        functions: (0..profile.functions.len())
            .map(|row| {
                let function = profile.functions.get(FunctionId::from_index(row));
                let names = [function.name, function.system_name, function.filename].map(text);
                (profile.functions.ids.get(row), names, function.start_line)
            })
            .collect(),
        texts,
        period_type: [text(header.period_type.type_), text(header.period_type.unit)],
        numbers: [header.time_nanos, header.duration_nanos, header.period],
    }
}

fn decode(bytes: &[u8]) -> pprof_core::Result<Decoded> {
    decode_proto(bytes, &Limits::default())
}

// ------------------------------------------------------------------------------- other ways to write the same

/// Samples and comments as encoders without packing write them.
#[derive(Clone, PartialEq, Message)]
struct Unpacked {
    #[prost(message, repeated, tag = "2")]
    sample: Vec<UnpackedSample>,
    #[prost(int64, repeated, packed = "false", tag = "13")]
    comment: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct UnpackedSample {
    #[prost(uint64, repeated, packed = "false", tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, packed = "false", tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

/// The message with its numbers one by one, and its samples behind the tables.
fn unpacked(message: &Profile) -> Vec<u8> {
    let tables = Profile {
        sample: Vec::new(),
        comment: Vec::new(),
        ..message.clone()
    };
    let rest = Unpacked {
        sample: message
            .sample
            .iter()
            .map(|s| UnpackedSample {
                location_id: s.location_id.clone(),
                value: s.value.clone(),
                label: s.label.clone(),
            })
            .collect(),
        comment: message.comment.clone(),
    };
    [tables.encode_to_vec(), rest.encode_to_vec()].concat()
}

/// Ways to break a message that has a row in every table. Each names what the error must speak of.
type Break = (&'static str, fn(&mut Profile));

const BREAKS: [Break; 18] = [
    ("location", |p| {
        p.sample[0]
            .location_id
            .push(free(p.location.iter().map(|row| row.id)))
    }),
    ("location", |p| p.sample[0].location_id.push(0)),
    ("function", |p| {
        let function_id = free(p.function.iter().map(|row| row.id));
        p.location[0].line.push(Line {
            function_id,
            ..Line::default()
        });
    }),
    ("two locations", |p| p.location.push(p.location[0].clone())),
    ("two functions", |p| p.function.push(p.function[0])),
    ("two mappings", |p| p.mapping.push(p.mapping[0])),
    ("id 0", |p| p.location[0].id = 0),
    ("id 0", |p| p.function[0].id = 0),
    ("id 0", |p| p.mapping[0].id = 0),
    ("values", |p| p.sample[0].value.push(1)),
    ("sample types", |p| p.sample_type.clear()),
    ("first string", |p| p.string_table[0] = b"x".to_vec()),
    ("string", |p| p.function[0].name = p.string_table.len() as i64),
    ("string", |p| p.mapping[0].filename = -1),
    ("string", |p| p.comment.push(i64::MAX)),
    ("string", |p| {
        p.sample[0].label.push(Label {
            key: i64::MIN,
            str: 0,
            num: 1,
            num_unit: 0,
        })
    }),
    ("string", |p| p.sample_type[0].unit = 1_000_000),
    ("string", |p| p.string_table.clear()),
];

/// An id that no row has.
fn free(ids: impl Iterator<Item = u64>) -> u64 {
    let taken: Vec<u64> = ids.collect();
    (1..).find(|id| !taken.contains(id)).unwrap()
}

// ------------------------------------------------------------------------------------------------- the laws

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn decoding_gives_every_field_of_the_message(message in message(0..5)) {
        let wanted = meaning_of_message(&message);
        let packed = decode(&message.encode_to_vec());
        // A message of defaults only has no bytes, and no bytes are no profile.
        let packed = packed.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&meaning_of_columns(&packed), &wanted);
        prop_assert_eq!(&packed.notes, &vec![]);
        let one_by_one = decode(&unpacked(&message)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&meaning_of_columns(&one_by_one), &wanted);
    }

    #[test]
    fn encoding_means_the_same_and_repeats_to_the_byte(message in message(0..5)) {
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let bytes = encode_proto(&profile);
        let read = Profile::decode(bytes.as_slice()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(meaning_of_message(&read), meaning_of_message(&message));
        let again = decode(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(encode_proto(&again), bytes);
    }

    #[test]
    fn equal_strings_stacks_and_label_sets_are_kept_once(message in message(0..5)) {
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut strings: Vec<&[u8]> = profile.strings.iter().collect();
        strings.sort_unstable();
        strings.dedup();
        prop_assert_eq!(strings.len(), profile.strings.len());
        let mut stacks: Vec<&Vec<u64>> = message.sample.iter().map(|sample| &sample.location_id).collect();
        stacks.sort_unstable();
        stacks.dedup();
        prop_assert_eq!(stacks.len(), profile.stacks.len());
    }

    #[test]
    fn a_broken_message_is_refused_for_what_is_broken(
        message in message(1..5),
        (about, damage) in select(BREAKS.to_vec()),
    ) {
        let mut message = message;
        damage(&mut message);
        match decode(&message.encode_to_vec()) {
            Ok(_) => prop_assert!(false, "accepted though {} is broken", about),
            Err(error) => {
                prop_assert_eq!(error.code(), "invalid_profile");
                prop_assert!(error.to_string().contains(about), "{} does not speak of {}", error, about);
            }
        }
    }

    #[test]
    fn a_mapping_that_does_not_exist_counts_as_none_and_is_noted(message in message(1..5)) {
        let mut message = message;
        message.location[0].mapping_id = free(message.mapping.iter().map(|row| row.id));
        let profile = decode(&message.encode_to_vec()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(profile.locations.get(LocationId(0)).mapping, None);
        prop_assert_eq!(profile.notes.iter().map(|note| note.code).collect::<Vec<_>>(), ["dangling_mapping"]);
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(profile) = decode(&bytes) {
            let again = decode(&encode_proto(&profile)).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again.samples.len(), profile.samples.len());
        }
    }

    #[test]
    fn a_message_with_changed_bytes_is_answered(
        message in message(0..5),
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = message.encode_to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(profile) = decode(&bytes) {
            let once = encode_proto(&profile);
            let again = decode(&once).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(encode_proto(&again), once);
        }
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn every_beginning_of_a_message_is_answered(message in message(0..4)) {
        let bytes = message.encode_to_vec();
        for length in 0..bytes.len() {
            if let Err(error) = decode(&bytes[..length]) {
                let known = ["empty_input", "truncated_profile", "invalid_profile"];
                prop_assert!(known.contains(&error.code()), "{} at {}", error, length);
            }
        }
    }
}

/// A message with a field that no version of the schema has.
#[derive(Clone, PartialEq, Message)]
struct Stranger {
    #[prost(int64, tag = "100")]
    number: i64,
    #[prost(bytes = "vec", tag = "101")]
    bytes: Vec<u8>,
}

#[test]
fn fields_that_are_not_known_are_dropped_and_listed_for_every_message() {
    let stranger = Stranger {
        number: 7,
        bytes: b"abc".to_vec(),
    }
    .encode_to_vec();
    let strange = |tag: u8, known: &[u8]| {
        let content = [known, &stranger].concat();
        [
            &[tag << 3 | 2, u8::try_from(content.len()).unwrap()],
            content.as_slice(),
        ]
        .concat()
    };
    let with_strangers = [
        strange(1, &[]),
        strange(2, &[&[0x10, 5], strange(3, &[0x18, 1]).as_slice()].concat()),
        strange(3, &[8, 1]),
        strange(4, &[&[8, 1], strange(4, &[8, 1]).as_slice()].concat()),
        strange(5, &[8, 1]),
        vec![6 << 3 | 2, 0],
        stranger.clone(),
    ]
    .concat();
    let profile = decode(&with_strangers).unwrap();
    assert!(
        profile.notes.iter().all(|note| note.code == "unknown_field"),
        "{:?}",
        profile.notes
    );
    for message in [
        "Profile",
        "ValueType",
        "Sample",
        "Label",
        "Mapping",
        "Location",
        "Line",
        "Function",
    ] {
        for number in [100, 101] {
            let said = format!("field {number} of {message} ");
            let notes = profile
                .notes
                .iter()
                .filter(|note| note.detail.starts_with(&said))
                .count();
            assert_eq!(notes, 1, "{said} in {:?}", profile.notes);
        }
    }
    assert_eq!(profile.notes.len(), 16);
}

#[test]
fn no_bytes_are_no_profile() {
    assert_eq!(decode(&[]).map_err(|error| error.code()), Err("empty_input"));
}
