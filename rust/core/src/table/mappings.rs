//! The mapping table: the binaries that were loaded.

use super::FileIds;
use crate::ids::{MappingId, StringId};

/// One mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(clippy::struct_excessive_bools, reason = "the four flags of the format")]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub limit: u64,
    /// Offset of `start` in the file.
    pub offset: u64,
    /// The binary's path.
    pub file: StringId,
    /// The binary's build id.
    pub build_id: StringId,
    /// Locations of this mapping carry function names.
    pub has_functions: bool,
    /// Locations of this mapping carry file names.
    pub has_filenames: bool,
    /// Locations of this mapping carry line numbers.
    pub has_line_numbers: bool,
    /// Locations of this mapping carry inlined frames.
    pub has_inline_frames: bool,
}

/// Mappings; few, so rows rather than columns. The first is the main binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mappings {
    /// Ids in the file.
    pub ids: FileIds,
    /// The rows.
    pub rows: Vec<Mapping>,
}

impl Mappings {
    /// Number of mappings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row.
    #[must_use]
    pub fn get(&self, id: MappingId) -> &Mapping {
        &self.rows[id.index()]
    }

    /// Adds a row.
    pub fn push(&mut self, mapping: Mapping) -> MappingId {
        let id = MappingId::from_index(self.len());
        self.ids.push_next();
        self.rows.push(mapping);
        id
    }
}
