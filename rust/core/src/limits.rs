//! How much of everything is accepted before input is refused.

/// Bounds on what a decode may consume. Every entrance to the crate takes them.
///
/// The defaults are chosen, not measured: they admit the largest profiles seen in the wild with room to spare, and
/// keep a hostile file of a few kilobytes from taking the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input as given, compressed or not.
    pub input_bytes: u64,
    /// Bytes after all decompression.
    pub inflated_bytes: u64,
    /// Decompressed bytes for each compressed one; looked at once more than `ratio_floor` bytes have come out.
    ///
    /// Real profiles shrink to between a third and a tenth; gzip can not reach more than about 1,030.
    pub ratio: u64,
    /// Inflated bytes below which any ratio is accepted.
    pub ratio_floor: u64,
    /// Compression layers on top of each other (gzip in gzip).
    pub nesting: u32,
    /// Samples of one profile.
    pub samples: u64,
    /// Locations of one sample; also its labels.
    pub stack_depth: u64,
    /// Values of one sample; profilers write up to a dozen.
    pub sample_values: u64,
    /// Rows of the function, mapping and location tables, each.
    pub table_rows: u64,
    /// Bytes of all strings together.
    pub string_bytes: u64,
    /// Entries of a zip bundle.
    pub zip_entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 2 << 30,
            inflated_bytes: 8 << 30,
            ratio: 250,
            ratio_floor: 64 << 20,
            nesting: 4,
            samples: 200_000_000,
            stack_depth: 65_536,
            sample_values: 1_024,
            table_rows: 50_000_000,
            string_bytes: 2 << 30,
            zip_entries: 1_000,
        }
    }
}
