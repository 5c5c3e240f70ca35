//! Rows of one partial in the tables of another.

use super::batch::Batch;
use super::fold::TOGETHER;
use super::partial::{Partial, Staged};
use super::tables::{Keep, Place};
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
        let staged = stage(self, &other);
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
        let mut picked = vec![0; picks.len()];
        for (at, &row) in staged.rows.iter().enumerate() {
            let values = &staged.values[at * staged.width..(at + 1) * staged.width];
            for (into, &pick) in picked.iter_mut().zip(&picks) {
                *into = values[pick];
            }
            self.sums.add(row, &picked);
        }
        other.gathered.magnitudes = picks
            .iter()
            .map(|&pick| other.gathered.magnitudes[pick])
            .collect();
        self.gathered.absorb(other.gathered);
    }
}

/// Enters all rows of `other`; its samples are staged with all their values.
pub(super) fn stage(into: &mut Partial, other: &Partial) -> Staged {
    let (tables, theirs) = (&mut into.tables, &other.tables);
    let strings: Vec<StringId> = (0..theirs.strings.len() as u32)
        .map(|row| tables.strings.intern(theirs.strings.get(StringId(row))))
        .collect();
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
    let mut locations: Vec<u32> = Vec::with_capacity(theirs.places.len());
    let (mut together, mut lines) = (Vec::new(), Vec::new());
    for (start, some) in (0..).step_by(TOGETHER).zip(theirs.places.chunks(TOGETHER)) {
        together.clear();
        lines.clear();
        for (row, place) in (start..).zip(some) {
            lines.extend(theirs.lines(row).iter().map(|line| Line {
                function: FunctionId(functions[line.function.index()]),
                ..*line
            }));
            let mapping = place.mapping.map(|mapping| mappings[mapping.index()]);
            together.push((Place { mapping, ..*place }, lines.len() as u32));
        }
        tables.locations(&together, &lines, &mut rows);
        locations.extend_from_slice(&rows);
    }
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
    let mut staged = Staged {
        width: other.sums.width(),
        ..Staged::default()
    };
    let mut batch = Batch::default();
    for row in 0..other.sums.len() as u32 {
        let stack = theirs.stacks.get(other.sums.stack(row));
        let hash = batch
            .frames
            .extend(stack.iter().map(|&location| locations[location as usize]));
        batch.push(hash, label_sets[other.sums.label_set(row) as usize]);
        if batch.is_full() {
            into.look_up(&mut batch, &mut staged.rows);
        }
        staged.values.extend_from_slice(other.sums.values(row));
    }
    into.look_up(&mut batch, &mut staged.rows);
    if let Some(main) = other.main {
        into.offer_main(mappings[main.index()]);
    }
    staged
}
