//! The ids that a file gives to its rows.

/// Ids of the rows of one table as they stand in the file.
///
/// Nearly all encoders count from 1 without gaps; then nothing is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FileIds {
    /// Row `n` has the id `n + 1`.
    #[default]
    Sequential,
    /// The id of each row, and the largest of them.
    Listed {
        /// One id a row.
        ids: Vec<u64>,
        /// The largest id.
        max: u64,
    },
}

impl FileIds {
    /// Ids as read; kept only if they are not 1, 2, 3, ...
    #[must_use]
    pub fn from_listed(ids: Vec<u64>) -> Self {
        if ids.iter().enumerate().all(|(row, &id)| id == row as u64 + 1) {
            return Self::Sequential;
        }
        let max = ids.iter().copied().max().unwrap_or(0);
        Self::Listed { ids, max }
    }

    /// The id of `row` in the file.
    #[must_use]
    pub fn get(&self, row: usize) -> u64 {
        match self {
            Self::Sequential => row as u64 + 1,
            Self::Listed { ids, .. } => ids[row],
        }
    }

    /// Gives the next row an id: one more than the largest so far.
    pub fn push_next(&mut self) {
        if let Self::Listed { ids, max } = self {
            *max = max.wrapping_add(1);
            ids.push(*max);
        }
    }
}
