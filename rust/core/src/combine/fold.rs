//! Bytes of a plain profile straight into merged tables: no profile is made on the way.
//!
//! Each row of the file is looked up once and remembered by its id; a sample is then its list of ids translated, one
//! look-up for the whole stack, and its values added. Nothing counts before the last byte was found good.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::batch::Batch;
use super::file_labels::FileLabels;
use super::ids::FileRows;
use super::location_set::{Place, ShortLine};
use super::partial::{Partial, Staged, Told};
use super::shape::{Named, Shape};
use super::tables::Tables;
use crate::error::Result;
use crate::ids::{FunctionId, MappingId, StringId};
use crate::limits::Limits;
use crate::table::{Function, Line, Mapping};
use crate::wire::rows::{self, ScanLine};
use crate::wire::scan::{Scan, ScanHeader};
use crate::wire::short_ids::{Way, Work};

/// Memory that is used again for the next file.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    /// Where a file is decompressed to.
    pub inflated: Vec<u8>,
    pub scratch: Scratch,
}

/// Rows of one file by their ids, and samples on their way.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    pub(super) strings: Vec<StringId>,
    mappings: FileRows,
    /// Where the mapping of each row starts in this file.
    starts: Vec<(u64, MappingId)>,
    functions: FileRows,
    /// Lines of the location that is being read.
    read: Vec<ScanLine>,
    /// Lines of locations that are looked up together.
    lines: Vec<ShortLine>,
    /// Rows of what was looked up together.
    rows: Vec<u32>,
    pub(super) locations: FileRows,
    pub(super) labels: FileLabels,
    pub(super) batch: Batch,
    pub(super) staged: Staged,
}

/// Rows that are looked up together. Chosen, as for samples.
pub(super) const TOGETHER: usize = 64;

impl Partial {
    /// Folds a file in; `false` when it is unusual and has to be decoded in full. Then nothing has been added.
    pub(super) fn fold(
        &mut self,
        name: &str,
        content: &[u8],
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let Some(scan) = Scan::of(content) else {
            return Ok(false);
        };
        if scan.sample_count() as u64 > limits.samples
            || scan.most_rows() as u64 > limits.table_rows
            || scan.header.sample_types.len() as u64 > limits.sample_values
        {
            return Ok(false);
        }
        let Some(()) = self.fold_strings(&scan, limits, scratch) else {
            return Ok(false);
        };
        let Some(shape) = self.shape(&scan.header, scratch) else {
            return Ok(false);
        };
        let Some(told) = self.fold_tables(&scan, scratch) else {
            return Ok(false);
        };
        let is_odd = self.would_differ(&shape);
        if self
            .fold_samples(&scan, shape.sample_types.len(), limits, scratch)?
            .is_none()
        {
            return Ok(false);
        }
        if is_odd {
            self.differs(name, &shape);
        } else {
            self.commit(name, &shape, &told, &scratch.staged);
        }
        Ok(true)
    }

    fn fold_strings(&mut self, scan: &Scan<'_>, limits: &Limits, scratch: &mut Scratch) -> Option<()> {
        scratch.strings.clear();
        scratch.strings.reserve(scan.string_count());
        let mut bytes = 0;
        let mut strings = scan.strings();
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            together.clear();
            together.extend(strings.by_ref().take(TOGETHER).map(|string| string.rest()));
            if together.is_empty() {
                break;
            }
            bytes += together.iter().map(|string| string.len() as u64).sum::<u64>();
            self.tables.strings.intern_all(&together, &mut scratch.rows);
            let rows = scratch.rows.iter();
            scratch.strings.extend(rows.map(|&row| StringId(row)));
        }
        (bytes <= limits.string_bytes).then_some(())
    }

    fn shape(&self, header: &ScanHeader, scratch: &Scratch) -> Option<Shape> {
        let name = |[name, unit]: [u64; 2]| -> Option<Named> {
            let text = |index| Some(self.tables.strings.get(string(scratch, index)?).to_vec());
            Some((text(name)?, text(unit)?))
        };
        Some(Shape {
            sample_types: header
                .sample_types
                .iter()
                .map(|&one| name(one))
                .collect::<Option<_>>()?,
            period_type: name(header.period_type)?,
        })
    }

    fn fold_tables(&mut self, scan: &Scan<'_>, scratch: &mut Scratch) -> Option<Told> {
        let tables = &mut self.tables;
        let header = &scan.header;
        let mut told = Told {
            time_nanos: header.time_nanos,
            duration_nanos: header.duration_nanos,
            period: header.period,
            comments: header
                .comments
                .iter()
                .map(|&comment| string(scratch, comment))
                .collect::<Option<_>>()?,
            default_sample_type: string(scratch, header.default_sample_type)?,
            drop_frames: string(scratch, header.drop_frames)?,
            keep_frames: string(scratch, header.keep_frames)?,
            doc_url: string(scratch, header.doc_url)?,
            mappings: Vec::new(),
        };
        scratch.mappings.clear();
        scratch.starts.clear();
        for mapping in scan.mappings() {
            let mapping = mapping?;
            let [has_functions, has_filenames, has_line_numbers, has_inline_frames] = mapping.has;
            let merged = Mapping {
                start: mapping.start,
                limit: mapping.limit,
                offset: mapping.offset,
                file: string(scratch, mapping.file)?,
                build_id: string(scratch, mapping.build_id)?,
                has_functions,
                has_filenames,
                has_line_numbers,
                has_inline_frames,
            };
            let row = tables.mapping(&merged);
            scratch.mappings.insert(mapping.id, scratch.starts.len() as u32)?;
            scratch.starts.push((mapping.start, row));
            told.mappings.push((row, merged));
        }
        let way = Way::best();
        way.run(FoldFunctions(tables, scan, scratch))?;
        way.run(FoldLocations(tables, scan, scratch))?;
        Some(told)
    }
}

