//! Samples of a file straight into merged rows: the loop that most of the time of a merge goes into.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::fold::Scratch;
use super::partial::Partial;
use crate::error::Result;
use crate::interrupt;
use crate::limits::Limits;
use crate::wire::cursor::Cursor;
use crate::wire::scan::Scan;
use crate::wire::short_ids::Way;

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
                if scratch.batch.is_full() {
                    self.look_up(&mut scratch.batch, &mut scratch.staged.rows);
                }
                Some(())
            })
        });
        if folded.is_none() {
            interrupt::check()?;
        } else {
            self.look_up(&mut scratch.batch, &mut scratch.staged.rows);
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
        scratch.batch.push(hash, label_set);
        Some(())
    }
}

/// Takes frames and values of a sample as every encoder but a few writes it: packed locations, packed values, labels. Gives the
/// label messages, of which it has not been checked what they are; `None` for anything else.
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
