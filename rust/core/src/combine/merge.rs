//! n profiles -> one.
//!
//! Rows are equal when their contents are, whatever their ids. Mappings are equal by build id (else file), offset and
//! size rounded to pages, so that the same binary loaded elsewhere is the same mapping; locations are then compared
//! by their offset in the mapping. Samples with equal stacks and labels are added; samples of only zeros vanish. Rows come
//! out in the order in which samples first name them, as in pprof.
//!
//! Unlike pprof, inlined lines that differ only in their column stay apart: its key overwrites the column of every
//! line but the last.

use crate::error::{Error, ErrorKind, Result};
use crate::ids::{FunctionId, LabelSetId, LocationId, MappingId, StackId, StringId};
use crate::profile::{Header, Note, Profile};
use crate::table::{
    Function, Functions, Label, LabelSetsBuilder, LabelValue, Line, Location, Locations, Mapping, Mappings,
    Samples, StacksBuilder, StringsBuilder,
};
use crate::value_type::ValueType;
use rustc_hash::{FxHashMap, FxHashSet};

/// Merges profiles with equal sample types. A single profile is compacted: rows that no sample needs go.
///
/// Sums wrap on overflow, which keeps merging associative; a note says so when it happened.
///
/// # Errors
///
/// No profiles, or sample types or period types that differ.
pub fn merge(profiles: &[&Profile]) -> Result<Profile> {
    let (first, rest) = profiles.split_first().ok_or_else(|| {
        Error::new(ErrorKind::Incompatible {
            detail: "there are no profiles to merge".to_owned(),
        })
    })?;
    for profile in rest {
        check_compatible(first, profile)?;
    }
    let mut merger = Merger::default();
    for profile in profiles {
        merger.add(profile);
    }
    let merged = merger.finish(profiles);
    let has_zero = (0..merged.samples.len()).any(|sample| merged.samples.row(sample).all(|value| value == 0));
    if has_zero { merge(&[&merged]) } else { Ok(merged) }
}

