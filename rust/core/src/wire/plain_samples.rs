//! Samples of the usual form: nothing of them has to be copied before it is known whether it is new.
//!
//! A batch takes a sample that is well-formed and has only known fields, or says that it does not; the latter are left to
//! [`super::decode_samples`], which knows every form, and what is wrong and where.

use super::cursor::Cursor;
use super::decode::Rows;
use super::rows::numbers;
use super::varint::word_varint;
use crate::limits::Limits;

/// Samples of a batch: enough to keep the memory busy. Measured: more gain nothing.
const BATCH: usize = 32;

/// The smallest and the largest of some ids.
#[derive(Clone, Copy)]
pub(super) struct IdRange {
    least: u64,
    most: u64,
}

impl Default for IdRange {
    fn default() -> Self {
        Self {
            least: u64::MAX,
            most: 0,
        }
    }
}

impl IdRange {
    #[inline]
    pub(super) fn add(&mut self, id: u64) {
        self.least = self.least.min(id);
        self.most = self.most.max(id);
    }

    pub(super) fn add_range(&mut self, other: Self) {
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// Whether all of them are ids of rows that are numbered 1, 2, 3, ...: then the packed form is that of the table.
    pub(super) fn is_within(self, rows: &Rows) -> bool {
        match rows {
            Rows::Sequential(len) => self.least > 0 && self.most <= *len,
            Rows::Listed(_) => false,
        }
    }
}

/// Bytes of the longest number.
const LONGEST: usize = 10;

/// Samples that wait to be added, all at once.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// Packed ids, each in as few bytes as it can be.
    pub(super) stacks: Vec<&'a [u8]>,
    pub(super) samples: Vec<PlainSample<'a>>,
    pub(super) values: Vec<i64>,
}

/// A sample whose stack lies elsewhere.
pub(super) struct PlainSample<'a> {
    pub(super) ids: IdRange,
    /// Label fields with their tags.
    pub(super) labels: &'a [u8],
    /// Where its values end among those of the batch.
    pub(super) values_end: usize,
}

impl<'a> Batch<'a> {
    pub(super) fn is_full(&self) -> bool {
        self.samples.len() >= BATCH
    }

    pub(super) fn clear(&mut self) {
        self.stacks.clear();
        self.samples.clear();
        self.values.clear();
    }

    /// Takes a sample message with all locations in one packed field and all labels one behind the other; `None` for any
    /// other, and for one over a limit.
    #[inline]
    pub(super) fn push(&mut self, sample: Cursor<'a>, limits: &Limits) -> Option<()> {
        let start = self.values.len();
        let pushed = self.read(sample, limits);
        if pushed.is_none() {
            self.values.truncate(start);
        }
        pushed
    }

    #[inline]
    fn read(&mut self, mut sample: Cursor<'a>, limits: &Limits) -> Option<()> {
        let values_start = self.values.len();
        let mut stack: &[u8] = &[];
        let mut ids = IdRange::default();
        let (mut labels, mut labels_start, mut labels_end) = (0u64, 0, 0);
        while !sample.is_done() {
            // Looked at before more is taken in: a value takes more room here than in the file.
            if (self.values.len() - values_start) as u64 > limits.sample_values {
                return None;
            }
            let start = sample.position();
            match sample.varint()? {
                0x0a if stack.is_empty() => {
                    let packed = sample.prefixed()?;
                    stack = packed.rest();
                    ids = range_of(packed, limits)?;
                }
                0x10 => self.values.push(sample.varint()? as i64),
                0x12 => {
                    let mut packed = sample.prefixed()?;
                    if (packed.rest_len() / LONGEST) as u64 > limits.sample_values {
                        return None;
                    }
                    while !packed.is_done() {
                        self.values.push(packed.varint()? as i64);
                    }
                }
                0x1a if labels == 0 || start == labels_end => {
                    numbers::<4>(sample.prefixed()?)?;
                    if labels == 0 {
                        labels_start = start;
                    }
                    labels += 1;
                    labels_end = sample.position();
                }
                _ => return None,
            }
        }
        let values = (self.values.len() - values_start) as u64;
        if values > limits.sample_values || labels > limits.stack_depth {
            return None;
        }
        self.stacks.push(stack);
        self.samples.push(PlainSample {
            ids,
            labels: sample.between(labels_start, labels_end),
            values_end: self.values.len(),
        });
        Some(())
    }
}

