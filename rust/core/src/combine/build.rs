//! Merged tables -> profile: which rows are written, and in which order.

use super::location_set::Place;
use super::parallel;
use super::sums::{NONE, Sums};
use super::tables::Tables;
use crate::ids::{FunctionId, LabelSetId, LocationId, MappingId, StackId, StringId};
use crate::profile::{Header, Note, Profile};
use crate::table::{
    ByteArena, FileIds, Function, Functions, Label, LabelSets, LabelValue, Line, Location, Locations,
    Mapping, Mappings, Packer, Samples, Stacks, Strings, pack,
};
use crate::value_type::ValueType;

/// Rows of the merged tables in the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rows of [`Sums`].
    pub samples: Vec<u32>,
    pub locations: Vec<u32>,
    pub functions: Vec<u32>,
    pub mappings: Vec<u32>,
}

impl Order {
    /// The order in which samples first name rows, as pprof has it.
    pub(super) fn of_appearance(tables: &Tables, sums: &Sums, main: Option<MappingId>) -> Self {
        let mut order = Self::default();
        let mut seen = Seen::new(tables);
        if let Some(main) = main {
            seen.mapping(main.0, &mut order);
        }
        for row in 0..sums.len() as u32 {
            if sums.values(row).iter().all(|&value| value == 0) {
                continue;
            }
            order.samples.push(row);
            for &location in tables.stacks.get(sums.stack(row)) {
                seen.location(location, tables, &mut order);
            }
        }
        order
    }

    /// These samples, in this order; locations and functions as they are in `self`, without those that no sample needs.
    pub(super) fn narrowed(self, samples: Vec<u32>, tables: &Tables, sums: &Sums) -> Self {
        let mut seen = Seen::new(tables);
        let mut used = Self::default();
        for &row in &samples {
            for &location in tables.stacks.get(sums.stack(row)) {
                seen.location(location, tables, &mut used);
            }
        }
        Self {
            samples,
            locations: kept(self.locations, &seen.locations),
            functions: kept(self.functions, &seen.functions),
            mappings: self.mappings,
        }
    }

    /// The same without the mappings that no location needs; the first is always kept.
    pub(super) fn without_idle_mappings(self, tables: &Tables) -> Self {
        let mut used = vec![false; tables.mappings.len()];
        let of_locations = self
            .locations
            .iter()
            .filter_map(|&row| tables.locations.place(row).mapping);
        for row in of_locations
            .map(|mapping| mapping.0)
            .chain(self.mappings.first().copied())
        {
            used[row as usize] = true;
        }
        Self {
            mappings: kept(self.mappings, &used),
            ..self
        }
    }
}

/// The rows that are marked.
fn kept(mut rows: Vec<u32>, marked: &[bool]) -> Vec<u32> {
    rows.retain(|&row| marked[row as usize]);
    rows
}

/// What has been met so far.
struct Seen {
    locations: Vec<bool>,
    functions: Vec<bool>,
    mappings: Vec<bool>,
}

impl Seen {
    fn new(tables: &Tables) -> Self {
        Self {
            locations: vec![false; tables.locations.len()],
            functions: vec![false; tables.functions.len()],
            mappings: vec![false; tables.mappings.len()],
        }
    }

    #[inline]
    fn location(&mut self, row: u32, tables: &Tables, order: &mut Order) {
        if std::mem::replace(&mut self.locations[row as usize], true) {
            return;
        }
        if let Some(mapping) = tables.locations.place(row).mapping {
            self.mapping(mapping.0, order);
        }
        for line in tables.locations.lines(row) {
            let function = line.function.0;
            if !std::mem::replace(&mut self.functions[function as usize], true) {
                order.functions.push(function);
            }
        }
        order.locations.push(row);
    }

    fn mapping(&mut self, row: u32, order: &mut Order) {
        if !std::mem::replace(&mut self.mappings[row as usize], true) {
            order.mappings.push(row);
        }
    }
}

/// The header of the result, with its strings as rows of the merged tables.
pub(super) struct Build<'t> {
    pub tables: &'t Tables,
    pub sums: &'t Sums,
    pub order: &'t Order,
    pub header: Header,
    pub notes: Vec<Note>,
}

impl Build<'_> {
    /// The profile; `columns` are the values of its samples, one column a sample type.
    pub(super) fn profile(self, columns: Vec<Vec<i64>>) -> Profile {
        let Self {
            tables,
            sums,
            order,
            header,
            notes,
        } = self;
        let ((stacks, stack), rest) = parallel::both(
            order.samples.len(),
            || stacks(tables, sums, order),
            || Rest::of(tables, sums, order, &header),
        );
        Profile {
            header: rest.header,
            strings: rest.strings,
            functions: rest.functions,
            mappings: rest.mappings,
            locations: rest.locations,
            stacks,
            label_sets: rest.label_sets,
            samples: Samples {
                stack,
                label_set: rest.label_set,
                values: columns,
            },
            notes,
        }
    }
}

/// All of a profile that has nothing to do with its stacks.
struct Rest {
    header: Header,
    strings: Strings,
    mappings: Mappings,
    functions: Functions,
    locations: Locations,
    label_sets: LabelSets,
    /// The label set of each sample.
    label_set: Vec<LabelSetId>,
}

