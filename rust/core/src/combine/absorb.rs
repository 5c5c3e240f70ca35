//! Rows of one partial in the tables of another.

use super::fold::TOGETHER;
use super::location_set::Place;
use super::partial::Partial;
use super::stack_set::{StackRow, hash};
use super::tables::{Keep, Tables};
use crate::error::{Error, Result};
use crate::ids::{FunctionId, LabelSetId, MappingId, StringId};
use crate::table::{Function, Label, LabelValue, Line, Mapping};

impl Partial {
    /// Adds all that another partial holds.
    ///
    /// # Errors
    ///
    /// The two were made with different options.
    pub fn absorb(&mut self, other: Self) -> Result<()> {
        if self.options != other.options {
            return Err(Error::incompatible("partial merges made with different options"));
        }
        self.absorb_alike(other);
        Ok(())
    }

    pub(super) fn absorb_alike(&mut self, mut other: Self) {
        // Nothing has no columns: to keep the common ones would be to keep none.
        if other.inputs() == 0 {
            return;
        }
        if self.inputs() == 0 {
            *self = other;
            return;
        }
        let agree = self.gathered.shapes.agree() && other.gathered.shapes.agree();
        if !(agree || self.options.intersect_types) {
            self.gathered.shapes.absorb(other.gathered.shapes);
            return;
        }
        self.narrow(&other.columns);
        other.narrow(&self.columns);
        if let Some(theirs) = other.gathered.last_nanos {
            // Whichever is older loses its latest snapshots; `is_late` speaks of the other.
            let late = self.make_way(theirs);
            for column in (0..late.len()).filter(|&column| late[column]) {
                let theirs = other.columns.iter().position(|one| *one == self.columns[column]);
                if let Some(theirs) = theirs {
                    other.sums.clear_column(theirs);
                    other.gathered.magnitudes[theirs] = 0;
                }
            }
        }
        let rows = enter(self, &other);
        let picks: Vec<usize> = self
            .columns
            .iter()
            .map(|column| {
                other
                    .columns
                    .iter()
                    .position(|one| one == column)
                    .unwrap_or_default()
            })
            .collect();
        let (values, width) = (other.sums.all_values(), other.sums.width());
        if width == picks.len() && picks.iter().enumerate().all(|(at, &pick)| at == pick) {
            self.sums.add_all(&rows, values);
        } else {
            let mut picked = vec![0; picks.len()];
            for (&row, values) in rows.iter().zip(values.chunks_exact(width.max(1))) {
                for (into, &pick) in picked.iter_mut().zip(&picks) {
                    *into = values[pick];
                }
                self.sums.add(row, &picked);
            }
        }
        other.gathered.magnitudes = picks
            .iter()
            .map(|&pick| other.gathered.magnitudes[pick])
            .collect();
        self.gathered.absorb(other.gathered);
    }
}