/// Refuses profiles whose sample types or period types differ.
pub(super) fn check_compatible(one: &Profile, other: &Profile) -> Result<()> {
    let names = |profile: &Profile, vt: ValueType| {
        format!(
            "{}/{}",
            profile.strings.text(vt.type_),
            profile.strings.text(vt.unit)
        )
    };
    let list = |profile: &Profile| {
        profile
            .header
            .sample_types
            .iter()
            .map(|&vt| names(profile, vt))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (period, other_period) = (
        names(one, one.header.period_type),
        names(other, other.header.period_type),
    );
    if period != other_period {
        return Err(Error::incompatible(format!(
            "period types {period} and {other_period}"
        )));
    }
    if list(one) != list(other) {
        return Err(Error::incompatible(format!(
            "sample types [{}] and [{}]",
            list(one),
            list(other)
        )));
    }
    Ok(())
}

/// Sizes of mappings are compared in whole pages of this many bytes.
const PAGE: u64 = 0x1000;

/// The result as it grows.
#[derive(Default)]
struct Merger {
    strings: StringsBuilder,
    functions: Functions,
    function_rows: FxHashMap<Function, FunctionId>,
    mappings: Mappings,
    mapping_rows: FxHashMap<MappingKey, MappingId>,
    locations: Locations,
    location_rows: FxHashMap<(LocationKey, Box<[Line]>), LocationId>,
    stacks: StacksBuilder,
    label_sets: LabelSetsBuilder,
    sample_rows: FxHashMap<(StackId, LabelSetId), u32>,
    samples: Samples,
    overflowed: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct MappingKey {
    size: u64,
    offset: u64,
    build_id_or_file: StringId,
}

#[derive(PartialEq, Eq, Hash)]
struct LocationKey {
    address: u64,
    mapping: Option<MappingId>,
    is_folded: bool,
}

/// Rows of one source that are already in the result.
struct Source<'p> {
    profile: &'p Profile,
    strings: Vec<Option<StringId>>,
    functions: Vec<Option<FunctionId>>,
    /// The row, and what is to be added to its addresses.
    mappings: Vec<Option<(MappingId, u64)>>,
    locations: Vec<Option<LocationId>>,
    stacks: Vec<Option<StackId>>,
    label_sets: Vec<Option<LabelSetId>>,
}

impl<'p> Source<'p> {
    fn new(profile: &'p Profile) -> Self {
        Self {
            profile,
            strings: vec![None; profile.strings.len()],
            functions: vec![None; profile.functions.len()],
            mappings: vec![None; profile.mappings.len()],
            locations: vec![None; profile.locations.len()],
            stacks: vec![None; profile.stacks.len()],
            label_sets: vec![None; profile.label_sets.len()],
        }
    }
}

impl Merger {
    fn add(&mut self, profile: &Profile) {
        let mut source = Source::new(profile);
        if self.samples.values.is_empty() {
            self.samples = Samples::with_sample_types(profile.samples.values.len());
        }
        // The first mapping is the main binary; it keeps that place even if no sample is in it.
        if self.mappings.is_empty() && !profile.mappings.is_empty() {
            self.mapping(&mut source, MappingId(0));
        }
        let samples = &profile.samples;
        for sample in 0..samples.len() {
            if samples.row(sample).all(|value| value == 0) {
                continue;
            }
            let stack = self.stack(&mut source, samples.stack[sample]);
            let label_set = self.label_set(&mut source, samples.label_set[sample]);
            let next = self.samples.len() as u32;
            let row = *self.sample_rows.entry((stack, label_set)).or_insert(next);
            if row == next {
                self.samples.push(stack, label_set, samples.row(sample));
                continue;
            }
            for (column, value) in self.samples.values.iter_mut().zip(samples.row(sample)) {
                let (sum, overflowed) = column[row as usize].overflowing_add(value);
                column[row as usize] = sum;
                self.overflowed |= overflowed;
            }
        }
    }

    fn string(&mut self, source: &mut Source<'_>, id: StringId) -> StringId {
        *source.strings[id.index()].get_or_insert_with(|| self.strings.intern(source.profile.strings.get(id)))
    }

    fn function(&mut self, source: &mut Source<'_>, id: FunctionId) -> FunctionId {
        if let Some(function) = source.functions[id.index()] {
            return function;
        }
        let function = source.profile.functions.get(id);
        let key = Function {
            name: self.string(source, function.name),
            system_name: self.string(source, function.system_name),
            filename: self.string(source, function.filename),
            start_line: function.start_line,
        };
        let Self {
            functions,
            function_rows,
            ..
        } = self;
        let row = *function_rows.entry(key).or_insert_with(|| functions.push(key));
        source.functions[id.index()] = Some(row);
        row
    }

    fn mapping(&mut self, source: &mut Source<'_>, id: MappingId) -> (MappingId, u64) {
        if let Some(mapping) = source.mappings[id.index()] {
            return mapping;
        }
        let mapping = *source.profile.mappings.get(id);
        let size = mapping.limit.wrapping_sub(mapping.start).wrapping_add(PAGE - 1);
        let (file, build_id) = (
            self.string(source, mapping.file),
            self.string(source, mapping.build_id),
        );
        let key = MappingKey {
            size: size - size % PAGE,
            offset: mapping.offset,
            build_id_or_file: if build_id.is_empty() { file } else { build_id },
        };
        let Self {
            mappings,
            mapping_rows,
            ..
        } = self;
        let row = *mapping_rows.entry(key).or_insert_with(|| {
            mappings.push(Mapping {
                file,
                build_id,
                ..mapping
            })
        });
        let moved = (row, mappings.get(row).start.wrapping_sub(mapping.start));
        source.mappings[id.index()] = Some(moved);
        moved
    }

    fn location(&mut self, source: &mut Source<'_>, id: LocationId) -> LocationId {
        if let Some(location) = source.locations[id.index()] {
            return location;
        }
        let profile = source.profile;
        let location = *profile.locations.get(id);
        let mapping = location.mapping.map(|mapping| self.mapping(source, mapping));
        let address = location
            .address
            .wrapping_add(mapping.map_or(0, |(_, moved)| moved));
        let lines: Box<[Line]> = profile
            .locations
            .lines(id)
            .iter()
            .map(|line| Line {
                function: self.function(source, line.function),
                ..*line
            })
            .collect();
        let mapping = mapping.map(|(row, _)| row);
        let start = mapping.map_or(0, |row| self.mappings.get(row).start);
        let key = LocationKey {
            address: address.wrapping_sub(start),
            mapping,
            is_folded: location.is_folded,
        };
        let Self {
            locations,
            location_rows,
            ..
        } = self;
        let merged = Location {
            mapping,
            address,
            is_folded: location.is_folded,
        };
        let row = match location_rows.entry((key, lines)) {
            std::collections::hash_map::Entry::Occupied(found) => *found.get(),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let row = locations.push(merged, &vacant.key().1);
                *vacant.insert(row)
            }
        };
        source.locations[id.index()] = Some(row);
        row
    }

    fn stack(&mut self, source: &mut Source<'_>, id: StackId) -> StackId {
        if let Some(stack) = source.stacks[id.index()] {
            return stack;
        }
        let profile = source.profile;
        let frames: Vec<LocationId> = profile
            .stacks
            .frames(id)
            .map(|location| self.location(source, location))
            .collect();
        let row = self.stacks.intern(frames);
        source.stacks[id.index()] = Some(row);
        row
    }

    fn label_set(&mut self, source: &mut Source<'_>, id: LabelSetId) -> LabelSetId {
        if let Some(set) = source.label_sets[id.index()] {
            return set;
        }
        let profile = source.profile;
        let labels: Vec<Label> = profile
            .label_sets
            .get(id)
            .iter()
            .map(|label| Label {
                key: self.string(source, label.key),
                value: match label.value {
                    LabelValue::Str(text) => LabelValue::Str(self.string(source, text)),
                    LabelValue::Num(value, unit) => LabelValue::Num(value, self.string(source, unit)),
                },
            })
            .collect();
        let row = self.label_sets.intern_sorted(&labels);
        source.label_sets[id.index()] = Some(row);
        row
    }

    /// The header is that of the first profile, with the earliest time, the summed duration, the largest period and
    /// the comments of all.
    fn finish(mut self, profiles: &[&Profile]) -> Profile {
        let first = profiles[0];
        let mut source = Source::new(first);
        let own = &first.header;
        let mut header = Header {
            sample_types: Vec::with_capacity(own.sample_types.len()),
            drop_frames: self.string(&mut source, own.drop_frames),
            keep_frames: self.string(&mut source, own.keep_frames),
            period_type: ValueType {
                type_: self.string(&mut source, own.period_type.type_),
                unit: self.string(&mut source, own.period_type.unit),
            },
            ..Header::default()
        };
        for st in &own.sample_types {
            let (type_, unit) = (
                self.string(&mut source, st.type_),
                self.string(&mut source, st.unit),
            );
            header.sample_types.push(ValueType { type_, unit });
        }
        let mut seen = FxHashSet::default();
        for profile in profiles {
            let other = &profile.header;
            if header.time_nanos == 0 || other.time_nanos < header.time_nanos {
                header.time_nanos = other.time_nanos;
            }
            header.duration_nanos = header.duration_nanos.wrapping_add(other.duration_nanos);
            if header.period == 0 || header.period < other.period {
                header.period = other.period;
            }
            for &comment in &other.comments {
                let comment = self.strings.intern(profile.strings.get(comment));
                if seen.insert(comment) {
                    header.comments.push(comment);
                }
            }
            if header.default_sample_type.is_empty() {
                header.default_sample_type = self
                    .strings
                    .intern(profile.strings.get(other.default_sample_type));
            }
            if header.doc_url.is_empty() {
                header.doc_url = self.strings.intern(profile.strings.get(other.doc_url));
            }
        }
        let mut notes: Vec<Note> = Vec::new();
        for note in profiles.iter().flat_map(|profile| &profile.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        if self.overflowed {
            notes.push(Note {
                code: "overflow",
                detail: "a sum passed 64 bits and wrapped around".to_owned(),
            });
        }
        self.samples.shrink_to_fit();
        Profile {
            header,
            strings: self.strings.finish(),
            functions: self.functions,
            mappings: self.mappings,
            locations: self.locations,
            stacks: self.stacks.finish(),
            label_sets: self.label_sets.finish(),
            samples: self.samples,
            notes,
        }
    }
}
