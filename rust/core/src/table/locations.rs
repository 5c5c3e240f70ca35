//! The location table, and the lines of each location.

use super::FileIds;
use crate::ids::{FunctionId, LocationId, MappingId};

/// A function and the line in it. Of several lines at one location the first is the innermost inlined call and the
/// last the function that was really called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Line {
    /// The function.
    pub function: FunctionId,
    /// Line number; 0 when unknown.
    pub line: i64,
    /// Column; 0 when unknown.
    pub column: i64,
}

/// A location without its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Location {
    /// The binary, when known.
    pub mapping: Option<MappingId>,
    /// Address of the instruction; 0 when there is none.
    pub address: u64,
    /// The linker merged several functions here, so the lines may name another one.
    pub is_folded: bool,
}

/// Locations as columns; lines are stored end to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locations {
    /// Ids in the file.
    pub ids: FileIds,
    /// The location columns, as rows: every reader takes them together.
    pub rows: Vec<Location>,
    /// End of each location's lines in `lines`.
    line_ends: Vec<u32>,
    lines: Vec<Line>,
}

impl Locations {
    /// Number of locations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A location without its lines.
    #[must_use]
    pub fn get(&self, id: LocationId) -> &Location {
        &self.rows[id.index()]
    }

    /// The lines of a location, innermost first; empty when the address was never symbolized.
    #[must_use]
    pub fn lines(&self, id: LocationId) -> &[Line] {
        let row = id.index();
        let start = if row == 0 {
            0
        } else {
            self.line_ends[row - 1] as usize
        };
        &self.lines[start..self.line_ends[row] as usize]
    }

    /// All ids in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = LocationId> + use<> {
        (0..self.len() as u32).map(LocationId)
    }

    /// Number of lines of all locations together.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Adds a location with its lines.
    pub fn push(&mut self, location: Location, lines: &[Line]) -> LocationId {
        let id = LocationId::from_index(self.len());
        self.ids.push_next();
        self.rows.push(location);
        self.lines.extend_from_slice(lines);
        self.line_ends.push(self.lines.len() as u32);
        id
    }

    /// The same locations with other lines: `keep` writes the lines of each location into the vector it is given.
    #[must_use]
    pub fn with_lines(&self, mut keep: impl FnMut(LocationId, &[Line], &mut Vec<Line>)) -> Self {
        let mut lines = Vec::with_capacity(self.lines.len());
        let line_ends = self
            .ids()
            .map(|id| {
                keep(id, self.lines(id), &mut lines);
                lines.len() as u32
            })
            .collect();
        Self {
            ids: self.ids.clone(),
            rows: self.rows.clone(),
            line_ends,
            lines,
        }
    }
}