impl Rest {
    fn of(tables: &Tables, sums: &Sums, order: &Order, header: &Header) -> Self {
        let mut strings = Renumbered::new(tables);
        let header = strings.header(header);
        let mappings = Mappings {
            ids: FileIds::Sequential,
            rows: order
                .mappings
                .iter()
                .map(|&row| {
                    let mapping = tables.mappings[row as usize];
                    Mapping {
                        file: strings.get(mapping.file),
                        build_id: strings.get(mapping.build_id),
                        ..mapping
                    }
                })
                .collect(),
        };
        let mut functions = Functions::default();
        for &row in &order.functions {
            let function = tables.functions[row as usize];
            functions.push(Function {
                name: strings.get(function.name),
                system_name: strings.get(function.system_name),
                filename: strings.get(function.filename),
                start_line: function.start_line,
            });
        }
        let sets = tables.label_sets.sets();
        let mut numbers = vec![NONE; sets.len()];
        numbers[0] = 0;
        let mut label_sets = LabelSets::default();
        let label_set = order
            .samples
            .iter()
            .map(|&row| {
                let set = sums.label_set(row);
                let number = &mut numbers[set as usize];
                if *number == NONE {
                    let labels = sets.get(LabelSetId(set)).iter();
                    *number = label_sets.push_new(labels.map(|&label| strings.label(label))).0;
                }
                LabelSetId(*number)
            })
            .collect();
        Self {
            header,
            strings: strings.finish(),
            mappings,
            functions,
            locations: locations(tables, order),
            label_sets,
            label_set,
        }
    }
}

/// The stacks of the samples, and the stack of each sample.
fn stacks(tables: &Tables, sums: &Sums, order: &Order) -> (Stacks, Vec<StackId>) {
    let locations = numbers(&order.locations, tables.locations.len());
    let mut rows = vec![NONE; tables.stacks.len()];
    let mut stacks = ByteArena::default();
    let packer = Packer::new(&locations);
    let mut packed = Vec::new();
    let of_samples = order
        .samples
        .iter()
        .map(|&sample| {
            let stack = sums.stack(sample);
            let row = &mut rows[stack as usize];
            if *row == NONE {
                let frames = tables.stacks.get(stack);
                if let Some(packer) = &packer {
                    packer.pack(frames, &mut packed);
                } else {
                    packed.clear();
                    for &location in frames {
                        pack(LocationId(locations[location as usize]), &mut packed);
                    }
                }
                *row = stacks.push(&packed) as u32;
            }
            StackId(*row)
        })
        .collect();
    stacks.shrink_to_fit();
    (Stacks::from_arena(stacks), of_samples)
}

/// The locations of `order`, of which it also holds all functions and mappings.
pub(super) fn locations(tables: &Tables, order: &Order) -> Locations {
    let function_numbers = numbers(&order.functions, tables.functions.len());
    let mapping_numbers = numbers(&order.mappings, tables.mappings.len());
    let mut locations = Locations::default();
    let mut lines = Vec::new();
    for &row in &order.locations {
        let Place {
            relative,
            mapping,
            is_folded,
        } = tables.locations.place(row);
        lines.clear();
        lines.extend(tables.locations.lines(row).map(|line| Line {
            function: FunctionId(function_numbers[line.function.index()]),
            ..line
        }));
        let start = mapping.map_or(0, |mapping| tables.mappings[mapping.index()].start);
        let location = Location {
            mapping: mapping.map(|mapping| MappingId(mapping_numbers[mapping.index()])),
            address: relative.wrapping_add(start),
            is_folded,
        };
        locations.push(location, &lines);
    }
    locations
}

/// The position of each of `rows` in it, by row.
pub(super) fn numbers(rows: &[u32], len: usize) -> Vec<u32> {
    let mut numbers = vec![NONE; len];
    for (number, &row) in rows.iter().enumerate() {
        numbers[row as usize] = number as u32;
    }
    numbers
}

/// Strings that are used, numbered as they are asked for.
struct Renumbered<'t> {
    tables: &'t Tables,
    numbers: Vec<u32>,
    arena: ByteArena,
}

impl<'t> Renumbered<'t> {
    fn new(tables: &'t Tables) -> Self {
        let mut numbers = vec![NONE; tables.strings.len()];
        numbers[0] = 0;
        let mut arena = ByteArena::default();
        arena.push(b"");
        Self {
            tables,
            numbers,
            arena,
        }
    }

    fn get(&mut self, id: StringId) -> StringId {
        let number = &mut self.numbers[id.index()];
        if *number == NONE {
            *number = self.arena.push(self.tables.strings.get(id)) as u32;
        }
        StringId(*number)
    }

    fn label(&mut self, label: Label) -> Label {
        Label {
            key: self.get(label.key),
            value: match label.value {
                LabelValue::Str(text) => LabelValue::Str(self.get(text)),
                LabelValue::Num(value, unit) => LabelValue::Num(value, self.get(unit)),
            },
        }
    }

    fn value_type(&mut self, value_type: ValueType) -> ValueType {
        ValueType {
            type_: self.get(value_type.type_),
            unit: self.get(value_type.unit),
        }
    }

    fn header(&mut self, header: &Header) -> Header {
        Header {
            sample_types: header
                .sample_types
                .iter()
                .map(|&sample_type| self.value_type(sample_type))
                .collect(),
            default_sample_type: self.get(header.default_sample_type),
            drop_frames: self.get(header.drop_frames),
            keep_frames: self.get(header.keep_frames),
            period_type: self.value_type(header.period_type),
            comments: header.comments.iter().map(|&comment| self.get(comment)).collect(),
            doc_url: self.get(header.doc_url),
            time_nanos: header.time_nanos,
            duration_nanos: header.duration_nanos,
            period: header.period,
        }
    }

    fn finish(mut self) -> Strings {
        self.arena.shrink_to_fit();
        Strings::from_arena(self.arena)
    }
}
