//! Other ways to write a message, and ways to break one.

use crate::message::{Label, Line, Profile};
use prost::Message;

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
pub fn unpacked(message: &Profile) -> Vec<u8> {
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
pub type Break = (&'static str, fn(&mut Profile));

pub const BREAKS: [Break; 18] = [
    ("location", |p| {
        p.sample[0]
            .location_id
            .push(free(p.location.iter().map(|row| row.id)));
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
        });
    }),
    ("string", |p| p.sample_type[0].unit = 1_000_000),
    ("string", |p| p.string_table.clear()),
];

/// An id that no row has.
pub fn free(ids: impl Iterator<Item = u64>) -> u64 {
    let taken: Vec<u64> = ids.collect();
    (1..=u64::MAX).find(|id| !taken.contains(id)).unwrap()
}
