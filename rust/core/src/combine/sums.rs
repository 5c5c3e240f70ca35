//! The sample table of a merged profile as it grows: one row for each stack and label set, values added.

use super::stack_set::StackRow;
use super::tables::mix;
use crate::table::RowIndex;

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// Values by stack and label set.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    width: usize,
    keys: Vec<Key>,
    /// All values of a row side by side: they are added together.
    values: Vec<i64>,
    index: RowIndex,
}

/// What a row is found by, as rows of other tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    stack: u32,
    label_set: u32,
}

impl Sums {
    /// No rows, of `width` values each.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Values of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The stack of a row.
    pub(super) fn stack(&self, row: u32) -> u32 {
        self.keys[row as usize].stack
    }

    /// The label set of a row.
    pub(super) fn label_set(&self, row: u32) -> u32 {
        self.keys[row as usize].label_set
    }

    /// The values of all rows, end to end.
    pub(super) fn all_values(&self) -> &[i64] {
        &self.values
    }

    /// The values of a row.
    pub(super) fn values(&self, row: u32) -> &[i64] {
        let start = row as usize * self.width;
        &self.values[start..start + self.width]
    }

    /// A row that may be that of a stack of this hash and a label set.
    #[inline]
    pub(super) fn candidate(&self, hash: u64, label_set: u32) -> Option<u32> {
        self.index.candidate(Self::hash(hash, label_set))
    }

    /// The row of a stack and a label set, added with zeros if it is new.
    #[inline]
    pub(super) fn row(&mut self, stack: StackRow, label_set: u32) -> u32 {
        let next = self.keys.len() as u32;
        let key = Key {
            stack: stack.row,
            label_set,
        };
        let keys = &self.keys;
        let row = self
            .index
            .find_or_insert(Self::hash(stack.hash, label_set), next, |row| {
                keys[row as usize] == key
            });
        if row == next {
            self.keys.push(key);
            self.values.resize(self.values.len() + self.width, 0);
        }
        row
    }

    /// Appends the rows of several stacks with their label sets, which wait for memory together.
    pub(super) fn rows(&mut self, samples: &[(StackRow, u32)], rows: &mut Vec<u32>) {
        let mut touched = 0;
        for &(stack, label_set) in samples {
            touched ^= self.candidate(stack.hash, label_set).unwrap_or(NONE);
        }
        std::hint::black_box(touched);
        rows.extend(
            samples
                .iter()
                .map(|&(stack, label_set)| self.row(stack, label_set)),
        );
    }

    fn hash(stack: u64, label_set: u32) -> u64 {
        mix(
            stack ^ 0x9e37_79b9_7f4a_7c15,
            u64::from(label_set) ^ 0xe703_7ed1_a0b4_28db,
        )
    }

    /// Adds values to a row, wrapping on overflow, which keeps adding associative.
    #[inline]
    pub(super) fn add(&mut self, row: u32, values: &[i64]) {
        let start = row as usize * self.width;
        for (sum, value) in self.values[start..start + self.width].iter_mut().zip(values) {
            *sum = sum.wrapping_add(*value);
        }
    }

    /// Adds the values of many rows, which lie end to end; gives the sum of the absolute values of each column. That saturates,
    /// which does no harm: what is wanted is whether a sum passes 63 bits.
    pub(super) fn add_all(&mut self, rows: &[u32], values: &[i64]) -> Vec<u64> {
        match self.width {
            1 => self.add_fixed::<1>(rows, values),
            2 => self.add_fixed::<2>(rows, values),
            4 => self.add_fixed::<4>(rows, values),
            width => {
                let mut magnitudes = vec![0u64; width];
                for (&row, values) in rows.iter().zip(values.chunks_exact(width.max(1))) {
                    for (sum, value) in magnitudes.iter_mut().zip(values) {
                        *sum = sum.saturating_add(value.unsigned_abs());
                    }
                    self.add(row, values);
                }
                magnitudes
            }
        }
    }

    /// The usual widths, known when this is compiled: a third of the instructions.
    fn add_fixed<const WIDTH: usize>(&mut self, rows: &[u32], values: &[i64]) -> Vec<u64> {
        let mut magnitudes = [0u64; WIDTH];
        let (values, _) = values.as_chunks::<WIDTH>();
        let bits = values.as_flattened().iter().fold(0, |bits, value| bits | value);
        if bits >> 40 == 0 && values.len() < 1 << 20 {
            // None is negative, and all together need no more than 60 bits.
            for values in values {
                for at in 0..WIDTH {
                    magnitudes[at] += values[at] as u64;
                }
            }
        } else {
            for values in values {
                for at in 0..WIDTH {
                    magnitudes[at] = magnitudes[at].saturating_add(values[at].unsigned_abs());
                }
            }
        }
        let (sums, _) = self.values.as_chunks_mut::<WIDTH>();
        for (&row, values) in rows.iter().zip(values) {
            let sums = &mut sums[row as usize];
            for at in 0..WIDTH {
                sums[at] = sums[at].wrapping_add(values[at]);
            }
        }
        magnitudes.to_vec()
    }

    /// Sets one column to zero.
    pub(super) fn clear_column(&mut self, column: usize) {
        self.values
            .iter_mut()
            .skip(column)
            .step_by(self.width.max(1))
            .for_each(|value| *value = 0);
    }

    /// Gives the rows, of no values so far, `width` values each.
    pub(super) fn widen(&mut self, width: usize) {
        self.width = width;
        self.values = vec![0; self.len() * width];
    }

    /// Keeps these columns, in this order.
    pub(super) fn select(&mut self, columns: &[usize]) {
        let values = (0..self.len() as u32)
            .flat_map(|row| columns.iter().map(move |&column| (row, column)))
            .map(|(row, column)| self.values(row)[column])
            .collect();
        self.values = values;
        self.width = columns.len();
    }
}
