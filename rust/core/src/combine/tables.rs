//! The tables of a merged profile as they grow: every row once, told apart by its contents.
//!
//! Rows are equal when their contents are, whatever their ids. Mappings are equal by build id (else file), offset and
//! size rounded to pages, so that the same binary loaded elsewhere is the same mapping; locations are then compared
//! by their offset in the mapping.
//!
//! Unlike pprof, inlined lines that differ only in their column stay apart: its key overwrites the column of every
//! line but the last.

use super::stack_set::StackSet;
use crate::ids::{FunctionId, LocationId, MappingId, StringId};
use crate::table::{Function, LabelSetsBuilder, Line, Mapping, RowIndex, StringsBuilder};
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

/// A location: where it is relative to its mapping, or its address when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub relative: u64,
    pub mapping: Option<MappingId>,
    pub is_folded: bool,
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
    pub mappings: Vec<Mapping>,
    /// Whether a profile that was taken up has the mapping; a file that turned out to be broken may have named it too.
    pub settled: Vec<bool>,
    mapping_rows: FxHashMap<MappingKey, MappingId>,
    pub places: Vec<Place>,
    line_ends: Vec<u32>,
    lines: Vec<Line>,
    location_index: RowIndex,
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
        let hashed = functions.iter().map(hash_function);
        rows.clear();
        rows.extend(hashed.map(|hash| self.function_index.candidate(hash).unwrap_or(u32::MAX)));
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

    pub(super) fn location(&mut self, place: Place, lines: &[Line]) -> LocationId {
        let Self {
            places,
            line_ends,
            lines: all,
            location_index,
            ..
        } = self;
        let next = places.len() as u32;
        let row = location_index.find_or_insert(hash_location(place, lines), next, |row| {
            places[row as usize] == place && lines_of(line_ends, all, row) == lines
        });
        if row == next {
            places.push(place);
            all.extend_from_slice(lines);
            line_ends.push(all.len() as u32);
        }
        LocationId(row)
    }

    /// The rows of several locations, as [`Self::functions`]: of each its place and where its lines end in `lines`.
    pub(super) fn locations(&mut self, places: &[(Place, u32)], lines: &[Line], rows: &mut Vec<u32>) {
        let with_lines = places.iter().scan(0, |start, &(place, end)| {
            let own = &lines[*start..end as usize];
            *start = end as usize;
            Some((place, own))
        });
        let hashed = with_lines.clone().map(|(place, own)| hash_location(place, own));
        rows.clear();
        rows.extend(hashed.map(|hash| self.location_index.candidate(hash).unwrap_or(u32::MAX)));
        let mut touched = 0;
        for &row in rows.iter().filter(|row| **row != u32::MAX) {
            let first = self.lines(row).first();
            touched ^= self.places[row as usize].relative ^ first.map_or(0, |line| line.line as u64);
        }
        std::hint::black_box(touched);
        for (row, (place, own)) in rows.iter_mut().zip(with_lines) {
            if self.places.get(*row as usize) != Some(&place) || self.lines(*row) != own {
                *row = self.location(place, own).0;
            }
        }
    }

    /// The lines of a location.
    pub(super) fn lines(&self, location: u32) -> &[Line] {
        lines_of(&self.line_ends, &self.lines, location)
    }
}

fn lines_of<'a>(ends: &[u32], lines: &'a [Line], row: u32) -> &'a [Line] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { ends[row - 1] as usize };
    &lines[start..ends[row] as usize]
}

fn hash_function(function: &Function) -> u64 {
    FxBuildHasher.hash_one(function)
}

fn hash_location(place: Place, lines: &[Line]) -> u64 {
    let mapping = place.mapping.map_or(u32::MAX, |mapping| mapping.0);
    let head = (u64::from(mapping) << 1) | u64::from(place.is_folded);
    let mut hash = mix(
        place.relative ^ 0x243f_6a88_85a3_08d3,
        head ^ 0x1319_8a2e_0370_7344,
    );
    for line in lines {
        let position = (line.line as u64) ^ (line.column as u64).rotate_left(32);
        hash = mix(
            hash ^ position,
            u64::from(line.function.0) ^ 0xa409_3822_299f_31d0,
        );
    }
    hash
}

/// A multiplication to 128 bits, folded to 64: what wyhash and its kin are made of.
#[inline]
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    product as u64 ^ (product >> 64) as u64
}
