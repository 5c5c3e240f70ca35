//! Bytes of a plain profile straight into merged tables: no profile is made on the way.
//!
//! Each row of the file is looked up once and remembered by its id; a sample is then its list of ids translated, one
//! look-up for the whole stack, and its values added. Nothing counts before the last byte was found good.

use super::ids::{FileRows, Frames};
use super::label_cache::{LabelCache, ShortKey};
use super::partial::{Partial, Staged, Told};
use super::shape::{Named, Shape};
use super::tables::Place;
use crate::error::Result;
use crate::ids::{FunctionId, MappingId, StringId};
use crate::interrupt;
use crate::limits::Limits;
use crate::table::{Function, Interner, Label, LabelValue, Line, Mapping};
use crate::wire::cursor::Cursor;
use crate::wire::scan::{Scan, ScanHeader, numbers};

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
    batch: Batch,
    parsed: Vec<Label>,
    /// Label messages met in this file, as they lie, and the label set of each.
    raw_sets: Interner,
    label_sets: Vec<u32>,
    small_sets: LabelCache,
    staged: Staged,
}

/// Samples that are looked up together.
#[derive(Debug, Clone, Default)]
struct Batch {
    /// Frames of all their stacks, end to end.
    frames: Frames,
    samples: Vec<Waiting>,
    found: Vec<Option<u32>>,
}

/// A sample that waits to be looked up.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Of its stack.
    hash: u64,
    label_set: u32,
    /// Where its frames end.
    end: u32,
}

impl Batch {
    fn clear(&mut self) {
        self.frames.len = 0;
        self.samples.clear();
    }
}

/// Samples of a batch: enough to wait for memory together, few enough to stay in the first cache. Chosen.
const BATCH: usize = 64;
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
        scratch.batch.clear();
        scratch.small_sets.next_file();
        let mut until_check = 0;
        let folded = scan.for_each_sample(|sample| {
            if until_check == 0 {
                until_check = PATIENCE;
                interrupt::check().ok()?;
            }
            until_check -= 1;
            self.fold_sample(sample, limits, scratch)?;
            if scratch.batch.samples.len() == BATCH {
                self.fold_batch(scratch);
            }
            Some(())
        });
        if folded.is_none() {
            interrupt::check()?;
            return Ok(false);
        }
        self.fold_batch(scratch);
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
    fn fold_sample(&mut self, mut sample: Cursor<'_>, limits: &Limits, scratch: &mut Scratch) -> Option<()> {
        let (first_frame, first_value) = (scratch.batch.frames.len, scratch.staged.values.len());
        // Where the label messages lie, which follow one another.
        let (mut labels_start, mut labels_end, mut labels) = (0, 0, 0u64);
        while !sample.is_done() {
            let start = sample.position();
            // Field numbers 1 to 3, each packed or a message (2) or alone (0).
            match sample.tag()? {
                0x0a => {
                    let packed = sample.prefixed()?;
                    scratch.locations.translate(packed, &mut scratch.batch.frames)?;
                }
                0x08 => {
                    let id = sample.varint()?;
                    scratch.batch.frames.push(scratch.locations.get(id)?);
                }
                0x12 => {
                    let mut values = sample.prefixed()?;
                    while !values.is_done() {
                        scratch.staged.values.push(values.even_varint()? as i64);
                    }
                }
                0x10 => {
                    let value = sample.varint()?;
                    scratch.staged.values.push(value as i64);
                }
                0x1a => {
                    sample.prefixed()?;
                    if labels == 0 {
                        labels_start = start;
                    } else if labels_end != start {
                        return None;
                    }
                    labels += 1;
                    labels_end = sample.position();
                }
                _ => return None,
            }
        }
        let raw_labels = sample.part(labels_start, labels_end);
        let values = scratch.staged.values.get(first_value..)?;
        let frames = scratch.batch.frames.filled().get(first_frame..)?;
        if values.len() != scratch.staged.width
            || values.is_empty()
            || frames.len() as u64 > limits.stack_depth
            || labels > limits.stack_depth
        {
            return None;
        }
        if values.iter().all(|&value| value == 0) {
            // What it names is checked; it adds nothing.
            self.fold_labels(raw_labels, scratch)?;
            scratch.staged.values.truncate(first_value);
            scratch.batch.frames.len = first_frame;
            return Some(());
        }
        let label_set = self.fold_labels(raw_labels, scratch)?;
        scratch.batch.samples.push(Waiting {
            hash: scratch.batch.frames.hash_from(first_frame),
            label_set,
            end: scratch.batch.frames.len as u32,
        });
        Some(())
    }

    /// Looks up the samples that wait.
    ///
    /// Looking one up waits for memory time and again: for the slot, the row, the place of its stack, the stack. Several at
    /// once wait together, so each step is done for all before the next.
    fn fold_batch(&mut self, scratch: &mut Scratch) {
        let (stacks, sums) = (&mut self.tables.stacks, &mut self.sums);
        let Batch {
            frames,
            samples,
            found,
        } = &mut scratch.batch;
        found.clear();
        found.extend(
            samples
                .iter()
                .map(|sample| sums.candidate(sample.hash, sample.label_set)),
        );
        let mut touched = 0;
        for row in found.iter().flatten() {
            let stack = stacks.get(sums.stack(*row));
            touched ^= stack.first().copied().unwrap_or(0) ^ stack.last().copied().unwrap_or(0);
        }
        std::hint::black_box(touched);
        let mut start = 0;
        for (sample, found) in samples.iter().zip(found) {
            let own = &frames.filled()[start..sample.end as usize];
            start = sample.end as usize;
            let is_equal = |row: u32| {
                sums.label_set(row) == sample.label_set && stacks.get(sums.stack(row)) == own
            };
            let row = match *found {
                Some(row) if is_equal(row) => row,
                _ => {
                    let stack = stacks.intern(sample.hash, own);
                    sums.row(stack, sample.label_set)
                }
            };
            scratch.staged.rows.push(row);
        }
        scratch.batch.clear();
    }

    /// The label set of label messages as they lie.
    #[inline]
    fn fold_labels(&mut self, raw: Cursor<'_>, scratch: &mut Scratch) -> Option<u32> {
        if raw.is_done() {
            return Some(0);
        }
        let short = ShortKey::of(raw);
        if let Some(set) = short.and_then(|key| scratch.small_sets.get(key)) {
            return Some(set);
        }
        let set = self.long_labels(raw, scratch)?;
        if let Some(key) = short {
            scratch.small_sets.put(key, set);
        }
        Some(set)
    }

    fn long_labels(&mut self, raw: Cursor<'_>, scratch: &mut Scratch) -> Option<u32> {
        let known = scratch.raw_sets.intern(raw.rest()) as usize;
        if let Some(&set) = scratch.label_sets.get(known) {
            return Some(set);
        }
        scratch.parsed.clear();
        let mut messages = raw;
        while !messages.is_done() {
            messages.tag()?;
            let mut fields = [0u64; 4];
            numbers(messages.prefixed()?, |number, value| {
                *fields.get_mut(usize::from(number).checked_sub(1)?)? = value;
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
