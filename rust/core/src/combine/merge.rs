//! n decoded profiles -> one, in pprof's order.
//!
//! Samples with equal stacks and labels are added; samples of only zeros vanish. Rows come out in the order in which
//! samples first name them, as in pprof. Where order must not matter there is [`super::Partial`].

use super::build::{Build, Order};
use super::location_set::{Place, ShortLine};
use super::stack_set::{StackRow, hash};
use super::sums::Sums;
use super::tables::{Keep, Tables};
use crate::error::{Error, Result};
use crate::ids::{FunctionId, LabelSetId, LocationId, MappingId, StackId, StringId};
use crate::profile::{Header, Note, Profile};
use crate::table::{Function, Label, LabelValue, Line, Mapping};
use crate::value_type::ValueType;
use rustc_hash::FxHashSet;

/// Merges profiles with equal sample types. A single profile is compacted: rows that no sample needs go.
///
/// Sums wrap on overflow, which keeps merging associative; a note says so when it happened.
///
/// # Errors
///
/// No profiles, or sample types or period types that differ.
pub fn merge(profiles: &[&Profile]) -> Result<Profile> {
    let (first, rest) = profiles
        .split_first()
        .ok_or_else(|| Error::incompatible("there are no profiles to merge"))?;
    for profile in rest {
        check_compatible(first, profile)?;
    }
    let mut merger = Merger {
        sums: Sums::new(first.header.sample_types.len()),
        ..Merger::default()
    };
    for profile in profiles {
        merger.add(profile);
    }
    Ok(merger.finish(profiles))
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

/// The result as it grows.
#[derive(Default)]
struct Merger {
    tables: Tables,
    sums: Sums,
    /// The first mapping is the main binary; it keeps that place even if no sample is in it.
    main: Option<MappingId>,
    overflowed: bool,
}

/// Rows of one source that are already in the result.
pub(super) struct Source<'p> {
    profile: &'p Profile,
    keep: Keep,
    strings: Vec<Option<StringId>>,
    functions: Vec<Option<FunctionId>>,
    mappings: Vec<Option<MappingId>>,
    locations: Vec<Option<LocationId>>,
    stacks: Vec<Option<StackRow>>,
    label_sets: Vec<Option<LabelSetId>>,
}

impl<'p> Source<'p> {
    pub(super) fn new(profile: &'p Profile, keep: Keep) -> Self {
        Self {
            profile,
            keep,
            strings: vec![None; profile.strings.len()],
            functions: vec![None; profile.functions.len()],
            mappings: vec![None; profile.mappings.len()],
            locations: vec![None; profile.locations.len()],
            stacks: vec![None; profile.stacks.len()],
            label_sets: vec![None; profile.label_sets.len()],
        }
    }

    pub(super) fn string(&mut self, tables: &mut Tables, id: StringId) -> StringId {
        *self.strings[id.index()].get_or_insert_with(|| tables.strings.intern(self.profile.strings.get(id)))
    }

    fn function(&mut self, tables: &mut Tables, id: FunctionId) -> FunctionId {
        if let Some(function) = self.functions[id.index()] {
            return function;
        }
        let function = self.profile.functions.get(id);
        let function = Function {
            name: self.string(tables, function.name),
            system_name: self.string(tables, function.system_name),
            filename: self.string(tables, function.filename),
            start_line: function.start_line,
        };
        *self.functions[id.index()].insert(tables.function(function))
    }

    pub(super) fn mapping(&mut self, tables: &mut Tables, id: MappingId) -> MappingId {
        if let Some(mapping) = self.mappings[id.index()] {
            return mapping;
        }
        let mapping = *self.profile.mappings.get(id);
        let mapping = Mapping {
            file: self.string(tables, mapping.file),
            build_id: self.string(tables, mapping.build_id),
            ..mapping
        };
        let row = tables.mapping(&mapping);
        tables.settle(row, &mapping, self.keep);
        *self.mappings[id.index()].insert(row)
    }

