//! A decoded profile, and the builder that makes one.

use crate::error::{Error, Result};
use crate::ids::{FunctionId, LocationId, MappingId, StackId, StringId};
use crate::table::{
    Function, Functions, Label, LabelSets, LabelSetsBuilder, LabelValue, Line, Location, Locations, Mapping,
    Mappings, Samples, Stacks, StacksBuilder, Strings, StringsBuilder,
};
use crate::value_type::ValueType;

/// What a profile says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// What each value of a sample counts.
    pub sample_types: Vec<ValueType>,
    /// The sample type to show when nobody asks for one; empty when not named.
    pub default_sample_type: StringId,
    /// Frames matching this expression, whole, are cut off with all they called; empty for none.
    pub drop_frames: StringId,
    /// Exceptions to `drop_frames`.
    pub keep_frames: StringId,
    /// When it was taken, in nanoseconds since 1970; 0 when unknown.
    pub time_nanos: i64,
    /// Covered time in nanoseconds; 0 when unknown.
    pub duration_nanos: i64,
    /// What the period counts.
    pub period_type: ValueType,
    /// Events between two samples.
    pub period: i64,
    /// Free text.
    pub comments: Vec<StringId>,
    /// Where the profile is explained.
    pub doc_url: StringId,
}

/// Something about the input that a reader should know and that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A name that never changes: `unknown_field`, `dangling_mapping`, `maybe_truncated`, `overflow`.
    pub code: &'static str,
    /// A sentence with the numbers.
    pub detail: String,
}

/// A profile: interned columns, every id checked, immutable once built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// What the profile says about itself.
    pub header: Header,
    /// All strings.
    pub strings: Strings,
    /// All functions.
    pub functions: Functions,
    /// All mappings; the first is the main binary.
    pub mappings: Mappings,
    /// All locations and their lines.
    pub locations: Locations,
    /// All stacks.
    pub stacks: Stacks,
    /// All label sets.
    pub label_sets: LabelSets,
    /// All samples.
    pub samples: Samples,
    /// What was noticed on the way in.
    pub notes: Vec<Note>,
}

impl Profile {
    /// Bytes held by the columns, without allocator overhead.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let samples = self.samples.len() * (8 + 8 * self.samples.values.len());
        let labels = self
            .label_sets
            .ids()
            .map(|id| size_of_val(self.label_sets.get(id)) + 4)
            .sum::<usize>();
        self.strings.byte_len()
            + 4 * self.strings.len()
            + self.functions.len() * 28
            + self.mappings.len() * size_of::<Mapping>()
            + self.locations.len() * (size_of::<Location>() + 12)
            + self.locations.line_count() * size_of::<Line>()
            + self.stacks.byte_len()
            + 4 * self.stacks.len()
            + labels
            + samples
    }
}

/// Builds a profile row by row, checking every reference.
#[derive(Debug, Clone, Default)]
pub struct ProfileBuilder {
    /// What the profile will say about itself; fill it before the first sample.
    pub header: Header,
    /// What was noticed on the way.
    pub notes: Vec<Note>,
    strings: StringsBuilder,
    functions: Functions,
    mappings: Mappings,
    locations: Locations,
    stacks: StacksBuilder,
    label_sets: LabelSetsBuilder,
    samples: Samples,
}

impl ProfileBuilder {
    /// The id of a string.
    pub fn string(&mut self, bytes: &[u8]) -> StringId {
        self.strings.intern(bytes)
    }

    /// The bytes of a string interned before.
    #[must_use]
    pub fn string_bytes(&self, id: StringId) -> &[u8] {
        self.strings.get(id)
    }

    /// A value type from its two names.
    pub fn value_type(&mut self, type_: &[u8], unit: &[u8]) -> ValueType {
        ValueType {
            type_: self.string(type_),
            unit: self.string(unit),
        }
    }

    /// Adds a mapping.
    pub fn mapping(&mut self, mapping: Mapping) -> MappingId {
        self.mappings.push(mapping)
    }

    /// Adds a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        self.functions.push(function)
    }

    /// Adds a location.
    ///
    /// # Errors
    ///
    /// A mapping or function that was not added before.
    pub fn location(&mut self, location: Location, lines: &[Line]) -> Result<LocationId> {
        if let Some(mapping) = location.mapping
            && mapping.index() >= self.mappings.len()
        {
            return Err(Error::invalid(format!(
                "location of mapping row {}, of {}",
                mapping.0,
                self.mappings.len()
            )));
        }
        if let Some(line) = lines
            .iter()
            .find(|line| line.function.index() >= self.functions.len())
        {
            return Err(Error::invalid(format!(
                "line of function row {}, of {}",
                line.function.0,
                self.functions.len()
            )));
        }
        Ok(self.locations.push(location, lines))
    }

    /// A text label.
    pub fn label(&mut self, key: &[u8], value: &[u8]) -> Label {
        Label {
            key: self.string(key),
            value: LabelValue::Str(self.string(value)),
        }
    }

    /// A numeric label; an empty `unit` means none.
    pub fn num_label(&mut self, key: &[u8], value: i64, unit: &[u8]) -> Label {
        Label {
            key: self.string(key),
            value: LabelValue::Num(value, self.string(unit)),
        }
    }

    /// Adds a sample; `stack` is leaf first.
    ///
    /// # Errors
    ///
    /// Another number of values than there are sample types, or a location that was not added before.
    pub fn sample(&mut self, stack: &[LocationId], values: &[i64], labels: &mut [Label]) -> Result<()> {
        let stack = self.stack(stack)?;
        if self.samples.values.is_empty() && self.samples.is_empty() {
            self.samples = Samples::with_sample_types(self.header.sample_types.len());
        }
        if values.len() != self.header.sample_types.len() {
            return Err(Error::invalid(format!(
                "sample has {} values, the profile {} sample types",
                values.len(),
                self.header.sample_types.len()
            )));
        }
        let strings = &self.strings;
        let label_set = self.label_sets.intern(labels, |id| strings.get(id));
        self.samples.push(stack, label_set, values.iter().copied());
        Ok(())
    }

    fn stack(&mut self, stack: &[LocationId]) -> Result<StackId> {
        if let Some(location) = stack
            .iter()
            .find(|location| location.index() >= self.locations.len())
        {
            return Err(Error::invalid(format!(
                "sample at location row {}, of {}",
                location.0,
                self.locations.len()
            )));
        }
        Ok(self.stacks.intern(stack.iter().copied()))
    }

    /// The finished profile.
    #[must_use]
    pub fn finish(mut self) -> Profile {
        if self.samples.is_empty() {
            self.samples = Samples::with_sample_types(self.header.sample_types.len());
        }
        self.samples.shrink_to_fit();
        Profile {
            header: self.header,
            strings: self.strings.finish(),
            functions: self.functions,
            mappings: self.mappings,
            locations: self.locations,
            stacks: self.stacks.finish(),
            label_sets: self.label_sets.finish(),
            samples: self.samples,
            notes: self.notes,
        }
    }
}
