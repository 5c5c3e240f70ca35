//! The sample table: a stack, a label set and one value for each sample type.

use crate::ids::{LabelSetId, StackId};

/// Samples as columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// The stack of each sample.
    pub stack: Vec<StackId>,
    /// The labels of each sample.
    pub label_set: Vec<LabelSetId>,
    /// One column of values for each sample type, each as long as `stack`.
    pub values: Vec<Vec<i64>>,
}

impl Samples {
    /// No samples, of `sample_types` values each.
    #[must_use]
    pub fn with_sample_types(sample_types: usize) -> Self {
        Self {
            stack: Vec::new(),
            label_set: Vec::new(),
            values: vec![Vec::new(); sample_types],
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stack.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Adds a sample; `values` has one entry for each column.
    pub fn push(&mut self, stack: StackId, label_set: LabelSetId, values: impl IntoIterator<Item = i64>) {
        self.stack.push(stack);
        self.label_set.push(label_set);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// The values of one sample, one for each sample type.
    pub fn row(&self, sample: usize) -> impl Iterator<Item = i64> + '_ {
        self.values.iter().map(move |column| column[sample])
    }

    /// Gives back what was reserved and not used.
    pub fn shrink_to_fit(&mut self) {
        self.stack.shrink_to_fit();
        self.label_set.shrink_to_fit();
        for column in &mut self.values {
            column.shrink_to_fit();
        }
    }
}
