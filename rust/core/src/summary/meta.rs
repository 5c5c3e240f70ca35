//! What a profile says about itself, and how good it is.

use super::text;
use crate::ids::{LocationId, StackId};
use crate::profile::Profile;
use crate::view::View;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A sample type with the sum of its absolute values.
#[derive(Debug, Clone, Serialize)]
pub struct SampleTypeTotal {
    /// What is counted.
    #[serde(rename = "type")]
    pub type_: String,
    /// In what.
    pub unit: String,
    /// Sum of absolute values, after the profile's own `drop_frames`.
    pub total: i64,
}

/// A type and its unit.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodType {
    /// What is counted.
    #[serde(rename = "type")]
    pub type_: String,
    /// In what.
    pub unit: String,
}

/// A loaded binary.
#[derive(Debug, Clone, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "the four flags of the format")]
pub struct MappingRow {
    /// Its path.
    pub file: String,
    /// Its build id.
    pub build_id: String,
    /// First address, in hexadecimal.
    pub start: String,
    /// One past the last address, in hexadecimal.
    pub limit: String,
    /// Offset in the file, in hexadecimal.
    pub offset: String,
    /// See [`crate::table::Mapping`].
    pub has_functions: bool,
    /// See [`crate::table::Mapping`].
    pub has_filenames: bool,
    /// See [`crate::table::Mapping`].
    pub has_line_numbers: bool,
    /// See [`crate::table::Mapping`].
    pub has_inline_frames: bool,
}

/// A label key.
#[derive(Debug, Clone, Serialize)]
pub struct LabelKey {
    /// The key.
    pub key: String,
    /// Whether its values are numbers.
    pub numeric: bool,
    /// Different values.
    pub values: usize,
    /// Samples that have it.
    pub samples: usize,
}

/// Something noticed while decoding.
#[derive(Debug, Clone, Serialize)]
pub struct NoteRow {
    /// A name that never changes.
    pub code: &'static str,
    /// A sentence.
    pub detail: String,
}

/// How good the profile is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Quality {
    /// Locations without a function.
    pub unsymbolized_locations: usize,
    /// Locations of the deepest stack.
    pub max_depth: usize,
    /// Mean number of locations of a sample.
    pub mean_depth: f64,
    /// Samples at the greatest depth, where that is a depth at which profilers cut stacks off.
    pub truncated_stacks: usize,
    /// Samples without any location.
    pub empty_stacks: usize,
    /// Values below zero.
    pub negative_values: usize,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    /// The sample types, in order.
    pub sample_types: Vec<SampleTypeTotal>,
    /// The default that the profile names.
    pub default_sample_type: Option<String>,
    /// The sample type that is looked at when none is asked for; -1 when there are none.
    pub default_index: i64,
    /// What the period counts.
    pub period_type: Option<PeriodType>,
    /// Events between two samples.
    pub period: i64,
    /// When it was taken, in nanoseconds since 1970.
    pub time_nanos: i64,
    /// Covered time.
    pub duration_nanos: i64,
    /// Samples.
    pub samples: usize,
    /// Different stacks.
    pub stacks: usize,
    /// Locations.
    pub locations: usize,
    /// Functions.
    pub functions: usize,
    /// Loaded binaries.
    pub mappings: Vec<MappingRow>,
    /// Label keys, by name.
    pub label_keys: Vec<LabelKey>,
    /// Free text.
    pub comments: Vec<String>,
    /// Where the profile is explained.
    pub doc_url: Option<String>,
    /// Frames that are cut off.
    pub drop_frames: Option<String>,
    /// Exceptions to `drop_frames`.
    pub keep_frames: Option<String>,
    /// Bytes of all strings.
    pub string_bytes: usize,
    /// Bytes held in memory.
    pub heap_bytes: usize,
    /// What was noticed while decoding.
    pub notes: Vec<NoteRow>,
    /// How good it is.
    pub quality: Quality,
}

/// Depths at which profilers are known to cut stacks off: Go's 32 (heap, block and mutex before 1.23), 64 (CPU) and 128,
/// 512 of dd-trace and JFR's 64 and 2048, py-spy and perf's 127 and 128. Chosen from their documentation.
const CUT_DEPTHS: [usize; 8] = [32, 64, 127, 128, 256, 400, 512, 2048];

