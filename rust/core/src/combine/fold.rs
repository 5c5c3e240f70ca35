//! Bytes of a plain profile straight into merged tables: no profile is made on the way.
//!
//! Each row of the file is looked up once and remembered by its id; a sample is then its list of ids translated, one
//! look-up for the whole stack, and its values added. Nothing counts before the last byte was found good.

use super::batch::Batch;
use super::file_labels::FileLabels;
use super::ids::FileRows;
use super::partial::{Partial, Staged, Told};
use super::shape::{Named, Shape};
use super::tables::{Place, Tables};
use crate::error::Result;
use crate::ids::{FunctionId, MappingId, StringId};
use crate::limits::Limits;
use crate::table::{Function, Line, Mapping};
use crate::wire::scan::{Scan, ScanHeader};

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
    lines: Vec<Line>,
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
            together.extend(strings.by_ref().take(TOGETHER));
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
        fold_functions(tables, scan, scratch)?;
        fold_locations(tables, scan, scratch)?;
        Some(told)
    }
}

fn fold_functions(tables: &mut Tables, scan: &Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    scratch.functions.clear();
    let mut all = scan.functions();
    let (mut ids, mut together) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
    loop {
        ids.clear();
        together.clear();
        for function in all.by_ref().take(TOGETHER) {
            let function = function?;
            ids.push(function.id);
            together.push(Function {
                name: string(scratch, function.name)?,
                system_name: string(scratch, function.system_name)?,
                filename: string(scratch, function.filename)?,
                start_line: function.start_line,
            });
        }
        if ids.is_empty() {
            return Some(());
        }
        tables.functions(&together, &mut scratch.rows);
        for (&id, &row) in ids.iter().zip(&scratch.rows) {
            scratch.functions.insert(id, row)?;
        }
    }
}

fn fold_locations(tables: &mut Tables, scan: &Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    let Scratch {
        mappings,
        starts,
        functions,
        locations,
        lines,
        rows,
        ..
    } = scratch;
    locations.clear();
    lines.clear();
    let (mut ids, mut together) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
    let mut enter = |ids: &mut Vec<u64>, together: &mut Vec<(Place, u32)>, lines: &mut Vec<Line>| {
        tables.locations(together, lines, rows);
        for (&id, &row) in ids.iter().zip(rows.iter()) {
            locations.insert(id, row)?;
        }
        ids.clear();
        together.clear();
        lines.clear();
        Some(())
    };
    scan.for_each_location(|location, its_lines| {
        for line in its_lines {
            lines.push(Line {
                function: FunctionId(functions.get(line.function)?),
                line: line.line,
                column: line.column,
            });
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
        if ids.len() == TOGETHER {
            enter(&mut ids, &mut together, lines)?;
        }
        Some(())
    })?;
    enter(&mut ids, &mut together, lines)
}

fn string(scratch: &Scratch, index: u64) -> Option<StringId> {
    string_of(&scratch.strings, index)
}

pub(super) fn string_of(strings: &[StringId], index: u64) -> Option<StringId> {
    strings.get(usize::try_from(index).ok()?).copied()
}
