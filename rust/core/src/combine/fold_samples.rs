//! Samples of a file straight into merged rows: the loop that most of the time of a merge goes into.

use super::fold::Scratch;
use super::ids::Frames;
use super::partial::Partial;
use crate::error::Result;
use crate::interrupt;
use crate::limits::Limits;
use crate::wire::cursor::Cursor;
use crate::wire::scan::Scan;
use crate::wire::short_ids::Way;

/// Samples that are looked up together.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
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
/// Samples between two looks at the will of the caller.
const PATIENCE: usize = 1 << 13;

impl Partial {
    /// Stages all samples of a file; `None` when one is unusual.
    pub(super) fn fold_samples(
        &mut self,
        scan: &Scan<'_>,
        width: usize,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Result<Option<()>> {
        scratch.staged.rows.clear();
        scratch.staged.values.clear();
        scratch.staged.width = width;
        scratch.labels.next_file();
        scratch.batch.clear();
        let way = Way::best();
        let mut until_check = 0;
        let folded = way.run(|| {
            scan.for_each_sample(|sample| {
                if until_check == 0 {
                    until_check = PATIENCE;
                    interrupt::check().ok()?;
                }
                until_check -= 1;
                self.fold_sample(way, sample, limits, scratch)?;
                if scratch.batch.samples.len() == BATCH {
                    self.look_up(scratch);
                }
                Some(())
            })
        });
        if folded.is_none() {
            interrupt::check()?;
        } else {
            self.look_up(scratch);
        }
        Ok(folded)
    }

    #[allow(clippy::inline_always, reason = "it is made anew for each way of reading")]
    #[inline(always)]
    fn fold_sample(
        &mut self,
        way: Way,
        sample: Cursor<'_>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Option<()> {
        let (first_frame, first_value) = (scratch.batch.frames.len, scratch.staged.values.len());
        let labels = if let Some(labels) = in_order(way, sample, scratch) {
            labels
        } else {
            scratch.batch.frames.len = first_frame;
            scratch.staged.values.truncate(first_value);
            in_any_order(way, sample, scratch)?
        };
        let hash = scratch.batch.frames.hash_from(first_frame)?;
        let end = scratch.batch.frames.len;
        let values = scratch.staged.values.get(first_value..)?;
        if values.len() != scratch.staged.width
            || values.is_empty()
            || (end - first_frame) as u64 > limits.stack_depth
        {
            return None;
        }
        let is_nothing = values.iter().fold(0, |bits, value| bits | value) == 0;
        let label_set = if labels.is_done() {
            0
        } else {
            let sets = &mut self.tables.label_sets;
            scratch
                .labels
                .set(labels, &scratch.strings, limits, &self.tables.strings, sets)?
        };
        if is_nothing {
            // What it names was checked; it adds nothing.
            scratch.staged.values.truncate(first_value);
            scratch.batch.frames.len = first_frame;
            return Some(());
        }
        scratch.batch.samples.push(Waiting {
            hash,
            label_set,
            end: end as u32,
        });
        Some(())
    }

    /// Looks up the samples that wait.
    ///
    /// Looking one up waits for memory time and again: for the place in the index, the row, the place of its stack, the stack.
    /// Several at once wait together, so each step is done for all before the next.
    fn look_up(&mut self, scratch: &mut Scratch) {
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
            let is_equal =
                |row: u32| sums.label_set(row) == sample.label_set && stacks.get(sums.stack(row)) == own;
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
}

/// Takes frames and values of a sample as every encoder but a few writes it: packed locations, packed values, labels. Gives the
/// label messages, of which it has not been checked what they are; `None` for anything else.
#[allow(clippy::inline_always, reason = "it is made anew for each way of reading")]
#[inline(always)]
fn in_order<'a>(way: Way, mut sample: Cursor<'a>, scratch: &mut Scratch) -> Option<Cursor<'a>> {
    if sample.tag()? != 0x0a {
        return None;
    }
    let packed = sample.prefixed()?;
    scratch
        .locations
        .translate(way, packed, &mut scratch.batch.frames)?;
    if sample.tag()? != 0x12 {
        return None;
    }
    let mut values = sample.prefixed()?;
    for _ in 0..scratch.staged.width {
        scratch.staged.values.push(values.even_varint(way)? as i64);
    }
    values.is_done().then_some(sample)
}

/// The same for fields in any order, packed or not. Label messages have to follow one another.
fn in_any_order<'a>(way: Way, mut sample: Cursor<'a>, scratch: &mut Scratch) -> Option<Cursor<'a>> {
    let mut labels: Option<(usize, usize)> = None;
    while !sample.is_done() {
        let start = sample.position();
        // Field numbers 1 to 3, each packed or a message (2) or alone (0).
        match sample.tag()? {
            0x0a => {
                let packed = sample.prefixed()?;
                scratch
                    .locations
                    .translate(way, packed, &mut scratch.batch.frames)?;
            }
            0x08 => {
                let id = sample.varint()?;
                scratch.batch.frames.push(scratch.locations.get(id)?);
            }
            0x12 => {
                let mut values = sample.prefixed()?;
                while !values.is_done() {
                    scratch.staged.values.push(values.varint()? as i64);
                }
            }
            0x10 => {
                let value = sample.varint()?;
                scratch.staged.values.push(value as i64);
            }
            0x1a => {
                sample.prefixed()?;
                labels = match labels {
                    None => Some((start, sample.position())),
                    Some((first, end)) if end == start => Some((first, sample.position())),
                    Some(_) => return None,
                };
            }
            _ => return None,
        }
    }
    let (start, end) = labels.unwrap_or_default();
    Some(sample.part(start, end))
}