/// All functions of a file.
struct FoldFunctions<'f, 'a>(&'f mut Tables, &'f Scan<'a>, &'f mut Scratch);

impl Work for FoldFunctions<'_, '_> {
    type Outcome = Option<()>;

    #[inline(always)]
    fn run(self, way: Way) -> Option<()> {
        let Self(tables, scan, scratch) = self;
        let Scratch {
            strings,
            functions,
            rows,
            ..
        } = scratch;
        functions.clear();
        let (mut ids, mut together) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
        let mut messages = scan.functions();
        loop {
            for message in messages.by_ref().take(TOGETHER) {
                let function = rows::function(way, message)?;
                ids.push(function.id);
                together.push(Function {
                    name: string_of(strings, function.name)?,
                    system_name: string_of(strings, function.system_name)?,
                    filename: string_of(strings, function.filename)?,
                    start_line: function.start_line,
                });
            }
            if ids.is_empty() {
                return Some(());
            }
            tables.functions(&together, rows);
            functions.insert_all(&ids, rows)?;
            ids.clear();
            together.clear();
        }
    }
}

/// All locations of a file.
struct FoldLocations<'f, 'a>(&'f mut Tables, &'f Scan<'a>, &'f mut Scratch);

impl Work for FoldLocations<'_, '_> {
    type Outcome = Option<()>;

    #[inline(always)]
    fn run(self, way: Way) -> Option<()> {
        let Self(tables, scan, scratch) = self;
        let Scratch {
            mappings,
            starts,
            functions,
            locations,
            read,
            lines,
            rows,
            ..
        } = scratch;
        let set = &mut tables.locations;
        locations.clear();
        lines.clear();
        let (mut ids, mut together) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
        let mut messages = scan.locations();
        loop {
            for message in messages.by_ref().take(TOGETHER) {
                let location = rows::location(way, message, read)?;
                for line in &*read {
                    lines.push(set.shorten(Line {
                        function: FunctionId(functions.get(line.function)?),
                        line: line.line,
                        column: line.column,
                    }));
                }
                let (start, mapping) = match location.mapping {
                    0 => (0, None),
                    id => {
                        let (start, row) = starts[mappings.get(id)? as usize];
                        (start, Some(row))
                    }
                };
                let place = Place {
                    relative: location.address.wrapping_sub(start),
                    mapping,
                    is_folded: location.is_folded,
                };
                ids.push(location.id);
                together.push((place, lines.len() as u32));
            }
            if ids.is_empty() {
                return Some(());
            }
            set.intern_all(&together, lines, rows);
            locations.insert_all(&ids, rows)?;
            ids.clear();
            together.clear();
            lines.clear();
        }
    }
}

fn string(scratch: &Scratch, index: u64) -> Option<StringId> {
    string_of(&scratch.strings, index)
}

pub(super) fn string_of(strings: &[StringId], index: u64) -> Option<StringId> {
    strings.get(usize::try_from(index).ok()?).copied()
}