    pub(super) fn location(&mut self, tables: &mut Tables, id: LocationId) -> LocationId {
        if let Some(location) = self.locations[id.index()] {
            return location;
        }
        let profile = self.profile;
        let location = *profile.locations.get(id);
        let mapping = location.mapping.map(|mapping| self.mapping(tables, mapping));
        let start = location
            .mapping
            .map_or(0, |mapping| profile.mappings.get(mapping).start);
        let lines: Vec<ShortLine> = profile
            .locations
            .lines(id)
            .iter()
            .map(|line| {
                let function = self.function(tables, line.function);
                tables.locations.shorten(Line { function, ..*line })
            })
            .collect();
        let place = Place {
            relative: location.address.wrapping_sub(start),
            mapping,
            is_folded: location.is_folded,
        };
        *self.locations[id.index()].insert(tables.locations.intern(place, &lines))
    }

    pub(super) fn stack(&mut self, tables: &mut Tables, id: StackId) -> StackRow {
        if let Some(stack) = self.stacks[id.index()] {
            return stack;
        }
        let profile = self.profile;
        let frames: Vec<u32> = profile
            .stacks
            .frames(id)
            .map(|location| self.location(tables, location).0)
            .collect();
        *self.stacks[id.index()].insert(tables.stacks.intern(hash(&frames), &frames))
    }

    pub(super) fn label_set(&mut self, tables: &mut Tables, id: LabelSetId) -> LabelSetId {
        if let Some(set) = self.label_sets[id.index()] {
            return set;
        }
        let profile = self.profile;
        let labels: Vec<Label> = profile
            .label_sets
            .get(id)
            .iter()
            .map(|label| Label {
                key: self.string(tables, label.key),
                value: match label.value {
                    LabelValue::Str(text) => LabelValue::Str(self.string(tables, text)),
                    LabelValue::Num(value, unit) => LabelValue::Num(value, self.string(tables, unit)),
                },
            })
            .collect();
        *self.label_sets[id.index()].insert(tables.label_sets.intern_sorted(&labels))
    }
}

impl Merger {
    fn add(&mut self, profile: &Profile) {
        let mut source = Source::new(profile, Keep::First);
        if self.main.is_none() && !profile.mappings.is_empty() {
            self.main = Some(source.mapping(&mut self.tables, MappingId(0)));
        }
        let samples = &profile.samples;
        let mut values = Vec::with_capacity(samples.values.len());
        for sample in 0..samples.len() {
            values.clear();
            values.extend(samples.row(sample));
            if values.iter().all(|&value| value == 0) {
                continue;
            }
            let stack = source.stack(&mut self.tables, samples.stack[sample]);
            let set = source.label_set(&mut self.tables, samples.label_set[sample]);
            let row = self.sums.row(stack, set.0);
            let sums = self.sums.values(row);
            self.overflowed |= sums
                .iter()
                .zip(&values)
                .any(|(sum, value)| sum.checked_add(*value).is_none());
            self.sums.add(row, &values);
        }
    }

    /// The header is that of the first profile, with the earliest time, the summed duration, the largest period and
    /// the comments of all.
    fn finish(mut self, profiles: &[&Profile]) -> Profile {
        let first = profiles[0];
        let own = &first.header;
        let strings = &mut self.tables.strings;
        let mut string = |profile: &Profile, id: StringId| strings.intern(profile.strings.get(id));
        let mut header = Header {
            sample_types: own
                .sample_types
                .iter()
                .map(|sample_type| ValueType {
                    type_: string(first, sample_type.type_),
                    unit: string(first, sample_type.unit),
                })
                .collect(),
            drop_frames: string(first, own.drop_frames),
            keep_frames: string(first, own.keep_frames),
            period_type: ValueType {
                type_: string(first, own.period_type.type_),
                unit: string(first, own.period_type.unit),
            },
            ..Header::default()
        };
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
                let comment = string(profile, comment);
                if seen.insert(comment) {
                    header.comments.push(comment);
                }
            }
            if header.default_sample_type.is_empty() {
                header.default_sample_type = string(profile, other.default_sample_type);
            }
            if header.doc_url.is_empty() {
                header.doc_url = string(profile, other.doc_url);
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
        let order = Order::of_appearance(&self.tables, &self.sums, self.main);
        let columns = columns(&self.sums, &order.samples);
        Build {
            tables: &self.tables,
            sums: &self.sums,
            order: &order,
            header,
            notes,
        }
        .profile(columns)
    }
}

/// The values of samples, one column a sample type.
pub(super) fn columns(sums: &Sums, samples: &[u32]) -> Vec<Vec<i64>> {
    (0..sums.width())
        .map(|column| samples.iter().map(|&row| sums.values(row)[column]).collect())
        .collect()
}