/// The range of packed ids, each of which takes as few bytes as it can: then equal stacks have equal bytes.
#[inline]
fn range_of(mut ids: Cursor<'_>, limits: &Limits) -> Option<IdRange> {
    let mut range = IdRange::default();
    let mut depth = 0u64;
    while !ids.is_done() {
        let start = ids.position();
        let id = if let Some((id, len)) = ids.word().and_then(word_varint) {
            ids.skip(len)?;
            id
        } else {
            ids.varint()?
        };
        let len = ids.position() - start;
        if len > 1 && (id >> (7 * (len - 1)) == 0 || len > 9) {
            return None;
        }
        range.add(id);
        depth += 1;
    }
    (depth <= limits.stack_depth).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(sample: &[u8], limits: &Limits) -> Option<(Vec<u8>, Vec<i64>, Vec<u8>)> {
        // What lies behind a sample is never part of it.
        let content = [sample, &[0xff; 16]].concat();
        let mut batch = Batch::default();
        batch.push(Cursor::new(&content).part(0, sample.len()), limits)?;
        let labels = batch.samples.first()?.labels.to_vec();
        Some((batch.stacks.first()?.to_vec(), batch.values, labels))
    }

    #[test]
    fn a_sample_is_taken_as_it_lies() {
        let (stack, values, labels) = (
            &[0x0a, 3, 1, 0x81, 1][..],
            &[0x12, 2, 7, 9][..],
            &[0x1a, 2, 8, 5][..],
        );
        let found = (vec![1, 0x81, 1], vec![7, 9], [labels, labels].concat());
        let sample = [stack, values, labels, labels].concat();
        assert_eq!(taken(&sample, &Limits::default()), Some(found));
        assert_eq!(taken(&[], &Limits::default()), Some((vec![], vec![], vec![])));
    }

    #[test]
    fn other_forms_are_left_alone() {
        for (what, sample) in [
            ("an id that could be shorter", &[0x0a, 2, 0x81, 0][..]),
            ("a zero that could be shorter", &[0x0a, 2, 0x80, 0]),
            ("ids one by one", &[0x08, 1]),
            ("ids in two fields", &[0x0a, 1, 1, 0x0a, 1, 2]),
            ("an id that is cut off", &[0x0a, 1, 0x81]),
            ("a length past the end", &[0x0a, 9, 1]),
            ("labels apart", &[0x1a, 2, 8, 5, 0x10, 1, 0x1a, 2, 8, 5]),
            ("an unknown field", &[0x28, 1]),
            ("an unknown field of a label", &[0x1a, 2, 0x28, 5]),
        ] {
            assert_eq!(taken(sample, &Limits::default()), None, "{what}");
        }
    }

    #[test]
    fn a_sample_over_a_limit_is_left_alone() {
        let limits = Limits {
            stack_depth: 2,
            sample_values: 2,
            ..Limits::default()
        };
        assert!(taken(&[0x0a, 2, 1, 2, 0x12, 2, 1, 2], &limits).is_some());
        assert_eq!(taken(&[0x0a, 3, 1, 2, 3], &limits), None);
        assert_eq!(taken(&[0x12, 3, 1, 2, 3], &limits), None);
        assert_eq!(taken(&[0x10, 1, 0x10, 2, 0x10, 3], &limits), None);
        assert_eq!(taken(&[0x1a, 0, 0x1a, 0, 0x1a, 0], &limits), None);
    }
}
