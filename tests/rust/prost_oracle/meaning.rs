//! What a message and a profile mean, without ids of strings.

use crate::message::{Label, Profile, ValueType};
use pprof_core::Profile as Decoded;
use pprof_core::ids::{FunctionId, LocationId, MappingId, StringId};
use pprof_core::table::LabelValue;

/// A label with its strings; a number has a unit.
#[derive(Debug, PartialEq, Clone)]
pub enum Tag {
    Text(Vec<u8>, Vec<u8>),
    Number(Vec<u8>, i64, Vec<u8>),
}

/// Id; start, limit and offset; file and build id; the four flags.
type MappingMeaning = (u64, [u64; 3], [Vec<u8>; 2], [bool; 4]);
/// Id, mapping, address; function, line and column of each line; whether it is folded.
type LocationMeaning = (u64, u64, u64, Vec<(u64, i64, i64)>, bool);

/// A profile with every index resolved, in the order of its tables.
#[derive(Debug, PartialEq)]
pub struct Meaning {
    sample_types: Vec<[Vec<u8>; 2]>,
    pub samples: Vec<(Vec<u64>, Vec<i64>, Vec<Tag>)>,
    mappings: Vec<MappingMeaning>,
    locations: Vec<LocationMeaning>,
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
pub fn meaning_of_message(message: &Profile) -> Meaning {
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
pub fn meaning_of_columns(profile: &Decoded) -> Meaning {
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

/// Whether a label says nothing that can be written: an empty text, or 0 in no unit.
///
/// A file can have the first, by naming an empty string that is not the first of its table. As in pprof, such a label
/// is read, and written as one without a value, which is no label to the next reader.
pub fn is_silent(tag: &Tag) -> bool {
    match tag {
        Tag::Text(_, value) => value.is_empty(),
        Tag::Number(_, value, unit) => *value == 0 && unit.is_empty(),
    }
}

pub fn without_silent(mut meaning: Meaning) -> Meaning {
    for (.., tags) in &mut meaning.samples {
        tags.retain(|tag| !is_silent(tag));
    }
    meaning
}