/// Enters all rows of `other`; gives the row of each of its samples.
fn enter(into: &mut Partial, other: &Partial) -> Vec<u32> {
    let (tables, theirs) = (&mut into.tables, &other.tables);
    let strings = strings(tables, theirs);
    let string = |id: StringId| strings[id.index()];
    let mut functions: Vec<u32> = Vec::with_capacity(theirs.functions.len());
    let (mut together, mut rows) = (Vec::new(), Vec::new());
    for some in theirs.functions.chunks(TOGETHER) {
        together.clear();
        together.extend(some.iter().map(|function| Function {
            name: string(function.name),
            system_name: string(function.system_name),
            filename: string(function.filename),
            start_line: function.start_line,
        }));
        tables.functions(&together, &mut rows);
        functions.extend_from_slice(&rows);
    }
    let mappings: Vec<MappingId> = theirs
        .mappings
        .iter()
        .zip(&theirs.settled)
        .map(|(mapping, &is_settled)| {
            let mapping = Mapping {
                file: string(mapping.file),
                build_id: string(mapping.build_id),
                ..*mapping
            };
            let row = tables.mapping(&mapping);
            if is_settled {
                tables.settle(row, &mapping, Keep::Least);
            }
            row
        })
        .collect();
    let locations = locations(tables, theirs, &functions, &mappings);
    let sets = theirs.label_sets.sets();
    let mut labels = Vec::new();
    let label_sets: Vec<u32> = sets
        .ids()
        .map(|id: LabelSetId| {
            labels.clear();
            labels.extend(sets.get(id).iter().map(|label| Label {
                key: string(label.key),
                value: match label.value {
                    LabelValue::Str(text) => LabelValue::Str(string(text)),
                    LabelValue::Num(value, unit) => LabelValue::Num(value, string(unit)),
                },
            }));
            tables.label_sets.intern_sorted(&labels).0
        })
        .collect();
    let stacks = stacks(tables, theirs, &locations);
    let mut samples = Vec::with_capacity(other.sums.len());
    let mut together = Vec::with_capacity(TOGETHER);
    let all: Vec<u32> = (0..other.sums.len() as u32).collect();
    for some in all.chunks(TOGETHER) {
        together.clear();
        together.extend(some.iter().map(|&row| {
            let label_set = other.sums.label_set(row) as usize;
            (stacks[other.sums.stack(row) as usize], label_sets[label_set])
        }));
        into.sums.rows(&together, &mut samples);
    }
    if let Some(main) = other.main {
        into.offer_main(mappings[main.index()]);
    }
    samples
}

/// The row of each of their strings.
fn strings(tables: &mut Tables, theirs: &Tables) -> Vec<StringId> {
    let mut strings = Vec::with_capacity(theirs.strings.len());
    let (mut together, mut rows) = (Vec::with_capacity(TOGETHER), Vec::new());
    let all: Vec<u32> = (0..theirs.strings.len() as u32).collect();
    for some in all.chunks(TOGETHER) {
        together.clear();
        together.extend(some.iter().map(|&row| theirs.strings.get(StringId(row))));
        tables.strings.intern_all(&together, &mut rows);
        strings.extend(rows.iter().map(|&row| StringId(row)));
    }
    strings
}

/// The row of each of their locations, whose functions and mappings have these rows.
fn locations(tables: &mut Tables, theirs: &Tables, functions: &[u32], mappings: &[MappingId]) -> Vec<u32> {
    let mut locations = Vec::with_capacity(theirs.locations.len());
    let (mut together, mut lines, mut rows) = (Vec::with_capacity(TOGETHER), Vec::new(), Vec::new());
    let all: Vec<u32> = (0..theirs.locations.len() as u32).collect();
    for some in all.chunks(TOGETHER) {
        together.clear();
        lines.clear();
        for &row in some {
            for line in theirs.locations.lines(row) {
                let function = FunctionId(functions[line.function.index()]);
                lines.push(tables.locations.shorten(Line { function, ..line }));
            }
            let place = theirs.locations.place(row);
            let mapping = place.mapping.map(|mapping| mappings[mapping.index()]);
            together.push((Place { mapping, ..place }, lines.len() as u32));
        }
        tables.locations.intern_all(&together, &lines, &mut rows);
        locations.extend_from_slice(&rows);
    }
    locations
}

/// The row of each of their stacks, whose locations have these rows.
fn stacks(tables: &mut Tables, theirs: &Tables, locations: &[u32]) -> Vec<StackRow> {
    let mut stacks = Vec::with_capacity(theirs.stacks.len());
    let (mut together, mut frames) = (Vec::with_capacity(TOGETHER), Vec::new());
    for row in 0..theirs.stacks.len() as u32 {
        let start = frames.len();
        let stack = theirs.stacks.get(row);
        frames.extend(stack.iter().map(|&location| locations[location as usize]));
        together.push((hash(&frames[start..]), frames.len() as u32));
        if together.len() == TOGETHER {
            tables.stacks.intern_all(&together, &frames, &mut stacks);
            together.clear();
            frames.clear();
        }
    }
    tables.stacks.intern_all(&together, &frames, &mut stacks);
    stacks
}
