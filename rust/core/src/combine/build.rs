//! Merged tables -> profile: which rows are written, and in which order.

use super::sums::{NONE, Sums};
use super::tables::{Place, Tables};
use crate::ids::{FunctionId, LabelSetId, LocationId, MappingId, StackId, StringId};
use crate::profile::{Header, Note, Profile};
use crate::table::{
    ByteArena, FileIds, Function, Functions, Label, LabelSets, LabelValue, Line, Location, Locations,
    Mapping, Mappings, Samples, Stacks, Strings, pack,
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

    /// These samples, in this order; the other rows as they are in `self`, without those that no sample needs. `all_mappings` keeps
    /// mappings nonetheless; the first is always kept.
    pub(super) fn narrowed(
        self,
        samples: Vec<u32>,
        all_mappings: bool,
        tables: &Tables,
        sums: &Sums,
    ) -> Self {
        let mut seen = Seen::new(tables);
        let mut used = Self::default();
        if let Some(&main) = self.mappings.first() {
            seen.mapping(main, &mut used);
        }
        for &row in &samples {
            for &location in tables.stacks.get(sums.stack(row)) {
                seen.location(location, tables, &mut used);
            }
        }
        let keep = |rows: Vec<u32>, seen: &[bool]| -> Vec<u32> {
            rows.into_iter().filter(|&row| seen[row as usize]).collect()
        };
        Self {
            samples,
            locations: keep(self.locations, &seen.locations),
            functions: keep(self.functions, &seen.functions),
            mappings: if all_mappings {
                self.mappings
            } else {
                keep(self.mappings, &seen.mappings)
            },
        }
    }
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
            locations: vec![false; tables.places.len()],
            functions: vec![false; tables.functions.len()],
            mappings: vec![false; tables.mappings.len()],
        }
    }

    #[inline]
    fn location(&mut self, row: u32, tables: &Tables, order: &mut Order) {
        if std::mem::replace(&mut self.locations[row as usize], true) {
            return;
        }
        if let Some(mapping) = tables.places[row as usize].mapping {
            self.mapping(mapping.0, order);
        }
        for line in tables.lines(row) {
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
    /// The profile. `value` gives column and number of a written sample (counted in the order of samples).
    pub(super) fn profile(self, columns: Vec<Vec<i64>>) -> Profile {
        let Self {
            tables,
            sums,
            order,
            header,
            notes,
        } = self;
        let mut strings = Renumbered::new(tables);
        let header = strings.header(&header);
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
        let locations = locations(tables, order);
        let location_numbers = numbers(&order.locations, tables.places.len());
        let (mut stack_rows, mut set_rows) = (
            vec![NONE; tables.stacks.len()],
            vec![NONE; tables.label_sets.sets().len()],
        );
        set_rows[0] = 0;
        let (mut stacks, mut label_sets) = (ByteArena::default(), LabelSets::default());
        let mut samples = Samples {
            stack: Vec::with_capacity(order.samples.len()),
            label_set: Vec::with_capacity(order.samples.len()),
            values: columns,
        };
        let mut packed = Vec::new();
        for &row in &order.samples {
            let (stack, set) = (sums.stack(row), sums.label_set(row));
            if stack_rows[stack as usize] == NONE {
                packed.clear();
                for &location in tables.stacks.get(stack) {
                    pack(LocationId(location_numbers[location as usize]), &mut packed);
                }
                stack_rows[stack as usize] = stacks.push(&packed) as u32;
            }
            if set_rows[set as usize] == NONE {
                let labels = tables.label_sets.sets().get(LabelSetId(set));
                let labels = labels.iter().map(|&label| strings.label(label));
                set_rows[set as usize] = label_sets.push_new(labels).0;
            }
            samples.stack.push(StackId(stack_rows[stack as usize]));
            samples.label_set.push(LabelSetId(set_rows[set as usize]));
        }
        stacks.shrink_to_fit();
        Profile {
            header,
            strings: strings.finish(),
            functions,
            mappings,
            locations,
            stacks: Stacks::from_arena(stacks),
            label_sets,
            samples,
            notes,
        }
    }
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
        } = tables.places[row as usize];
        lines.clear();
        lines.extend(tables.lines(row).iter().map(|line| Line {
            function: FunctionId(function_numbers[line.function.index()]),
            ..*line
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