/// What a profile says about itself.
#[must_use]
pub fn meta(profile: &Profile) -> Meta {
    let header = &profile.header;
    let string = |id| profile.strings.text(id).into_owned();
    let optional = |id| Some(string(id)).filter(|text| !text.is_empty());
    let view = View::new(profile);
    let mut totals = vec![0i64; header.sample_types.len()];
    let mut negative_values = 0;
    for (total, column) in totals.iter_mut().zip(&profile.samples.values) {
        for value in column {
            *total = total.wrapping_add(value.wrapping_abs());
            negative_values += usize::from(*value < 0);
        }
    }
    let period_type = PeriodType {
        type_: string(header.period_type.type_),
        unit: string(header.period_type.unit),
    };
    Meta {
        sample_types: header
            .sample_types
            .iter()
            .zip(totals)
            .map(|(st, total)| SampleTypeTotal {
                type_: string(st.type_),
                unit: string(st.unit),
                total,
            })
            .collect(),
        default_sample_type: optional(header.default_sample_type),
        default_index: profile.sample_index("").map_or(-1, |index| index as i64),
        period_type: Some(period_type).filter(|period| !period.type_.is_empty() || !period.unit.is_empty()),
        period: header.period,
        time_nanos: header.time_nanos,
        duration_nanos: header.duration_nanos,
        samples: profile.samples.len(),
        stacks: profile.stacks.len(),
        locations: profile.locations.len(),
        functions: profile.functions.len(),
        mappings: mappings(profile),
        label_keys: label_keys(&view),
        comments: header.comments.iter().map(|&comment| string(comment)).collect(),
        doc_url: optional(header.doc_url),
        drop_frames: optional(header.drop_frames),
        keep_frames: optional(header.keep_frames),
        string_bytes: profile.strings.byte_len(),
        heap_bytes: profile.heap_bytes(),
        notes: profile
            .notes
            .iter()
            .map(|note| NoteRow {
                code: note.code,
                detail: note.detail.clone(),
            })
            .collect(),
        quality: Quality {
            negative_values,
            ..quality(profile)
        },
    }
}

fn mappings(profile: &Profile) -> Vec<MappingRow> {
    let string = |id| profile.strings.text(id).into_owned();
    profile
        .mappings
        .rows
        .iter()
        .map(|mapping| MappingRow {
            file: string(mapping.file),
            build_id: string(mapping.build_id),
            start: format!("{:#x}", mapping.start),
            limit: format!("{:#x}", mapping.limit),
            offset: format!("{:#x}", mapping.offset),
            has_functions: mapping.has_functions,
            has_filenames: mapping.has_filenames,
            has_line_numbers: mapping.has_line_numbers,
            has_inline_frames: mapping.has_inline_frames,
        })
        .collect()
}

fn label_keys(view: &View<'_>) -> Vec<LabelKey> {
    let mut samples_of = vec![0usize; view.label_sets().len()];
    for sample in view.samples() {
        samples_of[sample.label_set.index()] += 1;
    }
    let mut keys: BTreeMap<(String, bool), (BTreeSet<_>, usize)> = BTreeMap::new();
    for (set, &samples) in view.label_sets().ids().zip(&samples_of) {
        for group in view.label_sets().groups(set).filter(|_| samples > 0) {
            let key = (text(view.strings().get(group[0].key)), group[0].is_num());
            let entry = keys.entry(key).or_default();
            entry.0.extend(group.iter().map(|label| match label.value {
                crate::table::LabelValue::Str(text) => (i64::from(text.0), text),
                crate::table::LabelValue::Num(number, unit) => (number, unit),
            }));
            entry.1 += samples;
        }
    }
    keys.into_iter()
        .map(|((key, numeric), (values, samples))| LabelKey {
            key,
            numeric,
            values: values.len(),
            samples,
        })
        .collect()
}

fn quality(profile: &Profile) -> Quality {
    let depths: Vec<usize> = (0..profile.stacks.len())
        .map(|row| profile.stacks.frames(StackId::from_index(row)).count())
        .collect();
    let samples = || profile.samples.stack.iter().map(|stack| depths[stack.index()]);
    let max_depth = samples().max().unwrap_or(0);
    let sum: usize = samples().sum();
    let has_function = |id: LocationId| {
        profile
            .locations
            .lines(id)
            .iter()
            .any(|line| !profile.functions.name[line.function.index()].is_empty())
    };
    Quality {
        unsymbolized_locations: profile.locations.ids().filter(|&id| !has_function(id)).count(),
        max_depth,
        mean_depth: (sum as f64 / profile.samples.len().max(1) as f64 * 10.0).round() / 10.0,
        truncated_stacks: if CUT_DEPTHS.contains(&max_depth) {
            samples().filter(|&depth| depth == max_depth).count()
        } else {
            0
        },
        empty_stacks: samples().filter(|&depth| depth == 0).count(),
        negative_values: 0,
    }
}
