//! What merged profiles say about themselves, gathered so that their order does not matter.

use super::shape::Shapes;
use crate::profile::Note;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Header of a merged profile as it grows. Each part is a sum, a least or a largest one, or a set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gathered {
    pub shapes: Shapes,
    /// The earliest time that is known; 0 for none.
    pub time_nanos: i64,
    /// The latest time.
    pub last_nanos: Option<i64>,
    /// Sum of the durations.
    pub duration_nanos: i64,
    /// The largest period.
    pub period: i64,
    pub comments: BTreeSet<Vec<u8>>,
    pub default_sample_type: Least,
    pub drop_frames: Least,
    pub keep_frames: Least,
    pub doc_url: Least,
    /// Sum of the absolute values, one for each column.
    pub magnitudes: Vec<u128>,
    pub notes: Notes,
}

impl Gathered {
    pub(super) fn times(&mut self, time: i64, last: Option<i64>, duration: i64, period: i64) {
        if time != 0 && (self.time_nanos == 0 || time < self.time_nanos) {
            self.time_nanos = time;
        }
        self.last_nanos = self.last_nanos.max(last);
        self.duration_nanos = self.duration_nanos.wrapping_add(duration);
        self.period = if self.period == 0 {
            period
        } else if period == 0 {
            self.period
        } else {
            self.period.max(period)
        };
    }

    /// Adds what another one has gathered. Columns must be aligned before.
    pub(super) fn absorb(&mut self, other: Self) {
        self.shapes.absorb(other.shapes);
        self.times(
            other.time_nanos,
            other.last_nanos,
            other.duration_nanos,
            other.period,
        );
        self.comments.extend(other.comments);
        self.default_sample_type.offer(&other.default_sample_type.0);
        self.drop_frames.offer(&other.drop_frames.0);
        self.keep_frames.offer(&other.keep_frames.0);
        self.doc_url.offer(&other.doc_url.0);
        for (sum, other) in self.magnitudes.iter_mut().zip(other.magnitudes) {
            *sum = sum.saturating_add(other);
        }
        self.notes.absorb(other.notes);
    }
}

/// The least of several texts that is not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Least(pub Vec<u8>);

impl Least {
    pub(super) fn offer(&mut self, text: &[u8]) {
        if !text.is_empty() && (self.0.is_empty() || text < self.0.as_slice()) {
            text.clone_into(&mut self.0);
        }
    }
}

/// Codes that a profile can come with, so that one read back has them as they are in the program.
const CODES: &[&str] = &["unknown_field", "dangling_mapping", "maybe_truncated", "overflow"];

/// Notes of the inputs, one for each code: ten thousand files with the same oddity are one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notes(BTreeMap<String, (u64, String)>);

impl Notes {
    pub(super) fn add(&mut self, note: &Note) {
        self.offer(note.code, 1, &note.detail);
    }

    fn absorb(&mut self, other: Self) {
        for (code, (count, detail)) in other.0 {
            self.offer(&code, count, &detail);
        }
    }

    fn offer(&mut self, code: &str, count: u64, detail: &str) {
        let entry = self.0.entry(code.to_owned()).or_default();
        if entry.0 == 0 || detail < entry.1.as_str() {
            detail.clone_into(&mut entry.1);
        }
        entry.0 += count;
    }

    pub(super) fn list(&self) -> Vec<Note> {
        CODES
            .iter()
            .filter_map(|&code| {
                let (count, detail) = self.0.get(code)?;
                let detail = match count - 1 {
                    0 => detail.clone(),
                    more => format!("{detail} (and {more} more such notes on the merged profiles)"),
                };
                Some(Note { code, detail })
            })
            .collect()
    }
}
