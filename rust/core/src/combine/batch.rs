//! Samples that are looked up together.

use super::ids::Frames;
use super::partial::Partial;

/// Samples that wait to be looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Batch {
    /// Frames of all their stacks, end to end. Those of the next sample are added here first.
    pub frames: Frames,
    samples: Vec<Waiting>,
    found: Vec<Option<u32>>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Of its stack.
    hash: u64,
    label_set: u32,
    /// Where its frames end.
    end: u32,
}

/// Samples of a batch: enough to wait for memory together, few enough to stay in the first cache. Chosen.
const BATCH: usize = 64;

impl Batch {
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.samples.len() >= BATCH
    }

    /// Adds a sample: its stack is all frames that were added since the last, and has this hash.
    #[inline]
    pub(super) fn push(&mut self, hash: u64, label_set: u32) {
        self.samples.push(Waiting {
            hash,
            label_set,
            end: self.frames.len as u32,
        });
    }

    pub(super) fn clear(&mut self) {
        self.frames.len = 0;
        self.samples.clear();
    }
}

impl Partial {
    /// Appends the row of each sample that waits, and waits for none any more.
    ///
    /// Looking one up waits for memory time and again: for the place in the index, the row, the place of its stack, the stack.
    /// Several at once wait together, so each step is done for all before the next.
    pub(super) fn look_up(&mut self, batch: &mut Batch, rows: &mut Vec<u32>) {
        let (stacks, sums) = (&mut self.tables.stacks, &mut self.sums);
        let Batch {
            frames,
            samples,
            found,
        } = batch;
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
            rows.push(row);
        }
        batch.clear();
    }
}
