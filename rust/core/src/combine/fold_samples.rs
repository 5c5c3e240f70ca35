//! Samples of a file straight into merged rows: the loop that most of the time of a merge goes into.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::fold::Scratch;
use super::partial::Partial;
use crate::error::Result;
use crate::interrupt;
use crate::limits::Limits;
use crate::wire::cursor::Cursor;
use crate::wire::scan::Scan;
use crate::wire::short_ids::{Way, Work};

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
        if width == 0 {
            return Ok(None);
        }
        let folded = Way::best().run(FoldSamples(self, scan, limits, scratch));
        if folded.is_none() {
            interrupt::check()?;
        }
        Ok(folded)
    }

    #[inline(always)]
    fn fold_sample(
        &mut self,
        way: Way,
        sample: Cursor<'_>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Option<()> {
        let (first_frame, first_value) = (scratch.batch.frames.len, scratch.staged.values.len());
        let (labels, bits) = if let Some(read) = in_order(way, sample, scratch) {
            read
        } else {
            scratch.batch.frames.len = first_frame;
            scratch.staged.values.truncate(first_value);
            in_any_order(way, sample, scratch)?
        };
        let hash = scratch.batch.frames.hash_from(first_frame)?;
        let depth = scratch.batch.frames.len - first_frame;
        if scratch.staged.values.len() != first_value + scratch.staged.width
            || depth as u64 > limits.stack_depth
        {
            return None;
        }
        let label_set = if labels.is_done() {
            0
        } else {
            let sets = &mut self.tables.label_sets;
            scratch
                .labels
                .set(labels, &scratch.strings, limits, &self.tables.strings, sets)?
        };
        if bits == 0 {
            // What it names was checked; it adds nothing.
            scratch.staged.values.truncate(first_value);
            scratch.batch.frames.len = first_frame;
            return Some(());
        }
        scratch.batch.push(hash, label_set);
        Some(())
    }
}

/// All samples of a file.
struct FoldSamples<'f, 'a>(&'f mut Partial, &'f Scan<'a>, &'f Limits, &'f mut Scratch);

impl Work for FoldSamples<'_, '_> {
    type Outcome = Option<()>;

    #[inline(always)]
    fn run(self, way: Way) -> Option<()> {
        let Self(partial, scan, limits, scratch) = self;
        let mut until_check = 0;
        for sample in scan.samples() {
            if until_check == 0 {
                until_check = PATIENCE;
                interrupt::check().ok()?;
            }
            until_check -= 1;
            partial.fold_sample(way, sample, limits, scratch)?;
            if scratch.batch.is_full() {
                partial.look_up(&mut scratch.batch, &mut scratch.staged.rows);
            }
        }
        partial.look_up(&mut scratch.batch, &mut scratch.staged.rows);
        Some(())
    }
}

/// Takes frames and values of a sample as every encoder but a few writes it: packed locations, packed values, labels. Gives the
/// label messages, of which it has not been checked what they are, and all bits that are set in one of the values; `None` for
/// anything else.
#[inline(always)]
fn in_order<'a>(way: Way, mut sample: Cursor<'a>, scratch: &mut Scratch) -> Option<(Cursor<'a>, i64)> {
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
    let mut packed = sample.prefixed()?;
    let values = &mut scratch.staged.values;
    let first = values.len();
    values.resize(first + scratch.staged.width, 0);
    let mut bits = 0;
    for value in &mut values[first..] {
        *value = packed.even_varint(way)? as i64;
        bits |= *value;
    }
    packed.is_done().then_some((sample, bits))
}

/// The same for fields in any order, packed or not. Label messages have to follow one another.
fn in_any_order<'a>(way: Way, mut sample: Cursor<'a>, scratch: &mut Scratch) -> Option<(Cursor<'a>, i64)> {
    let first = scratch.staged.values.len();
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
    let bits = scratch.staged.values[first..]
        .iter()
        .fold(0, |bits, value| bits | value);
    Some((sample.part(start, end), bits))
}
