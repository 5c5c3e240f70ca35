//! Bytes of a plain profile straight into merged tables: no profile is made on the way.
//!
//! Each row of the file is looked up once and remembered by its id; a sample is then its list of ids translated, one
//! look-up for the whole stack, and its values added. Nothing counts before the last byte was found good.

use super::ids::FileRows;
use super::partial::{Partial, Staged, Told};
use super::shape::{Named, Shape};
use super::sums::NONE;
use super::tables::Place;
use crate::error::Result;
use crate::ids::{FunctionId, MappingId, StringId};
use crate::interrupt;
use crate::limits::Limits;
use crate::table::{Function, Interner, Label, LabelValue, Line, Mapping};
use crate::wire::scan::{Scan, ScanHeader, numbers};
use crate::wire::varint::{Reader, Value};

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
    strings: Vec<StringId>,
    mappings: FileRows,
    /// Where the mapping of each row starts in this file.
    starts: Vec<(u64, MappingId)>,
    functions: FileRows,
    locations: FileRows,
    lines: Vec<Line>,
    frames: Vec<u32>,
    labels: Vec<u8>,
    parsed: Vec<Label>,
    /// Label messages met in this file, as they lie, and the label set of each.
    raw_sets: Interner,
    label_sets: Vec<u32>,
    staged: Staged,
}

/// Samples between two looks at the clock of the caller.
const PATIENCE: usize = 1 << 13;

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
        scratch.staged.rows.clear();
        scratch.staged.values.clear();
        scratch.staged.width = shape.sample_types.len();
        scratch.raw_sets.clear();
        scratch.label_sets.clear();
        for (at, sample) in scan.samples().enumerate() {
            if at % PATIENCE == 0 {
                interrupt::check()?;
            }
            if self.fold_sample(sample, limits, scratch).is_none() {
                return Ok(false);
            }
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
        for string in scan.strings() {
            bytes += string.len() as u64;
            scratch.strings.push(self.tables.strings.intern(string));
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
        scratch.functions.clear();
        for function in scan.functions() {
            let function = function?;
            let row = tables.function(Function {
                name: string(scratch, function.name)?,
                system_name: string(scratch, function.system_name)?,
                filename: string(scratch, function.filename)?,
                start_line: function.start_line,
            });
            scratch.functions.insert(function.id, row.0)?;
        }
        scratch.locations.clear();
        let Scratch {
            mappings,
            starts,
            functions,
            locations,
            lines,
            ..
        } = scratch;
        scan.for_each_location(|location, its_lines| {
            lines.clear();
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
            locations.insert(location.id, tables.location(place, lines).0)
        })?;
        Some(told)
    }

    #[inline]
    fn fold_sample(&mut self, bytes: &[u8], limits: &Limits, scratch: &mut Scratch) -> Option<()> {
        scratch.frames.clear();
        scratch.labels.clear();
        let first_value = scratch.staged.values.len();
        let mut labels = 0u64;
        let mut reader = Reader::new(bytes, 0);
        while !reader.is_done() {
            match reader.field().ok()?? {
                (1, Value::Bytes(packed)) => scratch.locations.translate(packed, &mut scratch.frames)?,
                (1, Value::Varint(id)) => scratch.frames.push(scratch.locations.get(id)?),
                (2, Value::Bytes(packed)) => {
                    let mut values = Reader::new(packed, 0);
                    while !values.is_done() {
                        scratch.staged.values.push(values.varint().ok()? as i64);
                    }
                }
                (2, Value::Varint(value)) => scratch.staged.values.push(value as i64),
                (3, Value::Bytes(label)) => {
                    labels += 1;
                    scratch.labels.extend((label.len() as u32).to_le_bytes());
                    scratch.labels.extend_from_slice(label);
                }
                _ => return None,
            }
        }
        let values = scratch.staged.values.get(first_value..)?;
        if values.len() != scratch.staged.width
            || values.is_empty()
            || scratch.frames.len() as u64 > limits.stack_depth
            || labels > limits.stack_depth
        {
            return None;
        }
        if values.iter().all(|&value| value == 0) {
            // What it names has been checked; it adds nothing.
            if labels > 0 {
                self.fold_labels(scratch)?;
            }
            scratch.staged.values.truncate(first_value);
            return Some(());
        }
        let stack = self.tables.stacks.intern(&scratch.frames);
        let set = if labels == 0 {
            0
        } else {
            self.fold_labels(scratch)?
        };
        scratch.staged.rows.push(self.sums.row(stack, set));
        Some(())
    }

    /// The label set of the messages in `scratch.labels`.
    #[inline]
    fn fold_labels(&mut self, scratch: &mut Scratch) -> Option<u32> {
        let raw = scratch.raw_sets.intern(&scratch.labels) as usize;
        if let Some(&set) = scratch.label_sets.get(raw) {
            return (set != NONE).then_some(set);
        }
        scratch.parsed.clear();
        let mut rest = scratch.labels.as_slice();
        while let Some((len, tail)) = rest.split_first_chunk::<4>() {
            let (label, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            rest = tail;
            let mut fields = [0u64; 4];
            numbers(label, |number, value| {
                *fields.get_mut((number as usize).checked_sub(1)?)? = value;
                Some(())
            })?;
            let [key, text, number, unit] = fields;
            let key = string_of(&scratch.strings, key)?;
            let value = if text != 0 {
                LabelValue::Str(string_of(&scratch.strings, text)?)
            } else if number != 0 || unit != 0 {
                LabelValue::Num(number as i64, string_of(&scratch.strings, unit)?)
            } else {
                continue;
            };
            scratch.parsed.push(Label { key, value });
        }
        let strings = &self.tables.strings;
        let set = self
            .tables
            .label_sets
            .intern(&mut scratch.parsed, |id| strings.get(id));
        scratch.label_sets.push(set.0);
        Some(set.0)
    }
}

fn string(scratch: &Scratch, index: u64) -> Option<StringId> {
    string_of(&scratch.strings, index)
}

fn string_of(strings: &[StringId], index: u64) -> Option<StringId> {
    strings.get(usize::try_from(index).ok()?).copied()
}
