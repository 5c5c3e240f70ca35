//! The tables of a merged profile as they grow: every row once, told apart by its contents.
//!
//! Rows are equal when their contents are, whatever their ids. Mappings are equal by build id (else file), offset and
//! size rounded to pages, so that the same binary loaded elsewhere is the same mapping; locations are then compared
//! by their offset in the mapping.
//!
//! Unlike pprof, inlined lines that differ only in their column stay apart: its key overwrites the column of every
//! line but the last.

use super::location_set::LocationSet;
use super::stack_set::StackSet;
use crate::ids::{FunctionId, MappingId, StringId};
use crate::table::{Function, LabelSetsBuilder, Mapping, RowIndex, StringsBuilder};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

/// Sizes of mappings are compared in whole pages of this many bytes. Source: pprof's merge.
const PAGE: u64 = 0x1000;

/// What tells mappings apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct MappingKey {
    /// Size, rounded up to whole pages.
    pub size: u64,
    /// Offset in the file.
    pub offset: u64,
    /// The build id, or the file when there is none.
    pub build_id_or_file: StringId,
}

impl MappingKey {
    pub(super) fn of(mapping: &Mapping) -> Self {
        let size = mapping.limit.wrapping_sub(mapping.start).wrapping_add(PAGE - 1);
        Self {
            size: size - size % PAGE,
            offset: mapping.offset,
            build_id_or_file: if mapping.build_id.is_empty() {
                mapping.file
            } else {
                mapping.build_id
            },
        }
    }
}

/// Which of several equal mappings stands for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first that came, as in pprof.
    First,
    /// The least, whatever the order in which they come.
    Least,
}

/// All tables but that of the samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub strings: StringsBuilder,
    pub functions: Vec<Function>,
    function_index: RowIndex,
    /// Of functions that are looked up together.
    hashes: Vec<u64>,
    pub mappings: Vec<Mapping>,
    /// Whether a profile that was taken up has the mapping; a file that turned out to be broken may have named it too.
    pub settled: Vec<bool>,
    mapping_rows: FxHashMap<MappingKey, MappingId>,
    pub locations: LocationSet,
    pub stacks: StackSet,
    pub label_sets: LabelSetsBuilder,
}

impl Tables {
    pub(super) fn function(&mut self, function: Function) -> FunctionId {
        let rows = &self.functions;
        let next = rows.len() as u32;
        let row = self
            .function_index
            .find_or_insert(hash_function(&function), next, |row| {
                rows[row as usize] == function
            });
        if row == next {
            self.functions.push(function);
        }
        FunctionId(row)
    }

    /// The rows of several functions, of which those that are new are added in order.
    ///
    /// Looking one up waits for memory twice, for the place in the index and for the row. Several at once wait together.
    pub(super) fn functions(&mut self, functions: &[Function], rows: &mut Vec<u32>) {
        self.hashes.clear();
        self.hashes.extend(functions.iter().map(hash_function));
        rows.clear();
        self.function_index.candidates(&self.hashes, rows);
        let mut touched = 0;
        for &row in rows.iter() {
            touched ^= self
                .functions
                .get(row as usize)
                .map_or(0, |function| function.filename.0);
        }
        std::hint::black_box(touched);
        for (row, function) in rows.iter_mut().zip(functions) {
            if self.functions.get(*row as usize) != Some(function) {
                *row = self.function(*function).0;
            }
        }
    }

    /// The row of a mapping. What stands in it is settled by [`Tables::settle`].
    pub(super) fn mapping(&mut self, mapping: &Mapping) -> MappingId {
        let Self {
            mappings,
            settled,
            mapping_rows,
            ..
        } = self;
        *mapping_rows.entry(MappingKey::of(mapping)).or_insert_with(|| {
            mappings.push(*mapping);
            settled.push(false);
            MappingId::from_index(mappings.len() - 1)
        })
    }

    /// Lets a mapping count for what stands in its row.
    pub(super) fn settle(&mut self, row: MappingId, mapping: &Mapping, keep: Keep) {
        let kept = &mut self.mappings[row.index()];
        if !std::mem::replace(&mut self.settled[row.index()], true) {
            *kept = *mapping;
            return;
        }
        if keep == Keep::First || kept == mapping {
            return;
        }
        // A flag says of all locations that they carry something: it holds for both only if it holds for each.
        let flags = Mapping {
            has_functions: kept.has_functions && mapping.has_functions,
            has_filenames: kept.has_filenames && mapping.has_filenames,
            has_line_numbers: kept.has_line_numbers && mapping.has_line_numbers,
            has_inline_frames: kept.has_inline_frames && mapping.has_inline_frames,
            ..*kept
        };
        let strings = &self.strings;
        let order = |mapping: &Mapping| {
            let (file, build_id) = (strings.get(mapping.file), strings.get(mapping.build_id));
            (file.is_empty(), file, build_id, mapping.start, mapping.limit)
        };
        let least = if order(mapping) < order(kept) {
            mapping
        } else {
            &*kept
        };
        *kept = Mapping {
            start: least.start,
            limit: least.limit,
            offset: least.offset,
            file: least.file,
            build_id: least.build_id,
            ..flags
        };
    }
}

fn hash_function(function: &Function) -> u64 {
    FxBuildHasher.hash_one(function)
}

/// A multiplication to 128 bits, folded to 64: what wyhash and its kin are made of.
#[inline]
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    product as u64 ^ (product >> 64) as u64
}
